"""Adapters are found by walking; what is broken or doubled stops start-up."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from integrations import registry
from integrations.adapter import Adapter

FOLDER = """
from integrations.adapter import Adapter
class Some(Adapter):
    name = {name!r}
    title = "某系统"
    system = "platform"
adapter = Some()
"""


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    street = tmp_path / "outside"
    for folder, name in (("one", "one"), ("two", "second")):
        (street / folder).mkdir(parents=True)
        (street / folder / "__init__.py").write_text(FOLDER.format(name=name))
    (street / "__init__.py").touch()
    (street / "module.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield street
    for module in [name for name in sys.modules if name.partition(".")[0] == "outside"]:
        del sys.modules[module]


def outside() -> ModuleType:
    return importlib.import_module("outside")


def test_every_folder_is_found_by_its_adapters_name(street: Path) -> None:
    found = registry.discover(outside())
    assert sorted(found) == ["one", "second"]
    assert all(isinstance(adapter, Adapter) for adapter in found.values())


def test_a_folder_that_cannot_be_imported_stops_start_up(street: Path) -> None:
    (street / "two" / "__init__.py").write_text("import nothing_of_this_name")
    with pytest.raises(ModuleNotFoundError):
        registry.discover(outside())


def test_a_folder_without_an_adapter_stops_start_up(street: Path) -> None:
    (street / "two" / "__init__.py").write_text("")
    with pytest.raises(AttributeError):
        registry.discover(outside())


def test_two_adapters_of_one_name_stop_start_up(street: Path) -> None:
    (street / "two" / "__init__.py").write_text(FOLDER.format(name="one"))
    with pytest.raises(ValueError, match="two adapters are named 'one'"):
        registry.discover(outside())


def test_two_kinds_of_systems_may_not_share_a_name_either(street: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "PACKAGES", ("outside", "outside"))
    with pytest.raises(ValueError, match="two adapters are named"):
        registry.adapters.__wrapped__()


def test_an_adapter_is_known_by_name_and_a_wrong_name_says_which_there_are(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "PACKAGES", ("outside",))
    monkeypatch.setattr(registry, "adapters", registry.adapters.__wrapped__)
    assert registry.adapter_named("second").title == "某系统"
    with pytest.raises(registry.UnknownAdapter, match="one, second"):
        registry.adapter_named("third")
