"""Law 8: the Order rows are locked first, in ascending pk, then stock; so that no two services wait for each other."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import clock
from orders.lifecycle import Move, Role
from orders.models import Goods, Order, Reservation, Stock
from orders.services.holds import lift, place_hold
from orders.services.labels import print_result, request_print, request_waybill, waybill_issued
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from orders.services.record import look_again, record
from orders.vocabulary import PrintReport
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, at_once, order_of, person, seller

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = re.compile(r"^(INSERT|UPDATE|DELETE)", re.IGNORECASE)
# SQLite counts its commits in a row; the first write of each transaction.
COUNTER = "orders_commitcounter"


@pytest.fixture
def shop() -> Seller:
    return seller()


def _release(shop: Seller) -> Callable[[], Outcome]:
    order = shop.sells()
    return lambda: move(order.pk, Move.RELEASE, cause=SYSTEM)


def _pack(shop: Seller) -> Callable[[], Outcome]:
    parcel = shop.released()
    return lambda: move_parcel(parcel.pk, Move.PACK, cause=person(shop.lead))


def _waybill(shop: Seller) -> Callable[[], Outcome]:
    parcel = shop.packed()
    return lambda: request_waybill(parcel.pk, cause=SYSTEM)


def _issued(shop: Seller) -> Callable[[], Outcome]:
    parcel = shop.packed()
    label = request_waybill(parcel.pk, cause=SYSTEM).made["label"]
    return lambda: waybill_issued(label, carrier="yto", waybill="YT1", cause=SYSTEM)


def _print(shop: Seller) -> Callable[[], Outcome]:
    parcel = shop.labelled().parcel_id
    return lambda: request_print(parcel, cause=SYSTEM)


def _second_print(shop: Seller) -> Callable[[], Outcome]:
    parcel = shop.labelled().parcel_id
    request_print(parcel, cause=SYSTEM)
    return lambda: request_print(parcel, cause=SYSTEM)


def _result(shop: Seller) -> Callable[[], Outcome]:
    attempt = request_print(shop.labelled().parcel_id, cause=SYSTEM).made["attempt"]
    return lambda: print_result(attempt, outcome="printed", cause=SYSTEM)


def _hold(shop: Seller) -> Callable[[], Outcome]:
    order, cs = shop.sells(), person(shop.user(Role.CS))
    return lambda: place_hold(order.pk, note="买家来电", cause=cs)


def _lift(shop: Seller) -> Callable[[], Outcome]:
    found = place_hold(shop.sells().pk, note="买家来电", cause=person(shop.user(Role.CS))).made["hold"]
    manager = person(shop.user(Role.OPS_MANAGER))
    return lambda: lift(found, reason="已核实", cause=manager)


def _record(shop: Seller) -> Callable[[], Outcome]:
    parcel = shop.packed()
    report = PrintReport(order=parcel.number, printed_at=clock.now(), waybill="YT1")
    return lambda: record(shop.fact("p", parcel.number, report), cause=SYSTEM)


def _look_again(shop: Seller) -> Callable[[], Outcome]:
    order = shop.sells()
    return lambda: look_again(order.pk, cause=SYSTEM)


SERVICES = {
    service.__name__.lstrip("_"): service
    for service in (
        _release, _pack, _waybill, _issued, _print, _second_print, _result, _hold, _lift, _record, _look_again,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_law_08_every_service_locks_its_orders_before_it_writes_anything(shop, name):
    service = SERVICES[name](shop)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        service()
    statements = [query["sql"] for query in captured.captured_queries if COUNTER not in query["sql"]]
    first_write = next((place for place, sql in enumerate(statements) if WRITES.match(sql)), len(statements))
    lock = next(place for place, sql in enumerate(statements) if _reads_orders_to_lock(sql))
    assert lock < first_write
    locks = [sql for sql in statements if "FOR UPDATE" in sql]
    if connection.vendor == "postgresql":
        assert 'ORDER BY "orders_order"."id" ASC FOR UPDATE OF "orders_order"' in locks[0]
        # Parcels, labels and holds are never locked alone.
        assert all('OF "orders_order"' in sql or "orders_stock" in sql for sql in locks)


def _reads_orders_to_lock(sql: str) -> bool:
    of_orders = 'FROM "orders_order"' in sql and 'ORDER BY "orders_order"."id" ASC' in sql
    return of_orders and ("FOR UPDATE" in sql or connection.vendor == "sqlite")


@pytest.mark.postgres
def test_law_08_stock_is_locked_after_the_order(shop):
    shop.warehouse.manages_stock = True
    shop.warehouse.save()
    for goods in Goods.objects.filter(company=shop.company_id):
        Stock.objects.create(warehouse=shop.warehouse, goods=goods, on_hand=10)
    order = shop.sells("MASK-10", "CREAM-50")
    with CaptureQueriesContext(connection) as captured:
        assert move(order.pk, Move.RELEASE, cause=SYSTEM).ok
    locks = [query["sql"] for query in captured.captured_queries if "FOR UPDATE" in query["sql"]]
    assert ['orders_stock"' in sql for sql in locks] == [False, True]
    assert 'ORDER BY "orders_stock"."warehouse_id" ASC, "orders_stock"."goods_id" ASC' in locks[1]


def test_law_08_crossed_merged_parcels_do_not_deadlock(shop):
    one, two = shop.sells("CREAM-50", "SERUM-30"), shop.sells("CREAM-50", "SERUM-30")
    for order in (one, two):
        assert move(order.pk, Move.RELEASE, cause=SYSTEM).ok
    parcels = [shop.merged(one, two), shop.merged(two, one)]
    lead = person(shop.lead)

    def back_and_forth(parcel_id: int) -> list[str]:
        names = cycle([Move.PACK, Move.UNPACK])
        return [move_parcel(parcel_id, next(names), cause=lead, reason="复核").code for _ in range(20)]

    def others() -> list[str]:
        dispatch.drain_all()
        return [look_again(two.pk, cause=SYSTEM).code for _ in range(10)]

    works = [lambda parcel=parcel: back_and_forth(parcel.pk) for parcel in parcels] * 2
    codes = at_once([*works, others])
    assert {code for done in codes for code in done} <= {"done", "illegal_move"}
    assert sum(codes[place].count("done") for place in range(4)) >= 40


def test_law_08_orders_that_want_the_same_goods_crosswise_do_not_deadlock(shop):
    shop.warehouse.manages_stock = True
    shop.warehouse.save()
    for goods in Goods.objects.filter(company=shop.company_id):
        Stock.objects.create(warehouse=shop.warehouse, goods=goods, on_hand=6)
    skus = [("CREAM-50", "SERUM-30"), ("SERUM-30", "CREAM-50")]
    orders = [shop.sells(*skus[number % 2]) for number in range(8)]
    cs = person(shop.user(Role.CS))

    def release_and_cancel(order: Order, cancels: bool) -> str:
        released = move(order.pk, Move.RELEASE, cause=SYSTEM)
        if cancels:
            move(order.pk, Move.CANCEL, cause=cs, reason="买家取消")
        return released.code

    at_once(
        [
            lambda order=order, place=place: release_and_cancel(order, place % 4 == 0)  # type: ignore[misc]
            for place, order in enumerate(orders)
        ]
    )
    open_reservations = Reservation.objects.filter(released_at__isnull=True)
    for stock in Stock.objects.filter(goods__code__in=["CR50", "SE30"]):
        assert stock.reserved == open_reservations.filter(stock=stock).count() <= stock.on_hand


def test_law_08_two_commands_with_the_version_both_saw_have_one_winner(shop):
    order = shop.sells()
    version = Order.objects.get(pk=order.pk).version
    outcomes = at_once([lambda: move(order.pk, Move.RELEASE, cause=SYSTEM, version=version)] * 6)
    assert sorted(outcome.code for outcome in outcomes) == ["done", *["stale"] * 5]
    assert Order.objects.get(pk=order.pk).updated_at > clock.now() - timedelta(minutes=1)
    assert order_of(order.lines.get().parcel_lines.get().parcel) == order
