"""Reading what K3 Cloud knows of orders: changed bills lead to platform orders, and of those everything is read.

An ERP merges and splits: a bill may hold several platform orders, an order several bills. So the unit is the platform
order with all its sale orders and out-stock bills. Receivers are not read: the tower needs no copy of them from here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations import bill_fields
from integrations.adapter import Access, Message
from integrations.bodies import canonical, digest
from integrations.erp.kingdee import bills
from integrations.erp.kingdee.bills import Row, word
from integrations.erp.kingdee.preferences import OUT_STOCK, SALE_ORDER, Names, meanings, names, texts
from integrations.errors import Permanent

KIND = "bills"
LONGEST_NUMBER = 80
# How nothing is written in a quantity.
NOTHING = re.compile(r"-?0*(\.0*)?")
ROW_FIELDS = ("FMaterialId.FNumber", "FQty", "FStockOutQty", "FRemainOutQty")
ROW_FLAGS = ("FMrpCloseStatus", "FMrpTerminateStatus", "FMrpFreezeStatus")


@dataclass
class _Order:
    """One platform order (or, without its number, one tower order) and the bills that speak of it."""

    subject: str
    platform: str = ""
    tower: str = ""
    sale_orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    out_stocks: dict[str, dict[str, Any]] = field(default_factory=dict)


def numbers_in(value: Any) -> list[str]:
    """The order numbers in a field, in their order."""
    return [one for one in bill_fields.numbers_in(word(value)) if len(one) <= LONGEST_NUMBER]


def subjects_in(row: Row, wanted: Names) -> list[str]:
    """What orders a sale order is about: by the platforms' numbers, else by the tower's."""
    return numbers_in(row.get(wanted.platform)) or numbers_in(row.get(wanted.tower))


def order_fields(wanted: Names) -> list[str]:
    return [one for one in (wanted.platform, wanted.tower) if one]


def one(access: Access, subject: str) -> Message:
    """Everything of one order, by its platform's or the tower's number."""
    if not subject or numbers_in(subject) != [subject]:
        raise Permanent(f"不是订单号：{subject[:40]!r}", code="order_number")
    wanted = names(access)
    where = bills.any_of(
        condition
        for name in order_fields(wanted)
        for condition in (bills.equals(name, subject), bills.contains(name, subject))
    )
    rows = _sale_rows(access, wanted, where)
    if found := messages(access, [subject], rows):
        return found[0]
    for row in rows:
        if subject in numbers_in(row.get(wanted.tower)):
            return one(access, subjects_in(row, wanted)[0])
    raise Permanent("金蝶里没有该订单的单据", code="no_bill")


def of_sale_heads(access: Access, heads: Sequence[Row]) -> list[Message]:
    """The orders that these changed sale orders speak of."""
    wanted = names(access)
    subjects = dict.fromkeys(subject for head in heads for subject in subjects_in(head, wanted))
    raw: dict[str, list[str]] = {name: [] for name in order_fields(wanted)}
    for head in heads:
        for name in raw:
            if written := word(head.get(name)):
                raw[name] += [written, *numbers_in(written)]
    found: list[Row] = []
    for name, values in raw.items():
        for part in bills.chunks(values):
            found += _sale_rows(access, wanted, bills.among(name, part))
    return messages(access, subjects, found)


def of_out_heads(access: Access, heads: Sequence[Row]) -> list[Message]:
    """The orders that these changed out-stock bills speak of, found through the sale orders named in their rows."""
    wanted = names(access)
    sale_orders: list[str] = []
    direct: list[str] = []
    fields = ["FID", wanted.out_sale_order, *([wanted.out_platform] if wanted.out_platform else [])]
    for part in bills.chunks(str(bills.whole(head["FID"])) for head in heads):
        where = f"FID in ({','.join(part)})"
        for row in bills.rows(access, OUT_STOCK, fields, where, order=_row_order(wanted.out_rows)):
            sale_orders += numbers_in(row[wanted.out_sale_order])
            direct += numbers_in(row.get(wanted.out_platform))
    found: list[Row] = []
    head_fields = ["FID", *order_fields(wanted)]
    for part in bills.chunks(sale_orders):
        found += bills.rows(access, SALE_ORDER, head_fields, bills.among("FBillNo", part), order="FID ASC")
    subjects = {subject for row in found for subject in subjects_in(row, wanted)}
    by_number = of_sale_heads(access, found) if subjects else []
    own = [subject for subject in dict.fromkeys(direct) if subject not in subjects]
    return [*by_number, *messages(access, own, [])]


def messages(access: Access, subjects: Iterable[str], sale_rows: Sequence[Row]) -> list[Message]:
    """A message for every subject that has a bill."""
    wanted = names(access)
    orders = {subject: _Order(subject) for subject in subjects}
    for row in sale_rows:
        for subject in subjects_in(row, wanted):
            if order := orders.get(subject):
                _add_sale_row(order, row, wanted)
    carriers, means = texts(access, "carriers"), meanings(access)
    for order, row in _out_rows(access, wanted, orders):
        _add_out_row(order, row, wanted, carriers)
    return [_message(order, means) for order in orders.values() if order.sale_orders or order.out_stocks]


def _sale_rows(access: Access, wanted: Names, where: str) -> list[Row]:
    fields = [
        "FID",
        "FBillNo",
        *order_fields(wanted),
        *("FDocumentStatus", "FCloseStatus", "FCancelStatus"),
        *wanted.sale_times,
        f"{wanted.sale_rows}_FEntryID",
        *ROW_FIELDS,
        *ROW_FLAGS,
    ]
    return bills.rows(access, SALE_ORDER, fields, where, order=_row_order(wanted.sale_rows))


def _row_order(entry: str) -> str:
    return f"FID ASC,{entry}_FEntryID ASC"


def _out_rows(access: Access, wanted: Names, orders: Mapping[str, _Order]) -> Iterator[tuple[_Order, Row]]:
    """Every row of an out-stock bill of these orders, by sale order or by the bill's own field."""
    by_bill: dict[str, list[_Order]] = {}
    for order in orders.values():
        for bill in order.sale_orders.values():
            by_bill.setdefault(bill["number"], []).append(order)
    fields = [
        *("FID", "FBillNo", "FDocumentStatus", "FCancelStatus"),
        *wanted.out_times,
        *(wanted.out_carrier, wanted.out_waybill, wanted.out_sale_order),
        *([wanted.out_platform] if wanted.out_platform else []),
        f"{wanted.out_rows}_FEntryID",
        *("FMaterialID.FNumber", "FRealQty"),
    ]
    order_by = _row_order(wanted.out_rows)
    for part in bills.chunks(by_bill):
        for row in bills.rows(access, OUT_STOCK, fields, bills.among(wanted.out_sale_order, part), order=order_by):
            for number in numbers_in(row[wanted.out_sale_order]):
                yield from ((order, row) for order in by_bill.get(number, ()))
    if wanted.out_platform:
        for part in bills.chunks(orders):
            for row in bills.rows(access, OUT_STOCK, fields, bills.among(wanted.out_platform, part), order=order_by):
                for order in (orders[one] for one in numbers_in(row[wanted.out_platform]) if one in orders):
                    order.platform = order.platform or ("" if order.tower else order.subject)
                    yield order, row


def _add_sale_row(order: _Order, row: Row, wanted: Names) -> None:
    if platforms := numbers_in(row.get(wanted.platform)):
        order.platform = order.subject
        towers = numbers_in(row.get(wanted.tower))
        if len(platforms) == len(towers) == 1:
            order.tower = towers[0]
    else:
        order.tower = order.subject
    bill = order.sale_orders.setdefault(
        word(row["FID"]),
        {
            "number": word(row["FBillNo"]),
            "document_status": word(row["FDocumentStatus"]),
            "close_status": word(row["FCloseStatus"]),
            "cancel_status": word(row["FCancelStatus"]),
            "times": [word(row[name]) for name in wanted.sale_times],
            "rows": {},
        },
    )
    entry = word(row[f"{wanted.sale_rows}_FEntryID"])
    material, quantity, out, remaining = (word(row[name]) for name in ROW_FIELDS)
    closed, terminated, frozen = (word(row[name]) for name in ROW_FLAGS)
    bill["rows"][entry] = {
        "material": material,
        "quantity": quantity,
        "out": out,
        "remaining": remaining,
        "closed": closed,
        "terminated": terminated,
        "frozen": frozen,
    }


def _add_out_row(order: _Order, row: Row, wanted: Names, carriers: Mapping[str, str]) -> None:
    bill = order.out_stocks.setdefault(
        word(row["FID"]),
        {
            "number": word(row["FBillNo"]),
            "document_status": word(row["FDocumentStatus"]),
            "cancel_status": word(row["FCancelStatus"]),
            "times": [word(row[name]) for name in wanted.out_times],
            "carrier": carriers.get(word(row[wanted.out_carrier]), ""),
            "waybills": numbers_in(row[wanted.out_waybill]),
            "rows": {},
        },
    )
    entry = word(row[f"{wanted.out_rows}_FEntryID"])
    bill["rows"][entry] = {"material": word(row["FMaterialID.FNumber"]), "quantity": word(row["FRealQty"])}


def _message(order: _Order, means: Mapping[str, str]) -> Message:
    content = {
        "platform_order": order.platform,
        "tower_order": order.tower,
        "sale_orders": _listed(order.sale_orders),
        "out_stocks": _listed(order.out_stocks),
        "means": dict(means),
    }
    body = canonical(content)
    subject = order.platform or order.tower
    return Message(kind=KIND, key=f"{KIND}:{subject}:{digest(body, 24)}"[:160], body=body)


def _listed(found: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Bills and rows as lists, by their ids: one text for one content."""
    return [
        {
            "id": key,
            **{name: value for name, value in bill.items() if name != "times"},
            "at": _since(bill),
            "rows": [{"id": row_id, **row} for row_id, row in sorted(bill["rows"].items())],
        }
        for key, bill in sorted(found.items())
    ]


def _since(bill: Mapping[str, Any]) -> str:
    """Since when the bill stands as it does. An audited one since its audit and not since its last change: what the
    tower itself writes into it is no news of the order."""
    changed, audited, cancelled = (*bill["times"], "", "", "")[:3]
    if bill["cancel_status"] == bills.YES:
        return cancelled or changed
    left_over = any(NOTHING.fullmatch(row.get("remaining", "0")) is None for row in bill["rows"].values())
    closed_by_hand = bill.get("close_status") == bills.YES and left_over
    return audited or changed if bill["document_status"] == bills.AUDITED and not closed_by_hand else changed
