"""What the page of one order shows, put together from a dossier loaded for reading."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.admin import words
from orders.admin.base import by_person, person_of
from orders.admin.evidence import readable
from orders.lifecycle import HoldReason, Move, Role
from orders.models import AddressChange, Hold, Order
from orders.models.address import Case
from orders.selectors import order_page, timeline
from orders.services.allowed import Act, allowed_acts
from orders.services.cases import cases_of
from orders.services.dossier import Dossier, load
from orders.services.policies import Standing

SYSTEMS: dict[str, Any] = {"platform": _("平台"), "erp": _("ERP"), "wms": _("仓库系统"), "courier": _("快递")}
DOCUMENTS: dict[str, Any] = {
    "order": _("订单"),
    "delivery": _("出库单"),
    "waybill": _("运单号"),
    "sale": _("销售订单"),
    "outbound": _("出库单"),
}
# Reasons that a person may choose when they lock an order themselves.
BY_HAND = (
    HoldReason.MANUAL,
    HoldReason.ADDRESS_UNVERIFIED,
    HoldReason.DUPLICATE_ORDER,
    HoldReason.REFUND_REQUESTED,
    HoldReason.CANCEL_REQUESTED,
    HoldReason.SKU_MISMATCH,
    HoldReason.SYSTEM_CONFLICT,
)
# The moves that carry an order forward, in the order in which they are done.
ONWARD = ("order.release", "parcel.pack", "label.waybill", "label.print", "parcel.ship")


def context(request: HttpRequest, order: Order) -> dict[str, Any]:
    [dossier] = load([order], cause=by_person(request))
    standing = Standing.of(person_of(request).pk, order.company_id)
    acts = allowed_acts(dossier, standing)
    onward = _next(acts, dossier)
    others = [act for act in acts if act.permitted and act not in [item["act"] for item in onward]]
    entries, older = timeline.timeline(order)
    names = order_page.names_of(_people(dossier))
    return {
        "order": order,
        "now": clock.now(),
        "holds": [_hold(hold, acts, names) for hold in dossier.open_holds],
        "requests": [asked_of(case, order, standing) for case in cases_of(dossier)],
        "past_holds": [(hold, names.get(hold.decided_by_id or 0, "")) for hold in reversed(_past(dossier))],
        "next_acts": onward,
        "order_acts": [act for act in others if act.subject == "order"],
        "hold_act": next(act for act in acts if act.key == "hold.hold"),
        "hold_reasons": [(str(reason), reason.label) for reason in BY_HAND],
        "steps": order_page.life_line(order, [entry.event for entry in entries]),
        "parcels": [
            (view, _of_parcel(others, view.parcel.pk))
            for view in order_page.parcel_views(order, dossier.parcels, dossier.labels, dossier.prints)
        ],
        "lines": dossier.lines,
        "claims": [(SYSTEMS.get(claim.system, claim.system), claim) for claim in _newest_first(dossier)],
        "addresses": list(reversed(dossier.addresses)),
        "aftersales": dossier.aftersales,
        "documents": [
            (SYSTEMS.get(system, system), DOCUMENTS.get(kind, kind), number)
            for system, kind, number in order_page.documents_of(order)
        ],
        "entries": entries,
        "older": older,
        "names": names,
    }


def timeline_context(order: Order, before: int | None) -> dict[str, Any]:
    entries, older = timeline.timeline(order, before=before)
    return {"entries": entries, "older": older}


def role_names(roles: frozenset[str]) -> str:
    return "、".join(str(role.label) for role in Role if role in roles)


def _people(dossier: Dossier) -> list[int | None]:
    holds = [person for hold in dossier.holds for person in (hold.decided_by_id, hold.first_by_id, hold.caused_by_id)]
    packers = [parcel.packed_by_id for parcel in dossier.parcels]
    return [*holds, *packers]


def _past(dossier: Dossier) -> list[Hold]:
    return [hold for hold in dossier.holds if hold.state != Hold.State.OPEN]


def _newest_first(dossier: Dossier) -> list[Any]:
    return sorted(dossier.claims, key=lambda claim: claim.at, reverse=True)


def _hold(hold: Hold, acts: list[Act], names: dict[int, str]) -> dict[str, Any]:
    """One hold: what it is, on what evidence, who can help, and the buttons where this person can."""
    mine = {act.move: act for act in acts if act.hold is not None and act.hold.pk == hold.pk}
    lift, confirm = mine.get(str(Move.LIFT)), mine.get(str(Move.CONFIRM))
    return {
        "hold": hold,
        "evidence": readable(hold.evidence),
        "lift": lift if lift and lift.permitted else None,
        "confirm": confirm if confirm and confirm.permitted and not hold.outcome else None,
        "barred": lift.reasons[0] if lift and lift.permitted and lift.reasons else "",
        "helpers": role_names(lift.roles) if lift else "",
        "confirmed_by": names.get(hold.decided_by_id or 0, "") if hold.outcome else "",
    }


def asked_of(case: Case, order: Order, standing: Standing) -> dict[str, Any]:
    """What a customer asks, and whether this person may answer: it is judged again when they do."""
    warehouse_id = order.warehouse_id or order.shop.warehouse_id
    policy = standing.policy("case", Move.ANSWER, warehouse_id)
    kind = "address" if isinstance(case, AddressChange) else "intercept"
    waits = case.state == Case.State.OPEN and not case.act
    return {
        "case": case,
        "kind": kind,
        "title": case._meta.verbose_name,
        "model": case._meta.model_name,
        "channel": SYSTEMS.get(case.channel, case.channel),
        "answer": words.ANSWERS.get(case.act, case.act),
        "helpers": role_names(policy.roles),
        "waits": waits,
        "may_answer": waits and bool(standing.roles(warehouse_id) & policy.roles),
        # Said yes, and the platform has not shown the new address or the end of the order yet.
        "waits_for_platform": case.state == Case.State.OPEN and case.act == "accept",
    }


def _next(acts: list[Act], dossier: Dossier) -> list[dict[str, Any]]:
    """What carries the order forward, with the reasons against it and who may: only while nothing holds it."""
    if dossier.open_holds:
        return []
    onward = [act for act in acts if act.key in ONWARD]
    if not onward:
        return []
    first = min(ONWARD.index(act.key) for act in onward)
    return [
        {"act": act, "slug": f"next-{act.slug}", "helpers": role_names(act.roles)}
        for act in onward
        if act.key == ONWARD[first]
    ]


def _of_parcel(acts: list[Act], parcel_id: int) -> list[Act]:
    return [act for act in acts if act.subject in ("parcel", "label") and act.parcel and act.parcel.pk == parcel_id]
