"""Douyin's pushes (消息推送): an array of messages, signed over the raw bytes.

Source: the message modules of the official SDKs. The signature holds no time; a repeat has the same `msg_id`.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from integrations import bodies, preferences
from integrations.adapter import Access, Incoming, Message, Reply
from integrations.errors import BadSignature, Unreadable
from integrations.platforms.douyin import signing
from integrations.platforms.douyin.pushes import ADDRESS_ASKED

# The console's test of the address; it says nothing.
TEST_TAG = "0"
# Sent no more than so many at once; more is nobody's push.
MOST_AT_ONCE = 1000


def verify(access: Access, incoming: Incoming) -> None:
    """App key and signature; raises `BadSignature`. The body is not looked into."""
    headers = {name.lower(): value for name, value in incoming.headers.items()}
    app_key = str(access.settings.get("app_key") or "")
    if incoming.method != "POST":
        raise BadSignature("not a POST")
    if headers.get("app-id", app_key) != app_key:
        raise BadSignature("another app key")
    method = headers.get("sign-method", "").lower() or signing.MD5
    wanted = str(access.settings.get("push_sign_method") or "")
    if method not in signing.METHODS or (wanted and method != wanted):
        raise BadSignature("another sign method")
    given = headers.get("event-sign", "").lower().encode(errors="replace")
    # Every secret is tried, so that the time taken does not tell which one fits.
    fits = [
        hmac.compare_digest(
            given, signing.sign_push(incoming.body, app_key=app_key, secret=secret, sign_method=method).encode()
        )
        for secret in preferences.listed(access.secrets, "app_secret")
    ]
    if not any(fits):
        raise BadSignature("the signature does not fit")


def unpack(access: Access, incoming: Incoming) -> Sequence[Message]:
    """The messages of an array. One that makes no sense is kept like the others: it must not stop them."""
    found = bodies.read(incoming.body, "推送")
    if not isinstance(found, list) or len(found) > MOST_AT_ONCE:
        raise Unreadable("推送不是消息的列表")
    messages = [_message(access, row) for row in found]
    return [message for message in messages if message is not None]


def _message(access: Access, row: Any) -> Message | None:
    told: dict[str, Any] = row if isinstance(row, dict) else {"data": row}
    tag, message_id = _name(told.get("tag")), _name(told.get("msg_id"))
    if tag == TEST_TAG:
        return None
    kept: dict[str, Any] = {"tag": tag, "msg_id": message_id, "data": told.get("data")}
    shop, mine = _shop_of(kept["data"]), str(access.settings.get("shop_id") or "")
    if shop and mine and shop != mine:
        if shop in preferences.words(access.settings.get("other_shops")):
            return None
        kept["shop"] = "other"
    if tag == ADDRESS_ASKED:
        minutes = preferences.number(access.settings, "address_answer_minutes", 60, least=0, most=60 * 24 * 30)
        kept["tower"] = {"answer_minutes": minutes}
    body = bodies.canonical(kept)
    key = message_id or bodies.digest(body, 32)
    return Message(kind=f"push:{tag}"[:60], key=f"push:{key}"[:150], body=body)


def _name(value: Any) -> str:
    """A tag or an id, which comes as text or as a number."""
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    try:
        return str(value).replace("\x00", "")[:100] if is_plain else ""
    except ValueError:
        return ""


def _shop_of(data: Any) -> str:
    """The shop that a message is about; empty where it does not say, or cannot be read yet."""
    if isinstance(data, str):
        try:
            data = bodies.read(data)
        except Unreadable:
            return ""
    return _name(data.get("shop_id")) if isinstance(data, Mapping) else ""


def accepted() -> Reply:
    return Reply(body=b'{"code":0,"msg":"success"}')


def refused() -> Reply:
    return Reply(body=b'{"code":1,"msg":"fail"}', status=401)
