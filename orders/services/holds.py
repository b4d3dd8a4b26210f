"""Holds: placing, lifting with a reason, and the outcome of a review. Nobody lifts what they themselves caused."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from orders import clock
from orders.lifecycle import FOUR_EYES_REASONS, HoldReason, Move
from orders.models import Check, Event, Hold, OrderLine, Parcel
from orders.services.decide import Question, Verdict, answer, in_one_transaction, judge, refuse
from orders.services.dossier import Dossier
from orders.services.outcome import Outcome, Reason
from orders.vocabulary import Cause


def open_hold(
    dossier: Dossier,
    reason: str,
    *,
    key: str = "",
    note: str = "",
    parcel: Parcel | None = None,
    line: OrderLine | None = None,
    evidence: dict[str, Any] | None = None,
    rule: str = "",
    first_by: int | None = None,
    caused_by: int | None = None,
    result: str = Event.Result.OK,
    source_at: datetime | None = None,
) -> Hold:
    """Open a hold inside an open dossier, or open again the one of the same evidence; writes one event.

    A hold with the same evidence that a person lifted stays lifted: they have decided on just this.
    """
    found = next((h for h in dossier.holds if key and (h.reason, h.key) == (reason, key)), None)
    if found and found.state != Hold.State.WITHDRAWN:
        return found
    if found:
        found.state, found.note = Hold.State.OPEN, note
        found.opened_at = clock.now()
        hold = found
        dossier.touch(hold)
    else:
        hold = Hold.objects.create(
            order=dossier.order,
            parcel=parcel,
            line=line,
            reason=reason,
            key=key,
            note=note[:500],
            evidence=evidence or {},
            opened_by=(dossier.cause.source or str(dossier.cause.kind))[:120],
            rule=rule,
            four_eyes=reason in FOUR_EYES_REASONS,
            first_by_id=first_by,
            caused_by_id=caused_by,
        )
        dossier.holds.append(hold)
    dossier.note(
        "hold_opened",
        result=result,
        parcel=parcel,
        key=f"hold:{hold.pk}",
        reason=note,
        facts={"hold": hold.pk, "reason": reason, "ground": key, "evidence": evidence or {}},
        source_at=source_at,
    )
    return hold


def withdraw(dossier: Dossier, hold: Hold) -> None:
    """The ground of an observed hold is gone: it ends by itself, and the timeline says so."""
    hold.state = Hold.State.WITHDRAWN
    dossier.touch(hold)
    dossier.note(
        "hold_withdrawn",
        result=Event.Result.OBSERVED,
        key=f"hold:{hold.pk}",
        facts={"hold": hold.pk, "reason": hold.reason, "ground": hold.key},
    )


def place_hold(
    order_id: int,
    *,
    reason: str = HoldReason.MANUAL,
    note: str,
    cause: Cause,
    parcel_id: int | None = None,
    version: int | None = None,
) -> Outcome:
    """Lock an order (or name one of its parcels), whatever its state."""

    def act(dossiers: list[Dossier]) -> Outcome:
        dossier = dossiers[0]
        question = Question(subject="hold", move=Move.HOLD, version=version, reason=note)
        if reason not in HoldReason.values:
            return _refuse(dossier, question, "illegal_move", f"没有“{reason}”这个锁单原因")
        parcel = next((p for p in dossier.parcels if p.pk == parcel_id), None)
        if parcel_id is not None and parcel is None:
            return _refuse(dossier, question, "which_parcel", "该包裹不属于这个订单")
        verdict = judge(dossier, question)
        if not verdict.yes:
            return refuse(dossier, question, verdict)
        hold = open_hold(dossier, reason, note=note, parcel=parcel, caused_by=dossier.cause.user_id)
        return answer(dossier, made={"hold": hold.pk})

    return in_one_transaction([order_id], cause, act)


def lift(hold_id: int, *, reason: str, cause: Cause, outcome: str = Hold.Outcome.FALSE_ALARM) -> Outcome:
    """解封: the order may go on. Four eyes: neither of those who caused the hold may lift it."""

    def decide(dossier: Dossier, hold: Hold) -> None:
        hold.state = Hold.State.LIFTED
        dossier.note(
            "hold_lifted",
            key=f"hold:{hold.pk}",
            reason=reason,
            facts={"hold": hold.pk, "reason": hold.reason, "outcome": outcome},
        )

    return _review(hold_id, Move.LIFT, reason, outcome, cause, decide)


def confirm(hold_id: int, *, reason: str, cause: Cause) -> Outcome:
    """确认异常: a person saw that it is real. The order stays locked until the hold is lifted or the order ends."""

    def decide(dossier: Dossier, hold: Hold) -> None:
        dossier.note(
            "hold_confirmed",
            key=f"hold:{hold.pk}",
            reason=reason,
            facts={"hold": hold.pk, "reason": hold.reason, "outcome": Hold.Outcome.CONFIRMED},
        )

    return _review(hold_id, Move.CONFIRM, reason, Hold.Outcome.CONFIRMED, cause, decide)


def _review(
    hold_id: int, move: Move, reason: str, outcome: str, cause: Cause, decide: Callable[[Dossier, Hold], None]
) -> Outcome:
    order_id = Hold.objects.filter(pk=hold_id).values_list("order_id", flat=True).first()
    if order_id is None:
        return Outcome(ok=False, code="not_found", detail="找不到这条锁单")

    def act(dossiers: list[Dossier]) -> Outcome:
        dossier = dossiers[0]
        hold = next(hold for hold in dossier.holds if hold.pk == hold_id)
        barred = frozenset(who_caused(dossier, hold) if hold.four_eyes else ())
        question = Question(subject="hold", move=move, parcel=hold.parcel, hold=hold, barred=barred, reason=reason)
        verdict = judge(dossier, question)
        if verdict.yes and hold.state != Hold.State.OPEN:
            verdict = _verdict("illegal_move", "这条锁单已经处理过了")
        if verdict.yes and outcome not in Hold.Outcome.values:
            verdict = _verdict("illegal_move", f"没有“{outcome}”这个结论")
        if verdict.yes and dossier.cause.user_id in barred:
            verdict = _verdict("four_eyes", "双人复核：引起锁单的人不能自己处理，请找另一位同事")
        if verdict.yes and dossier.cause.user_id is None:
            verdict = _verdict("role", "锁单只能由人处理")
        if not verdict.yes:
            return refuse(dossier, question, verdict)
        hold.outcome, hold.decision = outcome, reason[:500]
        hold.decided_by_id, hold.decided_at = dossier.cause.user_id, clock.now()
        dossier.touch(hold)
        decide(dossier, hold)
        return answer(dossier, made={"hold": hold.pk})

    return in_one_transaction([order_id], cause, act)


def who_caused(dossier: Dossier, hold: Hold) -> set[int]:
    """The people who may not decide it (law 11): of a double print, everybody who asked to print this parcel."""
    caused = {hold.caused_by_id, hold.first_by_id}
    if hold.reason == HoldReason.DUPLICATE_PRINT:
        caused |= {row.user_id for row in dossier.prints if hold.parcel_id in (None, row.parcel_id)}
    return {person for person in caused if person is not None}


def _verdict(code: str, detail: str) -> Verdict:
    return Verdict(Check(), code, detail, (Reason(code, detail),))


def _refuse(dossier: Dossier, question: Question, code: str, detail: str) -> Outcome:
    return refuse(dossier, question, _verdict(code, detail))
