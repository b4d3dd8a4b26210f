"""Every sample maps to what its twin says. `python -m tests.integrations.generic.test_samples` writes the twins."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.erp import generic as generic_erp
from integrations.feeds.connector import FeedAdapter
from integrations.platforms import generic


def samples(module: Any) -> Iterator[tuple[FeedAdapter, Path]]:
    for path in sorted((Path(module.__file__).parent / "samples").glob("*.json")):
        if path.stem != "signing" and not path.name.endswith(".expected.json"):
            yield module.adapter, path


SAMPLES = [*samples(generic), *samples(generic_erp)]


def as_json(said: Sequence[Any]) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, frozenset):
            return sorted(value)
        raise TypeError(type(value))

    found = [{"type": type(one).__name__, **dataclasses.asdict(one), "of": type(one.snapshot).__name__} for one in said]
    return json.loads(json.dumps(found, default=plain))


def read(adapter: FeedAdapter, path: Path) -> Any:
    """The sample as it is kept, its mapping beside it: the first word of its name says what it is."""
    message = Message(kind=path.stem.partition("_")[0], key=f"sample:{path.stem}", body=path.read_bytes())
    return as_json(adapter.parse(message))


@pytest.mark.parametrize(("adapter", "path"), SAMPLES, ids=lambda value: getattr(value, "stem", ""))
def test_a_sample_maps_to_what_its_twin_expects(adapter: FeedAdapter, path: Path) -> None:
    assert read(adapter, path) == json.loads(path.with_suffix(".expected.json").read_text())


@pytest.mark.parametrize("module", [generic, generic_erp])
def test_there_is_a_twin_for_every_sample_and_no_twin_without_one(module: Any) -> None:
    folder = Path(module.__file__).parent / "samples"
    twins = {path.name.removesuffix(".expected.json") for path in folder.glob("*.expected.json")}
    assert {path.stem for _, path in samples(module)} == twins


def test_every_folder_has_what_a_folder_needs() -> None:
    for module in (generic, generic_erp):
        folder = Path(str(module.__file__)).parent
        assert {"README.md", "emulator.py", "samples"} <= {path.name for path in folder.iterdir()}


if __name__ == "__main__":
    for adapter, path in SAMPLES:
        text = json.dumps(read(adapter, path), ensure_ascii=False, indent=1)
        path.with_suffix(".expected.json").write_text(text + "\n")
