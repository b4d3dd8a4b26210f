"""Opening and closing troubles: one open row each, counted while it lasts. Alerts are made from the rows."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from integrations.models import Connection, Trouble
from orders import clock
from orders.services.company_trail import lock_company, note_company_event
from orders.vocabulary import Cause

# What the tower itself looks at again and ends when it is over: a person's word would only be said against it.
END_BY_THEMSELVES = frozenset(
    {
        Trouble.Kind.TOKEN,
        Trouble.Kind.THROTTLED,
        Trouble.Kind.SILENCE,
        Trouble.Kind.LEDGER,
        Trouble.Kind.CONTRADICTION,
    }
)


def raise_trouble(
    company_id: int,
    kind: str,
    key: str,
    text: str,
    *,
    level: str = Trouble.Level.WARNING,
    connection: Connection | None = None,
    order_id: int | None = None,
    facts: dict[str, Any] | None = None,
) -> bool:
    """Say that something is wrong; True where this is the first word of it."""
    key = key[:160]
    if _again(company_id, kind, key, text):
        return False
    try:
        with transaction.atomic():
            Trouble.objects.create(
                company_id=company_id,
                connection=connection,
                order_id=order_id,
                kind=kind,
                key=key,
                level=level,
                text=text[:500],
                facts=facts or {},
            )
    except IntegrityError:
        # Somebody else said it in the same moment.
        _again(company_id, kind, key, text)
        return False
    return True


def _again(company_id: int, kind: str, key: str, text: str) -> bool:
    rows = Trouble.objects.filter(company=company_id, kind=kind, key=key, closed_at__isnull=True)
    return bool(rows.update(times=F("times") + 1, seen_at=clock.now(), text=text[:500]))


def end_trouble(company_id: int, kind: str, key: str) -> bool:
    """It is over; True where it was open."""
    rows = Trouble.objects.filter(company=company_id, kind=kind, key=key[:160], closed_at__isnull=True)
    return bool(rows.update(closed_at=clock.now()))


def close_by_hand(trouble_id: int, *, reason: str, cause: Cause) -> bool:
    """A person has dealt with it; the same trouble seen again is a new one. False where there was nothing to close."""
    found = Trouble.objects.filter(pk=trouble_id).values_list("company_id", flat=True).first()
    if found is None:
        return False
    with transaction.atomic(durable=True):
        company = lock_company(found)
        row = Trouble.objects.select_for_update().get(pk=trouble_id)
        if row.closed_at is not None or row.kind in END_BY_THEMSELVES:
            return False
        row.closed_at = clock.now()
        row.save(update_fields=["closed_at"])
        note_company_event(
            company,
            "trouble_closed",
            cause=cause,
            key=f"trouble:{row.pk}",
            reason=reason,
            facts={"trouble": row.pk, "kind": row.kind, "connection": row.connection_id, "order": row.order_id},
        )
    return True
