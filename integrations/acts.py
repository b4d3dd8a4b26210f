"""The jobs that act on an order: each reads what it needs, calls outside any transaction, and records the result.

A job may run twice: the other side's key (object id, order code, waybill) or our own service makes the effect single.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.db import transaction

from integrations import intercepts, jobs, packages, passages, waybills
from integrations.adapter import Access, Adapter, AnswerWish, DeliveryWish, Goods, ShipWish, WaybillWish
from integrations.deliveries import plan_watch
from integrations.errors import AlreadyDone, OutOfNumbers, Permanent, Temporary
from integrations.inbox import keep, process
from integrations.issuing import object_id
from integrations.jobs import Task, handles
from integrations.models import Connection, Job
from integrations.registry import adapter_named
from orders.lifecycle import CauseKind, LabelState, Move, ParcelState
from orders.models import AddressVersion, Label, Order, PackLine, Parcel
from orders.models.label import DEAD
from orders.services.address import open_address
from orders.services.labels import request_waybill, waybill_failed, waybill_issued
from orders.services.move import move
from orders.vocabulary import AddressSnapshot, Cause


def _system(task: Task) -> Cause:
    return Cause(kind=CauseKind.SYSTEM, source="自动流程", reference=f"job:{task.id}")


def _open(task: Task) -> tuple[Connection, Adapter, Access]:
    connection = task.through
    return connection, adapter_named(connection.adapter), connection.open()


def _order(task: Task) -> Order:
    if task.order_id is None:
        raise Permanent("任务没有订单")
    return Order.objects.get(pk=task.order_id)


@handles("release_order")
def release_order(task: Task) -> Mapping[str, Any]:
    """Release as the system. A refusal is an answer: the next event of the order plans another try."""
    outcome = move(_order(task).pk, Move.RELEASE, cause=_system(task))
    return {"code": outcome.code, "detail": outcome.detail}


@handles("request_waybill")
def ask_waybill(task: Task) -> Mapping[str, Any]:
    outcome = request_waybill(int(task.payload["parcel"]), cause=_system(task))
    return {"code": outcome.code, "detail": outcome.detail}


@handles("fetch_order")
def fetch_order(task: Task) -> Mapping[str, Any]:
    """Read one order again and take it in like any other message."""
    connection, adapter, access = _open(task)
    message = adapter.fetch(access, str(task.payload["subject"]))
    via = str(task.payload.get("via", "fetch"))
    states = [process(receipt_id) for receipt_id in keep(connection, [message], via=via)]
    return {"receipts": states}


def _address_for(order: Order, label: Label | None = None) -> AddressSnapshot:
    rows = AddressVersion.objects.filter(order=order).order_by("-version")
    if label is not None:
        rows = rows.filter(version=label.address_version)
    row = rows.first()
    if row is None:
        raise Permanent("订单没有收货地址")
    return open_address(order, row)


def _orders_of(parcel: Parcel) -> list[Order]:
    return list(Order.objects.select_related("shop", "warehouse").filter(lines__parcel_lines__parcel=parcel).distinct())


def _goods(parcel: Parcel) -> tuple[Goods, ...]:
    rows = PackLine.objects.select_related("goods", "order_line").filter(parcel=parcel).order_by("id")
    return tuple(
        Goods(
            code=row.goods.code,
            name=row.goods.name,
            quantity=row.quantity,
            price=str(row.order_line.price) if row.source == PackLine.Source.SOLD else "0.00",
            line=row.order_line.platform_line_id,
        )
        for row in rows
    )


def _no_number(task: Task, error: str) -> None:
    waybill_failed(int(task.payload["label"]), error=error, cause=_system(task))


@handles("issue_waybill", failed=_no_number)
def issue_waybill(task: Task) -> Mapping[str, Any]:
    """Fetch the number for a requested label. The label's id is the courier's object id: asked twice, one number."""
    label = Label.objects.select_related("parcel").get(pk=task.payload["label"])
    if label.state != LabelState.REQUESTED:
        return {"code": "not_wanted", "state": label.state}
    connection, adapter, access = _open(task)
    orders = _orders_of(label.parcel)
    wish = WaybillWish(
        object_id=object_id(label.pk),
        carrier=label.carrier,
        platform_order_ids=tuple(order.platform_order_id for order in orders),
        receiver=_address_for(orders[0], label),
        goods=_goods(label.parcel),
        weight_grams=label.parcel.weight_grams or 0,
    )
    try:
        issued = adapter.issue_waybill(access, wish)
    except OutOfNumbers as error:
        waybills.tell_ran_out(connection, label.carrier, error)
        raise
    waybills.tell_given(connection, label.carrier)
    outcome = waybill_issued(
        label.pk,
        carrier=issued.carrier,
        waybill=issued.waybill,
        print_data=issued.print_data,
        cause=Cause(kind=CauseKind.COURIER, source=str(task.connection), reference=f"job:{task.id}"),
    )
    return {"code": outcome.code, "waybill": issued.waybill}


@handles("cancel_waybill")
def cancel_waybill(task: Task) -> None:
    _, adapter, access = _open(task)
    label = task.payload.get("label")
    adapter.cancel_waybill(
        access,
        str(task.payload["carrier"]),
        str(task.payload["waybill"]),
        object_id(int(label)) if label else "",
    )


@handles("deliver_parcel")
def deliver_parcel(task: Task) -> Mapping[str, Any]:
    """Send a released parcel to its warehouse, once: its number is the warehouse's key.

    A held one does not go (law 6); the lifting plans its delivery again. A hold that falls while the warehouse
    answers, or whose own pend came before the order was known there, is told behind it.
    """
    parcel = Parcel.objects.select_related("warehouse").get(pk=task.payload["parcel"])
    if not parcel.is_live:
        return {"code": "not_wanted", "state": parcel.state}
    connection, adapter, access = _open(task)
    answer: Mapping[str, Any] = {"code": "held", "detail": "订单已锁单，暂不推送仓库"}
    if not _is_held(parcel):
        try:
            answer = adapter.deliver(access, _delivery(parcel))
        except AlreadyDone as error:
            answer = {"code": "already_done", "detail": str(error)}
        plan_watch(connection, task.order_id, parcel.pk)
    if _is_held(parcel) and adapter.can("pend", connection.settings):
        _plan_pend_behind(task)
    return dict(answer)


def _is_held(parcel: Parcel) -> bool:
    return Order.objects.filter(lines__parcel_lines__parcel=parcel, held=True).exists()


def _plan_pend_behind(task: Task) -> None:
    with transaction.atomic():
        jobs.plan(
            "pend_parcel",
            f"pend_parcel:{task.payload['parcel']}:behind:{task.id}",
            lane=Job.Lane.URGENT,
            connection_id=task.connection.pk if task.connection else None,
            order_id=task.order_id,
            payload={"parcel": task.payload["parcel"], "reason": ""},
        )


def _delivery(parcel: Parcel) -> DeliveryWish:
    order = _orders_of(parcel)[0]
    return DeliveryWish(
        order=parcel.number,
        platform=order.shop.platform,
        platform_order_id=order.platform_order_id,
        shop=order.shop.name,
        warehouse=parcel.warehouse.code if parcel.warehouse else "",
        carrier=parcel.carrier,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        amount=str(order.amount),
        receiver=_address_for(order),
        goods=_goods(parcel),
        buyer_note=order.buyer_note,
        seller_note=order.seller_note,
    )


@handles("cancel_delivery", failed=intercepts.warehouse_kept_it)
def cancel_delivery(task: Task) -> None:
    """Take a parcel back from its warehouse; where it would not give it up, the courier must stop it."""
    connection, adapter, access = _open(task)
    parcel = Parcel.objects.select_related("warehouse").get(pk=task.payload["parcel"])
    warehouse = parcel.warehouse.code if parcel.warehouse else ""
    for code in passages.codes_in_warehouse(connection, parcel):
        if passages.carries_others(connection, code, parcel):
            # An ERP's merged delivery: the other orders in it are still wanted, so it stands until a person looks.
            adapter.pend(access, code, warehouse, "合单中有订单已取消")
            continue
        with suppress(AlreadyDone):
            adapter.cancel_delivery(access, code, warehouse, "订单已取消")
        passages.note_cancelled(connection, code)


def _pending(task: Task) -> tuple[Adapter, Access, list[str], str]:
    """Whom to tell, and the parcel's codes there: none where the ERP has not sent it yet."""
    connection, adapter, access = _open(task)
    parcel = Parcel.objects.select_related("warehouse").get(pk=task.payload["parcel"])
    codes = passages.codes_in_warehouse(connection, parcel)
    return adapter, access, codes, parcel.warehouse.code if parcel.warehouse else ""


@handles("pend_parcel")
def pend_parcel(task: Task) -> None:
    """Tell the warehouse to stop; pointless once the hold is gone."""
    order = _order(task)
    if order.held:
        adapter, access, codes, warehouse = _pending(task)
        for code in codes:
            adapter.pend(access, code, warehouse, str(task.payload["reason"]))


@handles("restore_parcel")
def restore_parcel(task: Task) -> None:
    order = _order(task)
    if not order.held:
        adapter, access, codes, warehouse = _pending(task)
        for code in codes:
            adapter.restore(access, code, warehouse, str(task.payload["reason"]))


@handles("answer_platform")
def answer_platform(task: Task) -> Mapping[str, Any]:
    """Carry the seller's answer to the platform, once; "answered already" counts as done."""
    _, adapter, access = _open(task)
    wish = AnswerWish(
        kind=str(task.payload["kind"]),
        request_id=str(task.payload["request"]),
        platform_order_id=_order(task).platform_order_id,
        accepted=bool(task.payload["accepted"]),
        reason=str(task.payload["reason"]),
    )
    try:
        adapter.answer(access, wish)
    except AlreadyDone as error:
        return {"code": "already_done", "detail": str(error)}
    return {"code": "done", "accepted": wish.accepted}


@handles("tell_platform")
def tell_platform(task: Task) -> Mapping[str, Any]:
    """Write the shipping back, once. "Already shipped" counts as done; a held parcel that left waits for a person."""
    _, adapter, access = _open(task)
    parcel = Parcel.objects.get(pk=task.payload["parcel"])
    order = _order(task)
    if order.held:
        raise Temporary("订单已锁单，暂不回传", retry_after=60)
    if parcel.state not in (ParcelState.SHIPPED, ParcelState.SIGNED):
        return {"code": "not_wanted", "state": parcel.state}
    label = Label.objects.filter(parcel=parcel).exclude(state__in=DEAD).first()
    if label is None or not label.waybill:
        raise Temporary("包裹还没有运单号")
    several = packages.declared(order, parcel)
    shares = packages.shares(order, parcel, several) if several else {}
    other = str(task.payload.get("waybill") or "")
    if other:
        return _tell_of_package(task, adapter, access, order, other, shares.get(other, ()))
    siblings = Parcel.objects.filter(lines__order_line__order=order).exclude(state="voided").distinct().count()
    lines = parcel.lines.filter(order_line__order=order).values_list("order_line__platform_line_id", flat=True)
    wish = ShipWish(
        platform_order_id=order.platform_order_id,
        carrier=label.carrier,
        waybill=label.waybill,
        lines=shares.get(label.waybill) or (tuple(lines) if siblings > 1 else ()),
    )
    try:
        adapter.ship(access, wish)
    except AlreadyDone as error:
        return {"code": "already_done", "detail": str(error)}
    return {"code": "done", "waybill": label.waybill}


def _tell_of_package(
    task: Task, adapter: Adapter, access: Access, order: Order, waybill: str, lines: tuple[str, ...]
) -> Mapping[str, Any]:
    """Another package of a parcel: told with its own lines, where it has some; else a person hears of it."""
    if not lines:
        return packages.not_told(order, waybill, "包裹里的商品不能单独对应到订单行", connection=task.connection)
    carrier = str(task.payload["carrier"])
    wish = ShipWish(platform_order_id=order.platform_order_id, carrier=carrier, waybill=waybill, lines=lines)
    try:
        adapter.ship(access, wish)
    except (AlreadyDone, Permanent) as error:
        # "Shipped already" is said of the number that came first.
        return packages.not_told(order, waybill, str(error), connection=task.connection)
    return {"code": "done", "waybill": waybill}
