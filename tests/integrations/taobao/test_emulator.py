"""The emulated platform is strict where the real one is, keeps what it must, and tells no secrets."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import responses

from integrations.adapter import Incoming
from integrations.emulation import Request
from integrations.errors import BadSignature
from integrations.platforms.taobao import adapter, client
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import BEIJING, FixedClock
from tests.integrations.taobao.conftest import GATEWAY, SECRET, SESSION, Wire, access, poll_all
from tests.integrations.taobao.test_acts import wish

HOOK = "http://tower.test/hooks/taobao/key/"


def ask(taobao: TaobaoEmulator, method: str, *, as_seller: bool = True, **parameters: Any) -> dict[str, Any]:
    """One rightly signed call, straight into the emulator; the whole answer."""
    form = client.signed(access(), method, parameters, as_seller=as_seller)
    return post(taobao, form)


def post(taobao: TaobaoEmulator, form: dict[str, str], *, path: str = "/router/rest") -> dict[str, Any]:
    answer = taobao.handle(
        Request(method="POST", path=path, query_string="", headers={}, body=urlencode(form).encode())
    )
    found: dict[str, Any] = json.loads(answer.body)
    return found


def code(answer: dict[str, Any]) -> int:
    number: int = answer["error_response"]["code"]
    return number


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"method": ""}, 21),
        ({"method": "taobao.nothing"}, 22),
        ({"format": "xml"}, 23),
        ({"sign": ""}, 24),
        ({"sign": "0" * 64}, 25),
        ({"tid": "2"}, 25),
        ({"sign_method": "none"}, 25),
        ({"app_key": ""}, 28),
        ({"app_key": "1"}, 29),
        ({"timestamp": ""}, 30),
        ({"timestamp": "1741136887000"}, 31),
        ({"timestamp": "2026-03-05 08:58:06"}, 31),
        ({"timestamp": "2026-03-05 09:18:08"}, 31),
        ({"v": ""}, 32),
        ({"v": "1.0"}, 33),
    ],
)
def test_the_gateway_checks_what_the_real_one_checks(
    taobao: TaobaoEmulator, changes: dict[str, str], expected: int
) -> None:
    form = client.signed(access(), "taobao.trade.fullinfo.get", {"tid": "1", "fields": "tid"})
    answer = post(taobao, {**form, **changes})
    assert code(answer) == expected
    assert answer["error_response"]["request_id"]


def test_a_call_without_or_with_an_unknown_session_is_refused(taobao: TaobaoEmulator) -> None:
    assert code(ask(taobao, "taobao.trades.sold.get", as_seller=False, fields="tid")) == 26
    form = client.signed(access(session="x"), "taobao.trades.sold.get", {"fields": "tid"})
    assert code(post(taobao, form)) == 27


def test_get_works_as_well_and_another_path_does_not(taobao: TaobaoEmulator) -> None:
    query = urlencode(client.signed(access(), "taobao.trades.sold.get", {"fields": "tid"}))
    answer = taobao.handle(Request(method="GET", path="/router/rest", query_string=query, headers={}, body=b""))
    assert b"trades_sold_get_response" in answer.body
    assert taobao.handle(Request(method="GET", path="/", query_string=query, headers={}, body=b"")).status == 404


def listed(taobao: TaobaoEmulator, **changes: Any) -> dict[str, Any]:
    parameters = {
        "fields": "tid,modified",
        "start_modified": "2026-03-05 00:00:00",
        "end_modified": "2026-03-05 23:00:00",
    }
    answer = ask(taobao, "taobao.trades.sold.increment.get", **{**parameters, **changes})
    found: dict[str, Any] = answer.get("trades_sold_increment_get_response", answer)
    return found


def test_an_empty_list_is_absent(taobao: TaobaoEmulator) -> None:
    assert listed(taobao).keys() == {"total_results", "request_id"}
    assert listed(taobao, use_has_next="true")["has_next"] is False


def test_rows_come_newest_first_with_the_asked_fields_only(taobao: TaobaoEmulator, time: FixedClock) -> None:
    sold = []
    for _sale in range(3):
        sold.append(int(taobao.control("sell", {})["tid"]))
        time.advance(seconds=1)
    rows = listed(taobao)["trades"]["trade"]
    assert [row["tid"] for row in rows] == sold[::-1]
    assert all(row.keys() == {"tid", "modified"} for row in rows)
    assert listed(taobao, page_size=2)["total_results"] == 3
    second = listed(taobao, page_size=2, page_no=2, use_has_next="true")
    assert ([row["tid"] for row in second["trades"]["trade"]], second["has_next"]) == (sold[:1], False)
    assert "total_results" not in second
    assert listed(taobao, status="WAIT_BUYER_PAY")["total_results"] == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_modified": "2026-03-03 22:59:59", "end_modified": "2026-03-04 23:00:00"}, 15),
        ({"start_modified": "2026-03-06 00:00:00"}, 15),
        ({"start_modified": "yesterday"}, 41),
        ({"page_size": 101}, 41),
        ({"page_no": "x"}, 41),
        ({"end_modified": ""}, 40),
        ({"fields": ""}, 40),
    ],
)
def test_a_window_or_page_out_of_bounds_is_refused(
    taobao: TaobaoEmulator, changes: dict[str, Any], expected: int
) -> None:
    assert code(listed(taobao, **changes)) == expected


def test_sales_by_creation_and_refunds_by_change_are_listed(taobao: TaobaoEmulator) -> None:
    tid = taobao.control("sell", {})["tid"]
    sold = ask(taobao, "taobao.trades.sold.get", fields="tid,orders.oid")["trades_sold_get_response"]
    assert sold["trades"]["trade"] == [{"tid": int(tid), "orders": {"order": [{"oid": int(tid)}]}}]
    taobao.control("refund", {"tid": tid})
    window: dict[str, Any] = {
        "start_modified": "2026-03-05 00:00:00",
        "end_modified": "2026-03-05 23:00:00",
        "fields": "tid,status,refund_phase,dispute_type",
    }
    answer = ask(taobao, "taobao.refunds.receive.get", **window)["refunds_receive_get_response"]
    [refund] = answer["refunds"]["refund"]
    # The type of the dispute is only in the detail.
    assert refund == {"tid": int(tid), "status": "WAIT_SELLER_AGREE", "refund_phase": "onsale"}


@pytest.mark.parametrize(
    ("fields", "include", "given"),
    [
        (client.DETAIL_FIELDS, "true", True),
        (client.DETAIL_FIELDS, "", False),
        ("tid,oaid,receiver_name", "true", False),
    ],
)
def test_the_receiver_key_is_given_only_to_who_asks_rightly(
    taobao: TaobaoEmulator, fields: str, include: str, given: bool
) -> None:
    tid = taobao.control("sell", {})["tid"]
    answer = ask(taobao, "taobao.trade.fullinfo.get", tid=tid, fields=fields, include_oaid=include)
    assert ("oaid" in answer["trade_fullinfo_get_response"]["trade"]) is given


def test_the_receiver_key_follows_the_address_and_is_the_same_for_the_same_receiver(taobao: TaobaoEmulator) -> None:
    receiver = {"name": "王雨桐", "mobile": "19900001234", "state": "浙江省", "city": "杭州市", "district": "余杭区"}
    receiver |= {"town": "仓前街道", "address": "文一西路1号"}
    first, second = (taobao.trades.find(taobao.control("sell", {"receiver": receiver})["tid"]) for _sale in "12")
    assert first.oaid == second.oaid
    taobao.control("change_address", {"tid": str(first.tid), "receiver": {"address": "文一西路2号"}})
    assert first.oaid != second.oaid
    assert first.shown()["lm"] == "1"


def test_from_the_announced_day_the_whole_address_is_masked(taobao: TaobaoEmulator, time: FixedClock) -> None:
    trade = taobao.trades.find(taobao.control("sell", {"receiver": {"address": "文一西路1号"}})["tid"])
    assert trade.shown()["receiver_address"] == "文一西路*****"
    time.advance(days=200)
    assert set(trade.shown()["receiver_address"]) == {"*"}


def test_plain_data_is_given_for_a_fresh_key_only(taobao: TaobaoEmulator) -> None:
    trade = taobao.trades.find(taobao.control("sell", {"receiver": {"name": "王雨桐"}})["tid"])
    query = [{"oaid": trade.oaid, "tid": str(trade.tid), "scene": "1002"}]
    query += [{"oaid": "stale", "tid": str(trade.tid), "scene": "1002"}]
    answer = ask(taobao, "taobao.top.oaid.decrypt", query_list=query)["top_oaid_decrypt_response"]
    fresh, stale = answer["receiver_list"]["receiver"]
    assert (fresh["name"], fresh["matched"], stale["matched"]) == ("王雨桐", True, False)
    assert "name" not in stale


def test_the_journal_holds_no_secret_and_no_plain_receiver(taobao: TaobaoEmulator) -> None:
    trade = taobao.trades.find(
        taobao.control("sell", {"receiver": {"name": "王雨桐", "mobile": "19900001234", "address": "暗巷7号"}})["tid"]
    )
    query = [{"oaid": trade.oaid, "tid": str(trade.tid), "scene": "1002"}]
    ask(taobao, "taobao.top.oaid.decrypt", query_list=query)
    ask(taobao, "taobao.trade.fullinfo.get", tid=trade.tid, fields=client.DETAIL_FIELDS, include_oaid="true")
    taobao.control("question", {"tid": str(trade.tid), "url": HOOK})
    text = json.dumps(taobao.journal.entries(), ensure_ascii=False)
    assert str(trade.tid) in text
    for secret in (SECRET, SESSION, "王雨桐", "19900001234", "暗巷"):
        assert secret not in text


def test_a_memo_is_kept_within_its_limits(taobao: TaobaoEmulator) -> None:
    tid = taobao.control("sell", {})["tid"]
    assert "trade_memo_update_response" in ask(
        taobao, "taobao.trade.memo.update", tid=tid, memo="改地址 & 加急", flag=3
    )
    assert taobao.trades.find(tid).shown()["seller_memo"] == "改地址 & 加急"
    assert code(ask(taobao, "taobao.trade.memo.update", tid=tid, memo="字" * 334)) == 41
    assert code(ask(taobao, "taobao.trade.memo.update", tid=tid, flag=9)) == 41


def test_only_permitted_topics_are_queued(taobao: TaobaoEmulator) -> None:
    ask(taobao, "taobao.tmc.user.permit", topics="taobao_trade_TradeBuyerPay")
    taobao.control("sell", {})
    answer = ask(taobao, "taobao.tmc.queue.get", as_seller=False, group_name="default")
    assert answer["tmc_queue_get_response"]["datas"]["tmc_queue_info"][0]["left_count"] == 1


@pytest.mark.parametrize("quantity", [9, 201])
def test_the_queue_gives_ten_to_two_hundred_at_once(taobao: TaobaoEmulator, quantity: int) -> None:
    assert code(ask(taobao, "taobao.tmc.messages.consume", as_seller=False, quantity=quantity)) == 41


def test_the_queue_forgets_after_a_day(taobao: TaobaoEmulator, time: FixedClock) -> None:
    taobao.control("sell", {})
    time.advance(hours=25)
    assert taobao.queue.consume("default", 10) == []


def test_waybills_of_an_order_can_be_asked_again(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid = taobao.control("sell", {})["tid"]
    waybill = adapter.issue_waybill(access(), wish(tid))
    query = [{"biz_sub_code": tid, "object_id": "parcel-7-1"}]
    answer = ask(taobao, "cainiao.waybill.ii.query.by.tradecode", param_list=query)
    [found] = answer["cainiao_waybill_ii_query_by_tradecode_response"]["modules"][
        "waybill_cloud_print_with_result_desc_response"
    ]
    assert found["waybill_cloud_print_response"]["waybill_code"] == waybill.waybill


def test_the_page_shows_orders_newest_first_and_masked(taobao: TaobaoEmulator, time: FixedClock) -> None:
    first = taobao.control("sell", {"receiver": {"name": "<王>"}})["tid"]
    time.advance(seconds=1)
    second = taobao.control("sell", {})["tid"]
    page = taobao.page()
    assert page.index(second) < page.index(first)
    assert "&lt;**" in page
    assert "<王>" not in page


def test_an_unknown_command_or_order_is_an_error(taobao: TaobaoEmulator) -> None:
    with pytest.raises(KeyError):
        taobao.control("fly", {})
    with pytest.raises(ValueError, match="没有这个订单"):
        taobao.control("pay", {"tid": "1"})
    with pytest.raises(ValueError, match="不在待付款状态"):
        taobao.control("pay", {"tid": taobao.control("sell", {})["tid"]})


def asked(taobao: TaobaoEmulator, answer: Any = None, **data: Any) -> Incoming:
    """Let the emulator ask its question; what arrived at the tower. `answer` None: the adapter's own."""
    arrived: list[Incoming] = []

    def tower(request: Any) -> tuple[int, dict[str, str], bytes]:
        incoming = Incoming(method="POST", query_string=request.url.partition("?")[2], headers={}, body=request.body)
        arrived.append(incoming)
        return 200, {}, adapter.accepted(incoming).body if answer is None else answer

    taobao.control("question", {"url": HOOK, **data})
    with responses.RequestsMock() as mock:
        mock.add_callback(responses.POST, HOOK, callback=tower)
        while taobao.outgoing:
            taobao.outgoing.popleft()[1]()
    [incoming] = arrived
    return incoming


@pytest.mark.parametrize("kind", ["address", "intercept"])
@pytest.mark.parametrize("sign_method", ["md5", "hmac"])
def test_a_question_is_believed_by_the_tower_and_its_answer_kept(
    taobao: TaobaoEmulator, kind: str, sign_method: str
) -> None:
    tid = taobao.control("sell", {})["tid"]
    before = taobao.trades.find(tid).oaid
    incoming = asked(taobao, tid=tid, kind=kind, sign_method=sign_method)
    adapter.verify(access(), incoming)
    [message] = adapter.unpack(access(), incoming)
    assert {one.subject for one in adapter.parse(message)} == {tid}
    [entry] = taobao.journal.entries("question_answered")
    assert entry["verdict"] == "false"
    assert taobao.trades.find(tid).oaid == before


def test_a_question_with_a_bad_signature_is_not_believed(taobao: TaobaoEmulator) -> None:
    tid = taobao.control("sell", {})["tid"]
    with pytest.raises(BadSignature):
        adapter.verify(access(), asked(taobao, tid=tid, bad_sign=True))


@pytest.mark.parametrize(
    ("answer", "verdict", "applied"),
    [
        (b'{"result":{"success":"true"}}', "true", True),
        (b'{"result":{"success":"false","errorCode":"1","errorMsg":"x"}}', "false", False),
        (b"not json", "timeout", False),
        (b'{"error_response":{"code":25}}', "error", False),
    ],
)
def test_the_platform_does_what_was_answered_and_says_so(
    taobao: TaobaoEmulator, wire: Wire, answer: bytes, verdict: str, applied: bool
) -> None:
    tid = taobao.control("sell", {})["tid"]
    before = taobao.trades.find(tid).oaid
    asked(taobao, answer, tid=tid, receiver={"address": "新华街9号"})
    assert (taobao.trades.find(tid).oaid != before) is applied
    messages, _cursor = poll_all()
    topics = [message.kind for message in messages if message.kind.startswith("tmc:")]
    [notice] = [json.loads(m.body) for m in messages if m.kind == "tmc:taobao_modifyaddress_ResultNotify"]
    content = json.loads(notice["content"])
    assert (content["api_result"], content["result"]) == (verdict, applied)
    assert ("tmc:taobao_trade_TradeLogisticsAddressChanged" in topics) is applied


def test_times_are_written_in_beijing_time(taobao: TaobaoEmulator, time: FixedClock) -> None:
    trade = taobao.trades.find(taobao.control("sell", {})["tid"])
    assert trade.shown()["created"] == time.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    assert time.now().astimezone(BEIJING) - trade.created < timedelta(seconds=1)


def test_what_was_sent_is_what_is_checked(taobao: TaobaoEmulator, wire: Wire) -> None:
    """Signed values travel URL-encoded and are checked decoded: Chinese, blanks and signs survive."""
    tid = taobao.control("sell", {})["tid"]
    client.call(
        access(), "taobao.trade.memo.update", {"tid": tid, "memo": "改地址：杭州市 & 加急 +1 %20 =", "flag": ""}
    )
    assert taobao.trades.find(tid).shown()["seller_memo"] == "改地址：杭州市 & 加急 +1 %20 ="
    assert client.gateway(access()) == f"{GATEWAY}/router/rest"
    assert "flag" not in dict(parse_qsl(urlencode(client.signed(access(), "m", {"flag": ""}))))
