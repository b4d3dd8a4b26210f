"""Observations: what another system reports has happened, and is always recorded (law 4), once (law 2)."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, transaction

from orders.lifecycle import CauseKind, Role
from orders.models import (
    DocumentLink,
    Event,
    ExternalDocument,
    FactKey,
    Membership,
    Order,
    Parcel,
    PrintAttempt,
    WarehouseOperator,
)
from orders.services import cases, claims, goods, snapshots
from orders.services.claims import main_parcel
from orders.services.decide import answer, in_one_transaction
from orders.services.dossier import Dossier, close, lock_dossiers
from orders.services.outcome import Outcome
from orders.services.settle import settle
from orders.vocabulary import (
    Cause,
    CustomerRequest,
    DocumentReport,
    Fact,
    OrderSnapshot,
    PrintReport,
    RefundSnapshot,
    ShortageReport,
    TrackPoint,
    WarehouseReport,
)

# The kind of document that names the waybill of goods coming back.
RETURN_WAYBILL = "return_waybill"
_RETRIES = 3


def record(fact: Fact, *, cause: Cause) -> Outcome:
    """Record one fact in a transaction of its own.

    `done`: it moved something or was news. `repeat`: known already. `stale_fact`: recorded, moved nothing.
    `unknown_subject`: its order is not here yet (nothing stored; park it). `conflicting_body`: the key was used for
    another body (park and alarm).
    """
    for attempt in range(_RETRIES):
        try:
            with transaction.atomic(durable=True):
                return _record(fact, cause)
        except IntegrityError:
            # Another worker recorded the same fact, or made the same order, at the same moment: look again.
            if attempt == _RETRIES - 1:
                raise
    raise AssertionError("unreachable")


def _record(fact: Fact, cause: Cause) -> Outcome:
    order_ids = _find(fact)
    if not order_ids and isinstance(fact.snapshot, OrderSnapshot):
        if _known_hash(fact) is not None:
            return Outcome(ok=False, code="conflicting_body", detail="同一编号已用于另一订单的报文")
        return _take_new([fact], cause)[0]
    if not order_ids:
        return Outcome(ok=False, code="unknown_subject", detail=f"还没有订单 {fact.subject}")
    dossiers = lock_dossiers(order_ids, cause=cause)
    known = _known_hash(fact)
    first = dossiers[0]
    if known == fact.body_hash:
        return answer(first, code="repeat")
    if known is not None:
        return _conflicting(first, fact)
    first.touch(_key_of(fact))
    news = False
    for dossier in dossiers:
        news = _take(dossier, fact) or news
        settle(dossier)
    close(dossiers)
    return answer(first, code="done" if news else "stale_fact", event_id=first.events[-1].pk if first.events else None)


def record_new_orders(facts: Sequence[Fact], *, cause: Cause) -> list[Outcome | None]:
    """Record together, in one transaction, those facts that bring an order nobody has seen; their outcomes.

    `None` where a fact is about a known order, comes twice, or could not be recorded with the others: the caller hands
    it to `record`, which says what is the matter with it. For hundreds of orders at once, not for thousands.
    """
    outcomes: list[Outcome | None] = [None] * len(facts)
    try:
        with transaction.atomic(durable=True):
            # In one order for everybody, so that two who bring the same orders do not wait for each other.
            places = sorted(_new_among(facts), key=lambda place: (facts[place].shop_id or 0, facts[place].subject))
            for place, outcome in zip(places, _take_new([facts[place] for place in places], cause), strict=True):
                outcomes[place] = outcome
    except (DatabaseError, ValueError, ObjectDoesNotExist):
        return [None] * len(facts)
    return outcomes


def _new_among(facts: Sequence[Fact]) -> list[int]:
    """Places of the first picture of each unknown order, where its key is unknown too."""
    pictures = [place for place, fact in enumerate(facts) if isinstance(fact.snapshot, OrderSnapshot)]
    known_orders: set[tuple[int | None, str]] = set(
        Order.objects.filter(
            shop__in={facts[place].shop_id for place in pictures},
            platform_order_id__in={facts[place].subject for place in pictures},
        ).values_list("shop_id", "platform_order_id")
    )
    known_keys = set(
        FactKey.objects.filter(
            connection__in={facts[place].source for place in pictures}, key__in={facts[place].key for place in pictures}
        ).values_list("connection", "key")
    )
    found = []
    for place in pictures:
        order, key = (facts[place].shop_id, facts[place].subject), (facts[place].source, facts[place].key)
        if order not in known_orders and key not in known_keys:
            found.append(place)
            known_orders.add(order)
            known_keys.add(key)
    return found


def _take_new(facts: Sequence[Fact], cause: Cause) -> list[Outcome]:
    dossiers = snapshots.new_dossiers(facts, cause=cause)
    goods.load_maps(dossiers)
    for dossier, fact in zip(dossiers, facts, strict=True):
        dossier.touch(_key_of(fact))
        _take(dossier, fact, created=True)
        settle(dossier)
    close(dossiers)
    return [answer(dossier, event_id=dossier.events[-1].pk) for dossier in dossiers]


def _key_of(fact: Fact) -> FactKey:
    return FactKey(connection=fact.source, key=fact.key, body_hash=fact.body_hash)


def _known_hash(fact: Fact) -> str | None:
    """The hash of the body that came under this key before; `None` where the key is new."""
    rows = FactKey.objects.filter(connection=fact.source, key=fact.key)
    return rows.values_list("body_hash", flat=True).first()


def _conflicting(dossier: Dossier, fact: Fact) -> Outcome:
    """Same key, other body (law 2): nothing is applied; the event raises the alarm, the caller parks the message."""
    dossier.note(
        "fact_conflict",
        result=Event.Result.REFUSED,
        changes=False,
        key=fact.key,
        reason="同一编号收到内容不同的报文",
        facts={"source": fact.source},
    )
    close([dossier])
    return answer(dossier, ok=False, code="conflicting_body", detail="同一编号收到内容不同的报文")


def _find(fact: Fact) -> list[int]:
    """The orders that a fact is about."""
    snapshot = fact.snapshot
    if isinstance(snapshot, OrderSnapshot | RefundSnapshot | CustomerRequest):
        rows = Order.objects.filter(shop=fact.shop_id, platform_order_id=fact.subject)
        return list(rows.values_list("pk", flat=True))
    mine = Order.objects.filter(company=fact.company_id)
    if isinstance(snapshot, TrackPoint):
        return _by_waybill(fact, snapshot.waybill) or (
            _by_waybill(fact, snapshot.formerly) if snapshot.formerly else []
        )
    code = snapshot.order
    found = list(mine.filter(number=code).values_list("pk", flat=True))
    if not found:
        found = list(mine.filter(lines__parcel_lines__parcel__number=code).distinct().values_list("pk", flat=True))
    found = found or _by_document(fact, "order", code)
    if not found and isinstance(snapshot, WarehouseReport) and snapshot.platform_order_id:
        rows = mine.filter(platform_order_id=snapshot.platform_order_id)
        found = list((rows.filter(shop=fact.shop_id) if fact.shop_id else rows).values_list("pk", flat=True))
    if not found and isinstance(snapshot, WarehouseReport | DocumentReport):
        # A parcel that came back unannounced is known by the number it left with.
        back = (number for kind, number in snapshot.documents if kind == RETURN_WAYBILL)
        found = next((ids for number in back if (ids := _by_waybill(fact, number))), [])
    return found


def _by_waybill(fact: Fact, waybill: str) -> list[int]:
    by_label = Order.objects.filter(company=fact.company_id, lines__parcel_lines__parcel__labels__waybill=waybill)
    return list(by_label.distinct().values_list("pk", flat=True)) or _by_document(fact, "waybill", waybill)


def _by_document(fact: Fact, kind: str, number: str) -> list[int]:
    links = DocumentLink.objects.filter(document__company=fact.company_id, document__kind=kind, document__number=number)
    return list(links.values_list("order_id", flat=True).distinct())


def _take(dossier: Dossier, fact: Fact, created: bool = False) -> bool:
    """Put the fact into what is recorded of the order; True where it is news. States follow in `settle`."""
    takers: dict[type, Callable[[Dossier, Fact, Any], tuple[bool, dict[str, Any]]]] = {
        OrderSnapshot: snapshots.take_order,
        RefundSnapshot: snapshots.take_refund,
        CustomerRequest: cases.take_request,
        WarehouseReport: _take_report,
        PrintReport: _take_print,
        ShortageReport: _take_shortage,
        DocumentReport: _take_documents,
        TrackPoint: _take_point,
    }
    news, facts = takers[type(fact.snapshot)](dossier, fact, fact.snapshot)
    dossier.note(
        "order_seen" if created else "fact" if news else "stale_fact",
        result=Event.Result.OBSERVED,
        changes=news,
        key=fact.key,
        facts={"system": str(fact.system), **({"via": fact.via} if created and fact.via else {}), **facts},
        source_at=_time_of(fact),
    )
    return news


def _time_of(fact: Fact) -> Any:
    for name in ("modified_at", "reported_at", "printed_at", "at", "updated_at"):
        if (value := getattr(fact.snapshot, name, None)) is not None:
            return value
    return None


def _take_report(dossier: Dossier, fact: Fact, report: WarehouseReport) -> tuple[bool, dict[str, Any]]:
    claim, news = claims.hear(
        dossier,
        system=str(fact.system),
        subject=report.order,
        stage=report.stage,
        source_status=report.platform_status,
        at=report.reported_at,
    )
    packed = fact.system == CauseKind.WMS and report.stage in ("checked", "packed", "weighed", "staged")
    if packed and _speaks_for_lead(dossier, report.operator):
        news = news or "packed_by_lead" not in claim.seen
        claims.remember_first(claim, "packed_by_lead", report.reported_at)
    for package in report.parcels:
        if package.waybill:
            name = f"waybill:{package.carrier}:{package.waybill}"
            news = news or name not in claim.seen
            claims.remember_first(claim, name, report.reported_at)
            claims.remember_first(claim, f"package:{package.waybill}", report.reported_at)
            for code, quantity in package.items:
                claims.remember_first(claim, f"item:{package.waybill}:{quantity}:{code}", report.reported_at)
            _link(dossier, "wms", "waybill", package.waybill)
    for kind, number in report.documents:
        _link(dossier, str(fact.system), kind, number)
    facts = {"stage": report.stage, "status": report.platform_status, "code": report.order}
    return news, {**facts, "waybills": [package.waybill for package in report.parcels], "operator": report.operator}


def _speaks_for_lead(dossier: Dossier, operator: str) -> bool:
    """Whether this "packed" is 仓管组长's confirmation: by the warehouse's policy, or by who pressed the button."""
    warehouse = dossier.order.warehouse or dossier.order.shop.warehouse
    if warehouse is None:
        return False
    if warehouse.accepts_wms_pack:
        return True
    users = WarehouseOperator.objects.filter(warehouse=warehouse, code=operator).values("user")
    leads = Membership.objects.filter(
        user__in=users, user__is_active=True, company=warehouse.company_id, role=Role.WAREHOUSE_LEAD
    )
    return bool(operator) and any(row.warehouse_id in (None, warehouse.pk) for row in leads)


def _take_print(dossier: Dossier, fact: Fact, report: PrintReport) -> tuple[bool, dict[str, Any]]:
    """A warehouse printed. A report without a waybill is about the pick list, unless its sender prints the labels."""
    facts = {"print": True, "waybill": report.waybill, "operator": report.operator, "code": report.order}
    warehouse = dossier.order.warehouse or dossier.order.shop.warehouse
    if not report.waybill and (warehouse is None or warehouse.printed_by != fact.system):
        return False, {**facts, "counts": False}
    if same := _print_at(dossier, report):
        # A warehouse that is asked again may leave the waybill out; it is the same sheet of paper.
        news = bool(report.waybill) and not same.waybill
        if news:
            same.waybill = report.waybill
            dossier.touch(same)
        return news, facts
    if not dossier.parcels:
        _hear_print(dossier, fact, report)
        settle(dossier)
    parcel = next((p for p in dossier.parcels if p.number == report.order), None) or main_parcel(dossier)
    if parcel is None:
        raise RuntimeError("settle made no parcel for a printed order")
    row = PrintAttempt.objects.create(
        order=dossier.order,
        parcel=parcel,
        outcome=PrintAttempt.Outcome.OBSERVED,
        result=PrintAttempt.Result.PRINTED,
        at=report.printed_at,
        waybill=report.waybill,
        source=f"{dossier.cause.source} {report.operator}".strip()[:100],
        station=str(fact.system),
    )
    dossier.prints.append(row)
    return True, facts


def _print_at(dossier: Dossier, report: PrintReport) -> PrintAttempt | None:
    """The observed print of that moment; one of the two may not know its waybill. The exact one goes first."""
    rows = [row for row in dossier.prints if row.outcome == "observed" and row.at == report.printed_at]
    fitting = [row for row in rows if row.waybill == report.waybill or not (row.waybill and report.waybill)]
    return min(fitting, key=lambda row: row.waybill != report.waybill, default=None)


def _hear_print(dossier: Dossier, fact: Fact, report: PrintReport) -> None:
    claims.hear(
        dossier,
        system=str(fact.system),
        subject=report.order,
        stage="printed",
        source_status="PRINT",
        at=report.printed_at,
    )


def _take_point(dossier: Dossier, fact: Fact, point: TrackPoint) -> tuple[bool, dict[str, Any]]:
    """A courier's word. A number that a parcel got on its way speaks for the one on its label."""
    number = claims.original_number(dossier, point.formerly or point.waybill)
    claim, news = claims.hear(
        dossier,
        system=str(fact.system),
        subject=number,
        stage=point.stage,
        source_status=point.text or point.stage,
        at=point.at,
    )
    others = {point.waybill, point.onward} - {number, ""}
    learnt = sorted(other for other in others if claims.ONWARD + other not in claim.seen)
    label = next((row for row in dossier.labels if row.waybill == number), None)
    for other in learnt:
        _link(dossier, str(fact.system), "waybill", other, label.parcel if label else None)
    for other in others:
        claims.remember_first(claim, claims.ONWARD + other, point.at)
    facts = {"stage": claims.courier_meant(claim, point.stage, point.at), "waybill": point.waybill}
    return news or bool(learnt), facts | ({"onward": learnt} if learnt else {})


def _take_shortage(dossier: Dossier, fact: Fact, report: ShortageReport) -> tuple[bool, dict[str, Any]]:
    """What is missing, kept with the warehouse's claim; `implied` makes a hold of it until the order goes on."""
    at = report.reported_at
    claim, news = claims.hear(
        dossier, system=str(fact.system), subject=report.order, stage="exception", source_status="ITEMLACK", at=at
    )
    for code, quantity in report.missing:
        name = f"lack:{at.isoformat()}:{quantity}:{code}"
        news = news or name not in claim.seen
        claims.remember_first(claim, name, at)
    return news, {"code": report.order, "missing": [list(one) for one in report.missing]}


def _take_documents(dossier: Dossier, fact: Fact, report: DocumentReport) -> tuple[bool, dict[str, Any]]:
    """Numbers by which people look for the order: of the parcel, where the code is a parcel's."""
    parcel = next((row for row in dossier.parcels if row.number == report.order), None)
    made = [_link(dossier, str(fact.system), kind, number, parcel) for kind, number in report.documents]
    return any(made), {"code": report.order, "documents": [list(one) for one in report.documents]}


def _link(dossier: Dossier, system: str, kind: str, number: str, parcel: Parcel | None = None) -> bool:
    document, _ = ExternalDocument.objects.get_or_create(
        company_id=dossier.order.company_id, system=system, kind=kind, number=number
    )
    return DocumentLink.objects.get_or_create(document=document, order=dossier.order, parcel=parcel)[1]


def look_again(order_id: int, *, cause: Cause) -> Outcome:
    """Derive the order once more, after something that its facts are read by has changed (a SkuMap, a policy)."""

    def act(dossiers: list[Dossier]) -> Outcome:
        settle(dossiers[0])
        return answer(dossiers[0])

    return in_one_transaction([order_id], cause, act)
