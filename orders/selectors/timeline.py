"""时间线: what happened to one order, newest first, in words. Read by the order's own stream, a page at a time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders.lifecycle import MOVE_LABELS, OrderState, ParcelState, Role
from orders.models import Event, Order

PAGE = 100

# Verb → what people read. The moves have their labels already; everything else that a service writes stands here.
VERBS: dict[str, Any] = {
    **{str(move): label for move, label in MOVE_LABELS.items()},
    "follow_parcels": _("订单随包裹变化"),
    "reappear": _("已取消的货又发出"),
    "order_seen": _("订单进入指挥塔"),
    "fact": _("收到外部消息"),
    "stale_fact": _("收到过时的消息"),
    "fact_conflict": _("同一消息内容不同"),
    "note_changed": _("留言、备注或旗标变化"),
    "hold_opened": _("锁单"),
    "hold_lifted": _("解封"),
    "hold_confirmed": _("确认异常"),
    "hold_withdrawn": _("锁单自动撤销"),
    "waybill_requested": _("申请面单号"),
    "waybill_issued": _("取得面单号"),
    "waybill_failed": _("取号失败"),
    "waybill_orphaned": _("多余的面单号"),
    "label_voided": _("面单作废"),
    "print_result": _("打印结果"),
    "print_observed": _("外部系统打印"),
    "lines_checked": _("验货完成"),
    "case_answered": _("答复买家申请"),
    "delivery_passed": _("放行 ERP 推单"),
    "delivery_refused": _("拦下 ERP 推单"),
    "intercept_started": _("发起快递拦截"),
    "intercept_asked": _("快递答复拦截"),
    "intercept_ended": _("快递拦截结束"),
    # On a company's own stream.
    "policy_changed": _("修改操作权限"),
    "connection_made": _("新增系统连接"),
    "connection_changed": _("修改系统连接"),
    "connection_authorised": _("店铺授权"),
    "receipts_replayed": _("重新处理报文"),
    "jobs_retried": _("重新执行对外任务"),
    "backfill_begun": _("开始补读"),
    "backfill_stopped": _("停止补读"),
    "trouble_closed": _("关闭对接问题"),
    "channel_made": _("新增通知渠道"),
    "channel_changed": _("修改通知渠道"),
    "raw_message_seen": _("查看原始报文"),
    "api_key_created": _("新建 API 密钥"),
    "api_key_revoked": _("吊销 API 密钥"),
}
_STATES = {**dict(ParcelState.choices), **dict(OrderState.choices)}


@dataclass(frozen=True)
class Entry:
    """One event as a person reads it."""

    event: Event
    words: str
    by_person: bool
    roles: str
    step: str
    delay: timedelta | None
    key_facts: tuple[tuple[str, str, str], ...]

    @property
    def refused(self) -> bool:
        return self.event.result == Event.Result.REFUSED


# What of an event's facts people read, and its name on the screen.
FACTS: dict[str, Any] = {
    "waybill": _("运单号"),
    "carrier": _("快递"),
    "station": _("工位"),
    "printer": _("打印机"),
    "warehouse": _("仓库"),
    "address_version": _("地址版本"),
    "status": _("状态"),
    "source_status": _("原始状态"),
}


def timeline(order: Order, *, before: int | None = None, limit: int = PAGE) -> tuple[list[Entry], int | None]:
    """A page of entries, and the sequence number from which the next page goes on (`None` at the end). One query."""
    events = Event.objects.filter(stream=order.stream)
    if before is not None:
        events = events.filter(seq__lt=before)
    found = list(events.order_by("-seq")[: limit + 1])
    more = found[limit - 1].seq if len(found) > limit else None
    return [entry_of(event) for event in found[:limit]], more


def entry_of(event: Event) -> Entry:
    return Entry(
        event=event,
        words=str(VERBS.get(event.verb, event.verb)),
        by_person=event.actor.startswith("person:"),
        roles="、".join(str(Role(role).label) for role in event.role.split(",") if role in Role.values),
        step=_step(event),
        delay=_delay(event),
        key_facts=tuple(
            (name, str(label), str(event.facts[name])) for name, label in FACTS.items() if event.facts.get(name)
        ),
    )


def _step(event: Event) -> str:
    if not event.to_state or event.from_state == event.to_state:
        return ""
    before, after = (str(_STATES.get(state, state)) for state in (event.from_state, event.to_state))
    return f"{before} → {after}" if event.from_state else after


def _delay(event: Event) -> timedelta | None:
    """How long after the source's own time it was seen here; nothing under a second, nor from clocks that run ahead."""
    if event.source_at is None or event.at - event.source_at < timedelta(seconds=1):
        return None
    return event.at - event.source_at
