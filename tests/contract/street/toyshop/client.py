"""Calls to the toy shop: JSON over POST, signed by HMAC-SHA256 over the body."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled, ShipWish
from integrations.errors import AlreadyDone, Permanent, Temporary
from integrations.http import call

OVERLAP = timedelta(minutes=2)
FIRST_LOOK = timedelta(days=1)


def sign(body: bytes, key: str) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def ask(access: Access, path: str, **asked: Any) -> dict[str, Any]:
    body = json.dumps({"shop_no": access.settings["shop_no"], **asked}).encode()
    headers = {"X-Sign": sign(body, str(access.secrets["key"])), "Content-Type": "application/json"}
    response = call("POST", f"{access.base_url}/{path}", data=body, headers=headers)
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise Temporary("答复不是 JSON", code="not_json") from error
    if not isinstance(answer, dict) or "code" not in answer:
        raise Temporary("答复看不懂", code="no_code")
    if answer["code"] == "shipped":
        raise AlreadyDone("早已发货", code="shipped")
    if answer["code"] != "ok":
        raise Permanent(str(answer.get("text"))[:200], code=str(answer["code"])[:40])
    return answer


def message(row: Any) -> Message:
    """One order as it is kept. Sorted, so that the same order is the same bytes by every way."""
    body = json.dumps(row, ensure_ascii=False, sort_keys=True).encode()
    number = str(row.get("no"))[:60] if isinstance(row, dict) else "?"
    return Message(kind="order", key=f"order:{number}:{hashlib.sha256(body).hexdigest()[:16]}", body=body)


def _rows(answer: dict[str, Any], name: str) -> list[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise Temporary("答复里没有列表", code="no_list")
    return found


def changed(access: Access, start: datetime, end: datetime) -> list[Message]:
    return [message(row) for row in _rows(ask(access, "changed", start=start.isoformat(), end=end.isoformat()), "rows")]


def placed(access: Access, start: datetime, end: datetime) -> list[str]:
    answer = ask(access, "placed", start=start.isoformat(), end=end.isoformat())
    return [str(number) for number in _rows(answer, "numbers")]


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    begin = cursor.get("until") or access.settings.get("start") or (access.now - FIRST_LOOK).isoformat()
    start = datetime.fromisoformat(str(begin)) - OVERLAP
    return Polled(messages=changed(access, start, access.now), cursor={"until": access.now.isoformat()})


def fetch(access: Access, subject: str) -> Message:
    return message(ask(access, "one", no=subject).get("row"))


def ship(access: Access, wish: ShipWish) -> None:
    ask(access, "ship", no=wish.platform_order_id, waybill=wish.waybill, carrier=wish.carrier)
