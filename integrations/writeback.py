"""What other systems must hear of an event: planned in the dispatch transaction, sent by jobs.

`plan` is a consumer of the events (DESIGN 3). It decides nothing about the order; it turns "this happened" into jobs
with a unique key, so that planning twice plans once.
"""

from collections.abc import Callable

from integrations import intercepts, issuing, jobs, packages, telling, tracking
from integrations.models import Connection, Job
from integrations.registry import adapter_named
from orders.lifecycle import HoldReason, Move, OrderState, ParcelState
from orders.models import Event, Hold, Label, Order, Parcel, Shop


def plan(event: Event, order: Order) -> None:
    """Plan the jobs of one event, inside the caller's transaction."""
    if event.result == Event.Result.REFUSED:
        return
    for planner in _PLANNERS.get(event.verb, ()):
        planner(event, order)


def _parcel(event: Event) -> Parcel | None:
    if event.parcel_id is None:
        return None
    return Parcel.objects.select_related("warehouse").filter(pk=event.parcel_id).first()


def _parcels(order: Order) -> list[Parcel]:
    return list(Parcel.objects.filter(lines__order_line__order=order).distinct().order_by("pk"))


def _warehouse_connection(parcel: Parcel, capability: str) -> Connection | None:
    rows = Connection.objects.filter(company=parcel.company_id, warehouse=parcel.warehouse_id, enabled=True)
    able = (row for row in rows.order_by("pk") if adapter_named(row.adapter).can(capability, row.settings))
    return next(able, None)


def _release(event: Event, order: Order) -> None:
    """A paid order goes to its warehouse by itself, as soon as nothing speaks against it."""
    if order.state == OrderState.PAID and order.shop.auto_release and not order.held:
        jobs.plan("release_order", f"release:{order.pk}:{order.version}", lane=Job.Lane.INGEST, order_id=order.pk)


def _deliver(event: Event, order: Order) -> None:
    parcel = _parcel(event)
    if parcel and event.result == Event.Result.OK:
        _plan_delivery(order, parcel, f"deliver:{parcel.pk}")


def _plan_delivery(order: Order, parcel: Parcel, key: str) -> None:
    if connection := _warehouse_connection(parcel, "deliver"):
        jobs.plan(
            "deliver_parcel",
            key,
            lane=Job.Lane.SYNC,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk},
        )


def _waybill_when_packed(event: Event, order: Order) -> None:
    """Packed, and the tower prints here: ask for the number at once, so that the packer does not wait."""
    parcel = _parcel(event)
    if parcel and parcel.state == ParcelState.PACKED and parcel.warehouse and parcel.warehouse.printed_by == "tower":
        jobs.plan(
            "request_waybill",
            f"ask-waybill:{parcel.pk}:{event.pk}",
            lane=Job.Lane.URGENT,
            order_id=order.pk,
            payload={"parcel": parcel.pk},
        )


def _issue(event: Event, order: Order) -> None:
    label = Label.objects.select_related("parcel").filter(pk=event.facts.get("label")).first()
    if label:
        connection = issuing.issuer_for(order, label)
        jobs.plan(
            "issue_waybill",
            issuing.job_key(label),
            lane=Job.Lane.URGENT,
            connection_id=connection.pk if connection else None,
            order_id=order.pk,
            payload={"label": label.pk},
        )


def _recycle(event: Event, order: Order) -> None:
    """A number that will not travel is given back where it came from: a dead label's, or one that came too late."""
    label = Label.objects.select_related("parcel").filter(pk=event.facts.get("label")).first()
    waybill = str(event.facts.get("waybill") or "")
    if not label or not waybill or label.issuer != Label.Issuer.TOWER:
        return
    if connection := issuing.issuer_of(order, label):
        jobs.plan(
            "cancel_waybill",
            f"cancel-waybill:{label.pk}:{waybill}",
            connection_id=connection.pk,
            order_id=order.pk,
            payload={
                "carrier": str(event.facts.get("carrier") or label.carrier),
                "waybill": waybill,
                "label": label.pk,
            },
        )


def _tell_platform(event: Event, order: Order) -> None:
    if parcel := _parcel(event):
        _plan_telling(order, parcel, f"ship:{order.pk}:{parcel.pk}")


def _plan_telling(order: Order, parcel: Parcel, key: str) -> None:
    """A parcel left: the platform hears it once, where the tower is the one who tells it."""
    connection = telling.shop_connection(order, "ship")
    if connection and order.shop.uploads_waybills == Shop.Uploader.TOWER:
        jobs.plan(
            "tell_platform",
            key,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk},
        )


def _pend(event: Event, order: Order) -> None:
    """The order is locked: its warehouse must stop too, for every parcel that has not left."""
    for parcel in _parcels(order):
        if parcel.state in (ParcelState.TO_PICK, ParcelState.PACKED):
            _plan_pend("pend_parcel", event, order, parcel)


def _restore(event: Event, order: Order) -> None:
    if Hold.objects.filter(order=order, state=Hold.State.OPEN).exists():
        return
    for parcel in _parcels(order):
        if parcel.state in (ParcelState.TO_PICK, ParcelState.PACKED):
            if _gave_way("deliver_parcel", order, parcel):
                _plan_delivery(order, parcel, f"deliver:{parcel.pk}:{event.pk}")
            _plan_pend("restore_parcel", event, order, parcel)
        elif parcel.is_live and _gave_way("tell_platform", order, parcel):
            _plan_telling(order, parcel, f"ship:{order.pk}:{parcel.pk}:{event.pk}")
    packages.try_again(order)
    _release(event, order)


def _gave_way(kind: str, order: Order, parcel: Parcel) -> bool:
    """Whether a job was planned for this parcel and has not done its work: a hold kept it, or wore out its tries."""
    jobs_of_order = Job.objects.filter(order_id=order.pk, kind=kind)
    planned = [job for job in jobs_of_order if job.payload["parcel"] == parcel.pk and "waybill" not in job.payload]
    made = [job for job in planned if job.state == Job.State.DONE and job.result.get("code") != "held"]
    return bool(planned) and not made


def _plan_pend(kind: str, event: Event, order: Order, parcel: Parcel) -> None:
    if connection := _warehouse_connection(parcel, "pend"):
        reason = str(event.facts.get("reason") or "")
        jobs.plan(
            kind,
            f"{kind}:{parcel.pk}:{event.pk}",
            lane=Job.Lane.URGENT,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk, "reason": str(HoldReason(reason).label) if reason else ""},
        )


def _answer(event: Event, order: Order) -> None:
    """A person's answer to what the buyer asked goes to the platform. What the reply itself said needs no telling."""
    connection = telling.shop_connection(order, "answer")
    if connection and event.actor.startswith(("person:", "api_key:")):
        jobs.plan(
            "answer_platform",
            f"answer:{event.facts['kind']}:{event.facts['case']}:{event.pk}",
            lane=Job.Lane.URGENT,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={name: event.facts[name] for name in ("kind", "request", "accepted")} | {"reason": event.reason},
        )


def _cancel_delivery(event: Event, order: Order) -> None:
    """Also where the ERP sends the orders: whoever sent it, it must not leave."""
    parcel = _parcel(event)
    connection = parcel and (_warehouse_connection(parcel, "deliver") or _warehouse_connection(parcel, "between"))
    if parcel and connection:
        jobs.plan(
            "cancel_delivery",
            f"cancel-delivery:{parcel.pk}",
            lane=Job.Lane.URGENT,
            connection_id=connection.pk,
            order_id=order.pk,
            payload={"parcel": parcel.pk},
        )


_PLANNERS: dict[str, tuple[Callable[[Event, Order], None], ...]] = {
    "order_seen": (_release,),
    "fact": (
        _release,
        telling.plan_pick_up,
        packages.plan_others,
        tracking.plan_onward,
        intercepts.plan_by_fact,
    ),
    Move.PAY: (_release,),
    "follow_parcels": (_release,),
    Move.RELEASE: (_deliver,),
    Move.PACK: (_waybill_when_packed, telling.plan_telling),
    Move.PRINT: (tracking.plan_following,),
    Move.SIGN: (telling.plan_telling,),
    "waybill_requested": (_issue,),
    "label_voided": (_recycle,),
    "waybill_orphaned": (_recycle,),
    Move.SHIP: (_tell_platform, telling.plan_telling, tracking.plan_following, packages.plan_others, intercepts.plan),
    Move.VOID: (_cancel_delivery,),
    "case_answered": (_answer,),
    "hold_opened": (_pend,),
    "intercept_ended": (intercepts.look_again,),
    "hold_lifted": (_restore,),
    "hold_withdrawn": (_restore,),
}
# What it is told of.
VERBS = frozenset(map(str, _PLANNERS))
