"""Holds: listed, lifted, confirmed."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from orders.api import hold_shapes as shapes
from orders.api.pagination import NEWEST_FIRST
from orders.api.present import hold_json
from orders.api.schema import operation
from orders.api.views import ApiView, or_404
from orders.selectors.orders import find_hold, visible_holds
from orders.services.holds import confirm, lift
from orders.services.outcome import Outcome


class Holds(ApiView):
    scopes = {"GET": "holds:read"}

    @operation(
        id="holds_list",
        summary="List holds, newest first",
        query=shapes.HoldQuery,
        answers={200: shapes.HoldList},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(shapes.HoldQuery)
        rows = visible_holds(self.access, reason=asked["reason"], state=asked["state"])
        page = self.page(rows, NEWEST_FIRST, asked)
        return self.listed(page, [hold_json(hold) for hold in page.rows])


class HoldDecision(ApiView):
    scopes = {"POST": "holds:write"}

    def decided(self, hold_id: int, decide: Callable[..., Outcome], **said: Any) -> Response:
        or_404(find_hold(self.access, hold_id))
        outcome = decide(hold_id, cause=self.cause, **said)
        outcome.event_or_raise()
        hold = or_404(find_hold(self.access, hold_id))
        return Response({**hold_json(hold), "event": outcome.event_id, "version": outcome.version})


class HoldLift(HoldDecision):
    @operation(
        id="holds_lift",
        summary="Lift a hold: the order may go on",
        request=shapes.LiftBody,
        answers={200: shapes.HoldActed},
        refuses=[404],
    )
    def post(self, request: Request, hold_id: int) -> Response:
        or_404(find_hold(self.access, hold_id))
        body = self.body(shapes.LiftBody)
        return self.decided(hold_id, lift, reason=body["reason"], outcome=body["outcome"])


class HoldConfirm(HoldDecision):
    @operation(
        id="holds_confirm",
        summary="Confirm that a hold is right; the order stays locked",
        request=shapes.ConfirmBody,
        answers={200: shapes.HoldActed},
        refuses=[404],
    )
    def post(self, request: Request, hold_id: int) -> Response:
        or_404(find_hold(self.access, hold_id))
        return self.decided(hold_id, confirm, reason=self.body(shapes.ConfirmBody)["reason"])
