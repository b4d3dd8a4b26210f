"""What every endpoint shares: strict JSON in, problems out, keys kept, and the caller's own rows only."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.json import strict_constant
from rest_framework.views import APIView

from orders.api import idempotency
from orders.api.authentication import access_of, cause_of, person_of
from orders.api.fields import LARGEST_ID
from orders.api.pagination import Ordering, Page, list_body, page_of, read_cursor
from orders.api.problems import CONTENT_TYPE, Problem
from orders.api.throttling import PerCaller
from orders.models import IdempotencyKey
from orders.selectors.access import Access
from orders.vocabulary import Cause

T = TypeVar("T")
# A thousand orders of several lines each.
MOST_BYTES = 10 * 1024 * 1024


class Json(BaseParser):
    """UTF-8 whatever the header says, no NaN, and no depth that would break the stack."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(_all_of(stream).decode(), parse_constant=strict_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


def _all_of(stream: Any) -> bytes:
    """Django limits what it reads itself, but this stream is read here."""
    limit = getattr(settings, "TOWER_API_BYTES", MOST_BYTES)
    text: bytes = stream.read(limit + 1)
    if len(text) > limit:
        raise RequestDataTooBig
    return text


class AlwaysJson(BaseContentNegotiation):
    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    # Method → the scope that a key needs.
    scopes: ClassVar[Mapping[str, str]] = {}
    http_method_names = ["get", "post", "head"]
    parser_classes = [Json]
    content_negotiation_class = AlwaysJson
    throttle_classes = [PerCaller]
    kept: IdempotencyKey | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # The change history asks Django's request for a person; a program is none.
        request._request.user = person_of(request.user)
        if any(isinstance(value, int) and value > LARGEST_ID for value in kwargs.values()):
            # No row can have it, and not every query of a database takes it.
            raise Http404
        if request.method != "POST":
            return
        try:
            self.kept = idempotency.begin(request)
        except idempotency.Replayed as replay:
            self.before_replay(replay)
            raise

    def before_replay(self, replay: idempotency.Replayed) -> None:
        """A view whose answer can go stale refuses to repeat it here."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, idempotency.Replayed):
            content_type = CONTENT_TYPE if exc.status >= 400 else None
            return Response(exc.answer, exc.status, headers={idempotency.REPLAYED: "true"}, content_type=content_type)
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished.headers["Cache-Control"] = "no-store"
        if self.kept is not None:
            idempotency.keep(self.kept, finished)
        return finished

    # What the views ask for -------------------------------------------------------------------------------------
    @property
    def access(self) -> Access:
        return access_of(self.request)

    @property
    def cause(self) -> Cause:
        return cause_of(self.request)

    def body(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        asked = shape(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def query(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        asked = shape(data={name: value for name, value in self.request.query_params.items() if value != ""})
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def page(self, rows: Any, ordering: Ordering, asked: Mapping[str, Any]) -> Page:
        cursor = read_cursor(asked["cursor"], ordering) if asked["cursor"] else None
        return page_of(rows, ordering, cursor=cursor, size=asked["page_size"])

    def listed(self, page: Page, results: list[Any], **more: Any) -> Response:
        return Response({**list_body(self.request, page, results), **more})


class Missing(ApiView):
    """Every path under the API that there is not."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    http_method_names = ["get", "post", "put", "patch", "delete", "head", "options", "trace"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("not_found")


def or_404(row: T | None) -> T:
    """The row, or the same no for what is missing and for what is somebody else's."""
    if not row:
        raise Http404
    return row
