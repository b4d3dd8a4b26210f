"""`POST events/`: a system without a connector reports facts; each is held, or its sender knows that it is not."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from orders import clock as tower
from orders.clock import BEIJING, FixedClock
from orders.lifecycle import CauseKind, HoldReason, Role
from orders.models import (
    AfterSale,
    Claim,
    Event,
    FactKey,
    Hold,
    Label,
    Order,
    Parcel,
    PrintAttempt,
    Warehouse,
    WarehouseOperator,
)
from orders.models.order import DocumentLink, ExternalDocument
from tests.api.conftest import Caller, World, person, program
from tests.orders import factories

_keys = count(1)


def an_event(kind: str, *, system: str = "wms", **fields: Any) -> dict[str, Any]:
    at = tower.now().astimezone(BEIJING).isoformat()
    return {"key": f"e{next(_keys)}", "system": system, "kind": kind, "occurred_at": at, **fields}


def tell(caller: Caller, *events: dict[str, Any]) -> list[dict[str, Any]]:
    answer = caller.post("events/", {"events": list(events)})
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["results"]
    assert [result["key"] for result in results] == [event.get("key") for event in events]
    return results


def codes(caller: Caller, *events: dict[str, Any]) -> list[str]:
    return [result["code"] for result in tell(caller, *events)]


def untouched(order: Order) -> bool:
    """No fact was kept and nothing stands on the timeline since the order was made."""
    fresh = Order.objects.get(pk=order.pk)
    return fresh.event_seq == order.event_seq and not FactKey.objects.filter(key__startswith="event:").exists()


def test_a_warehouses_shipping_is_recorded_and_moves_the_order(world: World) -> None:
    order = world.order()
    wms = program(world.company, acts_as=CauseKind.WMS)
    shipped = an_event("shipped", order=order.number, waybill="SF1", data={"carrier": "sf"})
    [result] = tell(wms, shipped)
    assert (result["code"], result["order"]) == ("done", order.pk)
    assert Event.objects.get(pk=result["event"]).order_id == order.pk
    assert Order.objects.get(pk=order.pk).state == "shipped"
    claim = Claim.objects.get(order=order, system="wms")
    assert (claim.stage, claim.subject) == ("shipped", order.number)
    fact = Event.objects.get(order_id=order.pk, verb="fact", key=f"event:{shipped['key']}")
    assert fact.actor.startswith("api_key:")
    assert fact.facts["system"] == "wms"
    assert FactKey.objects.get(key=f"event:{shipped['key']}").connection.startswith("api:")


def test_the_same_key_has_one_effect_and_with_other_content_none(world: World) -> None:
    order = world.order()
    shipped = an_event("shipped", order=order.number)
    assert codes(world.program, shipped, shipped) == ["done", "repeat"]
    version = Order.objects.get(pk=order.pk).version
    assert codes(world.program, {**shipped, "kind": "signed"}) == ["conflicting_body"]
    assert (Order.objects.get(pk=order.pk).version, Order.objects.get(pk=order.pk).state) == (version, "shipped")
    assert Event.objects.filter(order_id=order.pk, verb="fact_conflict").count() == 1


def test_the_same_content_in_other_writing_is_a_repeat(world: World) -> None:
    order = world.order()
    shipped = an_event("shipped", order=order.number, occurred_at="2026-11-11T09:30:00+08:00")
    again = {**shipped, "occurred_at": "2026-11-11T01:30:00Z", "waybill": ""}
    with_clock_set(datetime(2026, 11, 12, tzinfo=BEIJING), lambda: codes(world.program, shipped))
    assert with_clock_set(datetime(2026, 11, 12, tzinfo=BEIJING), lambda: codes(world.program, again)) == ["repeat"]


def with_clock_set(moment: datetime, act: Any) -> Any:
    with tower.running_on(FixedClock(moment)):
        return act()


def test_keys_are_each_senders_own(world: World) -> None:
    order = world.order()
    shipped = an_event("shipped", order=order.number)
    tell(world.program, shipped)
    assert codes(program(world.company), {**shipped, "kind": "accepted"}) == ["stale_fact"]


def test_what_comes_late_is_recorded_and_moves_nothing(world: World) -> None:
    order = world.order()
    now = tower.now()
    late = an_event("accepted", order=order.number, occurred_at=(now - timedelta(hours=2)).isoformat())
    assert codes(world.program, an_event("shipped", order=order.number), late) == ["done", "stale_fact"]
    assert Order.objects.get(pk=order.pk).state == "shipped"
    assert Event.objects.filter(order_id=order.pk, verb="stale_fact").count() == 1


@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_any_order_of_arrival_ends_the_same(world: World, turn: tuple[int, ...]) -> None:
    order = world.order()
    start = tower.now() - timedelta(hours=3)
    life = [
        an_event(
            kind, order=order.number, occurred_at=(start + timedelta(hours=hour)).isoformat(), data={"carrier": "sf"}
        )
        for hour, kind in enumerate(("accepted", "shipped", "signed"))
    ]
    life[1]["waybill"] = "SF9"
    for index in turn:
        tell(world.program, life[index])
    parcel = Parcel.objects.get(lines__order_line__order=order)
    assert Order.objects.get(pk=order.pk).state == "signed"
    assert (parcel.shipped_at, parcel.signed_at) == (start + timedelta(hours=1), start + timedelta(hours=2))
    claim = Claim.objects.get(order=order, system="wms")
    assert (claim.stage, claim.at) == ("signed", start + timedelta(hours=2))


# Whom it is about ---------------------------------------------------------------------------------------------------
def test_an_order_is_found_by_each_of_its_numbers_and_they_make_one_claim(world: World) -> None:
    order = world.order()
    document = ExternalDocument.objects.create(company=world.company, system="erp", kind="sale_order", number="XSDD001")
    DocumentLink.objects.create(document=document, order=order)
    for number in (order.number, order.platform_order_id, "XSDD001"):
        [result] = tell(world.program, an_event("accepted", system="erp", order=number))
        assert result["order"] == order.pk
    assert [claim.subject for claim in Claim.objects.filter(order=order, system="erp")] == [order.number]
    parcel = world.parcel()
    [result] = tell(world.program, an_event("accepted", order=parcel.number))
    assert result["order"] == parcel.lines.get().order_line.order_id
    assert Claim.objects.filter(system="wms", subject=parcel.number).exists()


def test_a_waybill_names_its_parcel(world: World) -> None:
    parcel = world.printable()
    waybill = Label.objects.get(parcel=parcel).waybill
    [shipped, picked_up] = tell(
        world.program,
        an_event("shipped", waybill=waybill),
        an_event("picked_up", system="courier", waybill=waybill),
    )
    assert (shipped["code"], picked_up["code"]) == ("done", "done")
    assert Parcel.objects.get(pk=parcel.pk).state == "shipped"
    assert Claim.objects.get(system="wms").subject == parcel.number


def test_an_order_that_is_not_here_yet_is_refused_and_nothing_is_kept(world: World) -> None:
    early = an_event("shipped", order="2026111199999999")
    [result] = tell(world.program, early)
    assert (result["code"], result["order"], result["event"]) == ("unknown_subject", None, None)
    assert not FactKey.objects.filter(key__startswith="event:").exists()
    order = world.order(platform_order_id="2026111199999999")
    assert codes(world.program, early) == ["done"]
    assert Order.objects.get(pk=order.pk).state == "shipped"


def test_an_unknown_waybill_of_a_courier_is_an_unknown_subject(world: World) -> None:
    order = world.order()
    tracked = an_event("picked_up", system="courier", waybill="SF404", order=order.number)
    assert codes(world.program, tracked) == ["unknown_subject"]
    assert untouched(order)
    told = an_event("shipped", order=order.number, waybill="SF404", data={"carrier": "sf"})
    assert codes(world.program, told, tracked) == ["done", "done"]


def test_rows_of_others_are_unknown_word_for_word(world: World, stranger: World) -> None:
    parcel = stranger.printable()
    waybill = Label.objects.get(parcel=parcel).waybill
    order = parcel.lines.get().order_line.order
    order.refresh_from_db()
    other_shop = program(stranger.company, shops=[factories.shop(stranger.company)])
    for caller in (world.program, other_shop):
        for named in (
            {"order": order.number},
            {"order": order.platform_order_id},
            {"order": parcel.number},
            {"waybill": waybill},
        ):
            [theirs] = tell(caller, an_event("shipped", **named))
            [nobodys] = tell(caller, an_event("shipped", order="nothing-like-it"))
            assert {**theirs, "key": ""} == {**nobodys, "key": ""}
        assert codes(caller, an_event("signed", system="courier", waybill=waybill)) == ["unknown_subject"]
    assert untouched(order)


def test_a_number_of_several_orders_is_not_guessed_at(world: World) -> None:
    first, second = world.order(), world.order()
    document = ExternalDocument.objects.create(company=world.company, system="erp", kind="sale_order", number="HB01")
    for order in (first, second):
        DocumentLink.objects.create(document=document, order=order)
    [result] = tell(world.program, an_event("shipped", system="erp", order="HB01"))
    assert result["code"] == "invalid"
    assert first.number in str(result["errors"])
    assert untouched(first)


def test_a_waybill_of_another_order_is_told_apart(world: World) -> None:
    parcel, other = world.printable(), world.order()
    waybill = Label.objects.get(parcel=parcel).waybill
    tracked = an_event("picked_up", system="courier", waybill=waybill, order=other.number)
    assert codes(world.program, tracked) == ["invalid"]
    assert untouched(other)


# Who may say it -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("acts_as", ["wms", "erp", "courier", "platform"])
def test_a_key_speaks_for_its_own_system_alone(world: World, acts_as: str) -> None:
    order = world.order()
    tell(world.program, an_event("accepted", order=order.number, waybill="SF5"))
    caller = program(world.company, acts_as=acts_as)
    for system in ("wms", "erp", "courier", "platform"):
        [code] = codes(caller, an_event("shipped", system=system, order=order.number, waybill="SF5"))
        assert code == "role" if system != acts_as else code in ("done", "stale_fact")


def test_a_person_reports_only_with_the_standing_to(world: World) -> None:
    order = world.order()
    shipped = an_event("shipped", order=order.number)
    for role in (Role.PICKER, Role.CS, Role.WAREHOUSE_LEAD):
        assert codes(person(world.member(role)), shipped) == ["role"]
        assert codes(world.as_a(role), shipped) == ["role"]
    assert untouched(order)
    assert codes(world.as_a(Role.INTEGRATOR), shipped) == ["done"]


def test_only_a_warehouses_word_of_a_mapped_lead_confirms_packing(world: World) -> None:
    WarehouseOperator.objects.create(warehouse=world.warehouse, code="W017", user=world.member(Role.WAREHOUSE_LEAD))
    for system, operator, state in (("wms", "W999", "to_pick"), ("erp", "W017", "to_pick"), ("wms", "W017", "packed")):
        order = world.order()
        packed = an_event("packed", system=system, order=order.number, data={"operator": operator})
        assert codes(world.program, packed) == ["done"]
        assert Order.objects.get(pk=order.pk).state == state, (system, operator)


def test_even_an_accepting_warehouse_takes_no_erps_word_for_packed(world: World) -> None:
    accepting = {"accepts_wms_pack": True, "accepts_wms_pack_by": world.member(Role.OPS_MANAGER)}
    Warehouse.objects.filter(pk=world.warehouse.pk).update(**accepting)
    by_erp, by_wms = world.order(), world.order()
    tell(world.program, an_event("packed", system="erp", order=by_erp.number), an_event("packed", order=by_wms.number))
    assert Order.objects.get(pk=by_erp.pk).state == "to_pick"
    assert Order.objects.get(pk=by_wms.pk).state == "packed"


# What kinds become --------------------------------------------------------------------------------------------------
def test_a_print_that_was_not_granted_is_a_second_print(world: World) -> None:
    parcel = world.printable()
    waybill = Label.objects.get(parcel=parcel).waybill
    world.as_a(Role.SHIPPER).post(f"parcels/{parcel.pk}/print-requests/", {"station": "A3"})
    assert codes(world.program, an_event("printed", order=parcel.number, waybill=waybill)) == ["done"]
    assert PrintAttempt.objects.filter(outcome="observed").count() == 1
    assert Hold.objects.get(state="open").reason == HoldReason.DUPLICATE_PRINT


def test_where_the_erp_prints_its_word_without_a_waybill_counts(world: World) -> None:
    order = world.order()
    assert codes(world.program, an_event("printed", system="erp", order=order.number)) == ["stale_fact"]
    Warehouse.objects.filter(pk=world.warehouse.pk).update(printed_by="erp")
    assert codes(world.program, an_event("printed", system="erp", order=order.number)) == ["done"]
    assert Order.objects.get(pk=order.pk).state == "to_pick"


def test_a_platforms_word_is_a_claim_and_moves_nothing(world: World) -> None:
    order = world.order()
    at = (tower.now() + timedelta(minutes=1)).isoformat()
    assert codes(world.program, an_event("shipped", system="platform", order=order.number, occurred_at=at)) == ["done"]
    assert Order.objects.get(pk=order.pk).state == "paid"
    claim = Claim.objects.get(order=order, system="platform")
    assert (claim.subject, claim.stage) == (order.platform_order_id, "shipped")


def test_a_refund_stops_the_goods_until_it_is_withdrawn(world: World) -> None:
    order = world.order()
    ask: dict[str, Any] = {
        "system": "platform",
        "order": order.platform_order_id,
        "data": {"refund_id": "R1", "line": "1"},
    }
    assert codes(world.program, an_event("refund_requested", **ask)) == ["done"]
    assert Hold.objects.get(order=order, state="open").reason == HoldReason.REFUND_REQUESTED
    assert codes(world.program, an_event("refund_withdrawn", **ask)) == ["done"]
    assert AfterSale.objects.get(order=order).state == "withdrawn"
    assert not Order.objects.get(pk=order.pk).held
    assert codes(world.program, an_event("refund_requested", system="platform", order=order.number)) == ["invalid"]


def test_a_courier_has_the_parcel_once_it_says_shipped(world: World) -> None:
    parcel = world.printable()
    waybill = Label.objects.get(parcel=parcel).waybill
    assert codes(world.program, an_event("shipped", system="courier", waybill=waybill)) == ["done"]
    assert Claim.objects.get(system="courier").stage == "picked_up"
    assert Parcel.objects.get(pk=parcel.pk).state == "shipped"


def test_what_is_not_read_of_data_is_named_and_not_kept(world: World) -> None:
    order = world.order()
    [result] = tell(world.program, an_event("shipped", order=order.number, data={"signer": "王小明", "carrier": "sf"}))
    assert result["code"] == "done"
    assert "signer" in result["detail"]
    assert "王小明" not in str(list(Event.objects.filter(order_id=order.pk).values()))


# Refusals of single events ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "teleported"}, "kind"),
        ({"kind": "picked_up"}, "kind"),
        ({"kind": ["shipped"]}, "kind"),
        ({"system": "fax"}, "system"),
        ({"system": "courier"}, "waybill"),
        ({"order": ""}, "order"),
        ({"order": 17}, "order"),
        ({"order": "\x00"}, "order"),
        ({"key": ""}, "key"),
        ({"key": "k" * 101}, "key"),
        ({"key": 5}, "key"),
        ({"occurred_at": "2026-11-11 09:30:00"}, "occurred_at"),
        ({"occurred_at": None}, "occurred_at"),
        ({"data": []}, "data"),
        ({"data": {"carrier": 3}}, "data.carrier"),
        ({"data": {"amount": "NaN"}}, "data.amount"),
        ({"state": "shipped"}, "state"),
    ],
)
def test_a_wrong_event_is_invalid_with_the_field_and_stops_no_other(world: World, change: dict, field: str) -> None:
    order = world.order()
    wrong = {**an_event("shipped", order=order.number), **change}
    answer = world.program.post("events/", {"events": [wrong, an_event("accepted", order=order.number)]})
    assert answer.status_code == 200, answer.content
    bad, good = answer.json()["results"]
    assert (bad["code"], bad["order"], bad["event"]) == ("invalid", None, None)
    assert field in bad["errors"], bad
    assert good["code"] == "done"
    assert Order.objects.get(pk=order.pk).state == "to_pick"


def test_half_characters_do_not_break_the_answer(world: World) -> None:
    order = world.order()
    events = [{"key": "\ud800"}, an_event("shipped", order=order.number, data={"\ud800": 1})]
    answer = world.program.post("events/", {"events": events})
    assert [result["code"] for result in answer.json()["results"]] == ["invalid", "done"]
    bulk = world.program.post("orders/bulk/", {"orders": [{"platform_order_id": "\ud800"}]})
    assert bulk.json()["results"][0]["code"] == "validation"


def test_a_time_from_the_future_is_refused_and_five_minutes_are_forgiven(world: World, clock: FixedClock) -> None:
    order = world.order(placed_at="2026-11-10T00:00:00+08:00", paid_at="2026-11-10T00:00:00+08:00")
    near, far = clock.now() + timedelta(minutes=5), clock.now() + timedelta(minutes=5, seconds=1)
    [refused] = tell(world.program, an_event("signed", order=order.number, occurred_at=far.isoformat()))
    assert (refused["code"], list(refused["errors"])) == ("invalid", ["occurred_at"])
    assert untouched(Order.objects.get(pk=order.pk))
    assert codes(world.program, an_event("shipped", order=order.number, occurred_at=near.isoformat())) == ["done"]


def test_a_thousand_events_are_taken_and_no_more(world: World) -> None:
    assert world.program.post("events/", {"events": [{}] * 1001}).status_code == 422
    assert world.program.post("events/", {"events": []}).status_code == 422
    assert world.program.post("events/", {"events": ["shipped"]}).status_code == 422
    answer = world.program.post("events/", {"events": [{}] * 1000})
    assert {result["code"] for result in answer.json()["results"]} == {"invalid"}


def test_a_batch_under_an_idempotency_key_is_answered_again_word_for_word(world: World) -> None:
    order = world.order()
    body = {"events": [an_event("shipped", order=order.number), an_event("shipped", order="not here")]}
    first = world.program.post("events/", body, key="batch-1")
    again = world.program.post("events/", body, key="batch-1")
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    other = world.program.post("events/", {"events": [an_event("signed", order=order.number)]}, key="batch-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert Event.objects.filter(order_id=order.pk, verb="fact").count() == 1


def test_a_held_order_is_told_of_all_the_same_and_the_breach_is_seen(world: World) -> None:
    order = world.order()
    world.program.post(f"orders/{order.pk}/holds/", {"note": "等一等"})
    assert codes(world.program, an_event("shipped", order=order.number, waybill="SF7")) == ["done"]
    assert Order.objects.get(pk=order.pk).state == "shipped"
    assert Hold.objects.filter(order=order, reason=HoldReason.SHIPPED_WHILE_HELD, state="open").exists()
