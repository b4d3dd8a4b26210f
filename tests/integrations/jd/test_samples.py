"""Every sample maps to what its twin says. `python -m tests.integrations.jd.test_samples` writes the twins."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.platforms import jd
from integrations.platforms.jd import client, mapping, reading

SAMPLES = Path(jd.__file__).parent / "samples"
PAYLOADS = sorted(
    path for path in SAMPLES.glob("*.json") if path.stem != "signing" and not path.name.endswith(".expected.json")
)


def message_of(path: Path) -> Message:
    """The sample as it is kept: the first word of its name says what it is. A whole answer is opened first."""
    kind = path.stem.partition("_")[0]
    if kind == "answer":
        inside = client.opened(path.read_bytes(), reading.SEARCH)
        [row] = client.rows(inside["searchorderinfo_result"], "orderInfoList")
        return reading.order_message(row)
    return Message(kind=kind, key=f"sample:{path.stem}", body=path.read_bytes())


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


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    assert as_json(jd.adapter.parse(message_of(path))) == expected


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


def test_every_state_of_an_order_and_of_an_application_has_its_sample() -> None:
    bodies = [json.loads(path.read_bytes()) for path in PAYLOADS]
    assert set(mapping.STATUSES) <= {body["order"]["orderState"] for body in bodies if "order" in body}
    assert set(mapping.REFUNDS) <= {str(body["refund"]["status"]) for body in bodies if "refund" in body}


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(as_json(jd.adapter.parse(message_of(payload))), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
