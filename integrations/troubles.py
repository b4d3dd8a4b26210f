"""Opening and closing troubles: one open row each, counted while it lasts. Alerts are made from the rows."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from integrations.models import Connection, Trouble
from orders import clock


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
