"""The emulated platform: strict where Douyin is strict, the same for the same seed, and discreet."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.emulate import serving
from integrations.emulation import Request, World
from integrations.errors import Permanent
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from integrations.platforms.douyin.emulator_push import TEST_BODY
from orders import clock
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import APP_KEY, HOOK, SECRET, TOKEN, Wire, access, ids, sell

LIST = {"page": 0, "size": 10, "order_by": "update_time", "order_asc": True}


def post(
    douyin: DouyinEmulator, path: str, asked: Any, *, body: bytes | None = None, new: bool = True, **changes: Any
) -> dict[str, Any]:
    """A call signed by hand, so that the emulator is not judged by the adapter's own code."""
    text = json.dumps(asked).encode() if body is None else body
    query = {"app_key": APP_KEY, "method": path.strip("/").replace("/", "."), "v": "2", "access_token": TOKEN}
    query |= {"timestamp": str(int(clock.now().timestamp())), "sign_method": "hmac-sha256"} | changes
    pairs = {name: query[name].encode() for name in ("app_key", "method", "timestamp", "v")} | {"param_json": text}
    joined = b"".join(name.encode() + pairs[name] for name in sorted(pairs))
    key = SECRET.encode()
    query.setdefault("sign", hmac.new(key, key + joined + key, hashlib.sha256).hexdigest())
    headers = {"x-open-no-old-err-code": "1"} if new else {}
    request = Request(method="POST", path=path, query_string=urlencode(query), headers=headers, body=text)
    found: dict[str, Any] = json.loads(douyin.handle(request).body)
    return found


def window(**changes: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    return {**LIST, "update_time_start": now - 3600, "update_time_end": now, **changes}


# The gateway --------------------------------------------------------------------------------------------------------


def test_a_call_signed_by_hand_is_answered(douyin: DouyinEmulator) -> None:
    [sold] = sell(douyin)
    answer = post(douyin, "/order/searchList", window())
    assert (answer["code"], answer["data"]["total"]) == (10000, 1)
    assert answer["data"]["shop_order_list"][0]["order_id"] == sold


@pytest.mark.parametrize(
    ("changes", "sub_code"),
    [
        ({"sign": "0" * 64}, "isv.signature-invalid"),
        ({"app_key": "1"}, "isv.app-id-invalid"),
        ({"method": "order.orderDetail"}, "isv.parameter-format-invalid"),
        ({"timestamp": "1"}, "isv.timestamp-invalid"),
        ({"timestamp": "soon"}, "isv.timestamp-invalid"),
        ({"access_token": "forged"}, "isv.access-token-no-existed"),
        ({"sign": ""}, "isv.missing-parameter:sign"),
        ({"v": ""}, "isv.missing-parameter:v"),
    ],
)
def test_what_the_gateway_refuses(douyin: DouyinEmulator, changes: dict[str, Any], sub_code: str) -> None:
    assert post(douyin, "/order/searchList", window(), **changes)["sub_code"] == sub_code


def test_the_signature_covers_the_bytes_that_were_sent_sorted_or_not(douyin: DouyinEmulator) -> None:
    unsorted = json.dumps(window(), indent=2).encode()
    assert post(douyin, "/order/searchList", None, body=unsorted)["code"] == 10000


def test_the_old_envelope_comes_without_the_header(douyin: DouyinEmulator) -> None:
    assert post(douyin, "/order/searchList", window(), new=False)["err_no"] == 0
    assert post(douyin, "/order/orderDetail", {"shop_order_id": "1"}, new=False)["err_no"] == 60033


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"page": -1}, "10035"),
        ({"size": 101}, "20008"),
        ({"page": 501, "size": 100}, "20013"),
        ({"update_time_start": None}, "20011"),
        ({"update_time_start": 2_000_000_000}, "20012"),
        ({"update_time_start": 1_700_000_000}, "20022"),
    ],
)
def test_what_a_search_refuses(douyin: DouyinEmulator, changes: dict[str, Any], number: str) -> None:
    assert post(douyin, "/order/searchList", window(**changes))["sub_code"].rpartition(":")[2] == number


def test_an_order_number_ending_in_a_is_refused_where_douyin_refuses_it(douyin: DouyinEmulator) -> None:
    [sold] = sell(douyin)
    douyin.control("ask_address", {"order_id": sold})
    asked = {"order_id": f"{sold}A", "is_approved": 0}
    assert post(douyin, "/order/addressConfirm", asked)["sub_code"].endswith("50035")


def test_the_same_request_id_ships_once(douyin: DouyinEmulator) -> None:
    sale = douyin.control("sell", {"lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}]})
    goods = [{"shipped_order_id": sale["lines"][0]["line_id"], "shipped_num": 1}]
    pack = {"company_code": "yuantong", "logistics_code": "YT1234567890123", "shipped_order_info": goods}
    asked = {"order_id": sale["order_id"], "pack_list": [pack], "request_id": "r1"}
    one, two = (post(douyin, "/order/logisticsAddMultiPack", asked) for _ in range(2))
    assert one["data"] == two["data"]
    assert post(douyin, "/order/logisticsAddMultiPack", asked | {"request_id": "r2"})["sub_code"].endswith("70023")


def test_a_body_that_is_no_object_and_a_path_that_is_none(douyin: DouyinEmulator) -> None:
    assert post(douyin, "/order/searchList", [])["sub_code"] == "isv.parameter-format-invalid"
    request = Request(method="POST", path="/nothing", query_string="", headers={}, body=b"")
    assert douyin.handle(request).status == 404


# Its life -----------------------------------------------------------------------------------------------------------


def test_update_time_moves_with_the_main_status_only(douyin: DouyinEmulator, time: FixedClock) -> None:
    [sold] = sell(douyin)
    at = douyin.control("order", {"order_id": sold})["update_time"]
    time.advance(minutes=1)
    douyin.control("memo", {"order_id": sold, "memo": "加急"})
    douyin.control("ask_address", {"order_id": sold, "directly": True})
    douyin.control("refund", {"order_id": sold})
    assert douyin.control("order", {"order_id": sold})["update_time"] == at
    douyin.control("finish", {"order_id": sold})
    assert douyin.control("order", {"order_id": sold})["update_time"] == at + 60


@pytest.mark.parametrize(("default", "state"), [("agree", "agreed"), ("refuse", "timed_out")])
def test_an_application_nobody_answers_ends_by_itself(time: FixedClock, default: str, state: str) -> None:
    douyin = World().add(DouyinEmulator, address_default=default, address_seconds=600)
    assert isinstance(douyin, DouyinEmulator)
    [sold] = sell(douyin)
    douyin.control("ask_address", {"order_id": sold})
    time.advance(minutes=9)
    douyin.tick()
    assert douyin.control("order", {"order_id": sold})["wish"] == "open"
    time.advance(minutes=2)
    douyin.tick()
    assert douyin.control("order", {"order_id": sold})["wish"] == state


def test_a_command_that_is_none_and_an_order_that_is_none_are_said_so(douyin: DouyinEmulator) -> None:
    with pytest.raises(KeyError):
        douyin.control("fly", {})
    with pytest.raises(ValueError, match="没有这个订单"):
        douyin.control("pay", {"order_id": "1"})
    [sold] = sell(douyin)
    with pytest.raises(ValueError, match="不在待付款状态"):
        douyin.control("pay", {"order_id": sold})
    douyin.control("ask_address", {"order_id": sold})
    with pytest.raises(ValueError, match="已有改址申请"):
        douyin.control("ask_address", {"order_id": sold})
    douyin.control("refund", {"order_id": sold})
    with pytest.raises(ValueError, match="已有售后"):
        douyin.control("refund", {"order_id": sold})


# People -------------------------------------------------------------------------------------------------------------


def test_the_page_is_for_people_and_shows_no_whole_name(douyin: DouyinEmulator) -> None:
    receiver = {"name": "<王雨桐>", "phone": "19900001234"}
    sell(douyin, receiver=receiver, lines=[{"sku": "X-1", "title": "<b>面霜</b>"}])
    page = douyin.page()
    for words in ("订单号", "待发货", "&lt;b&gt;面霜&lt;/b&gt;", "改址"):
        assert words in page
    assert "王雨桐" not in page
    assert "19900001234" not in page


def test_the_journal_keeps_neither_secrets_nor_people(douyin: DouyinEmulator, wire: Wire) -> None:
    douyin.control("push_to", {"url": HOOK})
    [sold] = sell(douyin, receiver={"name": "王雨桐", "phone": "19900001234"})
    adapter.poll(access(), {})
    adapter.fetch(access(), sold)
    fresh = adapter.refresh(access()).secrets["access_token"]
    wire.tick()
    written = json.dumps(douyin.journal.entries(), ensure_ascii=False)
    for secret in ("王雨桐", "19900001234", SECRET, TOKEN, fresh, "emulator-refresh", "CgYI"):
        assert secret not in written


def test_the_consoles_test_is_the_published_one(douyin: DouyinEmulator, wire: Wire) -> None:
    douyin.control("push_to", {"url": HOOK})
    douyin.control("push_test", {})
    douyin.control("push_raw", {"body": "[]", "sign": "forged"})
    wire.tick()
    assert [incoming.body for incoming in wire.pushed] == [TEST_BODY, b"[]"]
    assert adapter.unpack(access(), wire.pushed[0]) == []


def test_the_same_is_said_over_a_real_socket(douyin: DouyinEmulator) -> None:
    [sold] = sell(douyin, remark="改地址 <急> & 送礼")
    with serving(douyin.world, tick_seconds=0.05) as host:
        polled = adapter.poll(access(base_url=f"{host.url}/douyin"), {})
        with pytest.raises(Permanent):
            adapter.poll(access(base_url=f"{host.url}/nothing"), {})
    assert ids(list(polled.messages)) == [sold]
