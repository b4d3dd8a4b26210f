"""One order among connected systems, and every word that they can say of it: by the public services only."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any

from integrations.contradictions import picture_of
from integrations.models import Connection
from orders.clock import FixedClock
from orders.contradictions.find import Found, find
from orders.lifecycle import CauseKind, Move, Role
from orders.models import Label, Order, Parcel
from orders.services.cases import answer_request
from orders.services.labels import print_result, request_print
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.vocabulary import (
    CustomerRequest,
    ParcelSnapshot,
    PrintReport,
    RefundSnapshot,
    TrackPoint,
    WarehouseReport,
)
from tests.laws.cast import RECEIVER, SYSTEM, Seller, person, seller

ELSEWHERE = replace(RECEIVER, address="文三路 2 号")
_numbers = count(1)


@dataclass
class Scene:
    """Time goes on by a minute with every word."""

    shop: Seller
    clock: FixedClock
    order_id: str = field(default_factory=lambda: f"2026111199{next(_numbers):06}")
    fields: dict[str, Any] = field(default_factory=dict)

    # Where it is ------------------------------------------------------------------------------------------------
    @property
    def order(self) -> Order:
        rows = Order.objects.select_related("shop", "warehouse")
        return rows.get(shop=self.shop.shop, platform_order_id=self.order_id)

    @property
    def parcel(self) -> Parcel:
        found = Parcel.objects.filter(lines__order_line__order=self.order).distinct().order_by("pk").last()
        assert found is not None
        return found

    @property
    def waybill(self) -> str:
        label = Label.objects.filter(parcel=self.parcel).exclude(waybill="").order_by("pk").last()
        return label.waybill if label else ""

    def found(self) -> list[Found]:
        return find(picture_of(self.order))

    # Words ------------------------------------------------------------------------------------------------------
    def says(self, system: CauseKind, subject: str, snapshot: Any) -> Outcome:
        fact = self.shop.fact(f"word:{next(_numbers)}", subject, snapshot, system)
        outcome = record(fact, cause=replace(SYSTEM, kind=system))
        assert outcome.ok, outcome
        return outcome

    def tick(self) -> Any:
        self.clock.advance(minutes=1)
        return self.clock.now()

    def platform(self, status: str, **fields: Any) -> None:
        self.fields |= fields
        now = self.tick()
        paid = {} if status == "unpaid" else {"paid_at": self.fields.get("paid_at", now)}
        self.fields |= paid
        snapshot = self.shop.snapshot(
            self.order_id,
            **{"status": status, "platform_status": status.upper(), "modified_at": now, "paid_at": None, **self.fields},
        )
        self.says(CauseKind.PLATFORM, self.order_id, snapshot)

    def _report(self, system: CauseKind, stage: str, waybill: str, carrier: str, items: Any) -> None:
        code = self.parcel.number if system == CauseKind.WMS and self.has_parcel else self.order.number
        numbers = waybill.split(",") if waybill else []
        parcels = tuple(ParcelSnapshot(carrier=carrier, waybill=number, items=items) for number in numbers)
        report = WarehouseReport(
            order=code, stage=stage, platform_status=stage.upper(), reported_at=self.tick(), parcels=parcels
        )
        self.says(system, code, report)

    @property
    def has_parcel(self) -> bool:
        return Parcel.objects.filter(lines__order_line__order=self.order).exists()

    def warehouse(self, *stages: str, waybill: str = "", carrier: str = "yto", items: Any = ()) -> None:
        for stage in stages:
            self._report(CauseKind.WMS, stage, waybill, carrier, items)

    def erp(self, *stages: str, waybill: str = "", items: Any = ()) -> None:
        for stage in stages:
            self._report(CauseKind.ERP, stage, waybill, "yto", items)

    def courier(self, *stages: str, waybill: str = "") -> None:
        number = waybill or self.waybill
        for stage in stages:
            self.says(CauseKind.COURIER, number, TrackPoint(carrier="yto", waybill=number, stage=stage, at=self.tick()))

    def warehouse_prints(self, waybill: str) -> None:
        code = self.parcel.number
        self.says(CauseKind.WMS, code, PrintReport(order=code, printed_at=self.tick(), waybill=waybill))

    def refund(self, status: str, kind: str = "refund_only", amount: str = "128.50") -> dict[str, Any]:
        """What the platform shows of a refund, for `platform`."""
        now = self.clock.now()
        sale = RefundSnapshot(
            refund_id="R1",
            platform_line_id="1",
            kind=kind,
            status=status,
            requested_at=now,
            updated_at=now,
            amount=Decimal(amount),
        )
        return {"refunds": (sale,)}

    def asks(self, kind: str) -> None:
        now = self.tick()
        receiver = ELSEWHERE if kind == "address" else None
        wish = CustomerRequest(
            request_id=f"Q-{self.order_id}",
            kind=kind,
            status="open",
            requested_at=now,
            updated_at=now,
            receiver=receiver,
        )
        self.says(CauseKind.PLATFORM, self.order_id, wish)

    def agrees(self, kind: str) -> None:
        cases = self.order.addresschanges if kind == "address" else self.order.interceptrequests
        case = cases.get(state="open")
        self.ok(answer_request(kind, case.pk, accepted=True, cause=person(self.shop.user(Role.CS))))

    # Acts -------------------------------------------------------------------------------------------------------
    def ok(self, outcome: Outcome) -> None:
        assert outcome.ok, outcome

    def does(self, act: Move, role: Role = Role.CS) -> None:
        self.tick()
        self.ok(move(self.order.pk, act, reason="核实过", cause=person(self.shop.user(role))))

    def released_only(self) -> None:
        self.tick()
        self.ok(move(self.order.pk, Move.RELEASE, cause=SYSTEM))

    def with_parcel(self, act: Move, role: Role | None = None) -> None:
        self.tick()
        who = self.shop.user(role) if role else self.shop.lead
        self.ok(move_parcel(self.parcel.pk, act, reason="核实过", cause=person(who)))

    def label(self) -> None:
        self.tick()
        self.shop.label_for(self.parcel)

    def prints(self) -> None:
        granted = request_print(self.parcel.pk, cause=SYSTEM)
        self.ok(granted)
        self.ok(print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM))

    # How far a usual life has come --------------------------------------------------------------------------------
    def sold(self) -> None:
        self.platform("paid")
        self.erp("other")

    def released(self) -> None:
        self.sold()
        self.released_only()
        self.warehouse("accepted")

    def packed(self) -> None:
        self.released()
        self.warehouse("packed")

    def labelled(self) -> None:
        self.packed()
        self.label()

    def gone(self) -> None:
        self.labelled()
        self.warehouse("shipped", waybill=self.waybill)
        self.courier("picked_up")
        self.platform("shipped")

    def packed_here(self) -> None:
        """By 仓管组长, in a house without a warehouse system."""
        self.sold()
        self.released_only()
        self.with_parcel(Move.PACK)
        self.label()


def scene(clock: FixedClock, *, wms: bool = True, uploader: str = "tower", **warehouse: Any) -> Scene:
    """A seller with a platform, an ERP, a courier and, if nothing else is said, a warehouse system that is believed."""
    believed = {"accepts_wms_pack": True} if warehouse.pop("believed", True) else {}
    shop = seller(**warehouse)
    if believed:
        shop.warehouse.accepts_wms_pack, shop.warehouse.accepts_wms_pack_by = True, shop.lead
        shop.warehouse.save()
    shop.shop.uploads_waybills = uploader
    shop.shop.save()
    shop.taobao()
    if wms:
        shop.qimen()
    for adapter in ("kingdee", "kuaidi100"):
        row = Connection.objects.create(
            company_id=shop.company_id, adapter=adapter, name=adapter, base_url="http://127.0.0.1:9"
        )
        row.settings = {"customer": "C1"} if adapter == "kuaidi100" else {}
        row.save()
    return Scene(shop, clock)
