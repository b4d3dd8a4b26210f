"""Parcels, their waybills and their prints."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from orders import clock
from orders.api import order_examples as examples
from orders.api import parcel_shapes as shapes
from orders.api.allowed import AllowedMoves
from orders.api.idempotency import Replayed
from orders.api.present import label_json, label_of, parcel_json
from orders.api.problems import Problem
from orders.api.schema import operation
from orders.api.views import ApiView, or_404
from orders.selectors.parcels import claim_is_fresh, lines_of, member_orders_if_visible, parcel_of_attempt
from orders.services.dossier import Dossier, load
from orders.services.labels import CLAIM_SECONDS, print_result, request_print, request_waybill
from orders.services.move import move_parcel
from orders.services.outcome import Outcome


class ParcelView(ApiView):
    def dossiers(self, parcel_id: int) -> list[Dossier]:
        """The dossiers of every order that travels in the parcel; one that is not the caller's hides it."""
        return load(or_404(member_orders_if_visible(self.access, parcel_id)), cause=self.cause)

    def shown(self, parcel_id: int) -> dict[str, Any]:
        dossiers = self.dossiers(parcel_id)
        parcel = dossiers[0].parcel(parcel_id)
        return parcel_json(dossiers, parcel, lines_of(parcel), AllowedMoves().of_parcel(dossiers, parcel))

    def label(self, parcel_id: int) -> dict[str, Any]:
        """The label after an act on it."""
        first = self.dossiers(parcel_id)[0]
        return label_json(or_404(label_of(first, first.parcel(parcel_id))))

    def insist(self, parcel_id: int | None) -> int:
        or_404(parcel_id and member_orders_if_visible(self.access, parcel_id))
        return or_404(parcel_id)


def _of_act(outcome: Outcome) -> dict[str, Any]:
    return {"event": outcome.event_id, "version": outcome.version}


class ParcelDetail(ParcelView):
    scopes = {"GET": "orders:read"}

    @operation(id="parcels_retrieve", summary="Show a parcel", answers={200: shapes.Parcel}, refuses=[404])
    def get(self, request: Request, parcel_id: int) -> Response:
        return Response(self.shown(parcel_id))


class ParcelMoves(ParcelView):
    scopes = {"POST": "moves:write"}

    @operation(
        id="parcels_move",
        summary="Move a parcel",
        request=shapes.ParcelMoveBody,
        answers={200: shapes.ParcelActed},
        examples=examples.PACK,
        refuses=[404],
    )
    def post(self, request: Request, parcel_id: int) -> Response:
        self.insist(parcel_id)
        body = self.body(shapes.ParcelMoveBody)
        name, weight = body.pop("move"), body.pop("weight")
        grams = None if weight is None else int(weight * 1000)
        outcome = move_parcel(parcel_id, name, cause=self.cause, weight_grams=grams, **body)
        outcome.event_or_raise()
        return Response({**self.shown(parcel_id), "event": outcome.event_id})


class ParcelWaybill(ParcelView):
    scopes = {"POST": "labels:write"}

    @operation(
        id="parcels_waybill",
        summary="Ask the courier for a waybill; the parcel shows it once it is there",
        request=shapes.WaybillBody,
        answers={202: shapes.WaybillAnswer},
        refuses=[404],
    )
    def post(self, request: Request, parcel_id: int) -> Response:
        self.insist(parcel_id)
        outcome = request_waybill(parcel_id, cause=self.cause, **self.body(shapes.WaybillBody))
        outcome.event_or_raise()
        label = self.label(parcel_id)
        return Response({**label, "label": label, **_of_act(outcome)}, status=202)


class PrintRequests(ParcelView):
    scopes = {"POST": "labels:print"}

    @operation(
        id="parcels_request_print",
        summary="Ask to print the label, once; a second print is refused and holds the order",
        request=shapes.PrintBody,
        answers={201: shapes.PrintGranted},
        examples=examples.PRINT,
        refuses=[404],
    )
    def post(self, request: Request, parcel_id: int) -> Response:
        self.insist(parcel_id)
        outcome = request_print(parcel_id, cause=self.cause, **self.body(shapes.PrintBody))
        outcome.event_or_raise()
        attempt, label = outcome.made["attempt"], outcome.made["label"]
        granted = {"id": attempt, "granted": True, "label": label, "copy": self.label(parcel_id)["copy"]}
        return Response({**granted, **_of_act(outcome)}, status=201)

    def before_replay(self, replay: Replayed) -> None:
        """A grant is for one print now: who repeats the request later may have printed already (law 5)."""
        if replay.status != 201:
            return
        attempt = replay.answer["id"]
        if not claim_is_fresh(attempt, now=clock.now(), seconds=CLAIM_SECONDS):
            raise Problem("unknown", examples.STALE_GRANT, holds=[], reasons=[])


class PrintResult(ParcelView):
    scopes = {"POST": "labels:print"}

    @operation(
        id="print_requests_result",
        summary="Say what became of a granted print",
        request=shapes.PrintResultBody,
        answers={200: shapes.PrintResultAnswer},
        refuses=[404],
    )
    def post(self, request: Request, attempt_id: int) -> Response:
        parcel_id = self.insist(parcel_of_attempt(attempt_id))
        body = self.body(shapes.PrintResultBody)
        said = body["outcome"]
        outcome = print_result(attempt_id, cause=self.cause, **body)
        outcome.event_or_raise()
        answer = {"id": attempt_id, "outcome": said, "code": outcome.code, "label": self.label(parcel_id)}
        return Response({**answer, **_of_act(outcome)})
