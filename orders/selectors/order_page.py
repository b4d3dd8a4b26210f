"""The one page of an order: parcels with their lines, labels and print attempts; documents; the line of its life.

Takes the rows that a dossier holds already and adds what only the page needs, in a fixed number of queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from orders.lifecycle import OrderState
from orders.models import DocumentLink, Event, Label, Order, PackLine, Parcel, ParcelLine, PrintAttempt

PATH = (
    OrderState.PENDING_PAYMENT,
    OrderState.PAID,
    OrderState.TO_PICK,
    OrderState.PACKED,
    OrderState.SHIPPED,
    OrderState.SIGNED,
)
_OF_THE_ORDER = ("pay", "release", "cancel", "return", "follow_parcels", "reappear")


@dataclass
class LabelView:
    label: Label
    attempts: list[PrintAttempt] = field(default_factory=list)


@dataclass
class ParcelView:
    parcel: Parcel
    lines: list[ParcelLine] = field(default_factory=list)
    pack_lines: list[PackLine] = field(default_factory=list)
    labels: list[LabelView] = field(default_factory=list)
    # Attempts that name no label of the tower: another system printed.
    other_attempts: list[PrintAttempt] = field(default_factory=list)
    # Lines of other orders travel in it too (合单).
    shared: bool = False


@dataclass(frozen=True)
class Step:
    """One station of the life line: done, here, or still to come."""

    state: str
    label: str
    place: str
    at: datetime | None


def parcel_views(
    order: Order, parcels: Sequence[Parcel], labels: Iterable[Label], prints: Iterable[PrintAttempt]
) -> list[ParcelView]:
    """Two queries, however many parcels there are."""
    views = {parcel.pk: ParcelView(parcel) for parcel in parcels}
    for line in ParcelLine.objects.select_related("order_line").filter(parcel__in=views).order_by("pk"):
        view = views[line.parcel_id]
        if line.order_line.order_id == order.pk:
            view.lines.append(line)
        else:
            view.shared = True
    for pack_line in PackLine.objects.select_related("goods").filter(parcel__in=views).order_by("pk"):
        views[pack_line.parcel_id].pack_lines.append(pack_line)
    by_label: dict[int, LabelView] = {}
    for label in labels:
        by_label[label.pk] = LabelView(label)
        views[label.parcel_id].labels.append(by_label[label.pk])
    for attempt in prints:
        if attempt.label_id in by_label:
            by_label[attempt.label_id].attempts.append(attempt)
        elif attempt.parcel_id in views:
            views[attempt.parcel_id].other_attempts.append(attempt)
    return list(views.values())


def documents_of(order: Order) -> list[tuple[str, str, str]]:
    """System, kind and number of every number that another system gave this order."""
    rows = DocumentLink.objects.filter(order=order).values_list(
        "document__system", "document__kind", "document__number"
    )
    return list(rows.order_by("document__system", "document__number").distinct())


def names_of(user_ids: Iterable[int | None]) -> dict[int, str]:
    ids = {pk for pk in user_ids if pk is not None}
    people = get_user_model().objects.filter(pk__in=ids) if ids else []
    return {person.pk: person_name(person) for person in people}


def person_name(user: Any) -> str:
    """As colleagues say it: 张三, else the log-in name. Chinese names take no space between family and given name."""
    full = f"{user.last_name}{user.first_name}"
    return full if full and not full.isascii() else user.get_full_name() or str(user.get_username())


def life_line(order: Order, events: Iterable[Event]) -> list[Step]:
    """The path of a sale with the time each station was reached; a cancelled or returned order ends with that.

    `events` come newest first: of two arrivals at a station the last one counts.
    """
    times: dict[str, datetime | None] = {}
    for event in events:
        if event.verb in _OF_THE_ORDER and event.to_state and event.result != Event.Result.REFUSED:
            times.setdefault(event.to_state, event.source_at or event.at)
    times[OrderState.PENDING_PAYMENT] = order.placed_at
    times[OrderState.PAID] = order.paid_at
    if order.state in PATH:
        here = PATH.index(OrderState(order.state))
        return [_step(state, index - here, times) for index, state in enumerate(PATH)]
    done = [state for state in PATH if times.get(state)]
    return [*(_step(state, -1, times) for state in done), _step(OrderState(order.state), 0, times)]


def _step(state: OrderState, distance: int, times: dict[str, datetime | None]) -> Step:
    place = "done" if distance < 0 else "here" if distance == 0 else "ahead"
    return Step(str(state), str(state.label), place, times.get(state) if distance <= 0 else None)
