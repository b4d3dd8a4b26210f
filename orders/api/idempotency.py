"""`Idempotency-Key`: the first answer to a POST is kept, and the same key with the same body gets it again.

The answer is kept after the service has committed. A server that dies between the two leaves the key open; after a
while a repeat may run, and the services' own guards (facts by key, one grant a label, the graph) keep it from doubling.
"""

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from orders import clock
from orders.api.authentication import owner_of
from orders.api.problems import Problem, invalid
from orders.models import IdempotencyKey

log = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_LONGEST = 255
# No request lives longer; a key that is still open after this was left by a server that died.
ABANDONED = timedelta(minutes=5)


class Replayed(Exception):
    """The request was answered before; this is its answer."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(status)
        self.status, self.answer = status, answer


def begin(request: Request) -> IdempotencyKey | None:
    """Take the key for this request; `None` without one. Raises `Replayed`, or a `Problem` that says why not."""
    key = request.headers.get(HEADER, "").strip()
    if not key:
        return None
    if len(key) > _LONGEST or not key.isprintable():
        raise invalid(HEADER, _("幂等键最长 255 个可见字符"))
    owner, route, body_hash = owner_of(request), request.path[:200], _hash(request.data)
    while True:
        try:
            return IdempotencyKey.objects.create(owner=owner, key=key, route=route, body_hash=body_hash)
        except IntegrityError:
            known = IdempotencyKey.objects.filter(owner=owner, key=key).first()
        # It may have been given up just now; then the next turn takes it.
        if known is not None:
            return _repeat(known, route, body_hash)


def _repeat(known: IdempotencyKey, route: str, body_hash: str) -> IdempotencyKey:
    if (known.route, known.body_hash) != (route, body_hash):
        raise Problem("idempotency_mismatch", _("这个幂等键已经用于另一个请求或另一份内容"))
    if known.status:
        raise Replayed(known.status, known.answer)
    now = clock.now()
    abandoned = IdempotencyKey.objects.filter(pk=known.pk, status=0, created_at__lt=now - ABANDONED)
    if abandoned.update(created_at=now) != 1:
        raise Problem("in_progress", _("同一个请求还在处理，请稍后重试"), retry_after=1)
    return known


def keep(row: IdempotencyKey, response: Response) -> None:
    """Keep the answer; our own failures are not kept, so that a repeat can do better."""
    try:
        if response.status_code >= 500:
            IdempotencyKey.objects.filter(pk=row.pk).delete()
        else:
            IdempotencyKey.objects.filter(pk=row.pk).update(status=response.status_code, answer=response.data)
    except DatabaseError:
        # The act is done and its answer goes out; a repeat will find the key open and be told to wait.
        log.exception("the answer to %s could not be kept", row.pk)


def _hash(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
