"""Questions that a protocol wants answered in the reply: one service call of its own, and a no when in doubt.

The question is kept like any message before it is decided, so that a person finds its case whatever the answer was.
"""

import logging
import time

from integrations.adapter import Decision, Question
from integrations.models import Connection
from orders.lifecycle import CauseKind
from orders.models import Order
from orders.services.cases import decide_request
from orders.vocabulary import Cause

log = logging.getLogger(__name__)

# The platform waits for the reply; what takes longer goes to a person (DESIGN 6).
SECONDS = 0.8
TO_A_PERSON = Decision(accepted=False, code="MANUAL_REVIEW", reason="转人工处理")


def decide(connection: Connection, question: Question, *, started: float) -> Decision:
    """The tower's word; never raises. `started` is when the request came, by the monotonic clock."""
    try:
        decision = _DECIDERS[question.kind](connection, question)
    except Exception:
        # A question must be answered, and "no, a person looks" is always right.
        log.exception("connection %s: could not decide", connection.pk)
        return TO_A_PERSON
    if time.monotonic() - started > SECONDS and decision.accepted:
        log.warning("connection %s: decided too late", connection.pk)
        return TO_A_PERSON
    return decision


def _about_request(connection: Connection, question: Question) -> Decision:
    rows = Order.objects.filter(shop=connection.shop_id, platform_order_id=question.subject)
    order_id = rows.values_list("pk", flat=True).first()
    if order_id is None:
        return TO_A_PERSON
    cause = Cause(kind=CauseKind.SYSTEM, source=connection.name, connection_id=connection.pk)
    outcome = decide_request(order_id, kind=question.kind, request_id=question.request_id, cause=cause)
    accepted = bool(outcome.made.get("accepted"))
    return Decision(accepted=accepted, code="" if accepted else "MANUAL_REVIEW", reason=outcome.detail or "已同意")


_DECIDERS = {"address": _about_request, "intercept": _about_request}
