"""Every way of saying no: the codes, the words, the shapes, and answers that are none."""

import json
from typing import Any

import pytest

from integrations.erp.kingdee import adapter, bills, client, refusals
from integrations.erp.kingdee.emulator import KingdeeEmulator
from integrations.erp.kingdee.refusals import Locked, NotEditable, SessionLost
from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary, Throttled, Unauthorised
from tests.integrations.kingdee.conftest import Wire, access, take


def failed(code: int, *texts: str, field: str | None = None) -> dict[str, Any]:
    errors = [{"FieldName": field, "Message": text, "DIndex": place} for place, text in enumerate(texts)]
    status = {"ErrorCode": 500, "IsSuccess": False, "Errors": errors, "SuccessEntitys": [], "MsgCode": code}
    return {"Result": {"ResponseStatus": status}}


def refusal_of(answer: Any) -> OutsideError:
    with pytest.raises(OutsideError) as refused:
        client.opened(json.dumps(answer, ensure_ascii=False).encode())
    return refused.value


CODES: dict[int, type[OutsideError]] = {
    0: Permanent,
    1: SessionLost,
    2: ConnectionAtFault,
    3: ConnectionAtFault,
    4: Temporary,
    5: ConnectionAtFault,
    6: Temporary,
    7: Temporary,
    8: Permanent,
    9: ConnectionAtFault,
    10: Permanent,
    11: Permanent,
    12: Permanent,
    13: Locked,
    14: Throttled,
    15: Unauthorised,
    99: Permanent,
}
WORDS: dict[str, type[OutsideError]] = {
    "会话信息已丢失，请重新登录": SessionLost,
    "元数据中标识为FXxx的字段不存在": ConnectionAtFault,
    "业务对象不存在": ConnectionAtFault,
    "单据已审核，不允许修改": NotEditable,
    "字段[客户]是必录字段": Permanent,
    "您没有该功能的操作权限": ConnectionAtFault,
    "网络控制冲突": Locked,
    "调用次数超过限制": Throttled,
    "事务(进程 ID 61)与另一个进程被死锁": Temporary,
    "Execution Timeout Expired": Temporary,
}


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_a_message_code_means_what_the_table_says(code: int, kind: type[OutsideError]) -> None:
    for answer in (failed(code, "某种说明"), [[failed(code, "某种说明")]], [failed(code, "某种说明")]):
        error = refusal_of(answer)
        assert type(error) is kind
        assert error.code == str(code)
        assert str(error) == "某种说明"


@pytest.mark.parametrize(("text", "kind"), WORDS.items())
@pytest.mark.parametrize("code", [0, 4, 11])
def test_a_known_text_counts_more_than_a_vague_code(text: str, kind: type[OutsideError], code: int) -> None:
    error = refusal_of(failed(code, text))
    assert isinstance(error, kind)


def test_a_throttle_and_a_lock_say_how_long_to_wait() -> None:
    assert refusal_of(failed(14, "x")).retry_after == 60
    assert refusal_of(failed(13, "x")).retry_after == 5
    assert refusal_of(failed(7, "x")).retry_after == 300


def test_every_error_is_named_with_its_field() -> None:
    error = refusal_of(failed(11, "是必填项", "不正确", field="FCustId"))
    assert str(error) == "FCustId：是必填项；FCustId：不正确"


def test_a_failed_conversion_beside_a_good_status_is_a_failure() -> None:
    answer = failed(12, "没有可下推的数据")
    answer["Result"]["ConvertResponseStatus"] = answer["Result"].pop("ResponseStatus")
    answer["Result"]["ResponseStatus"] = {"IsSuccess": True}
    assert isinstance(refusal_of(answer), Permanent)


@pytest.mark.parametrize("success", [False, None, "true", 1, 0, []])
def test_only_a_plain_true_is_a_success(success: Any) -> None:
    assert isinstance(refusal_of({"Result": {"ResponseStatus": {"IsSuccess": success}}}), Permanent)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("response_error: 会话信息已丢失，请重新登录", SessionLost),
        ("response_error:您没有该功能的操作权限", ConnectionAtFault),
        ("response_error: something broke", Temporary),
        ("\r\nresponse_error:", Temporary),
        ("<html><body>busy</body></html>", Temporary),
        ("", Temporary),
        ("[[1,2", Temporary),
        ("[" * 100_000, Temporary),
    ],
)
def test_a_body_that_is_no_answer_has_its_meaning(body: str, kind: type[OutsideError]) -> None:
    with pytest.raises(kind):
        client.opened(body.encode())


def test_the_rows_of_a_query_are_not_taken_for_an_error() -> None:
    rows = [[{"Result": "x"}, 1], ["ResponseStatus", 2]]
    assert client.opened(json.dumps(rows).encode()) == rows
    assert client.opened(b"[]") == []
    assert client.opened(b'[["ResponseStatus"]]') == [["ResponseStatus"]]


def test_fractions_stay_text() -> None:
    assert client.opened(b"[[2.10, 1e3, 7]]") == [["2.10", "1e3", 7]]


@pytest.mark.parametrize("answer", [{}, {"Result": {}}, {"Result": {"ResponseStatus": "ok"}}, [], "ok", None])
def test_a_write_without_a_status_is_not_known_to_be_done(answer: Any) -> None:
    with pytest.raises(Temporary):
        client.succeeded(answer)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (500, Temporary, "500"),
        (503, Temporary, "503"),
        (429, Throttled, "429"),
        (404, ConnectionAtFault, "404"),
        (403, ConnectionAtFault, "403"),
        (302, ConnectionAtFault, "302"),
    ],
)
def test_http_has_its_own_refusals(
    kingdee: KingdeeEmulator, wire: Wire, status: int, kind: type[OutsideError], code: str
) -> None:
    wire.instead = [(status, b"<html></html>")]
    with pytest.raises(kind) as refused:
        adapter.fetch(access(), "T1")
    assert refused.value.code == code


def test_partial_content_is_an_answer_too(kingdee: KingdeeEmulator, wire: Wire) -> None:
    wire.instead = [(206, b"[]")]
    assert bills.rows(access(), "SAL_SaleOrder", ["FID"], "", order="FID ASC") == []


@pytest.mark.parametrize("answer", [b'{"a":1}', b"[1]", b"[[1,2,3]]", b'[["x"],["y",1]]', b'"text"', b"null", b"1"])
def test_rows_that_do_not_fit_the_question_are_no_rows(kingdee: KingdeeEmulator, wire: Wire, answer: bytes) -> None:
    wire.instead = [(200, answer)]
    with pytest.raises(Temporary):
        bills.rows(access(), "SAL_SaleOrder", ["FID", "FBillNo"], "", order="FID ASC")


def test_a_wrong_field_name_is_the_connections_fault(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    with pytest.raises(ConnectionAtFault, match="FNoSuchField"):
        adapter.poll(access(platform_order_field="FNoSuchField"), {})


def test_no_refusal_is_longer_than_a_person_reads() -> None:
    assert len(str(refusal_of(failed(11, "长" * 10_000)))) == 400
    assert str(refusals.refusal({})) == "金蝶拒绝了请求"
