"""What 顺丰 pushes: from whom it may come, taken apart by parcel, answered in the words that end its retries.

The standard push (RoutePushService) carries no signature. What protects it is the address itself, which holds the
connection's unguessable key; a second word in the address and the sender's addresses can be demanded besides.
"""

import hmac
import ipaddress
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from integrations import routes
from integrations.adapter import Access, Incoming, Message, Reply
from integrations.bodies import canonical_ascii, digest, strict_object
from integrations.carriers.sf import preferences, reading, signing
from integrations.carriers.sf.words import ORDER_STATE, PUSH
from integrations.errors import BadSignature, Unreadable
from integrations.preferences import WrongSetting, listed, text
from integrations.records import part

# The form has a handful of fields; a few more may be born.
MOST_FIELDS = 20


def verify(access: Access, incoming: Incoming) -> None:
    """Every proof that the settings demand. `BadSignature` where one is missing or a setting cannot be used."""
    try:
        allowed = preferences.networks(access.settings)
        signature = preferences.push_signature(access.settings)
    except WrongSetting as error:
        raise BadSignature(f"setting {error.field} cannot be used") from error
    if allowed and not _comes_from(access, incoming, allowed):
        raise BadSignature("the sender's address is not allowed")
    tokens = listed(access.secrets, "push_token")
    if tokens and not _one_of(_token(incoming), tokens):
        raise BadSignature("the token does not fit")
    if signature == "form":
        _verify_form(access, incoming)


def unpack(access: Access, incoming: Incoming) -> Sequence[Message]:
    """One message for each parcel, named by its content, and a notice for what a person should see."""
    body = _form(incoming).get("msgData", "").encode() if _is_form(access) else incoming.body
    envelope = strict_object(body)
    if "orderState" in envelope:
        return [Message(kind=ORDER_STATE, key=f"order_state:{digest(body, 32)}", body=body)]
    inside = part(envelope, "Body")
    if "WaybillRoute" not in inside:
        raise Unreadable("报文里没有 Body.WaybillRoute")
    kept, doubtful = reading.ROUTES.sift(reading.rows(inside, "WaybillRoute"), now=access.now)
    by_parcel: dict[str, list[dict[str, Any]]] = {}
    for row in kept:
        try:
            by_parcel.setdefault(reading.number(row, "mailno"), []).append(row)
        except Unreadable as error:
            doubtful.append((f"路由的{error}，未采用"[:120], row))
    return [*(_message(waybill, rows) for waybill, rows in by_parcel.items()), *routes.notices(doubtful)]


def accepted() -> Reply:
    return Reply(body='{"return_code":"0000","return_msg":"成功"}'.encode())


def refused() -> Reply:
    """What exactly was wrong stays with us. Their word for a refusal is not published."""
    words = {"return_code": "1000", "return_msg": "验证失败"}
    return Reply(body=json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode(), status=401)


def _message(waybill: str, rows: list[dict[str, Any]]) -> Message:
    body = canonical_ascii({"waybill": waybill, "rows": rows})
    return Message(kind=PUSH, key=f"push:{waybill}:{digest(body, 32)}", body=body)


def _comes_from(access: Access, incoming: Incoming, allowed: list[preferences.Network]) -> bool:
    header = text(access.settings, "address_header").lower()
    headers = {name.lower(): value for name, value in incoming.headers.items()}
    told = headers.get(header, "") if header else incoming.address
    try:
        address = ipaddress.ip_address(told.strip())
    except ValueError:
        return False
    return any(address in network for network in allowed)


def _token(incoming: Incoming) -> str:
    try:
        pairs = parse_qsl(incoming.query_string, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadSignature("too many fields") from error
    return next((value for name, value in pairs if name == "token"), "")


def _one_of(given: str, known: list[str]) -> bool:
    """Every one is tried, so that the time taken does not tell which one fits."""
    fits = [hmac.compare_digest(given.encode(errors="replace"), secret.encode()) for secret in known]
    return any(fits)


def _verify_form(access: Access, incoming: Incoming) -> None:
    """The digest of the one gateway that is said to sign: over the plain text, without URL encoding."""
    form = _form(incoming)
    signed = form.get("msgData", "") + form.get("timestamp", "")
    expected = [signing.plain_digest(signed + word) for word in listed(access.secrets, "check_word")]
    if not form.get("msgData") or not _one_of(form.get("msgDigest", ""), expected):
        raise BadSignature("the signature does not fit")


def _is_form(access: Access) -> bool:
    return text(access.settings, "push_signature") == "form"


def _form(incoming: Incoming) -> dict[str, str]:
    try:
        pairs = parse_qsl(incoming.body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadSignature("the form cannot be read") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadSignature("a field is given twice")
    return found
