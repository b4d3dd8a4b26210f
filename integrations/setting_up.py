"""接入: what is still to do before a connection works, told from the rows that show it, and the acts of its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from integrations import budget, health, jobs
from integrations.adapter import Adapter, check_settings
from integrations.models import Connection, Trouble
from integrations.registry import adapter_named
from integrations.troubles import end_trouble
from orders import clock
from orders.models import Order
from orders.services.company_trail import lock_company, note_company_event
from orders.vocabulary import Cause

FASTEST_POLL, SLOWEST_POLL = 5, 300
# Where the connection's settings keep what only people know: topics ticked in the platform's console, and when.
KEPT = "setup"

DONE, TODO, FAILED, NOT_NEEDED = "done", "todo", "failed", "not_needed"


class Wrong(ValueError):
    """It cannot be set like this; the text is for the person who asked."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the set-up. `at` is when it came to its state; `details` are the other side's or the adapter's words.

    `name`: authorise, callback, topics, interval, message, order. `state`: done, todo, failed, not_needed.
    """

    name: str
    state: str
    at: datetime | None = None
    details: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def steps_of(connection: Connection, *, now: datetime) -> list[Step]:
    """The six steps in the order in which they are done; two queries."""
    adapter = adapter_named(connection.adapter)
    return [
        _authorised(connection, adapter, now),
        _called_back(connection, adapter),
        _topics(connection, adapter),
        _polled(connection, adapter, now),
        _heard(connection),
        _sold(connection, adapter),
    ]


def _authorised(connection: Connection, adapter: Adapter, now: datetime) -> Step:
    missing = [error.text for error in check_settings(adapter, connection.settings, connection.secrets())]
    by_page = adapter.can("authorise", connection.settings)
    ends = connection.token_expires_at
    at = parse_datetime(str(_kept(connection).get("authorised_at") or ""))
    facts = {"by_page": by_page, "ends": ends}
    trouble = Trouble.objects.filter(
        company=connection.company_id,
        kind=Trouble.Kind.TOKEN,
        key=f"connection:{connection.pk}",
        closed_at__isnull=True,
    ).first()
    if trouble is not None or (ends is not None and ends <= now):
        details = [trouble.text] if trouble is not None else []
        since = trouble.opened_at if trouble is not None else ends
        return Step(name="authorise", state=FAILED, at=since, details=details, facts=facts)
    heard = connection.last_poll_at or connection.last_message_at
    # What was typed in by hand is proved by the first answer that it gave.
    known = ends is not None or heard is not None or not by_page
    state = DONE if known and not missing else TODO
    return Step(name="authorise", state=state, at=at, details=missing, facts=facts)


def _called_back(connection: Connection, adapter: Adapter) -> Step:
    if not adapter.can("webhook", connection.settings):
        return Step(name="callback", state=NOT_NEEDED)
    if health.is_refused(connection):
        details = [connection.last_refusal] if connection.last_refusal else []
        return Step(name="callback", state=FAILED, at=connection.last_refused_at, details=details)
    state = DONE if connection.last_push_at else TODO
    return Step(name="callback", state=state, at=connection.last_push_at)


def _topics(connection: Connection, adapter: Adapter) -> Step:
    if not adapter.topics:
        return Step(name="topics", state=NOT_NEEDED)
    kept = _kept(connection)
    ticked = set(kept.get("topics", ()))
    rows = [(topic, what, topic in ticked) for topic, what in adapter.topics]
    state = DONE if all(is_ticked for _topic, _what, is_ticked in rows) else TODO
    at = parse_datetime(str(kept.get("topics_at") or ""))
    return Step(name="topics", state=state, at=at, facts={"topics": rows})


def _polled(connection: Connection, adapter: Adapter, now: datetime) -> Step:
    if not adapter.can("poll", connection.settings):
        return Step(name="interval", state=NOT_NEEDED)
    failed_at = connection.last_error_at
    if connection.last_error and failed_at and now - failed_at < health.FRESH_ERROR:
        return Step(name="interval", state=FAILED, at=failed_at, details=[connection.last_error])
    state = DONE if connection.last_poll_at else TODO
    return Step(name="interval", state=state, at=connection.last_poll_at)


def _heard(connection: Connection) -> Step:
    pushed_since = connection.last_push_at is not None and not health.is_refused(connection)
    facts = {"refused": 0 if pushed_since else connection.refused_count, "refusal": connection.last_refusal}
    if connection.last_message_at:
        return Step(name="message", state=DONE, at=connection.last_message_at, facts=facts)
    state = FAILED if connection.refused_count else TODO
    return Step(name="message", state=state, at=connection.last_refused_at, facts=facts)


def _sold(connection: Connection, adapter: Adapter) -> Step:
    if connection.shop_id is None or adapter.system != "platform":
        return Step(name="order", state=NOT_NEEDED)
    order = Order.objects.filter(shop=connection.shop_id).order_by("id").first()
    if order is None:
        return Step(name="order", state=TODO)
    return Step(name="order", state=DONE, at=order.created_at, facts={"order": order})


def _kept(connection: Connection) -> dict[str, Any]:
    kept = connection.settings.get(KEPT)
    return dict(kept) if isinstance(kept, dict) else {}


# Acts -------------------------------------------------------------------------------------------------------------
def page_to_authorise(connection: Connection, state: str) -> str:
    """The platform's page where the seller says yes. `OutsideError` where the settings do not suffice for it."""
    return adapter_named(connection.adapter).authorise_url(connection.open(), state)


def authorise(connection: Connection, code: str, *, cause: Cause) -> Connection:
    """Trade the code of the platform's page for a token and keep it; `OutsideError` says why that failed.

    The call is made outside any transaction (law 10). The event names what was set, never its value.
    """
    jobs.assert_no_transaction()
    adapter = adapter_named(connection.adapter)
    with budget.spending_for(connection):
        token = adapter.authorise(connection.open(), code)
    with transaction.atomic(durable=True):
        company = lock_company(connection.company_id)
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        row.set_secrets({**row.secrets(), **token.secrets})
        row.token_expires_at = token.expires_at
        _keep(row, authorised_at=clock.now().isoformat())
        row.save(update_fields=["sealed_secrets", "token_expires_at", "settings"])
        note_company_event(
            company,
            "connection_authorised",
            cause=cause,
            key=f"connection:{row.pk}",
            facts={
                "connection": row.pk,
                "adapter": row.adapter,
                "fields": sorted(token.secrets),
                "until": token.expires_at.isoformat(),
            },
        )
        end_trouble(row.company_id, Trouble.Kind.TOKEN, f"connection:{row.pk}")
    return row


def remember_topics(connection: Connection, ticked: Sequence[str], *, cause: Cause) -> None:
    """What a person says that they ticked in the platform's console."""
    known = [topic for topic, _what in adapter_named(connection.adapter).topics]
    topics = [topic for topic in known if topic in set(ticked)]
    with transaction.atomic(durable=True):
        company = lock_company(connection.company_id)
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        _keep(row, topics=topics, topics_at=clock.now().isoformat())
        row.save(update_fields=["settings"])
        _note_change(company, row, ["setup.topics"], cause)


def set_interval(connection: Connection, seconds: int, *, cause: Cause) -> None:
    """How often the connection is polled at least; `Wrong` outside its limits."""
    if not FASTEST_POLL <= seconds <= SLOWEST_POLL:
        limits = {"fastest": FASTEST_POLL, "slowest": SLOWEST_POLL}
        raise Wrong(_("轮询间隔要在 %(fastest)d 到 %(slowest)d 秒之间") % limits)
    with transaction.atomic(durable=True):
        company = lock_company(connection.company_id)
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.poll_seconds == seconds:
            return
        row.poll_seconds = seconds
        row.save(update_fields=["poll_seconds"])
        _note_change(company, row, ["poll_seconds"], cause)


def poll_soon(connection: Connection, *, now: datetime) -> None:
    """Its turn is now: beat polls it with its next tick. `Wrong` where nothing would come of it."""
    if not adapter_named(connection.adapter).can("poll", connection.settings):
        raise Wrong(_("这个系统不能轮询，只能等对方推送"))
    if not connection.enabled:
        raise Wrong(_("连接已停用"))
    if connection.paused_until and connection.paused_until > now:
        raise Wrong(_("对方要求暂停调用，到时间后自动继续"))
    Connection.objects.filter(pk=connection.pk).update(next_poll_at=now)


def _keep(row: Connection, **values: Any) -> None:
    row.settings = {**row.settings, KEPT: {**_kept(row), **values}}


def _note_change(company: Any, row: Connection, fields: list[str], cause: Cause) -> None:
    note_company_event(
        company,
        "connection_changed",
        cause=cause,
        key=f"connection:{row.pk}",
        facts={"connection": row.pk, "adapter": row.adapter, "fields": fields},
    )
