"""Subscriptions and queries: what is asked, and which no is which."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses

from integrations.carriers.kuaidi100 import adapter
from integrations.errors import Permanent, Temporary, Unauthorised
from orders.clock import FixedClock
from tests.integrations.kuaidi100.street import BASE, HOOK, NOW, SALT, WAYBILL, Street, access, row, wish

HTML = "<html><body>502 Bad Gateway</body></html>"


def answering(path: str, answer: Any, *, status: int = 200) -> responses.RequestsMock:
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    body = answer if isinstance(answer, str | bytes) else json.dumps(answer, ensure_ascii=False)
    mock.add(responses.POST, BASE + path, body=body, status=status)
    return mock


def no(code: str, message: str = "原话") -> dict[str, Any]:
    return {"result": False, "returnCode": code, "message": message}


def sent(mock: responses.RequestsMock) -> tuple[dict[str, str], dict[str, Any]]:
    """The form of the last call, and its `param`."""
    fields = {name: values[0] for name, values in parse_qs(str(mock.calls[-1].request.body)).items()}
    return fields, json.loads(fields["param"])


# Subscribe ----------------------------------------------------------------------------------------------------------
def test_a_subscription_says_what_the_protocol_wants() -> None:
    with answering("/poll", {"result": True, "returnCode": "200", "message": "提交成功"}) as mock:
        adapter.subscribe(access(), wish("sf", "SF7444407670710", "1234"))
        form, param = sent(mock)
    assert form["schema"] == "json"
    assert "sign" not in form
    assert param["company"] == "shunfeng"
    assert param["number"] == "SF7444407670710"
    assert param["parameters"] == {
        "callbackurl": HOOK,
        "salt": SALT,
        "resultv2": "4",
        "autoCom": "0",
        "interCom": "0",
        "phone": "1234",
    }


@pytest.mark.parametrize("salt", ["", None, []])
def test_without_a_salt_none_is_named(salt: Any) -> None:
    with answering("/poll", {"result": True, "returnCode": "200"}) as mock:
        adapter.subscribe(access(salt=salt), wish())
        assert "salt" not in sent(mock)[1]["parameters"]


def test_the_first_of_two_salts_is_given_to_new_subscriptions() -> None:
    with answering("/poll", {"result": True, "returnCode": "200"}) as mock:
        adapter.subscribe(access(salt=["new", "old"]), wish())
        assert sent(mock)[1]["parameters"]["salt"] == "new"


def test_a_second_subscription_counts_as_done() -> None:
    with answering("/poll", no("501", "POLL:重复订阅")):
        adapter.subscribe(access(), wish())


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("500", Temporary, "服务器"),
        ("600", Unauthorised, "key"),
        ("601", Unauthorised, "过期"),
        ("700", Permanent, "回调地址"),
        ("701", Permanent, "不支持"),
        ("702", Permanent, "识别不出"),
        ("799", Permanent, "拒绝"),
        ("", Permanent, "拒绝"),
    ],
)
def test_every_no_to_a_subscription_is_of_its_kind(code: str, kind: type[Exception], words: str) -> None:
    with answering("/poll", no(code)), pytest.raises(kind) as refusal:
        adapter.subscribe(access(), wish())
    assert words in str(refusal.value)
    assert "原话" in str(refusal.value)
    assert type(refusal.value) is kind


@pytest.mark.parametrize("answer", [HTML, "", "null", "[]", '{"returnCode":', b"\xff\xfe", "NaN", "[" * 100_000])
def test_what_is_no_json_object_is_temporary(answer: str) -> None:
    for path in ("/poll", "/poll/query.do"):
        with answering(path, answer), pytest.raises(Temporary):
            adapter.subscribe(access(), wish()) if path == "/poll" else adapter.query(access(), wish())


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_broken_gateway_is_temporary(status: int) -> None:
    with answering("/poll", HTML, status=status), pytest.raises(Temporary):
        adapter.subscribe(access(), wish())


def test_paths_and_resultv2_are_settings() -> None:
    with answering("/test/poll", {"result": True, "returnCode": "200"}) as mock:
        adapter.subscribe(access(subscribe_path="/test/poll", resultv2="8"), wish())
        assert sent(mock)[1]["parameters"]["resultv2"] == "8"


@pytest.mark.parametrize("carrier", ["", "zjs", "YTO?"])
def test_a_courier_without_a_code_is_not_guessed(carrier: str) -> None:
    for act in (adapter.subscribe, adapter.query):
        with pytest.raises(Permanent, match="company_codes"):
            act(access(), wish(carrier))


@pytest.mark.parametrize("codes", [{"zjs": "zhaijisong"}, '{"zjs": "zhaijisong"}'])
def test_the_sellers_own_codes_are_used(codes: Any) -> None:
    with answering("/poll", {"result": True, "returnCode": "200"}) as mock:
        adapter.subscribe(access(company_codes=codes), wish("zjs"))
        assert sent(mock)[1]["company"] == "zhaijisong"


@pytest.mark.parametrize("codes", ["{", "[1]", 7])
def test_a_broken_setting_is_said(codes: Any) -> None:
    with pytest.raises(Permanent, match="company_codes"):
        adapter.subscribe(access(company_codes=codes), wish())


@pytest.mark.parametrize("waybill", ["", "12", "9" * 33, "SF 123 456", "单号12345"])
def test_a_number_which_they_cannot_follow_is_not_sent(waybill: str) -> None:
    for act in (adapter.subscribe, adapter.query):
        with pytest.raises(Permanent, match="运单号"):
            act(access(), wish(waybill=waybill))


@pytest.mark.parametrize("key", ["", None, []])
def test_without_a_key_nothing_is_sent(key: Any) -> None:
    for act in (adapter.subscribe, adapter.query):
        with pytest.raises(Permanent, match="key"):
            act(access(key=key), wish())


# Query --------------------------------------------------------------------------------------------------------------
def way(*rows: Any, nu: str = WAYBILL) -> dict[str, Any]:
    return {"message": "ok", "nu": nu, "com": "yuantong", "status": "200", "state": "0", "data": list(reversed(rows))}


def test_a_query_brings_the_facts_which_a_push_would_bring(street: Street) -> None:
    street.subscribe()
    street.emulator.control("pick_up", {"waybill": WAYBILL})
    street.live(20)
    said = {one.key: one for one in adapter.parse(street.query())}  # type: ignore[union-attr]
    assert said == street.tower.said()
    assert len(said) > 2


def test_the_same_answer_is_the_same_message_and_another_is_not(street: Street) -> None:
    street.emulator.control("say", {"waybill": WAYBILL, "code": "103"})
    first, again = street.query(), street.query()
    street.emulator.control("say", {"waybill": WAYBILL, "code": "1002"})
    assert first == again
    assert street.query().key != first.key


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("400", Permanent, "快递公司"),
        ("408", Permanent, "手机号后四位"),
        ("501", Temporary, "服务器"),
        ("502", Temporary, "繁忙"),
        ("503", Unauthorised, "签名"),
        ("600", Unauthorised, "授权"),
        ("601", Permanent, "用完"),
        ("999", Permanent, "拒绝"),
    ],
)
def test_every_no_to_a_query_is_of_its_kind(code: str, kind: type[Exception], words: str) -> None:
    with answering("/poll/query.do", no(code)), pytest.raises(kind) as refusal:
        adapter.query(access(), wish())
    assert words in str(refusal.value)
    assert type(refusal.value) is kind


def test_no_result_is_a_message_that_says_nothing() -> None:
    """It is the common case of a parcel that nobody has scanned yet, and no reason to ask again at once."""
    with answering("/poll/query.do", no("500", "查询无结果，请隔段时间再查")):
        message = adapter.query(access(), wish())
    assert adapter.parse(message) == []
    assert "查询无结果" in json.loads(message.body)["message"]


@pytest.mark.parametrize("status", [200, 500, 429])
def test_after_a_failed_query_the_number_is_left_in_peace_for_half_an_hour(status: int) -> None:
    with answering("/poll/query.do", HTML, status=status), pytest.raises(Temporary) as refusal:
        adapter.query(access(), wish())
    assert (refusal.value.retry_after or 0) >= 1800


def test_an_answer_about_another_parcel_is_not_used() -> None:
    with answering("/poll/query.do", way(row(), nu="YT0000000000000")), pytest.raises(Permanent, match="不同"):
        adapter.query(access(), wish())


def test_the_towers_spelling_of_the_number_is_kept() -> None:
    with answering("/poll/query.do", way(row(), nu=WAYBILL.lower())):
        (said,) = adapter.parse(adapter.query(access(), wish()))
    assert said.subject == WAYBILL


def test_a_row_from_the_future_is_no_fact_of_a_query_and_stays_with_the_message() -> None:
    with answering("/poll/query.do", way(row("103"), row("301", NOW + timedelta(hours=3), "已签收"))):
        message = adapter.query(access(), wish())
    assert [one.snapshot.stage for one in adapter.parse(message)] == ["picked_up"]  # type: ignore[union-attr]
    assert "晚于收到时间" in json.loads(message.body)["doubtful"][0][0]


def test_a_phone_is_asked_for_by_couriers_that_hide_parcels(street: Street) -> None:
    street.emulator.control("say", {"waybill": "SF7444407670710", "code": "103"})
    street.emulator.couriers.parcel("SF7444407670710").company = "shunfeng"
    with pytest.raises(Permanent, match="手机号后四位"):
        street.query(wish("sf", "SF7444407670710", ""))
    assert adapter.parse(street.query(wish("sf", "SF7444407670710", "1111")))


def test_without_a_customer_the_connection_cannot_query() -> None:
    assert adapter.can("query", {"customer": "x"})
    assert not adapter.can("query", {})
    assert adapter.can("subscribe", {})
    with pytest.raises(Permanent, match="customer"):
        adapter.query(access(customer=""), wish())


def test_a_wrong_key_is_found_out_by_the_other_side(street: Street, clock: FixedClock) -> None:
    with pytest.raises(Unauthorised, match="签名"):
        street.query(key="wrong")
    with pytest.raises(Unauthorised, match="授权"):
        street.subscribe(key="wrong")
