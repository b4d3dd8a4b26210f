"""What customers ask of an order under way (改址, 拦截申请): cases, kept as a join of the platform's words (law 3)."""

from collections.abc import Iterator
from typing import Any

from orders import clock
from orders.lifecycle import LabelState, Move, OrderState
from orders.models import AddressChange, Check, InterceptRequest
from orders.services.decide import Question, Verdict, answer, in_one_transaction, judge, refuse
from orders.services.dossier import Dossier
from orders.services.holds import withdraw
from orders.services.intercepts import TOWER, end_by_track
from orders.services.outcome import Outcome, Reason
from orders.vocabulary import Cause, CustomerRequest, Fact

Case = AddressChange | InterceptRequest
_MODELS: dict[str, type[AddressChange] | type[InterceptRequest]] = {
    "address": AddressChange,
    "intercept": InterceptRequest,
}
# Of two words about one request at the same time the later in this list wins.
_RANK = ("open", "expired", "refused", "accepted", "withdrawn")
_STATES = {
    "open": "open",
    "expired": "expired",
    "refused": "refused",
    "accepted": "done",
    "withdrawn": "withdrawn",
}


def take_request(dossier: Dossier, fact: Fact, request: CustomerRequest) -> tuple[bool, dict[str, Any]]:
    """Join one word of the platform into its case; True where it is news."""
    case = next((row for row in cases_of(dossier, _MODELS[request.kind]) if row.source_key == request.request_id), None)
    word = (request.updated_at, _RANK.index(request.status))
    facts = {"request": request.request_id, "kind": request.kind, "status": request.status}
    if case is None:
        case = _MODELS[request.kind](order=dossier.order, channel=str(fact.system), source_key=request.request_id)
        case.asked_at = request.requested_at
    elif case.source_at is not None and word <= (case.source_at, case.source_rank):
        earlier = request.requested_at < case.asked_at
        if earlier:
            case.asked_at = request.requested_at
            case.save(update_fields=["asked_at"])
        return earlier, facts
    case.source_at, case.source_rank = word
    case.asked_at = min(case.asked_at, request.requested_at)
    case.state = _STATES[request.status]
    case.deadline = request.deadline or case.deadline
    case.closed_at = None if request.status == "open" else request.updated_at
    case.save()
    dossier.order.has_cases = True
    return True, facts


def cases_of(dossier: Dossier, *kinds: type[AddressChange] | type[InterceptRequest]) -> list[Case]:
    """The order's cases, oldest first; no query where the order never had one."""
    if not dossier.order.has_cases:
        return []
    found: list[Case] = []
    for kind in kinds or tuple(_MODELS.values()):
        found += kind.objects.filter(order=dossier.order).order_by("asked_at", "id")
    return found


def open_requests(dossier: Dossier) -> Iterator[Case]:
    """What the platform asks for the customer and nobody has answered."""
    return (case for case in cases_of(dossier) if case.state == "open" and case.source_key)


def close_what_came_true(dossier: Dossier) -> None:
    """A new address after the wish for one is the platform's answer: the case is over, whichever word came first.

    An order that the platform closed has no address to change any more. An interception that the tower began is over
    when the parcel's track says so.
    """
    end_by_track(dossier)
    closed_at = dossier.order.closed_at
    for case in cases_of(dossier, AddressChange):
        # What the platform or a person has ended stays ended.
        if not case.source_key or case.source_rank != _RANK.index("open") or case.state not in ("open", "withdrawn"):
            continue
        came = [row.source_at for row in dossier.addresses[1:] if row.source_at >= case.asked_at]
        gone = closed_at is not None and closed_at >= case.asked_at
        state = "done" if came else "withdrawn" if gone else "open"
        if case.state != state:
            case.state, case.closed_at = state, min(came) if came else closed_at if gone else None
            case.save(update_fields=["state", "closed_at"])


def answer_request(
    kind: str, case_id: int, *, accepted: bool, reason: str = "", cause: Cause, version: int | None = None
) -> Outcome:
    """The seller's answer to an open request; a job carries it to the platform. A yes that comes too late is refused.

    After a yes to an address the order stays held until the platform shows the new one; after a no it may go on.
    After a yes to an interception the order stays held until the platform closes it.
    """
    model = _MODELS[kind]
    order_id = model.objects.filter(pk=case_id).values_list("order_id", flat=True).first()
    if order_id is None:
        return Outcome(ok=False, code="not_found", detail="找不到这个申请")

    def act(dossiers: list[Dossier]) -> Outcome:
        dossier = dossiers[0]
        case = next(row for row in cases_of(dossier, model) if row.pk == case_id)
        question = Question(subject="case", move=Move.ANSWER, version=version, reason=reason)
        verdict = judge(dossier, question)
        if verdict.yes and case.state != "open":
            verdict = _no("illegal_move", "这个申请已经结束")
        if verdict.yes and case.channel == TOWER:
            verdict = _no("illegal_move", "这是指挥塔发起的快递拦截，由物流结果结束，不需要答复")
        if verdict.yes and accepted and _has_left(dossier):
            verdict = _no("too_late", "包裹已经发出，不能再同意；请拒绝，并联系快递拦截")
        if not verdict.yes:
            return refuse(dossier, question, verdict)
        _note_answer(dossier, case, kind, accepted=accepted, reason=reason)
        return answer(dossier, made={"case": case.pk})

    return in_one_transaction([order_id], cause, act)


def decide_request(order_id: int, *, kind: str, request_id: str, cause: Cause) -> Outcome:
    """The tower's own answer where a protocol wants it in the reply: yes only while nothing of the order was begun.

    `made["accepted"]` says which. In doubt it is a no, the case stays open and a person looks at it (DESIGN 6).
    """

    def act(dossiers: list[Dossier]) -> Outcome:
        dossier = dossiers[0]
        case = next((row for row in cases_of(dossier, _MODELS[kind]) if row.source_key == request_id), None)
        question = Question(subject="case", move=Move.ANSWER)
        verdict = judge(dossier, question)
        if case is None or case.state != "open" or not verdict.yes:
            return answer(dossier, made={"accepted": False}, detail="转人工处理")
        if _has_left(dossier):
            case.act = "recall"
            _note_answer(dossier, case, kind, accepted=False, reason="包裹已经发出")
            return answer(dossier, made={"accepted": False, "case": case.pk}, detail="包裹已经发出")
        if not _is_untouched(dossier):
            return answer(dossier, made={"accepted": False, "case": case.pk}, detail="仓库已开始处理，转人工")
        _note_answer(dossier, case, kind, accepted=True, reason="仓库还没有开始处理")
        return answer(dossier, made={"accepted": True, "case": case.pk})

    return in_one_transaction([order_id], cause, act)


def _note_answer(dossier: Dossier, case: Case, kind: str, *, accepted: bool, reason: str) -> None:
    case.act = case.act or ("accept" if accepted else "refuse")
    if not accepted:
        case.state = "too_late" if _has_left(dossier) else "refused"
        case.closed_at = clock.now()
    case.entered_by_id = dossier.cause.user_id
    case.save()
    dossier.note(
        "case_answered",
        reason=reason,
        key=case.source_key,
        facts={"case": case.pk, "kind": kind, "request": case.source_key, "accepted": accepted},
    )
    if not accepted:
        _withdraw_hold_of(dossier, case)


def _withdraw_hold_of(dossier: Dossier, case: Case) -> None:
    for hold in dossier.open_holds:
        if hold.key == f"request:{case.source_key}"[:100]:
            withdraw(dossier, hold)


def _has_left(dossier: Dossier) -> bool:
    return any(parcel.shipped_at for parcel in dossier.parcels)


def _is_untouched(dossier: Dossier) -> bool:
    """Nothing was sent to a warehouse, nothing printed: the platform's copy can change without anybody's harm."""
    begun = any(label.state != LabelState.FAILED for label in dossier.labels) or dossier.live_parcels
    return not begun and dossier.order.state in (OrderState.PENDING_PAYMENT, OrderState.PAID)


def _no(code: str, detail: str) -> Verdict:
    return Verdict(Check(), code, detail, (Reason(code, detail),))
