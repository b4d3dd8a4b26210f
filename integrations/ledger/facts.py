"""What is recorded of many orders' ways: a fixed number of queries for some hundreds of orders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from integrations.ledger.hops import OrderFacts, ParcelFacts
from integrations.models import Job
from orders.lifecycle import STAGE_RANK, CauseKind, ParcelState
from orders.models import AfterSale, Claim, DocumentLink, Event, Hold, Label, Order, OrderLine, Parcel
from orders.models.label import DEAD
from orders.services.claims import first_time

CHUNK = 500
_SHIPPED = STAGE_RANK[ParcelState.SHIPPED]
# A delivery job that ended like this brought nothing to the warehouse.
NOT_DELIVERED = ("held", "not_wanted")
_SKEW = timedelta(hours=1)


def of_orders(order_ids: Sequence[int]) -> list[OrderFacts]:
    """The orders' facts, oldest first. At most `CHUNK` orders at once."""
    found = {
        row.pk: _facts(row) for row in Order.objects.select_related("shop").filter(pk__in=order_ids).order_by("pk")
    }
    closed_lines = _lines(found)
    _refunds(found, closed_lines)
    parcels = _parcels(found)
    _labels(parcels)
    _deliveries(found, parcels)
    _claims(found, parcels)
    _documents(found)
    _resumed(found)
    return list(found.values())


def _facts(order: Order) -> OrderFacts:
    return OrderFacts(
        pk=order.pk,
        number=order.platform_order_id,
        state=order.state,
        held=order.held,
        flags=tuple(order.flags),
        placed_at=order.placed_at,
        created_at=order.created_at,
        paid_at=order.paid_at,
        presale_until=order.presale_until,
        closed_at=order.closed_at,
        warehouse_id=order.warehouse_id or order.shop.warehouse_id,
        auto_release=order.shop.auto_release,
        pickup_hours=order.shop.pickup_hours,
    )


def _lines(found: dict[int, OrderFacts]) -> set[int]:
    closed, living = set(), set()
    for pk, order_id, is_closed in OrderLine.objects.filter(order__in=found).values_list("pk", "order_id", "closed"):
        if is_closed:
            closed.add(pk)
        else:
            living.add(order_id)
    for order_id, facts in found.items():
        facts.all_lines_closed = order_id not in living and bool(closed)
    return closed


def _refunds(found: dict[int, OrderFacts], closed_lines: set[int]) -> None:
    states = (AfterSale.State.OPEN, AfterSale.State.DONE)
    rows = AfterSale.objects.filter(order__in=found, state__in=states).exclude(kind=AfterSale.Kind.PRICE_PROTECT)
    for order_id, line_id in rows.values_list("order_id", "line_id"):
        if line_id not in closed_lines:
            found[order_id].has_refund = True


def _parcels(found: dict[int, OrderFacts]) -> dict[int, list[ParcelFacts]]:
    """Parcel → its facts, once for each order that travels in it."""
    rows = Parcel.objects.filter(lines__order_line__order__in=found).exclude(state=ParcelState.VOIDED)
    names = ("pk", "number", "state", "warehouse_id", "created_at", "shipped_at", "carrier")
    by_id: dict[int, list[ParcelFacts]] = defaultdict(list)
    for order_id, *values in rows.values_list("lines__order_line__order_id", *names).distinct():
        told = dict(zip(names, values, strict=True))
        facts = ParcelFacts(**{name: value for name, value in told.items() if name != "number"})
        found[order_id].parcels.append(facts)
        by_id[facts.pk].append(facts)
    for facts_of_order in found.values():
        facts_of_order.parcels.sort(key=lambda parcel: parcel.pk)
    return by_id


def _labels(parcels: dict[int, list[ParcelFacts]]) -> None:
    rows = Label.objects.filter(parcel__in=parcels).exclude(state__in=DEAD)
    for parcel_id, printed_at, carrier in rows.values_list("parcel_id", "printed_at", "carrier"):
        for parcel in parcels[parcel_id]:
            parcel.printed_at, parcel.carrier = printed_at, carrier or parcel.carrier


def _deliveries(found: dict[int, OrderFacts], parcels: dict[int, list[ParcelFacts]]) -> None:
    """The warehouse's "got it" to our own sending."""
    rows = Job.objects.filter(order_id__in=found, kind="deliver_parcel", state=Job.State.DONE)
    for parcel_id, code, done_at in rows.values_list("payload__parcel", "result__code", "done_at"):
        if code not in NOT_DELIVERED:
            for parcel in parcels.get(int(parcel_id), ()):
                parcel.in_wms_at = _first(parcel.in_wms_at, done_at)


def _claims(found: dict[int, OrderFacts], parcels: dict[int, list[ParcelFacts]]) -> None:
    """What ERP, warehouse and courier said themselves."""
    systems = (CauseKind.ERP, CauseKind.WMS, CauseKind.COURIER)
    rows = list(Claim.objects.filter(order__in=found, system__in=systems))
    subjects = _subjects(parcels) if rows else {}
    for claim in rows:
        facts = found[claim.order_id]
        if claim.system == CauseKind.ERP:
            facts.in_erp_at = _first(facts.in_erp_at, claim.received_at)
            continue
        about = subjects.get(claim.subject)
        # An order-level word is about the first parcel, as `orders.services.claims` reads it.
        mine = [parcel for parcel in facts.parcels if parcel.pk == about] if about else facts.parcels[:1]
        for parcel in mine:
            if claim.system == CauseKind.WMS and claim.furthest:
                parcel.in_wms_at = _first(parcel.in_wms_at, claim.received_at)
            elif claim.system == CauseKind.COURIER and claim.furthest >= _SHIPPED:
                parcel.picked_up_at = _first(parcel.picked_up_at, _since(claim) or claim.received_at)


def _since(claim: Claim) -> datetime | None:
    times = [
        time
        for name in claim.seen
        if name.startswith("stage:") and int(name[6:]) >= _SHIPPED
        for time in [first_time(claim, name)]
        if time
    ]
    return min(times, default=None)


def _subjects(parcels: dict[int, list[ParcelFacts]]) -> dict[str, int]:
    """Parcel number or waybill → parcel."""
    rows = Label.objects.filter(parcel__in=parcels).exclude(waybill="").values_list("waybill", "parcel_id")
    numbers = Parcel.objects.filter(pk__in=parcels).values_list("number", "pk")
    return {**dict(rows), **dict(numbers)}


def _documents(found: dict[int, OrderFacts]) -> None:
    links = DocumentLink.objects.filter(order__in=found, document__system=CauseKind.ERP).values_list("order_id")
    for (order_id,) in links:
        facts = found[order_id]
        facts.in_erp_at = facts.in_erp_at or facts.created_at


def _resumed(found: dict[int, OrderFacts]) -> None:
    """When the last hold fell; most orders never had one."""
    once = Hold.objects.filter(order__in=found).exclude(state=Hold.State.OPEN)
    ids = list(once.order_by().values_list("order_id", flat=True).distinct())
    if not ids:
        return
    oldest = min(found[order_id].created_at for order_id in ids)
    fell = Event.objects.filter(
        stream__in=[f"order:{order_id}" for order_id in ids],
        verb__in=("hold_lifted", "hold_withdrawn"),
        at__gte=oldest,
    )
    for order_id, at in fell.order_by().values_list("order_id").annotate(last=Max("at")):
        found[order_id].resumed_at = at


def _first(known: Any, told: Any) -> Any:
    return told if known is None else known if told is None else min(known, told)


def ways_in(orders: Iterable[tuple[int, datetime]]) -> dict[str, int]:
    """How many of these orders (id, came in) came by which way, from the event that each began with."""
    rows = dict(orders)
    if not rows:
        return {}
    counts: dict[str, int] = defaultdict(int)
    # The event follows its order's row within the same transaction.
    since, until = min(rows.values()) - _SKEW, max(rows.values()) + _SKEW
    streams = [f"order:{pk}" for pk in rows]
    seen = Event.objects.filter(stream__in=streams, verb="order_seen", at__gte=since, at__lte=until)
    told = seen.values_list("order_id", "facts__via", "actor")
    way_of = {order_id: way or _by_actor(actor) for order_id, way, actor in told}
    for order_id in rows:
        counts[way_of.get(order_id, "other")] += 1
    return dict(counts)


def _by_actor(actor: str) -> str:
    return "api" if actor.startswith("api_key:") else "person" if actor.startswith("person:") else "other"
