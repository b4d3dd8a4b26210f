"""What a warehouse says and leaves unsaid, and what becomes of it in the tower."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from integrations import inbox, jobs, sync
from integrations.adapter import StockWord
from integrations.models import Connection, Job, Receipt, StockClaim, Trouble
from integrations.stock import take_stock
from integrations.wms.qimen.emulator_orders import process_words
from orders import clock as time
from orders.clock import FixedClock
from orders.lifecycle import HoldReason, Role
from orders.models import Claim, DocumentLink, Event, Goods, Hold, Label, Order, PackLine, Parcel, PrintAttempt, Stock
from orders.selectors.access import Access
from orders.selectors.codes import find
from orders.services.holds import lift
from ordertower import dispatch
from tests.integrations.qimen.street import GATEWAY, SECRET, Street, built
from tests.laws.cast import Seller, order_of, person, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(clock: FixedClock) -> Seller:
    """A seller whose warehouse prints by itself and whose word for 已打包 counts."""
    made = seller(printed_by="wms")
    made.warehouse.accepts_wms_pack = True
    made.warehouse.accepts_wms_pack_by = made.lead
    made.warehouse.save()
    return made


@pytest.fixture
def wms(shop: Seller) -> Connection:
    made = shop.qimen(base_url=GATEWAY)
    made.set_secrets({"app_secret": SECRET})
    made.save()
    return made


@pytest.fixture
def street(clock: FixedClock, wms: Connection) -> Iterator[Street]:
    with built(clock) as made:
        yield made


def work(wms: Connection, street: Street, *, seconds: float = 0, step: float = 5) -> None:
    """Time passes: the warehouse works, the tower hears what reached its hook and does its jobs."""
    turns = max(int(seconds / step), 1)
    for _ in range(turns):
        if seconds:
            street.live(step, step=step)
        for message in street.tower.kept:
            for receipt in inbox.keep(wms, [message]):
                inbox.process(receipt)
        street.tower.kept.clear()
        dispatch.drain_all()
        for lane in Job.Lane.values:
            jobs.run_lane(lane)


def asked(street: Street, method: str = "taobao.qimen.orderprocess.query") -> int:
    return sum(entry["method"] == method for entry in street.qimen.journal.entries("received"))


def told(wms: Connection, street: Street, command: str, **data: Any) -> list[Receipt]:
    """A control command's messages, taken in."""
    before = set(Receipt.objects.values_list("pk", flat=True))
    street.qimen.control(command, data)
    work(wms, street, seconds=1, step=1)
    return list(Receipt.objects.exclude(pk__in=before).order_by("pk"))


# Lost reports ---------------------------------------------------------------------------------------------------------
def test_an_order_whose_every_report_was_lost_is_shipped_all_the_same(
    shop: Seller, wms: Connection, street: Street
) -> None:
    street.qimen.control("faults", {"drop": 1.0})
    parcel = shop.released()
    work(wms, street, seconds=120)
    parcel.refresh_from_db()
    assert (parcel.state, street.order(parcel.number)["status"]) == ("to_pick", "DELIVERED")
    assert not asked(street)
    work(wms, street, seconds=600)
    parcel.refresh_from_db()
    assert parcel.state == "shipped"
    assert Label.objects.get().waybill == street.order(parcel.number)["waybills"][0]
    assert PrintAttempt.objects.count() == 1
    assert not Hold.objects.filter(state="open").exists()
    assert Job.objects.get(kind="follow_delivery").state == "done"


def test_a_lost_confirmation_is_read_and_what_it_says_stands_beside_the_reported_steps(
    shop: Seller, wms: Connection, street: Street
) -> None:
    parcel = shop.released()
    work(wms, street, seconds=30)
    assert street.order(parcel.number)["status"] == "WEIGH"
    street.qimen.control("faults", {"drop": 1.0})
    work(wms, street, seconds=900)
    parcel.refresh_from_db()
    assert parcel.state == "shipped"
    assert DocumentLink.objects.filter(document__kind="waybill").count() == 1


def test_a_report_that_comes_after_it_was_read_is_the_same_fact(shop: Seller, wms: Connection, street: Street) -> None:
    street.qimen.control("faults", {"drop": 1.0})
    parcel = shop.released()
    work(wms, street, seconds=720)
    street.qimen.control("faults", {"drop": 0.0})
    before = list(Event.objects.values_list("pk", flat=True)), Order.objects.get().version
    for done in street.qimen.floor.find(parcel.number).steps:
        if done.status != "DELIVERED":
            content = {"order": {"orderCode": parcel.number}, "process": process_words(done)}
            street.qimen.messenger.tell("orderprocess.report", content, parcel.number)
    work(wms, street, seconds=1, step=1)
    assert Receipt.objects.filter(kind="orderprocess.report", state="done").count() == 6
    assert (list(Event.objects.values_list("pk", flat=True)), Order.objects.get().version) == before


def test_a_step_told_again_in_other_words_is_no_second_print_and_no_conflict(
    shop: Seller, wms: Connection, street: Street
) -> None:
    parcel = shop.released()
    work(wms, street, seconds=5)
    at = time.now().astimezone(time.BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    for words in ({"expressCode": "YT1"}, {"expressCode": "", "operateInfo": "补打"}, {"operatorCode": "W9"}):
        told(wms, street, "report", order=parcel.number, processStatus="PRINT", operateTime=at, **words)
    assert PrintAttempt.objects.get().waybill == "YT1"
    assert not Receipt.objects.filter(state="parked").exists()
    assert not Hold.objects.filter(state="open").exists()


def test_a_silent_warehouse_is_asked_less_and_less_often(shop: Seller, wms: Connection, street: Street) -> None:
    street.qimen.control("pause", {})
    shop.released()
    work(wms, street)
    counts = []
    for _ in range(8):
        work(wms, street, seconds=630, step=630)
        counts.append(asked(street))
    # After 10, 20, 40 and 80 minutes.
    assert counts == [1, 2, 2, 3, 3, 3, 3, 4]


def test_a_warehouse_that_talks_is_not_asked(shop: Seller, wms: Connection, street: Street) -> None:
    street.qimen.control("connect", {"step_seconds": 400})
    shop.released()
    work(wms, street, seconds=3600, step=30)
    assert Parcel.objects.get().state == "shipped"
    assert asked(street) == 0


@pytest.mark.parametrize(("minutes", "questions"), [(0, 0), (30, 0), (5, 2), ("x", 1)])
def test_how_long_silence_may_last_is_a_setting(
    shop: Seller, wms: Connection, street: Street, minutes: Any, questions: int
) -> None:
    wms.settings["ask_minutes"] = minutes
    wms.save()
    street.qimen.control("pause", {})
    shop.released()
    work(wms, street, seconds=780, step=60)
    assert asked(street) == questions


def test_an_order_that_the_warehouse_does_not_know_is_told_to_a_person_until_it_does(
    shop: Seller, wms: Connection, street: Street
) -> None:
    parcel = shop.released()
    work(wms, street, seconds=2, step=2)
    order = street.qimen.floor.orders.pop(parcel.number)
    work(wms, street, seconds=700, step=100)
    trouble = Trouble.objects.get(kind="delivery", closed_at__isnull=True)
    assert parcel.number in trouble.text
    assert trouble.order_id == order_of(parcel).pk
    street.qimen.floor.orders[parcel.number] = order
    work(wms, street, seconds=1500, step=100)
    assert not Trouble.objects.filter(closed_at__isnull=True).exists()


def test_a_voided_parcel_is_watched_no_longer(shop: Seller, wms: Connection, street: Street) -> None:
    street.qimen.control("pause", {})
    parcel = shop.released()
    work(wms, street, seconds=2, step=2)
    Parcel.objects.filter(pk=parcel.pk).update(state="voided")
    work(wms, street, seconds=1200, step=600)
    assert asked(street) == 0
    assert Job.objects.get(kind="follow_delivery").result["code"] == "not_wanted"


# Missing goods, waves, returns ----------------------------------------------------------------------------------------
def test_missing_goods_hold_the_line_until_the_order_goes_on(shop: Seller, wms: Connection, street: Street) -> None:
    parcel = shop.released("CREAM-50", "LIP-01")
    work(wms, street, seconds=10)
    told(wms, street, "itemlack", order=parcel.number, items=[{"itemCode": "LP01", "planQty": 1, "lackQty": 1}])
    hold = Hold.objects.get(state="open")
    assert (hold.reason, hold.line.sku, hold.parcel) == (HoldReason.STOCK_SHORT, "LIP-01", parcel)
    assert street.order(parcel.number)["pended"]
    street.qimen.control("report", {"order": parcel.number, "processStatus": "PACKAGE"})
    work(wms, street, seconds=2, step=1)
    hold.refresh_from_db()
    assert hold.state == "withdrawn"
    work(wms, street, seconds=2, step=1)
    assert not street.order(parcel.number)["pended"]


def test_another_shortage_after_a_person_lifted_the_first_holds_again(
    shop: Seller, wms: Connection, street: Street
) -> None:
    parcel = shop.released()
    work(wms, street, seconds=5)
    manager = person(shop.user(Role.OPS_MANAGER))
    for _ in range(2):
        told(wms, street, "itemlack", order=parcel.number)
        assert lift(Hold.objects.get(state="open").pk, reason="已补货", cause=manager).ok
    assert Hold.objects.filter(reason=HoldReason.STOCK_SHORT).count() == 2


def test_a_wave_is_found_by_its_number_and_one_unknown_order_keeps_only_itself_waiting(
    shop: Seller, wms: Connection, street: Street
) -> None:
    first, second = shop.released(), shop.released()
    receipts = told(wms, street, "wave", wave="WAVE-77", orders=[first.number, "SO-NOBODY", second.number])
    assert [receipt.state for receipt in receipts] == ["done", "waiting", "done"]
    access = Access(companies=frozenset({shop.company_id}), warehouses=frozenset(), warehouse_companies=frozenset())
    found = find(access, "WAVE-77")
    assert (found.kind, set(found.parcels)) == ("wave", {first.pk, second.pk})


def test_a_parcel_that_came_back_is_seen_at_its_order_by_the_number_it_left_with(
    shop: Seller, wms: Connection, street: Street
) -> None:
    parcel = shop.released()
    work(wms, street, seconds=120)
    waybill = Label.objects.get().waybill
    told(wms, street, "return_package", code="TH-1", waybills=[waybill])
    claim = Claim.objects.get(system="wms", subject="TH-1")
    assert (claim.stage, claim.order) == ("returned", order_of(parcel))
    documents = DocumentLink.objects.filter(order=claim.order, document__kind__startswith="return")
    assert set(documents.values_list("document__number", flat=True)) == {"TH-1", waybill}
    assert not Trouble.objects.exists()


def test_a_booked_return_is_the_warehouses_last_word_of_the_delivery(
    shop: Seller, wms: Connection, street: Street
) -> None:
    parcel = shop.released()
    work(wms, street, seconds=120)
    told(wms, street, "return_order", order=parcel.number, code="TH-2")
    assert Claim.objects.get(system="wms", subject=parcel.number).stage == "returned"
    parcel.refresh_from_db()
    assert parcel.state == "shipped"


def test_a_return_of_nobody_is_told_to_a_person_until_its_order_is_known(
    shop: Seller, wms: Connection, street: Street
) -> None:
    (receipt,) = told(wms, street, "return_package", code="TH-9", waybills=["YT404"], at="")
    assert receipt.state == "waiting"
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.closed_at) == ("return", None)
    parcel = shop.released()
    work(wms, street, seconds=1, step=1)
    told(wms, street, "confirm", order=parcel.number, packages=[{"logisticsCode": "YTO", "expressCode": "YT404"}])
    inbox.process(receipt.pk)
    trouble.refresh_from_db()
    assert trouble.closed_at is not None
    assert DocumentLink.objects.filter(document__number="TH-9").exists()


# Stock ----------------------------------------------------------------------------------------------------------------
def words(now: Any) -> list[StockWord]:
    def word(key: str, minutes: int, **fields: Any) -> StockWord:
        at = now + timedelta(minutes=minutes)
        return StockWord(key=key, warehouse="WH01", code="CR50", grade="ZP", at=at, **fields)

    return [
        word("count 1", 0, total=100),
        word("before the second count", 5, change=-7),
        word("count 2", 10, total=90, locked=4),
        word("after it", 12, change=3),
        word("after it too", 14, change=-1),
    ]


def test_stock_is_the_same_in_whatever_order_its_words_come(shop: Seller, wms: Connection) -> None:
    ends = set()
    for arranged in permutations(words(time.now())):
        StockClaim.objects.all().delete()
        for word in (*arranged, *arranged):
            take_stock(wms, word)
        claim = StockClaim.objects.get()
        ends.add((claim.counted, claim.locked, claim.changed, claim.total, claim.said_at, claim.changes.count()))
    assert ends == {(90, 4, 2, 92, time.now() + timedelta(minutes=14), 2)}


def test_changes_without_a_count_are_no_total(wms: Connection) -> None:
    claim = take_stock(wms, words(time.now())[1])
    assert (claim.total, claim.changed) == (None, -7)


def test_a_count_that_differs_from_ours_is_a_trouble_until_one_agrees(
    shop: Seller, wms: Connection, street: Street
) -> None:
    cream = Goods.objects.get(code="CR50")
    Stock.objects.create(warehouse=shop.warehouse, goods=cream, on_hand=1000, source_at=time.now())
    told(wms, street, "count", items={"CR50": 0})
    assert not Trouble.objects.exists()
    told(wms, street, "count", items={"CR50": -3})
    trouble = Trouble.objects.get(kind="stock_drift")
    assert (trouble.facts, trouble.level) == ({"code": "CR50", "theirs": 997, "ours": 1000}, "warning")
    told(wms, street, "count", items={"CR50": 3})
    trouble.refresh_from_db()
    assert trouble.closed_at is not None


def test_what_left_since_our_number_was_told_is_no_difference(shop: Seller, wms: Connection, street: Street) -> None:
    cream = Goods.objects.get(code="CR50")
    Stock.objects.create(warehouse=shop.warehouse, goods=cream, on_hand=1000, source_at=time.now())
    parcel = shop.released()
    work(wms, street, seconds=120)
    assert PackLine.objects.get(parcel=parcel).goods == cream
    told(wms, street, "count", items={"CR50": 0})
    assert StockClaim.objects.get().total == 999
    assert not Trouble.objects.exists()


def test_a_change_without_a_time_is_asked_for(shop: Seller, wms: Connection, street: Street) -> None:
    (receipt, *_) = told(wms, street, "change", items={"CR50": -5, "LP01": 2}, at="")
    work(wms, street)
    assert receipt.state == "done"
    totals = dict(StockClaim.objects.values_list("code", "counted"))
    assert totals == {"CR50": 995, "LP01": 1002}
    assert asked(street, "taobao.qimen.inventory.query") == 2


def test_all_stock_is_read_in_its_time(shop: Seller, wms: Connection, street: Street) -> None:
    street.qimen.control("connect", {"stock": {f"G{number:03}": number for number in range(250)}})
    assert sync.poll_due(now=time.now()) == 0
    wms.settings["stock_minutes"] = 60
    wms.save()
    for minutes, read in ((0, 3), (10, 3), (61, 6)):
        street.clock.advance(minutes=minutes)
        sync.poll_due(now=time.now())
        assert asked(street, "taobao.qimen.stock.query") == read
    inbox.process_due()
    assert StockClaim.objects.count() == 250
    assert StockClaim.objects.get(code="G249").counted == 249
