"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from integrations.carriers import kuaidi100
from integrations.carriers.kuaidi100 import adapter, mapping
from integrations.errors import Unreadable
from tests.contract.samples import TWIN, message_of, payloads

SAMPLES = Path(kuaidi100.__file__).parent / "samples"
PAYLOADS = payloads(SAMPLES.parent)


def read(path: Path) -> Any:
    """What it says, or why it is parked."""
    try:
        return [dataclasses.asdict(one) for one in adapter.parse(message_of(path))]
    except Unreadable as error:
        return {"parked": str(error)}


def test_every_listed_code_is_in_a_sample() -> None:
    codes = {
        row.get("statusCode")
        for path in PAYLOADS
        for row in (json.loads(path.read_text()).get("lastResult") or {}).get("data", [])
    }
    assert mapping.STAGES.keys() - codes == set()


def test_no_twin_names_a_person_or_a_telephone() -> None:
    shown = "".join(path.read_text() for path in SAMPLES.glob(f"*{TWIN}"))
    assert [secret for secret in ("1990000", "王强", "李军", "张小明", "81234567") if secret in shown] == []
