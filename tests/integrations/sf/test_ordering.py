"""Numbers on the seller's own card: one for a label however often it is asked for, given back before the pick-up."""

import json
from dataclasses import replace
from typing import Any

import pytest

from integrations.carriers.sf import adapter
from integrations.errors import Permanent, Temporary
from orders.vocabulary import AddressSnapshot
from tests.integrations.sf.street import RECEIVER, SENDER, Street, access, answering, envelope, stages, wanted

CREATE, FIND, UPDATE = "EXP_RECE_CREATE_ORDER", "EXP_RECE_SEARCH_ORDER_RESP", "EXP_RECE_UPDATE_ORDER"


def cancel(street: Street, waybill: str, object_id: str = "L1", **settings: Any) -> None:
    adapter.cancel_waybill(street.access(**settings), "sf", waybill, object_id)


def test_a_number_comes_with_what_the_label_needs(street: Street) -> None:
    issued = adapter.issue_waybill(street.access(), wanted())
    assert issued.carrier == "sf"
    assert issued.waybill.startswith("SF7")
    assert json.loads(issued.print_data)["routeLabelInfo"][0]["routeLabelData"]["waybillNo"] == issued.waybill
    [asked] = street.asked(CREATE)
    assert asked["orderId"] == "L1"
    assert asked["contactInfoList"] == [
        {"contactType": 1, "country": "CN", **SENDER},
        {
            "contactType": 2,
            "country": "CN",
            "contact": "王小明",
            "mobile": "19900001111",
            "province": "广东省",
            "city": "深圳市",
            "county": "南山区",
            "address": "科苑路 1 号",
        },
    ]
    assert asked["cargoDetails"] == [{"name": "面霜 50g", "count": 2}]
    assert (asked["monthlyCard"], asked["totalWeight"], asked["payMethod"]) == ("7551234567", 0.42, 1)


def test_asked_twice_for_one_label_there_is_one_number_and_for_another_label_another(street: Street) -> None:
    first = street.order()
    assert street.order() == first
    assert street.order("L2") != first
    assert [entry["order"] for entry in street.journal("ordered")] == ["L1", "L2"]


def test_after_a_lost_answer_the_number_is_found_again(street: Street) -> None:
    street.emulator.control("faults", {"lose_answer": 1})
    with pytest.raises(Temporary):
        street.order()
    street.emulator.control("faults", {})
    found = street.order()
    assert [entry["waybill"] for entry in street.journal("ordered")] == [found]
    assert street.asked(FIND) == [{"orderId": "L1", "searchType": "1", "language": "zh-CN"}]


def test_several_towers_under_one_code_keep_apart_by_their_prefix(street: Street) -> None:
    one = street.order()
    other = adapter.issue_waybill(street.access(order_prefix="B-"), wanted()).waybill
    assert one != other
    assert [order["orderId"] for order in street.asked(CREATE)] == ["L1", "B-L1"]


@pytest.mark.parametrize(
    ("receiver", "why"),
    [
        (replace(RECEIVER, masked=True), "脱敏"),
        (replace(RECEIVER, phone="199****1111"), "脱敏"),
        (replace(RECEIVER, name="王**"), "脱敏"),
        (replace(RECEIVER, phone=""), "不完整"),
        (AddressSnapshot(), "不完整"),
    ],
)
def test_a_receiver_whom_nobody_could_find_gets_no_number(receiver: AddressSnapshot, why: str) -> None:
    with pytest.raises(Permanent, match=why):
        adapter.issue_waybill(access(), wanted(receiver=receiver))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"sender": {}}, "寄件人"),
        ({"sender": "{"}, "不是 JSON"),
        ({"extra": "[]"}, "不是 JSON 对象"),
        ({"pay_method": "一"}, "不是整数"),
    ],
)
def test_settings_that_cannot_work_are_said_before_anything_is_sent(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(Permanent, match=why):
        adapter.issue_waybill(access(**settings), wanted())


def test_another_courier_s_label_gets_no_number_here() -> None:
    with pytest.raises(Permanent, match="不能向顺丰取"):
        adapter.issue_waybill(access(), wanted(carrier="yto"))


def test_settings_shape_the_order(street: Street) -> None:
    settings = {"cargo_name": "日用品", "express_type": "231", "extra": '{"isDocall": 1}', "monthly_card": ""}
    with pytest.raises(Permanent, match="月结卡号不存在"):
        adapter.issue_waybill(street.access(**settings), wanted())
    adapter.issue_waybill(street.access(**settings | {"pay_method": "2"}), wanted())
    order = street.asked(CREATE)[-1]
    assert order["cargoDetails"] == [{"name": "日用品", "count": 2}]
    assert (order["expressTypeId"], order["isDocall"], "monthlyCard" in order) == (231, 1, False)


def test_an_address_that_is_not_served_is_refused_for_good(street: Street) -> None:
    street.emulator.control("connect", {"not_served": ["广东省"]})
    for _ in range(2):
        with pytest.raises(Permanent, match="收派范围"):
            street.order()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"orderId": "L1", "filterResult": "1", "waybillNoInfoList": []}, Temporary),
        ({"orderId": "L1", "filterResult": "1"}, Temporary),
        ({"orderId": "L1", "waybillNoInfoList": [{"waybillType": 2, "waybillNo": "SF7000000000001"}]}, Temporary),
        ({"orderId": "L1", "waybillNoInfoList": [{"waybillType": 1, "waybillNo": "<b>"}]}, Temporary),
        ({"orderId": "L2", "waybillNoInfoList": [{"waybillType": 1, "waybillNo": "SF7000000000001"}]}, Temporary),
        ({"orderId": "L1", "filterResult": 3, "waybillNoInfoList": None}, Permanent),
    ],
)
def test_no_number_is_taken_from_an_answer_that_gives_none(answer: dict[str, Any], kind: type[Exception]) -> None:
    with answering(envelope(answer)), pytest.raises(kind):
        adapter.issue_waybill(access(), wanted())


def test_a_refusal_that_is_no_repeat_stays_a_refusal() -> None:
    with answering(envelope(inside="8114", error="月结卡号与顾客编码不匹配")), pytest.raises(Permanent) as error:
        adapter.issue_waybill(access(), wanted())
    assert error.value.code == "8114"


# Giving back --------------------------------------------------------------------------------------------------------
def test_a_number_is_given_back_once_and_again_without_harm(street: Street) -> None:
    number = street.order()
    for _ in range(2):
        cancel(street, number)
    assert [entry["waybill"] for entry in street.journal("cancelled")] == [number]
    asked = street.asked(UPDATE)[0]
    assert (asked["orderId"], asked["dealType"], asked["waybillNoInfoList"][0]["waybillNo"]) == ("L1", 2, number)


def test_after_a_lost_answer_the_second_try_finds_it_cancelled(street: Street) -> None:
    number = street.order()
    street.emulator.control("faults", {"lose_answer": 1})
    with pytest.raises(Temporary):
        cancel(street, number)
    street.emulator.control("faults", {})
    cancel(street, number)
    assert len(street.journal("cancelled")) == 1


def test_what_was_picked_up_is_not_given_back(street: Street) -> None:
    number = street.order()
    street.emulator.control("ship", {"waybill": number})
    with pytest.raises(Permanent, match="已收取"):
        cancel(street, number)
    assert stages(street.query(number)) == ["picked_up"]


def test_a_cancelled_order_cannot_be_ordered_again(street: Street) -> None:
    number = street.order()
    cancel(street, number)
    assert street.order() == number
    assert len(street.journal("ordered")) == 1


def test_a_number_without_its_order_s_id_cannot_be_cancelled(street: Street) -> None:
    with pytest.raises(Permanent, match="客户订单号"):
        cancel(street, street.order(), object_id="")


def test_an_unlisted_word_for_cancelled_before_is_set_by_the_seller(street: Street) -> None:
    number = street.order()
    cancel(street, number)
    with pytest.raises(Permanent, match="已消单"):
        cancel(street, number, already_cancelled="9999")
    cancel(street, number, already_cancelled="9999, 8037")


def test_a_status_that_says_no_is_no_success() -> None:
    with answering(envelope({"orderId": "L1", "resStatus": 1})), pytest.raises(Permanent, match="没有取消"):
        adapter.cancel_waybill(access(), "sf", "SF7000000000001", "L1")


def test_words_that_nobody_published_are_set_by_the_seller() -> None:
    with answering(envelope({"orderId": "L1", "resStatus": 1})):
        adapter.cancel_waybill(access(cancelled_status="1，2"), "sf", "SF7000000000001", "L1")
    unserved = envelope({"orderId": "L1", "filterResult": "7", "waybillNoInfoList": []})
    with answering(unserved), pytest.raises(Permanent, match="收派范围"):
        adapter.issue_waybill(access(not_served="3,7"), wanted())
    with answering(unserved), pytest.raises(Temporary):
        adapter.issue_waybill(access(), wanted())
