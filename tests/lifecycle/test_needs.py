"""Every need alone stops its move, in words, and changes nothing; all that is missing is said at once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from orders import clock as tower_clock
from orders.lifecycle import Need, OrderState, ParcelState, Role
from orders.models import Goods, Hold, Order, Parcel, ParcelLine, Shop, SkuMap, Stock
from orders.services import labels
from orders.services.outcome import Outcome
from tests.lifecycle.scene import Scene, done, everything, scene
from tests.properties.cast import NEW, OLD, at, refund

pytestmark = pytest.mark.django_db


def releases(on: Scene) -> Outcome:
    return on.moves("release", Role.CS)


def packs(on: Scene) -> Outcome:
    return on.moves_parcel("pack", Role.WAREHOUSE_LEAD)


def ships(on: Scene) -> Outcome:
    return on.moves_parcel("ship", Role.SHIPPER)


def asks_waybill(on: Scene) -> Outcome:
    return on.asks_waybill()


def unpacks_without_a_word(on: Scene) -> Outcome:
    return on.moves_parcel("unpack", Role.WAREHOUSE_LEAD, reason="  ")


def cancels(on: Scene) -> Outcome:
    return on.moves("cancel", Role.CS)


def prints(on: Scene) -> Outcome:
    return labels.request_print(on.parcel.pk, cause=on.cause(Role.PICKER), station="A3", printer="P1")


def forget_the_payment(on: Scene) -> None:
    Order.objects.filter(pk=on.order.pk).update(paid_at=None)


def forget_the_map(on: Scene) -> None:
    SkuMap.objects.filter(company=on.stage.shop.company).update(valid_to=tower_clock.now())


def forget_the_warehouse(on: Scene) -> None:
    Shop.objects.filter(pk=on.stage.shop.pk).update(warehouse=None)


def change_the_address_and_lift(on: Scene) -> None:
    """The conflict locks the order by itself; that somebody lifted the lock does not make the label right."""
    on.hears("changed", 6, receiver=NEW)
    assert on.open_reasons() == ["address_conflict"]
    on.lifts_all()


def issue_then_change_the_address_and_lift(on: Scene) -> None:
    done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    label = done(on.asks_waybill()).made["label"]
    done(labels.waybill_issued(label, carrier="yto", waybill="YT7", cause=on.cause("courier")))
    change_the_address_and_lift(on)


def send_a_second_parcel_ahead(on: Scene) -> None:
    """Half the order left; the other half waits to be picked, so the order itself is still to pick."""
    order = on.order
    ahead = Parcel.objects.create(
        company=order.company,
        warehouse=order.warehouse,
        number=f"{order.number}-ahead",
        state=ParcelState.SHIPPED,
        shipped_at=tower_clock.now(),
    )
    ParcelLine.objects.create(parcel=ahead, order_line=order.lines.get(), quantity=1)


def label_it(on: Scene) -> None:
    done(on.asks_waybill())


@dataclass(frozen=True)
class Case:
    """The order is brought to `state` with this picture, something is missing, and the move is asked."""

    state: str
    ask: Callable[[Scene], Outcome]
    arrange: Callable[[Scene], object] = lambda on: None
    code: str = "illegal_move"
    picture: dict[str, Any] = field(default_factory=dict)
    warehouse: dict[str, Any] = field(default_factory=dict)
    # Without the printed label that the scene's packed parcel has.
    pack_only: bool = False
    # Particulars that the sentence must hold.
    names: str = ""


PAID, TO_PICK, PACKED = OrderState.PAID, OrderState.TO_PICK, OrderState.PACKED
CASES: dict[tuple[str, str], Case] = {
    (Need.NOT_HELD, "release"): Case(PAID, releases, Scene.holds_it, code="held", names="人工锁单"),
    (Need.PAID, "release"): Case(PAID, releases, forget_the_payment),
    (Need.NO_PRESALE_LOCK, "release"): Case(PAID, releases, picture={"presale_until": at(600)}),
    (Need.ADDRESS_VALID, "release"): Case(PAID, releases, picture={"receiver": replace(OLD, address="")}),
    (Need.GOODS_MAPPED, "release"): Case(PAID, releases, forget_the_map, names="CREAM-50"),
    (Need.WAREHOUSE_SET, "release"): Case(PAID, releases, forget_the_warehouse),
    (Need.STOCK_RESERVED, "release"): Case(PAID, releases, warehouse={"manages_stock": True}, names="CREAM-50"),
    (Need.NOT_EXCLUDED, "release"): Case(PAID, releases, picture={"flags": frozenset({"risk"})}, names="risk"),
    (Need.NO_OPEN_REFUND, "release"): Case(PAID, releases, picture={"refunds": (refund("done", 1),)}, names="R1"),
    (Need.LINES_CHECKED, "pack"): Case(TO_PICK, packs, warehouse={"checks_lines": True}, names="面霜 50g"),
    (Need.PACKED, "waybill"): Case(TO_PICK, asks_waybill),
    (Need.NO_LABEL, "waybill"): Case(PACKED, asks_waybill),
    (Need.LABEL_PRINTED, "ship"): Case(PACKED, ships, pack_only=True),
    (Need.ADDRESS_CURRENT, "ship"): Case(PACKED, ships, change_the_address_and_lift),
    (Need.ADDRESS_CURRENT, "print"): Case(TO_PICK, prints, issue_then_change_the_address_and_lift),
    (Need.NOTHING_SHIPPED, "cancel"): Case(TO_PICK, cancels, send_a_second_parcel_ahead),
    (Need.REASON_GIVEN, "unpack"): Case(PACKED, unpacks_without_a_word),
}


@pytest.mark.parametrize(("need", "name"), CASES, ids=lambda word: str(word))
def test_one_missing_need_stops_the_move_with_its_reason(need: str, name: str, clock: object) -> None:
    case = CASES[need, name]
    on = scene(**case.warehouse)
    if case.pack_only:
        on.reach(TO_PICK, **case.picture)
        done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    else:
        on.reach(case.state, **case.picture)
    case.arrange(on)
    rows, seq = everything(), on.order.event_seq
    outcome = case.ask(on)
    assert (outcome.ok, outcome.code) == (False, case.code)
    assert [reason.code for reason in outcome.reasons] == [need]
    assert outcome.detail.startswith(str(Need(need).label))
    assert case.names in outcome.detail
    assert outcome.reasons[0].text == outcome.detail
    assert everything() == rows
    (event,) = on.events(after=seq)
    assert (event.verb, event.result, event.key) == (name, "refused", case.code)
    assert event.facts["reasons"] == [need]


def test_there_is_a_case_for_every_need() -> None:
    assert {need for need, _ in CASES} == set(Need.values)


def test_everything_that_is_missing_is_said_at_once(clock: object) -> None:
    on = scene()
    on.reach(
        PAID,
        presale_until=at(600),
        receiver=replace(OLD, phone=""),
        flags=frozenset({"dropship"}),
        refunds=(refund("done", 1),),
    )
    forget_the_payment(on)
    forget_the_map(on)
    forget_the_warehouse(on)
    missing = [
        Need.PAID, Need.NO_PRESALE_LOCK, Need.ADDRESS_VALID, Need.GOODS_MAPPED, Need.NOT_EXCLUDED,
        Need.WAREHOUSE_SET, Need.NO_OPEN_REFUND,
    ]  # fmt: skip
    rows = everything()
    outcome = releases(on)
    assert outcome.code == "illegal_move"
    assert [reason.code for reason in outcome.reasons] == missing
    assert all(str(need.label) in outcome.detail for need in missing)
    on.holds_it()
    outcome = releases(on)
    assert outcome.code == "held"
    assert [reason.code for reason in outcome.reasons] == [Need.NOT_HELD, *missing]
    assert everything()["Parcel"] == rows["Parcel"] == []
    assert on.order.state == PAID


def test_a_move_that_the_graph_forbids_says_so_beside_what_is_missing(clock: object) -> None:
    on = scene()
    on.reach(OrderState.SHIPPED)
    outcome = cancels(on)
    assert outcome.code == "illegal_move"
    assert [reason.code for reason in outcome.reasons] == ["illegal_move", Need.NOTHING_SHIPPED]
    assert "已发货" in outcome.detail


@pytest.mark.parametrize("on_hand", [0, 1], ids=["none left", "enough"])
def test_stock_is_reserved_with_the_release_or_not_at_all(on_hand: int, clock: object) -> None:
    on = scene(manages_stock=True)
    on.reach(PAID)
    goods = Goods.objects.get(company=on.stage.shop.company)
    stock = Stock.objects.create(warehouse=on.stage.shop.warehouse, goods=goods, on_hand=on_hand)
    assert releases(on).ok is bool(on_hand)
    stock.refresh_from_db()
    assert stock.reserved == on_hand
    assert on.order.state == (TO_PICK if on_hand else PAID)


def test_a_cancelled_order_gives_its_stock_back(clock: object) -> None:
    on = scene(manages_stock=True)
    on.reach(PAID)
    goods = Goods.objects.get(company=on.stage.shop.company)
    stock = Stock.objects.create(warehouse=on.stage.shop.warehouse, goods=goods, on_hand=1)
    done(releases(on))
    done(cancels(on))
    stock.refresh_from_db()
    assert stock.reserved == 0
    assert not stock.reservations.filter(released_at=None).exists()


def test_a_system_gives_its_reason_by_what_it_is(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PENDING_PAYMENT)
    assert on.moves("pay", Role.OPS_MANAGER, reason="").reasons[0].code == Need.REASON_GIVEN
    assert on.moves("pay", "platform", reason="").ok


def test_no_hold_is_left_behind_by_a_refusal(clock: object) -> None:
    on = scene()
    on.reach(TO_PICK)
    asks_waybill(on)
    assert not Hold.objects.filter(order=on.order).exists()
