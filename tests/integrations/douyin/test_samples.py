"""How a sample is read, and what must be among them. `tests/contract` compares each with its twin."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.adapter import Access
from integrations.platforms import douyin
from integrations.platforms.douyin import aftersales, client, mapping, pushes, reading
from tests.contract.samples import message_of, payloads, shown

SAMPLES = Path(douyin.__file__).parent / "samples"
PAYLOADS = payloads(SAMPLES.parent)
NOBODY = Access(connection_id=1, base_url="", settings={}, secrets={}, now=datetime(2026, 3, 5, tzinfo=UTC))


def read(path: Path) -> Any:
    """A whole answer (`answer_…`) is opened first; a push (`push_<tag>_…`) is kept under its tag."""
    kind, _, rest = path.stem.partition("_")
    message = message_of(path, f"push:{rest.partition('_')[0]}" if kind == "push" else kind)
    if kind == "answer":
        [row] = client.opened(message.body)["shop_order_list"]
        message = reading.order_message(NOBODY, row)
    return shown(douyin.adapter.parse(message))


def test_every_status_type_and_tag_has_its_sample() -> None:
    bodies = [json.loads(path.read_bytes()) for path in PAYLOADS]
    sales = [body["aftersale_info"] for body in bodies if "aftersale_info" in body]
    assert set(mapping.STATUSES) <= {str(body["order"].get("main_status")) for body in bodies if "order" in body}
    assert set(aftersales.STATUSES) <= {str(sale["aftersale_status"]) for sale in sales}
    assert set(aftersales.KINDS) <= {str(sale["aftersale_type"]) for sale in sales}
    tags = {*pushes.ORDER_TAGS, *aftersales.TAGS, *pushes.SILENT_TAGS, pushes.ADDRESS_ASKED}
    assert tags <= {body["tag"] for body in bodies if "tag" in body}


def test_a_sample_of_a_kept_order_holds_no_ciphertext() -> None:
    for path in SAMPLES.glob("order_*.json"):
        assert "CgYIASAH" not in path.read_text(), path.stem
