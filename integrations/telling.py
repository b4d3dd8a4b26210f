"""What ERP and warehouses hear of a parcel: 已打包, 已出库, 揽收 and 已签收.

Planned from events in the dispatch transaction, once per parcel, stage and connection; sent by jobs.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from integrations import jobs
from integrations.adapter import Telling
from integrations.errors import AlreadyDone, Permanent, Temporary
from integrations.jobs import Task, handles
from integrations.models import Connection
from integrations.registry import adapter_named
from orders.lifecycle import STAGE_RANK, CauseKind, Move, ParcelState
from orders.models import DocumentLink, Event, Label, Order, Parcel
from orders.models.label import DEAD
from orders.services.claims import PROGRESS

STAGE_OF_MOVE = {Move.PACK: "packed", Move.SHIP: "shipped", Move.SIGN: "signed"}
# Who is told what. A warehouse did the packing itself; it cannot see the courier's van.
AUDIENCE = {
    "packed": (CauseKind.ERP,),
    "shipped": (CauseKind.ERP,),
    "picked_up": (CauseKind.ERP, CauseKind.WMS),
    "signed": (CauseKind.ERP,),
}


def connections_for(order: Order, parcel: Parcel, capability: str, systems: tuple[str, ...]) -> Iterator[Connection]:
    """The company's connections that speak for this order's shop or parcel's warehouse and can do it."""
    mine = Q(shop=order.shop_id) | Q(shop__isnull=True)
    here = Q(warehouse=parcel.warehouse_id) | Q(warehouse__isnull=True)
    rows = Connection.objects.filter(mine, here, company=order.company_id, enabled=True).order_by("pk")
    for row in rows:
        adapter = adapter_named(row.adapter)
        if adapter.system in systems and adapter.can(capability, row.settings):
            yield row


def shop_connection(order: Order, capability: str) -> Connection | None:
    """The connection of the order's shop to its platform, where that can do it."""
    for row in Connection.objects.filter(shop=order.shop_id, enabled=True).order_by("pk"):
        adapter = adapter_named(row.adapter)
        if adapter.system == CauseKind.PLATFORM and adapter.can(capability, row.settings):
            return row
    return None


def courier_for(order: Order, parcel: Parcel, carrier: str, *capabilities: str) -> Connection | None:
    """Who can do one of these with this courier's parcels: a connection of its own goes before one for all."""
    able = [
        row
        for capability in capabilities
        for row in connections_for(order, parcel, capability, (CauseKind.COURIER,))
        if carrier in (adapter_named(row.adapter).carriers or (carrier,))
    ]
    return min(able, key=lambda row: not adapter_named(row.adapter).carriers, default=None)


# Planning -------------------------------------------------------------------------------------------------------
def plan_telling(event: Event, order: Order) -> None:
    """A parcel was packed, left, or was signed for."""
    parcel = Parcel.objects.filter(pk=event.parcel_id or 0).first()
    if parcel:
        _plan_stage(order, parcel, STAGE_OF_MOVE[Move(event.verb)], event.source_at or event.at)


def plan_pick_up(event: Event, order: Order) -> None:
    """The first courier's word that it has the parcel is told to those who cannot see couriers."""
    progress = PROGRESS["courier"].get(str(event.facts.get("stage")), 0)
    if event.facts.get("system") != CauseKind.COURIER or progress < STAGE_RANK[ParcelState.SHIPPED]:
        return
    label = Label.objects.filter(parcel__lines__order_line__order=order, waybill=event.facts.get("waybill")).first()
    if label:
        _plan_stage(order, label.parcel, "picked_up", event.source_at or event.at)


def plan_package(order: Order, parcel: Parcel, carrier: str, waybill: str) -> None:
    """A parcel left in several packages: the numbers beside its label's are heard of as well."""
    if parcel.shipped_at:
        _plan_stage(order, parcel, "shipped", parcel.shipped_at, package={"carrier": carrier, "waybill": waybill})


def _plan_stage(
    order: Order, parcel: Parcel, stage: str, at: datetime, *, package: Mapping[str, str] | None = None
) -> None:
    for connection in connections_for(order, parcel, "tell", AUDIENCE[stage]):
        key = f"tell:{connection.pk}:{order.pk}:{parcel.pk}:{stage}"
        jobs.plan(
            "tell_system",
            f"{key}:package:{package['waybill']}"[:200] if package else key,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk, "stage": stage, "at": at.isoformat(), **(package or {})},
        )


# Sending --------------------------------------------------------------------------------------------------------
@handles("tell_system")
def tell_system(task: Task) -> Mapping[str, Any]:
    """Tell one system one thing, once; "known already" counts as done."""
    connection = task.through
    if task.order_id is None:
        raise Permanent("任务没有订单")
    order = Order.objects.select_related("shop").get(pk=task.order_id)
    parcel = Parcel.objects.select_related("warehouse").get(pk=task.payload["parcel"])
    label = Label.objects.filter(parcel=parcel).exclude(state__in=DEAD).first()
    adapter = adapter_named(connection.adapter)
    links = DocumentLink.objects.filter(order=order, document__system=adapter.system).order_by("pk")
    news = Telling(
        stage=str(task.payload["stage"]),
        at=datetime.fromisoformat(task.payload["at"]),
        order=order.number,
        platform_order_id=order.platform_order_id,
        parcel=parcel.number,
        warehouse=parcel.warehouse.code if parcel.warehouse else "",
        carrier=str(task.payload.get("carrier") or (label.carrier if label else parcel.carrier)),
        waybill=str(task.payload.get("waybill") or (label.waybill if label else "")),
        documents=tuple(links.values_list("document__kind", "document__number")),
    )
    if news.stage != "packed" and not news.waybill:
        raise Temporary("包裹还没有运单号")
    try:
        adapter.tell(connection.open(), news)
    except AlreadyDone as error:
        return {"code": "already_done", "detail": str(error)}
    return {"code": "done", "stage": news.stage}
