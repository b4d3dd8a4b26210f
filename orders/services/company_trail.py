"""Events of a company's own stream (law 12): its rules, keys and connections, changed by whom, from what to what."""

from typing import Any

from orders import clock
from orders.models import Company, Event, raise_commit_counter
from orders.services import trail
from orders.services.dossier import actor_of
from orders.vocabulary import Cause


def lock_company(company_id: int) -> Company:
    """The company's row, locked: it carries the head of its stream. The caller is in a transaction."""
    raise_commit_counter()
    return Company.objects.select_for_update().get(pk=company_id)


def note_company_event(
    company: Company, verb: str, *, cause: Cause, facts: dict[str, Any], key: str = "", reason: str = "", **more: Any
) -> Event:
    """Chain one event onto the company's stream; its row is locked by `lock_company` in the same transaction."""
    event = Event(
        company_id=company.pk,
        order_id=None,
        verb=verb,
        actor=actor_of(cause),
        actor_name=cause.source[:120],
        role=cause.role[:80],
        cause=cause.reference[:120],
        key=key[:200],
        reason=reason[:500],
        facts=facts,
        at=clock.now(),
        **more,
    )
    trail.chain(company, [event])
    event.save()
    Company.objects.filter(pk=company.pk).update(event_seq=company.event_seq, event_head=company.event_head)
    return event
