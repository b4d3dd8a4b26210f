"""An ERP hands orders to a warehouse through the tower: whether they may go, decided once for all of them.

A refusal leaves its event on every order that it is about. A second delivery of goods whose label was printed, or which
have left, is what a double print is: it locks the order (law 5).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from orders import clock
from orders.lifecycle import LEFT, HoldReason, LabelState, OrderState
from orders.models import DocumentLink, Event, ExternalDocument, Hold
from orders.services.conditions import open_goods_refunds
from orders.services.decide import answer, in_one_transaction
from orders.services.dossier import Dossier
from orders.services.holds import open_hold
from orders.services.outcome import Outcome, Reason
from orders.vocabulary import Cause

# Who pushes the same order every second leaves one event in this time.
FOLD = timedelta(seconds=10)
_AT_THE_PRINTER = (LabelState.CLAIMED, LabelState.PRINTED, LabelState.UNKNOWN)
DOUBLE = frozenset({"printed", "shipped"})

# Claims the way through for all of them in the same transaction, or says why not; asked last, under the locks.
Reserve = Callable[[Sequence[Dossier]], Sequence[Reason]]


def let_through(codes: Mapping[int, Sequence[str]], *, cause: Cause, reserve: Reserve) -> Outcome:
    """Judge the orders that one delivery (or a batch) carries, each with the ERP's codes for it; one that may not go
    stops them all. The reasons of a no are in words for the ERP's user.
    """

    def act(dossiers: list[Dossier]) -> Outcome:
        reasons = {dossier.order.pk: _against(dossier) for dossier in dossiers}
        found = list(dict.fromkeys(reason for each in reasons.values() for reason in each))
        if not found:
            found = list(reserve(dossiers))
            reasons = {dossier.order.pk: found for dossier in dossiers}
        if found:
            for dossier in dossiers:
                _refuse(dossier, codes[dossier.order.pk], reasons[dossier.order.pk] or found)
            detail = "；".join(reason.text for reason in found)
            return answer(dossiers[0], ok=False, code=found[0].code, detail=detail, reasons=tuple(found))
        for dossier in dossiers:
            mine = list(codes[dossier.order.pk])
            _link(dossier, mine)
            dossier.note("delivery_passed", key=mine[0], facts={"codes": mine})
        return answer(dossiers[0])

    return in_one_transaction(codes, cause, act)


def _against(dossier: Dossier) -> list[Reason]:
    """Every reason why this order must not go to a warehouse now."""
    order = dossier.order
    name = order.platform_order_id
    found = []
    if dossier.open_holds:
        why = "、".join(dict.fromkeys(str(hold.get_reason_display()) for hold in dossier.open_holds))
        found.append(Reason("held", f"订单 {name} 已锁单（{why}），不能推送仓库"))
    if order.state == OrderState.CANCELLED or order.closed_at is not None:
        found.append(Reason("cancelled", f"订单 {name} 已取消，不能推送仓库"))
    elif order.paid_at is None and "cod" not in order.flags:
        found.append(Reason("unpaid", f"订单 {name} 还没有付款记录，请稍后重试"))
    closed = {line.pk for line in dossier.lines if line.closed}
    if any(sale.line_id not in closed for sale in open_goods_refunds(dossier)):
        found.append(Reason("refunded", f"订单 {name} 有商品正在退款或已退款，不能推送仓库"))
    if any(parcel.state in LEFT for parcel in dossier.parcels):
        found.append(Reason("shipped", f"订单 {name} 已发货，不能再推送仓库"))
    elif printed := _printed(dossier):
        found.append(Reason("printed", f"订单 {name} 的面单已打印{printed}，不能再推送仓库"))
    elif any(dossier.living_label(parcel) for parcel in dossier.live_parcels):
        found.append(Reason("labelled", f"订单 {name} 已取面单号，不能再推送仓库"))
    return found


def _printed(dossier: Dossier) -> str:
    """Of a parcel that lives: its waybill in words, or the bare fact; empty where nothing was printed."""
    for parcel in dossier.live_parcels:
        label = dossier.living_label(parcel)
        if label and label.state in _AT_THE_PRINTER:
            return f"（运单号 {label.waybill}）" if label.waybill else "过"
        if any(row.parcel_id == parcel.pk and row.outcome == "observed" for row in dossier.prints):
            return "过"
    return ""


def _refuse(dossier: Dossier, codes: Sequence[str], reasons: Sequence[Reason]) -> None:
    double = next((reason for reason in _against(dossier) if reason.code in DOUBLE), None)
    key = f"create:{','.join(codes)}"[:80]
    if not _refused_just_now(dossier, key):
        dossier.note(
            "delivery_refused",
            result=Event.Result.REFUSED,
            changes=False,
            key=key,
            reason="；".join(reason.text for reason in reasons),
            facts={"code": reasons[0].code, "reasons": [reason.code for reason in reasons], "codes": list(codes)},
        )
    if double is None:
        return
    mine = [hold for hold in dossier.holds if hold.reason == HoldReason.DUPLICATE_ORDER and hold.key.startswith(key)]
    if any(hold.state == Hold.State.OPEN for hold in mine):
        return
    open_hold(
        dossier,
        HoldReason.DUPLICATE_ORDER,
        # A lifted hold was about the attempts before: a new one is new evidence.
        key=f"{key}:{len(mine)}" if mine else key,
        note=f"ERP 又一次推送了这个订单（{codes[0]}），已拦下：{double.text}。请核实 ERP 为什么重推",
        evidence={"codes": list(codes), "code": double.code},
    )


def _refused_just_now(dossier: Dossier, key: str) -> bool:
    last = Event.objects.filter(stream=dossier.order.stream).order_by("-seq")[:5]
    return any(row.verb == "delivery_refused" and row.key == key and row.at > clock.now() - FOLD for row in last)


def _link(dossier: Dossier, codes: Sequence[str]) -> None:
    """The ERP's code names this order from now on: the warehouse's first report may come before its answer."""
    for code in codes:
        document, _ = ExternalDocument.objects.get_or_create(
            company_id=dossier.order.company_id, system="erp", kind="order", number=code
        )
        DocumentLink.objects.get_or_create(document=document, order=dossier.order, parcel=None)
