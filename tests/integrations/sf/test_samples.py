"""Every sample maps to what its twin says. `python -m tests.integrations.sf.test_samples` writes the twins.

A sample is what came over the wire: a push (`push_…`) or the answer to a query (`query_…`).
"""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message, TrackWish
from integrations.carriers import sf
from integrations.carriers.sf import adapter, mapping
from integrations.errors import Permanent, Unreadable
from tests.integrations.sf.street import access, answering, incoming, track

SAMPLES = Path(sf.__file__).parent / "samples"
PAYLOADS = sorted(
    path for path in SAMPLES.glob("*.json") if path.stem != "signing" and not path.name.endswith(".expected.json")
)


def kept(path: Path) -> Sequence[Message]:
    body = path.read_bytes()
    if path.stem.startswith("query_"):
        wish: TrackWish = track()
        with answering(body):
            return [adapter.query(access(), wish)]
    return adapter.unpack(access(), incoming(body))


def as_json(path: Path) -> Any:
    """What the sample says, message by message; or why it is refused."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(type(value))

    try:
        found = [{message.kind: _said(message)} for message in kept(path)]
    except Permanent as error:
        found = [{"refused": str(error)}]
    return json.loads(json.dumps(found, default=plain))


def _said(message: Message) -> Any:
    try:
        return [dataclasses.asdict(one) for one in adapter.parse(message)]
    except Unreadable as error:
        return {"parked": str(error)}


def sent(path: Path) -> list[dict[str, str]]:
    """The rows in a sample as they were sent."""
    content = json.loads(path.read_text())
    if path.stem.startswith("query_"):
        return list(json.loads(content["apiResultData"])["msgData"]["routeResps"][0]["routes"])
    rows = content.get("Body", {}).get("WaybillRoute", [])
    return rows if isinstance(rows, list) else [rows]


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    assert as_json(path) == json.loads(path.with_suffix(".expected.json").read_text())


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


def test_every_listed_code_is_in_a_sample() -> None:
    rows = [row for path in PAYLOADS for row in sent(path)]
    assert mapping.OP_CODES.keys() - {row["opCode"] for row in rows} == set()
    assert mapping.FIRST_STATUS.keys() - {row.get("firstStatusCode") for row in rows} == set()
    assert mapping.REASONS.keys() - {(row["opCode"], row.get("reasonCode")) for row in rows} == set()


def test_no_twin_names_a_person_or_a_telephone() -> None:
    shown = "".join(path.read_text() for path in SAMPLES.glob("*.expected.json"))
    assert [secret for secret in ("1990000", "王强", "李军", "张小明") if secret in shown] == []


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(as_json(payload), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
