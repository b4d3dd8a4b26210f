"""What K3 WISE knows of orders: changed bills lead to platform orders, and of those every bill is read.

An ERP merges and splits: a bill may hold several platform orders, an order several bills. So the unit is the platform
order with all its sale orders and their out-stock bills. Receivers and goods are not read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from integrations import bill_fields
from integrations.adapter import Access, Message
from integrations.bodies import canonical, digest
from integrations.erp.kingdee_wise import client
from integrations.erp.kingdee_wise.preferences import Bill, Preferences
from integrations.errors import Permanent, Temporary

KIND = "bills"
# What may stand in a filter: no quote, and no wildcard that would find everything.
NUMBER = re.compile(r"[0-9A-Za-z._#-]{1,80}")
AT_ONCE = 20

Row = Mapping[str, Any]


def one(access: Access, subject: str) -> Message:
    """Everything of one platform order."""
    if not NUMBER.fullmatch(subject):
        raise Permanent(f"不是订单号：{subject[:40]!r}", code="order_number")
    if found := messages(access, [subject]):
        return found[0]
    raise Permanent("K3 WISE 里没有该订单的单据", code="no_bill")


def page(access: Access, bill: Bill, time_field: str, where: str, number: int) -> list[Row]:
    """One page of the bills of a window, oldest first; the bill's number makes the order one."""
    order = f"[{time_field}] asc,[{bill.number}] asc"
    found = client.rows(access, bill, _fields(access, bill), where, order=order, page=number)
    return [_row(one) for one in found]


def subjects_of(access: Access, bill: Bill, found: Sequence[Row]) -> list[str]:
    """The platform orders that these bills speak of, out-stock bills through the sale orders that they name."""
    wishes = Preferences(access.settings)
    named = [number for row in found for number in numbers_in(cell(row, bill.about))]
    if bill == wishes.out:
        orders = among(access, wishes.order, wishes.order.number, named)
        named = [number for row in orders for number in numbers_in(cell(row, wishes.order.about))]
    return list(dict.fromkeys(named))


def messages(access: Access, subjects: Iterable[str]) -> list[Message]:
    """A message for every one of these platform orders that has a bill."""
    wishes = Preferences(access.settings)
    orders: dict[str, dict[str, Any]] = {subject: {} for subject in subjects}
    for row in among(access, wishes.order, wishes.order.about, orders):
        for subject in orders.keys() & set(numbers_in(cell(row, wishes.order.about))):
            orders[subject][cell(row, wishes.order.number)] = _head(row, wishes.order)
    outs: dict[str, dict[str, Any]] = {}
    if wishes.out.name:
        numbers = [number for sale_orders in orders.values() for number in sale_orders]
        for row in among(access, wishes.out, wishes.out.about, numbers):
            _add_out_stock(outs, row, wishes)
    return [_message(subject, sale_orders, outs) for subject, sale_orders in orders.items() if sale_orders]


def among(access: Access, bill: Bill, name: str, numbers: Iterable[str], extra: Sequence[str] = ()) -> Iterator[Row]:
    """The bills that name one of these numbers in the field `name`. `like` finds too much, so each is looked at."""
    wishes = Preferences(access.settings)
    wanted = [number for number in dict.fromkeys(numbers) if NUMBER.fullmatch(number)]
    at_once = max(1, min(AT_ONCE, wishes.page_size() // 2))
    for start in range(0, len(wanted), at_once):
        some = wanted[start : start + at_once]
        where = " or ".join(f"[{name}] like '%{number}%'" for number in some)
        fields = [*_fields(access, bill), *extra]
        for number in range(1, wishes.pages() + 1):
            found = client.rows(access, bill, fields, f"({where})", order=f"[{bill.number}] asc", page=number)
            rows = [_row(one) for one in found]
            yield from (row for row in rows if not set(some).isdisjoint(numbers_in(cell(row, name))))
            if len(rows) < wishes.page_size():
                break
        else:
            raise Permanent("按单号查到的单据超过 Top，请调大每次最多行数", code="too_many")


def numbers_in(text: str) -> list[str]:
    """The numbers in a field, in their order."""
    return [one for one in bill_fields.numbers_in(text) if NUMBER.fullmatch(one)]


def cell(row: Row, name: str) -> str:
    """A field as text. The published example spells one field in two ways, so that case does not count."""
    if name.lower() not in row:
        raise Permanent(f"K3API 的回答里没有字段 {name}，请核对设置", code="field")
    value = row[name.lower()]
    if isinstance(value, dict | list | bool):
        raise Permanent(f"字段 {name} 不是文字，请核对设置", code="field")
    return "" if value is None else str(value).strip()


def _row(value: Any) -> Row:
    if not isinstance(value, dict):
        raise Temporary("K3API 列表里的一行不是对象", code="unreadable_answer")
    return {str(name).lower(): one for name, one in value.items()}


def _fields(access: Access, bill: Bill) -> list[str]:
    wishes = Preferences(access.settings)
    more = [wishes.text("out_carrier_field"), wishes.text("out_waybill_field")] if bill == wishes.out else []
    return [bill.number, bill.about, bill.changed, bill.status, *more]


def _head(row: Row, bill: Bill) -> dict[str, Any]:
    return {"number": cell(row, bill.number), "status": cell(row, bill.status), "at": cell(row, bill.changed)}


def _add_out_stock(outs: dict[str, dict[str, Any]], row: Row, wishes: Preferences) -> None:
    """A list may give a bill once or once for each of its rows: what rows say is collected."""
    head = _head(row, wishes.out)
    bill = outs.setdefault(head["number"], {**head, "carrier": "", "sale_orders": [], "waybills": []})
    if name := wishes.text("out_carrier_field"):
        bill["carrier"] = bill["carrier"] or cell(row, name)
    for kept, name in (("sale_orders", wishes.out.about), ("waybills", wishes.text("out_waybill_field"))):
        bill[kept] = list(dict.fromkeys([*bill[kept], *(numbers_in(cell(row, name)) if name else ())]))


def _message(subject: str, sale_orders: Mapping[str, Any], outs: Mapping[str, dict[str, Any]]) -> Message:
    mine = [bill for _number, bill in sorted(outs.items()) if not sale_orders.keys().isdisjoint(bill["sale_orders"])]
    content = {
        "platform_order": subject,
        "sale_orders": [bill for _number, bill in sorted(sale_orders.items())],
        "out_stocks": mine,
    }
    body = canonical(content)
    return Message(kind=KIND, key=f"{KIND}:{subject}:{digest(body, 24)}", body=body)
