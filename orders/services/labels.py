"""Labels and the print guard (law 5): one living label a parcel, one grant a label, and a person in doubt.

Asking for a waybill only writes the wish; a job fetches it and its result comes back here as a fact.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from orders import clock
from orders.lifecycle import HoldReason, LabelState, Move, Role
from orders.models import Check, Event, Label, Parcel, PrintAttempt
from orders.services.decide import Question, Verdict, answer, in_one_transaction, judge, member_orders, refuse
from orders.services.dossier import Dossier
from orders.services.holds import open_hold
from orders.services.outcome import Outcome, Reason
from orders.services.policies import Standing, policy_for, roles_of
from orders.vocabulary import Cause

# A claim without a result after this is `unknown` and goes to review, never to an automatic reprint.
CLAIM_SECONDS = 60
# Repeated attempts while the first refusal is open are rows; at most one event in this time.
FOLD = timedelta(seconds=10)
_TAKEN = (LabelState.CLAIMED, LabelState.PRINTED, LabelState.UNKNOWN)


def request_waybill(
    parcel_id: int, *, cause: Cause, carrier: str = "", version: int | None = None, reason: str = ""
) -> Outcome:
    """Ask a waybill number for a parcel, which 仓管组长 has confirmed (or whose warehouse prints first)."""

    def act(dossiers: list[Dossier]) -> Outcome:
        first, parcel = dossiers[0], dossiers[0].parcel(parcel_id)
        for dossier in dossiers:
            question = Question(
                subject="label", move=Move.WAYBILL, parcel=parcel, reason=reason,
                version=version if dossier is first else None,
            )  # fmt: skip
            verdict = judge(dossier, question)
            if verdict.yes and not parcel.is_live:
                verdict = _no("illegal_move", "包裹已作废或已退回")
            if verdict.yes and cause.user_id is None and _was_at_the_printer(first, parcel):
                verdict = _no("illegal_move", "上一张面单打印失败：下一张面单要由人申请")
            if not verdict.yes:
                return refuse(first, question, verdict)
        address = first.address
        label = Label.objects.create(
            parcel=parcel,
            carrier=carrier or parcel.carrier,
            generation=1 + max((row.generation for row in first.labels if row.parcel_id == parcel.pk), default=0),
            address_version=first.order.address_version,
            receiver_key=address.receiver_key if address else "",
        )
        first.labels.append(label)
        for dossier in dossiers:
            dossier.note(
                "waybill_requested",
                parcel=parcel,
                reason=reason,
                facts={"label": label.pk, "carrier": label.carrier, "address_version": label.address_version},
            )
        return answer(first, made={"label": label.pk, "parcel": parcel.pk})

    return in_one_transaction(member_orders(parcel_id), cause, act)


def _was_at_the_printer(dossier: Dossier, parcel: Parcel) -> bool:
    """A dead label of this parcel was granted a print: whether paper came out, only a person can know (law 5)."""
    return any(row.claimed_at is not None for row in dossier.labels if row.parcel_id == parcel.pk)


def waybill_issued(label_id: int, *, carrier: str, waybill: str, print_data: str = "", cause: Cause) -> Outcome:
    """The courier gave a number. If the label died meanwhile the number is an orphan and will be given back."""

    def act(dossiers: list[Dossier]) -> Outcome:
        first = dossiers[0]
        label = next(row for row in first.labels if row.pk == label_id)
        parcel = first.parcel(label.parcel_id)
        if label.state != LabelState.REQUESTED:
            known = label.waybill == waybill
            if not known:
                first.note(
                    "waybill_orphaned",
                    result=Event.Result.OBSERVED,
                    parcel=parcel,
                    facts={"label": label.pk, "waybill": waybill, "carrier": carrier},
                )
            return answer(first, code="repeat" if known else "stale_fact", made={"label": label.pk})
        label.state, label.carrier, label.waybill, label.print_data = LabelState.LIVE, carrier, waybill, print_data
        label.live_at = clock.now()
        first.touch(label)
        for dossier in dossiers:
            dossier.note(
                "waybill_issued",
                parcel=parcel,
                facts={"label": label.pk, "waybill": waybill, "carrier": carrier, "generation": label.generation},
            )
        return answer(first, made={"label": label.pk})

    return _with_label(label_id, cause, act)


def waybill_failed(label_id: int, *, error: str, cause: Cause) -> Outcome:
    """The courier gave no number, for good; the parcel may ask again."""

    def act(dossiers: list[Dossier]) -> Outcome:
        first = dossiers[0]
        label = next(row for row in first.labels if row.pk == label_id)
        if label.state != LabelState.REQUESTED:
            return answer(first, code="stale_fact")
        label.state, label.error = LabelState.FAILED, error[:300]
        first.touch(label)
        first.note("waybill_failed", parcel=first.parcel(label.parcel_id), reason=error, facts={"label": label.pk})
        return answer(first, made={"label": label.pk})

    return _with_label(label_id, cause, act)


def request_print(
    parcel_id: int, *, cause: Cause, station: str = "", printer: str = "", version: int | None = None, reason: str = ""
) -> Outcome:
    """Claim the parcel's label for one print. A second print is refused, locks the order and alerts.

    `made` holds the attempt and the label; `code` of a refused second print is `duplicate_print`.
    """

    def act(dossiers: list[Dossier]) -> Outcome:
        parcel = dossiers[0].parcel(parcel_id)
        return decide_print(dossiers, parcel, station=station, printer=printer, version=version, reason=reason)

    return in_one_transaction(member_orders(parcel_id), cause, act)


def decide_print(
    dossiers: list[Dossier],
    parcel: Parcel,
    *,
    station: str = "",
    printer: str = "",
    version: int | None = None,
    reason: str = "",
    standing: Standing | None = None,
) -> Outcome:
    """Judge and grant one print inside open dossiers, those of every order that travels in the parcel."""
    first = dossiers[0]
    question = Question(subject="label", move=Move.PRINT, parcel=parcel, version=version, reason=reason)
    label = first.living_label(parcel)
    verdict = judge(first, question, standing=standing)
    if verdict.code != "role" and label is not None and label.state in _TAKEN:
        return _second_print(first, parcel, label, station, printer)
    for dossier in dossiers[1:]:
        # The version that the client saw is the first order's.
        verdict = verdict if not verdict.yes else judge(dossier, replace(question, version=None), standing=standing)
    if verdict.yes and not parcel.is_live:
        verdict = _no("illegal_move", "包裹已作废或已退回")
    if verdict.yes and (label is None or label.state != LabelState.LIVE):
        verdict = _no("illegal_move", "包裹还没有可打印的面单")
    if not verdict.yes or label is None:
        return refuse(first, question, verdict)
    return _grant(dossiers, parcel, label, station, printer, reason)


def _grant(dossiers: list[Dossier], parcel: Parcel, label: Label, station: str, printer: str, reason: str) -> Outcome:
    first = dossiers[0]
    # The lock already makes this the only claim; the conditional UPDATE is the second wall (law 8).
    now = clock.now()
    claimed = Label.objects.filter(pk=label.pk, state=LabelState.LIVE).update(state=LabelState.CLAIMED, claimed_at=now)
    if claimed != 1:
        return _second_print(first, parcel, label, station, printer)
    label.state, label.claimed_at = LabelState.CLAIMED, now
    attempt = _attempt(first, parcel, label, PrintAttempt.Outcome.GRANTED, station, printer)
    for dossier in dossiers:
        dossier.note(
            Move.PRINT,
            parcel=parcel,
            reason=reason,
            key=f"attempt:{attempt.pk}",
            facts={**_print_facts(label, station, printer), "attempt": attempt.pk},
        )
    return answer(first, made={"attempt": attempt.pk, "label": label.pk})


def _second_print(dossier: Dossier, parcel: Parcel, label: Label, station: str, printer: str) -> Outcome:
    """Refuse, lock the order with both attempts as evidence, and leave what the alert needs (law 5)."""
    key = f"label:{label.pk}"
    hold = next((h for h in dossier.open_holds if (h.reason, h.key) == (HoldReason.DUPLICATE_PRINT, key)), None)
    before = [row for row in dossier.prints if row.parcel_id == parcel.pk and row.outcome != "refused"]
    first_print = before[0] if before else None
    attempt = _attempt(dossier, parcel, label, PrintAttempt.Outcome.REFUSED, station, printer)
    recent = [
        row
        for row in dossier.prints
        if row.outcome == "refused" and row.at > attempt.at - FOLD and row.label_id == label.pk
    ]
    detail = "重复打单：这张面单已经打印过，订单已锁定，请交运营主管复核"
    if hold is None or len(recent) <= 1:
        dossier.note(
            Move.PRINT,
            result=Event.Result.REFUSED,
            changes=False,
            parcel=parcel,
            key="duplicate_print",
            facts={**_print_facts(label, station, printer), "attempt": attempt.pk, "code": "duplicate_print"},
        )
    if hold is None:
        # A lifted hold was about earlier attempts: a new attempt is new evidence.
        lifted = sum(1 for h in dossier.holds if h.reason == HoldReason.DUPLICATE_PRINT and h.key.startswith(key))
        hold = open_hold(
            dossier,
            HoldReason.DUPLICATE_PRINT,
            key=key if not lifted else f"{key}:{attempt.pk}",
            note=detail,
            parcel=parcel,
            evidence={"first": describe(first_print), "second": describe(attempt), "waybill": label.waybill},
            first_by=first_print.user_id if first_print else None,
            caused_by=attempt.user_id,
        )
    return answer(
        dossier,
        ok=False,
        code="duplicate_print",
        detail=detail,
        reasons=(Reason("duplicate_print", detail),),
        made={"attempt": attempt.pk, "hold": hold.pk},
    )


def describe(attempt: PrintAttempt | None) -> dict[str, str]:
    """Who, where, when: what both the reviewer and the message must show."""
    if attempt is None:
        return {}
    return {
        "who": attempt.source or (f"user {attempt.user_id}" if attempt.user_id else "?"),
        "where": " ".join(part for part in (attempt.station, attempt.printer) if part),
        "at": attempt.at.isoformat(),
        "waybill": attempt.waybill,
    }


def _print_facts(label: Label, station: str, printer: str) -> dict[str, object]:
    return {
        "label": label.pk,
        "waybill": label.waybill,
        "generation": label.generation,
        "copy": label.copy,
        "address_version": label.address_version,
        "station": station,
        "printer": printer,
    }


def _attempt(dossier: Dossier, parcel: Parcel, label: Label, outcome: str, station: str, printer: str) -> PrintAttempt:
    attempt = PrintAttempt.objects.create(
        order=dossier.order,
        parcel=parcel,
        label=label,
        outcome=outcome,
        at=clock.now(),
        waybill=label.waybill,
        user_id=dossier.cause.user_id,
        source=(dossier.cause.source or str(dossier.cause.kind))[:100],
        station=(station or dossier.cause.station)[:60],
        printer=printer[:60],
    )
    dossier.prints.append(attempt)
    return attempt


def print_result(attempt_id: int, *, outcome: str, cause: Cause, reason: str = "") -> Outcome:
    """What the printer said of a granted attempt: printed, failed or unknown. Unknown locks and asks a person."""
    row = PrintAttempt.objects.filter(pk=attempt_id).values_list("parcel_id", "outcome", "label_id").first()
    if row is None or row[1] != PrintAttempt.Outcome.GRANTED or outcome not in ("printed", "failed", "unknown"):
        return Outcome(ok=False, code="not_found", detail="找不到这次打印，或结果不是 printed、failed、unknown")

    def act(dossiers: list[Dossier]) -> Outcome:
        first = dossiers[0]
        attempt = next(item for item in first.prints if item.pk == attempt_id)
        if not _may_report(first, attempt.parcel_id):
            question = Question(subject="label", move=Move.PRINT, parcel=first.parcel(attempt.parcel_id))
            return refuse(first, question, _no("role", "只有打印的岗位、仓管组长或运营主管可以报告打印结果"))
        label = next(item for item in first.labels if item.pk == attempt.label_id)
        if attempt.result == outcome:
            return answer(first, code="repeat")
        late = label.state == LabelState.UNKNOWN and outcome != "unknown"
        if label.state != LabelState.CLAIMED and not late:
            return answer(first, code="stale_fact")
        finish_print(first, attempt, label, outcome, reason=reason)
        return answer(first, made={"attempt": attempt.pk, "label": label.pk})

    return in_one_transaction(member_orders(row[0]), cause, act)


def _may_report(dossier: Dossier, parcel_id: int) -> bool:
    """A system reports on its own printer; a person needs a print role, or the standing to look for the paper."""
    cause, order = dossier.cause, dossier.order
    if cause.user_id is None:
        return True
    warehouse_id = dossier.parcel(parcel_id).warehouse_id or order.warehouse_id
    policy = policy_for(order.company_id, warehouse_id, "label", Move.PRINT)
    standing = {*policy.roles, Role.WAREHOUSE_LEAD, Role.OPS_MANAGER}
    return bool(roles_of(cause.user_id, order.company_id, warehouse_id) & standing)


def finish_print(dossier: Dossier, attempt: PrintAttempt, label: Label, outcome: str, *, reason: str = "") -> None:
    """Record the outcome inside an open dossier; an unknown one opens its hold."""
    parcel = dossier.parcel(label.parcel_id)
    attempt.result = label.state = outcome
    if outcome == "printed":
        label.printed_at = clock.now()
    dossier.touch(attempt)
    dossier.touch(label)
    dossier.note(
        "print_result",
        result=Event.Result.UNKNOWN if outcome == "unknown" else Event.Result.OK,
        parcel=parcel,
        reason=reason,
        key=f"attempt:{attempt.pk}",
        facts={**_print_facts(label, attempt.station, attempt.printer), "attempt": attempt.pk, "outcome": outcome},
    )
    if outcome == "unknown":
        open_hold(
            dossier,
            HoldReason.PRINT_UNKNOWN,
            key=f"attempt:{attempt.pk}",
            note="打印结果不明：请到打印机旁确认面单是否已出纸，不要直接补打",
            parcel=parcel,
            evidence={"first": describe(attempt)},
            caused_by=attempt.user_id,
        )


def _with_label(label_id: int, cause: Cause, act: Callable[[list[Dossier]], Outcome]) -> Outcome:
    parcel_id = Label.objects.values_list("parcel_id", flat=True).get(pk=label_id)
    return in_one_transaction(member_orders(parcel_id), cause, act)


def _no(code: str, detail: str) -> Verdict:
    return Verdict(Check(), code, detail, (Reason(code, detail),))
