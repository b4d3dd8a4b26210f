"""A parcel on its way: its courier is asked to report every step, and asked again where it falls silent."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Q

from integrations import jobs
from integrations.adapter import TrackWish
from integrations.inbox import keep, process
from integrations.jobs import Again, Task, handles
from integrations.models import Connection, Job
from integrations.registry import adapter_named
from integrations.telling import courier_for
from orders import clock
from orders.lifecycle import CauseKind, ParcelState
from orders.models import AddressVersion, Claim, DocumentLink, Event, Label, Order
from orders.services.address import open_address
from orders.services.claims import ONWARD

# A courier that has said nothing of a parcel for this long is asked. Not under half an hour: 快递100 locks the number.
SILENCE = timedelta(hours=4)
# Nobody is asked about a parcel that left longer ago than this.
LONGEST_WAY = timedelta(days=30)
# Either is enough to follow a parcel.
FOLLOWING = ("subscribe", "query")


def plan_following(event: Event, order: Order) -> None:
    """A label was printed or a parcel left: follow it, once per waybill."""
    for label in Label.objects.select_related("parcel").filter(parcel=event.parcel_id).exclude(waybill=""):
        if label.is_living:
            plan_number(order, label, label.carrier, label.waybill)


def plan_onward(event: Event, order: Order) -> None:
    """A courier gave a parcel another number on its way: that one is followed too."""
    for waybill in event.facts.get("onward") or ():
        link = Q(document__kind="waybill", document__number=waybill, order=order)
        parcel_id = DocumentLink.objects.filter(link).values_list("parcel", flat=True).first()
        label = Label.objects.select_related("parcel").filter(parcel=parcel_id or 0).order_by("-generation").first()
        if label is not None:
            plan_number(order, label, label.carrier, waybill)


def plan_number(order: Order, label: Label, carrier: str, waybill: str) -> None:
    """Follow one number of a parcel: its label's, or that of another package that left with it."""
    connection = courier_for(order, label.parcel, carrier, *FOLLOWING)
    if connection is None:
        return
    payload: dict[str, Any] = {"label": label.pk}
    if waybill != label.waybill:
        payload |= {"carrier": carrier, "waybill": waybill}
    jobs.plan(
        "follow_parcel",
        f"follow:{connection.pk}:{waybill}",
        lane=Job.Lane.BULK,
        connection_id=connection.pk,
        order_id=order.pk,
        payload=payload,
    )


@handles("follow_parcel")
def follow_parcel(task: Task) -> Mapping[str, Any] | Again:
    """Subscribe, then look again whenever the courier was silent, until the parcel has come to its end."""
    connection = task.through
    label = Label.objects.select_related("parcel").get(pk=task.payload["label"])
    if not label.is_living or _has_arrived(label):
        return {"code": "not_wanted", "state": label.state}
    adapter, access = adapter_named(connection.adapter), connection.open()
    wish = TrackWish(
        carrier=str(task.payload.get("carrier") or label.carrier),
        waybill=str(task.payload.get("waybill") or label.waybill),
        phone_last4=last_four(label),
    )
    if task.turn == 0 and adapter.can("subscribe", connection.settings):
        adapter.subscribe(access, wish)
        return _again_or_done(connection, label, wish.waybill)
    if _heard_at(label, wish.waybill) + SILENCE <= clock.now():
        message = adapter.query(access, wish)
        for receipt_id in keep(connection, [message]):
            process(receipt_id)
    return _again_or_done(connection, label, wish.waybill)


def _again_or_done(connection: Connection, label: Label, waybill: str) -> Mapping[str, Any] | Again:
    if not adapter_named(connection.adapter).can("query", connection.settings):
        return {"code": "done", "waybill": waybill}
    return Again(max(_heard_at(label, waybill), clock.now() - SILENCE / 2) + SILENCE)


def _heard_at(label: Label, waybill: str) -> Any:
    """When the courier last said something of this waybill; before the first word, when the label was made."""
    spoken_of = Q(subject=waybill) | Q(seen__has_key=f"{ONWARD}{waybill}")
    claim = Claim.objects.filter(
        spoken_of, system=CauseKind.COURIER, order__lines__parcel_lines__parcel=label.parcel_id
    )
    received = claim.order_by("-received_at").values_list("received_at", flat=True).first()
    return received or label.live_at or label.requested_at


def _has_arrived(label: Label) -> bool:
    parcel = label.parcel
    left = parcel.shipped_at
    ended = parcel.state in (ParcelState.SIGNED, ParcelState.RETURNED, ParcelState.VOIDED)
    return ended or (left is not None and left < clock.now() - LONGEST_WAY)


def last_four(label: Label) -> str:
    """The end of the receiver's phone, which some couriers ask for; empty where the platform hides it."""
    order = Order.objects.filter(lines__parcel_lines__parcel=label.parcel_id).order_by("pk").first()
    row = AddressVersion.objects.filter(order=order).order_by("-version").first() if order else None
    tail = open_address(order, row).phone[-4:] if order and row else ""
    return tail if len(tail) == 4 and tail.isdigit() else ""
