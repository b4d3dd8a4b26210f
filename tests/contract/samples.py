"""The samples of every connector, and what each means. `python -m tests.contract.samples <name>` writes the twins.

A sample is a message as it is kept, and the first word of its file's name is its kind. Where that is not so, the
connector's own tests say it: `read` in `tests.integrations.<name>.test_samples` gives what the twin must hold.
"""

import dataclasses
import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.adapter import Message, Said
from tests.contract.candidate import Candidate, candidates

TWIN = ".expected.json"


def payloads(folder: Path) -> list[Path]:
    """The samples of a connector's folder; `signing` is an example of another kind, with tests of its own."""
    return sorted(
        path
        for path in (folder / "samples").iterdir()
        if path.is_file() and path.stem != "signing" and not path.name.endswith(TWIN)
    )


def without_a_twin(folder: Path) -> set[str]:
    """Samples that nobody compares, and twins that are compared with nothing."""
    twins = {path.name.removesuffix(TWIN) for path in (folder / "samples").glob(f"*{TWIN}")}
    return twins ^ {path.stem for path in payloads(folder)}


def message_of(path: Path, kind: str = "") -> Message:
    return Message(kind=kind or path.stem.partition("_")[0], key=f"sample:{path.stem}", body=path.read_bytes())


def as_json(value: Any) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, frozenset):
            return sorted(value)
        raise TypeError(type(value))

    return json.loads(json.dumps(value, default=plain))


def shown(said: Iterable[Any], *, of: bool = True) -> list[dict[str, Any]]:
    """Everything that is said, with the names of its classes."""
    return [
        {"type": type(one).__name__, **dataclasses.asdict(one)}
        | ({"of": type(one.snapshot).__name__} if of and isinstance(one, Said) else {})
        for one in said
    ]


def reader(one: Candidate) -> Callable[[Path], Any]:
    """How a sample of this connector is read."""
    own = f"tests.integrations.{one.adapter.name}"
    for name in (own, f"{own}.test_samples"):
        if importlib.util.find_spec(name) is None:
            break
    else:
        module = importlib.import_module(f"{own}.test_samples")
        if hasattr(module, "read"):
            found: Callable[[Path], Any] = module.read
            return found
    return lambda path: shown(one.adapter.parse(message_of(path)))


def write(name: str) -> None:
    [one] = [one for one in candidates() if one.adapter.name == name]
    read = reader(one)
    for path in payloads(one.folder):
        text = json.dumps(as_json(read(path)), ensure_ascii=False, indent=1)
        path.with_suffix(TWIN).write_text(text + "\n")


if __name__ == "__main__":
    write(sys.argv[1])
