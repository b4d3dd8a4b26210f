"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any

from integrations.adapter import Message
from integrations.wms import qimen
from integrations.wms.qimen import adapter, mapping, mapping_stock, xml
from tests.contract.samples import payloads
from tests.integrations.qimen.street import messages

SAMPLES = payloads(Path(qimen.__file__).parent)
# What is composed of answers to our own questions, and never came to the hook.
ASKED = (mapping.FETCHED, mapping_stock.ANSWER)


def kind_of(path: Path) -> str:
    return path.stem.partition("--")[0]


def read_sample(path: Path) -> list[Message]:
    kind, body = kind_of(path), path.read_bytes()
    return [Message(kind=kind, key="query:SO001", body=body)] if kind in ASKED else messages(body, kind)


def read(path: Path) -> Any:
    return [
        {"kind": message.kind, "key": message.key, "says": [plain(said) for said in adapter.parse(message)]}
        for message in read_sample(path)
    ]


def plain(value: Any) -> Any:
    """Snapshots as JSON holds them, with the name of their class."""
    if dataclasses.is_dataclass(value):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"type": type(value).__name__} | fields
    if isinstance(value, datetime):
        return value.isoformat()
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def test_every_kind_of_message_has_its_sample() -> None:
    assert {*mapping.KINDS, *ASKED} - {kind_of(path) for path in SAMPLES} == set()


def test_every_status_has_its_sample_and_so_has_one_that_is_unheard_of() -> None:
    """What each means stands in its twin, which was read against Qimen's table of processStatus."""
    reported = [xml.read(path.read_bytes()) for path in SAMPLES if kind_of(path) == mapping.PROCESS_REPORT]
    statuses = {xml.text(root, "process/processStatus") for root in reported}
    assert mapping.STAGES.keys() < statuses
