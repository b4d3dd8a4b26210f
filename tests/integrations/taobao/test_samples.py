"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import json
from pathlib import Path
from typing import Any

from integrations.platforms import taobao
from integrations.platforms.taobao import aftersales, mapping, topics
from tests.contract.samples import message_of, payloads, shown

PAYLOADS = payloads(Path(taobao.__file__).parent)


def read(path: Path) -> Any:
    """The first word of its name says how it came."""
    family = path.stem.partition("_")[0]
    kinds = {
        "tmc": f"tmc:{json.loads(path.read_bytes()).get('topic')}",
        "spi": "spi:qimen.taobao.qianniu.cloudkefu.address.self.modify",
    }
    return shown(taobao.adapter.parse(message_of(path, kinds.get(family, family))), of=False)


def test_every_status_step_type_and_topic_has_its_sample() -> None:
    bodies = [json.loads(path.read_bytes()) for path in PAYLOADS]
    trades = [body["trade_fullinfo_get_response"]["trade"] for body in bodies if "trade_fullinfo_get_response" in body]
    refunds = [body for body in bodies if "refund_version" in body]
    assert set(mapping.STATUSES) <= {trade["status"] for trade in trades}
    assert set(aftersales.STATUSES) <= {refund["status"] for refund in refunds}
    assert set(aftersales.KINDS) <= {refund["dispute_type"] for refund in refunds}
    assert set(topics.TOPICS) <= {body["topic"] for body in bodies if "topic" in body}
    assert set(dict(topics.WANTED)) <= set(topics.TOPICS)
