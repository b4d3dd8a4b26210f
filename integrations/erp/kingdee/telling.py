"""Telling K3 Cloud of a parcel: fields of its bills, and the correction "this was shipped, do not push it again".

There is no idempotency key, so every way reads before it writes, and what is there already is `AlreadyDone`. After a
write the bill is read again: K3 Cloud drops fields silently where a tenant's settings do not let them be saved.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations import bill_fields
from integrations.adapter import Access, Telling
from integrations.bill_fields import CORRECTION, STAGES
from integrations.erp.kingdee import bills, lanes, preferences
from integrations.erp.kingdee.bills import AUDITED, YES, Row, word
from integrations.erp.kingdee.preferences import OUT_STOCK, SALE_ORDER, names, texts
from integrations.erp.kingdee.reading import numbers_in
from integrations.erp.kingdee.refusals import NotEditable, SessionLost
from integrations.errors import AlreadyDone, Permanent, Temporary
from integrations.preferences import choice, text
from integrations.windows import beijing_text

NO_WAY = "none"
# More parcels than this in one field are a mistake, not a delivery.
MOST_WAYBILLS = 50


def tell(access: Access, news: Telling) -> None:
    """Write the news once. `AlreadyDone` where K3 Cloud knows it; `Temporary` while it has no bill for the order."""
    if news.stage not in (*STAGES, CORRECTION):
        raise Permanent(f"金蝶不接收阶段 {news.stage}", code="stage")
    subject = news.platform_order_id or news.order
    with lanes.writing(access.connection_id, subject):
        try:
            done = _told(access, news)
        except SessionLost:
            # The write may have landed before the session was lost: this reads first as well.
            done = _told(access, news)
    if not done:
        raise AlreadyDone("金蝶单据里已经是这样", code="already")


def _told(access: Access, news: Telling) -> bool:
    """Whether anything had to be written."""
    if news.stage == CORRECTION:
        return _CORRECTIONS[choice(access.settings, "correction", tuple(_CORRECTIONS))](access, news)
    form = choice(access.settings, "tell_form", (SALE_ORDER, OUT_STOCK))
    fields = {
        name: field for name, field in texts(access, "tell_fields", preferences.TELL_FIELDS).items() if field.strip()
    }
    words = texts(access, "tell_words", preferences.TELL_WORDS)
    wanted = tuple(dict.fromkeys(fields.values()))
    found = _live(access, news, form, wanted)
    changed = [_write(access, form, bill, lambda row: stage_changes(row, news, fields, words)) for bill in found]
    return any(changed)


# The fields ---------------------------------------------------------------------------------------------------------


def stage_changes(
    row: Mapping[str, Any], news: Telling, fields: Mapping[str, str], words: Mapping[str, str]
) -> dict[str, str]:
    """What must be written into a bill that looks so."""
    there = {name: word(row.get(field)) for name, field in fields.items()}
    warehouses = [one for one in there.get("warehouse", "").split(",") if one]
    waybills = numbers_in(there.get("waybill"))
    wanted = bill_fields.changes(news, there, words, warehouses=warehouses, waybills=waybills)
    if len(waybills) >= MOST_WAYBILLS:
        wanted.pop("waybill", None)
    return {fields[name]: value for name, value in wanted.items() if name in fields and there[name] != value}


def _write(access: Access, form: str, bill: Row, changes_of: Callable[[Row], dict[str, str]]) -> bool:
    """Bring one bill up to date; False where it is."""
    changes = changes_of(bill)
    if not changes:
        return False
    number = word(bill["FBillNo"])
    try:
        bills.update(access, form, word(bill["FID"]), changes)
    except NotEditable as error:
        fields = "、".join(changes)
        advice = "请在 BOS 设计器里允许审核后修改，或在连接设置里换字段"
        raise Permanent(f"单据 {number} 已审核，不能写 {fields}：{advice}", code="not_editable") from error
    fields_read = ["FID", "FBillNo", *(name for name in bill if name not in ("FID", "FBillNo"))]
    again = bills.rows(access, form, fields_read, bills.equals("FBillNo", number), order="FID ASC")
    if not again or (missing := changes_of(again[0])):
        names_missing = "、".join(missing) if again else number
        raise Temporary(f"单据 {number} 保存后读不到：{names_missing}", code="not_kept")
    return True


# Which bills --------------------------------------------------------------------------------------------------------


def _live(access: Access, news: Telling, form: str, fields: Sequence[str]) -> list[Row]:
    """The bills of the order that are not cancelled, as heads with these fields."""
    found = _sale_orders(access, news, fields if form == SALE_ORDER else ())
    if form == OUT_STOCK:
        found = _out_stocks(access, news, [word(bill["FBillNo"]) for bill in found], fields)
    if not found:
        raise Temporary("金蝶里还没有该订单的单据", code="no_bill")
    live = [bill for bill in found if word(bill["FCancelStatus"]) != YES]
    if not live:
        raise Permanent("该订单在金蝶里的单据都已作废", code="cancelled")
    return live


def _sale_orders(access: Access, news: Telling, fields: Sequence[str]) -> list[Row]:
    wanted = names(access)
    conditions = []
    if numbers := [number for kind, number in news.documents if kind == "sale_order"]:
        conditions.append(bills.among("FBillNo", numbers))
    if news.platform_order_id:
        conditions.append(bills.equals(wanted.platform, news.platform_order_id))
    if wanted.tower:
        conditions.append(bills.among(wanted.tower, [one for one in (news.order, news.parcel) if one]))
    if not conditions:
        raise Permanent("没有可以在金蝶里查找的订单号", code="order_number")
    extra = ["FDocumentStatus", "FCloseStatus", "FCancelStatus", *fields]
    return _heads(access, SALE_ORDER, extra, bills.any_of(conditions))


def _out_stocks(access: Access, news: Telling, sale_orders: Sequence[str], fields: Sequence[str]) -> list[Row]:
    wanted = names(access)
    conditions = []
    if numbers := [number for kind, number in news.documents if kind == "out_stock"]:
        conditions.append(bills.among("FBillNo", numbers))
    if sale_orders:
        conditions.append(bills.among(wanted.out_sale_order, sale_orders))
    if wanted.out_platform and news.platform_order_id:
        conditions.append(bills.equals(wanted.out_platform, news.platform_order_id))
    if not conditions:
        return []
    return _heads(access, OUT_STOCK, ["FDocumentStatus", "FCancelStatus", *fields], bills.any_of(conditions))


def _heads(access: Access, form: str, fields: Sequence[str], where: str) -> list[Row]:
    """Each bill once, although a filter on rows multiplies its head."""
    unique = list(dict.fromkeys(("FID", "FBillNo", *fields)))
    found = bills.rows(access, form, unique, where, order="FID ASC")
    return list({bills.whole(row["FID"]): row for row in found}.values())


# 已出库，不要重推: the correction ----------------------------------------------------------------------------------


def _by_note(access: Access, news: Telling) -> bool:
    """A sentence in the note of every sale order, for the people and scripts that push."""
    field = text(access.settings, "note_field", "FNote")
    try:
        sentence = text(access.settings, "note_text", preferences.NOTE_TEXT).format(
            parcel=news.parcel, at=beijing_text(news.at), waybill=news.waybill, order=news.order
        )
    except (KeyError, IndexError, ValueError) as error:
        raise Permanent("设置 note_text 里只能用 {parcel} {at} {waybill} {order}", code="settings") from error

    def changes(row: Row) -> dict[str, str]:
        note = word(row.get(field))
        return {} if sentence in note else {field: f"{note} {sentence}".strip()}

    found = _live(access, news, SALE_ORDER, (field,))
    done = [_write(access, SALE_ORDER, bill, changes) for bill in found]
    return any(done)


def _by_closing(access: Access, news: Telling) -> bool:
    """Close what is left of every sale order, so that nothing can be pushed from it."""
    operation = text(access.settings, "close_operation", "YLBillClose")
    scope = choice(access.settings, "close_scope", ("bill", "rows"))
    done = [_close(access, bill, operation, scope) for bill in _of_this_order_alone(access, news)]
    return any(done)


def _close(access: Access, bill: Row, operation: str, scope: str) -> bool:
    number = word(bill["FBillNo"])
    rows = _open_rows(access, number)
    if word(bill["FCloseStatus"]) == YES or not rows:
        return False
    only = (word(bill["FID"]), rows) if scope == "rows" else None
    bills.operate(access, SALE_ORDER, operation, number, only)
    [again] = _heads(access, SALE_ORDER, ["FCloseStatus"], bills.equals("FBillNo", number)) or [{}]
    if word(again.get("FCloseStatus")) != YES and _open_rows(access, number):
        raise Temporary(f"销售订单 {number} 执行关闭后仍未关闭", code="not_kept")
    return True


def _open_rows(access: Access, number: str) -> list[str]:
    """The rows of a sale order from which something may still be pushed."""
    entry = f"{names(access).sale_rows}_FEntryID"
    fields = ["FID", entry, "FRemainOutQty", "FMrpCloseStatus", "FMrpTerminateStatus"]
    found = bills.rows(access, SALE_ORDER, fields, bills.equals("FBillNo", number), order=f"FID ASC,{entry} ASC")
    still_open = (row for row in found if YES not in (word(row["FMrpCloseStatus"]), word(row["FMrpTerminateStatus"])))
    return [word(row[entry]) for row in still_open if _is_left(row["FRemainOutQty"])]


def _is_left(remaining: Any) -> bool:
    return not word(remaining) or bills.amount(remaining) > 0


def _by_auditing(access: Access, news: Telling) -> bool:
    """An audited out-stock bill with the waybill: what is left of the order becomes nothing."""
    found = _of_this_order_alone(access, news)
    done = [_bring_out(access, news, word(bill["FBillNo"]), word(bill["FCloseStatus"])) for bill in found]
    return any(done)


def _of_this_order_alone(access: Access, news: Telling) -> list[Row]:
    """The order's sale orders. A merged one holds goods that have not left: it is a person's to judge."""
    platform = names(access).platform
    found = _live(access, news, SALE_ORDER, (platform,))
    for bill in found:
        if len(others := numbers_in(bill[platform])) > 1:
            text_of_others = "、".join(others[:10])
            raise Permanent(f"销售订单 {word(bill['FBillNo'])} 合并了 {text_of_others}，请人工处理", code="merged")
    return found


def _bring_out(access: Access, news: Telling, sale_order: str, closed: str) -> bool:
    """Go on from whatever step the last try reached: push, save the waybill, submit, audit."""
    waybill = names(access).out_waybill
    where = bills.equals(names(access).out_sale_order, sale_order)
    waiting = [
        bill
        for bill in _heads(access, OUT_STOCK, ["FDocumentStatus", "FCancelStatus", waybill], where)
        if word(bill["FCancelStatus"]) != YES and word(bill["FDocumentStatus"]) != AUDITED
    ]
    if not waiting:
        if closed == YES or not _open_rows(access, sale_order):
            return False
        pushed = bills.push(access, SALE_ORDER, sale_order, OUT_STOCK, text(access.settings, "push_rule"))
        fields = ["FDocumentStatus", "FCancelStatus", waybill]
        waiting = _heads(access, OUT_STOCK, fields, bills.equals("FBillNo", pushed.number))
        if not waiting:
            raise Temporary(f"下推的出库单 {pushed.number} 还读不到", code="not_kept")
    for bill in waiting:
        if news.waybill and news.waybill not in numbers_in(bill[waybill]):
            joined = ",".join((*numbers_in(bill[waybill]), news.waybill))
            bills.update(access, OUT_STOCK, word(bill["FID"]), {waybill: joined})
        bills.finish(access, OUT_STOCK, word(bill["FBillNo"]), word(bill["FDocumentStatus"]))
    return True


# How the tower's correction is made; the first is the default, because it changes no books.
_CORRECTIONS: Mapping[str, Callable[[Access, Telling], bool]] = {
    "note": _by_note,
    "close": _by_closing,
    "audit": _by_auditing,
}
