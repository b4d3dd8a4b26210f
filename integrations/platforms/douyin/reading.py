"""Reading orders: the calls that list them, and how a row is kept.

Sources: `/order/searchList` and `/order/orderDetail` in the official SDKs. Lists are read by their time, not by page
number: the next call begins at the last row's second, so that a row which changes meanwhile (and leaves its place) is
met again further on, and no row cap is reached.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations import bodies, preferences, records
from integrations.adapter import Access, Message
from integrations.errors import Permanent, Temporary
from integrations.platforms.douyin import client, kept
from integrations.preferences import WrongSetting
from orders import clock
from orders.vocabulary import FLAGS

SEARCH, DETAIL = "/order/searchList", "/order/orderDetail"
BY_UPDATE, BY_CREATE = "update_time", "create_time"
# Paid or partly shipped: 2, 101, 105.
NOT_SHIPPED = [{"order_status": "2,101,105"}]
# Douyin lists the last 90 days; a moment less, so that the call itself may take its time.
LISTED_SECONDS = 90 * 24 * 3600 - 300

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    total: int
    # When it was asked for: its content is at least as new.
    asked_at: int


def search(access: Access, since: int, until: int, *, page: int = 0, by: str = BY_UPDATE, statuses: Any = None) -> Page:
    """One page of the orders changed (or placed) in [since, until], both seconds included, the oldest first."""
    name = "update_time" if by == BY_UPDATE else "create_time"
    parameters: dict[str, Any] = {
        "page": page,
        "size": page_size(access),
        "order_by": by,
        "order_asc": True,
        f"{name}_start": since,
        f"{name}_end": until,
    }
    if statuses:
        parameters["combine_status"] = statuses
    asked_at = client.seconds(clock.now())
    data = client.call(access, SEARCH, parameters)
    return Page(records.rows(data, "shop_order_list"), client.total(data), asked_at)


def page_size(access: Access) -> int:
    return preferences.number(access.settings, "page_size", 100, most=100)


@dataclass(frozen=True)
class Stretch:
    """What was read of a list: pages, and up to which second; `done` where nothing is left."""

    pages: list[Page]
    reached: int
    done: bool


def stretch(
    read: Callable[[int, int], Page], time_of: Callable[[Row], int], since: int, *, size: int, calls: int
) -> Stretch:
    """Read a list from `since` on with at most about `calls` calls. `read` takes a second to begin at and a page."""
    pages: list[Page] = []
    position = since
    while len(pages) < calls:
        first = read(position, 0)
        pages.append(first)
        if first.total <= size:
            return Stretch(pages, position, done=True)
        if not first.rows:
            raise Temporary("平台说有数据，却没有返回", code="unreadable_answer")
        last = max(time_of(row) for row in first.rows)
        if last > position:
            position = last
            continue
        # More rows in one second than a page holds: only here pages are turned.
        for number in range(1, -(-first.total // size)):
            page = read(position, number)
            pages.append(page)
            if any(time_of(row) > position for row in page.rows):
                break
        else:
            return Stretch(pages, position, done=True)
        position += 1
    return Stretch(pages, position, done=False)


def seconds_of(row: Mapping[str, Any], name: str) -> int:
    """A time in a listed row; a row without one cannot be placed, and stops nothing."""
    return records.whole(row.get(name)) or 0


def read_order(access: Access, order_id: str) -> Row:
    """One order as it stands now, however old."""
    data = client.call(access, DETAIL, {"shop_order_id": client.checked_id(order_id)})
    row = data.get("shop_order_detail")
    if not isinstance(row, dict) or not row.get("order_id"):
        raise Permanent("平台没有返回该订单", code="no_order")
    return row


def fetch(access: Access, subject: str) -> Message:
    """Read what a push pointed at: `<order>`, or `<order>@<seconds>` where it says since when something is so."""
    order_id, _, told = subject.partition("@")
    return order_message(access, read_order(access, order_id), at=records.whole(told) or 0)


# Keeping ------------------------------------------------------------------------------------------------------------


def order_message(access: Access, row: Row, *, at: int = 0) -> Message:
    """An order as it is kept. The key changes with the content, and with the time since when it is known to be so."""
    whole = kept.order(row)
    remarks: dict[str, Any] = {}
    if flags := flags_of(access, row):
        remarks["flags"] = flags
    if at > seconds_of(row, "update_time"):
        remarks["at"] = at
    body = bodies.canonical({"order": whole, "tower": remarks})
    key = f"order:{row.get('order_id', '')}:{max(at, seconds_of(row, 'update_time'))}:{bodies.digest(body, 12)}"
    return Message(kind="order", key=key[:150], body=body)


def flags_of(access: Access, row: Row) -> list[str]:
    """What the shop's settings say of this order: by the value of a field, or by the key of a tag."""
    sources: list[Any] = [row, *(row.get("sku_order_list") or [])]
    sources = [source for source in sources if isinstance(source, dict)]
    tags = {
        str(tag.get("key"))
        for source in sources
        for name in ("shop_order_tag_ui", "sku_order_tag_ui", "address_tag_ui")
        for tag in records.rows(source, name)
    }
    found = {
        flag
        for tag, flag in _meanings(preferences.table(access.settings, "flag_tags"), "flag_tags").items()
        if tag in tags
    }
    for name, table in preferences.table(access.settings, "flag_fields").items():
        meanings = _meanings(table, "flag_fields")
        values = {str(source.get(name)) for source in sources if source.get(name) is not None}
        found |= {flag for value, flag in meanings.items() if value in values}
    return sorted(found)


def _meanings(table: Any, setting: str) -> dict[str, str]:
    if not isinstance(table, Mapping) or not FLAGS.issuperset(map(str, table.values())):
        raise WrongSetting(setting, "不对")
    return {str(value): str(flag) for value, flag in table.items()}
