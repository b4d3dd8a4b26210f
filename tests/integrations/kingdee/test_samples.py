"""Every sample maps to what its twin says. `python -m tests.integrations.kingdee.test_samples` writes the twins."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.erp import kingdee

SAMPLES = Path(kingdee.__file__).parent / "samples"
PAYLOADS = sorted(
    path for path in SAMPLES.glob("*.json") if path.stem != "signing" and not path.name.endswith(".expected.json")
)


def message_of(path: Path) -> Message:
    return Message(kind="bills", key=f"sample:{path.stem}", body=path.read_bytes())


def as_json(said: Sequence[Any]) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(type(value))

    found = [{"type": type(one).__name__, **dataclasses.asdict(one)} for one in said]
    return json.loads(json.dumps(found, default=plain))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    assert as_json(kingdee.adapter.parse(message_of(path))) == expected


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


def test_every_listed_status_has_a_sample() -> None:
    bills = [
        bill
        for path in PAYLOADS
        for bill in (*json.loads(path.read_text())["sale_orders"], *json.loads(path.read_text())["out_stocks"])
    ]
    assert set(kingdee.mapping.DOCUMENT_STATUS) < {bill["document_status"] for bill in bills}
    assert {"A", "B"} == {bill["cancel_status"] for bill in bills}


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(as_json(kingdee.adapter.parse(message_of(payload))), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
