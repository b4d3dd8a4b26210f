"""Several packages under one parcel, as a warehouse confirmed them: platform and ERP hear every number, and each is
followed.

The tower keeps them as one parcel with several numbers (docs/decisions/0003): which goods are in which package decides
which lines the platform is told with which number.
"""

from collections.abc import Mapping, Sequence

from integrations import jobs, telling, tracking
from integrations.models import Connection, Job, Trouble
from integrations.troubles import raise_trouble
from orders.lifecycle import CauseKind, ParcelState
from orders.models import Claim, Event, Label, Order, PackLine, Parcel
from orders.models.label import DEAD
from orders.services.claims import Package, packages_of
from orders.services.dossier import load
from orders.vocabulary import Cause

LEFT = (ParcelState.SHIPPED, ParcelState.SIGNED)


def declared(order: Order, parcel: Parcel) -> list[Package]:
    """The packages of a parcel where there are several; empty, at the cost of one query, where there is one."""
    words = Claim.objects.filter(order=order, system__in=(CauseKind.WMS, CauseKind.ERP)).values_list("seen", flat=True)
    if len({name for seen in words for name in seen if name.startswith("package:")}) < 2:
        return []
    (dossier,) = load([order], cause=Cause(kind=CauseKind.SYSTEM))
    found = packages_of(dossier, parcel)
    return found if len(found) > 1 else []


def shares(order: Order, parcel: Parcel, packages: Sequence[Package]) -> dict[str, tuple[str, ...]]:
    """Waybill → the platform's lines in it, where each line of the parcel lies in one package only; else nothing.

    A platform takes one number for a line, so what is spread over two packages can't be told by lines.
    """
    rows = PackLine.objects.filter(parcel=parcel, order_line__order=order)
    goods: dict[str, set[str]] = {}
    for line, sku, code in rows.values_list("order_line__platform_line_id", "order_line__sku", "goods__code"):
        goods.setdefault(line, set()).update((code, sku))
    found: dict[str, tuple[str, ...]] = {}
    for line, codes in sorted(goods.items()):
        inside = [one.waybill for one in packages if codes & {code for code, _ in one.items}]
        if len(inside) != 1:
            return {}
        found[inside[0]] = (*found.get(inside[0], ()), line)
    return found


def plan_others(event: Event, order: Order) -> None:
    """A parcel left, or more of its packages became known: the numbers beside its label are told and followed too."""
    if event.verb == "fact" and len(event.facts.get("waybills") or ()) == 0:
        return
    parcels = Parcel.objects.filter(lines__order_line__order=order, state__in=LEFT).select_related("warehouse")
    for parcel in parcels.distinct().order_by("pk"):
        label = Label.objects.filter(parcel=parcel).exclude(waybill="").exclude(state__in=DEAD).first()
        if label is None:
            continue
        for package in declared(order, parcel):
            if package.waybill != label.waybill:
                carrier = package.carrier or label.carrier
                _plan_telling(order, parcel, carrier, package.waybill)
                telling.plan_package(order, parcel, carrier, package.waybill)
                tracking.plan_number(order, label, carrier, package.waybill)


def _plan_telling(order: Order, parcel: Parcel, carrier: str, waybill: str) -> None:
    """Only beside the parcel's own telling: where that is not the tower's work, this is not either."""
    main = Job.objects.filter(key=f"ship:{order.pk}:{parcel.pk}").first()
    if main is not None:
        jobs.plan(
            "tell_platform",
            f"ship:{order.pk}:{parcel.pk}:package:{waybill}"[:200],
            connection_id=main.connection_id,
            order_id=order.pk,
            payload={"parcel": parcel.pk, "waybill": waybill, "carrier": carrier},
        )


def try_again(order: Order) -> None:
    """The order is free again: numbers that its hold kept back until their tries ran out are told now."""
    for job in Job.objects.filter(order_id=order.pk, kind="tell_platform", state=Job.State.FAILED):
        if "waybill" in job.payload:
            jobs.retry(job.pk)


def not_told(order: Order, waybill: str, why: str, *, connection: Connection | None) -> Mapping[str, str]:
    """The platform has no place for this number: a person adds it there by hand, or tells the buyer."""
    text = f"订单 {order.platform_order_id} 有多个包裹，运单 {waybill} 没能登记到平台：{why}"
    raise_trouble(
        order.company_id,
        Trouble.Kind.UNTOLD,
        f"package:{order.pk}:{waybill}",
        text,
        connection=connection,
        order_id=order.pk,
    )
    return {"code": "not_told", "waybill": waybill, "detail": why}
