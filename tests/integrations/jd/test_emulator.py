"""The other side: what the emulated JD refuses, what it shows, and what it keeps to itself."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.emulation import Answer, Request
from integrations.platforms.jd.emulator import JdEmulator
from orders.clock import BEIJING, FixedClock
from tests.integrations.jd.conftest import APP_KEY, GET, REFUNDS, REPLY, SEARCH, SECRET, SHIPMENT, TOKEN, sell

UNPAID = "jingdong.pop.order.notPayOrderInfo"
DAY = {"start_date": "2026-03-05 00:00:00", "end_date": "2026-03-05 23:00:00"}
LIST = {**DAY, "order_state": "WAIT_SELLER_STOCK_OUT", "optional_fields": "orderId,modified", "page": "1"}


def form(asked: Any, **changes: str | None) -> dict[str, str]:
    """A call as JD's documents describe it, signed by code that belongs to neither side."""
    told: dict[str, str | None] = {
        "app_key": APP_KEY,
        "access_token": TOKEN,
        "timestamp": "2026-03-05 09:08:07",
        "v": "2.0",
        "360buy_param_json": asked if isinstance(asked, str) else json.dumps(asked),
        **changes,
    }
    found = {name: value for name, value in told.items() if value is not None}
    if "sign" not in changes:
        text = SECRET + "".join(name + found[name] for name in sorted(found)) + SECRET
        found["sign"] = hashlib.md5(text.encode()).hexdigest().upper()
    return found


def post(jd: JdEmulator, parameters: dict[str, str], *, path: str = "/routerjson", method: str = "POST") -> Answer:
    body = urlencode(parameters).encode()
    return jd.handle(Request(method=method, path=path, query_string="", headers={}, body=body))


def call(jd: JdEmulator, method: str, asked: Any, **changes: str | None) -> dict[str, Any]:
    answer = post(jd, form(asked, method=method, **changes))
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": None}, "14"),
        ({"method": "jingdong.nothing"}, "15"),
        ({"v": None}, "4"),
        ({"v": "1.0"}, "5"),
        ({"timestamp": None}, "7"),
        ({"timestamp": "1741136887000"}, "8"),
        ({"timestamp": "2026-13-05 09:08:07"}, "8"),
        ({"timestamp": "2026-03-05 09:02:06"}, "8"),
        ({"timestamp": "2026-03-05 09:14:08"}, "8"),
        ({"sign": None}, "11"),
        ({"sign": "0" * 32}, "12"),
        ({"app_key": "other"}, "12"),
        ({"access_token": None}, "18"),
        ({"access_token": "other"}, "19"),
        ({"360buy_param_json": "["}, "61"),
        ({"360buy_param_json": "[]"}, "61"),
    ],
)
def test_the_gateway_refuses_with_its_own_codes(jd: JdEmulator, changes: dict[str, str | None], code: str) -> None:
    refused = json.loads(post(jd, form(LIST, **{"method": SEARCH, **changes})).body)
    assert refused["error_response"]["code"] == code
    assert refused["error_response"]["zh_desc"]


@pytest.mark.parametrize("timestamp", ["2026-03-05 09:02:07", "2026-03-05 09:14:07.000+0800"])
def test_a_clock_six_minutes_off_is_tolerated_in_both_forms(jd: JdEmulator, timestamp: str) -> None:
    assert "jingdong_pop_order_search_responce" in call(jd, SEARCH, {**LIST, "page_size": "10"}, timestamp=timestamp)


def test_a_changed_business_parameter_breaks_the_signature(jd: JdEmulator) -> None:
    signed = form(LIST, method=SEARCH) | {"360buy_param_json": json.dumps({**LIST, "page": "2"})}
    assert json.loads(post(jd, signed).body)["error_response"]["code"] == "12"


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), ("/routerjson", "GET"), ("/oauth2/token", "GET")])
def test_other_paths_are_nothing(jd: JdEmulator, path: str, method: str) -> None:
    assert post(jd, form(LIST, method=SEARCH), path=path, method=method).status == 404


@pytest.mark.parametrize(
    ("method", "asked", "text"),
    [
        (SEARCH, {**LIST, "page_size": "101"}, "page_size"),
        (SEARCH, {**LIST, "page": "0", "page_size": "10"}, "page"),
        (SEARCH, {**LIST, "page": "301", "page_size": "10"}, "页码"),
        (SEARCH, {**LIST, "page_size": "10", "optional_fields": ""}, "optional_fields"),
        (SEARCH, {**LIST, "page_size": "10", "order_state": ""}, "order_state"),
        (SEARCH, {**LIST, "page_size": "10", "start_date": "2026-01-01 00:00:00"}, "1个月"),
        (SEARCH, {**LIST, "page_size": "10", "start_date": ""}, "start_date"),
        (GET, {"order_id": "1", "optional_fields": "orderId"}, "订单不存在"),
        (GET, {"order_id": "1"}, "optional_fields"),
        (UNPAID, {"page": 1, "pageSize": 10}, "startDate"),
        (SHIPMENT, {"orderId": "1", "logiCoprId": "467", "logiNo": "SF123456"}, "订单不存在"),
        (REFUNDS, {"pageIndex": 1, "pageSize": 51}, "pageSize"),
        (REFUNDS, {"pageIndex": 1, "pageSize": 1, "ids": "1,2"}, "ids"),
        (REPLY, {"id": 5, "status": 1}, "退款单不存在"),
    ],
)
def test_a_method_says_no_inside_its_own_answer(jd: JdEmulator, method: str, asked: Any, text: str) -> None:
    found = call(jd, method, asked)
    inside = found[method.replace(".", "_") + "_responce"]
    assert inside["code"] == "0"
    [result] = [value for name, value in inside.items() if name != "code"]
    verdict = result.get("apiResult", result)
    assert verdict["success"] is False
    assert text in (verdict.get("chineseErrCode") or verdict.get("errorMsg"))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"status": 7}, "status"),
        ({"checkUserName": ""}, "审核人"),
        ({"remark": ""}, "审核备注"),
        ({"rejectType": 1}, "rejectType"),
        ({"status": 2}, "rejectType"),
        ({"status": 2, "rejectType": 6}, "rejectType"),
    ],
)
def test_an_answer_to_a_refund_must_be_whole(jd: JdEmulator, changes: dict[str, Any], text: str) -> None:
    [order_id] = sell(jd)
    refund_id = jd.control("refund", {"order_id": order_id})["refund_id"]
    asked = {"id": refund_id, "status": 1, "checkUserName": "张三", "remark": "同意", **changes}
    found = call(jd, REPLY, asked)["jingdong_pop_afs_soa_refundapply_replyRefund_responce"]["replyResult"]
    assert (found["success"], text in found["errorMsg"]) == (False, True)


def test_only_what_was_asked_for_comes_and_numbers_are_text(jd: JdEmulator) -> None:
    sell(jd)
    fields = "orderId,itemInfoList,parentOrderId,orderEndTime,nothing_of_this_name"
    found = call(jd, SEARCH, {**LIST, "page_size": "10", "optional_fields": fields})
    [row] = found["jingdong_pop_order_search_responce"]["searchorderinfo_result"]["orderInfoList"]
    assert set(row) == {"orderId", "itemInfoList", "parentOrderId", "orderEndTime"}
    assert (row["parentOrderId"], row["orderEndTime"]) == ("0", "0001-01-01 00:00:00")
    assert all(isinstance(value, str) for value in row["itemInfoList"][0].values())


def test_unpaid_orders_are_only_in_their_own_listing(jd: JdEmulator) -> None:
    [order_id] = sell(jd, paid=False)
    for states in ("WAIT_SELLER_STOCK_OUT,TRADE_CANCELED,LOCKED", "NOT_PAY"):
        listed = call(jd, SEARCH, {**LIST, "page_size": "10", "order_state": states})
        assert listed["jingdong_pop_order_search_responce"]["searchorderinfo_result"]["orderTotal"] == 0
    window = {"startDate": DAY["start_date"], "endDate": DAY["end_date"], "page": 1, "pageSize": 10}
    page = call(jd, UNPAID, window)["jingdong_pop_order_notPayOrderInfo_responce"]["paginatedInfo"]
    assert [row["orderId"] for row in page["pageList"]] == [order_id]
    assert "orderState" not in page["pageList"][0]


def test_a_refund_locks_the_order_and_its_end_gives_back_what_was(jd: JdEmulator) -> None:
    [order_id] = sell(jd)
    asked = jd.control("refund", {"order_id": order_id})
    assert asked["state"] == "LOCKED"
    with pytest.raises(ValueError, match="已有退款申请"):
        jd.control("refund", {"order_id": order_id})
    assert jd.control("refund_withdraw", {"order_id": order_id})["state"] == "WAIT_SELLER_STOCK_OUT"
    for status, state in (("2", "WAIT_SELLER_STOCK_OUT"), ("4", "WAIT_SELLER_STOCK_OUT"), ("9", "TRADE_CANCELED")):
        jd.control("refund", {"order_id": order_id})
        assert jd.control("refund_status", {"order_id": order_id, "status": status})["state"] == state


def test_jds_own_courier_stops_a_parcel_and_the_money_goes_back(jd: JdEmulator, time: FixedClock) -> None:
    [order_id] = sell(jd)
    jd.control("ship", {"order_id": order_id, "waybill": "JDVA00012345678", "company": "2087"})
    jd.control("refund", {"order_id": order_id})
    jd.control("refund_status", {"order_id": order_id, "status": "6"})
    seen = []
    for _step in range(3):
        time.advance(seconds=5)
        jd.tick()
        seen.append(jd.orders.of_order(jd.orders.find(order_id))[-1].status)
    assert seen == ["7", "3", "3"]
    assert jd.orders.find(order_id).order_state == "TRADE_CANCELED"


def test_a_command_that_is_none_and_an_order_that_is_none_are_said_so(jd: JdEmulator) -> None:
    with pytest.raises(KeyError):
        jd.control("fly", {})
    with pytest.raises(ValueError, match="没有这个订单"):
        jd.control("pay", {"order_id": "1"})
    [order_id] = sell(jd)
    with pytest.raises(ValueError, match="不在待付款状态"):
        jd.control("pay", {"order_id": order_id})
    jd.control("state", {"order_id": order_id, "state": "TRADE_CANCELED"})
    with pytest.raises(ValueError, match="不能锁定"):
        jd.control("lock", {"order_id": order_id})


def test_the_page_is_for_people_and_shows_no_whole_name(jd: JdEmulator) -> None:
    sell(jd, receiver={"name": "<王雨桐>", "phone": "19900001234"}, lines=[{"sku": "X-1", "title": "<b>面霜</b>"}])
    page = jd.page()
    assert "订单号" in page
    assert "等待出库" in page
    assert "&lt;b&gt;面霜&lt;/b&gt;" in page
    assert "王雨桐" not in page
    assert "19900001234" not in page


def test_the_journal_keeps_neither_secrets_nor_people(jd: JdEmulator) -> None:
    [order_id] = sell(jd, receiver={"name": "王雨桐", "phone": "19900001234"})
    call(jd, SEARCH, {**LIST, "page_size": "10"})
    call(jd, GET, {"order_id": order_id, "optional_fields": "orderId,consigneeInfo"})
    query = {
        "app_key": APP_KEY,
        "app_secret": SECRET,
        "grant_type": "refresh_token",
        "refresh_token": "emulator-refresh",
    }
    answer = post(jd, query, path="/oauth2/refresh_token", method="GET")
    fresh = json.loads(answer.body)["access_token"]
    kept = json.dumps(jd.journal.entries(), ensure_ascii=False)
    for secret in ("王雨桐", "19900001234", SECRET, TOKEN, fresh, "emulator-refresh"):
        assert secret not in kept


def test_a_listing_ends_where_jd_forgets(jd: JdEmulator, time: FixedClock) -> None:
    sell(jd)
    time.advance(days=100)
    jd.control("expire_token", {"in_seconds": 60})
    stamp = (datetime(2026, 3, 5, 9, 8, 7, tzinfo=BEIJING) + timedelta(days=100)).strftime("%Y-%m-%d %H:%M:%S")
    totals = {}
    for date_type in (0, 1):
        asked = {**LIST, "page_size": "10", "dateType": date_type}
        found = call(jd, SEARCH, asked, timestamp=stamp)["jingdong_pop_order_search_responce"]
        totals[date_type] = found["searchorderinfo_result"]["orderTotal"]
    assert totals == {0: 0, 1: 1}
