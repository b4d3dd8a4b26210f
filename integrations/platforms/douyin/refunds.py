"""After-sales (售后单): reading their list, and keeping them.

Source: `/afterSale/List` in the official SDKs.
"""

from typing import Any

from integrations.adapter import Access, Message
from integrations.bodies import canonical, digest
from integrations.platforms.douyin import client, kept
from integrations.platforms.douyin.reading import Page, Row, seconds_of
from integrations.records import rows
from orders import clock

LIST = "/afterSale/List"
PAGE_SIZE = 100


def listed(access: Access, since: int, until: int, *, page: int = 0) -> Page:
    """One page of the after-sales that changed in [since, until], the oldest first."""
    asked_at = client.seconds(clock.now())
    data = client.call(access, LIST, _parameters(page) | {"update_start_time": since, "update_end_time": until})
    return Page(rows(data, "items"), client.total(data), asked_at)


def of_order(access: Access, order_id: str) -> list[Row]:
    """Every after-sale of one order."""
    data = client.call(access, LIST, _parameters(0) | {"order_id": client.checked_id(order_id)})
    return rows(data, "items")


def _parameters(page: int) -> dict[str, Any]:
    return {"page": page, "size": PAGE_SIZE, "order_by": ["update_time asc"]}


def sale_in(item: Row) -> Row:
    found = item.get("aftersale_info")
    return found if isinstance(found, dict) else {}


def id_of(item: Row) -> str:
    return str(sale_in(item).get("aftersale_id") or "")


def updated(item: Row) -> int:
    return seconds_of(sale_in(item), "update_time")


def refund_message(item: Row) -> Message:
    """An after-sale as it is kept; the key changes with the content."""
    body = canonical(kept.after_sale(item))
    return Message(kind="refund", key=f"refund:{id_of(item)}:{updated(item)}:{digest(body, 12)}"[:150], body=body)
