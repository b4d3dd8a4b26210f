"""What customers ask of an order under way (改址, 拦截申请): cases, kept as a join of the platform's words (law 3)."""

from collections.abc import Iterator
from typing import Any

from orders.models import AddressChange, InterceptRequest
from orders.services.dossier import Dossier
from orders.vocabulary import CustomerRequest, Fact

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
