"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin.

A sample is what came over the wire: a push (`push_…`) or the answer to a query (`query_…`).
"""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from integrations.adapter import Message
from integrations.carriers import sf
from integrations.carriers.sf import adapter, mapping
from integrations.errors import Permanent, Unreadable
from tests.contract.samples import TWIN, payloads
from tests.integrations.sf.street import access, answering, incoming, track

SAMPLES = Path(sf.__file__).parent / "samples"
PAYLOADS = payloads(SAMPLES.parent)


def kept(path: Path) -> Sequence[Message]:
    body = path.read_bytes()
    if path.stem.startswith("query_"):
        with answering(body):
            return [adapter.query(access(), track())]
    return adapter.unpack(access(), incoming(body))


def read(path: Path) -> Any:
    """What it says, message by message; or why it is refused."""
    try:
        return [{message.kind: _said(message)} for message in kept(path)]
    except Permanent as error:
        return [{"refused": str(error)}]


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


def test_every_listed_code_is_in_a_sample() -> None:
    rows = [row for path in PAYLOADS for row in sent(path)]
    assert mapping.OP_CODES.keys() - {row["opCode"] for row in rows} == set()
    assert mapping.FIRST_STATUS.keys() - {row.get("firstStatusCode") for row in rows} == set()
    assert mapping.REASONS.keys() - {(row["opCode"], row.get("reasonCode")) for row in rows} == set()


def test_no_twin_names_a_person_or_a_telephone() -> None:
    shown = "".join(path.read_text() for path in SAMPLES.glob(f"*{TWIN}"))
    assert [secret for secret in ("1990000", "王强", "李军", "张小明") if secret in shown] == []
