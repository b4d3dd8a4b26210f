"""A parcel that should not have left: its courier is asked to stop it, a person is told, and its track says the end.

One job a parcel: it opens the case, asks the courier as soon as it has the parcel, and looks again until it is over.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from integrations import jobs
from integrations.adapter import InterceptWish
from integrations.budget import spending_for
from integrations.errors import AlreadyDone, Permanent
from integrations.jobs import Again, Task, handles
from integrations.models import Connection, Job, Trouble
from integrations.registry import adapter_named
from integrations.telling import courier_for
from integrations.troubles import end_trouble, raise_trouble
from orders import clock
from orders.lifecycle import CauseKind, ParcelState
from orders.models import AfterSale, Event, InterceptRequest, Label, Order, Parcel
from orders.services import intercepts
from orders.services.dossier import wake
from orders.vocabulary import Cause

# Nothing wakes it earlier where a parcel leaves without a word; after the longest way it stops looking.
LOOK_AGAIN = timedelta(minutes=10)
LONGEST_WAY = timedelta(days=30)
# A warehouse that never had the order has nothing to give up.
NEVER_THERE = ("不存在", "未找到", "找不到", "没有这个订单")
CARRIERS = {
    "sf": "顺丰", "yto": "圆通", "zto": "中通", "sto": "申通", "yunda": "韵达", "jt": "极兔", "ems": "邮政",
    "jd": "京东物流", "deppon": "德邦",
}  # fmt: skip
REASONS = {
    "cancel_refused": "仓库没有撤下这个包裹",
    "cancel_failed": "仓库报告撤单失败，包裹会发出",
    "closed": "订单已取消，包裹却已发出",
    "refund": "买家申请退款，包裹已发出",
    "contradiction": "各系统状态不一致，这个包裹不该在路上",
}


# Planning: in the dispatch transaction, or where a job was given up ------------------------------------------------
def plan(event: Event, order: Order) -> None:
    """A parcel left: it may be one that should not have, or one that its courier can be asked for only now."""
    if order.has_cases and event.parcel_id:
        _wake(event.parcel_id)
    _plan_wanted(order)


def plan_by_fact(event: Event, order: Order) -> None:
    """The platform closed it or wants money back; or a warehouse says that it could not take it back."""
    if event.facts.get("stage") == "cancel_failed":
        for parcel in Parcel.objects.filter(lines__order_line__order=order).distinct():
            if parcel.state not in (ParcelState.SIGNED, ParcelState.RETURNED):
                _plan(parcel.pk, order.pk, "cancel_failed")
    elif event.facts.get("system") == CauseKind.PLATFORM:
        _plan_wanted(order)


def _plan_wanted(order: Order) -> None:
    open_refund = AfterSale.objects.filter(order=order, state__in=["open", "done"])
    if order.closed_at is None and order.state != "cancelled" and not open_refund.exists():
        return
    for wanted in intercepts.wanted(order):
        _plan(wanted.parcel_id, order.pk, wanted.ground)


def look_again(event: Event, order: Order) -> None:
    """The track told the end: whoever was alarmed hears of it."""
    if event.parcel_id:
        _plan(event.parcel_id, order.pk, "", again=f":{event.pk}")


def warehouse_kept_it(task: Task, error: str) -> None:
    """A cancel was given up: the warehouse printed or shipped it, or could not be reached in time."""
    if any(word in error for word in NEVER_THERE):
        return
    with transaction.atomic():
        _plan(int(task.payload["parcel"]), task.order_id, "cancel_refused")


def _plan(parcel_id: int, order_id: int | None, ground: str, *, again: str = "") -> None:
    jobs.plan(
        "intercept_parcel",
        f"intercept:{parcel_id}{again}",
        lane=Job.Lane.URGENT,
        order_id=order_id,
        payload={"parcel": parcel_id, "ground": ground},
    )


def _wake(parcel_id: int) -> None:
    rows = Job.objects.filter(key=f"intercept:{parcel_id}", state=Job.State.READY)
    if rows.update(not_before=clock.now()):
        transaction.on_commit(lambda: wake(Job.Lane.URGENT))


# Doing ----------------------------------------------------------------------------------------------------------
@handles("intercept_parcel")
def intercept_parcel(task: Task) -> Mapping[str, Any] | Again:
    ground = str(task.payload["ground"])
    cause = Cause(kind=CauseKind.SYSTEM, source="快递拦截", reference=f"job:{task.id}")
    parcel_id = int(task.payload["parcel"])
    opened = intercepts.start(parcel_id, ground=ground, reason=REASONS.get(ground, ""), cause=cause)
    if "case" not in opened.made:
        return {"code": opened.code}
    case = InterceptRequest.objects.select_related("order", "parcel").get(pk=opened.made["case"])
    parcel = Parcel.objects.get(pk=parcel_id)
    label = Label.objects.filter(parcel=parcel).exclude(waybill="").order_by("pk").last()
    if case.state != "open":
        _tell_the_end(case, parcel, label)
        return {"code": case.state}
    if case.opened_at < clock.now() - LONGEST_WAY:
        return {"code": "given_up"}
    courier = courier_for(case.order, parcel, label.carrier, "intercept") if label else None
    _tell(case, parcel, label, courier, REASONS.get(ground, ""))
    if courier and label and not case.stage and parcel.state == ParcelState.SHIPPED:
        _ask(case, parcel, label, courier, cause)
    return Again(clock.now() + LOOK_AGAIN)


def _ask(case: InterceptRequest, parcel: Parcel, label: Label, courier: Connection, cause: Cause) -> None:
    wish = InterceptWish(
        carrier=label.carrier, waybill=label.waybill, kind="stop", reason="卖家要求退回", order=parcel.number
    )
    try:
        with spending_for(courier):
            answer = adapter_named(courier.adapter).intercept(courier.open(), wish)
    except AlreadyDone as error:
        intercepts.note_courier(case.pk, accepted=True, detail=str(error), cause=cause)
    except Permanent as error:
        intercepts.note_courier(case.pk, accepted=False, detail=str(error), cause=cause)
        text = f"快递不接受拦截（{error}），请马上电话联系 {_carrier(label.carrier)}：{_which(case, parcel, label)}"
        _raise(case, parcel, label, "call", text)
    else:
        detail = str(answer.get("detail") or "快递已受理，等待结果")
        intercepts.note_courier(case.pk, accepted=True, detail=detail, cause=cause)


# Telling people -------------------------------------------------------------------------------------------------
def _tell(case: InterceptRequest, parcel: Parcel, label: Label | None, courier: Connection | None, reason: str) -> None:
    which = _which(case, parcel, label)
    if label is None:
        text = f"{reason}。包裹还没有运单号，请马上联系仓库：{which}"
    elif courier is None:
        text = f"{reason}。请电话联系 {_carrier(label.carrier)} 拦截：{which}"
    elif parcel.state == ParcelState.SHIPPED:
        text = f"{reason}。已向 {_carrier(label.carrier)} 申请拦截：{which}"
    else:
        text = f"{reason}。请先联系仓库；一旦发出，指挥塔会向 {_carrier(label.carrier)} 申请拦截：{which}"
    _raise(case, parcel, label, "", text)


def _tell_the_end(case: InterceptRequest, parcel: Parcel, label: Label | None) -> None:
    if case.state == "too_late":
        carrier = _carrier(label.carrier) if label else "快递"
        text = f"拦截来不及，包裹已在派送或已签收，请马上电话联系 {carrier} 和买家：{_which(case, parcel, label)}"
        _raise(case, parcel, label, "late", text)
        _end(case, parcel, "", "call")
    else:
        _end(case, parcel, "", "call", "late")


def _raise(case: InterceptRequest, parcel: Parcel, label: Label | None, what: str, text: str) -> None:
    raise_trouble(
        case.order.company_id,
        Trouble.Kind.INTERCEPT,
        _key(parcel, what),
        text,
        level=Trouble.Level.CRITICAL,
        order_id=case.order_id,
        facts={
            "carrier": label.carrier if label else parcel.carrier,
            "waybill": label.waybill if label else "",
            "order": case.order.platform_order_id,
        },
    )


def _end(case: InterceptRequest, parcel: Parcel, *what: str) -> None:
    for each in what:
        end_trouble(case.order.company_id, Trouble.Kind.INTERCEPT, _key(parcel, each))


def _key(parcel: Parcel, what: str) -> str:
    return f"parcel:{parcel.number}:{what}".rstrip(":")


def _which(case: InterceptRequest, parcel: Parcel, label: Label | None) -> str:
    number = f"运单 {label.waybill}，" if label else f"包裹 {parcel.number}，"
    return f"{number}订单 {case.order.platform_order_id}"


def _carrier(code: str) -> str:
    return CARRIERS.get(code, code or "快递")
