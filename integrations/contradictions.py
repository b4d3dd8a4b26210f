"""Seeing that systems contradict each other, watching it for its grace, curing it, and proving that it is cured.

`look` is a consumer of the events, `sweep` is what beat does for those whose time has come; both take the order's row
lock, draw the picture and let `_reconcile` bring the rows to what it shows. A row is all that is remembered: what the
picture no longer shows is over, however that came about.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection as database
from django.db import transaction
from django.db.models import Q

from integrations import cures
from integrations.models import Connection, Contradiction, Job, Trouble
from integrations.registry import adapter_named
from integrations.troubles import end_trouble, raise_trouble
from orders import clock
from orders.contradictions.drawing import draw
from orders.contradictions.find import Found, find
from orders.contradictions.pair import Cure, Pair
from orders.contradictions.picture import Picture
from orders.contradictions.table import BY_CODE
from orders.lifecycle import CauseKind, Move
from orders.models import Event, EventTask, Order
from orders.services.dossier import load
from orders.vocabulary import Cause

log = logging.getLogger(__name__)

State = Contradiction.State
CONSUMER = "integrations.contradictions.look"
# What it is told of: facts, and the commands that change what the tower itself claims.
VERBS = frozenset(
    {
        "order_seen", "fact", "label_voided", "waybill_issued", "case_answered", "intercept_ended", "hold_lifted",
        str(Move.RELEASE), str(Move.PACK), str(Move.UNPACK), str(Move.SHIP), str(Move.VOID), str(Move.CANCEL),
        str(Move.RETURN),
    }
)  # fmt: skip
# However old a contradiction is when it is first seen, the other word may be in the next message.
SHORTEST_WATCH = timedelta(minutes=10)
# What a person was told of is looked at again so often, and so long.
LOOK_AGAIN, LONGEST_LOOK = timedelta(hours=6), timedelta(days=30)
AFTER_A_MISTAKE = timedelta(minutes=10)


def look(event: Event, order: Order) -> None:
    """Take an event, inside the caller's transaction and under the order's lock."""
    if event.result == Event.Result.REFUSED:
        return
    if event.verb == "order_seen" and event.facts.get("status") == ("paid" if order.paid_at else "unpaid"):
        # A new order of which only its platform has spoken contradicts nobody.
        return
    # One look for all that happened since: the last event that waits for this consumer takes it.
    if EventTask.objects.filter(order_id=order.pk, consumer=CONSUMER, seq__gt=event.seq).exists():
        return
    examine(order)


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Look at every order with a contradiction whose time has come; how many. Safe to run twice at once."""
    due = Contradiction.objects.filter(due_at__lte=now).order_by("due_at").values_list("order_id", flat=True)[:limit]
    looked = 0
    for order_id in dict.fromkeys(due):
        try:
            looked += _look_at(order_id)
        except Exception:
            # Our mistake about one order: the others are looked at all the same, and this one again in a while.
            log.exception("the contradictions of order %s could not be looked at", order_id)
            stuck = Contradiction.objects.filter(order=order_id, due_at__lte=now)
            stuck.update(due_at=now + AFTER_A_MISTAKE)
    return looked


def _look_at(order_id: int) -> bool:
    """False where somebody else has the order just now."""
    with transaction.atomic(durable=True):
        rows = Order.objects.select_for_update(
            of=("self",), skip_locked=database.features.has_select_for_update
        ).select_related("shop", "warehouse")
        order = rows.filter(pk=order_id).first()
        if order is not None:
            examine(order)
    return order is not None


def examine(order: Order) -> list[Contradiction]:
    """Bring the order's rows to what its picture shows; those that stand now. The caller holds the order's lock."""
    rows = {(row.code, row.subject): row for row in Contradiction.objects.filter(order=order, closed_at__isnull=True)}
    found = {one.key: one for one in find(picture_of(order))}
    now = clock.now()
    for key, row in rows.items():
        if key not in found:
            _is_gone(row, now)
    return [_stands(rows.get(key), one, order, now) for key, one in found.items()]


def picture_of(order: Order) -> Picture:
    [dossier] = load([order], cause=Cause(kind=CauseKind.SYSTEM))
    return draw(dossier, reach=reach_of(order), done=_done(order))


def reach_of(order: Order) -> frozenset[tuple[str, str]]:
    """What the connections of this order's shop and warehouse can do: only who is connected can be missed."""
    mine = Q(shop=order.shop_id) | Q(shop__isnull=True)
    warehouse = order.warehouse_id or order.shop.warehouse_id
    here = Q(warehouse=warehouse) | Q(warehouse__isnull=True)
    rows = Connection.objects.filter(mine, here, company=order.company_id, enabled=True).exclude(adapter="")
    found = set()
    for row in rows:
        adapter = adapter_named(row.adapter)
        found |= {(adapter.system, able) for able in adapter.capabilities if adapter.can(able, row.settings)}
    return frozenset(found)


def _done(order: Order) -> frozenset[tuple[str, str]]:
    """Acts of the outbox that are their own proof: a number given back, an ERP bill read again once corrected."""
    found = set()
    rows = Job.objects.filter(order_id=order.pk, state=Job.State.DONE, kind__in=["cancel_waybill", "tell_system"])
    for kind, payload in rows.values_list("kind", "payload"):
        if kind == "cancel_waybill":
            found.add(("recycled", str(payload.get("waybill"))))
        elif payload.get("stage") == cures.CORRECTION:
            found.add(("corrected", str(payload.get("number") or "")))
    return frozenset(found)


# A row's life -----------------------------------------------------------------------------------------------------
def _stands(row: Contradiction | None, one: Found, order: Order, now: datetime) -> Contradiction:
    row = row or _begin(one, order, now)
    if row.state == State.WATCHING and row.due_at and row.due_at <= now:
        row.state = State.OPEN
    if row.state == State.ESCALATED and row.due_at and row.due_at <= now:
        # Some agree again without an event of the order: a connection was switched off, a lock fell.
        row.due_at = now + LOOK_AGAIN if row.opened_at > now - LONGEST_LOOK else None
        row.save(update_fields=["due_at"])
    if row.state == State.OPEN or (row.state == State.CURING and row.due_at and row.due_at <= now):
        _cure(row, one.pair, order, now)
    return row


def _begin(one: Found, order: Order, now: datetime) -> Contradiction:
    sight = one.sight
    grace = one.pair.grace if sight.grace is None else sight.grace
    return Contradiction.objects.create(
        company_id=order.company_id,
        order=order,
        code=one.pair.code,
        subject=one.key[1],
        detail=sight.detail[:300],
        parcel_id=sight.parcel,
        waybill=sight.waybill[:60],
        carrier=sight.carrier[:20],
        likely_wrong=one.pair.wrong,
        level=str(one.pair.level),
        since=sight.since,
        opened_at=now,
        due_at=max(sight.since + grace, now + min(grace, SHORTEST_WATCH)),
    )


def _cure(row: Contradiction, pair: Pair, order: Order, now: datetime) -> None:
    """Plan the next cure that can be done here; after the last one a person is asked."""
    if row.tries:
        _note(row, f"{_word(row.cure)}后仍不一致")
    for place in range(row.tries, len(pair.cures)):
        cure = pair.cures[place]
        row.tries = place + 1
        if cures.plan(cure, row, order):
            row.state, row.cure, row.cure_at = State.CURING, cure, now
            row.due_at = now + cures.TIME[cure]
            row.save()
            return
        _note(row, f"没有连接能{_word(cure)}")
    row.state, row.due_at = State.ESCALATED, now + LOOK_AGAIN
    row.save()
    raise_trouble(
        order.company_id,
        Trouble.Kind.CONTRADICTION,
        _key(row),
        f"{order.platform_order_id} {pair.sentence(row.detail)}"[:500],
        level=row.level,
        order_id=order.pk,
        facts={"code": row.code, "subject": row.subject, "likely_wrong": row.likely_wrong},
    )


def _is_gone(row: Contradiction, now: datetime) -> None:
    """The systems agree. What nobody had to know of leaves nothing behind."""
    if row.state == State.WATCHING:
        row.delete()
        return
    if row.state == State.ESCALATED:
        end_trouble(row.company_id, Trouble.Kind.CONTRADICTION, _key(row))
    row.proven_at = now if row.tries else None
    row.state = State.CURED if row.state == State.CURING else State.CLOSED
    row.closed_at, row.due_at = now, None
    row.save()
    pair = BY_CODE.get(row.code)
    if pair and Cure.PEND in pair.cures[: row.tries]:
        cures.plan_restore(row)


def _key(row: Contradiction) -> str:
    return f"{row.order_id}:{row.code}:{row.subject}"


def _word(cure: str) -> str:
    return str(Cure(cure).label)


def _note(row: Contradiction, text: str) -> None:
    row.note = "；".join(filter(None, (row.note, text)))[:500]
