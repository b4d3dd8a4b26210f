"""A record of an ERP or a warehouse → its word about an order. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.errors import Unreadable
from integrations.feeds.filling import Doubts, Filler
from integrations.feeds.plan import Plan
from orders.vocabulary import ParcelSnapshot, PrintReport, WarehouseReport

LONGEST_STATUS = 60


def read(
    record: Any, plan: Plan, doubts: Doubts, *, seen_at: datetime | None
) -> Sequence[WarehouseReport | PrintReport]:
    """The report; behind it, where it says that a label was printed, that too."""
    if not isinstance(record, Mapping):
        raise Unreadable("这一条不是对象")
    filler = Filler(plan, plan.sections["report"], record, doubts)
    platform, own = filler.identity("platform_order_id"), filler.identity("order")
    if not platform and not own:
        raise Unreadable("没有平台订单号，也没有指挥塔单号")
    stage, theirs = filler.choice("stage")
    if not stage:
        raise Unreadable("没有状态")
    at = filler.time("reported_at") or seen_at
    if at is None:
        raise Unreadable("没有时间")
    code = own or platform
    documents = [(kind, number) for kind in ("sale_order", "out_stock") if (number := filler.identity(kind))]
    parcels = _parcels(filler)
    report = WarehouseReport(
        order=code,
        stage=stage,
        platform_status=(theirs or stage)[:LONGEST_STATUS],
        reported_at=at,
        operator=filler.words("operator"),
        parcels=parcels,
        note=filler.words("note"),
        # Under this code the print below is found, where only the platform's number is known.
        documents=(*documents, ("order", code)),
        platform_order_id=platform,
    )
    if stage != "printed":
        return [report]
    printed = [
        PrintReport(order=code, printed_at=at, waybill=parcel.waybill, carrier=parcel.carrier, operator=report.operator)
        for parcel in parcels or (ParcelSnapshot(carrier="", waybill=""),)
    ]
    return [report, *printed]


def _parcels(filler: Filler) -> tuple[ParcelSnapshot, ...]:
    section = filler.plan.sections["parcels"]
    if not section.rules:
        return ()
    parcels: dict[str, ParcelSnapshot] = {}
    for entry in filler.entries(section):
        inside = filler.within(section, entry)
        if waybill := inside.identity("waybill"):
            carrier, package = inside.carrier("carrier"), inside.identity("package_code")
            parcels.setdefault(waybill, ParcelSnapshot(carrier=carrier, waybill=waybill, package_code=package))
    return tuple(parcels.values())
