"""The one webhook door: verify over raw bytes → receipts committed → the reply that the protocol expects."""

import logging
import time

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integrations import carrying, passages
from integrations.adapter import Access, Adapter, Incoming, Message, Reply
from integrations.budget import spending_for
from integrations.decisions import decide
from integrations.errors import BadSignature, Unreadable, Unsupported
from integrations.inbox import LARGEST_BODY, keep, park, process, short_hash
from integrations.models import Connection
from integrations.registry import adapters
from orders import clock

log = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def hook(request: HttpRequest, adapter_name: str, key: str) -> HttpResponse:
    """Any adapter's webhook. An unknown key is 404; a bad signature the protocol's own refusal, counted, not stored."""
    started = time.monotonic()
    adapter = adapters().get(adapter_name)
    if adapter is None or not key.isprintable():
        raise Http404
    connection = Connection.objects.filter(adapter=adapter_name, key=key, enabled=True).first()
    if connection is None:
        raise Http404
    try:
        body = request.body
    except RequestDataTooBig:
        # More than any protocol here sends, and unverified: it is not even read.
        log.warning("connection %s: body larger than %s bytes", connection.pk, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return HttpResponse(status=413)
    incoming = Incoming(
        method=request.method or "",
        query_string=request.META.get("QUERY_STRING", ""),
        headers=dict(request.headers.items()),
        body=body,
        address=str(request.META.get("REMOTE_ADDR") or ""),
    )
    access = connection.open(clock.now())
    try:
        adapter.verify(access, incoming)
    except BadSignature as error:
        Connection.objects.filter(pk=connection.pk).update(
            refused_count=F("refused_count") + 1, last_refused_at=clock.now(), last_refusal=str(error)[:200]
        )
        log.warning("connection %s: refused signature", connection.pk)
        return _http(adapter.refused(incoming, error))
    except Unsupported as error:
        raise Http404 from error
    receipts = _take(adapter, connection, access, incoming)
    if adapter.answers_now and (reply := _decided(adapter, connection, access, incoming, receipts, started)):
        return _http(reply)
    return _http(adapter.accepted(incoming))


def _take(adapter: Adapter, connection: Connection, access: Access, incoming: Incoming) -> list[int]:
    """Commit what came; what cannot be taken apart is parked with its reason, and acknowledged all the same."""
    if len(incoming.body) > LARGEST_BODY:
        _park(connection, incoming.body[:4096], f"报文过大（{len(incoming.body)} 字节），只保留开头")
        return []
    try:
        messages = adapter.unpack(access, incoming)
    except Unreadable as error:
        _park(connection, incoming.body, str(error))
        return []
    return keep(connection, messages, via="webhook", also=carrying.planner(adapter, connection))


def _decided(
    adapter: Adapter,
    connection: Connection,
    access: Access,
    incoming: Incoming,
    receipts: list[int],
    started: float,
) -> Reply | None:
    """The reply to a question, decided on what it says; `None` where nothing was asked."""
    try:
        question = adapter.asked(access, incoming)
    except Unreadable:
        return None
    if question is None:
        return None
    for receipt_id in receipts:
        process(receipt_id)
    if question.problem or adapter.can("between", connection.settings):
        return passages.answer(adapter, connection, access, incoming, question, started=started)
    decision = decide(connection, question, started=started)
    with spending_for(connection):
        return adapter.decided(access, incoming, question, decision)


def _park(connection: Connection, body: bytes, reason: str) -> None:
    message = Message(kind="unreadable", key=f"unreadable:{short_hash(body)}", body=body)
    with transaction.atomic(durable=True):
        park(connection, message, reason)


def _http(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)
