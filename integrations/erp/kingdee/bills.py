"""Bills: query them, save a few fields, submit, audit, push. One bill a call, so that no answer is half a success.

Source: the WebAPI manual of K3 Cloud. There is no idempotency key: who writes reads first.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.adapter import Access
from integrations.erp.kingdee import client
from integrations.errors import Temporary
from integrations.preferences import number
from integrations.windows import beijing_text

# The manual's limit; newer versions allow 10,000.
MOST_ROWS = 2000
# So many values in one `in (…)`.
IN_AT_ONCE = 100

# FDocumentStatus; B is in review.
DRAFT, CREATED, AUDITED, AGAIN = "Z", "A", "C", "D"
# FCancelStatus, FCloseStatus and the row statuses: A no, B yes.
NO, YES = "A", "B"

Row = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """A bill that an answer names."""

    id: str
    number: str


# Reading ------------------------------------------------------------------------------------------------------------


def page(
    access: Access, form: str, fields: Sequence[str], where: str, *, order: str, start: int = 0, limit: int = 0
) -> list[Row]:
    """One page of a query, each row by its field names: the answer itself brings none."""
    data = {
        "FormId": form,
        "FieldKeys": ",".join(fields),
        "FilterString": where,
        "OrderString": order,
        "TopRowCount": 0,
        "StartRow": start,
        "Limit": limit or page_size(access),
    }
    answer = client.read(access, "ExecuteBillQuery", {"data": data})
    if not isinstance(answer, list):
        raise Temporary("金蝶的查询结果不是列表", code="unreadable_answer")
    found = []
    for row in answer:
        if not isinstance(row, list) or len(row) != len(fields):
            raise Temporary("金蝶的查询结果与所问字段不符", code="unreadable_answer")
        found.append(dict(zip(fields, row, strict=True)))
    return found


def rows(access: Access, form: str, fields: Sequence[str], where: str, *, order: str) -> list[Row]:
    """Every row of a query."""
    size, found = page_size(access), []
    for number_of_page in itertools.count():
        part = page(access, form, fields, where, order=order, start=number_of_page * size)
        found += part
        if len(part) < size:
            break
    return found


def heads_after(
    access: Access, form: str, fields: Sequence[str], where: str, *, after: int, limit: int
) -> tuple[list[Row], int | None]:
    """Up to `limit` heads with a greater FID than `after`, and the FID to go on from (`None` at the end).

    By FID and not by place: a bill that changes meanwhile leaves the window, and all places behind it move up.
    """
    where = f"({where}) and FID>{after}" if after else where
    found = page(access, form, ["FID", *fields], where, order="FID ASC", limit=limit)
    last = max((whole(row["FID"]) for row in found), default=after)
    if len(found) < limit:
        return found, None
    if last <= after:
        raise Temporary("金蝶的查询结果没有按 FID 推进", code="unreadable_answer")
    return found, last


def page_size(access: Access) -> int:
    return number(access.settings, "page_size", MOST_ROWS, most=MOST_ROWS)


# Words of a filter --------------------------------------------------------------------------------------------------


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def equals(field: str, value: str) -> str:
    return f"{field}={quoted(value)}"


def among(field: str, values: Iterable[str]) -> str:
    return f"{field} in ({','.join(quoted(value) for value in values)})"


def contains(field: str, value: str) -> str:
    return f"{field} like {quoted(f'%{value}%')}"


def between(fields: Sequence[str], start: datetime, end: datetime) -> str:
    """One of these times lies in [start, end); they count whole seconds."""
    begin, stop = quoted(beijing_text(start)), quoted(beijing_text(end))
    return " or ".join(f"({field}>={begin} and {field}<{stop})" for field in fields)


def any_of(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions)


def chunks(values: Iterable[str]) -> Iterator[tuple[str, ...]]:
    waiting = iter(dict.fromkeys(values))
    while part := tuple(itertools.islice(waiting, IN_AT_ONCE)):
        yield part


def floor(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond)


def word(value: Any) -> str:
    """A cell as text; what is empty there is `null`, a blank, or nothing."""
    return "" if value is None or isinstance(value, bool | list | dict) else str(value).strip()


def whole(value: Any) -> int:
    """An id; their numbers may come as text or with a fraction of zero."""
    text = word(value).removesuffix(".0")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Temporary("金蝶返回的内码不是整数", code="unreadable_answer")
    return int(text)


def amount(value: Any) -> Decimal:
    """A quantity; nothing is 0."""
    try:
        found = Decimal(word(value) or "0")
    except ArithmeticError as error:
        raise Temporary("金蝶返回的数量不是数字", code="unreadable_answer") from error
    if not found.is_finite():
        raise Temporary("金蝶返回的数量不是数字", code="unreadable_answer")
    return found


# Writing ------------------------------------------------------------------------------------------------------------


def update(access: Access, form: str, bill_id: str, changes: Mapping[str, Any]) -> None:
    """Save only these head fields: all others, and every row, stay as they are."""
    data = {
        "NeedUpDateFields": list(changes),
        "IsDeleteEntry": "false",
        "Model": {"FID": whole(bill_id), **changes},
    }
    client.succeeded(client.call(access, "Save", {"formid": form, "data": data}))


def create(access: Access, form: str, model: Mapping[str, Any]) -> Written:
    """A new bill under the caller's own FBillNo."""
    return _written(client.succeeded(client.call(access, "Save", {"formid": form, "data": {"Model": dict(model)}})))


def submit(access: Access, form: str, number: str) -> None:
    _act(access, "Submit", form, number)


def audit(access: Access, form: str, number: str) -> None:
    _act(access, "Audit", form, number)


def finish(access: Access, form: str, number: str, status: str) -> None:
    """Submit and audit from where the bill stands; each step can fail by itself, and the next try goes on from it."""
    if status in (DRAFT, CREATED, AGAIN):
        submit(access, form, number)
    if status != AUDITED:
        audit(access, form, number)


def push(access: Access, form: str, number: str, target: str, rule: str = "") -> Written:
    """下推: make the next bill from what is left of this one."""
    data = {
        "Numbers": [number],
        "TargetFormId": target,
        "RuleId": rule,
        "IsEnableDefaultRule": "false" if rule else "true",
        "IsDraftWhenSaveFail": "false",
    }
    return _written(client.succeeded(client.call(access, "Push", {"formid": form, "data": data})))


def operate(access: Access, form: str, operation: str, number: str, rows_of: tuple[str, Sequence[str]] | None) -> None:
    """An operation by its number in the BOS designer, on a whole bill or on (bill id, row ids)."""
    data: dict[str, Any] = {"Numbers": [number]}
    if rows_of:
        data = {"PkEntryIds": [{"Id": rows_of[0], "EntryIds": ",".join(rows_of[1])}]}
    body = {"formid": form, "opNumber": operation, "data": data}
    client.succeeded(client.call(access, "ExcuteOperation", body))


def _act(access: Access, service: str, form: str, number: str) -> None:
    body = {"formid": form, "data": {"Numbers": [number]}}
    client.succeeded(client.call(access, service, body))


def _written(result: Mapping[str, Any]) -> Written:
    entities = result["ResponseStatus"].get("SuccessEntitys")
    first = entities[0] if isinstance(entities, list) and entities and isinstance(entities[0], Mapping) else result
    found = Written(word(first.get("Id")), word(first.get("Number")))
    if not found.number:
        raise Temporary("金蝶没有返回单据编号", code="unreadable_answer")
    return found
