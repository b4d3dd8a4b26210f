"""Law 4: what other systems report has happened and is recorded; and the order is where its parcels are."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from orders.lifecycle import CauseKind, OrderState, ParcelState, Role
from orders.models import Event, Order, PackLine, Parcel, ParcelLine
from orders.services import holds, labels
from orders.services.decide import member_orders
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.vocabulary import Cause, Fact, LineSnapshot, ParcelSnapshot, TrackPoint, WarehouseReport
from tests.lifecycle.scene import Scene, done, everything, scene, undone
from tests.properties.cast import Stage, at

pytestmark = pytest.mark.django_db
RECEIPT = "receipt:17"
WMS_WORDS = (
    "accepted", "printed", "picking", "checked", "packed", "weighed", "staged", "shipped_part", "shipped", "signed",
    "refused", "rejected", "cancelled", "cancel_failed", "exception", "other", "unknown",
)  # fmt: skip
COURIER_WORDS = (
    "label_created", "picked_up", "in_transit", "out_for_delivery", "at_pickup_point", "signed", "exception",
    "refused", "returning", "returned", "cancelled", "unknown",
)  # fmt: skip
PLATFORM_WORDS = ("unpaid", "paid", "shipped_part", "shipped", "signed", "finished", "closed", "unknown")


def hear(fact: Fact) -> Outcome:
    return record(fact, cause=Cause(kind=fact.system, source=str(fact.system), reference=RECEIPT))


def courier_says(on: Scene, stage: str, minutes: float) -> Fact:
    point = TrackPoint(carrier="yto", waybill=on.label.waybill, stage=stage, at=at(minutes))
    return on.stage.fact(f"track:{stage}:{minutes}", point, CauseKind.COURIER)


def with_an_early_label() -> Scene:
    """先打单后拣货: the parcel has a number while it is still to pick."""
    on = scene(label_first=True)
    on.reach(OrderState.TO_PICK)
    on.gets_label()
    return on


# Never refused -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("held", [False, True], ids=["free", "held"])
@pytest.mark.parametrize("state", OrderState.values)
def test_no_report_is_ever_refused(state: str, held: bool, clock: object) -> None:
    on = scene()
    on.reach(state)
    if held:
        on.holds_it()
    facts = [on.stage.report(word, 30) for word in WMS_WORDS]
    facts += [on.stage.picture(f"again {word}", 40, word) for word in PLATFORM_WORDS]
    if on.parcels and on.order.state != OrderState.CANCELLED and labelled(on):
        facts += [courier_says(on, word, 50) for word in COURIER_WORDS]
    before, wrong = on.order, []
    for fact in facts:
        with undone():
            outcome = hear(fact)
            events = on.events(after=before.event_seq)
            heard = [event for event in events if event.key == fact.key]
            good = (
                outcome.ok
                and len(heard) == 1
                and heard[0].result == Event.Result.OBSERVED
                and heard[0].source_at == fact_time(fact)
                and not any(event.result == Event.Result.REFUSED for event in events)
            )
        wrong += [] if good else [f"{fact.key}: {outcome.code} {[(e.verb, e.result) for e in events]}"]
    assert wrong == []


def labelled(on: Scene) -> bool:
    return on.parcel.labels.exclude(waybill="").exists()


def fact_time(fact: Fact) -> Any:
    said: Any = fact.snapshot
    for name in ("modified_at", "reported_at", "at"):
        if hasattr(said, name):
            return getattr(said, name)
    raise AssertionError(fact)


# Ahead of its turn -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("picked_up", ["to_pick", "packed", "shipped"]),
        ("signed", ["to_pick", "packed", "shipped", "signed"]),
        ("returned", ["to_pick", "packed", "shipped", "returned"]),
    ],
)
def test_a_couriers_report_ahead_of_its_turn_walks_the_legal_path(word: str, path: list[str], clock: object) -> None:
    on = with_an_early_label()
    seq = on.order.event_seq
    assert hear(courier_says(on, word, 20)).code == "done"
    steps = [event for event in on.events(after=seq) if event.verb in ("pack", "ship", "sign", "return")]
    assert [(step.from_state, step.to_state) for step in steps] == list(pairwise(path))
    assert {step.result for step in steps} == {"observed"}
    assert {(step.cause, step.actor) for step in steps} == {(RECEIPT, "courier")}
    assert len({step.act_id for step in steps}) == 1
    assert (on.parcel.state, on.order.state) == (path[-1], path[-1])
    # Nobody confirmed 已打包: that is what failed on the way.
    assert on.open_reasons() == ["system_conflict"]


def test_the_time_of_a_step_is_when_it_was_first_said(clock: object) -> None:
    on = with_an_early_label()
    hear(courier_says(on, "picked_up", 20))
    assert (on.parcel.shipped_at, on.parcel.packed_at) == (at(20), at(20))


def test_a_report_that_repeats_what_is_known_moves_nothing(clock: object) -> None:
    on = scene()
    on.reach(OrderState.SHIPPED)
    hear(courier_says(on, "in_transit", 20))
    rows, version = everything(), on.order.version
    assert hear(courier_says(on, "picked_up", 19)).code == "stale_fact"
    assert hear(courier_says(on, "in_transit", 20)).code == "repeat"
    assert (everything(), on.order.version) == (rows, version)


def test_a_parcel_that_leaves_while_the_order_is_held_moves_and_is_named(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    on.holds_it()
    assert hear(on.stage.leaves(9)).ok
    assert (on.parcel.state, on.order.state) == ("shipped", "shipped")
    assert "shipped_while_held" in on.open_reasons()
    assert on.order.held


def test_a_hold_that_was_lifted_before_it_left_is_no_breach(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    on.holds_it()
    on.lifts_all()
    hear(courier_says(on, "picked_up", 9))
    assert on.open_reasons() == []


def test_who_shipped_under_a_hold_needs_two_people_to_go_on(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    on.holds_it()
    hear(courier_says(on, "picked_up", 9))
    assert on.order.holds.get(reason="shipped_while_held").four_eyes


@pytest.mark.parametrize("word", ["cancelled", "rejected"])
def test_a_warehouse_that_cancels_alone_is_a_conflict_and_no_cancellation(word: str, clock: object) -> None:
    on = scene()
    on.reach(OrderState.TO_PICK)
    hear(on.stage.report(word, 9))
    assert (on.order.state, on.parcel.state) == ("to_pick", "to_pick")
    assert on.open_reasons() == ["system_conflict"]


def test_a_platforms_shipped_is_only_a_claim(clock: object) -> None:
    on = scene()
    on.reach(OrderState.TO_PICK)
    hear(on.stage.picture("clicked early", 9, "shipped"))
    assert (on.order.state, on.parcel.state) == ("to_pick", "to_pick")
    assert on.order.claims.get(system="platform").status == "shipped"


def test_a_platform_that_closes_the_order_cancels_what_has_not_left(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    hear(on.stage.picture("closed", 9, "closed"))
    assert (on.order.state, on.parcel.state, on.label.state) == ("cancelled", "voided", "void")


def test_goods_of_a_cancelled_order_that_leave_all_the_same_are_shown(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    hear(on.stage.picture("closed", 9, "closed"))
    hear(on.stage.leaves(12))
    assert (on.order.state, on.parcel.state) == ("shipped", "shipped")
    assert "shipped_while_held" in on.open_reasons()
    verbs = on.verbs()
    assert verbs.index("reappear") < verbs.index("ship")


# One parcel, two orders --------------------------------------------------------------------------------------------
@dataclass
class Merged:
    """合单: two orders of one receiver in one parcel."""

    first: Scene
    second: Scene
    parcel: Parcel

    @property
    def states(self) -> tuple[str, str, str]:
        return (Parcel.objects.get(pk=self.parcel.pk).state, self.first.order.state, self.second.order.state)

    def asks(self, name: str, who: str, **more: Any) -> Outcome:
        return move_parcel(self.parcel.pk, name, cause=self.first.cause(who), reason="现场要求", **more)


def merged() -> Merged:
    first = scene()
    first.reach(OrderState.TO_PICK)
    second = Scene(Stage(first.stage.shop, order_id="2026111100000002"), first.people)
    second.reach(OrderState.TO_PICK)
    parcel, emptied = first.parcel, second.parcel
    for model in (ParcelLine, PackLine):
        model.objects.filter(parcel=emptied).update(parcel=parcel)
    emptied.delete()
    assert member_orders(parcel.pk) == [first.order.pk, second.order.pk]
    return Merged(first, second, parcel)


def test_an_act_on_a_shared_parcel_is_one_act_in_the_life_of_each_order(clock: object) -> None:
    both = merged()
    seqs = (both.first.order.event_seq, both.second.order.event_seq)
    assert both.asks("pack", Role.WAREHOUSE_LEAD).ok
    told = [on.events(after=seq) for on, seq in zip((both.first, both.second), seqs, strict=True)]
    packs = [[event for event in events if event.verb == "pack"] for events in told]
    assert [len(events) for events in packs] == [1, 1]
    (one,), (other,) = packs
    assert one.act_id == other.act_id
    assert (one.from_state, one.to_state, one.parcel_id) == (other.from_state, other.to_state, other.parcel_id)
    assert both.states == ("packed", "packed", "packed")


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("name", ["pack", "ship", "waybill", "print"])
def test_a_hold_on_one_order_stops_the_parcel_of_both(which: str, name: str, clock: object) -> None:
    both = merged()
    if name != "pack":
        done(both.asks("pack", Role.WAREHOUSE_LEAD))
    if name in ("print", "ship"):
        label = done(both.first.asks_waybill()).made["label"]
        done(labels.waybill_issued(label, carrier="yto", waybill="YT5", cause=both.first.cause("courier")))
    held = getattr(both, which)
    hold = held.holds_it()
    rows = everything()
    cause = both.first.cause(Role.SHIPPER)
    outcome = {
        "pack": lambda: both.asks("pack", Role.WAREHOUSE_LEAD),
        "ship": lambda: both.asks("ship", Role.SHIPPER),
        "waybill": lambda: labels.request_waybill(both.parcel.pk, cause=cause),
        "print": lambda: labels.request_print(both.parcel.pk, cause=cause),
    }[name]()
    assert (outcome.code, outcome.holds) == ("held", (hold,))
    assert everything() == rows


def test_a_shared_parcels_label_is_printed_for_who_saw_the_first_orders_version(clock: object) -> None:
    both = merged()
    both.second.hears("noted", 7, seller_note="送礼盒")
    done(both.asks("pack", Role.WAREHOUSE_LEAD, version=both.first.order.version))
    label = done(labels.request_waybill(both.parcel.pk, cause=both.first.cause(Role.SHIPPER))).made["label"]
    done(labels.waybill_issued(label, carrier="yto", waybill="YT5", cause=both.first.cause("courier")))
    assert both.first.order.version != both.second.order.version
    outcome = labels.request_print(
        both.parcel.pk, cause=both.first.cause(Role.PICKER), version=both.first.order.version
    )
    assert outcome.code == "done"


# Where the parcels are ---------------------------------------------------------------------------------------------
def in_two_parcels() -> tuple[Scene, Parcel, Parcel]:
    lines = tuple(
        LineSnapshot(platform_line_id=number, sku="CREAM-50", title="面霜", quantity=1, price=at_price)
        for number, at_price in (("1", 64), ("2", 64))
    )
    on = scene()
    on.reach(OrderState.TO_PICK, lines=lines)
    order, one = on.order, on.parcel
    two = Parcel.objects.create(company=order.company, warehouse=order.warehouse, number=f"{one.number}b")
    for model in (ParcelLine, PackLine):
        model.objects.filter(parcel=one, order_line=order.lines.last()).update(parcel=two)
    return on, one, two


def acts(on: Scene, parcel: Parcel, name: str, who: str) -> str:
    """The order's state after one parcel moved."""
    done(move_parcel(parcel.pk, name, cause=on.cause(who), reason="现场要求"))
    return str(on.order.state)


def leaves_the_house(on: Scene, parcel: Parcel) -> str:
    label = done(labels.request_waybill(parcel.pk, cause=on.cause(Role.SHIPPER))).made["label"]
    done(labels.waybill_issued(label, carrier="yto", waybill=f"YT{label:05}", cause=on.cause("courier")))
    return acts(on, parcel, "ship", Role.SHIPPER)


def test_an_order_is_where_its_least_advanced_parcel_is(clock: object) -> None:
    on, one, two = in_two_parcels()
    assert acts(on, one, "pack", Role.WAREHOUSE_LEAD) == "to_pick"
    assert acts(on, two, "pack", Role.WAREHOUSE_LEAD) == "packed"
    assert leaves_the_house(on, one) == "packed"
    assert leaves_the_house(on, two) == "shipped"
    assert acts(on, one, "sign", "courier") == "shipped"
    assert acts(on, two, "sign", "courier") == "signed"


def test_a_parcel_move_on_an_order_with_two_parcels_must_name_one(clock: object) -> None:
    on, one, _two = in_two_parcels()
    rows = everything()
    outcome = move(on.order.pk, "pack", cause=on.cause(Role.WAREHOUSE_LEAD))
    assert outcome.code == "which_parcel"
    assert everything() == rows
    assert move(on.order.pk, "pack", cause=on.cause(Role.WAREHOUSE_LEAD), parcel_id=one.pk).ok


def test_a_hold_that_names_one_parcel_stops_the_whole_order(clock: object) -> None:
    on, one, two = in_two_parcels()
    done(holds.place_hold(on.order.pk, note="破损", cause=on.cause(Role.PICKER), parcel_id=one.pk))
    assert move_parcel(two.pk, "pack", cause=on.cause(Role.WAREHOUSE_LEAD)).code == "held"


def test_returned_parcels_do_not_hold_an_order_back_and_all_of_them_return_it(clock: object) -> None:
    on, one, two = in_two_parcels()
    for parcel in (one, two):
        acts(on, parcel, "pack", Role.WAREHOUSE_LEAD)
        leaves_the_house(on, parcel)
    assert acts(on, one, "return", Role.CS) == "shipped"
    assert acts(on, two, "sign", "courier") == "signed"
    assert acts(on, two, "return", Role.CS) == "returned"


def test_an_order_whose_parcels_are_all_void_starts_again_as_a_new_generation(clock: object) -> None:
    on, one, two = in_two_parcels()
    generation = on.order.generation
    acts(on, one, "void", Role.WAREHOUSE_LEAD)
    assert acts(on, two, "void", Role.WAREHOUSE_LEAD) == "paid"
    assert on.order.generation == generation + 1
    again = done(on.moves("release", Role.CS))
    fresh = Parcel.objects.get(pk=again.made["parcel"])
    assert (on.order.state, fresh.state, fresh.lines.count()) == ("to_pick", ParcelState.TO_PICK, 2)
    assert len({parcel.number for parcel in on.parcels}) == 3
    assert not Order.objects.filter(pk=on.order.pk, generation=generation).exists()


def test_a_parcel_released_again_goes_the_whole_way(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    done(on.moves_parcel("void", Role.WAREHOUSE_LEAD))
    on.reach_parcel_state(ParcelState.SHIPPED)
    assert [parcel.state for parcel in on.parcels] == ["voided", "shipped"]
    assert (on.order.state, on.label.state) == ("shipped", "printed")


def test_a_report_with_packages_is_recorded_with_its_waybill(clock: object) -> None:
    on = scene()
    on.reach(OrderState.TO_PICK)
    report = WarehouseReport(
        order=on.stage.code,
        stage="shipped",
        platform_status="SHIPPED",
        reported_at=at(9),
        parcels=(ParcelSnapshot(carrier="yto", waybill="YT77"),),
    )
    hear(on.stage.fact("left", report, CauseKind.WMS))
    assert (on.label.waybill, on.label.issuer, on.parcel.state) == ("YT77", "wms", "shipped")
