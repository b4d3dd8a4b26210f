"""Telling K3 WISE of a parcel: fields of the order's sale orders, and the sentence "this left, do not push it again".

There is no idempotency key, so it is read before it is written, and what is there already is `AlreadyDone`. After a
write the bill is read again, because no document says whether Update refuses a field that it does not know.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from integrations import bill_fields, preferences
from integrations.adapter import Access, Telling
from integrations.bill_fields import CORRECTION, STAGES
from integrations.erp.kingdee_wise import client, reading
from integrations.erp.kingdee_wise.preferences import Preferences
from integrations.erp.kingdee_wise.reading import cell, numbers_in
from integrations.errors import AlreadyDone, Permanent, Temporary

# Two parcels of one order collect their waybills in one field: not at the same time.
_writing: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


def tell(access: Access, news: Telling) -> None:
    """Write the news once. `AlreadyDone` where it stands there; `Temporary` while there is no bill for the order."""
    wishes = Preferences(access.settings)
    if news.stage == CORRECTION and "correction" not in wishes.tell_fields():
        raise Permanent("没有设置写“请勿重推”的字段（tell_fields 的 correction）", code="settings")
    if news.stage not in (*STAGES, CORRECTION):
        raise Permanent(f"K3 WISE 不接收阶段 {news.stage}", code="stage")
    with _writing[access.connection_id]:
        done = [_write(access, wishes, bill, news) for bill in _live(access, wishes, news)]
    if not any(done):
        raise AlreadyDone("K3 WISE 单据里已经是这样", code="already")


def _live(access: Access, wishes: Preferences, news: Telling) -> list[Mapping[str, Any]]:
    found = _bills(access, wishes, wishes.order.about, news.platform_order_id)
    if not found:
        raise Temporary("K3 WISE 里还没有该订单的单据", code="no_bill")
    live = [row for row in found if not wishes.is_cancelled(cell(row, wishes.order.status))]
    if not live:
        raise Permanent("该订单在 K3 WISE 里的单据都已作废", code="cancelled")
    return live


def _bills(access: Access, wishes: Preferences, name: str, number: str) -> list[Mapping[str, Any]]:
    """Each bill once, with what the tower writes."""
    if not reading.NUMBER.fullmatch(number):
        raise Permanent("没有可以在 K3 WISE 里查找的单号", code="order_number")
    extra = [*wishes.tell_fields().values(), *_keys(wishes)]
    rows = reading.among(access, wishes.order, name, [number], extra)
    return list({cell(row, wishes.order.number): row for row in rows}.values())


def _keys(wishes: Preferences) -> tuple[str, ...]:
    """The fields by which Update finds a bill."""
    return tuple(wishes.text("update_keys", wishes.order.number).replace(" ", "").split(","))


def _write(access: Access, wishes: Preferences, row: Mapping[str, Any], news: Telling) -> bool:
    """Bring one bill up to date; False where it is."""
    changes = changes_of(row, news, wishes)
    if not changes:
        return False
    number = cell(row, wishes.order.number)
    head = {name: cell(row, name) for name in _keys(wishes)}
    client.post(access, wishes.order, "Update", {"Page1": [{**head, **changes}]})
    again = _bills(access, wishes, wishes.order.number, number)
    if missing := changes_of(again[0], news, wishes) if again else changes:
        raise Temporary(f"单据 {number} 保存后读不到：{'、'.join(missing)[:200]}", code="not_kept")
    return True


def changes_of(row: Mapping[str, Any], news: Telling, wishes: Preferences) -> dict[str, str]:
    """What must be written into a bill that looks so."""
    fields, words = wishes.tell_fields(), wishes.tell_words()
    there = {name: cell(row, field) for name, field in fields.items()}
    wanted: dict[str, str] = {}
    if news.stage == CORRECTION:
        if words["correction"] not in there["correction"]:
            wanted["correction"] = f"{there['correction']} {words['correction']}".strip()
    else:
        # A warehouse may be called anything.
        warehouses, waybills = preferences.words(there.get("warehouse")), numbers_in(there.get("waybill", ""))
        wanted = bill_fields.changes(news, there, words, warehouses=warehouses, waybills=waybills)
    return {fields[name]: value for name, value in wanted.items() if name in fields}
