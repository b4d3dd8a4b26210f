"""Deadlines are rows with a time (law 9): beat asks what is overdue, and a service records each once."""

from datetime import datetime, timedelta

from orders.lifecycle import CauseKind, LabelState
from orders.models import Label
from orders.services.decide import answer, in_one_transaction, member_orders
from orders.services.dossier import Dossier
from orders.services.labels import CLAIM_SECONDS, finish_print
from orders.services.outcome import Outcome
from orders.services.waiting import look_again_where_mapped
from orders.vocabulary import Cause

SWEEPER = Cause(kind=CauseKind.SYSTEM, source="时限检查")


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Turn claims without a result into `unknown`, and let go what waits for nothing any more; how many were found.

    Safe to run twice at once.
    """
    overdue = Label.objects.filter(state=LabelState.CLAIMED, claimed_at__lt=now - timedelta(seconds=CLAIM_SECONDS))
    ids = list(overdue.values_list("pk", "parcel_id")[:limit])
    for label_id, parcel_id in ids:
        _expire_claim(label_id, parcel_id, now)
    return len(ids) + look_again_where_mapped(limit=limit)


def _expire_claim(label_id: int, parcel_id: int, now: datetime) -> None:
    def act(dossiers: list[Dossier]) -> Outcome:
        first = dossiers[0]
        label = next(row for row in first.labels if row.pk == label_id)
        attempt = next((row for row in first.prints if row.label_id == label_id and row.outcome == "granted"), None)
        claimed_at = label.claimed_at if label.state == LabelState.CLAIMED else None
        if attempt is not None and claimed_at and claimed_at < now - timedelta(seconds=CLAIM_SECONDS):
            finish_print(first, attempt, label, "unknown")
        return answer(first)

    in_one_transaction(member_orders(parcel_id), SWEEPER, act)
