"""Every sample maps to what its twin says; `python -m` with this module's name writes the twins."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.erp import kingdee_wise

FOLDER = Path(kingdee_wise.__file__).parent
SETTINGS = json.loads((FOLDER / "connection.json").read_text())["settings"]
PAYLOADS = sorted(path for path in (FOLDER / "samples").glob("*.json") if not path.name.endswith(".expected.json"))


def read(path: Path) -> Any:
    message = Message(kind="bills", key=f"sample:{path.stem}", body=path.read_bytes())
    said = kingdee_wise.adapter.parse_kept(message, settings=SETTINGS, at=None)
    found = [{"type": type(one).__name__, **dataclasses.asdict(one)} for one in said]
    return json.loads(json.dumps(found, default=datetime.isoformat))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    assert read(path) == json.loads(path.with_suffix(".expected.json").read_text())


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in (FOLDER / "samples").glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


@pytest.mark.parametrize(("bills", "table"), [("sale_orders", "order_statuses"), ("out_stocks", "out_statuses")])
def test_every_status_of_the_example_has_a_sample(bills: str, table: str) -> None:
    shown = {bill["status"] for path in PAYLOADS for bill in json.loads(path.read_text())[bills]}
    assert set(SETTINGS[table]) <= shown


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(read(payload), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
