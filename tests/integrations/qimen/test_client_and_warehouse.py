"""The connector and an emulated warehouse that shares no code with it: calls, refusals and the line that stops."""

from datetime import timedelta
from typing import Any

import pytest
import responses

from integrations.adapter import Telling
from integrations.errors import AlreadyDone, OutsideError, Permanent, Temporary, Unauthorised
from integrations.wms.qimen import adapter, client, xml
from orders.vocabulary import AddressSnapshot
from tests.integrations.qimen.street import GATEWAY, SENDER, Street, wish


def refusal(kind: type[OutsideError], act: Any, *arguments: Any) -> OutsideError:
    with pytest.raises(kind) as raised:
        act(*arguments)
    assert type(raised.value) is kind
    return raised.value


@pytest.mark.parametrize("sign_method", ["md5", "hmac", "hmac-sha256"])
def test_an_order_sent_by_any_signature_arrives_whole(street: Street, sign_method: str) -> None:
    told = adapter.deliver(street.access(sign_method=sign_method), wish())
    assert told == {"delivery_order_id": "W00000001", "warehouse": "WH01", "logistics_code": "YTO", "split": []}
    (order,) = street.qimen.floor.orders.values()
    assert (order.code, order.carrier, order.owner, order.receiver) == ("SO001", "YTO", "OWN1", "杭州市")
    assert [(line.item, line.quantity) for line in order.lines] == [("CREAM-50", 2)]
    body = xml.read(street.qimen.journal.entries("received")[0]["body"].encode())
    assert xml.text(body, "deliveryOrder/buyerMessage") == "请用<大>箱 & 轻放"
    assert xml.text(body, "deliveryOrder/placeOrderTime") == "2026-11-11 00:00:00"
    assert xml.text(body, "deliveryOrder/sourcePlatformCode") == "TB"


def test_a_second_create_is_done_already_and_makes_no_second_order(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    assert refusal(AlreadyDone, adapter.deliver, street.access(), wish()).code == "40015"
    assert len(street.qimen.floor.orders) == 1


def test_a_warehouse_that_answers_a_repeat_with_the_old_id_is_understood_too(street: Street) -> None:
    street.qimen.control("connect", {"on_repeat": "accept"})
    first = adapter.deliver(street.access(), wish())
    assert adapter.deliver(street.access(), wish()) == first


def test_a_wrong_secret_is_permanent(street: Street) -> None:
    opened = street.access(secrets="wrong")
    assert refusal(Permanent, adapter.deliver, opened, wish()).code == "isv.invalid-signature"
    assert not street.qimen.floor.orders


def test_a_clock_that_is_wrong_by_an_hour_is_permanent(street: Street) -> None:
    opened = street.access()
    street.clock.advance(hours=1)
    assert refusal(Permanent, adapter.deliver, opened, wish()).code == "isv.invalid-timestamp"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"carrier": "jt"}, "快递 jt"),
        ({"receiver": AddressSnapshot(name="张三", phone="138")}, "省、市、详细地址"),
        ({"goods": ()}, "商品"),
    ],
)
def test_what_lacks_a_required_word_never_leaves(street: Street, changes: dict[str, Any], word: str) -> None:
    assert word in str(refusal(Permanent, adapter.deliver, street.access(), wish(**changes)))
    assert not street.qimen.journal.entries("received")


@pytest.mark.parametrize(
    "settings",
    [{"sender": {}}, {"sender": "{"}, {"sender": "[]"}, {"sign_method": "crc"}, {"secrets": []}, {"secrets": ""}],
)
def test_unusable_settings_are_said_before_anything_is_sent(street: Street, settings: dict[str, Any]) -> None:
    assert refusal(Permanent, adapter.deliver, street.access(**settings), wish()).code == "settings"
    assert not street.qimen.journal.entries("received")


def test_codes_of_couriers_and_platforms_are_settings_as_text_too(street: Street) -> None:
    opened = street.access(
        logistics_codes='{"jt": "JTSD"}', platform_codes={"douyin": "DY"}, sender=str(SENDER).replace("'", '"')
    )
    adapter.deliver(opened, wish(carrier="jt", platform="douyin"))
    assert street.qimen.floor.orders["SO001"].carrier == "JTSD"


def test_a_masked_receiver_is_sent_with_its_oaid(street: Street) -> None:
    masked = AddressSnapshot(
        name="张*", phone="138****0000", province="浙江省", city="杭州市", address="文三路*", key="OAID1", masked=True
    )
    adapter.deliver(street.access(), wish(receiver=masked))
    assert "<oaid>OAID1</oaid>" in street.qimen.journal.entries("received")[0]["body"]


def test_cancel_works_before_the_print_and_is_refused_after(street: Street) -> None:
    for code in ("SO001", "SO002"):
        adapter.deliver(street.access(), wish(code))
    adapter.cancel_delivery(street.access(), "SO001", "main", "买家取消")
    street.live(60)
    assert street.order("SO001")["status"] == "CANCELED"
    assert street.order("SO001")["prints"] == 0
    assert street.order("SO002")["status"] == "DELIVERED"
    refused = refusal(Permanent, adapter.cancel_delivery, street.access(), "SO002", "main", "买家取消")
    assert refused.code == "40032"
    refusal(AlreadyDone, adapter.cancel_delivery, street.access(), "SO001", "main", "再取消")
    assert refusal(Permanent, adapter.cancel_delivery, street.access(), "SO404", "main", "").code == "40030"


def test_cancel_after_the_print_is_the_warehouses_own_choice(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(25)
    assert street.order()["status"] == "PRINT"
    assert refusal(Permanent, adapter.cancel_delivery, street.access(), "SO001", "main", "").code == "40033"
    street.qimen.control("connect", {"cancel_after_print": True})
    adapter.cancel_delivery(street.access(), "SO001", "main", "买家取消")
    assert street.order()["status"] == "CANCELED"


def test_a_pended_order_stands_still_until_it_is_restored(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(9)
    adapter.pend(street.access(), "SO001", "main", "锁单")
    adapter.pend(street.access(), "SO001", "main", "锁单，重试")
    before = street.order()["steps"]
    street.live(120)
    assert street.order()["pended"]
    assert street.order()["steps"] == before == ["ACCEPT", "PICK"]
    adapter.restore(street.access(), "SO001", "main", "解封")
    street.live(60)
    assert street.order()["steps"] == ["ACCEPT", "PICK", "CHECK", "PACKAGE", "WEIGH", "PRINT", "DELIVERED"]
    assert refusal(Permanent, adapter.pend, street.access(), "SO001", "main", "").code == "40034"


def test_a_fetch_reads_the_steps_and_what_left(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(60)
    message = adapter.fetch(street.access(), "SO001")
    said = adapter.parse(message)
    reported = [one for kept in street.tower.kept for one in adapter.parse(kept)]
    prints = [one for one in reported if one.key.endswith(":print")]  # type: ignore[union-attr]
    assert len(prints) == 1
    assert prints[0] in said
    assert adapter.fetch(street.access(), "SO001") == message
    assert said[-1].snapshot.parcels[0].waybill == street.order()["waybills"][0]  # type: ignore[union-attr]


def test_a_fetch_survives_a_warehouse_without_the_second_query(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(9)
    del street.qimen.acts["deliveryorder.query"]
    said = adapter.parse(adapter.fetch(street.access(), "SO001"))
    assert [one.snapshot.platform_status for one in said] == ["ACCEPT", "PICK"]  # type: ignore[union-attr]


def test_stock_is_free_and_locked(street: Street) -> None:
    street.qimen.control("connect", {"stock": {"CREAM-50": 10}})
    adapter.deliver(street.access(), wish())
    criteria = {"criteriaList": {"criteria": [{"itemCode": "CREAM-50"}, {"itemCode": "OTHER"}]}}

    def stock() -> list[tuple[str, str]]:
        found = client.call(street.access(), "inventory.query", criteria)
        return [(xml.text(item, "quantity"), xml.text(item, "lockQuantity")) for item in xml.every(found, "items/item")]

    assert stock() == [("8", "2"), ("1000", "0")]
    street.live(60)
    assert stock() == [("8", "0"), ("1000", "0")]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (
            b"<response><flag>failure</flag><code>7</code><message>\xe8\xb4\xa7\xe4\xb8\xbb</message></response>",
            Permanent,
            "7",
        ),
        (b"<response><code>0</code></response>", Temporary, "not_qimen"),
        (b"<html><body>502<br></body></html>", Temporary, "not_xml"),
        (b"", Temporary, "not_xml"),
        (b"<!DOCTYPE x><response/>", Temporary, "not_xml"),
        (b"{", Temporary, "not_xml"),
        (b"{}", Temporary, "not_xml"),
        (
            b'{"error_response":{"code":15,"sub_code":"isp.top-remote-connection-timeout"}}',
            Temporary,
            "isp.top-remote-connection-timeout",
        ),
        (
            b"<error_response><code>15</code><sub_code>isp.call-limited</sub_code></error_response>",
            Temporary,
            "isp.call-limited",
        ),
        (b"<error_response><code>10</code><msg>Service Currently Unavailable</msg></error_response>", Temporary, "10"),
        (b"<error_response><code>15</code><sub_code>isv.x-error</sub_code></error_response>", Permanent, "isv.x-error"),
        (b"<error_response><code>27</code><msg>Invalid session</msg></error_response>", Unauthorised, "27"),
    ],
)
def test_a_refusal_is_one_of_two_kinds(street: Street, body: bytes, kind: type[OutsideError], code: str) -> None:
    street.mock.replace(responses.CallbackResponse(responses.POST, GATEWAY, callback=lambda _: (200, {}, body)))
    assert refusal(kind, adapter.deliver, street.access(), wish()).code == code


def test_a_warehouses_own_word_for_a_repeat_is_a_setting(street: Street) -> None:
    body = "<response><flag>failure</flag><code>S1</code><message>单号已受理</message></response>".encode()
    street.mock.replace(responses.CallbackResponse(responses.POST, GATEWAY, callback=lambda _: (200, {}, body)))
    refusal(Permanent, adapter.deliver, street.access(), wish())
    refusal(AlreadyDone, adapter.deliver, street.access(already_texts="别的，已受理"), wish())


@pytest.mark.parametrize("text", ["挂起失败，订单未挂起成功", "订单不能挂起", "已发货，不能挂起"])
def test_a_refused_pend_is_never_taken_for_done(street: Street, text: str) -> None:
    body = f"<response><flag>failure</flag><code>S1</code><message>{text}</message></response>".encode()
    street.mock.replace(responses.CallbackResponse(responses.POST, GATEWAY, callback=lambda _: (200, {}, body)))
    refusal(Permanent, adapter.pend, street.access(), "SO001", "main", "")


def test_throttle_failure_and_a_lost_answer_are_temporary_and_the_repeat_is_safe(street: Street) -> None:
    street.qimen.control("faults", {"throttle": 1})
    throttled = refusal(Temporary, adapter.deliver, street.access(), wish())
    assert throttled.retry_after == 3
    street.qimen.control("faults", {"fail": 1})
    refusal(Temporary, adapter.deliver, street.access(), wish())
    assert not street.qimen.floor.orders
    street.qimen.control("faults", {"lose_answer": 1})
    refusal(Temporary, adapter.deliver, street.access(), wish())
    street.qimen.control("faults", {})
    refusal(AlreadyDone, adapter.deliver, street.access(), wish())
    assert len(street.qimen.floor.orders) == 1


def test_the_emulator_does_not_believe_an_old_request(street: Street) -> None:
    opened = street.access()
    street.clock.moment += timedelta(minutes=11)
    refusal(Permanent, adapter.pend, opened, "SO001", "main", "")


def test_the_pick_up_is_told_by_the_method_agreed_with_the_warehouse_and_once(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    opened = street.access(pickup_method="orderprocess.report", pickup_status="GOT")
    news = Telling(
        stage="picked_up",
        at=opened.now,
        order="T1",
        platform_order_id="1",
        parcel="SO001",
        warehouse="WH01",
        carrier="yto",
        waybill="YT0000000000001",
    )
    assert adapter.can("tell", opened.settings)
    adapter.tell(opened, news)
    refusal(AlreadyDone, adapter.tell, opened, news)
    (heard,) = street.qimen.journal.entries("heard")
    assert (heard["order"], heard["status"], heard["waybill"]) == ("SO001", "GOT", "YT0000000000001")


def test_without_an_agreed_method_a_warehouse_cannot_be_told(street: Street) -> None:
    assert not adapter.can("tell", street.access().settings)
