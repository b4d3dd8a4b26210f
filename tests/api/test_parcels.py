"""Parcels through the API, and the print guard: one grant a label, whatever the door."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from orders.clock import FixedClock
from orders.lifecycle import HoldReason, Role
from orders.models import Hold, Label, Order, Parcel, PrintAttempt
from tests.api.conftest import Caller, World, program
from tests.orders import factories


def test_only_the_lead_packs_and_the_refusal_says_so(world: World) -> None:
    parcel = world.parcel()
    refused = world.as_a(Role.SHIPPER).post(f"parcels/{parcel.pk}/moves/", {"move": "pack"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role")
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["role"]
    assert Parcel.objects.get(pk=parcel.pk).state == "to_pick"
    lead = world.as_a(Role.WAREHOUSE_LEAD)
    answer = lead.post(f"parcels/{parcel.pk}/moves/", {"move": "pack", "weight": "0.42"})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["weight"]) == ("packed", "0.420")
    assert answer.json()["event"]


def test_a_waybill_is_asked_for_and_shown_once_it_is_there(world: World) -> None:
    parcel = world.parcel()
    early = world.program.post(f"parcels/{parcel.pk}/waybill/", {"carrier": "sf"})
    assert (early.status_code, early.json()["code"]) == (409, "illegal_move")
    world.as_a(Role.WAREHOUSE_LEAD).post(f"parcels/{parcel.pk}/moves/", {"move": "pack"})
    asked = world.program.post(f"parcels/{parcel.pk}/waybill/", {"carrier": "sf"})
    assert asked.status_code == 202
    assert asked.json()["label"]["state"] == "requested"
    twice = world.program.post(f"parcels/{parcel.pk}/waybill/", {"carrier": "sf"})
    assert (twice.status_code, twice.json()["code"]) == (409, "illegal_move")
    shown = world.program.get(f"parcels/{parcel.pk}/").json()
    assert (shown["waybill"], shown["label"]["state"]) == ("", "requested")


def test_a_print_is_granted_once_and_the_second_holds_the_order(world: World) -> None:
    parcel = world.printable()
    first, second = world.as_a(Role.SHIPPER), world.as_a(Role.PICKER)
    granted = first.post(f"parcels/{parcel.pk}/print-requests/", {"station": "A3", "printer": "P1"})
    assert granted.status_code == 201
    out = granted.json()
    assert (out["granted"], out["copy"]) == (True, 1)
    refused = second.post(f"parcels/{parcel.pk}/print-requests/", {"station": "B1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_print")
    hold = Hold.objects.get(reason=HoldReason.DUPLICATE_PRINT)
    assert refused.json()["hold"] == hold.pk
    assert refused.json()["holds"] == [hold.pk]
    assert world.program.get(f"parcels/{parcel.pk}/").json()["held"] is True
    assert PrintAttempt.objects.filter(outcome="granted").count() == 1


def test_many_programs_at_once_get_one_grant(world: World) -> None:
    parcel = world.printable()
    callers = [program(world.company) for _ in range(6)]

    def ask(caller: Caller) -> int:
        try:
            status: int = caller.post(f"parcels/{parcel.pk}/print-requests/", {"station": "A3"}).status_code
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(ask, callers))
    assert statuses == [201, 409, 409, 409, 409, 409]
    assert PrintAttempt.objects.filter(outcome="granted").count() == 1


def test_the_result_of_a_print_is_taken_once(world: World) -> None:
    parcel = world.printable()
    attempt = world.program.post(f"parcels/{parcel.pk}/print-requests/").json()["id"]
    for code in ("done", "repeat"):
        answer = world.program.post(f"print-requests/{attempt}/result/", {"outcome": "printed"})
        assert (answer.status_code, answer.json()["code"], answer.json()["label"]["state"]) == (200, code, "printed")
    late = world.program.post(f"print-requests/{attempt}/result/", {"outcome": "failed"})
    assert (late.json()["code"], late.json()["label"]["state"]) == ("stale_fact", "printed")


def test_an_unknown_result_goes_to_review(world: World) -> None:
    parcel = world.printable()
    attempt = world.program.post(f"parcels/{parcel.pk}/print-requests/").json()["id"]
    assert world.program.post(f"print-requests/{attempt}/result/", {"outcome": "unknown"}).status_code == 200
    assert Hold.objects.get().reason == HoldReason.PRINT_UNKNOWN
    assert Order.objects.get().held


def test_a_refused_attempt_has_no_result(world: World) -> None:
    parcel = world.printable()
    world.program.post(f"parcels/{parcel.pk}/print-requests/")
    world.program.post(f"parcels/{parcel.pk}/print-requests/")
    refused = PrintAttempt.objects.get(outcome="refused")
    assert world.program.post(f"print-requests/{refused.pk}/result/", {"outcome": "printed"}).status_code == 404


def test_a_grant_is_repeated_while_its_claim_is_fresh(world: World) -> None:
    parcel = world.printable()
    path = f"parcels/{parcel.pk}/print-requests/"
    first = world.program.post(path, {"station": "A3"}, key="p1")
    again = world.program.post(path, {"station": "A3"}, key="p1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert not Order.objects.get().held


def test_a_grant_whose_claim_is_old_is_unknown_and_not_repeated(world: World, clock: FixedClock) -> None:
    parcel = world.printable()
    path = f"parcels/{parcel.pk}/print-requests/"
    world.program.post(path, {"station": "A3"}, key="p1")
    clock.advance(seconds=61)
    again = world.program.post(path, {"station": "A3"}, key="p1")
    assert (again.status_code, again.json()["code"]) == (409, "unknown")


def test_a_grant_that_has_its_result_is_not_repeated(world: World) -> None:
    parcel = world.printable()
    path = f"parcels/{parcel.pk}/print-requests/"
    attempt = world.program.post(path, {"station": "A3"}, key="p1").json()["id"]
    world.program.post(f"print-requests/{attempt}/result/", {"outcome": "printed"})
    assert world.program.post(path, {"station": "A3"}, key="p1").json()["code"] == "unknown"
    assert Label.objects.get().state == "printed"


def test_a_parcel_of_two_orders_needs_both_to_be_the_callers(world: World) -> None:
    other = factories.shop(world.company, warehouse=world.warehouse)
    mine = factories.order(world.shop)
    parcel = factories.parcel(mine)
    theirs = factories.order(other)
    parcel.lines.create(order_line=theirs.lines.get(), quantity=1)
    limited = program(world.company, shops=[world.shop])
    assert limited.get(f"parcels/{parcel.pk}/").status_code == 404
    assert limited.post(f"parcels/{parcel.pk}/moves/", {"move": "void", "reason": "x"}).status_code == 404
    assert world.program.get(f"parcels/{parcel.pk}/").json()["orders"] == [mine.pk, theirs.pk]


def test_a_move_of_an_order_with_two_parcels_asks_which(world: World) -> None:
    order = factories.order(world.shop, state="to_pick", warehouse=world.warehouse)
    factories.parcel(order)
    factories.parcel(order)
    answer = world.as_a(Role.WAREHOUSE_LEAD).post(f"orders/{order.pk}/moves/", {"move": "pack"})
    assert (answer.status_code, answer.json()["code"]) == (409, "which_parcel")


def test_showing_a_parcel_takes_a_fixed_number_of_queries(
    world: World, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    parcel = world.printable()
    world.program.get(f"parcels/{parcel.pk}/")
    with django_assert_max_num_queries(16):
        world.program.get(f"parcels/{parcel.pk}/")
