"""One decision about one move: role, version, holds, graph, needs, in this order, and every reason at once.

A refusal changes no state, leaves one refusal event and commits (law 4).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django_fsm import can_proceed

from orders import clock
from orders.lifecycle import MOVE_LABELS, Move, Need
from orders.models import OBSERVED, Check, Event, Hold, Order, PackLine, Parcel
from orders.services import goods
from orders.services.conditions import Asked, unmet
from orders.services.dossier import Dossier, actor_of, close, lock_dossiers
from orders.services.gates import ask_gates
from orders.services.outcome import Outcome, Reason
from orders.services.policies import Standing, is_allowed, required_needs
from orders.vocabulary import Cause

AGREEMENT_WINDOW = timedelta(minutes=10)
# Django-fsm methods that cannot carry the move's own name.
METHODS = {Move.RETURN: "return_"}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A command about to be decided."""

    subject: str
    move: str
    # Its parcel, for a parcel's and a label's moves.
    parcel: Parcel | None = None
    version: int | None = None
    reason: str = ""
    # The hold under review, and the people who may not decide it (law 11).
    hold: Hold | None = None
    barred: frozenset[int] = frozenset()
    # Where the object stands; with it the graph is asked (labels and holds have no FSM field).
    instance: Order | Parcel | None = None


@dataclass(frozen=True)
class Verdict:
    """Yes with the check for the move, or no with the code that a door shows."""

    check: Check
    code: str = ""
    detail: str = ""
    reasons: tuple[Reason, ...] = ()

    @property
    def yes(self) -> bool:
        return not self.code


def judge(dossier: Dossier, question: Question, *, standing: Standing | None = None) -> Verdict:
    """Decide without changing anything. The dossier's cause is given the roles under which it acts.

    `standing` is of the cause's person in the order's company, read in this transaction by who asks many questions.
    """
    order, cause = dossier.order, dossier.cause
    # Before its release an order stands where it would go.
    here = order.warehouse_id or order.shop.warehouse_id
    warehouse_id = (question.parcel.warehouse_id if question.parcel else None) or here
    standing = standing or Standing.of(cause.user_id, order.company_id)
    policy = standing.policy(question.subject, question.move, warehouse_id)
    roles: frozenset[str] = frozenset()
    if cause.user_id is not None:
        roles = standing.roles(warehouse_id)
        dossier.cause = cause = replace(cause, role=",".join(sorted(roles)))
    state = str(getattr(question.instance, "state", "")) if question.instance is not None else ""
    if not is_allowed(cause, roles, policy, question.subject, question.move, state):
        move = MOVE_LABELS.get(Move(question.move), question.move)
        return _no("role", f"没有“{move}”的权限，请找有权限的同事处理")
    if question.version is not None and question.version != order.version:
        return _no("stale", f"已被他人修改，请刷新（当前版本 {order.version}）")
    needs = required_needs(policy, question.move)
    asked = _asked(dossier, question, needs)
    missing = unmet(asked, needs)
    for reason in ask_gates(order, question.move):
        missing[reason.code] = reason.text
    reasons = tuple(Reason(need, text) for need, text in missing.items())
    if Need.NOT_HELD in missing:
        return Verdict(Check(allowed=True, unmet=missing), "held", missing[Need.NOT_HELD], reasons)
    if question.instance is not None and not _graph_allows(question):
        label = getattr(question.instance, "get_state_display", lambda: state)()
        detail = f"当前状态“{label}”不能“{MOVE_LABELS[Move(question.move)]}”"
        reasons = (Reason("illegal_move", detail), *reasons)
        return Verdict(Check(allowed=True, unmet=missing), "illegal_move", detail, reasons)
    if missing:
        return Verdict(Check(allowed=True, unmet=missing), "illegal_move", "；".join(missing.values()), reasons)
    if policy.second_person and not _somebody_agreed(dossier, question):
        return _no("four_eyes", "需要第二人同意：请另一位有权限的同事在 10 分钟内做同样的操作")
    return Verdict(Check(allowed=True))


def _no(code: str, detail: str) -> Verdict:
    return Verdict(Check(), code, detail, (Reason(code, detail),))


def _asked(dossier: Dossier, question: Question, needs: Sequence[str]) -> Asked:
    unchecked: tuple[str, ...] = ()
    parcel = question.parcel
    if Need.LINES_CHECKED in needs and parcel and parcel.warehouse and parcel.warehouse.checks_lines:
        rows = PackLine.objects.select_related("goods").filter(parcel=parcel)
        unchecked = tuple(row.goods.name for row in rows if row.checked_quantity < row.quantity)
    return Asked(
        dossier=dossier,
        parcel=parcel,
        reason=question.reason,
        by_person=dossier.cause.user_id is not None,
        unmapped=goods.unmapped_skus(dossier) if Need.GOODS_MAPPED in needs else (),
        unchecked=unchecked,
    )


def _graph_allows(question: Question) -> bool:
    """The graph alone: conditions are answered yes here, because their reasons were collected already."""
    instance = question.instance
    if instance is None:
        return True
    instance.check_of_move = OBSERVED  # type: ignore[misc]
    return bool(can_proceed(getattr(instance, METHODS.get(Move(question.move), question.move))))


def _somebody_agreed(dossier: Dossier, question: Question) -> bool:
    """Another person with the right asked for the same at the same version within ten minutes.

    Who may not decide a hold agrees to nothing about it either.
    """
    asked = Event.objects.filter(
        stream=dossier.order.stream,
        verb=question.move,
        result=Event.Result.REFUSED,
        key="four_eyes",
        version=dossier.order.version,
        parcel_id=question.parcel.pk if question.parcel else None,
        at__gte=clock.now() - AGREEMENT_WINDOW,
    ).exclude(actor__in=[actor_of(dossier.cause), *(f"person:{user_id}" for user_id in question.barred)])
    about = question.hold.pk if question.hold else None
    return any(event.facts.get("hold") == about for event in asked)


def refuse(dossier: Dossier, question: Question, verdict: Verdict) -> Outcome:
    """Leave the refusal event and answer; the caller closes the dossier and lets the transaction commit."""
    state = str(getattr(question.instance, "state", ""))
    dossier.note(
        question.move,
        result=Event.Result.REFUSED,
        changes=False,
        from_state=state,
        to_state=state,
        parcel=question.parcel,
        reason=question.reason,
        key=verdict.code,
        facts={
            "code": verdict.code,
            "reasons": [reason.code for reason in verdict.reasons],
            **({"hold": question.hold.pk} if question.hold else {}),
        },
    )
    return answer(dossier, ok=False, code=verdict.code, detail=verdict.detail, reasons=verdict.reasons)


def answer(dossier: Dossier, **more: object) -> Outcome:
    """An outcome about this dossier; `in_one_transaction` fills in event and version once they are written."""
    return Outcome(
        **{
            "ok": True,
            "holds": tuple(hold.pk for hold in dossier.open_holds),
            "order_id": dossier.order.pk,
            "version": dossier.order.version,
            **more,
        }  # type: ignore[arg-type]
    )


def member_orders(parcel_id: int) -> list[int]:
    """The orders whose lines travel in the parcel; read before the lock, checked again by who loads the dossiers."""
    return list(Parcel.objects.filter(pk=parcel_id).values_list("lines__order_line__order_id", flat=True).distinct())


def in_one_transaction(order_ids: Iterable[int], cause: Cause, act: Callable[[list[Dossier]], Outcome]) -> Outcome:
    """Lock, act, close, commit: the outermost transaction of every service, so that no door can roll a refusal back."""
    with transaction.atomic(durable=True):
        dossiers = lock_dossiers(order_ids, cause=cause)
        if not dossiers:
            return Outcome(ok=False, code="not_found", detail="找不到订单")
        outcome = act(dossiers)
        close(dossiers)
    first = dossiers[0]
    event_id = first.events[-1].pk if first.events else None
    # A hold on any member order stops a shared parcel, so the answer names those of all.
    open_holds = tuple(hold.pk for dossier in dossiers for hold in dossier.open_holds)
    return replace(outcome, event_id=event_id, order_id=first.order.pk, version=first.order.version, holds=open_holds)
