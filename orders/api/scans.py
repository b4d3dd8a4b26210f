"""Scans of the warehouse's devices: one verdict each."""

import logging
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from orders.api import scan_shapes as shapes
from orders.api.problems import field_errors, printable
from orders.api.schema import operation
from orders.api.views import ApiView
from orders.services.scan_answers import plain
from orders.services.scan_words import WRONG
from orders.services.scans import AskedScan, take_scan

log = logging.getLogger(__name__)


class Scans(ApiView):
    scopes = {"POST": "scans:write"}

    @operation(
        id="scans_take",
        summary="Take scans, each with a verdict",
        description=shapes.SCANNING,
        request=shapes.ScansBody,
        answers={200: shapes.ScansAnswer},
    )
    def post(self, request: Request) -> Response:
        return Response({"results": [self.answer(item) for item in self.body(shapes.ScansEnvelope)["scans"]]})

    def answer(self, item: dict[str, Any]) -> dict[str, Any]:
        """A bad one does not stop the others: they wait in the device's queue behind it."""
        shape = shapes.ScanBody(data=item)
        if shape.is_valid():
            body = dict(shape.validated_data)
            asked = AskedScan(**{**body, "codes": tuple(body["codes"])})
            return take_scan(asked, access=self.access, cause=self.cause)
        errors = field_errors(shape.errors)
        log.info("refused a scan: %s", ", ".join(sorted(errors)))
        told = plain(WRONG, "invalid").said()
        return {
            **told,
            "nonce": _text(item.get("nonce")),
            "act": _text(item.get("act")),
            "repeat": False,
            "seen": {"kind": "unknown", "code": ""},
            "errors": errors,
        }


def _text(value: Any) -> str | None:
    return printable(value) if isinstance(value, str) else None
