"""Commands that move an order or a parcel. Decided inside the transaction; the Outcome says done, or why not."""

from collections.abc import Callable

from orders.lifecycle import ORDER_MOVES, PARCEL_MOVES, Move, Need
from orders.models import Check, Parcel
from orders.services import goods, steps
from orders.services.decide import Question, Verdict, answer, in_one_transaction, judge, member_orders, refuse
from orders.services.dossier import Dossier
from orders.services.outcome import Outcome, Reason
from orders.services.policies import Standing
from orders.vocabulary import Cause


def move(
    order_id: int,
    name: str,
    *,
    cause: Cause,
    version: int | None = None,
    reason: str = "",
    parcel_id: int | None = None,
) -> Outcome:
    """Move an order; a parcel's move asked on an order acts on its single live parcel, else `which_parcel`.

    A refusal changes no state and leaves one refusal event; `outcome.event_or_raise()` is for the door, after commit.
    """

    def act(dossiers: list[Dossier]) -> Outcome:
        dossier = dossiers[0]
        if (name == Move.RETURN and parcel_id is None) or (name in ORDER_MOVES and name not in PARCEL_MOVES):
            return _move_order(dossier, name, version, reason)
        if name not in PARCEL_MOVES:
            question = Question(subject="order", move=name, version=version, reason=reason)
            return _refuse(dossier, question, "illegal_move", f"没有“{name}”这个动作")
        parcels = [p for p in dossier.live_parcels if parcel_id in (None, p.pk)]
        if len(parcels) != 1:
            question = Question(subject="parcel", move=name, version=version, reason=reason)
            detail = "订单有多个包裹，请指明包裹" if parcels else "订单没有可操作的包裹"
            return _refuse(dossier, question, "which_parcel", detail)
        return decide_parcel_move(dossiers, parcels[0], name, version=version, reason=reason)

    return in_one_transaction([order_id], cause, act)


def move_parcel(
    parcel_id: int,
    name: str,
    *,
    cause: Cause,
    version: int | None = None,
    reason: str = "",
    weight_grams: int | None = None,
) -> Outcome:
    """Move one parcel; a hold on any of its member orders stops it. `version` is that of the first member order."""

    def act(dossiers: list[Dossier]) -> Outcome:
        parcel = dossiers[0].parcel(parcel_id)
        if name not in PARCEL_MOVES:
            question = Question(subject="parcel", move=name, parcel=parcel, version=version, reason=reason)
            return _refuse(dossiers[0], question, "illegal_move", f"没有“{name}”这个动作")
        return decide_parcel_move(dossiers, parcel, name, version=version, reason=reason, weight_grams=weight_grams)

    return in_one_transaction(member_orders(parcel_id), cause, act)


def _refuse(dossier: Dossier, question: Question, code: str, detail: str) -> Outcome:
    return refuse(dossier, question, Verdict(Check(), code, detail, (Reason(code, detail),)))


def _move_order(dossier: Dossier, name: str, version: int | None, reason: str) -> Outcome:
    order = dossier.order
    question = Question(subject="order", move=name, version=version, reason=reason, instance=order)
    verdict = judge(dossier, question)
    if not verdict.yes:
        return refuse(dossier, question, verdict)
    if name == Move.RELEASE and (short := _reserve(dossier)):
        detail = f"{Need.STOCK_RESERVED.label}：{'、'.join(short)}"
        verdict = Verdict(Check(), "illegal_move", detail, (Reason(Need.STOCK_RESERVED, detail),))
        return refuse(dossier, question, verdict)
    steps_by_name: dict[str, Callable[..., object]] = {
        Move.PAY: steps.pay,
        Move.RELEASE: steps.release,
        Move.CANCEL: steps.cancel,
        Move.RETURN: steps.return_order,
    }
    made = steps_by_name[name](dossier, verdict.check, reason=reason)
    return answer(dossier, made={"parcel": made.pk} if isinstance(made, Parcel) else {})


def _reserve(dossier: Dossier) -> tuple[str, ...]:
    """Stock rows are locked after the order (law 8), so they are asked last, when all else said yes."""
    warehouse = dossier.order.warehouse or dossier.order.shop.warehouse
    return goods.reserve(dossier, warehouse.pk) if warehouse and warehouse.manages_stock else ()


def decide_parcel_move(
    dossiers: list[Dossier],
    parcel: Parcel,
    name: str,
    *,
    version: int | None = None,
    reason: str = "",
    weight_grams: int | None = None,
    standing: Standing | None = None,
) -> Outcome:
    """Judge and move one parcel inside open dossiers, those of every order that travels in it."""
    for index, dossier in enumerate(dossiers):
        question = Question(
            subject="parcel",
            move=name,
            parcel=parcel,
            version=version if index == 0 else None,
            reason=reason,
            instance=parcel,
        )
        verdict = judge(dossier, question, standing=standing)
        if not verdict.yes:
            return refuse(dossiers[0], question, verdict)
    if weight_grams is not None:
        parcel.weight_grams = weight_grams
    steps_by_name: dict[str, Callable[..., None]] = {
        Move.PACK: steps.pack,
        Move.UNPACK: steps.unpack,
        Move.SHIP: steps.ship,
        Move.SIGN: steps.sign,
        Move.VOID: steps.void,
        Move.RETURN: steps.return_parcel,
    }
    first, *others = dossiers
    steps_by_name[name](first, parcel, verdict.check, reason=reason)
    act = first.events[-1]
    for dossier in others:
        dossier.note(
            act.verb,
            from_state=act.from_state,
            to_state=act.to_state,
            parcel=parcel,
            reason=reason,
            facts=act.facts,
        )
    for dossier in dossiers:
        steps.follow(dossier)
    return answer(first, made={"parcel": parcel.pk})
