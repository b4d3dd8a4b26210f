"""Every sample maps to what its twin says. `python -m tests.integrations.douyin.test_samples` writes the twins."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Access, Message, Said
from integrations.platforms import douyin
from integrations.platforms.douyin import aftersales, client, mapping, pushes, reading

SAMPLES = Path(douyin.__file__).parent / "samples"
PAYLOADS = sorted(
    path for path in SAMPLES.glob("*.json") if path.stem != "signing" and not path.name.endswith(".expected.json")
)
NOBODY = Access(connection_id=1, base_url="", settings={}, secrets={}, now=datetime(2026, 3, 5, tzinfo=UTC))


def message_of(path: Path) -> Message:
    """The sample as it is kept: the first word of its name says what it is. A whole answer is opened first."""
    kind, _, rest = path.stem.partition("_")
    if kind == "answer":
        [row] = client.rows(client.opened(path.read_bytes()), "shop_order_list")
        return reading.order_message(NOBODY, row)
    name = f"push:{rest.partition('_')[0]}" if kind == "push" else kind
    return Message(kind=name, key=f"sample:{path.stem}", body=path.read_bytes())


def as_json(said: Sequence[Any]) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, frozenset):
            return sorted(value)
        raise TypeError(type(value))

    def shown(one: Any) -> dict[str, Any]:
        of = {"of": type(one.snapshot).__name__} if isinstance(one, Said) else {}
        return {"type": type(one).__name__, **dataclasses.asdict(one), **of}

    return json.loads(json.dumps([shown(one) for one in said], default=plain))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_sample_maps_to_what_its_twin_expects(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    assert as_json(douyin.adapter.parse(message_of(path))) == expected


def test_there_is_a_twin_for_every_sample_and_no_twin_without_one() -> None:
    twins = {path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")}
    assert {path.stem for path in PAYLOADS} == twins


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


if __name__ == "__main__":
    for payload in PAYLOADS:
        text = json.dumps(as_json(douyin.adapter.parse(message_of(payload))), ensure_ascii=False, indent=1)
        payload.with_suffix(".expected.json").write_text(text + "\n")
