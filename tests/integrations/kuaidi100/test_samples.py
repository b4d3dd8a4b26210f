"""Every sample maps to what its twin says. `python -m tests.integrations.kuaidi100.test_samples` writes the twins."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.carriers import kuaidi100
from integrations.carriers.kuaidi100 import adapter, mapping
from integrations.errors import Unreadable

SAMPLES = Path(kuaidi100.__file__).parent / "samples"
PAYLOADS = sorted(
    path for path in SAMPLES.glob("*.json") if path.stem != "signing" and not path.name.endswith(".expected.json")
)


def as_json(path: Path) -> Any:
    """What the sample says; the first word of its name is its kind."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(type(value))

    message = Message(kind=path.stem.partition("_")[0], key=f"sample:{path.stem}", body=path.read_bytes())
    try:
        said: Any = [dataclasses.asdict(one) for one in adapter.parse(message)]
    except Unreadable as error:
        said = {"parked": str(error)}
    return json.loads(json.dumps(said, default=plain))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    assert as_json(path) == json.loads(path.with_suffix(".expected.json").read_text())


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


def test_every_listed_code_is_in_a_sample() -> None:
    codes = {
        row.get("statusCode")
        for path in PAYLOADS
        for row in (json.loads(path.read_text()).get("lastResult") or {}).get("data", [])
    }
    assert mapping.STAGES.keys() - codes == set()


def test_no_twin_names_a_person_or_a_telephone() -> None:
    shown = "".join(path.read_text() for path in SAMPLES.glob("*.expected.json"))
    assert [secret for secret in ("1990000", "王强", "李军", "张小明", "81234567") if secret in shown] == []


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(as_json(payload), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
