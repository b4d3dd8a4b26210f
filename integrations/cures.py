"""What is tried when systems contradict each other, as jobs: read again, push again, correct, give back, stop.

A cure is planned once for each contradiction and try, by the job's key. It is proven by the facts that come of it,
never by the job alone: `integrations.contradictions` looks at the picture again when the cure had its time.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from integrations import jobs, passages
from integrations.adapter import TrackWish
from integrations.errors import AlreadyDone
from integrations.inbox import keep, process
from integrations.issuing import issuer_of
from integrations.jobs import Task, handles
from integrations.models import Connection, Contradiction, Job, Trouble
from integrations.registry import adapter_named
from integrations.telling import connections_for, courier_for, shop_connection
from integrations.tracking import FOLLOWING, last_four
from integrations.troubles import raise_trouble
from orders import clock
from orders.contradictions.pair import Cure
from orders.lifecycle import CauseKind
from orders.models import Label, Order, Parcel

CORRECTION = "shipped_already"
# How long a cure may take to show in the facts: the job, its retries, and the other side's next word.
TIME: Mapping[Cure, timedelta] = {
    Cure.READ_PLATFORM: timedelta(minutes=10),
    Cure.ASK_WAREHOUSE: timedelta(minutes=10),
    Cure.ASK_ERP: timedelta(minutes=10),
    Cure.ASK_COURIER: timedelta(minutes=10),
    Cure.DELIVER_AGAIN: timedelta(minutes=30),
    Cure.TELL_PLATFORM: timedelta(minutes=20),
    Cure.TELL_ERP: timedelta(minutes=30),
    Cure.CORRECT_ERP: timedelta(minutes=15),
    Cure.CANCEL_DELIVERY: timedelta(minutes=10),
    Cure.PEND: timedelta(minutes=10),
    Cure.RECYCLE: timedelta(minutes=15),
    Cure.INTERCEPT: timedelta(hours=2),
}


def plan(cure: Cure, row: Contradiction, order: Order) -> bool:
    """Plan one cure inside the caller's transaction; False where nobody here can do it."""
    return _PLANS[cure](row, order, f"cure:{row.pk}:{row.tries}")


def plan_restore(row: Contradiction) -> None:
    """The warehouse was told to stop for a reason that is gone; a locked order stays stopped."""
    order = Order.objects.get(pk=row.order_id)
    parcel = _parcel(row)
    if parcel and (connection := _able(order, parcel, "pend", CauseKind.WMS)):
        jobs.plan(
            "restore_parcel",
            f"cure:{row.pk}:restore",
            lane=Job.Lane.URGENT,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk, "reason": ""},
        )


def _parcel(row: Contradiction) -> Parcel | None:
    return Parcel.objects.select_related("warehouse").filter(pk=row.parcel_id or 0).first()


def _any_parcel(row: Contradiction, order: Order) -> Parcel | None:
    """The parcel it is about; of one about the order, its newest."""
    rows = Parcel.objects.select_related("warehouse").filter(lines__order_line__order=order).distinct()
    return _parcel(row) or rows.order_by("pk").last()


def _able(order: Order, parcel: Parcel, capability: str, system: CauseKind) -> Connection | None:
    return next(connections_for(order, parcel, capability, (system,)), None)


# Reading again ----------------------------------------------------------------------------------------------------
def _read(key: str, connection: Connection | None, order: Order, subject: str) -> bool:
    if connection is None:
        return False
    jobs.plan(
        "fetch_order", key, connection_id=connection.pk, order_id=order.pk, payload={"subject": subject, "via": "fetch"}
    )
    return True


def _read_platform(row: Contradiction, order: Order, key: str) -> bool:
    return _read(key, shop_connection(order, "fetch"), order, order.platform_order_id)


def _ask_warehouse(row: Contradiction, order: Order, key: str) -> bool:
    parcel = _any_parcel(row, order)
    connection = _able(order, parcel, "fetch", CauseKind.WMS) if parcel else None
    if parcel is None or connection is None:
        return False
    codes = passages.codes_in_warehouse(connection, parcel)
    return bool(codes) and _read(key, connection, order, codes[-1])


def _ask_erp(row: Contradiction, order: Order, key: str) -> bool:
    parcel = _any_parcel(row, order)
    connection = _able(order, parcel, "fetch", CauseKind.ERP) if parcel else None
    return _read(key, connection, order, order.platform_order_id)


def _ask_courier(row: Contradiction, order: Order, key: str) -> bool:
    parcel = _parcel(row)
    connection = courier_for(order, parcel, row.carrier, *FOLLOWING) if parcel and row.waybill else None
    if connection is None or not adapter_named(connection.adapter).can("query", connection.settings):
        return False
    jobs.plan(
        "ask_courier",
        key,
        connection_id=connection.pk,
        order_id=order.pk,
        payload={"parcel": row.parcel_id, "carrier": row.carrier, "waybill": row.waybill},
    )
    return True


@handles("ask_courier")
def ask_courier(task: Task) -> Mapping[str, Any]:
    """Read a parcel's track now, as any other message."""
    connection = task.through
    parcel, waybill = int(task.payload["parcel"]), str(task.payload["waybill"])
    label = Label.objects.filter(parcel=parcel, waybill=waybill).select_related("parcel").first()
    wish = TrackWish(
        carrier=str(task.payload["carrier"]), waybill=waybill, phone_last4=last_four(label) if label else ""
    )
    message = adapter_named(connection.adapter).query(connection.open(), wish)
    return {"receipts": [process(receipt_id) for receipt_id in keep(connection, [message])]}


# Telling again ----------------------------------------------------------------------------------------------------
def _deliver_again(row: Contradiction, order: Order, key: str) -> bool:
    """The parcel's number is the warehouse's key: one that it has already is "already done"."""
    parcel = _parcel(row)
    connection = _able(order, parcel, "deliver", CauseKind.WMS) if parcel else None
    if parcel is None or connection is None:
        return False
    under_way = Job.objects.filter(
        order_id=order.pk, kind="deliver_parcel", state__in=[Job.State.READY, Job.State.RUNNING]
    )
    if not any(job.payload["parcel"] == parcel.pk for job in under_way):
        jobs.plan("deliver_parcel", key, connection_id=connection.pk, order_id=order.pk, payload={"parcel": parcel.pk})
    return True


def _tell_platform(row: Contradiction, order: Order, key: str) -> bool:
    parcel, connection = _any_parcel(row, order), shop_connection(order, "ship")
    if parcel is None or connection is None:
        return False
    jobs.plan("tell_platform", key, connection_id=connection.pk, order_id=order.pk, payload={"parcel": parcel.pk})
    return True


def _tell_erp(row: Contradiction, order: Order, key: str, stage: str = "shipped") -> bool:
    parcel = _any_parcel(row, order)
    connection = _able(order, parcel, "tell", CauseKind.ERP) if parcel else None
    if parcel is None or connection is None:
        return False
    at = parcel.shipped_at or clock.now()
    jobs.plan(
        "tell_system",
        key,
        connection_id=connection.pk,
        order_id=order.pk,
        payload={"parcel": parcel.pk, "number": parcel.number, "stage": stage, "at": at.isoformat()},
    )
    return True


def _correct_erp(row: Contradiction, order: Order, key: str) -> bool:
    return _tell_erp(row, order, key, CORRECTION)


# Taking back and stopping -----------------------------------------------------------------------------------------
def _cancel_delivery(row: Contradiction, order: Order, key: str) -> bool:
    return _plan_at_warehouse("cancel_delivery", row, order, key, "deliver")


def _pend(row: Contradiction, order: Order, key: str) -> bool:
    return _plan_at_warehouse("stop_at_warehouse", row, order, key, "pend")


def _plan_at_warehouse(kind: str, row: Contradiction, order: Order, key: str, capability: str) -> bool:
    parcel = _parcel(row)
    connection = _able(order, parcel, capability, CauseKind.WMS) if parcel else None
    if parcel is None or connection is None:
        return False
    jobs.plan(
        kind,
        key,
        lane=Job.Lane.URGENT,
        connection_id=connection.pk,
        order_id=order.pk,
        payload={"parcel": parcel.pk},
    )
    return True


@handles("stop_at_warehouse")
def stop_at_warehouse(task: Task) -> Mapping[str, Any]:
    """Pend a parcel because systems contradict each other, whether or not the order is locked here."""
    connection = task.through
    parcel = Parcel.objects.select_related("warehouse").get(pk=task.payload["parcel"])
    warehouse = parcel.warehouse.code if parcel.warehouse else ""
    adapter, access = adapter_named(connection.adapter), connection.open()
    codes = passages.codes_in_warehouse(connection, parcel)
    for code in codes:
        try:
            adapter.pend(access, code, warehouse, "各系统状态不一致，请先核实")
        except AlreadyDone:
            continue
    return {"code": "done", "codes": codes}


def _recycle(row: Contradiction, order: Order, key: str) -> bool:
    label = Label.objects.select_related("parcel").filter(parcel=row.parcel_id, waybill=row.waybill).first()
    connection = issuer_of(order, label) if label else None
    if label is None or connection is None:
        return False
    payload = {"carrier": label.carrier, "waybill": label.waybill, "label": label.pk}
    jobs.plan("cancel_waybill", key, connection_id=connection.pk, order_id=order.pk, payload=payload)
    return True


def _intercept(row: Contradiction, order: Order, key: str) -> bool:
    """The parcel's own number has its one intercept; a stray number has no parcel of its own: a person must ring."""
    parcel = _parcel(row)
    newest = Label.objects.filter(parcel=row.parcel_id or 0).exclude(waybill="").order_by("pk").last()
    if parcel and newest and newest.waybill == row.waybill:
        # Under the key of the parcel's one intercept, whoever wants it first.
        jobs.plan(
            "intercept_parcel",
            f"intercept:{parcel.pk}",
            lane=Job.Lane.URGENT,
            order_id=order.pk,
            payload={"parcel": parcel.pk, "ground": "contradiction"},
        )
        return True
    if row.waybill:
        raise_trouble(
            order.company_id,
            Trouble.Kind.INTERCEPT,
            f"number:{row.waybill}",
            f"请马上电话联系快递拦截：运单 {row.waybill}，订单 {order.platform_order_id}",
            level=Trouble.Level.CRITICAL,
            order_id=order.pk,
            facts={"carrier": row.carrier, "waybill": row.waybill, "order": order.platform_order_id},
        )
    return bool(row.waybill)


_PLANS: Mapping[Cure, Callable[[Contradiction, Order, str], bool]] = {
    Cure.READ_PLATFORM: _read_platform,
    Cure.ASK_WAREHOUSE: _ask_warehouse,
    Cure.ASK_ERP: _ask_erp,
    Cure.ASK_COURIER: _ask_courier,
    Cure.DELIVER_AGAIN: _deliver_again,
    Cure.TELL_PLATFORM: _tell_platform,
    Cure.TELL_ERP: _tell_erp,
    Cure.CORRECT_ERP: _correct_erp,
    Cure.CANCEL_DELIVERY: _cancel_delivery,
    Cure.PEND: _pend,
    Cure.RECYCLE: _recycle,
    Cure.INTERCEPT: _intercept,
}
