"""The emulated 丰桥 is strict where the real one is, remembers, and misbehaves on request."""

import base64
import hashlib
import json
import uuid
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from integrations.carriers.sf.emulator import DEFAULTS, SfEmulator
from integrations.carriers.sf.emulator_parcels import PLANS
from integrations.emulation import Request, World
from orders.clock import FixedClock
from tests.integrations.sf.street import RECEIVER, SENDER, WAYBILL, Street, built, stages

FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}


@pytest.fixture
def emulator(clock: FixedClock) -> SfEmulator:
    made = World().add(SfEmulator)
    assert isinstance(made, SfEmulator)
    return made


def ask(emulator: SfEmulator, service: str, message: Any, **changes: str) -> dict[str, Any]:
    """Signed with Java's rules written out by hand: these messages hold no sign that Python encodes otherwise."""
    text = message if isinstance(message, str) else json.dumps(message)
    word = str(emulator.options["check_word"])
    encoded = quote_plus(text + "1700000000000" + word)
    form = {
        "partnerID": DEFAULTS["partner_id"],
        "requestID": str(uuid.uuid4()),
        "serviceCode": service,
        "timestamp": "1700000000000",
        "msgData": text,
        "msgDigest": base64.b64encode(hashlib.md5(encoded.encode()).digest()).decode(),
    } | changes
    body = urlencode(form).encode()
    request = Request(method="POST", path="/std/service", query_string="", headers=FORM, body=body)
    found: dict[str, Any] = json.loads(emulator.handle(request).body)
    return found


def inside(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer["apiResultData"])
    return found


def order(order_id: str = "SO1", **changes: Any) -> dict[str, Any]:
    people = [
        {"contactType": 1, **SENDER},
        {"contactType": 2, "contact": RECEIVER.name, "mobile": RECEIVER.phone, "address": RECEIVER.address},
    ]
    made = {"orderId": order_id, "cargoDetails": [{"name": "x"}], "contactInfoList": people, "payMethod": 1}
    return made | {"monthlyCard": DEFAULTS["monthly_card"]} | changes


# The protocol -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "A1000"),
        ({"msgDigest": "x"}, "A1006"),
        ({"timestamp": "1700000000001"}, "A1006"),
        ({"partnerID": "other"}, "A1004"),
        ({"serviceCode": "EXP_RECE_UNKNOWN"}, "A1004"),
        ({"requestID": ""}, "A1001"),
        ({"msgData": ""}, "A1001"),
    ],
)
def test_a_call_is_checked_at_the_gateway(emulator: SfEmulator, changes: dict[str, str], code: str) -> None:
    assert ask(emulator, "EXP_RECE_SEARCH_ORDER_RESP", {"orderId": "SO1"}, **changes)["apiResultCode"] == code


def test_a_request_id_counts_once(emulator: SfEmulator) -> None:
    for code in ("A1000", "A1007"):
        found = ask(emulator, "EXP_RECE_SEARCH_ORDER_RESP", {"orderId": "SO1"}, requestID="same")
        assert found["apiResultCode"] == code


def test_only_a_posted_form_to_the_service_counts(emulator: SfEmulator) -> None:
    request = {"query_string": "", "headers": FORM, "body": b""}
    assert emulator.handle(Request(method="GET", path="/", **request)).status == 404  # type: ignore[arg-type]
    answer = emulator.handle(Request(method="GET", path="/std/service", **request))  # type: ignore[arg-type]
    assert json.loads(answer.body)["apiResultCode"] == "A1001"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "S0000"),
        ({"orderId": ""}, "20001"),
        ({"cargoDetails": []}, "20001"),
        ({"contactInfoList": []}, "20001"),
        ({"contactInfoList": [{"contactType": 1}, {"contactType": 2}]}, "20001"),
        ({"monthlyCard": "0"}, "20001"),
    ],
)
def test_an_order_is_checked(emulator: SfEmulator, changes: dict[str, Any], code: str) -> None:
    assert inside(ask(emulator, "EXP_RECE_CREATE_ORDER", order(**changes)))["errorCode"] == code


def test_an_order_id_is_used_up_for_ever(emulator: SfEmulator) -> None:
    codes = [inside(ask(emulator, "EXP_RECE_CREATE_ORDER", order()))["errorCode"] for _ in range(2)]
    assert inside(ask(emulator, "EXP_RECE_UPDATE_ORDER", {"orderId": "SO1", "dealType": 2}))["errorCode"] == "S0000"
    assert inside(ask(emulator, "EXP_RECE_UPDATE_ORDER", {"orderId": "SO1", "dealType": 2}))["errorCode"] == "8037"
    codes.append(inside(ask(emulator, "EXP_RECE_CREATE_ORDER", order()))["errorCode"])
    assert codes == ["S0000", "8016", "8016"]


def test_routes_are_shown_for_at_most_ten_numbers_and_by_order_as_well(emulator: SfEmulator) -> None:
    made = inside(ask(emulator, "EXP_RECE_CREATE_ORDER", order()))["msgData"]
    number = made["waybillNoInfoList"][0]["waybillNo"]
    emulator.control("ship", {"waybill": number})
    for kind, name in (("1", number), ("2", "SO1")):
        question = {"trackingType": kind, "trackingNumber": [name]}
        [found] = inside(ask(emulator, "EXP_RECE_SEARCH_ROUTES", question))["msgData"]["routeResps"]
        assert [route["opCode"] for route in found["routes"]] == ["50"]
    for numbers in ([], ["SF1"] * 11, "SF1"):
        question = {"trackingType": "1", "trackingNumber": numbers}
        assert inside(ask(emulator, "EXP_RECE_SEARCH_ROUTES", question))["success"] is False


# Pushes -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("variant", sorted(PLANS))
def test_every_way_is_pushed_step_by_step_and_understood(street: Street, variant: str) -> None:
    street.emulator.control("ship", {"waybill": WAYBILL, "variant": variant})
    street.live(80)
    said = street.tower.said(WAYBILL)
    assert len(said) == len(PLANS[variant])
    assert "unknown" not in stages(said)
    assert len(street.journal("sent")) == len(street.journal("row"))


def test_without_an_address_nothing_is_pushed(clock: FixedClock) -> None:
    with built(clock, push_url="") as street:
        street.emulator.control("ship", {"waybill": WAYBILL})
        street.live(60)
        assert street.tower.kept == []
        assert len(street.query(WAYBILL)) == 6


def test_an_ordered_parcel_travels_by_itself_in_auto(clock: FixedClock) -> None:
    with built(clock, auto=True, pick_up_seconds=30) as street:
        number = street.order()
        street.live(29)
        assert street.tower.kept == []
        street.live(60)
        assert stages(street.tower.said(number))[-1] == "signed"


def test_a_push_that_is_not_taken_comes_again_and_is_given_up_in_the_end(street: Street) -> None:
    street.tower.broken = [(500, b""), (200, b"<html>"), (200, b'{"return_code":"1000"}')]
    street.emulator.control("say", {"waybill": WAYBILL, "code": "50"})
    street.live(400)
    assert [entry["done"] for entry in street.journal("sent")] == [False, False, False, True]
    street.tower.broken = [(500, b"")] * 9
    street.emulator.control("say", {"waybill": WAYBILL, "code": "44"})
    street.live(400)
    assert len(street.journal("given_up")) == 1
    assert street.emulator.messenger.undelivered == 0


@pytest.mark.parametrize("fault", ["repeat", "reorder", "delay"])
def test_repeats_and_wrong_orders_end_in_the_same_facts(clock: FixedClock, fault: str) -> None:
    with built(clock) as quiet:
        quiet.emulator.control("ship", {"waybill": WAYBILL})
        quiet.live(100)
        expected = stages(quiet.tower.said())
    with built(clock) as street:
        street.emulator.control("faults", {fault: 0.8, "seed": 3})
        street.emulator.control("ship", {"waybill": WAYBILL})
        street.live(100)
        assert stages(street.tower.said()) == expected


def test_dropped_pushes_are_in_the_journal_and_found_by_asking(street: Street) -> None:
    street.emulator.control("faults", {"drop": 1})
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.live(60)
    assert street.tower.kept == []
    assert len(street.journal("dropped")) == 6
    assert len(street.query(WAYBILL)) == 6


# The hand -----------------------------------------------------------------------------------------------------------
def test_a_parcel_can_be_turned_stopped_and_pushed_again(street: Street) -> None:
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.emulator.control("pause", {"waybill": WAYBILL})
    street.live(30)
    assert stages(street.tower.said()) == ["picked_up"]
    street.emulator.control("variant", {"waybill": WAYBILL, "variant": "refused"})
    street.live(60)
    assert stages(street.tower.said(WAYBILL))[-3:] == ["refused", "returning", "returning"]
    before = len(street.tower.kept)
    street.emulator.control("push", {"waybill": WAYBILL, "repeat": 2})
    street.emulator.control("raw", {"text": '{"Body":{"WaybillRoute":[]}}'})
    street.live(1)
    assert len(street.tower.kept) == before + 2
    assert {one["variant"] for one in street.emulator.control("parcels", {})} == {"refused", "back"}


@pytest.mark.parametrize(
    ("command", "data", "error"),
    [
        ("variant", {"waybill": "SF7000000000009", "variant": "signed"}, ValueError),
        ("ship", {"waybill": WAYBILL, "variant": "lucky"}, ValueError),
        ("say", {"waybill": WAYBILL, "code": "50", "time": "2026-11-11T00:00:00"}, ValueError),
        ("connect", {"no_such": 1}, ValueError),
        ("no_such", {}, KeyError),
    ],
)
def test_a_wrong_command_says_so(street: Street, command: str, data: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        street.emulator.control(command, data)


def test_the_page_shows_parcels_and_escapes_what_strangers_wrote(street: Street) -> None:
    street.order()
    street.emulator.control("say", {"waybill": WAYBILL, "code": "50", "remark": "<script>1</script>"})
    page = street.emulator.page()
    assert WAYBILL in page
    assert "无路由" in page
    assert "<script>" not in page
