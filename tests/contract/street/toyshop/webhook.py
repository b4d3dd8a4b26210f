"""The toy shop's pushes: one order each, HMAC over the raw body."""

import hmac
import json
from collections.abc import Sequence

from integrations.adapter import Access, Incoming, Message
from integrations.errors import BadSignature, Unreadable
from tests.contract.street.toyshop import client


def verify(access: Access, incoming: Incoming) -> None:
    headers = {name.lower(): value for name, value in incoming.headers.items()}
    right = client.sign(incoming.body, str(access.secrets["key"]))
    if not hmac.compare_digest(headers.get("x-sign", "").encode(errors="replace"), right.encode()):
        raise BadSignature("signature differs")


def unpack(incoming: Incoming) -> Sequence[Message]:
    try:
        row = json.loads(incoming.body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("推送不是 JSON") from error
    if not isinstance(row, dict):
        raise Unreadable("推送不是一张订单")
    return [client.message(row)]
