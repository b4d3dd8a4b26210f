"""Every no of the API, as RFC 9457 `application/problem+json` with a stable `code`; never a stack trace."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from orders.services.outcome import Outcome, Refused

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# Code → status and title. The codes are a promise to other people's scripts.
KINDS: dict[str, tuple[int, Any]] = {
    "malformed": (400, _("请求格式有误")),
    "unauthenticated": (401, _("未登录或密钥无效")),
    "scope": (403, _("没有权限")),
    "role": (403, _("没有这个操作的权限")),
    "four_eyes": (403, _("需要第二人同意")),
    "forbidden": (403, _("没有权限")),
    "not_found": (404, _("找不到")),
    "method": (405, _("不支持的方法")),
    "held": (409, _("订单已锁单")),
    "stale": (409, _("已被他人修改，请刷新")),
    "illegal_move": (409, _("当前不能这样操作")),
    "which_parcel": (409, _("请指明包裹")),
    "duplicate_print": (409, _("重复打单")),
    "unknown": (409, _("结果不明")),
    "unknown_subject": (409, _("还没有这个订单")),
    "conflicting_body": (409, _("同一编号的内容不同")),
    "in_progress": (409, _("同一请求正在处理")),
    "too_large": (413, _("请求太大")),
    "media_type": (415, _("只接受 JSON")),
    "validation": (422, _("内容有误")),
    "idempotency_mismatch": (422, _("幂等键已用于别的请求")),
    "throttled": (429, _("请求太频繁")),
    "internal": (500, _("服务器出错")),
    "busy": (503, _("系统繁忙，请重试")),
}
_BY_EXCEPTION: list[tuple[type[BaseException], str]] = [
    (exceptions.ParseError, "malformed"),
    (exceptions.NotAuthenticated, "unauthenticated"),
    (exceptions.AuthenticationFailed, "unauthenticated"),
    (exceptions.PermissionDenied, "forbidden"),
    (exceptions.NotFound, "not_found"),
    (Http404, "not_found"),
    (exceptions.MethodNotAllowed, "method"),
    (exceptions.UnsupportedMediaType, "media_type"),
    (exceptions.Throttled, "throttled"),
    (RequestDataTooBig, "too_large"),
]


class Problem(Exception):
    """A no that only the door knows, such as a repeated request that is still running."""

    def __init__(self, code: str, detail: Any = "", *, retry_after: int | None = None, **more: Any) -> None:
        super().__init__(code)
        self.code, self.detail, self.retry_after, self.more = code, detail, retry_after, more


def invalid(field: str, text: Any) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [text]})


def problem_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's `EXCEPTION_HANDLER`: services' refusals, our own and DRF's exceptions, and what nobody foresaw."""
    if isinstance(error, Refused):
        return respond(error.outcome.code, error.outcome.detail, **refusal(error.outcome))
    if isinstance(error, Problem):
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
        return respond(error.code, error.detail, headers=headers, **error.more)
    if isinstance(error, exceptions.ValidationError):
        return respond("validation", errors=field_errors(error.detail))
    if isinstance(error, OperationalError):
        log.warning("the database did not answer in time: %s", error)
        return respond("busy", headers={"Retry-After": "1"})
    for kind, code in _BY_EXCEPTION:
        if isinstance(error, kind):
            return _known(error, code)
    return _unforeseen(error, context)


def respond(code: str, detail: Any = "", *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    return Response(
        body_of(code, detail, **more), status=status_of(code), headers=dict(headers or {}), content_type=CONTENT_TYPE
    )


def status_of(code: str) -> int:
    return KINDS[code][0] if code in KINDS else 409


def body_of(code: str, detail: Any = "", **more: Any) -> dict[str, Any]:
    status, title = KINDS.get(code, (409, code))
    return {
        "type": f"urn:order-tower:problem:{code}",
        "title": str(title),
        "status": status,
        "detail": printable(detail) or str(title),
        "code": code,
        **more,
    }


def refusal(outcome: Outcome) -> dict[str, Any]:
    """What a refused act says besides its code: the trail's event, the order's version, and every reason."""
    more: dict[str, Any] = {
        "holds": list(outcome.holds),
        "reasons": [{"code": str(reason.code), "text": str(reason.text)} for reason in outcome.reasons],
        "event": outcome.event_id,
        "version": outcome.version,
    }
    if "hold" in outcome.made:
        more["hold"] = outcome.made["hold"]
        more["holds"] = sorted({*outcome.holds, outcome.made["hold"]})
    return more


def field_errors(detail: Any) -> dict[str, list[str]]:
    """DRF's nested errors as paths: {"lines[0].quantity": ["…"]}."""
    found: dict[str, list[str]] = {}
    for path, text in _walk(detail, ""):
        found.setdefault(printable(path) or "body", []).append(printable(text))
    return found


def _walk(detail: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = f"[{name}]" if isinstance(name, int) else f".{name}" if path else str(name)
            yield from _walk(inner, path if name == "non_field_errors" else path + step)
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            yield from _walk(inner, f"{path}[{index}]" if isinstance(inner, Mapping | list) else path)
    else:
        yield path, detail


def printable(text: Any) -> str:
    """What callers sent may come back in an error, half a surrogate pair too."""
    return str(text).encode("utf-8", "replace").decode()


def _known(error: Exception, code: str) -> Response:
    headers: dict[str, str] = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, int(wait)))
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if code in {"malformed", "unauthenticated"}:
        log.info("refused a request: %s", code)
    detail = getattr(error, "detail", "") if code not in {"not_found", "malformed"} else ""
    if getattr(detail, "code", "") == "scope":
        code = "scope"
    return respond(code, detail, headers=headers)


def _unforeseen(error: Exception, context: Mapping[str, Any]) -> Response:
    """Logged with its trace, and told to Django as any other error; the caller learns nothing of it."""
    request = getattr(context.get("request"), "_request", None)
    log.error("the API failed", exc_info=error)
    got_request_exception.send(sender=problem_handler, request=request)
    return respond("internal")
