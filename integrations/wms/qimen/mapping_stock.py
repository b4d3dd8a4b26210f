"""Counts and changes of stock, and the answers to our questions about it. Pure.

A word without a time cannot take its place among the others, so the stock is asked for instead.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from integrations.adapter import Fetch, StockWord
from integrations.errors import Unreadable
from integrations.wms.qimen import xml
from integrations.wms.qimen.mapping_words import change, quantity, required, time_of, word

# The kind of what `client` composes of inventory.query and stock.query.
ANSWER = "inventory.query"
# How a question about stock is told from one about an order.
SUBJECT = "stock:"
USUAL_GRADE = "ZP"


def from_count(key: str, root: Element) -> list[StockWord | Fetch]:
    """盘点: where the new total is told it counts, else the difference."""
    warehouse, at = word(root, "warehouseCode"), time_of(root, "checkTime")
    items = list(xml.every(root, "items/item"))
    if at is None:
        return _ask((warehouse, item) for item in items)
    return [
        StockWord(
            key=f"{key}:{number}",
            warehouse=warehouse,
            code=required(item, "itemCode", "货品"),
            grade=_grade(item),
            at=at,
            total=quantity(total) if (total := xml.text(item, "totalQty")) else None,
            change=change(xml.text(item, "quantity") or "0"),
        )
        for number, item in enumerate(items, start=1)
    ]


def from_change(key: str, root: Element) -> list[StockWord | Fetch]:
    """异动: always a difference."""
    found: list[StockWord | Fetch] = []
    for number, item in enumerate(xml.every(root, "items/item"), start=1):
        warehouse, at = word(item, "warehouseCode"), time_of(item, "changeTime")
        if at is None:
            found += _ask([(warehouse, item)])
            continue
        code, grade = required(item, "itemCode", "货品"), _grade(item)
        found.append(
            StockWord(
                key=f"{key}:{number}",
                warehouse=warehouse,
                code=code,
                grade=grade,
                at=at,
                change=change(xml.text(item, "quantity")),
            )
        )
    return found


def from_answer(key: str, root: Element) -> list[StockWord]:
    """What was there when we asked: free and promised pieces, summed over batches."""
    asked = root.get("asked") or ""
    try:
        at = datetime.fromisoformat(asked).astimezone(UTC)
    except ValueError as error:
        raise Unreadable(f"没有查询时间：{asked[:30]}") from error
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for item in xml.every(root, "item"):
        place = word(item, "warehouseCode"), required(item, "itemCode", "货品"), _grade(item)
        free, locked = quantity(xml.text(item, "quantity") or "0"), quantity(xml.text(item, "lockQuantity") or "0")
        before = sums.get(place, (0, 0))
        sums[place] = before[0] + free + locked, before[1] + locked
    return [
        StockWord(key=f"{key}:{number}", warehouse=place, code=code, grade=grade, at=at, total=total, locked=locked)
        for number, ((place, code, grade), (total, locked)) in enumerate(sorted(sums.items()), start=1)
    ]


def _ask(rows: Iterable[tuple[str, Element]]) -> list[StockWord | Fetch]:
    codes = {(warehouse, required(item, "itemCode", "货品")) for warehouse, item in rows}
    return [Fetch(subject=f"{SUBJECT}{warehouse}:{code}") for warehouse, code in sorted(codes)]


def _grade(item: Element) -> str:
    return word(item, "inventoryType") or USUAL_GRADE
