"""A packing bench: a seller whose warehouse checks pieces, people with scanners, and parcels in every condition."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from orders import clock
from orders.lifecycle import Role
from orders.models import (
    Barcode,
    Company,
    DocumentLink,
    ExternalDocument,
    Goods,
    Label,
    Order,
    PackLine,
    Parcel,
    PrintAttempt,
)
from orders.selectors.access import access_of_user
from orders.services.holds import lift, place_hold
from orders.services.labels import print_result, request_print, request_waybill, waybill_issued
from orders.services.move import move_parcel
from orders.services.record import record
from orders.services.scans import AskedScan, take_scan
from orders.vocabulary import RefundSnapshot
from tests.laws.cast import RECEIVER, SYSTEM, Seller, order_of, person, seller

_nonces = count(1)
BARCODES = {"CR50": "6901234567892", "SE30": "6901234567809", "LP01": "6901234567816", "MK10": "6901234567823"}


@dataclass
class Bench:
    shop: Seller
    people: dict[Role, User] = field(default_factory=dict)

    @property
    def company(self) -> Company:
        return self.shop.shop.company

    def who(self, role: Role) -> User:
        """Always the same person of a role."""
        if role not in self.people:
            self.people[role] = self.shop.user(role)
        return self.people[role]

    def asks(self, act: str, code: str = "", **more: Any) -> AskedScan:
        return AskedScan(
            **{
                "nonce": f"n{next(_nonces)}",
                "act": act,
                "code": code,
                "scanned_at": clock.now(),
                "station": "A3",
                "device": "PDA-1",
                "printer": "P1",
                **more,
            }
        )

    def scans(self, act: str, code: str = "", *, by: Role | User = Role.WAREHOUSE_LEAD, **more: Any) -> dict[str, Any]:
        return self.sends(self.asks(act, code, **more), by=by)

    def sends(self, asked: AskedScan, *, by: Role | User = Role.WAREHOUSE_LEAD) -> dict[str, Any]:
        user = by if isinstance(by, User) else self.who(by)
        return take_scan(asked, access=access_of_user(user.pk), cause=person(user))

    # Parcels in every condition -------------------------------------------------------------------------------------
    def to_check(self, *skus: str) -> Parcel:
        return self.shop.released(*skus)

    def checked(self, *skus: str) -> Parcel:
        """Every piece counted, as if at another bench."""
        parcel = self.to_check(*skus)
        for line in PackLine.objects.filter(parcel=parcel):
            PackLine.objects.filter(pk=line.pk).update(checked_quantity=line.quantity)
        return parcel

    def packed(self, *skus: str) -> Parcel:
        parcel = self.checked(*skus)
        outcome = move_parcel(parcel.pk, "pack", cause=person(self.who(Role.WAREHOUSE_LEAD)))
        assert outcome.ok, outcome
        return Parcel.objects.get(pk=parcel.pk)

    def labelled(self, *skus: str) -> Label:
        return self.shop.label_for(self.packed(*skus))

    def printed(self, *skus: str) -> Label:
        """Ready to be handed over."""
        label = self.labelled(*skus)
        attempt = request_print(label.parcel_id, cause=SYSTEM).made["attempt"]
        assert print_result(attempt, outcome="printed", cause=SYSTEM).ok
        return Label.objects.get(pk=label.pk)

    def relabelled(self) -> tuple[Label, Label]:
        """A parcel whose first label failed at the printer, though its paper may lie around; and its second label."""
        old = self.labelled()
        attempt = request_print(old.parcel_id, cause=SYSTEM).made["attempt"]
        assert print_result(attempt, outcome="failed", cause=SYSTEM).ok
        asked = request_waybill(old.parcel_id, cause=person(self.who(Role.SHIPPER)), reason="卡纸")
        assert waybill_issued(asked.made["label"], carrier="yto", waybill=f"YTNEW{old.pk:08}", cause=SYSTEM).ok
        return Label.objects.get(pk=old.pk), Label.objects.get(pk=asked.made["label"])

    def of_wave(self, number: str, *parcels: Parcel) -> ExternalDocument:
        wave = ExternalDocument.objects.create(company=self.company, system="wms", kind="wave", number=number)
        DocumentLink.objects.bulk_create(DocumentLink(document=wave, order=order_of(parcel)) for parcel in parcels)
        return wave

    # What happens around them ---------------------------------------------------------------------------------------
    def holds(self, parcel: Parcel, *, note: str = "先别发") -> int:
        return self.holds_order(order_of(parcel), note=note)

    def holds_order(self, order: Order, *, note: str = "先别发") -> int:
        outcome = place_hold(order.pk, note=note, cause=person(self.shop.user(Role.CS)))
        assert outcome.ok, outcome
        return int(outcome.made["hold"])

    def lifts(self, *holds: int) -> None:
        for hold in holds:
            assert lift(hold, reason="已核实", cause=person(self.who(Role.OPS_MANAGER))).ok

    def refund(self, parcel: Parcel) -> None:
        order = order_of(parcel)
        snapshot = RefundSnapshot(refund_id="R1", requested_at=clock.now(), updated_at=clock.now())
        assert record(self.shop.fact("r1", order.platform_order_id, snapshot), cause=SYSTEM).ok

    def changes_address(self, parcel: Parcel) -> None:
        order = order_of(parcel)
        moved = self.shop.snapshot(
            order.platform_order_id,
            *order.lines.values_list("sku", flat=True),
            receiver=replace(RECEIVER, address="文三路 2 号"),
            modified_at=clock.now() + timedelta(minutes=1),
        )
        assert record(self.shop.fact("moved", order.platform_order_id, moved), cause=SYSTEM).ok


def bench(**warehouse: Any) -> Bench:
    """A warehouse that checks every piece before it packs, if nothing else is said."""
    shop = seller(**{"checks_lines": True, **warehouse})
    for goods in Goods.objects.filter(company=shop.company_id):
        Barcode.objects.create(goods=goods, code=BARCODES[goods.code])
    return Bench(shop)


def told(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["verdict"], answer["code"]


def state_of(parcel: Parcel) -> str:
    return str(Parcel.objects.get(pk=parcel.pk).state)


def unchanged() -> tuple[Any, ...]:
    """What no refused and no looking scan may touch."""
    return (
        list(Order.objects.order_by("pk").values("state", "version", "held")),
        list(Parcel.objects.order_by("pk").values("state", "packed_at", "shipped_at")),
        list(Label.objects.order_by("pk").values("state")),
        PrintAttempt.objects.count(),
    )
