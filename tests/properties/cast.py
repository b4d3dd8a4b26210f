"""One order's life as facts, and the end it comes to: for the laws that speak of any order of arrival."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orders.clock import BEIJING
from orders.lifecycle import CauseKind
from orders.models import Goods, Hold, Label, Order, Shop, SkuMap, Warehouse
from orders.services.claims import claims_about
from orders.services.dossier import load
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.vocabulary import (
    AddressSnapshot,
    Cause,
    Fact,
    LineSnapshot,
    OrderSnapshot,
    ParcelSnapshot,
    PrintReport,
    RefundSnapshot,
    ShortageReport,
    TrackPoint,
    WarehouseReport,
)
from tests.orders import factories

MIDNIGHT = datetime(2026, 11, 11, tzinfo=BEIJING)
OLD = AddressSnapshot(
    name="王小明", phone="13800001111", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
)
NEW = replace(OLD, address="文三路 2 号")


def at(minutes: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=minutes)


@dataclass
class Stage:
    """A shop with a warehouse that prints by itself, and facts about one order of it."""

    shop: Shop
    order_id: str = "2026111100000001"
    waiting: list[Fact] = field(default_factory=list)

    @property
    def code(self) -> str:
        return f"T{self.shop.pk}-{self.order_id}"

    def fact(self, name: str, snapshot: Any, system: CauseKind) -> Fact:
        subject = {OrderSnapshot: self.order_id, RefundSnapshot: self.order_id}.get(type(snapshot), self.code)
        return Fact(
            source=f"connection:{system}:{self.shop.pk}",
            key=f"{self.order_id}:{name}",
            body_hash=name,
            subject=subject,
            snapshot=snapshot,
            system=system,
            company_id=self.shop.company_id,
            shop_id=self.shop.pk,
            warehouse_id=self.shop.warehouse_id,
        )

    def picture(self, name: str, minutes: float, status: str, **fields: Any) -> Fact:
        """What the platform shows of the order at a minute."""
        paid = status not in ("unpaid",)
        snapshot = OrderSnapshot(
            **{
                "platform_order_id": self.order_id,
                "status": status,
                "platform_status": status.upper(),
                "modified_at": at(minutes),
                "placed_at": at(0),
                "paid_at": at(1) if paid else None,
                "amount": Decimal("128.50"),
                "receiver": OLD,
                "lines": (
                    LineSnapshot(
                        platform_line_id="1", sku="CREAM-50", title="面霜", quantity=1, price=Decimal("128.50")
                    ),
                ),
                **fields,
            }
        )
        return self.fact(name, snapshot, CauseKind.PLATFORM)

    def report(self, stage: str, minutes: float, **fields: Any) -> Fact:
        snapshot = WarehouseReport(
            order=self.code, stage=stage, platform_status=stage.upper(), reported_at=at(minutes), **fields
        )
        return self.fact(f"wms:{stage}", snapshot, CauseKind.WMS)

    def prints(self, minutes: float, waybill: str = "YT1") -> Fact:
        snapshot = PrintReport(order=self.code, printed_at=at(minutes), waybill=self.waybill(waybill))
        return self.fact(f"print:{minutes}:{waybill}", snapshot, CauseKind.WMS)

    def prints_without_its_number(self, minutes: float) -> Fact:
        """The same sheet as `prints` at that minute, as a warehouse tells it that is asked again."""
        snapshot = PrintReport(order=self.code, printed_at=at(minutes))
        return self.fact(f"print:{minutes}:", snapshot, CauseKind.WMS)

    def lacks(self, minutes: float, code: str = "G1") -> Fact:
        snapshot = ShortageReport(order=self.code, reported_at=at(minutes), missing=((code, 1),))
        return self.fact(f"lack:{minutes}", snapshot, CauseKind.WMS)

    def leaves_in_two(self, minutes: float) -> Fact:
        parcels = tuple(ParcelSnapshot(carrier="yto", waybill=self.waybill(name)) for name in ("YT1", "YT2"))
        return self.report("shipped", minutes, parcels=parcels)

    def leaves(self, minutes: float, waybill: str = "YT1") -> Fact:
        return self.report("shipped", minutes, parcels=(ParcelSnapshot(carrier="yto", waybill=self.waybill(waybill)),))

    def tracks(self, stage: str, minutes: float, waybill: str = "YT1", *, onward: str = "", formerly: str = "") -> Fact:
        point = TrackPoint(
            carrier="yto",
            waybill=self.waybill(waybill),
            stage=stage,
            at=at(minutes),
            onward=onward and self.waybill(onward),
            formerly=formerly and self.waybill(formerly),
        )
        return self.fact(f"track:{waybill}:{stage}:{minutes}", point, CauseKind.COURIER)

    def hears(self, fact: Fact) -> Outcome:
        """Record a fact; what comes before its order waits, as the inbox lets it wait, and is tried again."""
        outcome = record(fact, cause=Cause(kind=fact.system, source=str(fact.system)))
        if outcome.code == "unknown_subject":
            self.waiting.append(fact)
            return outcome
        moved = True
        while moved and self.waiting:
            waiting, self.waiting = self.waiting, []
            for late in waiting:
                self.waiting += [late] if not record(late, cause=Cause(kind=late.system)).ok else []
            moved = len(self.waiting) < len(waiting)
        return outcome

    def waybill(self, name: str) -> str:
        return f"{name}-{self.order_id}"

    def plain(self, text: str) -> str:
        """The same words for every order, so that two lives can be compared."""
        return text.replace(self.code, "T").replace(self.order_id, "P")

    def end(self) -> dict[str, Any]:
        """All that law 3 speaks of: states, quantities, claims, live label, address version, open hold reasons."""
        order = Order.objects.get(shop=self.shop, platform_order_id=self.order_id)
        (dossier,) = load([order], cause=Cause(kind=CauseKind.SYSTEM))
        return {
            "order": order.state,
            "held": order.held,
            "paid_at": order.paid_at,
            "address": (order.address_version, dossier.addresses[-1].masked),
            "lines": sorted((line.platform_line_id, line.quantity, line.closed) for line in dossier.lines),
            "parcels": sorted((p.state, p.packed_at, p.shipped_at, p.signed_at) for p in dossier.parcels),
            "claims": sorted((c.system, self.plain(c.subject), c.status, c.at, c.furthest) for c in dossier.claims),
            "labels": sorted(
                (self.plain(label.waybill), label.carrier, label.address_version, label.state)
                for label in Label.objects.filter(parcel__in=dossier.parcels)
            ),
            "holds": sorted((h.reason, self.plain(h.key)) for h in dossier.holds if h.state == Hold.State.OPEN),
            "refunds": sorted((s.refund_id, s.state, s.requested_at) for s in dossier.aftersales),
            "waiting": len(self.waiting),
            "heard": sum(len(claims_about(dossier, p)) for p in dossier.parcels),
        }


def stage(**fields: Any) -> Stage:
    """A stage on which the warehouse prints and its word for 已打包 is accepted."""
    company = factories.company()
    lead = factories.user()
    warehouse: Warehouse = factories.warehouse(
        company, printed_by="wms", accepts_wms_pack=True, accepts_wms_pack_by=lead, **fields
    )
    shop = factories.shop(company, warehouse=warehouse)
    goods = Goods.objects.create(company=company, code="G1", name="面霜 50g")
    SkuMap.objects.create(company=company, sku="CREAM-50", goods=goods)
    return Stage(shop)


def refund(status: str, minutes: float, *, requested: float = 5) -> RefundSnapshot:
    return RefundSnapshot(
        refund_id="R1",
        platform_line_id="1",
        status=status,
        requested_at=at(requested),
        updated_at=at(minutes),
        amount=Decimal("128.50"),
    )
