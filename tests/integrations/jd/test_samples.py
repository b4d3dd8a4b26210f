"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import json
from pathlib import Path
from typing import Any

from integrations.platforms import jd
from integrations.platforms.jd import client, mapping, reading
from tests.contract.samples import message_of, payloads, shown

PAYLOADS = payloads(Path(jd.__file__).parent)


def read(path: Path) -> Any:
    """A whole answer (`answer_…`) is opened first."""
    message = message_of(path)
    if message.kind == "answer":
        inside = client.opened(message.body, reading.SEARCH)
        [row] = inside["searchorderinfo_result"]["orderInfoList"]
        message = reading.order_message(row)
    return shown(jd.adapter.parse(message))


def test_every_state_of_an_order_and_of_an_application_has_its_sample() -> None:
    bodies = [json.loads(path.read_bytes()) for path in PAYLOADS]
    assert set(mapping.STATUSES) <= {body["order"]["orderState"] for body in bodies if "order" in body}
    assert set(mapping.REFUNDS) <= {str(body["refund"]["status"]) for body in bodies if "refund" in body}
