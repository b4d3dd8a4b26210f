"""The emulated methods of routerjson: what each takes, checks and answers. One function each, found by its name."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.emulation import Faults
from integrations.platforms.jd import emulator_orders as shop
from integrations.platforms.jd.emulator_gateway import NotDone, read_time
from integrations.platforms.jd.emulator_orders import Application, Order, Orders
from orders import clock

LONGEST = timedelta(days=31)
MODIFIED_KEPT, CREATED_KEPT = timedelta(days=90), timedelta(days=730)
MOST_PAGES = 300
COMPANIES = frozenset({"463", "465", "467", "470", "1274", "1327", "1499", "2087", "3046"})
BY_SELLER = "1274"
WAYBILL = re.compile(r"[A-Za-z0-9-]{6,40}")


@dataclass
class Side:
    """What the methods work on."""

    orders: Orders
    vender_id: str
    with_oaid: bool
    faults: Faults
    note: Callable[..., None]


Parameters = Mapping[str, Any]


def order_search(side: Side, asked: Parameters) -> dict[str, Any]:
    states = {part for part in _text(asked, "order_state").split(",") if part} - {shop.NOT_PAID}
    fields = [part for part in _text(asked, "optional_fields").split(",") if part]
    if not _text(asked, "order_state") or not fields:
        raise NotDone("order_state 和 optional_fields 不能为空", "10100018")
    by_created = _text(asked, "dateType") == "1"
    since, until = _window(asked, "start_date", "end_date", empty=states == {shop.READY})
    oldest = clock.now() - (CREATED_KEPT if by_created else MODIFIED_KEPT)
    page, size = _paging(asked, "page", "page_size", most=100)
    if page > MOST_PAGES:
        raise NotDone("页码超过最大值", "10100020")

    def time(order: Order) -> datetime:
        return order.placed if by_created else order.modified

    rows = [
        order for order in _visible(side) if order.order_state in states and max(since, oldest) <= time(order) <= until
    ]
    rows.sort(key=lambda order: (time(order), order.order_id), reverse=_text(asked, "sortType") == "1")
    shown = [_cut(order.shown(side.vender_id, with_oaid=side.with_oaid), fields) for order in _page(rows, page, size)]
    return {
        "searchorderinfo_result": {
            "apiResult": _fine(),
            "orderTotal": len(rows),
            "orderInfoList": _muddled(side, shown),
        }
    }


def order_get(side: Side, asked: Parameters) -> dict[str, Any]:
    fields = [part for part in _text(asked, "optional_fields").split(",") if part]
    if not fields:
        raise NotDone("optional_fields 不能为空", "10100018")
    order = _order(side, asked, "order_id")
    states = {part for part in _text(asked, "order_state").split(",") if part}
    if order.order_state == shop.NOT_PAID or (states and order.order_state not in states):
        raise NotDone("订单不存在", "10100002")
    shown = _cut(order.shown(side.vender_id, with_oaid=side.with_oaid), fields)
    return {"orderDetailInfo": {"apiResult": _fine(), "orderInfo": shown}}


def not_paid(side: Side, asked: Parameters) -> dict[str, Any]:
    since, until = _window(asked, "startDate", "endDate")
    page, size = _paging(asked, "page", "pageSize", most=100)
    rows = [order for order in _visible(side) if order.order_state == shop.NOT_PAID and since <= order.placed <= until]
    shown = [order.shown(side.vender_id, with_oaid=side.with_oaid) for order in _page(rows, page, size)]
    for row in shown:
        row.pop("orderState")
    total = len(rows)
    pages = -(-total // size)
    return {
        "paginatedInfo": {
            "index": str(page),
            "pageSize": str(size),
            "totalItem": str(total),
            "totalPage": str(pages),
            "pageList": shown,
        }
    }


def shipment(side: Side, asked: Parameters) -> dict[str, Any]:
    order = _order(side, asked, "orderId")
    companies, numbers = _text(asked, "logiCoprId").split("|"), _text(asked, "logiNo").split("|")
    if len(companies) != len(numbers) or not set(companies) <= COMPANIES:
        raise NotDone("物流公司不存在", "10400003")
    for company, joined in zip(companies, numbers, strict=True):
        if company != BY_SELLER and not all(WAYBILL.fullmatch(number) for number in joined.split(",")):
            raise NotDone("运单号不正确", "10400005")
    if order.order_state == shop.LOCKED:
        raise NotDone("订单已锁定，不能出库", "10400007")
    if order.order_state != shop.READY:
        raise NotDone("订单当前状态不允许出库，请检查订单状态", "10400001")
    order.waybill, order.logistics_id = _text(asked, "logiNo"), _text(asked, "logiCoprId")
    side.orders.move(order, shop.SHIPPED)
    side.note("shipped", order_id=str(order.order_id), waybill=order.waybill, company=order.logistics_id)
    return {"sopjosshipment_result": {"success": "true", "errorCode": "", "chineseErrCode": "", "englishErrCode": ""}}


def refund_list(side: Side, asked: Parameters) -> dict[str, Any]:
    page, size = _paging(asked, "pageIndex", "pageSize", most=50)
    rows: Iterable[Application] = side.orders.applications.values()
    if ids := [part for part in _text(asked, "ids").split(",") if part]:
        if len(ids) > size:
            raise NotDone("ids 数量不能超过 pageSize")
        rows = [one for one in rows if str(one.refund_id) in ids]
    if order_id := _text(asked, "orderId"):
        rows = [one for one in rows if str(one.order.order_id) == order_id]
    if status := _text(asked, "status"):
        rows = [one for one in rows if one.status == status]
    for kind in ("apply", "check"):
        if _text(asked, f"{kind}TimeStart"):
            since, until = _window(asked, f"{kind}TimeStart", f"{kind}TimeEnd")
            rows = [one for one in rows if (at := _time_of(one, kind)) and since <= at <= until]
    found = sorted(rows, key=lambda one: one.refund_id, reverse=True)
    shown = [one.shown() for one in _page(found, page, size)]
    return {"queryResult": {"success": True, "totalCount": len(found), "result": _muddled(side, shown)}}


def refund_reply(side: Side, asked: Parameters) -> dict[str, Any]:
    number, status = _text(asked, "id"), _text(asked, "status")
    application = side.orders.applications.get(int(number)) if number.isdigit() else None
    if application is None:
        raise NotDone("退款单不存在")
    if status not in (shop.AGREED, shop.REFUSED, shop.STOPPING, shop.FORCED, shop.FOLLOWED):
        raise NotDone("status 不正确")
    if not _text(asked, "checkUserName") or (status != shop.FORCED and not _text(asked, "remark")):
        raise NotDone("审核人和审核备注不能为空")
    if (status == shop.REFUSED) != (_text(asked, "rejectType") in ("1", "2", "3", "4", "5")):
        raise NotDone("rejectType 仅在审核不通过时填写")
    side.orders.reply(application, status, checker=_text(asked, "checkUserName"), remark=_text(asked, "remark"))
    facts = {"refund_id": number, "order_id": str(application.order.order_id), "status": status}
    side.note("refund_answered", **facts, out_ware=_text(asked, "outWareStatus"))
    return {"replyResult": {"success": True, "errorMsg": ""}}


METHODS: dict[str, Callable[[Side, Parameters], dict[str, Any]]] = {
    "jingdong.pop.order.search": order_search,
    "jingdong.pop.order.get": order_get,
    "jingdong.pop.order.notPayOrderInfo": not_paid,
    "jingdong.pop.order.shipment": shipment,
    "jingdong.pop.afs.soa.refundapply.queryPageList": refund_list,
    "jingdong.pop.afs.soa.refundapply.replyRefund": refund_reply,
}
# Where each method's own answer says no.
RESULTS = {
    "jingdong.pop.order.search": "searchorderinfo_result",
    "jingdong.pop.order.get": "orderDetailInfo",
    "jingdong.pop.order.notPayOrderInfo": "paginatedInfo",
    "jingdong.pop.order.shipment": "sopjosshipment_result",
    "jingdong.pop.afs.soa.refundapply.queryPageList": "queryResult",
    "jingdong.pop.afs.soa.refundapply.replyRefund": "replyResult",
}


def refusal(method: str, no: NotDone) -> dict[str, Any]:
    """A no inside the answer, in the form that this method has for it."""
    if method in ("jingdong.pop.order.search", "jingdong.pop.order.get"):
        number = int(no.code) if no.code.isdigit() else 0
        result = {"success": False, "chineseErrCode": no.text, "englishErrCode": "", "numberCode": number}
        return {RESULTS[method]: {"apiResult": result}}
    if method == "jingdong.pop.order.shipment":
        facts = {"success": False, "errorCode": no.code, "chineseErrCode": no.text, "englishErrCode": ""}
        return {RESULTS[method]: facts}
    return {RESULTS[method]: {"success": False, "errorMsg": no.text}}


def _visible(side: Side) -> list[Order]:
    """What JD's search already knows; it may be late."""
    now = clock.now()
    return [order for order in side.orders.by_id.values() if order.visible_at <= now]


def _muddled(side: Side, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A listing as well as JD does it today: rows missing, twice, or out of their order."""
    found = [row for row in rows if not side.faults.hits("drop")]
    found += [row for row in found if side.faults.hits("repeat")]
    if side.faults.hits("reorder"):
        side.faults.chance.shuffle(found)
    return found


def _page(rows: list[Any], page: int, size: int) -> list[Any]:
    return rows[(page - 1) * size : page * size]


def _cut(shown: dict[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {name: shown[name] for name in fields if name in shown}


def _time_of(one: Application, kind: str) -> datetime | None:
    return one.applied if kind == "apply" else one.checked


def _fine() -> dict[str, Any]:
    return {"success": True, "englishErrCode": "", "chineseErrCode": "", "numberCode": 0}


def _text(asked: Parameters, name: str) -> str:
    value = asked.get(name)
    return "" if value is None else str(value)


def _order(side: Side, asked: Parameters, name: str) -> Order:
    try:
        return side.orders.find(_text(asked, name))
    except ValueError:
        raise NotDone("订单不存在", "10100002") from None


def _window(asked: Parameters, start: str, end: str, *, empty: bool = False) -> tuple[datetime, datetime]:
    if empty and not _text(asked, start) and not _text(asked, end):
        return clock.now() - LONGEST, clock.now()
    since, until = read_time(_text(asked, start)), read_time(_text(asked, end))
    if since is None or until is None:
        raise NotDone(f"{start} 或 {end} 格式不正确", "10100019")
    if until < since or until - since > LONGEST:
        raise NotDone("开始时间和结束时间不得相差超过1个月", "10100021")
    return since, until


def _paging(asked: Parameters, page: str, size: str, *, most: int) -> tuple[int, int]:
    told = _text(asked, page), _text(asked, size)
    if not all(text.isdigit() for text in told) or int(told[0]) < 1 or not 1 <= int(told[1]) <= most:
        raise NotDone(f"{page} 或 {size} 不正确", "10100022")
    return int(told[0]), int(told[1])
