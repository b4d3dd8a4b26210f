"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import json
from pathlib import Path
from typing import Any

from integrations.erp import kingdee
from tests.contract.samples import message_of, payloads, shown

PAYLOADS = payloads(Path(kingdee.__file__).parent)


def read(path: Path) -> Any:
    return shown(kingdee.adapter.parse(message_of(path, "bills")), of=False)


def test_every_listed_status_has_a_sample() -> None:
    bills = [
        bill
        for path in PAYLOADS
        for bill in (*json.loads(path.read_text())["sale_orders"], *json.loads(path.read_text())["out_stocks"])
    ]
    assert set(kingdee.mapping.DOCUMENT_STATUS) < {bill["document_status"] for bill in bills}
    assert {"A", "B"} == {bill["cancel_status"] for bill in bills}
