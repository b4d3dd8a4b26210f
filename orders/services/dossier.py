"""卷宗: one order with all that a decision needs, loaded under its row lock in a fixed number of queries.

Every service opens dossiers, changes what is in them, and closes them; closing chains the events, leaves a task per
consumer and saves the rows that changed. Nothing outside this file saves an order.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils.module_loading import import_string

from orders import clock
from orders.lifecycle import CauseKind, ParcelState
from orders.models import (
    AddressVersion,
    AfterSale,
    Claim,
    CommitMark,
    Event,
    EventTask,
    Hold,
    Label,
    Order,
    OrderLine,
    Parcel,
    PrintAttempt,
    SkuMap,
    commit_mark,
    raise_commit_counter,
    take_ids,
)
from orders.models.many import insert_many
from orders.services import trail
from orders.vocabulary import Cause

# Every look at `Order.history` makes a manager anew.
_History: Any = Order.history.model
# Raised by every event, and told by the events.
UNTOLD = frozenset({"version"})


@dataclass
class Dossier:
    """One locked order. Lists hold every row of the order; `touch` marks what must be saved."""

    order: Order
    cause: Cause
    lines: list[OrderLine] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    aftersales: list[AfterSale] = field(default_factory=list)
    prints: list[PrintAttempt] = field(default_factory=list)
    addresses: list[AddressVersion] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    # SKU → its map, once somebody asked (`orders.services.goods`).
    sku_maps: dict[str, SkuMap | None] | None = None
    act_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    changed: bool = False
    # The fields that history keeps, as they were when the dossier was opened.
    was: tuple[Any, ...] = ()
    _touched: dict[int, models.Model] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.was = narrow(self.order)

    def touch(self, row: models.Model) -> None:
        self._touched[id(row)] = row

    # Reading ----------------------------------------------------------------------------------------------------
    @property
    def open_holds(self) -> list[Hold]:
        return [hold for hold in self.holds if hold.state == Hold.State.OPEN]

    @property
    def live_parcels(self) -> list[Parcel]:
        return [parcel for parcel in self.parcels if parcel.is_live]

    def living_label(self, parcel: Parcel) -> Label | None:
        return next((label for label in self.labels if label.parcel_id == parcel.pk and label.is_living), None)

    @property
    def address(self) -> AddressVersion | None:
        return self.addresses[-1] if self.addresses else None

    def parcel(self, parcel_id: int) -> Parcel:
        return next(parcel for parcel in self.parcels if parcel.pk == parcel_id)

    # Writing ----------------------------------------------------------------------------------------------------
    def note(
        self,
        verb: str,
        *,
        result: str = Event.Result.OK,
        changes: bool = True,
        from_state: str = "",
        to_state: str = "",
        parcel: Parcel | None = None,
        facts: dict[str, Any] | None = None,
        reason: str = "",
        key: str = "",
        source_at: datetime | None = None,
    ) -> Event:
        """Write an event onto the order's stream; `changes` raises the order's version by one."""
        if changes:
            self.order.version += 1
            self.changed = True
        event = Event(
            company_id=self.order.company_id,
            order_id=self.order.pk,
            parcel_id=parcel.pk if parcel else None,
            verb=verb,
            from_state=from_state,
            to_state=to_state,
            version=self.order.version,
            actor=actor_of(self.cause),
            actor_name=self.cause.source[:120],
            role=self.cause.role[:80],
            cause=self.cause.reference[:120],
            key=key[:200],
            result=result,
            reason=reason[:500],
            act_id=self.act_id,
            facts=facts or {},
            source_at=source_at,
            at=clock.now(),
        )
        self.events.append(event)
        return event


def narrow(order: Order) -> tuple[Any, ...]:
    """What history keeps of an order, but its version."""
    return tuple(getattr(order, field.attname) for field in _History.tracked_fields if field.name not in UNTOLD)


def actor_of(cause: Cause) -> str:
    if cause.user_id is not None:
        return f"person:{cause.user_id}"
    if cause.api_key_id is not None:
        return f"api_key:{cause.api_key_id}"
    return str(cause.kind)


def lock_dossiers(order_ids: Iterable[int], *, cause: Cause) -> list[Dossier]:
    """Lock the orders in ascending pk (law 8) and load them. The caller is in a durable transaction."""
    raise_commit_counter()
    orders = list(
        Order.objects.select_for_update(of=("self",))
        .select_related("shop", "warehouse")
        .filter(pk__in=set(order_ids))
        .order_by("pk")
    )
    return load(orders, cause=cause)


def load(orders: Sequence[Order], *, cause: Cause) -> list[Dossier]:
    """Dossiers for orders that are locked already, or for reading only."""
    by_id = {order.pk: Dossier(order, cause) for order in orders}
    ids = list(by_id)
    shared_act = uuid.uuid4().hex
    for dossier in by_id.values():
        dossier.act_id = shared_act

    def into(name: str, rows: Iterable[Any]) -> None:
        for row in rows:
            getattr(by_id[row.order_id], name).append(row)

    into("lines", OrderLine.objects.filter(order__in=ids).order_by("id"))
    into("holds", Hold.objects.filter(order__in=ids).order_by("id"))
    into("claims", Claim.objects.filter(order__in=ids).order_by("id"))
    into("aftersales", AfterSale.objects.filter(order__in=ids).order_by("id"))
    into("prints", PrintAttempt.objects.filter(order__in=ids).order_by("at", "id"))
    into("addresses", AddressVersion.objects.filter(order__in=ids).order_by("version"))
    _load_parcels(by_id)
    return list(by_id.values())


def _load_parcels(by_id: dict[int, Dossier]) -> None:
    rows = (
        Parcel.objects.select_related("warehouse")
        .filter(lines__order_line__order__in=by_id)
        .annotate(member=models.F("lines__order_line__order_id"))
    )
    shared: dict[int, Parcel] = {}
    for row in rows.order_by("id"):
        parcel = shared.setdefault(row.pk, row)
        dossier = by_id[row.member]
        if parcel not in dossier.parcels:
            dossier.parcels.append(parcel)
    labels: dict[int, Label] = {}
    for label in Label.objects.filter(parcel__in=shared).order_by("id"):
        labels[label.pk] = label
    for dossier in by_id.values():
        mine = {parcel.pk for parcel in dossier.parcels}
        dossier.labels = [label for label in labels.values() if label.parcel_id in mine]


def close(dossiers: Sequence[Dossier]) -> None:
    """Save what changed, chain and write the events, and leave a task for every consumer, in the open transaction."""
    _save_rows(dossiers)
    _save_orders([dossier for dossier in dossiers if dossier.events])
    events = [event for dossier in dossiers for event in dossier.events]
    if not events:
        return
    if len(dossiers) > 1:
        _mark_plainly(events)
        for event, number in zip(events, take_ids(Event, len(events)), strict=True):
            event.pk = number
    insert_many(events)
    tasks = [
        EventTask(order_id=dossier.order.pk, event_id=event.pk, seq=event.seq, consumer=consumer)
        for dossier in dossiers
        for event in dossier.events
        for consumer in settings.TOWER_CONSUMERS
        if wants(consumer, event.verb)
    ]
    if tasks:
        insert_many(tasks)
    transaction.on_commit(lambda: wake("drain"))


@cache
def _verbs_of(consumer: str) -> frozenset[str] | None:
    """The verbs that a consumer's module says it takes (`VERBS`); `None` where it takes all."""
    module = import_module(consumer.rpartition(".")[0])
    return getattr(module, "VERBS", None)


def wants(consumer: str, verb: str) -> bool:
    """Whether a consumer is told of events of this kind; most are nobody's business, and a task is a row."""
    verbs = _verbs_of(consumer)
    return verbs is None or verb in verbs


def _save_rows(dossiers: Sequence[Dossier]) -> None:
    """New rows together, one statement for each table; changed ones each by itself."""
    new: dict[type[models.Model], list[models.Model]] = {}
    for dossier in dossiers:
        for row in dossier._touched.values():
            if row._state.adding:
                new.setdefault(type(row), []).append(row)
            else:
                row.save()
    for rows in new.values():
        insert_many(rows)


def _save_orders(dossiers: Sequence[Dossier]) -> None:
    new = []
    for dossier in dossiers:
        order = dossier.order
        trail.chain(order, dossier.events)
        order.held = bool(dossier.open_holds)
        if not dossier.changed:
            # A refusal or a stale fact moves nothing: no history row, only the head of its chain.
            Order.objects.filter(pk=order.pk).update(event_seq=order.event_seq, event_head=order.event_head)
            continue
        _sign(dossier)
        if order._state.adding:
            new.append(order)
        else:
            # The events tell every version; history tells the fields, so a row is due where one of them changed.
            if dossier.was == narrow(order):
                setattr(order, "skip_history_when_saving", True)  # noqa: B010
            order.save()
    if new:
        if len(new) > 1:
            _mark_plainly(new)
        insert_many(new)
        # Rows written together send no signal, by which the history would hear of them.
        insert_many([_first_history(order) for order in new])


def _first_history(order: Order) -> models.Model:
    """What simple-history would write of a row that was just made."""
    row: models.Model = _History(
        history_date=clock.now(),
        history_type="+",
        history_change_reason=getattr(order, "_change_reason", None),
        history_user_id=getattr(order, "_history_user_id", None),
        **{field.attname: getattr(order, field.attname) for field in _History.tracked_fields},
    )
    return row


def _mark_plainly(rows: Sequence[Order | Event]) -> None:
    """Ask for the mark once: a number in many rows makes a quicker statement than an expression in each."""
    mark = commit_mark()
    for row in rows:
        row.mark = mark


def _sign(dossier: Dossier) -> None:
    """When and by whom the order changes, for its row and for its history."""
    order = dossier.order
    order.updated_at = clock.now()
    order.mark = CommitMark()
    # simple-history reads these two from the row it is about to copy.
    reason = ",".join(dict.fromkeys(event.verb for event in dossier.events))[:120]
    setattr(order, "_change_reason", reason)  # noqa: B010
    if dossier.cause.kind == CauseKind.PERSON:
        setattr(order, "_history_user_id", dossier.cause.user_id)  # noqa: B010


def wake(what: str) -> None:
    """A hint that there is work; whoever may hear it is named in settings, and beat finds what a lost hint left."""
    import_string(settings.TOWER_WAKE)(what)


def void_labels(dossier: Dossier, parcel: Parcel) -> None:
    """The parcel does not leave: its living label is dead, and whoever issued the waybill is told by an event."""
    label = dossier.living_label(parcel)
    if label is None:
        return
    label.state = "void"
    dossier.touch(label)
    dossier.note("label_voided", parcel=parcel, facts={"label": label.pk, "waybill": label.waybill})


def least_advanced(dossier: Dossier) -> str | None:
    """The state that the live parcels give the order; `None` where there is no live parcel."""
    order_of = [ParcelState.TO_PICK, ParcelState.PACKED, ParcelState.SHIPPED, ParcelState.SIGNED]
    states = [parcel.state for parcel in dossier.live_parcels]
    if states:
        return str(min(states, key=order_of.index))
    if any(parcel.state == ParcelState.RETURNED for parcel in dossier.parcels):
        return str(ParcelState.RETURNED)
    return None
