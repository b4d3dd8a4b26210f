"""Which no is worth another try: the whole table of codes, and the words where no table helps."""

import pytest

from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary, Throttled, Unauthorised
from integrations.platforms.jd.client import opened, part, total
from integrations.platforms.jd.refusals import business_refusal, gateway_refusal, token_refusal

METHOD = "jingdong.pop.order.get"


def judged(code: str, text: str = "", english: str = "") -> OutsideError:
    return gateway_refusal({"code": code, "zh_desc": text, "en_desc": english})


@pytest.mark.parametrize(("code", "seconds"), [("2", 600), ("24", 60), ("32", 60)])
def test_a_throttle_pauses_the_connection(code: str, seconds: float) -> None:
    error = judged(code, "操作太频繁")
    assert (type(error), error.retry_after, error.code) == (Throttled, seconds, code)


@pytest.mark.parametrize("code", ["18", "19"])
def test_a_lost_token_asks_for_a_new_authorisation(code: str) -> None:
    assert type(judged(code, "无效access_token")) is Unauthorised


@pytest.mark.parametrize("code", ["4", "5", "7", "8", "11", "12", "14", "15"])
def test_a_wrong_version_clock_signature_or_method_is_the_connections_fault(code: str) -> None:
    assert type(judged(code)) is ConnectionAtFault


@pytest.mark.parametrize(
    ("text", "english", "kind"),
    [
        ("接口调用频繁", "", Throttled),
        ("调用次数超限", "", Throttled),
        ("", "App Call Limited", Throttled),
        ("access_token已过期", "", Unauthorised),
        ("用户授权已失效", "", Unauthorised),
        ("签名错误", "", ConnectionAtFault),
        ("应用没有权限调用该接口", "", ConnectionAtFault),
        ("平台连接后端服务不可用", "", Temporary),
        ("平台连接后端服务超时", "", Temporary),
        ("", "Service timeout", Temporary),
        ("参数错误", "", Permanent),
        ("", "", Permanent),
    ],
)
def test_a_code_in_no_table_is_judged_by_its_words(text: str, english: str, kind: type[OutsideError]) -> None:
    error = judged("9876", text, english)
    assert (type(error), error.code) == (kind, "9876")
    assert str(error)


def test_the_service_behind_the_gateway_may_come_back() -> None:
    assert type(judged("62")) is Temporary


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("999999", "系统内部", Temporary),
        ("99999999", "", Temporary),
        ("", "系统繁忙，请稍后", Temporary),
        ("", "操作太频繁", Throttled),
        ("10400001", "订单当前状态不允许出库", Permanent),
        ("1", "该订单未授权拆单", Permanent),
        ("1", "没有权限处理该订单", Permanent),
    ],
)
def test_a_no_inside_the_answer_is_about_the_data(code: str, text: str, kind: type[OutsideError]) -> None:
    assert type(business_refusal(code, text)) is kind


def test_a_token_that_cannot_be_refreshed_needs_a_person_unless_they_are_busy() -> None:
    assert type(token_refusal("402", "refresh_token 无效")) is Unauthorised
    assert type(token_refusal("500", "系统繁忙")) is Temporary
    assert type(token_refusal("429", "操作太频繁")) is Throttled


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>busy</html>", Temporary),
        (b"", Temporary),
        (b"[]", Temporary),
        (b"{}", Temporary),
        (b"[" * 100_000, Temporary),
        (b"\xff\xfe", Temporary),
        (b'{"jingdong_pop_order_get_responce":3}', Temporary),
        (b'{"jingdong_other_responce":{"code":"0"}}', Temporary),
        (b'{"jingdong_pop_order_get_responce":{"code":"403"}}', Permanent),
        (b'{"error_response":{}}', Permanent),
        (b'{"error_response":{"code":null,"zh_desc":7}}', Permanent),
    ],
)
def test_an_answer_that_is_none_raises_only_errors_of_ours(body: bytes, kind: type[OutsideError]) -> None:
    with pytest.raises(kind):
        opened(body, METHOD)


def test_both_spellings_of_an_answer_are_read_and_fractions_stay_text() -> None:
    for word in ("responce", "response"):
        body = f'{{"jingdong_pop_order_get_{word}":{{"code":0,"a":{{"b":59.90}}}}}}'
        assert opened(body.encode(), METHOD)["a"] == {"b": "59.90"}


@pytest.mark.parametrize("container", [{}, {"a": None}, {"a": []}, {"a": "many"}, {"a": -1}])
def test_what_must_be_in_an_answer_is_missed_by_name(container: dict[str, object]) -> None:
    with pytest.raises(Temporary, match="a"):
        part(container, "a")
    with pytest.raises(Temporary, match="a"):
        total(container, "a")
