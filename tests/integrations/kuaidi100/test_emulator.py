"""The emulated 快递100 is strict where the real one is, remembers, and misbehaves on request."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.carriers.kuaidi100.emulator import DEFAULTS, Kuaidi100Emulator
from integrations.carriers.kuaidi100.emulator_parcels import PLANS
from integrations.emulation import Request, World
from integrations.errors import Permanent, Temporary
from orders.clock import FixedClock
from tests.integrations.kuaidi100.street import HOOK, WAYBILL, Street, built, wish

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WAY = ["label_created", "picked_up", "in_transit", "in_transit", "in_transit", "out_for_delivery", "signed"]


def post(emulator: Kuaidi100Emulator, path: str, form: dict[str, str], **changes: Any) -> dict[str, Any]:
    request = {"method": "POST", "query_string": "", "headers": FORM, "body": urlencode(form).encode()} | changes
    found: dict[str, Any] = json.loads(emulator.handle(Request(path=path, **request)).body)
    return found


def subscription(**changes: Any) -> dict[str, str]:
    parameters = {"callbackurl": HOOK, "salt": "s", "resultv2": "4"} | changes.pop("parameters", {})
    param = {"company": "yuantong", "number": WAYBILL, "key": DEFAULTS["key"], "parameters": parameters} | changes
    return {"schema": "json", "param": json.dumps(param)}


def question(**changes: str) -> dict[str, str]:
    param = json.dumps({"com": "yuantong", "num": WAYBILL, "phone": "1111", "resultv2": "4"} | changes)
    sign = hashlib.md5((param + DEFAULTS["key"] + DEFAULTS["customer"]).encode()).hexdigest().upper()
    return {"customer": DEFAULTS["customer"], "sign": sign, "param": param}


@pytest.fixture
def emulator(clock: FixedClock) -> Kuaidi100Emulator:
    made = World().add(Kuaidi100Emulator)
    assert isinstance(made, Kuaidi100Emulator)
    return made


# The protocol -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "700"),
        ({"schema": "json", "param": "{"}, "700"),
        (subscription() | {"schema": "xml"}, "700"),
        (subscription(key="x"), "600"),
        (subscription(number=""), "700"),
        (subscription(number="9" * 33), "700"),
        (subscription(company=""), "702"),
        (subscription(company="yto"), "701"),
        (subscription(parameters={"callbackurl": ""}), "700"),
        (subscription(), "200"),
    ],
)
def test_a_subscription_is_checked(emulator: Kuaidi100Emulator, form: dict[str, str], code: str) -> None:
    assert post(emulator, "/poll", form)["returnCode"] == code


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "400"),
        (question() | {"customer": "x"}, "400"),
        (question() | {"sign": "0" * 32}, "503"),
        (question(com="nobody"), "400"),
        (question(num=""), "400"),
        (question(com="shunfeng", phone=""), "408"),
        (question(), "500"),
    ],
)
def test_a_query_is_checked(emulator: Kuaidi100Emulator, form: dict[str, str], code: str) -> None:
    assert post(emulator, "/poll/query.do", form)["returnCode"] == code


def test_only_a_posted_form_counts(emulator: Kuaidi100Emulator) -> None:
    assert post(emulator, "/poll", subscription(), method="GET")["returnCode"] == "400"
    assert post(emulator, "/poll", subscription(), headers={"Content-Type": "application/json"})["returnCode"] == "400"
    assert emulator.handle(Request(method="POST", path="/", query_string="", headers=FORM, body=b"")).status == 404


def test_a_second_subscription_is_501_and_after_an_end_four_a_month_are_taken(street: Street) -> None:
    codes = []
    for _ in range(6):
        codes.append(post(street.emulator, "/poll", subscription())["returnCode"])
        codes.append(post(street.emulator, "/poll", subscription())["returnCode"])
        street.emulator.control("abort", {"waybill": WAYBILL})
        street.clock.advance(minutes=29)
        codes.append(post(street.emulator, "/poll", subscription())["returnCode"])
        street.clock.advance(minutes=2)
    assert codes == ["200", "501", "501"] * 4 + ["700", "700", "501"] + ["700", "700", "501"]


def test_a_number_that_is_asked_about_twice_within_half_an_hour_is_locked(street: Street) -> None:
    street.emulator.control("connect", {"lock_seconds": 1800})
    street.emulator.control("say", {"waybill": WAYBILL, "code": "103"})
    assert "data" in post(street.emulator, "/poll/query.do", question())
    street.clock.advance(minutes=29)
    assert "锁定" in post(street.emulator, "/poll/query.do", question())["message"]
    street.clock.advance(minutes=31)
    assert "data" in post(street.emulator, "/poll/query.do", question())


def test_a_quota_ends(street: Street) -> None:
    street.emulator.control("connect", {"quota": 1})
    street.emulator.control("say", {"waybill": WAYBILL, "code": "103"})
    street.query()
    with pytest.raises(Permanent, match="用完"):
        street.query()


@pytest.mark.parametrize(
    ("resultv2", "present", "absent"),
    [("", {"time", "ftime", "context"}, {"status", "statusCode"}), ("1", {"status"}, {"statusCode"}),
     ("4", {"status", "statusCode"}, set())],
)  # fmt: skip
def test_rows_say_as_much_as_was_asked_for(street: Street, resultv2: str, present: set[str], absent: set[str]) -> None:
    street.emulator.control("pick_up", {"waybill": WAYBILL})
    row = post(street.emulator, "/poll/query.do", question(resultv2=resultv2))["data"][0]
    assert present <= row.keys()
    assert not absent & row.keys()


def test_pushes_are_signed_with_the_subscriptions_own_salt(street: Street) -> None:
    street.subscribe(salt="one")
    street.subscribe(wish(waybill="YT0000000000002"), salt=None)
    for waybill in (WAYBILL, "YT0000000000002"):
        street.emulator.control("pick_up", {"waybill": waybill})
    street.live(3)
    bodies = [str(call.request.body) for call in street.mock.calls if str(call.request.url) == HOOK]
    assert len([body for body in bodies if "sign=" in body]) == 2
    assert len(bodies) > 2
    assert set(street.tower.refused) == {"the signature does not fit", "no sign"}


# A parcel's life ----------------------------------------------------------------------------------------------------
def test_a_parcel_goes_its_way_and_the_tower_hears_every_step_once(street: Street) -> None:
    street.subscribe()
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.live(60)
    assert street.tower.stages() == WAY
    assert [one["done"] for one in street.journal("sent")] == [True] * len(WAY)
    assert street.emulator.control("parcels", {})[0]["subscription"] == "shutdown"
    assert street.tower.refused == []


def test_by_itself_a_subscribed_parcel_waits_for_the_courier_and_then_goes(clock: FixedClock) -> None:
    with built(clock, auto=True, step_seconds=2, pick_up_seconds=30) as street:
        street.subscribe()
        street.live(20)
        assert street.tower.stages() == ["label_created"]
        street.live(40)
        assert street.tower.stages() == WAY


def test_without_being_told_nothing_moves(street: Street) -> None:
    street.subscribe()
    street.live(60)
    assert street.tower.kept == []


def test_a_parcel_that_was_on_its_way_before_it_was_subscribed_is_pushed_whole(street: Street) -> None:
    street.emulator.control("pick_up", {"waybill": WAYBILL})
    street.live(8)
    street.subscribe()
    street.live(1)
    assert street.tower.stages()[:2] == ["label_created", "picked_up"]


@pytest.mark.parametrize(
    ("variant", "ending"),
    [
        ("signed", ["out_for_delivery", "signed"]),
        ("pickup_point", ["out_for_delivery", "at_pickup_point", "signed"]),
        ("refused", ["out_for_delivery", "refused", "returning", "in_transit", "returned"]),
        ("returning", ["returning", "in_transit", "returned"]),
        ("exception", ["out_for_delivery", "exception"]),
        ("signed_after_exception", ["exception", "out_for_delivery", "signed"]),
        ("cancelled", ["label_created", "cancelled"]),
        ("redirected", ["in_transit", "in_transit", "out_for_delivery", "signed"]),
        ("lost", ["picked_up", "in_transit", "in_transit"]),
    ],
)
def test_every_variant_ends_as_its_name_says(street: Street, variant: str, ending: list[str]) -> None:
    street.subscribe()
    street.emulator.control("ship", {"waybill": WAYBILL, "variant": variant})
    street.live(90)
    assert street.tower.stages()[-len(ending) :] == ending


def test_every_variant_was_tried() -> None:
    tried = {"signed", "pickup_point", "refused", "returning", "exception", "signed_after_exception", "cancelled"}
    assert PLANS.keys() == tried | {"redirected", "lost"}


def test_a_parcel_may_change_its_mind_on_the_way(street: Street) -> None:
    street.subscribe()
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.live(14)
    street.emulator.control("variant", {"waybill": WAYBILL, "variant": "refused"})
    street.live(90)
    assert street.tower.stages() == [*WAY[:-1], "refused", "returning", "in_transit", "returned"]


def test_an_unknown_variant_or_parcel_or_option_is_an_error(street: Street) -> None:
    with pytest.raises(ValueError, match="variant"):
        street.emulator.control("ship", {"waybill": WAYBILL, "variant": "stolen"})
    with pytest.raises(ValueError, match="no parcel"):
        street.emulator.control("pause", {"waybill": "YT0"})
    with pytest.raises(ValueError, match="no option"):
        street.emulator.control("connect", {"speed": 1})
    with pytest.raises(KeyError):
        street.emulator.control("teleport", {})


def test_a_paused_parcel_stands_still(street: Street) -> None:
    street.subscribe()
    street.emulator.control("pick_up", {"waybill": WAYBILL})
    street.emulator.control("pause", {"waybill": WAYBILL})
    street.live(60)
    assert street.tower.stages() == WAY[:2]


def test_an_abort_and_another_courier_reach_the_tower_as_notices(street: Street) -> None:
    street.subscribe()
    street.emulator.control("company", {"waybill": WAYBILL, "company": "zhongtong"})
    street.emulator.control("abort", {"waybill": WAYBILL})
    street.live(2)
    assert [message.kind for message in street.tower.kept].count("notice") == 3
    assert street.tower.said() == {}


# Pushing ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "broken", [(500, b"oops"), (200, b"ok"), (200, b'{"result":true,"returnCode":"200","message":"ok"}')]
)
def test_a_push_that_is_not_answered_in_their_words_comes_three_times_more(
    street: Street, broken: tuple[int, bytes]
) -> None:
    street.subscribe()
    street.emulator.control("say", {"waybill": WAYBILL, "code": "103"})
    street.tower.broken = [broken] * 9
    street.live(4 * 3600, step=60)
    assert [one["attempt"] for one in street.journal("sent")] == [1, 2, 3, 4]
    assert len(street.journal("given_up")) == 1
    assert street.emulator.messenger.undelivered == 0


def test_the_next_push_brings_what_a_lost_one_would_have_brought(street: Street) -> None:
    street.subscribe()
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.tower.broken = [(500, b"")] * 3
    street.live(60)
    assert street.tower.stages() == WAY


# Misbehaviour -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "faults",
    [
        {"repeat": 1.0},
        {"repeat_rows": 1.0},
        {"reorder": 0.5},
        {"delay": 0.5, "delay_seconds": 20},
        {"drop": 0.5, "seed": 3},
        {"bad_signature": 1.0},
        {"repeat": 0.5, "repeat_rows": 0.5, "reorder": 0.5, "drop": 0.2, "bad_signature": 0.5, "seed": 11},
    ],
    ids=str,
)
def test_whatever_happens_to_pushes_the_tower_ends_with_the_same_facts(street: Street, faults: dict[str, Any]) -> None:
    street.subscribe()
    street.emulator.control("faults", faults)
    street.emulator.control("ship", {"waybill": WAYBILL})
    street.live(120)
    # The last word may have been lost: then nobody but the query knows it.
    street.emulator.control("faults", {})
    street.emulator.control("push", {"waybill": WAYBILL})
    street.live(2)
    assert street.tower.stages() == WAY
    assert all(not entry["done"] for entry in street.journal("forged"))


def test_a_seed_repeats_a_day(clock: FixedClock) -> None:
    days = []
    for _ in range(2):
        with built(clock, seed=5) as street:
            street.subscribe()
            street.emulator.control("faults", {"drop": 0.5})
            street.emulator.control("ship", {"waybill": WAYBILL})
            street.live(60)
            days.append([entry["kind"] for entry in street.emulator.journal.entries()])
    assert days[0] == days[1]
    assert "dropped" in days[0]


def test_a_forged_signature_of_delivery_is_refused(street: Street) -> None:
    street.subscribe()
    street.emulator.control("pick_up", {"waybill": WAYBILL})
    street.emulator.control("pause", {"waybill": WAYBILL})
    street.emulator.control("forge", {"waybill": WAYBILL})
    street.live(5)
    assert street.tower.stages() == WAY[:2]
    (forged,) = street.journal("forged")
    assert "签名错误" in forged["answer"]


def test_clocks_hours_ahead_move_nothing_until_their_time_has_come(street: Street) -> None:
    street.subscribe()
    street.emulator.control("faults", {"future": 1.0})
    street.emulator.control("say", {"waybill": WAYBILL, "code": "301", "context": "已签收"})
    street.live(2)
    assert street.tower.said() == {}
    assert [message.kind for message in street.tower.kept] == ["push", "notice"]
    street.clock.advance(hours=3)
    street.emulator.control("push", {"waybill": WAYBILL})
    street.live(1)
    assert street.tower.stages() == ["signed"]


@pytest.mark.parametrize("fault", ["html", "fail", "throttle", "lose_answer"])
def test_answers_that_are_none_are_temporary(street: Street, fault: str) -> None:
    street.emulator.control("faults", {fault: 1.0})
    for act in (street.subscribe, street.query):
        if fault == "lose_answer" and act == street.query:
            street.emulator.control("say", {"waybill": WAYBILL, "code": "103"})
        with pytest.raises(Temporary):
            act()


def test_after_a_lost_answer_the_second_subscription_is_known_and_the_parcel_is_followed(street: Street) -> None:
    street.emulator.control("faults", {"lose_answer": 1.0})
    with pytest.raises(Temporary):
        street.subscribe()
    street.emulator.control("faults", {})
    street.subscribe()
    street.emulator.control("pick_up", {"waybill": WAYBILL})
    street.live(1)
    assert street.tower.stages() == WAY[:2]


def test_the_page_shows_parcels_and_escapes_what_they_say(street: Street) -> None:
    street.subscribe()
    street.emulator.control("say", {"waybill": WAYBILL, "code": "103", "context": "<script>alert(1)</script>"})
    page = street.emulator.page()
    assert WAYBILL in page
    assert "监控中" in page
    assert "<script>" not in page
