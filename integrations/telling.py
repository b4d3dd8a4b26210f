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


def _plan_stage(order: Order, parcel: Parcel, stage: str, at: datetime) -> None:
    for connection in connections_for(order, parcel, "tell", AUDIENCE[stage]):
        jobs.plan(
            "tell_system",
            f"tell:{connection.pk}:{order.pk}:{parcel.pk}:{stage}",
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk, "stage": stage, "at": at.isoformat()},
        )


# Sending --------------------------------------------------------------------------------------------------------
@handles("tell_system")
def tell_system(task: Task) -> Mapping[str, Any]:
    """Tell one system one thing, once; "known already" counts as done."""
    if task.connection is None or task.order_id is None:
        raise Permanent("没有可用的系统连接")
    order = Order.objects.select_related("shop").get(pk=task.order_id)
    parcel = Parcel.objects.select_related("warehouse").get(pk=task.payload["parcel"])
    label = Label.objects.filter(parcel=parcel).exclude(state__in=["void", "failed"]).first()
    adapter = adapter_named(task.connection.adapter)
    links = DocumentLink.objects.filter(order=order, document__system=adapter.system).order_by("pk")
    news = Telling(
        stage=str(task.payload["stage"]),
        at=datetime.fromisoformat(task.payload["at"]),
        order=order.number,
        platform_order_id=order.platform_order_id,
        parcel=parcel.number,
        warehouse=parcel.warehouse.code if parcel.warehouse else "",
        carrier=label.carrier if label else parcel.carrier,
        waybill=label.waybill if label else "",
        documents=tuple(links.values_list("document__kind", "document__number")),
    )
    if news.stage != "packed" and not news.waybill:
        raise Temporary("包裹还没有运单号")
    try:
        adapter.tell(task.connection.open(), news)
    except AlreadyDone as error:
        return {"code": "already_done", "detail": str(error)}
    return {"code": "done", "stage": news.stage}
