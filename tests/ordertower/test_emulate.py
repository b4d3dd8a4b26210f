"""The host of the emulators: routing, people's pages, a test's hand, pushes, and a clean stop."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.emulate import Host, build_world, emulator_kinds, push, serving, tick
from integrations.emulation import Answer, Emulator, Request, World, json_answer
from orders import clock
from ordertower.management.commands.emulate import faults_by_emulator, options_by_emulator

ROOT = Path(__file__).resolve().parents[2]


class Echo(Emulator):
    """A small other side: says back what it heard."""

    name = "echo"
    title = "回声<系统>"
    ticks = 0

    def handle(self, request: Request) -> Answer:
        if request.path == "/break":
            raise RuntimeError("planted")
        self.journal.write("heard", path=request.path, body=request.body.decode())
        return json_answer(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query(),
                "body": request.body.decode(),
                "token": request.headers.get("x-token"),
                "type": request.headers.get("Content-Type"),
            },
            status=int(request.headers.get("X-Status", "200")),
        )

    def tick(self) -> None:
        self.ticks += 1

    def control(self, command: str, data: dict[str, Any]) -> Any:
        if command == "sell":
            return {"sold": int(data["quantity"])}
        return super().control(command, data)


class Limping(Echo):
    name = "limping"
    title = "跛脚系统"

    def tick(self) -> None:
        raise RuntimeError("planted")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(journal_dir=tmp_path / "journals")
    world.add(Limping)
    world.add(Echo)
    yield world
    for emulator in world.emulators.values():
        if emulator.journal._file:
            emulator.journal._file.close()


@pytest.fixture
def host(world: World) -> Iterator[Host]:
    with serving(world, tick_seconds=0.02) as host:
        yield host


def wait_for(condition: Any, seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def test_a_request_reaches_the_emulator_below_its_own_path_unchanged(host: Host) -> None:
    answer = requests.post(
        f"{host.url}/echo/接口/send?key=a%26b&empty=",
        data="你好".encode(),
        headers={"X-Token": "t", "X-Status": "202", "Content-Type": "text/plain"},
    )
    assert answer.status_code == 202
    assert answer.json() == {
        "method": "POST",
        "path": "/接口/send",
        "query": [["key", "a&b"], ["empty", ""]],
        "body": "你好",
        "token": "t",
        "type": "text/plain",
    }


def test_a_path_of_nobody_is_not_found(host: Host) -> None:
    assert requests.get(f"{host.url}/nobody/x").status_code == 404


def test_the_index_links_every_page_and_escapes_titles(host: Host) -> None:
    page = requests.get(f"{host.url}/").text
    assert 'href="/echo/_page"' in page
    assert 'href="/limping/_page"' in page
    assert "回声&lt;系统&gt;" in page


def test_a_page_for_people_shows_what_was_heard_and_renews_itself(host: Host) -> None:
    requests.post(f"{host.url}/echo/a", data="<script>alert(1)</script>")
    answer = requests.get(f"{host.url}/echo/_page")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'http-equiv="refresh" content="3"' in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>" not in answer.text


def test_the_journal_can_be_read_by_kind_and_from_a_place(host: Host, world: World) -> None:
    for number in range(3):
        requests.post(f"{host.url}/echo/{number}")
    world.emulators["echo"].journal.write("other")
    read = requests.get(f"{host.url}/echo/_journal", params={"kind": "heard", "after": "1"}).json()
    assert [entry["path"] for entry in read["entries"]] == ["/1", "/2"]
    assert read["last"] == 3
    assert requests.get(f"{host.url}/echo/_journal?after=4").json() == {"entries": [], "last": 4}
    assert requests.get(f"{host.url}/echo/_journal?after=x").status_code == 400


def test_the_journal_is_also_on_disk_for_the_checker(host: Host, tmp_path: Path) -> None:
    requests.post(f"{host.url}/echo/a", data="b")
    [line] = (tmp_path / "journals" / "echo.jsonl").read_text().splitlines()
    assert json.loads(line)["body"] == "b"


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [
        ("sell", {"quantity": 3}, 200),
        ("faults", {"repeat": 0.5}, 200),
        ("nothing", {}, 404),
        ("sell", {"quantity": "many"}, 400),
        ("faults", {"no_such_share": 1}, 400),
        ("sell", [1], 400),
    ],
)
def test_a_control_command_is_carried_out_or_refused_by_its_own_status(
    host: Host, command: str, body: Any, status: int
) -> None:
    assert requests.post(f"{host.url}/echo/_control/{command}", json=body).status_code == status


def test_control_needs_post_and_json(host: Host, world: World) -> None:
    assert requests.get(f"{host.url}/echo/_control/faults").status_code == 405
    assert requests.post(f"{host.url}/echo/_control/faults", data="{").status_code == 400
    requests.post(f"{host.url}/echo/_control/faults", json={"drop": 1})
    assert world.emulators["echo"].faults.drop == 1


def test_an_emulator_that_breaks_answers_500_and_says_so_in_its_journal(host: Host, world: World) -> None:
    assert requests.get(f"{host.url}/echo/break").status_code == 500
    [entry] = world.emulators["echo"].journal.entries("handle_failed")
    assert entry["error"] == "RuntimeError: planted"


def test_a_failing_tick_stops_nobody_elses(host: Host, world: World) -> None:
    wait_for(lambda: world.emulators["echo"].ticks > 2)  # type: ignore[attr-defined]
    assert world.emulators["limping"].journal.entries("tick_failed")


def test_a_due_push_runs_without_the_lock_and_its_failure_ends_nothing(host: Host, world: World) -> None:
    echo = world.emulators["echo"]
    free = threading.Event()

    def fails() -> None:
        raise ConnectionError("tower is away")

    def works() -> None:
        with echo.lock:
            free.set()

    echo.send_later(fails)
    echo.send_later(works)
    assert free.wait(5)
    wait_for(lambda: echo.journal.entries("push_failed"))
    assert echo.journal.entries("push_failed")[0]["error"] == "ConnectionError: tower is away"


def test_what_is_not_due_waits_and_the_rest_goes_oldest_first(world: World) -> None:
    echo = world.emulators["echo"]
    sent: list[str] = []
    with clock.running_on(clock.FixedClock(clock.now())) as fixed:
        echo.send_later(lambda: sent.append("later"), at=clock.now() + timedelta(seconds=10))
        echo.send_later(lambda: sent.append("second"), at=clock.now() - timedelta(seconds=1))
        echo.send_later(lambda: sent.append("first"), at=clock.now() - timedelta(seconds=2))
        for work in tick(echo):
            push(echo, work)
        assert sent == ["first", "second"]
        assert len(echo.outgoing) == 1
        fixed.advance(seconds=10)  # type: ignore[attr-defined]
        for work in tick(echo):
            push(echo, work)
    assert sent == ["first", "second", "later"]


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with one whole folder, one folder without an emulator, and a stray module."""
    street = tmp_path / "street"
    for folder in ("", "whole", "bare"):
        (street / folder).mkdir()
        (street / folder / "__init__.py").touch()
    (street / "stray.py").touch()
    (street / "whole" / "emulator.py").write_text(
        "from integrations.emulation import Emulator\n"
        "class A(Emulator):\n    name = 'a'\n    title = '甲'\n"
        "class B(Emulator):\n    name = 'b'\n    title = '乙'\n"
        "EMULATORS = [A, B]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield street
    for module in [name for name in sys.modules if name.partition(".")[0] == "street"]:
        del sys.modules[module]


def test_a_world_holds_every_emulator_found_with_its_options_and_faults(street: Path) -> None:
    world = build_world(["street"], seed=7, options={"a": {"sell_every": 6}}, faults={"b": {"repeat": 0.5}})
    assert sorted(world.emulators) == ["a", "b"]
    assert world.emulators["a"].options == {"sell_every": 6}
    assert world.emulators["b"].faults.repeat == 0.5
    assert world.emulators["b"].faults.seed == 7


def test_options_for_nobody_stop_start_up(street: Path) -> None:
    with pytest.raises(ValueError, match="no emulator named 'c'"):
        build_world(["street"], options={"c": {"x": 1}})


def test_a_broken_folder_stops_start_up(street: Path) -> None:
    (street / "bare" / "emulator.py").write_text("raise RuntimeError('broken')")
    with pytest.raises(RuntimeError, match="broken"):
        emulator_kinds(["street"])


def test_two_emulators_of_one_name_stop_start_up(street: Path) -> None:
    (street / "bare" / "emulator.py").write_text("from street.whole.emulator import A\nEMULATOR = A\n")
    with pytest.raises(ValueError, match="two emulators are named 'a'"):
        emulator_kinds(["street"])


def test_options_are_read_by_emulator_and_as_json_where_possible() -> None:
    given = ["taobao.sell_every=6", "qimen.url=http://localhost:8000/x?a=b", "taobao.live=true"]
    assert options_by_emulator(given) == {
        "taobao": {"sell_every": 6, "live": True},
        "qimen": {"url": "http://localhost:8000/x?a=b"},
    }


@pytest.mark.parametrize("text", ["taobao", "taobao=1", ".x=1", "taobao.=1"])
def test_a_malformed_option_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NAME\.OPTION=VALUE"):
        options_by_emulator([text])


@pytest.mark.parametrize("text", ["[]", '{"taobao": 1}', "{"])
def test_malformed_faults_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"faults|Expecting"):
        faults_by_emulator(text)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_stops_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "manage.py", "emulate", "--port", "0", "--journal-dir", str(tmp_path / "journals")]
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            heard: list[str] = []
            for line in process.stdout:
                heard.append(line)
                if "http://" in line:
                    break
            assert "http://" in heard[-1], "".join(heard)
            url = heard[-1][heard[-1].find("http://") :].strip()
            assert "仿真街" in requests.get(url).text
            process.send_signal(number)
            assert process.wait(15) == 0
        finally:
            process.kill()
