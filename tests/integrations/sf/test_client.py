"""Where a parcel is: what is asked, and how each of their two kinds of no is understood."""

from typing import Any

import pytest

from integrations.carriers.sf import adapter
from integrations.errors import Permanent, Temporary, Throttled, Unauthorised
from tests.integrations.sf.street import WAYBILL, Street, access, answering, envelope, stages, track


def test_the_way_is_read_with_the_status_that_pushes_do_not_have(street: Street) -> None:
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.live(60)
    assert stages(street.query(WAYBILL)) == ["picked_up", *["in_transit"] * 3, "out_for_delivery", "signed"]
    assert street.asked("EXP_RECE_SEARCH_ROUTES") == [
        {
            "language": "0",
            "trackingType": "1",
            "trackingNumber": [WAYBILL],
            "methodType": "1",
            "checkPhoneNo": "1111",
        }
    ]


def test_what_is_pushed_and_what_is_pulled_are_the_same_facts(street: Street) -> None:
    street.emulator.control("ship", {"waybill": WAYBILL, "variant": "pickup_point"})
    street.live(80)
    assert street.query(WAYBILL) == street.tower.said(WAYBILL)


def test_a_parcel_that_nobody_scanned_yet_says_nothing(street: Street) -> None:
    assert street.query(WAYBILL) == []


def test_the_end_of_the_phone_is_asked_for(street: Street) -> None:
    street.emulator.control("connect", {"phone_wanted": True})
    street.emulator.control("ship", {"waybill": WAYBILL, "phones": ["1111"]})
    assert stages(street.query(WAYBILL)) == ["picked_up"]
    with pytest.raises(Permanent, match="手机号后四位"):
        adapter.query(street.access(), track(phone="2222"))
    with pytest.raises(Permanent, match="电话后四位不匹配"):
        adapter.query(street.access(), track(phone=""))


@pytest.mark.parametrize("waybill", ["", " ", "SF", "SF1; DROP", "9" * 41, "SF7444407670710\n&a=b", "顺丰"])
def test_what_is_no_number_is_not_sent(waybill: str) -> None:
    with pytest.raises(Permanent, match="不是顺丰单号"):
        adapter.query(access(), track(waybill))


def test_another_courier_s_parcel_is_not_asked_for() -> None:
    with pytest.raises(Permanent, match="不能问顺丰"):
        adapter.query(access(), track("YT9693083639795", carrier="yto"))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("A1001", Permanent),
        ("A1002", Unauthorised),
        ("A1003", Unauthorised),
        ("A1004", Unauthorised),
        ("A1005", Throttled),
        ("A1006", Unauthorised),
        ("A1007", Permanent),
        ("A1008", Permanent),
        ("A1009", Temporary),
        ("A1010", Permanent),
        ("A1099", Temporary),
        ("A1234", Permanent),
        ("", Permanent),
    ],
)
def test_each_word_of_the_gateway_is_the_right_kind_of_no(code: str, kind: type[Exception]) -> None:
    with answering(envelope(code=code, error="为什么")), pytest.raises(kind, match="为什么") as error:
        adapter.query(access(), track())
    assert type(error.value) is kind
    assert error.value.code == (code or "no_code")  # type: ignore[attr-defined]


def test_a_no_inside_is_no_success() -> None:
    with answering(envelope(inside="20001", error="不行")), pytest.raises(Permanent, match="不行") as error:
        adapter.query(access(), track())
    assert error.value.code == "20001"


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_broken_gateway_is_asked_again_later(status: int) -> None:
    with answering(b"<html>", status), pytest.raises(Temporary):
        adapter.query(access(), track())


@pytest.mark.parametrize(
    "changes", [{"partner_id": ""}, {"secrets": {"check_word": ""}}, {"secrets": {"check_word": []}}]
)
def test_without_credentials_nothing_is_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorised, match="顾客编码或校验码"):
        adapter.query(access(**changes), track())


def test_a_wrong_check_word_is_a_matter_for_a_person(street: Street) -> None:
    with pytest.raises(Unauthorised, match="校验码"):
        adapter.query(street.access(secrets={"check_word": "wrong"}), track())


def test_while_the_check_word_changes_the_first_of_two_signs(street: Street) -> None:
    both = [street.emulator.options["check_word"], "old"]
    adapter.query(street.access(secrets={"check_word": both}), track())


@pytest.mark.parametrize(
    "answer",
    [
        {"routeResps": []},
        {"routeResps": [{"mailNo": "SF7000000000001", "routes": []}]},
        {"routeResps": "x"},
        {"routeResps": [{"mailNo": WAYBILL, "routes": 7}]},
        {},
    ],
)
def test_an_answer_about_something_else_is_not_taken(answer: dict[str, Any]) -> None:
    with answering(envelope(answer)), pytest.raises(Permanent):
        adapter.query(access(), track())


def test_faults_of_the_gateway_are_temporary_or_throttle(street: Street) -> None:
    for fault, kind in (("fail", Temporary), ("html", Temporary), ("lose_answer", Temporary), ("throttle", Throttled)):
        street.emulator.control("faults", {fault: 1})
        with pytest.raises(kind):
            adapter.query(street.access(), track())
