"""Tokens are refreshed before they end; where that fails a person hears of it while there is still time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import jobs
from integrations.jobs import Task, handles
from integrations.models import Connection, Job, Trouble
from integrations.registry import adapter_named
from integrations.troubles import end_trouble, raise_trouble

# A token this near to its end, and not refreshed, is an alarm even while tries are left.
ALARM = timedelta(hours=6)
# A token that only a person can renew is an alarm this long before its end.
REMIND = timedelta(days=7)


def plan_refreshes(*, now: datetime) -> int:
    """A job for every token that ends within its adapter's lead time, or whose end nobody knows yet; how many."""
    found = 0
    for connection in Connection.objects.filter(enabled=True):
        adapter, ends = adapter_named(connection.adapter), connection.token_expires_at
        if not adapter.can("token", connection.settings):
            if ends is not None and ends - REMIND < now:
                _alarm(connection, f"{connection.name}：授权将于 {ends:%m-%d %H:%M} UTC 到期，不能自动续期，请重新授权")
            continue
        if ends is not None and ends - adapter.token_lead > now:
            continue
        found += 1
        with transaction.atomic():
            key = f"token:{connection.pk}:{ends.isoformat() if ends else 'first'}"
            jobs.plan("refresh_token", key, lane=Job.Lane.URGENT, connection_id=connection.pk)
        # Some platforms give a new token only shortly before the old one ends.
        if ends is not None and ends - now < min(ALARM, adapter.token_lead / 2):
            _alarm(connection, f"{connection.name}：授权将于 {ends:%m-%d %H:%M} UTC 到期，自动续期还没有成功")
    return found


def _alarm(connection: Connection, text: str) -> None:
    raise_trouble(
        connection.company_id,
        Trouble.Kind.TOKEN,
        f"connection:{connection.pk}",
        text,
        level=Trouble.Level.CRITICAL,
        connection=connection,
    )


def _failed(task: Task, error: str) -> None:
    if task.connection:
        _alarm(task.connection, f"{task.connection.name}：授权续期失败，请重新授权（{error}）")


@handles("refresh_token", failed=_failed)
def refresh_token(task: Task) -> Mapping[str, Any]:
    stale = task.through
    token = adapter_named(stale.adapter).refresh(stale.open())
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=stale.pk)
        connection.set_secrets({**connection.secrets(), **token.secrets})
        connection.token_expires_at = token.expires_at
        connection.save()
    end_trouble(connection.company_id, Trouble.Kind.TOKEN, f"connection:{connection.pk}")
    return {"expires_at": token.expires_at.isoformat()}
