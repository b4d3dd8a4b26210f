"""The emulated methods of TOP: what each takes, checks and answers. One function each, found by its method name."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.platforms.taobao.emulator_gateway import Refused, invalid, read_time, service_error
from integrations.platforms.taobao.emulator_queue import MessageQueue
from integrations.platforms.taobao.emulator_refunds import Refund
from integrations.platforms.taobao.emulator_shipping import ship
from integrations.platforms.taobao.emulator_trades import Trade, Trades
from integrations.platforms.taobao.emulator_waybills import Waybills
from orders import clock

LISTED_FOR = timedelta(days=90)
# Without these in `fields` the platform keeps the receiver key to itself.
OAID_NEEDS = {"receiver_name", "receiver_address", "created", "receiver_mobile", "receiver_phone", "oaid"}


@dataclass
class Side:
    """What the methods work on."""

    trades: Trades
    queue: MessageQueue
    waybills: Waybills
    permitted: dict[str, str]
    note: Callable[..., None]
    app_key: str
    # A refresh token → the answer of `taobao.top.auth.token.refresh`.
    refresh: Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One admitted call: its form, and the seller whose session it carries ("" where none is needed)."""

    form: Mapping[str, str]
    seller: str

    def need(self, name: str) -> str:
        value = self.form.get(name, "")
        if not value:
            raise Refused(40, "Missing Required Arguments", f"isv.missing-parameter:{name}", f"缺少必要参数 {name}")
        return value

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        text = self.form.get(name) or str(default)
        if not text.isdigit() or not least <= int(text) <= most:
            raise invalid(name)
        return int(text)

    def json(self, name: str) -> Any:
        try:
            return json.loads(self.need(name))
        except ValueError:
            raise invalid(name) from None

    def trade(self, side: Side) -> Trade:
        tid = self.need("tid")
        trade = side.trades.by_tid.get(int(tid)) if tid.isdigit() else None
        if trade is None or trade.seller != self.seller:
            raise service_error("isv.trade-not-exist", "交易订单不存在")
        return trade


def trades_sold_increment(side: Side, call: Call) -> dict[str, Any]:
    since, until = (
        read_time(call.need("start_modified"), "start_modified"),
        read_time(call.need("end_modified"), "end_modified"),
    )
    if until - since > timedelta(days=1) or until < since:
        raise service_error("isv.invalid-parameter:end_modified", "起止修改时间跨度不能超过一天")
    return _listed(side, call, lambda trade: (trade.modified, since, until))


def trades_sold(side: Side, call: Call) -> dict[str, Any]:
    oldest = clock.now() - LISTED_FOR
    since = read_time(call.form["start_created"], "start_created") if call.form.get("start_created") else oldest
    until = read_time(call.form["end_created"], "end_created") if call.form.get("end_created") else clock.now()
    return _listed(side, call, lambda trade: (trade.created, max(since, oldest), until))


def trade_fullinfo(side: Side, call: Call) -> dict[str, Any]:
    fields = set(call.need("fields").split(","))
    shown = call.trade(side).shown()
    if call.form.get("include_oaid") != "true" or not fields >= OAID_NEEDS:
        shown.pop("oaid")
    return {"trade": _cut(shown, fields)}


def refunds_receive(side: Side, call: Call) -> dict[str, Any]:
    since = read_time(call.need("start_modified"), "start_modified")
    until = read_time(call.need("end_modified"), "end_modified")
    wanted = call.form.get("status", "")
    rows = [
        refund
        for refund in side.trades.refunds.values()
        if refund.trade.seller == call.seller and since <= refund.modified <= until and wanted in ("", refund.status)
    ]
    rows.sort(key=lambda refund: (refund.modified, refund.refund_id), reverse=True)
    fields = set(call.need("fields").split(","))
    return _paged([_cut(refund.listed(), fields) for refund in rows], call, "refunds", "refund")


def refund_get(side: Side, call: Call) -> dict[str, Any]:
    return {"refund": _cut(_refund(side, call, call.need("refund_id")).shown(), set(call.need("fields").split(",")))}


def sendgoods_cancel(side: Side, call: Call) -> dict[str, Any]:
    """AG 取消发货: a yes gives the money back at once, a no leaves the refund to people."""
    asked = call.json("param")
    if not isinstance(asked, dict) or asked.get("status") not in ("SUCCESS", "FAIL"):
        raise invalid("param")
    refund = _refund(side, call, str(asked.get("refund_id") or ""))
    if str(asked.get("tid")) != str(refund.trade.tid) or str(asked.get("oid")) != str(refund.line.oid):
        return {"result": {"success": False, "error_code": "ORDER_NOT_MATCH", "error_info": "订单与退款单不匹配"}}
    if refund.status != "WAIT_SELLER_AGREE" or refund.phase != "onsale":
        return {"result": {"success": False, "error_code": "REFUND_STATUS", "error_info": "退款单状态不允许此操作"}}
    side.note("sendgoods_cancel", refund_id=refund.refund_id, tid=str(refund.trade.tid), status=asked["status"])
    if asked["status"] == "SUCCESS":
        side.trades.set_refund(refund.trade, "SUCCESS", str(refund.line.oid))
    return {"result": {"success": True}}


def token_refresh(side: Side, call: Call) -> dict[str, Any]:
    return side.refresh(call.need("refresh_token"))


def waybill_search(side: Side, call: Call) -> dict[str, Any]:
    return {"waybill_apply_subscription_cols": {"waybill_apply_subscription_info": side.waybills.branches()}}


def messages_consume(side: Side, call: Call) -> dict[str, Any]:
    quantity = call.number("quantity", 100, least=10, most=200)
    due = side.queue.consume(call.form.get("group_name") or "default", quantity)
    return {"messages": {"tmc_message": [message.shown(side.app_key) for message in due]}} if due else {}


def messages_confirm(side: Side, call: Call) -> dict[str, Any]:
    ids = call.need("s_message_ids").split(",")
    if len(ids) > 200 or not all(identity.isdigit() for identity in ids):
        raise invalid("s_message_ids")
    side.queue.confirm(call.form.get("group_name") or "default", map(int, ids))
    return {"is_success": True}


def queue_get(side: Side, call: Call) -> dict[str, Any]:
    group = call.need("group_name")
    return {"datas": {"tmc_queue_info": [{"name": group, "left_count": side.queue.backlog(group)}]}}


def user_permit(side: Side, call: Call) -> dict[str, Any]:
    """Which topics this seller's messages come with; an empty list means all of the app's."""
    side.permitted[call.seller] = call.form.get("topics", "")
    return {"is_success": True}


def waybill_get(side: Side, call: Call) -> dict[str, Any]:
    issued = side.waybills.get(call.seller, call.json("param_waybill_cloud_print_apply_new_request"))
    return {"modules": {"waybill_cloud_print_response": [one.shown() for one in issued]}}


def waybill_cancel(side: Side, call: Call) -> dict[str, Any]:
    side.waybills.cancel(call.need("cp_code"), call.need("waybill_code"))
    return {"cancel_result": True}


def waybill_by_trade(side: Side, call: Call) -> dict[str, Any]:
    found = [
        {"object_id": row.get("object_id", ""), "success": True, "waybill_cloud_print_response": issued.shown()}
        for row in call.json("param_list")
        for issued in side.waybills.query(str(row.get("biz_sub_code") or ""), str(row.get("object_id") or ""))
    ]
    return {"modules": {"waybill_cloud_print_with_result_desc_response": found}} if found else {}


def oaid_decrypt(side: Side, call: Call) -> dict[str, Any]:
    queries = call.json("query_list")
    if not isinstance(queries, list) or not 1 <= len(queries) <= 20:
        raise invalid("query_list")
    return {"receiver_list": {"receiver": [_decrypted(side, call, query) for query in queries]}}


def offline_send(side: Side, call: Call) -> dict[str, Any]:
    ship(side.trades, side.waybills, call.seller, call.form)
    return {"shipping": {"is_success": True}}


def memo_update(side: Side, call: Call) -> dict[str, Any]:
    trade, memo, flag = call.trade(side), call.form.get("memo", ""), call.form.get("flag", "")
    if len(memo.encode()) > 1000:
        raise invalid("memo", "备注不能超过 1000 字节")
    if flag and flag not in "012345":
        raise invalid("flag")
    side.trades.memo(trade, memo, flag)
    return {"trade": {"tid": trade.tid, "modified": trade.shown()["modified"]}}


Method = Callable[[Side, Call], dict[str, Any]]
# Method name → (its function, whether it needs a seller's session).
METHODS: dict[str, tuple[Method, bool]] = {
    "taobao.trades.sold.increment.get": (trades_sold_increment, True),
    "taobao.trades.sold.get": (trades_sold, True),
    "taobao.trade.fullinfo.get": (trade_fullinfo, True),
    "taobao.refunds.receive.get": (refunds_receive, True),
    "taobao.refund.get": (refund_get, True),
    "taobao.rdc.aligenius.sendgoods.cancel": (sendgoods_cancel, True),
    "taobao.top.auth.token.refresh": (token_refresh, False),
    "taobao.tmc.messages.consume": (messages_consume, False),
    "taobao.tmc.messages.confirm": (messages_confirm, False),
    "taobao.tmc.queue.get": (queue_get, False),
    "taobao.tmc.user.permit": (user_permit, True),
    "cainiao.waybill.ii.get": (waybill_get, True),
    "cainiao.waybill.ii.cancel": (waybill_cancel, True),
    "cainiao.waybill.ii.search": (waybill_search, True),
    "cainiao.waybill.ii.query.by.tradecode": (waybill_by_trade, True),
    "taobao.top.oaid.decrypt": (oaid_decrypt, True),
    "taobao.logistics.offline.send": (offline_send, True),
    "taobao.trade.memo.update": (memo_update, True),
}


def _refund(side: Side, call: Call, refund_id: str) -> Refund:
    refund = side.trades.refunds.get(refund_id)
    if refund is None or refund.trade.seller != call.seller:
        raise service_error("isv.refund-not-exist", "退款单不存在")
    return refund


def _listed(side: Side, call: Call, window: Callable[[Trade], tuple[datetime, datetime, datetime]]) -> dict[str, Any]:
    """The shop's trades in a window, newest first, as rows of the asked fields."""
    fields, status = set(call.need("fields").split(",")), call.form.get("status", "")
    found: list[tuple[datetime, int, Trade]] = []
    for trade in side.trades.by_tid.values():
        moment, since, until = window(trade)
        if trade.seller == call.seller and since <= moment <= until and _has_status(trade, status):
            found.append((moment, trade.tid, trade))
    found.sort(key=lambda row: row[:2], reverse=True)
    rows = []
    for _moment, _tid, trade in found:
        shown = trade.shown()
        # Only the detail call gives the receiver key.
        shown.pop("oaid")
        rows.append(_cut(shown, fields))
    return _paged(rows, call, "trades", "trade")


def _has_status(trade: Trade, wanted: str) -> bool:
    groups = {
        "ALL_WAIT_PAY": ("WAIT_BUYER_PAY", "TRADE_NO_CREATE_PAY"),
        "ALL_CLOSED": ("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"),
    }
    return not wanted or trade.status in groups.get(wanted, (wanted,))


def _paged(rows: list[dict[str, Any]], call: Call, plural: str, singular: str) -> dict[str, Any]:
    size = call.number("page_size", 40, least=1, most=100)
    start = (call.number("page_no", 1, least=1, most=10**6) - 1) * size
    page = rows[start : start + size]
    answer: dict[str, Any] = {plural: {singular: page}} if page else {}
    if call.form.get("use_has_next") == "true":
        return answer | {"has_next": start + size < len(rows)}
    return answer | {"total_results": len(rows)}


def _cut(shown: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    """Only what was asked for; `orders` is the whole list, `orders.oid` a part of each."""
    kept = {name: value for name, value in shown.items() if name in fields}
    parts = {name.removeprefix("orders.") for name in fields if name.startswith("orders.")}
    if parts and "orders" not in fields:
        rows = shown["orders"]["order"]
        kept["orders"] = {"order": [{name: row[name] for name in parts if name in row} for row in rows]}
    return kept


def _decrypted(side: Side, call: Call, query: dict[str, Any]) -> dict[str, Any]:
    for name in ("oaid", "tid", "scene"):
        if not query.get(name):
            raise invalid(f"query_list.{name}")
    tid = str(query["tid"])
    trade = side.trades.by_tid.get(int(tid)) if tid.isdigit() else None
    if trade is None or trade.seller != call.seller or trade.oaid != query["oaid"]:
        return {"tid": tid, "oaid": query["oaid"], "matched": False}
    side.note("decrypted", tid=tid, scene=query["scene"])
    return {
        "tid": tid,
        "oaid": query["oaid"],
        "matched": True,
        "name": trade.receiver.name,
        "mobile": f"18877771111-{trade.tid % 1000:03d}",
        "privacy_protection": True,
        "state": trade.receiver.state,
        "city": trade.receiver.city,
        "district": trade.receiver.district,
        "town": trade.receiver.town,
        "address_detail": trade.receiver.address,
    }
