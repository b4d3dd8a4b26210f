"""The counts of every edge, from the tower's own rows: receipts, print attempts, and the trail.

Each source is read on from where it was left. A row that commits behind a later one may be left out; for statistics
that is nothing. Events are read in commit order and none is left out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from integrations.models import Connection, Edge, EdgeCount, EdgeCursor, Receipt
from integrations.registry import adapter_named
from integrations.silence.rhythm import slot_of
from orders.lifecycle import CauseKind, Move
from orders.models import Event, Label, Order, Parcel, PrintAttempt, Warehouse, settled_mark

# Rows of one source in one go; the rest comes with the next look.
MOST_ROWS = 20_000
# So far back where a source is read for the first time.
FIRST_LOOK = timedelta(days=28)
# What a warehouse system, a printer and a courier must have been given before their silence means anything.
FEEDS = {Move.RELEASE: (Edge.Kind.WMS, Edge.Kind.PRINT), Move.PACK: (Edge.Kind.PRINT,), Move.SHIP: (Edge.Kind.PICKUP,)}


@dataclass
class Heard:
    """What came in since the last look, by edge; and what was fed to those behind."""

    slots: dict[tuple[int, str, str], Counter[datetime]] = field(default_factory=lambda: defaultdict(Counter))
    last: dict[tuple[int, str, str], datetime] = field(default_factory=dict)
    about: dict[tuple[int, str, str], dict[str, Any]] = field(default_factory=dict)
    # (company, kind, warehouse or None, shop or None) → times at which somebody gave it something to say.
    fed: dict[tuple[int, str, int | None, int | None], list[datetime]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # Some source had more than was read.
    unread: bool = False

    def message(self, company_id: int, kind: str, key: str, at: datetime, **about: Any) -> None:
        place = (company_id, str(kind), key[:160])
        self.slots[place][slot_of(at)] += 1
        self.last[place] = max(self.last.get(place, at), at)
        self.about.setdefault(place, about)


def count(*, now: datetime) -> bool:
    """Read every source on, and bring edges and counts up to date; False where more is to be read than fits a look."""
    heard = Heard()
    with transaction.atomic():
        reached = [_read_receipts(heard, now), _read_prints(heard, now), _read_events(heard)]
        _write(heard)
        for source, place in reached:
            EdgeCursor.objects.update_or_create(source=source, defaults={"reached": place, "at": now})
    _hear_repeats()
    return not heard.unread


def _cursor(source: str) -> int | None:
    return EdgeCursor.objects.filter(source=source).values_list("reached", flat=True).first()


def _reached(told: Sequence[Any], reached: int | None, model: type[Receipt] | type[PrintAttempt]) -> int:
    """The last row that was read; where the first look found none, the newest there is."""
    if told:
        return int(told[-1][0])
    if reached is not None:
        return reached
    return model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0


# Sources ------------------------------------------------------------------------------------------------------------
def _read_receipts(heard: Heard, now: datetime) -> tuple[str, int]:
    """Pushes of platforms, and everything that warehouse systems say."""
    reached = _cursor("receipts")
    rows = (
        Receipt.objects.filter(at__gte=now - FIRST_LOOK) if reached is None else Receipt.objects.filter(pk__gt=reached)
    )
    told = list(rows.order_by("pk").values_list("pk", "connection_id", "via", "at")[:MOST_ROWS])
    connections = {row.pk: row for row in Connection.objects.filter(pk__in={row[1] for row in told})}
    for _, connection_id, via, at in told:
        connection = connections.get(connection_id)
        if connection is None:
            continue
        system = adapter_named(connection.adapter).system
        if system == CauseKind.WMS:
            kind = Edge.Kind.WMS
        elif system == CauseKind.PLATFORM and via == "webhook":
            kind = Edge.Kind.WEBHOOK
        else:
            continue
        heard.message(
            connection.company_id,
            kind,
            f"connection:{connection_id}",
            at,
            name=connection.name,
            connection_id=connection_id,
            shop_id=connection.shop_id,
            warehouse_id=connection.warehouse_id,
        )
    heard.unread |= len(told) == MOST_ROWS
    return "receipts", _reached(told, reached, Receipt)


def _read_prints(heard: Heard, now: datetime) -> tuple[str, int]:
    reached = _cursor("prints")
    rows = PrintAttempt.objects.exclude(outcome=PrintAttempt.Outcome.REFUSED).exclude(station="")
    rows = rows.filter(at__gte=now - FIRST_LOOK) if reached is None else rows.filter(pk__gt=reached)
    names = ("pk", "order__company_id", "parcel__warehouse_id", "parcel__warehouse__name", "station", "at")
    told = list(rows.order_by("pk").values_list(*names)[:MOST_ROWS])
    for _, company_id, warehouse_id, warehouse, station, at in told:
        key = f"warehouse:{warehouse_id or 0}:{station}"
        name = f"{warehouse or ''} {station}".strip()
        heard.message(company_id, Edge.Kind.PRINT, key, at, name=name, warehouse_id=warehouse_id)
    heard.unread |= len(told) == MOST_ROWS
    return "prints", _reached(told, reached, PrintAttempt)


def _read_events(heard: Heard) -> tuple[str, int]:
    """Pick-ups by the couriers' words, and what was given to warehouses, printers and couriers to speak of."""
    reached, until = _cursor("events"), settled_mark()
    if reached is None:
        return "events", until
    picked_up = Q(verb="fact", facts__system=str(CauseKind.COURIER), facts__stage="picked_up")
    polled = Q(verb="order_seen", facts__via="poll")
    wanted = Q(verb__in=[str(verb) for verb in FEEDS]) | picked_up | polled
    rows = Event.objects.filter(wanted, mark__gte=reached, mark__lt=until).order_by("mark", "id")
    events = list(rows[:MOST_ROWS])
    warehouses, shops, labels = _places(events)
    for event in events:
        if event.verb == "fact":
            _pick_up(heard, event, labels)
        elif event.verb == "order_seen":
            shop = shops.get(event.order_id or 0)
            heard.fed[(event.company_id, Edge.Kind.WEBHOOK, None, shop)].append(event.at)
        else:
            for kind in FEEDS[Move(event.verb)]:
                place = warehouses.get(event.parcel_id or 0)
                heard.fed[(event.company_id, kind, place, None)].append(event.at)
    if len(events) == MOST_ROWS:
        heard.unread = True
        return "events", max(events[-1].mark, reached + 1)
    return "events", until


def _places(events: Iterable[Event]) -> tuple[dict[int, int | None], dict[int, int], dict[str, Label]]:
    events = list(events)
    parcels = Parcel.objects.filter(pk__in={event.parcel_id for event in events if event.parcel_id})
    orders = {event.order_id for event in events if event.verb == "order_seen" and event.order_id}
    waybills = {str(event.facts.get("waybill")) for event in events if event.verb == "fact"}
    labels = Label.objects.select_related("parcel__warehouse").filter(waybill__in=waybills)
    return (
        dict(parcels.values_list("pk", "warehouse_id")),
        dict(Order.objects.filter(pk__in=orders).values_list("pk", "shop_id")),
        {label.waybill: label for label in labels},
    )


def _pick_up(heard: Heard, event: Event, labels: Mapping[str, Label]) -> None:
    label = labels.get(str(event.facts.get("waybill")))
    if label is None:
        return
    warehouse: Warehouse | None = label.parcel.warehouse
    key = f"warehouse:{warehouse.pk if warehouse else 0}:{label.carrier}"
    name = f"{warehouse or ''} {label.carrier}".strip()
    heard.message(
        event.company_id, Edge.Kind.PICKUP, key, event.at, name=name, warehouse_id=warehouse.pk if warehouse else None
    )


# Writing ------------------------------------------------------------------------------------------------------------
def _write(heard: Heard) -> None:
    edges = _edges(heard)
    for place, edge in edges.items():
        for start, found in heard.slots[place].items():
            mine = EdgeCount.objects.filter(edge=edge, start=start)
            if not mine.update(count=F("count") + found):
                EdgeCount.objects.create(edge=edge, start=start, count=found)
        _spoke(edge, heard.last[place])
    for (company_id, kind, warehouse_id, shop_id), times in heard.fed.items():
        rows = Edge.objects.filter(company=company_id, kind=kind)
        if kind == Edge.Kind.WEBHOOK:
            rows = rows.filter(shop=shop_id)
        else:
            # A connection for all warehouses speaks for this one too.
            rows = rows.filter(Q(warehouse=warehouse_id) | Q(warehouse__isnull=True))
        for edge in rows:
            since = edge.last_at or edge.first_at
            later = [at for at in times if at > since]
            if later:
                Edge.objects.filter(pk=edge.pk).update(fed=F("fed") + len(later))


def _edges(heard: Heard) -> dict[tuple[int, str, str], Edge]:
    found: dict[tuple[int, str, str], Edge] = {}
    for place, about in heard.about.items():
        company_id, kind, key = place
        first = min(heard.slots[place])
        found[place], _ = Edge.objects.get_or_create(
            company_id=company_id,
            kind=kind,
            key=key,
            defaults={"first_at": first, **about, "name": about["name"][:160]},
        )
    return found


def _spoke(edge: Edge, at: datetime) -> None:
    """A message: what was fed before it is answered."""
    if edge.last_at is None or at > edge.last_at:
        edge.last_at, edge.fed = at, 0
        edge.save(update_fields=["last_at", "fed"])


def _hear_repeats() -> None:
    """A push that repeats what is known leaves no receipt, and shows all the same that the edge is alive."""
    rows = Edge.objects.filter(kind=Edge.Kind.WEBHOOK, connection__last_push_at__gt=F("last_at"))
    for edge in rows.select_related("connection"):
        pushed = edge.connection.last_push_at if edge.connection else None
        if pushed is not None:
            _spoke(edge, pushed)
