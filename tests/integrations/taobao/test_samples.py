"""Every sample maps to what its twin says. `python -m tests.integrations.taobao.test_samples` writes the twins."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.platforms import taobao
from integrations.platforms.taobao import aftersales, mapping, topics

SAMPLES = Path(taobao.__file__).parent / "samples"
PAYLOADS = sorted(
    path for path in SAMPLES.glob("*.json") if path.stem != "signing" and not path.name.endswith(".expected.json")
)


def message_of(path: Path) -> Message:
    """The sample as it is kept: the first word of its name says how it came."""
    body = path.read_bytes()
    family = path.stem.partition("_")[0]
    kind = {
        "trade": "trade",
        "refund": "refund",
        "tmc": f"tmc:{json.loads(body).get('topic')}",
        "spi": "spi:qimen.taobao.qianniu.cloudkefu.address.self.modify",
    }[family]
    return Message(kind=kind, key=f"sample:{path.stem}", body=body)


def as_json(said: Sequence[Any]) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, frozenset):
            return sorted(value)
        raise TypeError(type(value))

    found = [{"type": type(one).__name__, **dataclasses.asdict(one)} for one in said]
    return json.loads(json.dumps(found, default=plain))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    assert as_json(taobao.adapter.parse(message_of(path))) == expected


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


def test_every_status_step_type_and_topic_has_its_sample() -> None:
    bodies = [json.loads(path.read_bytes()) for path in PAYLOADS]
    trades = [body["trade_fullinfo_get_response"]["trade"] for body in bodies if "trade_fullinfo_get_response" in body]
    refunds = [body for body in bodies if "refund_version" in body]
    assert set(mapping.STATUSES) <= {trade["status"] for trade in trades}
    assert set(aftersales.STATUSES) <= {refund["status"] for refund in refunds}
    assert set(aftersales.KINDS) <= {refund["dispute_type"] for refund in refunds}
    assert set(topics.TOPICS) <= {body["topic"] for body in bodies if "topic" in body}
    assert set(dict(topics.WANTED)) <= set(topics.TOPICS)


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(as_json(taobao.adapter.parse(message_of(payload))), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
