"""Which tests no engine took part in: seen in the first of the suite's runs, left out of the second.

Loaded by `python -m tests`. What counts as an engine's part is seen, not listed: the test, or a fixture that it
shares, asked for a database or a cache, or started a process (what that one does is not seen from here). Folders whose
tests are about a running tower are never left out, and neither is a test that did not pass.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils.connection import BaseConnectionHandler

PROCESSES = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "sqlite3.connect"})
ALWAYS_AGAIN = ("tests/browser/", "tests/flow/", "tests/ordertower/", "tests/toughness/")


class Touch:
    """Whether an engine took part since it was last asked."""

    felt = False


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("untouched", "tests that no engine takes part in")
    group.addoption("--note-untouched", type=Path, help="a folder: write down there which passed without an engine")
    group.addoption("--leave-out-untouched", type=Path, help="the same folder, for the run on the next engine")


def pytest_configure(config: pytest.Config) -> None:
    if folder := config.getoption("note_untouched"):
        worker = getattr(config, "workerinput", {}).get("workerid", "main")
        config.pluginmanager.register(Notes(folder / f"{worker}.txt"))


def untouched(folder: Path) -> set[str]:
    return {name for notes in folder.glob("*.txt") for name in notes.read_text(encoding="utf-8").splitlines()}


def pytest_report_header(config: pytest.Config) -> str | None:
    folder = config.getoption("leave_out_untouched")
    return f"left out: what no engine took part in before, {len(untouched(folder)):,} tests" if folder else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if folder := config.getoption("leave_out_untouched"):
        known = untouched(folder)
        left_out = [item for item in items if item.nodeid in known]
        items[:] = [item for item in items if item.nodeid not in known]
        config.hook.pytest_deselected(items=left_out)


class Notes:
    """Watches the tests of one process and writes down the name of each that no engine took part in."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # Fixtures that live longer than a test, and in whose making an engine took part.
        self._shared: set[str] = set()
        self._failed = False
        listen()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        names: set[str] = set(getattr(item, "fixturenames", ()))
        Touch.felt = item.nodeid.startswith(ALWAYS_AGAIN) or not self._shared.isdisjoint(names)
        self._failed = False
        result = yield
        if not Touch.felt and not self._failed:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{item.nodeid}\n")
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[Any]:
        before, Touch.felt = Touch.felt, False
        try:
            return (yield)
        finally:
            if Touch.felt and fixturedef.scope != "function":
                self._shared.add(fixturedef.argname)
            Touch.felt |= before

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed |= not report.passed


def listen() -> None:
    """From now on whatever asks for an engine is felt, in every thread; nothing of it is hindered."""
    look_up = BaseConnectionHandler.__getitem__

    def felt(self: BaseConnectionHandler, alias: str) -> Any:
        Touch.felt = True
        return look_up(self, alias)

    BaseConnectionHandler.__getitem__ = felt  # type: ignore[method-assign]
    sys.addaudithook(feel)


def feel(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in PROCESSES:
        Touch.felt = True
