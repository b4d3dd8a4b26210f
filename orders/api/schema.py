"""The OpenAPI description: what an operation takes, answers and refuses, in one decorator."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_basic_type
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from orders.api.fields import Number, Shape, Text, Word
from orders.api.idempotency import HEADER, REPLAYED
from orders.api.problems import CONTENT_TYPE, KINDS

PROBLEM_TYPE = CONTENT_TYPE
EVERYWHERE = (401, 403, 429, 500, 503)
ON_POST = (400, 409, 413, 415, 422)
SAID = {
    400: "The body is not JSON.",
    401: "No key or session, or one that is not valid (any more).",
    403: "`scope`: the key lacks the scope · `role`, `four_eyes`: this person may not.",
    404: "There is no such thing for this caller.",
    409: "Refused; the order's timeline says so too, and `reasons` say why.",
    413: "The body is too large.",
    415: "Only `application/json` is taken.",
    422: "`errors` says which fields are wrong. Nothing was done.",
    429: "Too many requests; `Retry-After` says when to come again.",
    500: "Our fault; nothing is said to have been done.",
    503: "The database is busy; try again.",
}


class ReasonShape(Shape):
    code = Text()
    text = Text()


class ProblemShape(Shape):
    """RFC 9457, with a stable `code`."""

    type = Text()
    title = Text()
    status = Number()
    detail = Text()
    code = Word("ProblemCode", KINDS)
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=Text()), required=False, help_text="Field path → what is wrong with it."
    )
    holds = serializers.ListField(child=Number(), required=False, help_text="The order's open holds.")
    hold = Number(required=False, help_text="The hold that a second print opened.")
    reasons = ReasonShape(many=True, required=False)
    event = Number(required=False, allow_null=True)
    version = Number(required=False, allow_null=True)


def operation(
    *,
    id: str,
    summary: str,
    answers: Mapping[int, Any],
    request: Any = None,
    query: Any = None,
    refuses: Sequence[int] = (),
    description: str = "",
    examples: Sequence[OpenApiExample] = (),
) -> Callable[[Any], Any]:
    """`answers` are the yeses by status; the noes of every operation of its kind are added."""
    posts = request is not None
    noes = sorted({*EVERYWHERE, *refuses, *(ON_POST if posts else ()), *((422,) if query else ())})
    responses: dict[Any, Any] = {(status, "application/json"): shape for status, shape in answers.items()}
    responses |= {(no, PROBLEM_TYPE): OpenApiResponse(ProblemShape, description=SAID[no]) for no in noes}
    parameters: list[Any] = [query] if query else []
    parameters.append(_header("Retry-After", OpenApiTypes.INT, [409, 429, 503], "Seconds.", answer=True))
    if posts:
        parameters.append(_header(HEADER, OpenApiTypes.STR, None, "The same key and body get the same answer again."))
        replayed = [*answers, 404, 409, 422]
        parameters.append(_header(REPLAYED, OpenApiTypes.STR, replayed, "`true` on a repeated answer.", answer=True))
    return extend_schema(
        operation_id=id,
        summary=summary,
        description=description,
        request=request,
        responses=responses,
        parameters=parameters,
        examples=list(examples),
    )


def _header(name: str, kind: Any, statuses: Sequence[int] | None, said: str, *, answer: bool = False) -> Any:
    return OpenApiParameter(
        name, kind, OpenApiParameter.HEADER, description=said, response=list(statuses or []) if answer else False
    )


def problem_example(code: str, detail: str, **more: Any) -> OpenApiExample:
    status, title = KINDS[code]
    value = {"type": f"urn:order-tower:problem:{code}", "title": str(title), "status": status, "detail": detail}
    return OpenApiExample(
        code, value={**value, "code": code, **more}, response_only=True, status_codes=[str(status)],
        media_type=PROBLEM_TYPE,
    )  # fmt: skip


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "orders.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ot_<prefix>_<secret>"}


class WordsByName(OpenApiSerializerFieldExtension):
    """Each set of words is one component, under its own name."""

    target_class = "orders.api.fields.Word"

    def get_name(self) -> str:
        return str(self.target.component)

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.target.choices)}


class MomentsWithOffset(OpenApiSerializerFieldExtension):
    target_class = "orders.api.fields.Moment"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return dict(build_basic_type(OpenApiTypes.DATETIME) or {})


class StrictBodies(OpenApiSerializerExtension):
    target_class = "orders.api.fields.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        mapped = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**mapped, "additionalProperties": False}
