"""`POST scans/`: a verdict for each, in order; a scan that cannot be read is its own matter."""

import json
from itertools import count
from typing import Any

import pytest
from django.test import Client

from orders import clock
from orders.lifecycle import CauseKind, Role
from orders.models import Event, Label, Order, Parcel, Scan
from orders.services.keys import SCOPES
from orders.services.labels import waybill_issued
from orders.services.packing import LARGEST_WAVE
from orders.vocabulary import Cause
from tests.api.conftest import Caller, World, person, program
from tests.orders import factories

_nonces = count(1)


def scan(code: str = "", act: str = "look", **more: Any) -> dict[str, Any]:
    nonce = f"5f0c9f5e-{next(_nonces):08}"
    now = clock.now().isoformat()
    return {"nonce": nonce, "code": code, "act": act, "station": "A3", "device": "PDA-1", "scanned_at": now, **more}


def taken(caller: Caller, *scans: dict[str, Any]) -> list[dict[str, Any]]:
    answer = caller.post("scans/", {"scans": list(scans)})
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def waybill(parcel: Parcel) -> str:
    return Label.objects.get(parcel=parcel).waybill


def issued(world: World, parcel: Parcel) -> Label:
    assert world.program.post(f"parcels/{parcel.pk}/waybill/", {"carrier": "sf"}).status_code == 202
    label = Label.objects.get(parcel=parcel)
    courier = Cause(kind=CauseKind.SYSTEM, source="取号")
    assert waybill_issued(label.pk, carrier="sf", waybill="SF7777777777", cause=courier).ok
    label.refresh_from_db()
    return label


def test_a_person_with_a_session_takes_a_parcel_from_the_bench_to_the_courier(world: World) -> None:
    parcel = world.parcel()
    lead, shipper = (person(world.member(role)) for role in (Role.WAREHOUSE_LEAD, Role.SHIPPER))
    [packed] = taken(lead, scan(parcel.number, "pack"))
    assert (packed["verdict"], packed["word"], packed["parcel"]["state"]) == ("pass", "通过", "packed")
    label = issued(world, parcel)
    [printed] = taken(shipper, scan(label.waybill, "print", printer="P1"))
    assert (printed["print"]["granted"], printed["print"]["waybill"]) == (True, label.waybill)
    result = shipper.post(f"print-requests/{printed['print']['id']}/result/", {"outcome": "printed"})
    assert result.status_code == 200
    [shipped] = taken(shipper, scan(label.waybill, "ship"))
    assert (shipped["verdict"], shipped["parcel"]["state"], shipped["allowed"]) == ("pass", "shipped", ["look"])
    assert Order.objects.get().state == "shipped"
    assert Event.objects.get(verb="ship").cause == f"scan:{shipped['nonce']}"


def test_scans_are_answered_in_their_order_and_a_repeat_within_a_batch_is_one(world: World) -> None:
    parcel = world.printable()
    first, second = scan(waybill(parcel), "ship"), scan(waybill(parcel), "ship")
    answers = taken(world.as_a(Role.SHIPPER), first, scan("NOBODY"), first, second)
    assert [(each["verdict"], each["repeat"]) for each in answers] == [
        ("pass", False), ("wrong", False), ("pass", True), ("same", False),
    ]  # fmt: skip
    assert [each["nonce"] for each in answers] == [first["nonce"], answers[1]["nonce"], first["nonce"], second["nonce"]]
    assert Scan.objects.count() == 3


def test_a_key_acts_as_whom_it_speaks_for(world: World) -> None:
    parcel = world.parcel()
    [refused] = taken(world.program, scan(parcel.number, "pack"))
    assert (refused["verdict"], refused["code"]) == ("stop", "role")
    [packed] = taken(world.as_a(Role.WAREHOUSE_LEAD), scan(parcel.number, "pack"))
    assert packed["verdict"] == "pass"
    rows = Scan.objects.order_by("pk").values_list("verdict", "station", "device", "user__groups__name")
    assert [tuple(row) for row in rows] == [
        ("stop", "A3", "PDA-1", None),
        ("pass", "A3", "PDA-1", Role.WAREHOUSE_LEAD.value),
    ]


def test_a_key_for_another_shop_of_the_company_knows_nothing_of_it(world: World) -> None:
    parcel = world.printable()
    limited = program(world.company, shops=[factories.shop(world.company)])
    for code in (parcel.number, waybill(parcel), waybill(parcel)[:-1]):
        [answer] = taken(limited, scan(code))
        assert (answer["code"], answer["parcel"]) == ("unknown_code", None)


def test_a_stranger_learns_nothing(world: World, stranger: World) -> None:
    parcel = world.printable()
    callers = [stranger.program, stranger.as_a(Role.SHIPPER), person(stranger.member(Role.WAREHOUSE_LEAD))]
    for caller in callers:
        for act in ("look", "check", "pack", "print", "ship"):
            strange, unknown = taken(caller, scan(waybill(parcel), act), scan("NOBODY-KNOWS-THIS", act))
            same = {name: unknown[name] for name in ("nonce", "seen")}
            assert {**strange, **same} == unknown
    assert not Scan.objects.filter(company=world.company).exists()
    assert Parcel.objects.get(pk=parcel.pk).state == "packed"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"nonce": None}, "nonce"),
    ({"nonce": ""}, "nonce"),
    ({"nonce": "n" * 65}, "nonce"),
    ({"nonce": 7}, "nonce"),
    ({"nonce": "a\x00b"}, "nonce"),
    ({"code": None}, "code"),
    ({"code": ""}, "code"),
    ({"code": " \r\n\x1d"}, "code"),
    ({"code": 6901234567892}, "code"),
    ({"code": "1" * 301}, "code"),
    ({"code": "a\x00b"}, "code"),
    ({"code": "\ud800"}, "code"),
    ({"act": "steal"}, "act"),
    ({"act": None}, "act"),
    ({"act": ["look"]}, "act"),
    ({"station": "s" * 61}, "station"),
    ({"device": "d" * 61}, "device"),
    ({"printer": 1}, "printer"),
    ({"scanned_at": "2026-11-11T00:00:00"}, "scanned_at"),
    ({"scanned_at": "yesterday"}, "scanned_at"),
    ({"scanned_at": "0001-01-01T00:00:00+00:00"}, "scanned_at"),
    ({"scanned_at": 1762790400}, "scanned_at"),
    ({"parcel": "1"}, "parcel"),
    ({"parcel": 0}, "parcel"),
    ({"parcel": True}, "parcel"),
    ({"parcel": 2**63}, "parcel"),
    ({"codes": ["A"]}, "codes"),
    ({"act": "pack", "codes": ["A"]}, "code"),
    ({"act": "pack", "code": "", "codes": []}, "code"),
    ({"act": "pack", "code": "", "codes": "ABC"}, "codes"),
    ({"act": "pack", "code": "", "codes": [""]}, "codes[0]"),
    ({"act": "pack", "code": "", "codes": [None]}, "codes[0]"),
    ({"act": "pack", "code": "", "codes": ["A"] * (LARGEST_WAVE + 1)}, "codes"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD, ids=[f"{place} {field}" for place, (_, field) in enumerate(BAD)])
def test_a_scan_that_cannot_be_read_does_nothing_and_does_not_stop_the_others(
    world: World, wrong: dict[str, Any], field: str
) -> None:
    parcel = world.printable()
    good = scan(waybill(parcel))
    before = Event.objects.count()
    [bad, fine] = taken(world.program, {**scan(parcel.number), **wrong}, good)
    assert (bad["verdict"], bad["code"], list(bad["errors"])) == ("wrong", "invalid", [field])
    assert (fine["verdict"], fine["nonce"]) == ("pass", good["nonce"])
    assert (Scan.objects.count(), Event.objects.count()) == (1, before)


@pytest.mark.parametrize("missing", ["nonce", "act", "scanned_at"])
def test_what_a_scan_must_say(world: World, missing: str) -> None:
    said = scan("A")
    said.pop(missing)
    [answer] = taken(world.program, said)
    assert (answer["code"], list(answer["errors"])) == ("invalid", [missing])


@pytest.mark.parametrize(
    "body",
    [{}, {"scans": []}, {"scans": {}}, {"scans": "A"}, {"scans": ["A"]}, {"scans": [None]}, [], None, {"scan": []}],
    ids=str,
)
def test_what_is_no_batch_of_scans_is_refused_whole(world: World, body: Any) -> None:
    answer = world.program.post("scans/", body if body is not None else {"scans": None})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")


def test_a_batch_has_at_most_a_hundred(world: World) -> None:
    assert len(taken(world.program, *[scan("NOBODY") for _ in range(100)])) == 100
    answer = world.program.post("scans/", {"scans": [scan("A") for _ in range(101)]})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["scans"])
    assert Scan.objects.count() == 100


def test_a_session_needs_the_csrf_token_to_scan(world: World) -> None:
    caller = Caller(client=Client(enforce_csrf_checks=True))
    caller.client.force_login(world.member(Role.SHIPPER))
    answer = caller.post("scans/", {"scans": [scan("A")]})
    assert (answer.status_code, Scan.objects.count()) == (403, 0)


def test_without_key_and_session_nothing_is_scanned(world: World) -> None:
    assert Caller().post("scans/", {"scans": [scan("A")]}).status_code == 401
    others = program(world.company, scopes=[name for name in SCOPES if name != "scans:write"])
    assert others.post("scans/", {"scans": [scan("A")]}).json()["code"] == "scope"
    assert not Scan.objects.exists()


def test_the_answer_speaks_the_workers_language(world: World) -> None:
    world.printable()
    body = json.dumps({"scans": [scan("NOBODY")]})
    headers = {**world.program.headers, "Accept-Language": "zh-hans"}
    answer = world.program.client.post("/api/v1/scans/", body, content_type="application/json", headers=headers)
    assert answer.json()["results"][0]["word"] == "不认识"
