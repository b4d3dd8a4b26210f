"""Several packages under one parcel: each number reaches the platform and its courier, or a person hears why not."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from integrations import acts, jobs, telling, tracking
from integrations.adapter import Adapter, ShipWish
from integrations.errors import AlreadyDone
from integrations.models import Connection, Job, Trouble
from integrations.registry import adapter_named
from orders import clock as time
from orders.lifecycle import CauseKind, Role
from orders.models import Hold, Label, Parcel
from orders.services.holds import lift, place_hold
from orders.services.record import record
from orders.vocabulary import Fact, ParcelSnapshot, TrackPoint, WarehouseReport
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, order_of, person, seller

pytestmark = pytest.mark.django_db
CREAM, LIP = (("CR50", 1),), (("LP01", 1),)


class Platform(Adapter):
    """A platform that takes one number for a line, and remembers."""

    name, title, system = "taobao", "平台", "platform"
    capabilities = frozenset({"ship", "waybill"})

    def __init__(self) -> None:
        self.told: list[ShipWish] = []

    def ship(self, access: Any, wish: ShipWish) -> None:
        if any(not before.lines or set(before.lines) & set(wish.lines) for before in self.told):
            raise AlreadyDone("已发货")
        self.told.append(wish)


@pytest.fixture
def shop(clock: Any) -> Seller:
    made = seller(printed_by="wms")
    made.warehouse.accepts_wms_pack = True
    made.warehouse.accepts_wms_pack_by = made.lead
    made.warehouse.save()
    made.taobao()
    Connection.objects.create(
        company=made.shop.company, adapter="kuaidi100", name="快递100", base_url="http://127.0.0.1:9"
    )
    return made


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    made = Platform()
    monkeypatch.setattr(acts, "adapter_named", lambda name: made)
    return made


def confirmation(
    shop: Seller, parcel: Parcel, *packages: tuple[str, tuple[tuple[str, int], ...]], stage: str = "shipped"
) -> Fact:
    report = WarehouseReport(
        order=parcel.number,
        stage=stage,
        platform_status=stage,
        reported_at=time.now(),
        parcels=tuple(ParcelSnapshot(carrier="yto", waybill=waybill, items=items) for waybill, items in packages),
    )
    return shop.fact(f"confirm:{stage}:{len(packages)}", parcel.number, report, CauseKind.WMS)


def packed(shop: Seller) -> Parcel:
    """Packed by the warehouse, whose word for it counts."""
    parcel = shop.released("CREAM-50", "LIP-01")
    report = WarehouseReport(
        order=parcel.number, stage="packed", platform_status="PACKAGE", reported_at=time.now() - timedelta(minutes=5)
    )
    assert record(shop.fact(f"packed:{parcel.pk}", parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    return parcel


def leaves(shop: Seller, *packages: tuple[str, tuple[tuple[str, int], ...]]) -> Parcel:
    parcel = packed(shop)
    assert record(confirmation(shop, parcel, *packages), cause=SYSTEM).ok
    dispatch.drain_all()
    return parcel


def followed() -> set[str]:
    """The numbers whose couriers are asked."""
    rows = Job.objects.filter(kind="follow_parcel").values_list("key", flat=True)
    return {key.rpartition(":")[2] for key in rows}


def test_each_package_is_told_with_its_own_lines_and_followed(shop: Seller, platform: Platform) -> None:
    leaves(shop, ("YT1", CREAM), ("YT2", LIP))
    jobs.run_lane("sync")
    assert {(wish.waybill, wish.lines) for wish in platform.told} == {("YT1", ("1",)), ("YT2", ("2",))}
    assert followed() == {"YT1", "YT2"}
    assert not Trouble.objects.exists()
    assert not Hold.objects.filter(state="open").exists()


def test_the_erp_hears_of_every_package_once(shop: Seller, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.create(company=shop.shop.company, adapter="kingdee", name="金蝶", base_url="http://127.0.0.1:9")
    heard = []

    class Erp(Adapter):
        name, title, system = "kingdee", "ERP", "erp"
        capabilities = frozenset({"tell"})

        def tell(self, access: Any, news: Any) -> None:
            heard.append((news.stage, news.carrier, news.waybill))

    known = adapter_named
    monkeypatch.setattr(telling, "adapter_named", lambda name: Erp() if name == "kingdee" else known(name))
    parcel = leaves(shop, ("YT1", CREAM), ("YT2", LIP))
    for _ in range(2):
        jobs.run_lane("sync")
        assert record(confirmation(shop, parcel, ("YT1", CREAM), ("YT2", LIP)), cause=SYSTEM).ok
        dispatch.drain_all()
    assert sorted(heard) == [("packed", "yto", "YT1"), ("shipped", "yto", "YT1"), ("shipped", "yto", "YT2")]


def test_one_package_is_told_for_the_whole_order_as_ever(shop: Seller, platform: Platform) -> None:
    leaves(shop, ("YT1", (*CREAM, *LIP)))
    jobs.run_lane("sync")
    assert [(wish.waybill, wish.lines) for wish in platform.told] == [("YT1", ())]
    assert followed() == {"YT1"}


@pytest.mark.parametrize(
    "second", [CREAM, (), (("CR50", 1), ("LP01", 1))], ids=["a line in both", "no items", "everything once more"]
)
def test_a_number_that_stands_for_no_line_of_its_own_is_for_a_person(
    shop: Seller, platform: Platform, second: tuple[tuple[str, int], ...]
) -> None:
    parcel = leaves(shop, ("YT1", (*CREAM, *LIP)), ("YT2", second))
    for _ in range(2):
        Job.objects.filter(kind="tell_platform").update(state="ready")
        jobs.run_lane("sync")
    told = [(wish.waybill, wish.lines) for wish in platform.told]
    assert told in ([("YT1", ())], [("YT1", ("1", "2"))])
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.order_id, "YT2" in trouble.text) == ("untold", order_of(parcel).pk, True)
    assert followed() == {"YT1", "YT2"}


def test_a_package_that_becomes_known_after_leaving_is_told_and_followed_too(
    shop: Seller, platform: Platform, clock: Any
) -> None:
    parcel = leaves(shop, ("YT1", CREAM))
    clock.advance(minutes=1)
    second = confirmation(shop, parcel, ("YT1", CREAM), ("YT2", LIP))
    assert record(second, cause=SYSTEM).ok
    dispatch.drain_all()
    jobs.run_lane("sync")
    assert {(wish.waybill, wish.lines) for wish in platform.told} == {("YT1", ("1",)), ("YT2", ("2",))}
    assert followed() == {"YT1", "YT2"}


def test_a_platform_that_took_the_first_number_for_everything_leaves_the_second_to_a_person(
    shop: Seller, platform: Platform, clock: Any
) -> None:
    parcel = leaves(shop, ("YT1", CREAM))
    jobs.run_lane("sync")
    clock.advance(minutes=1)
    assert record(confirmation(shop, parcel, ("YT1", CREAM), ("YT2", LIP)), cause=SYSTEM).ok
    dispatch.drain_all()
    jobs.run_lane("sync")
    assert [wish.waybill for wish in platform.told] == ["YT1"]
    assert "YT2" in Trouble.objects.get().text


def test_the_second_courier_is_heard_although_no_label_has_its_number(shop: Seller, clock: Any) -> None:
    parcel = leaves(shop, ("YT1", CREAM), ("YT2", LIP))
    assert Label.objects.get().waybill == "YT1"
    point = TrackPoint(carrier="yto", waybill="YT2", stage="in_transit", at=time.now() + timedelta(hours=1))
    assert record(shop.fact("yt2", "YT2", point, CauseKind.COURIER), cause=SYSTEM).order_id == order_of(parcel).pk
    assert not Hold.objects.filter(state="open").exists()


def test_the_second_courier_is_asked_for_its_own_number(
    shop: Seller, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves(shop, ("YT1", CREAM), ("YT2", LIP))
    wishes = []

    class Courier(Adapter):
        name, title, system = "kuaidi100", "快递", "courier"
        capabilities = frozenset({"subscribe", "query"})

        def subscribe(self, access: Any, wish: Any) -> None:
            wishes.append((wish.carrier, wish.waybill))

    monkeypatch.setattr(tracking, "adapter_named", lambda name: Courier())
    jobs.run_lane("bulk")
    assert sorted(wishes) == [("yto", "YT1"), ("yto", "YT2")]


def test_what_a_hold_kept_back_is_told_when_it_is_lifted(shop: Seller, platform: Platform, clock: Any) -> None:
    parcel = packed(shop)
    order = order_of(parcel)
    assert place_hold(order.pk, note="买家来电", cause=person(shop.user(Role.CS))).ok
    clock.advance(minutes=1)
    assert record(confirmation(shop, parcel, ("YT1", CREAM), ("YT2", LIP)), cause=SYSTEM).ok
    dispatch.drain_all()
    for _hour in range(16):
        clock.advance(hours=1)
        jobs.run_lane("sync")
    assert not platform.told
    manager = person(shop.user(Role.OPS_MANAGER))
    for hold in order.holds.filter(state="open"):
        assert lift(hold.pk, reason="已与买家确认", cause=manager).ok
    dispatch.drain_all()
    jobs.run_lane("sync")
    assert {wish.waybill for wish in platform.told} == {"YT1", "YT2"}


def test_the_packages_are_the_same_in_whatever_order_they_were_confirmed(shop: Seller, clock: Any) -> None:
    ends = set()
    for arranged in permutations(range(3)):
        parcel = packed(shop)
        numbers = [f"YT{place}-{parcel.pk}" for place in range(2)]
        facts = [
            confirmation(shop, parcel, (numbers[0], CREAM), stage="shipped_part"),
            confirmation(shop, parcel, (numbers[1], LIP)),
            confirmation(shop, parcel, (numbers[0], CREAM), (numbers[1], LIP)),
        ]
        for place in arranged:
            fact = facts[place]
            named = Fact(**{**fact.__dict__, "key": f"{parcel.pk}:{place}"})
            assert record(named, cause=SYSTEM).ok
        dispatch.drain_all()
        parcel.refresh_from_db()
        label = Label.objects.get(parcel=parcel)
        told = Job.objects.filter(kind="tell_platform", payload__parcel=parcel.pk).count()
        held = Hold.objects.filter(order=order_of(parcel), state="open").count()
        ends.add((parcel.state, label.waybill == numbers[0], told, held))
    assert ends == {("shipped", True, 2, 0)}
