"""Events come in, alerts go out as rows: which rule wants which event, and who is told.

A consumer of the dispatch: database only. The sending is a job of the one outbox (`alerts.delivery`).
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime

from alerts.models import Alert, Channel, Rule
from integrations import jobs
from integrations.models import Job, Trouble
from orders.lifecycle import HoldReason, Role
from orders.models import Event, Order

# What a rule may speak of, and what this consumer is told of: the daily steps of every order are no news.
VERBS = frozenset(
    {
        "hold_opened", "hold_lifted", "hold_confirmed", "hold_withdrawn", "cancel", "return", "void", "unpack",
        "reappear", "fact_conflict", "waybill_failed", "waybill_orphaned", "label_voided", "print",
        "print_observed", "case_answered",
    }
)  # fmt: skip


def take(event: Event, order: Order) -> None:
    """Make an alert per matching rule and a job per channel, once each, however often the event is taken."""
    for rule in _matching(event, order):
        alert, _ = Alert.objects.get_or_create(
            event_id=event.pk,
            rule=rule,
            defaults={
                "company_id": order.company_id,
                "order": order,
                "level": rule.level,
                "title": _title(event, order),
                "lines": _lines(event, order),
            },
        )
        if rule.mode == Rule.Mode.ON:
            _send(alert, rule.role)


def _send(alert: Alert, role: str) -> None:
    for channel in Channel.objects.filter(company=alert.company_id, role=role, enabled=True):
        jobs.plan(
            "send_alert",
            f"alert:{alert.pk}:{channel.pk}",
            lane=Job.Lane.URGENT,
            order_id=alert.order_id,
            payload={"alert": alert.pk, "channel": channel.pk},
        )


def take_troubles() -> int:
    """An alert for every trouble with another system that nobody was told of yet; how many.

    What was over before anybody looked needs no message.
    """
    told = 0
    for trouble in Trouble.objects.filter(closed_at__isnull=True, alerts__isnull=True).order_by("id")[:200]:
        with transaction.atomic():
            alert, new = Alert.objects.get_or_create(
                trouble=trouble,
                defaults={
                    "company_id": trouble.company_id,
                    "order_id": trouble.order_id,
                    "level": trouble.level,
                    "title": f"{trouble.get_kind_display()} · {trouble.connection or trouble.key}"[:200],
                    "lines": [trouble.text],
                },
            )
            if new:
                _send(alert, Role.OPS_MANAGER)
                told += 1
    return told


def _matching(event: Event, order: Order) -> list[Rule]:
    rules = Rule.objects.filter(company=order.company_id, verb=event.verb).exclude(mode=Rule.Mode.OFF)
    reason = event.facts.get("reason", "")
    return [rule for rule in rules if rule.hold_reason in ("", reason)]


def _title(event: Event, order: Order) -> str:
    reason = event.facts.get("reason")
    what = HoldReason(reason).label if reason in HoldReason.values else event.verb
    return f"{what} · {order.platform_order_id}"


def _lines(event: Event, order: Order) -> list[str]:
    """What a person needs to act: which order, both attempts (who, where, when). No personal data (law 13)."""
    lines = [f"订单：{order.platform_order_id}（{order.shop.name}）"]
    evidence = event.facts.get("evidence") or {}
    for name, label in (("first", "第一次"), ("second", "第二次")):
        if attempt := evidence.get(name):
            lines.append(f"{label}：{_attempt(attempt)}")
    if event.reason:
        lines.append(event.reason)
    return lines


def _attempt(attempt: dict[str, Any]) -> str:
    at = parse_datetime(str(attempt.get("at", "")))
    when = localtime(at).strftime("%m-%d %H:%M:%S") if at else ""
    words = [str(attempt.get("who", "")), str(attempt.get("where", "")), when, str(attempt.get("waybill", ""))]
    return "，".join(word for word in words if word)


def link_to(order_id: int) -> str:
    return f"{settings.TOWER_URL}/admin/orders/order/{order_id}/change/"
