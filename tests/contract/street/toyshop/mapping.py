"""The toy shop's words in the tower's. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.adapter import Doubtful, Fetch, Message, Said
from integrations.errors import Unreadable
from orders.vocabulary import AddressSnapshot, LineSnapshot, OrderSnapshot, yuan

STATUSES = {"new": "unpaid", "paid": "paid", "sent": "shipped", "void": "closed"}


def parse(message: Message) -> Sequence[Said | Fetch]:
    try:
        row = json.loads(message.body, parse_float=Decimal, parse_constant=str)
        return [_order(row, message.key)]
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Unreadable(f"订单看不懂：{type(error).__name__}") from error


def _order(row: Any, key: str) -> Said:
    number, word, to = _text(row["no"]), _text(row["status"]), row["to"]
    snapshot = OrderSnapshot(
        platform_order_id=number,
        status=STATUSES.get(word, "unknown"),
        platform_status=word,
        modified_at=_time(row["at"]),
        placed_at=_time(row["placed"]),
        paid_at=_time(row["paid"]) if row.get("paid") else None,
        closed_at=_time(row["at"]) if STATUSES.get(word) == "closed" else None,
        amount=yuan(_text(row["amount"])),
        receiver=AddressSnapshot(
            name=_text(to["name"]),
            phone=_text(to["phone"]),
            province=_text(to["province"]),
            city=_text(to["city"]),
            address=_text(to["address"]),
        ),
        lines=tuple(_line(place, line) for place, line in enumerate(row["goods"], start=1)),
    )
    if word in STATUSES:
        return Said(key=key, subject=number, snapshot=snapshot)
    return Doubtful(key=key, subject=number, snapshot=snapshot, unlisted=(f"status:{word}",))


def _line(place: int, line: Any) -> LineSnapshot:
    if type(line["n"]) is not int or not 0 < line["n"] < 100_000:
        raise ValueError("quantity")
    sku = _text(line["sku"])
    return LineSnapshot(
        platform_line_id=str(place), sku=sku, title=sku, quantity=line["n"], price=yuan(_text(line["price"]))
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 60 or not value.isprintable():
        raise ValueError("text")
    return value


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return at
