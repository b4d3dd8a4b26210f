"""Facts of systems that have no connector: each recorded by itself, as if their connector had heard them."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from orders import clock
from orders.api import event_shapes as shapes
from orders.api import order_examples as examples
from orders.api.authentication import owner_of
from orders.api.problems import Problem, field_errors, invalid, printable, problem_handler
from orders.api.reports import canonical, source_of
from orders.api.schema import operation
from orders.api.views import ApiView
from orders.lifecycle import CauseKind
from orders.models import Order
from orders.selectors.access import Access, access_of_user
from orders.selectors.subjects import Subject, subject_by_number, subject_by_waybill
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.vocabulary import (
    Cause,
    Fact,
    ParcelSnapshot,
    PrintReport,
    RefundSnapshot,
    Snapshot,
    TrackPoint,
    WarehouseReport,
)

# A clock may run ahead by so much; what comes from further in the future would win over all that is true later.
AHEAD = timedelta(minutes=5)


class Events(ApiView):
    scopes = {"POST": "events:write"}

    @operation(
        id="events_report",
        summary="Report up to 1,000 facts of a system without a connector; each is taken or refused by itself",
        description=shapes.REPORTING,
        request=shapes.EventsBody,
        answers={200: shapes.EventsAnswer},
        examples=examples.EVENTS,
    )
    def post(self, request: Request) -> Response:
        teller = Teller(self.access, self.cause, source_of(owner_of(request)))
        return Response({"results": [self.answer(teller, item) for item in self.body(shapes.EventsEnvelope)["events"]]})

    def answer(self, teller: "Teller", item: dict[str, Any]) -> dict[str, Any]:
        """A bad one does not stop the others: its problem is its answer."""
        key = printable(item["key"]) if isinstance(item.get("key"), str) else None
        result: dict[str, Any] = {"key": key, "code": "", "order": None, "event": None, "detail": ""}
        shape = shapes.EventBody(data=item)
        if not shape.is_valid():
            return {**result, "code": "invalid", "detail": _("内容有误"), "errors": field_errors(shape.errors)}
        try:
            outcome = teller.tell(shape.validated_data)
        except Exception as error:
            problem = problem_handler(error, {"request": self.request}).data
            code = "invalid" if problem["code"] == "validation" else problem["code"]
            errors = {"errors": problem["errors"]} if "errors" in problem else {}
            return {**result, "code": code, "detail": problem["detail"], **errors}
        unused = [printable(name) for name in sorted(set(item.get("data") or {}) - set(shapes.EventData().fields))]
        detail = outcome.detail or (_("没有用到：{names}").format(names="、".join(unused)) if unused else "")
        return {**result, "code": outcome.code, "order": outcome.order_id, "event": outcome.event_id, "detail": detail}


class Teller:
    """Records events for one caller."""

    def __init__(self, access: Access, cause: Cause, source: str) -> None:
        self._access, self._cause, self._source = access, cause, source
        # A key that acts as a person says no more than that person may.
        self._standing = access if cause.user_id is None else access_of_user(cause.user_id)

    def tell(self, body: dict[str, Any]) -> Outcome:
        """One event in a transaction of its own. `Problem` or `ValidationError` where it is refused before that."""
        system = body["system"]
        kind = shapes.KINDS[system].get(body["kind"])
        if kind is None:
            known = "、".join(shapes.KINDS[system])
            raise invalid("kind", _("{system} 没有这种事实，可用：{known}").format(system=system, known=known))
        if body["occurred_at"] > clock.now() + AHEAD:
            raise invalid("occurred_at", _("比现在晚五分钟以上，请校对时钟后用同一个 key 重新上报"))
        if self._cause.kind not in (CauseKind.PERSON, CauseKind.SYSTEM, system):
            raise Problem(
                "role", _("这个密钥代表 {mine}，不能替 {system} 上报").format(mine=self._cause.kind, system=system)
            )
        subject = self._subject(body, kind)
        if not subject.orders:
            return Outcome(
                ok=False, code="unknown_subject", detail=_("还没有这个订单或运单号，请稍后用同一个 key 再报")
            )
        if not all(self._standing.may_report_for(order.shop) for order in subject.orders):
            raise Problem("role", _("没有上报的权限，请找运营主管处理"))
        return record(self._fact(body, kind, subject), cause=self._cause)

    def _subject(self, body: dict[str, Any], kind: shapes.Kind) -> Subject:
        order, waybill = body["order"], body["waybill"]
        if kind.becomes == "track" and not waybill:
            raise invalid("waybill", _("快递的事实要写明运单号"))
        if not order and not waybill:
            raise invalid("order", _("请写明 order 或 waybill"))
        if kind.becomes != "track" and order:
            return _single(subject_by_number(self._access, order), "order")
        found = subject_by_waybill(self._access, waybill)
        if kind.becomes != "track":
            return _single(found, "waybill")
        if order and found.orders and not set(subject_by_number(self._access, order).orders) & set(found.orders):
            raise invalid("waybill", _("这个运单号属于另一个订单"))
        return found

    def _fact(self, body: dict[str, Any], kind: shapes.Kind, subject: Subject) -> Fact:
        order, data = subject.orders[0], _data(body)
        make: dict[str, Callable[[dict[str, Any], dict[str, Any], shapes.Kind, Subject], Snapshot]] = {
            "report": _report,
            "print": _print,
            "track": _track,
            "word": _word,
            "refund": _refund,
        }
        digest = hashlib.sha256(canonical(body)).hexdigest()
        return Fact(
            source=self._source,
            key=f"event:{body['key']}",
            body_hash=digest[:32],
            subject=_subject_name(kind, body, order, subject.code),
            snapshot=make[kind.becomes](body, data, kind, subject),
            system=CauseKind(body["system"]),
            company_id=order.company_id,
            shop_id=order.shop_id,
        )


def _single(subject: Subject, field: str) -> Subject:
    """A warehouse's or platform's word is about one order; what an ERP merged is told order by order."""
    if len(subject.orders) > 1:
        numbers = "、".join(order.number for order in subject.orders[:10])
        raise invalid(field, _("这个号码对应多个订单，请逐个上报：{numbers}").format(numbers=numbers))
    return subject


def _data(body: dict[str, Any]) -> dict[str, Any]:
    """With its defaults, where none was sent."""
    if "data" in body:
        return dict(body["data"])
    empty = shapes.EventData(data={})
    empty.is_valid(raise_exception=True)
    return dict(empty.validated_data)


def _subject_name(kind: shapes.Kind, body: dict[str, Any], order: Order, code: str) -> str:
    names = {"track": body["waybill"], "refund": order.platform_order_id, "word": order.platform_order_id}
    return str(names.get(kind.becomes, code))


def _report(body: dict[str, Any], data: dict[str, Any], kind: shapes.Kind, subject: Subject) -> WarehouseReport:
    package = ParcelSnapshot(carrier=data["carrier"], waybill=body["waybill"])
    return WarehouseReport(
        order=subject.code,
        stage=kind.stage,
        platform_status=data["status"] or body["kind"],
        reported_at=body["occurred_at"],
        operator=data["operator"],
        parcels=(package,) if body["waybill"] else (),
    )


def _print(body: dict[str, Any], data: dict[str, Any], kind: shapes.Kind, subject: Subject) -> PrintReport:
    return PrintReport(
        order=subject.code,
        printed_at=body["occurred_at"],
        waybill=body["waybill"],
        carrier=data["carrier"],
        operator=data["operator"],
    )


def _track(body: dict[str, Any], data: dict[str, Any], kind: shapes.Kind, subject: Subject) -> TrackPoint:
    return TrackPoint(
        carrier=data["carrier"],
        waybill=body["waybill"],
        stage=kind.stage,
        at=body["occurred_at"],
        text=data["text"] or data["status"],
    )


def _word(body: dict[str, Any], data: dict[str, Any], kind: shapes.Kind, subject: Subject) -> WarehouseReport:
    """A platform's word about the whole order stands in the same claim as its pictures of it, and moves nothing."""
    number = subject.orders[0].platform_order_id
    return WarehouseReport(
        order=number,
        platform_order_id=number,
        stage=kind.stage,
        platform_status=data["status"] or body["kind"],
        reported_at=body["occurred_at"],
    )


def _refund(body: dict[str, Any], data: dict[str, Any], kind: shapes.Kind, subject: Subject) -> RefundSnapshot:
    if not data["refund_id"]:
        raise invalid("data.refund_id", _("请写明退款编号"))
    return RefundSnapshot(
        refund_id=data["refund_id"],
        platform_line_id=data["line"],
        kind=data["refund_kind"],
        status=kind.stage,
        requested_at=body["occurred_at"] if kind.stage == "open" else None,
        updated_at=body["occurred_at"],
        amount=data["amount"],
    )
