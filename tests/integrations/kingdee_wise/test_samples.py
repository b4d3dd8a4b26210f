"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.erp import kingdee_wise
from tests.contract.samples import message_of, payloads, shown

FOLDER = Path(kingdee_wise.__file__).parent
SETTINGS = json.loads((FOLDER / "connection.json").read_text())["settings"]
PAYLOADS = payloads(FOLDER)


def read(path: Path) -> Any:
    """By the statuses of the example connection."""
    return shown(kingdee_wise.adapter.parse_kept(message_of(path), settings=SETTINGS, at=None), of=False)


@pytest.mark.parametrize(("bills", "table"), [("sale_orders", "order_statuses"), ("out_stocks", "out_statuses")])
def test_every_status_of_the_example_has_a_sample(bills: str, table: str) -> None:
    shown = {bill["status"] for path in PAYLOADS for bill in json.loads(path.read_text())[bills]}
    assert set(SETTINGS[table]) <= shown
