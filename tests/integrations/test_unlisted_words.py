"""A word that stands in no table is taken as unknown, counted and told to a person; it stops nothing (each adapter)."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations import inbox
from integrations.adapter import Message
from integrations.models import Connection, Receipt, Trouble
from orders.models import Claim, Label, Order, Parcel
from tests.integrations.qimen.street import messages
from tests.laws.cast import Seller, seller, step

pytestmark = pytest.mark.django_db

FOLDERS = Path(inbox.__file__).parent
PLATFORMS = FOLDERS / "platforms"

# Adapter, kind of message, sample, the platform's number of the order that must be known before, words of the trouble.
CASES = [
    ("taobao", "trade", PLATFORMS / "taobao/samples/trade_unlisted_status.json", "", ["订单状态“SOMETHING_NEW”"]),
    (
        "taobao",
        "refund",
        PLATFORMS / "taobao/samples/refund_unlisted_status_and_type.json",
        "3456789012345678901",
        ["退款状态“WAIT_SOMETHING_NEW”", "售后类型“SWAP”"],
    ),
    ("jd", "order", PLATFORMS / "jd/samples/order_unlisted_state.json", "", ["订单状态“WAIT_FOR_THE_MOON”"]),
    ("jd", "refund", PLATFORMS / "jd/samples/refund_12_unlisted.json", "301234567890", ["退款审核状态“12”"]),
    ("douyin", "order", PLATFORMS / "douyin/samples/order_unlisted_status.json", "", ["订单状态“77”"]),
    (
        "douyin",
        "refund",
        PLATFORMS / "douyin/samples/refund_status_99_unlisted.json",
        "4781320682406083640",
        ["售后状态“99”"],
    ),
    (
        "douyin",
        "refund",
        PLATFORMS / "douyin/samples/refund_type_9_unlisted.json",
        "4781320682406083640",
        ["售后类型“9”"],
    ),
    ("generic", "order", PLATFORMS / "generic/samples/order_unlisted_status.json", "", ["没有对照的值"]),
    (
        "kingdee",
        "bills",
        FOLDERS / "erp/kingdee/samples/order_unlisted_status.json",
        "2026030500000001",
        ["单据状态“Q”"],
    ),
    (
        "kuaidi100",
        "push",
        FOLDERS / "carriers/kuaidi100/samples/push_unlisted_code.json",
        "1",
        ["轨迹状态码“310”", "轨迹状态码“1099”"],
    ),
]


def connected(shop: Seller, adapter: str) -> Connection:
    return Connection.objects.create(
        company_id=shop.company_id,
        shop=shop.shop,
        adapter=adapter,
        name=f"{adapter} 连接",
        base_url="http://127.0.0.1:9",
    )


def is_told(connection: Connection, words: str, times: int) -> bool:
    return Trouble.objects.filter(
        connection=connection, kind=Trouble.Kind.UNLISTED, closed_at__isnull=True, text__contains=words, times=times
    ).exists()


def has_label(order: Order, waybill: str) -> None:
    parcel = Parcel.objects.create(company_id=order.company_id, number="P-unlisted", carrier="sf")
    parcel.lines.create(order_line=order.lines.get(), quantity=1)
    Label.objects.create(parcel=parcel, carrier="sf", waybill=waybill, state="live")


@pytest.mark.parametrize(
    ("adapter", "kind", "sample", "known", "words"), CASES, ids=[f"{case[0]}-{case[2].stem}" for case in CASES]
)
def test_an_unlisted_word_is_unknown_counted_and_told(
    adapter: str, kind: str, sample: Path, known: str, words: list[str]
) -> None:
    shop = seller()
    connection = connected(shop, adapter)
    if known:
        order = shop.sells(order_id=known)
        if adapter == "kuaidi100":
            has_label(order, json.loads(sample.read_bytes())["lastResult"]["nu"])
    for time in (1, 2):
        # The same words in another message: the same trouble, counted.
        message = Message(kind=kind, key=f"{kind}:{time}", body=_changed(sample, time))
        [receipt_id] = inbox.keep(connection, [message])
        assert inbox.process(receipt_id) == Receipt.State.DONE, Receipt.objects.get().reason
        assert all(is_told(connection, said, time) for said in words), list(
            Trouble.objects.values_list("text", "times")
        )


def _changed(sample: Path, time: int) -> bytes:
    """The sample, and the sample once more with something in it that nobody reads."""
    content: dict[str, Any] = json.loads(sample.read_bytes())
    if time > 1 and "lastResult" not in content:
        content["seen_again"] = time
    return json.dumps(content, ensure_ascii=False).encode()


def test_an_unlisted_step_of_a_warehouse_is_unknown_counted_and_told() -> None:
    shop = seller(printed_by="wms")
    connection, parcel = shop.qimen(), shop.released()
    for minute in (1, 2):
        [receipt_id] = inbox.keep(connection, messages(step("LEVITATE", parcel.number, minute=minute)))
        assert inbox.process(receipt_id) == Receipt.State.DONE
        assert is_told(connection, "LEVITATE", minute)
    assert Claim.objects.get(system="wms").stage == "unknown"


@pytest.mark.parametrize(
    ("adapter", "kind", "body", "words"),
    [
        ("taobao", "tmc:taobao_item_ItemUpdate", {"content": {"num_iid": 1}}, "消息主题“taobao_item_ItemUpdate”"),
        ("douyin", "push:999", {"tag": "999", "msg_id": "{time}", "data": {"shop": 1}}, "推送 tag“999”"),
    ],
)
def test_a_kind_of_message_that_no_table_lists_is_left_aside_counted_and_told(
    adapter: str, kind: str, body: dict[str, Any], words: str
) -> None:
    connection = connected(seller(), adapter)
    for time in (1, 2):
        text = json.dumps(body, ensure_ascii=False).replace("{time}", str(time))
        [receipt_id] = inbox.keep(connection, [Message(kind=kind, key=f"{kind}:{time}", body=text.encode())])
        assert inbox.process(receipt_id) == Receipt.State.IGNORED
        assert is_told(connection, words, time), list(Trouble.objects.values_list("text", "times"))
    assert not Receipt.objects.filter(state=Receipt.State.PARKED).exists()


def test_an_order_whose_status_is_unlisted_is_here_and_goes_on_when_a_known_one_comes() -> None:
    shop = seller()
    connection = connected(shop, "taobao")
    body = json.loads((PLATFORMS / "taobao/samples/trade_unlisted_status.json").read_bytes())
    for place, status in enumerate(("SOMETHING_NEW", "WAIT_SELLER_SEND_GOODS")):
        trade = body["trade_fullinfo_get_response"]["trade"]
        trade |= {"status": status, "modified": f"2026-03-05 09:0{place + 1}:05"}
        message = Message(kind="trade", key=f"trade:{place}", body=json.dumps(body).encode())
        [receipt_id] = inbox.keep(connection, [message])
        assert inbox.process(receipt_id) == Receipt.State.DONE
    assert Order.objects.get().platform_status == "WAIT_SELLER_SEND_GOODS"
