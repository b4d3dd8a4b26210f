"""Orders: reported, listed, shown, moved, held."""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from orders.api import order_examples as examples
from orders.api import order_shapes as shapes
from orders.api.allowed import AllowedMoves
from orders.api.authentication import owner_of
from orders.api.fields import read_moment
from orders.api.hold_shapes import HoldActed
from orders.api.pagination import BY_COMMIT, BY_SEQUENCE, NEWEST_FIRST, Cursor, Page, page_of, read_cursor
from orders.api.present import event_json, hold_json, order_json
from orders.api.problems import printable, problem_handler
from orders.api.reports import Reporter
from orders.api.schema import operation
from orders.api.views import ApiView, or_404
from orders.models import Order
from orders.selectors.orders import OrderFilter, events_of, filtered_orders, find_hold, find_order
from orders.services.dossier import load
from orders.services.holds import place_hold
from orders.services.move import move
from orders.services.outcome import Outcome


class OrderView(ApiView):
    def order(self, order_id: int) -> Order:
        return or_404(find_order(self.access, order_id))

    def shown(self, orders: list[Order]) -> list[dict[str, Any]]:
        """A fixed number of queries, however many orders there are."""
        allowed = AllowedMoves()
        return [order_json(dossier, allowed.of_order(dossier)) for dossier in load(orders, cause=self.cause)]

    def acted(self, order_id: int, outcome: Outcome) -> dict[str, Any]:
        """The order after an act, with the act's event."""
        [shown] = self.shown([self.order(order_id)])
        return {**shown, "event": outcome.event_id}


class Orders(OrderView):
    scopes = {"GET": "orders:read", "POST": "orders:write"}

    @operation(
        id="orders_list",
        summary="List orders",
        description=examples.LISTING,
        query=shapes.OrderQuery,
        answers={200: shapes.OrderList},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(shapes.OrderQuery)
        page, following = self.page_asked(asked)
        more = {"cursor": page.end.text if page.end else None} if following else {}
        return self.listed(page, self.shown(page.rows), **more)

    def page_asked(self, asked: Mapping[str, Any]) -> tuple[Page, bool]:
        """Newest first; with `updated_after` in the order of commits, so that a follower misses nothing."""
        after, start, since = asked["updated_after"], None, None
        ordering = BY_COMMIT if after else NEWEST_FIRST
        if after and (since := read_moment(re.sub(r" (\d\d:\d\d)$", r"+\1", after))) is None:
            start = Cursor(ordering.name, read_cursor(after, ordering, field="updated_after").position)
        if asked["cursor"]:
            start = read_cursor(asked["cursor"], ordering)
        wanted = OrderFilter(
            states=asked["state"] or (), shop_id=asked["shop"], held=asked["held"], text=asked["q"],
            updated_from=since, settled=bool(after),
        )  # fmt: skip
        rows = filtered_orders(self.access, wanted)
        return page_of(rows, ordering, cursor=start, size=asked["page_size"]), bool(after)

    @operation(
        id="orders_report",
        summary="Report an order, new or changed",
        description=examples.REPORTING,
        request=shapes.OrderBody,
        answers={201: shapes.OrderActed, 200: shapes.OrderActed},
        examples=examples.REPORT,
    )
    def post(self, request: Request) -> Response:
        body = self.body(shapes.OrderBody)
        outcome, new = Reporter(self.access, self.cause, owner_of(request)).report(body)
        return Response(self.acted(outcome.order_id or 0, outcome), status=201 if new else 200)


class OrdersBulk(ApiView):
    scopes = {"POST": "orders:write"}

    @operation(
        id="orders_report_bulk",
        summary="Report up to 1,000 orders; each is taken or refused by itself",
        request=shapes.BulkBody,
        answers={200: shapes.BulkAnswer},
        examples=examples.BULK,
    )
    def post(self, request: Request) -> Response:
        reporter = Reporter(self.access, self.cause, owner_of(request))
        items = self.body(shapes.BulkBody)["orders"]
        bodies = {place: body for place, item in enumerate(items) if (body := valid_body(item)) is not None}
        taken = dict(zip(bodies, reporter.report_new(list(bodies.values())), strict=True))
        return Response(
            {"results": [self.answer(reporter, item, taken.get(place)) for place, item in enumerate(items)]}
        )

    def answer(self, reporter: Reporter, item: dict[str, Any], taken: Outcome | None) -> dict[str, Any]:
        """A bad one does not stop the others: its problem is its answer."""
        named = item.get("platform_order_id")
        name = {"platform_order_id": printable(named) if isinstance(named, str) else None}
        try:
            outcome, new = (taken, True) if taken else reporter.report(self.checked(item))
        except Exception as error:
            problem = problem_handler(error, {"request": self.request}).data
            return name | {key: problem[key] for key in ("status", "code", "detail", "errors") if key in problem}
        known = {"status": 201, "code": "created"} if new else {"status": 200, "code": "known"}
        return {**name, **known, "id": outcome.order_id, "version": outcome.version, "event": outcome.event_id}

    def checked(self, item: dict[str, Any]) -> dict[str, Any]:
        shape = shapes.OrderBody(data=item)
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)


def valid_body(item: dict[str, Any]) -> dict[str, Any] | None:
    """What can be taken in with others; what is wrong with the rest is said when each has its own turn."""
    shape = shapes.OrderBody(data=item)
    return dict(shape.validated_data) if shape.is_valid() else None


class OrderDetail(OrderView):
    scopes = {"GET": "orders:read"}

    @operation(id="orders_retrieve", summary="Show an order", answers={200: shapes.Order}, refuses=[404])
    def get(self, request: Request, order_id: int) -> Response:
        return Response(self.shown([self.order(order_id)])[0])


class OrderTimeline(OrderView):
    scopes = {"GET": "orders:read"}

    @operation(
        id="orders_timeline",
        summary="What happened to an order, oldest first",
        query=shapes.PageQuery,
        answers={200: shapes.Timeline},
        refuses=[404],
    )
    def get(self, request: Request, order_id: int) -> Response:
        page = self.page(events_of(self.order(order_id)), BY_SEQUENCE, self.query(shapes.PageQuery))
        return self.listed(page, [event_json(event) for event in page.rows])


class OrderMoves(OrderView):
    scopes = {"POST": "moves:write"}

    @operation(
        id="orders_move",
        summary="Move an order, or its single parcel",
        request=shapes.MoveBody,
        answers={200: shapes.OrderActed},
        examples=examples.MOVE,
        refuses=[404],
    )
    def post(self, request: Request, order_id: int) -> Response:
        order, body = self.order(order_id), self.body(shapes.MoveBody)
        outcome = move(order.pk, body["move"], cause=self.cause, version=body["version"], reason=body["reason"])
        outcome.event_or_raise()
        return Response(self.acted(order.pk, outcome))


class OrderHolds(OrderView):
    scopes = {"POST": "holds:write"}

    @operation(
        id="orders_hold",
        summary="Hold an order, whatever its state",
        request=shapes.HoldBody,
        answers={201: HoldActed},
        examples=examples.HOLD,
        refuses=[404],
    )
    def post(self, request: Request, order_id: int) -> Response:
        order, body = self.order(order_id), self.body(shapes.HoldBody)
        parcel_id = body.pop("parcel")
        outcome = place_hold(order.pk, cause=self.cause, parcel_id=parcel_id, **body)
        outcome.event_or_raise()
        hold = or_404(find_hold(self.access, outcome.made["hold"]))
        return Response({**hold_json(hold), "event": outcome.event_id, "version": outcome.version}, status=201)
