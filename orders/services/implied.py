"""Holds that follow from the recorded facts: opened when their ground is there, withdrawn when it is gone.

A pure function of facts gives the grounds, so that any order of arrival ends in the same open holds (law 3). A hold
that a person lifted stays lifted: they decided on just this ground.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orders import sealing
from orders.lifecycle import LEFT, STAGE_RANK, HoldReason, LabelState, OrderState, ParcelState
from orders.models import AddressChange, AfterSale, Event, Hold, Label, OrderLine, Parcel
from orders.services import goods
from orders.services.address import data_key
from orders.services.cases import open_requests
from orders.services.claims import PROGRESS, claims_about, seen_waybills
from orders.services.dossier import Dossier
from orders.services.holds import open_hold, withdraw
from orders.services.labels import describe
from orders.services.shortages import open_lacks

RULE = "facts"
_WHO_CANCELLED = {
    "wms": "仓库系统取消或拒绝了这个订单，平台没有取消",
    "erp": "ERP 取消或拒绝了这个订单，平台没有取消",
    "courier": "快递取消了这个运单，请核实包裹在哪里",
}


@dataclass(frozen=True)
class Ground:
    reason: str
    key: str
    note: str
    # Since when it was so, by the source's time; shipping after it is a breach of its own.
    since: datetime | None = None
    parcel: Parcel | None = None
    line: OrderLine | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    # Of a double print: the person whose print was allowed.
    first_by: int | None = None
    # Whether leaving the warehouse in spite of it is a breach.
    stops_goods: bool = True


def reconcile(dossier: Dossier) -> None:
    grounds = {(ground.reason, ground.key): ground for ground in _all_grounds(dossier)}
    for hold in dossier.open_holds:
        if hold.rule == RULE and (hold.reason, hold.key) not in grounds:
            withdraw(dossier, hold)
    for ground in grounds.values():
        open_hold(
            dossier,
            ground.reason,
            key=ground.key,
            note=ground.note,
            parcel=ground.parcel,
            line=ground.line,
            evidence=ground.evidence,
            rule=RULE,
            first_by=ground.first_by,
            result=Event.Result.OBSERVED,
            source_at=ground.since,
        )


def _all_grounds(dossier: Dossier) -> list[Ground]:
    grounds = [
        ground
        for source in (
            _refunds,
            _cases,
            _prints,
            _waybills,
            _addresses,
            _contradictions,
            _shortages,
            _unmapped,
            _notes,
        )
        for ground in source(dossier)
    ]
    breaches = [breach for ground in grounds for breach in _breach(dossier, ground)]
    return grounds + breaches + list(_left_while_locked_by_person(dossier))


def shipped_since(dossier: Dossier) -> datetime | None:
    return min((parcel.shipped_at for parcel in dossier.parcels if parcel.shipped_at), default=None)


def _refunds(dossier: Dossier) -> Iterator[Ground]:
    """An open refund of goods that have not left stops its line; asked after leaving it is an after-sale."""
    left = shipped_since(dossier)
    for sale in dossier.aftersales:
        if sale.state != AfterSale.State.OPEN or sale.kind == AfterSale.Kind.PRICE_PROTECT:
            continue
        if left is None or sale.requested_at < left:
            line = next((row for row in dossier.lines if row.pk == sale.line_id), None)
            yield Ground(
                HoldReason.REFUND_REQUESTED,
                f"refund:{sale.refund_id}",
                "买家申请退款，商品先不要发出",
                since=sale.requested_at,
                line=line,
                evidence={"refund": sale.refund_id},
            )


def _cases(dossier: Dossier) -> Iterator[Ground]:
    """The customer asks for another address or for the goods to stay; asked after leaving, the courier must act."""
    left = shipped_since(dossier)
    for case in open_requests(dossier):
        if left is not None and case.asked_at >= left:
            continue
        address = isinstance(case, AddressChange)
        yield Ground(
            HoldReason.ADDRESS_UNVERIFIED if address else HoldReason.CANCEL_REQUESTED,
            f"request:{case.source_key}"[:100],
            "买家申请修改地址，答复前不要发出" if address else "买家申请拦截，答复前不要发出",
            since=case.asked_at,
            evidence={"request": case.source_key},
        )


def _prints(dossier: Dossier) -> Iterator[Ground]:
    """Two prints of one parcel that nobody allowed: by other time or other waybill."""
    for parcel in dossier.parcels:
        observed = sorted(
            (row for row in dossier.prints if row.parcel_id == parcel.pk and row.outcome == "observed"),
            key=lambda row: (row.at, row.waybill),
        )
        granted = [row for row in dossier.prints if row.parcel_id == parcel.pk and row.outcome == "granted"]
        attempts = [*granted, *observed]
        if observed and len(attempts) > 1:
            second = observed[-1] if granted else observed[1]
            yield Ground(
                HoldReason.DUPLICATE_PRINT,
                f"observed:{parcel.number}",
                "重复打单：仓库系统又打印了一次，请把多出的面单收回，交运营主管复核",
                since=second.at,
                parcel=parcel,
                evidence={"first": describe(attempts[0]), "second": describe(second), "prints": len(attempts)},
                first_by=attempts[0].user_id,
            )


def _waybills(dossier: Dossier) -> Iterator[Ground]:
    """外来单号: a waybill on this parcel that is not its label's. Packages declared in one report belong together."""
    for parcel in dossier.parcels:
        label = _label_of(dossier, parcel)
        if label is None or not label.waybill:
            continue
        together = {
            name[8:] for claim in claims_about(dossier, parcel) for name in claim.seen if name[:8] == "package:"
        }
        for time, number, _ in seen_waybills(dossier, parcel):
            if number != label.waybill and not (number in together and label.waybill in together):
                yield Ground(
                    HoldReason.FOREIGN_WAYBILL,
                    f"waybill:{number}",
                    f"包裹上出现另一个运单号 {number}，与面单 {label.waybill} 不一致",
                    since=time,
                    parcel=parcel,
                    evidence={"label": label.waybill, "other": number},
                )


def _label_of(dossier: Dossier, parcel: Parcel) -> Label | None:
    mine = [label for label in dossier.labels if label.parcel_id == parcel.pk and label.state != LabelState.FAILED]
    return dossier.living_label(parcel) or (mine[-1] if mine else None)


def _addresses(dossier: Dossier) -> Iterator[Ground]:
    """The label's address is not the order's any more, and the parcel has not left (law 7)."""
    current = dossier.address
    if current is None:
        return
    for parcel in dossier.live_parcels:
        label = dossier.living_label(parcel)
        if label is None or label.state == LabelState.REQUESTED or label.address_version >= current.version:
            continue
        changed_at = next(row.source_at for row in dossier.addresses if row.version > label.address_version)
        if parcel.shipped_at is None or changed_at < parcel.shipped_at:
            yield Ground(
                HoldReason.ADDRESS_CONFLICT,
                f"label:{parcel.number}:{label.generation}",
                "买家已改地址，这张面单是旧地址，请换面单",
                since=changed_at,
                parcel=parcel,
                evidence={"label_version": label.address_version, "order_version": current.version},
            )


def _contradictions(dossier: Dossier) -> Iterator[Ground]:
    order = dossier.order
    words = [claim for claim in dossier.claims if claim.system in PROGRESS]
    furthest = max((claim.furthest for claim in words), default=0)
    if furthest and order.paid_at is None:
        yield Ground(
            HoldReason.SYSTEM_CONFLICT, "unpaid", "仓库或快递已经在处理，但平台没有付款记录", stops_goods=False
        )
    # What the tower itself took back (a voided parcel, a dead label's number) may well be cancelled there.
    taken_back = {parcel.number for parcel in dossier.parcels if not parcel.is_live}
    taken_back |= {label.waybill for label in dossier.labels if not label.is_living}
    for claim in words:
        if claim.stage not in ("cancelled", "rejected") or claim.subject in taken_back:
            continue
        if order.closed_at is None and order.state != OrderState.CANCELLED:
            yield Ground(
                HoldReason.SYSTEM_CONFLICT,
                f"{claim.system}:{claim.stage}",
                _WHO_CANCELLED.get(claim.system, "外部系统取消了这个订单，平台没有取消"),
                since=claim.at,
                stops_goods=False,
            )
    if order.closed_at and shipped_since(dossier):
        yield Ground(
            HoldReason.SHIPPED_WHILE_HELD, "closed", "平台已关闭的订单发出了货，请联系快递追回", stops_goods=False
        )
    for parcel in dossier.parcels:
        about = claims_about(dossier, parcel)
        confirmed = parcel.packed_by_id or any("packed_by_lead" in claim.seen for claim in about)
        by_claim = any(claim.furthest >= STAGE_RANK[ParcelState.SHIPPED] for claim in about)
        if parcel.state in LEFT and by_claim and not confirmed:
            yield Ground(
                HoldReason.SYSTEM_CONFLICT,
                f"unconfirmed:{parcel.number}",
                "包裹没有仓管组长确认打包就发出了",
                parcel=parcel,
                stops_goods=False,
            )


def _shortages(dossier: Dossier) -> Iterator[Ground]:
    """The warehouse lacks goods: nobody promises the buyer anything until it goes on, or a person decides."""
    for lack in open_lacks(dossier):
        yield Ground(
            HoldReason.STOCK_SHORT,
            lack.key,
            f"仓库缺货：{lack.code} 缺 {lack.quantity}",
            since=lack.at,
            parcel=lack.parcel,
            line=lack.line,
            evidence={"code": lack.code, "missing": lack.quantity},
            stops_goods=False,
        )


def _unmapped(dossier: Dossier) -> Iterator[Ground]:
    """Listed once per SKU, before release."""
    if dossier.order.state not in (OrderState.PENDING_PAYMENT, OrderState.PAID):
        return
    for sku in goods.unmapped_skus(dossier):
        yield Ground(HoldReason.SKU_UNMAPPED, f"sku:{sku}"[:100], f"商品 {sku} 未对应到货品", stops_goods=False)


def _notes(dossier: Dossier) -> Iterator[Ground]:
    """A note is read in one wording: another one is to be read again, also where a person lifted the first."""
    order = dossier.order
    if order.buyer_note and order.shop.stops_on_note and order.state in (OrderState.PENDING_PAYMENT, OrderState.PAID):
        wording = sealing.fingerprint(data_key(order), order.buyer_note) if order.wrapped_key else ""
        yield Ground(HoldReason.NOTE_UNREAD, f"note:{wording}", "买家有留言，请先阅读", stops_goods=False)


def _breach(dossier: Dossier, ground: Ground) -> Iterator[Ground]:
    """The goods left although this ground was already there, and no person had lifted it before."""
    if not ground.stops_goods or ground.since is None:
        return
    parcels = [ground.parcel] if ground.parcel else dossier.parcels
    for parcel in parcels:
        if parcel.shipped_at is None or ground.since >= parcel.shipped_at:
            continue
        hold = next((h for h in dossier.holds if (h.reason, h.key) == (ground.reason, ground.key)), None)
        if hold and hold.state == Hold.State.LIFTED and hold.decided_at and hold.decided_at < parcel.shipped_at:
            continue
        yield Ground(
            HoldReason.SHIPPED_WHILE_HELD,
            f"{ground.reason}:{ground.key}"[:100],
            "该停的包裹已经发出，请联系快递拦截",
            since=parcel.shipped_at,
            parcel=parcel,
            evidence={"ground": ground.reason},
            stops_goods=False,
        )


def _left_while_locked_by_person(dossier: Dossier) -> Iterator[Ground]:
    """The same for holds that a command opened (manual, a refused second print)."""
    for hold in dossier.holds:
        if hold.rule == RULE or hold.state == Hold.State.WITHDRAWN:
            continue
        for parcel in dossier.parcels:
            observed = parcel.shipped_at and hold.opened_at < parcel.shipped_at
            lifted_before = (
                hold.decided_at and parcel.shipped_at and hold.state == "lifted" and hold.decided_at < parcel.shipped_at
            )
            if observed and not lifted_before and hold.parcel_id in (None, parcel.pk):
                yield Ground(
                    HoldReason.SHIPPED_WHILE_HELD,
                    f"hold:{hold.pk}:{parcel.number}"[:100],
                    "该停的包裹已经发出，请联系快递拦截",
                    since=parcel.shipped_at,
                    parcel=parcel,
                    evidence={"hold": hold.pk},
                    stops_goods=False,
                )
