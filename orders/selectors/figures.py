"""The rows that the figures count: everything is over the orders that were placed in a window of time.

One index leads in (`orders_by_placing`); parcels, holds and events are reached from the orders, each by an index.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat

from orders.lifecycle import CauseKind, HoldReason, Move, ParcelState
from orders.models import Event, Hold, Order, Parcel, ParcelLine
from orders.selectors.access import Access
from orders.selectors.spread import Spread, spreads

# What people do at the bench all day, and what follows from it by itself: no decision outside normal scans.
BENCH_VERBS = frozenset(
    {
        *(str(move) for move in (Move.PACK, Move.SHIP, Move.PRINT)),
        "follow_parcels",
        "label_voided",
        "lines_checked",
        "print_result",
        "waybill_requested",
    }
)
# Where the platform's clock runs ahead of ours, an order's first event lies before the order.
_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class Stops:
    """Holds of the orders, by what came of them."""

    confirmed: int
    false_alarms: int
    undecided: int
    by_people: int
    # Confirmed: the goods had left although they should have stayed.
    breaches: int
    # Of the confirmed ones, and how many of them have no amount.
    loss: Decimal
    without_amount: int


@dataclass(frozen=True)
class Placed:
    """The orders that the caller may see and that were placed in [start, end)."""

    access: Access
    start: datetime
    end: datetime
    shop_id: int | None = None

    @cached_property
    def orders(self) -> QuerySet[Order]:
        rows = Order.objects.filter(self.access.to_orders(), placed_at__gte=self.start, placed_at__lt=self.end)
        return rows if self.shop_id is None else rows.filter(shop=self.shop_id)

    @property
    def _parcels(self) -> QuerySet[Parcel]:
        lines = ParcelLine.objects.filter(order_line__order__in=self.orders)
        return Parcel.objects.filter(pk__in=lines.values("parcel")).exclude(state=ParcelState.VOIDED)

    @property
    def _events(self) -> QuerySet[Event]:
        """By stream, which the index of events begins with."""
        streams = self.orders.annotate(name=Concat(Value("order:"), Cast("pk", CharField()))).values("name")
        return Event.objects.filter(stream__in=streams, at__gte=self.start - _SKEW)

    def count(self) -> int:
        return self.orders.count()

    def handed_over(self) -> int:
        return self._parcels.filter(shipped_at__isnull=False).count()

    def processing(self) -> Spread:
        """From the platform's creation to the order's first event here, which makes its row."""
        return spreads(self.orders, "placed_at", "created_at")[0]

    def decided_by_people(self) -> int:
        """Orders about which a person decided at least once."""
        decisions = self._events.filter(actor__startswith=f"{CauseKind.PERSON}:", result=Event.Result.OK)
        # A hold with a ground is the tower's own, whoever's act it answered.
        decisions = decisions.exclude(verb__in=BENCH_VERBS).filter(~Q(verb="hold_opened") | Q(facts__ground=""))
        return decisions.order_by().values("order_id").distinct().count()

    def sync_delay(self) -> tuple[Spread, dict[int, Spread]]:
        """Of all, and by shop: platform's time of a change → recorded here. Only what came over a connection.

        What somebody pushes through the API has the time that they gave it, which need not be the platform's.
        """
        shop = Order.objects.filter(pk=OuterRef("order_id")).values("shop_id")
        told = self._events.filter(actor=str(CauseKind.PLATFORM), verb__in=("order_seen", "fact"))
        by_shop = spreads(told.annotate(shop=Subquery(shop)), "source_at", "at", by="shop")
        return spreads(told, "source_at", "at")[0], by_shop

    def stages(self) -> dict[str, Spread]:
        """履约周期: paid, released, packed, shipped, signed, each from the stage before."""
        parcel = Parcel.objects.filter(lines__order_line__order=OuterRef("pk")).order_by("created_at")
        released = self.orders.annotate(released_at=Subquery(parcel.values("created_at")[:1]))
        parcels = self._parcels
        return {
            "paid": spreads(self.orders, "placed_at", "paid_at")[0],
            "released": spreads(released, "paid_at", "released_at")[0],
            "packed": spreads(parcels, "created_at", "packed_at")[0],
            "shipped": spreads(parcels, "packed_at", "shipped_at")[0],
            "signed": spreads(parcels, "shipped_at", "signed_at")[0],
        }

    def stops(self) -> Stops:
        """One query. The tower's own holds carry the key of their evidence; a person's (or a program's) have none."""
        breach = Q(reason=HoldReason.SHIPPED_WHILE_HELD)
        stop = ~Q(key="") & ~breach & _before_leaving()
        confirmed, lifted = Q(outcome=Hold.Outcome.CONFIRMED), Q(outcome=Hold.Outcome.FALSE_ALARM)
        found = Hold.objects.filter(order__in=self.orders).aggregate(
            confirmed=Count("pk", filter=stop & confirmed),
            false_alarms=Count("pk", filter=stop & lifted),
            undecided=Count("pk", filter=stop & Q(state=Hold.State.OPEN, outcome="")),
            by_people=Count("pk", filter=Q(key="") & ~breach),
            breaches=Count("pk", filter=breach & confirmed),
            loss=Sum("estimated_loss", filter=stop & confirmed),
            without_amount=Count("pk", filter=stop & confirmed & Q(estimated_loss__isnull=True)),
        )
        return Stops(**{**found, "loss": found["loss"] or Decimal(0)})


def _before_leaving() -> Q:
    """The hold was there before its parcel (or, of an order's hold, any of its parcels) left."""
    left = Parcel.objects.filter(lines__order_line__order=OuterRef("order"), shipped_at__lte=OuterRef("opened_at"))
    own = Q(parcel__shipped_at__isnull=True) | Q(parcel__shipped_at__gt=F("opened_at"))
    return Q(parcel__isnull=False) & own | Q(parcel__isnull=True) & ~Q(Exists(left))
