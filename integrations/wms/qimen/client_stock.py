"""What a warehouse has: asked of it item by item (inventory.query), or of everything page by page (stock.query).

The answers carry no time of their own: they are true when we asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from integrations.adapter import Access, Message, Polled
from integrations.errors import Permanent
from integrations.wms.qimen import client, mapping_stock, xml

PAGE_SIZE = 100
# So many pages are read in one go; a warehouse with more codes than that is asked item by item.
MOST_PAGES = 200
# All rows of a code stay in one message, which holds about so many rows.
ROWS_IN_MESSAGE = 500


def fetch(access: Access, subject: str) -> Message:
    """Ask for one code in one warehouse: `stock:<warehouse>:<code>`."""
    warehouse, _, code = subject.removeprefix(mapping_stock.SUBJECT).partition(":")
    criteria = {
        "warehouseCode": warehouse or client.warehouse_code(access, ""),
        "ownerCode": access.settings.get("owner_code"),
        "itemCode": code,
    }
    answer = client.call(access, "inventory.query", {"criteriaList": {"criteria": [criteria]}})
    return _message(access, f"{warehouse}:{code}", xml.every(answer, "items/item"))


def minutes(settings: Mapping[str, Any]) -> float:
    """How often everything is read; 0: never."""
    try:
        return max(float(settings.get("stock_minutes") or 0), 0)
    except (TypeError, ValueError):
        return 0


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    """Everything, where its time has come."""
    before, every = cursor.get("stock_at"), minutes(access.settings)
    if not every or (before and access.now < datetime.fromisoformat(str(before)) + timedelta(minutes=every)):
        return Polled(messages=[], cursor=cursor)
    rows: dict[str, list[Element]] = {}
    for item in _everything(access):
        rows.setdefault(xml.text(item, "itemCode"), []).append(item)
    messages, bundle = list[Message](), list[Element]()
    for code in sorted(rows):
        bundle += rows[code]
        if len(bundle) >= ROWS_IN_MESSAGE:
            messages.append(_message(access, str(len(messages) + 1), bundle))
            bundle = []
    if bundle:
        messages.append(_message(access, str(len(messages) + 1), bundle))
    return Polled(messages=messages, cursor={**cursor, "stock_at": access.now.isoformat()})


def _everything(access: Access) -> Iterator[Element]:
    seen = 0
    for page in range(1, MOST_PAGES + 1):
        asked = {
            "warehouseCode": client.warehouse_code(access, ""),
            "ownerCode": access.settings.get("owner_code"),
            "page": page,
            "pageSize": PAGE_SIZE,
        }
        answer = client.call(access, "stock.query", asked)
        found = list(xml.every(answer, "items/item"))
        yield from found
        seen += len(found)
        announced = xml.text(answer, "totalCount")
        if len(found) < PAGE_SIZE and not announced.isdecimal():
            return
        if not found or (announced.isdecimal() and seen >= int(announced[:9])):
            return
    raise Permanent(f"库存超过 {MOST_PAGES} 页，没有读完", code="too_many_pages")


def _message(access: Access, part: str, items: Iterable[Element]) -> Message:
    root = Element("stock", {"asked": access.now.isoformat()})
    root.extend(items)
    return Message(
        kind=mapping_stock.ANSWER, key=f"stock:{access.now.isoformat()}:{part}"[:160], body=xml.to_bytes(root)
    )
