"""Questions that TOP asks the seller's system (SPI), such as: may the buyer change the address?

Taobao pushes nothing else by HTTP; its messages are fetched from a queue (see `polling.py`). The signature covers the
query and the raw body. Source: the published `QimenApi` class; whether further headers take part is not published.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from integrations.adapter import Access, Decision, Incoming, Message, Question, Reply
from integrations.bodies import digest, read
from integrations.errors import BadSignature, Unreadable
from integrations.platforms.taobao import mapping, signing
from integrations.preferences import listed
from orders.vocabulary import beijing

TOLERANCE = timedelta(minutes=10)


def verify(access: Access, incoming: Incoming) -> None:
    """Signature, app key and time; raises `BadSignature`. The body is not looked into."""
    pairs = parse_qsl(incoming.query_string, keep_blank_values=True)
    query = dict(pairs)
    if len(query) != len(pairs):
        raise BadSignature("a parameter is given twice")
    if query.get("app_key") != str(access.settings.get("app_key") or ""):
        raise BadSignature("another app key")
    method = query.get("sign_method", signing.MD5)
    if method not in signing.METHODS:
        raise BadSignature("unknown sign method")
    given = query.get("sign", "").upper().encode(errors="replace")
    secrets = listed(access.secrets, "app_secret")
    # Every secret is tried, so that the time taken does not tell which one fits.
    fits = [
        hmac.compare_digest(given, signing.sign_question(pairs, incoming.body, secret, method).encode())
        for secret in secrets
    ]
    if not any(fits):
        raise BadSignature("the signature does not fit")
    if not _is_recent(query.get("timestamp", ""), access.now):
        raise BadSignature("the time is more than ten minutes off")


def unpack(incoming: Incoming) -> Sequence[Message]:
    """The question as one message, whose key begins with the time it was asked: the body does not hold it.

    Asked again in another call, it is another message.
    """
    query = dict(parse_qsl(incoming.query_string, keep_blank_values=True))
    method = query.get("method", "")
    if not method:
        raise Unreadable("平台的询问没有 method")
    read(incoming.body, "平台的询问")
    said = digest(incoming.query_string.encode(errors="replace") + b"\n" + incoming.body, 32)
    key = f"spi:{query.get('timestamp', '')[:19]}:{said}"
    return [Message(kind=f"spi:{method}"[:120], key=key, body=incoming.body)]


def asked(incoming: Incoming) -> Question | None:
    """What a question wants to know; `None` for other methods."""
    method = dict(parse_qsl(incoming.query_string, keep_blank_values=True)).get("method", "")
    kind = mapping.QUESTIONS.get(method)
    if kind is None:
        return None
    found = mapping.question(incoming.body)
    return Question(kind=kind, subject=found.subject, request_id=found.request_id)


def decided(decision: Decision) -> Reply:
    if not decision.accepted:
        return _answer({"success": "false", "errorCode": decision.code, "errorMsg": decision.reason})
    return _answer({"success": "true"})


def to_a_person() -> Reply:
    """The safe answer: not by itself, a person decides."""
    return _answer({"success": "false", "errorCode": "MANUAL_REVIEW", "errorMsg": "转人工处理"})


def _answer(result: Mapping[str, str]) -> Reply:
    return Reply(body=json.dumps({"result": result}, ensure_ascii=False).encode())


def refused() -> Reply:
    """TOP's own "invalid signature", which travels in HTTP 200."""
    error = {
        "code": 25,
        "msg": "Invalid Signature",
        "sub_code": "isv.invalid-signature",
        "sub_msg": "签名或时间戳不正确",
    }
    return Reply(body=json.dumps({"error_response": error}, ensure_ascii=False).encode())


def _is_recent(text: str, now: datetime) -> bool:
    try:
        moment = beijing(text)
    except (ValueError, OverflowError):
        return False
    return moment is not None and abs(now - moment) <= TOLERANCE
