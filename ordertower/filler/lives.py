"""Lives of orders, led by the services step by step: what is copied is what they left behind."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from orders import clock
from orders.clock import FixedClock
from orders.lifecycle import CauseKind, Move, Role
from orders.models import Company, Goods, Order, Shop, SkuMap, Warehouse
from orders.services.goods import map_sku
from orders.services.holds import place_hold
from orders.services.labels import print_result, request_print, request_waybill, waybill_issued
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.services.roles import grant
from orders.vocabulary import (
    AddressSnapshot,
    Cause,
    Fact,
    LineSnapshot,
    OrderSnapshot,
    ParcelSnapshot,
    PrintReport,
    RefundSnapshot,
    TrackPoint,
    WarehouseReport,
)

GOODS = [
    ("CREAM-50", "面霜 50g", Decimal("128.50")),
    ("SERUM-30", "精华液 30ml", Decimal("199.00")),
    ("MASK-10", "面膜礼盒 10 片", Decimal("89.00")),
    ("LIP-01", "口红 正红", Decimal("59.90")),
]
SYSTEM = Cause(kind=CauseKind.SYSTEM, source="自动流程")


@dataclass(frozen=True)
class Seller:
    """One shop with its warehouse, and the two people who act there."""

    shop: Shop
    warehouse: Warehouse
    lead: User
    cs: User


def sellers(shops: int = 4) -> list[Seller]:
    """The filled company's shops, half of them with a warehouse that prints by itself. Made once, found again."""
    company, _ = Company.objects.get_or_create(code="filled", defaults={"name": "压测商家"})
    lead, cs = (_person(company, role) for role in (Role.WAREHOUSE_LEAD, Role.CS))
    for sku, name, _price in GOODS:
        goods, _ = Goods.objects.get_or_create(company=company, code=sku, defaults={"name": name, "weight_grams": 100})
        if not SkuMap.objects.filter(company=company, sku=sku, valid_to__isnull=True).exists():
            map_sku(company_id=company.pk, sku=sku, goods=goods)
    return [_seller(company, place, lead, cs) for place in range(1, shops + 1)]


def _person(company: Company, role: Role) -> User:
    person, made = get_user_model().objects.get_or_create(username=f"filled-{role}", defaults={"is_staff": True})
    if made:
        person.set_unusable_password()
        person.save()
    grant(person, company, role)
    return person


def _seller(company: Company, place: int, lead: User, cs: User) -> Seller:
    own_printer = place % 2 == 0
    warehouse, _ = Warehouse.objects.get_or_create(
        company=company,
        code=f"F{place}",
        defaults={
            "name": f"压测仓 {place}",
            "printed_by": "wms" if own_printer else "tower",
            "accepts_wms_pack": own_printer,
            "accepts_wms_pack_by": lead if own_printer else None,
        },
    )
    shop, _ = Shop.objects.get_or_create(
        platform="taobao",
        code=f"filled-{place}",
        defaults={"company": company, "name": f"压测店 {place}", "warehouse": warehouse, "auto_release": False},
    )
    return Seller(shop, warehouse, lead, cs)


class Life:
    """One order's life. Each step happens some minutes after the one before, by the clock it is given."""

    def __init__(self, seller: Seller, clock: FixedClock, lines: int = 1) -> None:
        self.seller, self.clock, self.lines = seller, clock, lines
        # Eighteen digits, as the platforms count, and like nothing else in any row.
        self.platform_order_id = f"9{secrets.randbelow(10**17):017}"
        self.waybill = f"YT{self.platform_order_id}"
        self.placed_at = clock.now()
        self.paid_at: datetime | None = None

    @property
    def order(self) -> Order:
        return Order.objects.get(shop=self.seller.shop, platform_order_id=self.platform_order_id)

    @property
    def parcel_id(self) -> int:
        found = self.order.lines.values_list("parcel_lines__parcel", flat=True).order_by("-parcel_lines__parcel")
        return int(found[0])

    @property
    def code(self) -> str:
        return f"T{self.seller.shop.pk}-{self.platform_order_id}"

    # What other systems say --------------------------------------------------------------------------------------
    def fact(self, name: str, snapshot: Any, system: CauseKind) -> Fact:
        about_shop = system == CauseKind.PLATFORM
        return Fact(
            source=f"filled:{self.seller.shop.pk if about_shop else self.seller.warehouse.code}",
            key=f"{name}:{self.platform_order_id}",
            body_hash=secrets.token_hex(16),
            subject=self.platform_order_id if about_shop else self.code,
            snapshot=snapshot,
            system=system,
            company_id=self.seller.shop.company_id,
            shop_id=self.seller.shop.pk,
            warehouse_id=self.seller.warehouse.pk,
        )

    def picture(self, status: str, **fields: Any) -> Fact:
        """What the platform shows of the order now."""
        chosen = GOODS[: self.lines]
        snapshot = OrderSnapshot(
            platform_order_id=self.platform_order_id,
            status=status,
            platform_status={"unpaid": "WAIT_BUYER_PAY", "paid": "WAIT_SELLER_SEND_GOODS"}.get(status, status.upper()),
            modified_at=clock.now(),
            placed_at=self.placed_at,
            paid_at=self.paid_at,
            ship_by=self.placed_at + timedelta(hours=48),
            amount=sum((price for _sku, _name, price in chosen), Decimal(0)),
            lines=tuple(
                LineSnapshot(platform_line_id=str(place), sku=sku, title=name, quantity=1, price=price)
                for place, (sku, name, price) in enumerate(chosen, start=1)
            ),
            receiver=AddressSnapshot(
                name="王小明",
                phone="13800001111",
                province="浙江省",
                city="杭州市",
                district="西湖区",
                address="文三路 1 号",
            ),
            **fields,
        )
        return self.fact(f"order:{status}", snapshot, CauseKind.PLATFORM)

    def hears(self, fact: Fact, **wait: float) -> Outcome:
        return self._done(record(fact, cause=Cause(kind=fact.system, source=f"压测 {fact.system}")), **wait)

    def _done(self, outcome: Outcome, **wait: float) -> Outcome:
        outcome.event_or_raise()
        self.clock.advance(**(wait or {"minutes": 7, "microseconds": 1}))
        return outcome

    # The steps ---------------------------------------------------------------------------------------------------
    def sold(self) -> None:
        self.hears(self.picture("unpaid"), seconds=31)

    def paid(self) -> None:
        self.paid_at = clock.now()
        self.hears(self.picture("paid"))

    def released(self) -> None:
        self._done(move(self.order.pk, Move.RELEASE, cause=SYSTEM))

    def reported(self, stage: str, **fields: Any) -> None:
        report = WarehouseReport(
            order=self.code, stage=stage, platform_status=stage.upper(), reported_at=clock.now(), **fields
        )
        self.hears(self.fact(f"wms:{stage}", report, CauseKind.WMS))

    def accepted(self) -> None:
        self.reported("accepted")

    def packed(self) -> None:
        """By 仓管组长; where the warehouse's own word counts, by its word."""
        if self.seller.warehouse.accepts_wms_pack:
            self.reported("packed")
        else:
            lead = Cause(kind=CauseKind.PERSON, user_id=self.seller.lead.pk, source="仓管组长")
            self._done(move_parcel(self.parcel_id, Move.PACK, cause=lead))

    def numbered(self) -> None:
        asked = self._done(request_waybill(self.parcel_id, cause=SYSTEM), seconds=2)
        courier = Cause(kind=CauseKind.COURIER, source="取号")
        self._done(waybill_issued(asked.made["label"], carrier="yto", waybill=self.waybill, cause=courier))

    def labelled(self) -> None:
        """A number, and its one print."""
        if self.seller.warehouse.printed_by == "wms":
            printed = PrintReport(order=self.code, printed_at=clock.now(), waybill=self.waybill, carrier="yto")
            self.hears(self.fact("print", printed, CauseKind.WMS))
            return
        self.numbered()
        granted = self._done(request_print(self.parcel_id, cause=SYSTEM, station="A3", printer="P1"), seconds=3)
        self._done(print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM))

    def printed_twice(self) -> None:
        request_print(self.parcel_id, cause=SYSTEM, station="B1", printer="P2")
        self.clock.advance(minutes=1)

    def shipped(self) -> None:
        self.reported("shipped", parcels=(ParcelSnapshot(carrier="yto", waybill=self.waybill),))

    def tracked(self, stage: str, **wait: float) -> None:
        point = TrackPoint(carrier="yto", waybill=self.waybill, stage=stage, at=clock.now())
        self.hears(self.fact(f"track:{stage}", point, CauseKind.COURIER), **wait)

    def picked_up(self) -> None:
        self.tracked("picked_up", hours=2)

    def in_transit(self) -> None:
        self.tracked("in_transit", hours=20)

    def signed(self) -> None:
        self.tracked("signed", minutes=1)

    def closed(self) -> None:
        self.hears(self.picture("closed", closed_at=clock.now()))

    def held(self) -> None:
        cs = Cause(kind=CauseKind.PERSON, user_id=self.seller.cs.pk, source="客服")
        self._done(place_hold(self.order.pk, note="买家来电", cause=cs))

    def refund_asked(self) -> None:
        refund = RefundSnapshot(
            refund_id=f"R{self.platform_order_id}", platform_line_id="1", status="open", requested_at=clock.now()
        )
        self.hears(self.fact("refund", refund, CauseKind.PLATFORM))


Step = Callable[[Life], None]
_UNTIL_SHIPPED: tuple[Step, ...] = (
    Life.sold,
    Life.paid,
    Life.released,
    Life.accepted,
    Life.packed,
    Life.labelled,
    Life.shipped,
)
WHOLE_LIFE: tuple[Step, ...] = (*_UNTIL_SHIPPED, Life.picked_up, Life.in_transit, Life.signed)
_LONGEST = timedelta(days=1, hours=4)


@dataclass(frozen=True)
class Kind:
    """How one kind of order lives, how many lines it has, and how many of a hundred live so."""

    steps: tuple[Step, ...]
    share: int
    lines: int = 1


KINDS = (
    Kind((Life.sold,), 3),
    Kind((Life.paid,), 12),
    Kind((Life.sold, Life.paid), 8, lines=2),
    Kind((Life.paid, Life.held), 1),
    Kind((Life.paid, Life.refund_asked), 1, lines=2),
    Kind((Life.sold, Life.closed), 4),
    Kind((Life.paid, Life.released), 6, lines=2),
    Kind((Life.paid, Life.released, Life.accepted), 8),
    Kind((Life.paid, Life.released, Life.accepted, Life.packed), 5, lines=3),
    Kind((Life.paid, Life.released, Life.accepted, Life.packed, Life.labelled), 4),
    Kind((*_UNTIL_SHIPPED[1:6], Life.printed_twice), 1),
    Kind(_UNTIL_SHIPPED[1:], 12),
    Kind((*_UNTIL_SHIPPED, Life.picked_up), 10),
    Kind(WHOLE_LIFE, 17),
    Kind(WHOLE_LIFE[1:], 8, lines=2),
)


@dataclass(frozen=True)
class Model:
    """A life that was led, and how many copies in a hundred and more it gets."""

    order_id: int
    platform_order_id: str
    waybill: str
    begun_at: datetime
    share: int


def lead_lives(*, now: datetime, most: int | None = None, shops: int = 4, kinds: Sequence[Kind] = KINDS) -> list[Model]:
    """Lead one life of every kind in every shop (at most `most` in all), the last of them ending before `now`."""
    models = []
    with clock.running_on(FixedClock(now)) as fixed:
        assert isinstance(fixed, FixedClock)
        known = sellers(shops)
        for kind, seller in [(kind, seller) for seller in known for kind in kinds][:most]:
            if kind.steps[-1] is Life.printed_twice and seller.warehouse.printed_by != "tower":
                continue
            # Not a whole second: every time is then written with its microseconds.
            fixed.moment = (now - _LONGEST).replace(microsecond=123_457)
            life = Life(seller, fixed, kind.lines)
            for step in kind.steps:
                step(life)
            models.append(Model(life.order.pk, life.platform_order_id, life.waybill, life.placed_at, kind.share))
    return models
