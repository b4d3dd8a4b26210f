"""Every way to say no means one thing, and an unlisted one is final with its code kept."""

import json
from typing import Any

import pytest

from integrations.errors import (
    AlreadyDone,
    ConnectionAtFault,
    OutsideError,
    Permanent,
    Temporary,
    Throttled,
    Unauthorised,
)
from integrations.platforms.douyin import client, refusals
from integrations.platforms.douyin.refusals import BUSINESS, CODES


def no(code: int, sub_code: str = "", text: str = "说明") -> OutsideError:
    with pytest.raises(OutsideError) as refused:
        client.opened(json.dumps({"code": code, "msg": "失败", "sub_code": sub_code, "sub_msg": text}).encode())
    return refused.value


@pytest.mark.parametrize(
    ("code", "sub_code", "kind"),
    [
        (20000, "isp.service-error:20004", Temporary),
        (20000, "isp.service-error:4711", Temporary),
        (20000, "dop.service-error", Temporary),
        (20001, "", Temporary),
        (30001, "isv.app-permissions-insufficient", ConnectionAtFault),
        (30001, "dop.authorization-no-existed", Unauthorised),
        (30001, "dop.authorization-closed", Unauthorised),
        (30001, "dop.app-forbidden", ConnectionAtFault),
        (30002, "isv.invalid_ip", ConnectionAtFault),
        (40001, "isv.missing-parameter:sign", ConnectionAtFault),
        (40002, "isv.missing-parameter:order_id", Permanent),
        (40003, "isv.signature-invalid", ConnectionAtFault),
        (40003, "isv.access-token-expired", Unauthorised),
        (40003, "isv.access-token-no-existed", Unauthorised),
        (40003, "isv.access-token-invalid", Unauthorised),
        (40003, "isv.timestamp-invalid", ConnectionAtFault),
        (40003, "isv.app-id-invalid", ConnectionAtFault),
        (40003, "isv.parameter-format-invalid", Permanent),
        (40003, "isv.idempotent-id-existed", AlreadyDone),
        (40004, "isv.parameter-invalid:60018", Permanent),
        (50001, "dop.token-generate-failed:code-expired", Unauthorised),
        (50001, "dop.token-generate-failed:token-expired", Unauthorised),
        (50001, "dop.token-generate-failed:app-secret-invalid", ConnectionAtFault),
        (50002, "isv.business-failed:60110", AlreadyDone),
        (50002, "isv.business-failed:31009", Unauthorised),
        (50002, "isv.business-failed:999999", Permanent),
        (60000, "", Throttled),
        (70000, "", ConnectionAtFault),
        (80000, "", ConnectionAtFault),
        (90000, "", Temporary),
        (123456, "something.new", Permanent),
    ],
)
def test_a_return_code_and_its_sub_code_mean(code: int, sub_code: str, kind: type[OutsideError]) -> None:
    found = no(code, sub_code)
    assert type(found) is kind
    assert found.code
    assert str(found) == "说明"


@pytest.mark.parametrize("number", sorted(BUSINESS))
def test_every_business_number_keeps_its_number_and_has_words(number: str) -> None:
    found = no(50002, f"isv.business-failed:{number}", text="")
    kind, meaning = BUSINESS[number]
    assert (type(found), found.code) == (kind, number)
    assert meaning
    old = refusals.old_refusal(number, "")
    assert (type(old), old.code) == (kind, number)


def test_a_throttle_says_how_long_to_wait() -> None:
    assert no(60000).retry_after
    assert (no(50002, "isv.business-failed:60109").retry_after or 0) > 60
    assert no(50002, "isv.business-failed:70002").retry_after is None


def test_every_return_code_of_the_table_is_an_error() -> None:
    assert {"20000", "20001", "30001", "40003", "50001", "50002", "60000", "70000", "80000", "90000"} <= set(CODES)
    assert refusals.SUCCESS not in CODES


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"err_no": 60000, "message": ""}, Throttled),
        ({"err_no": 7, "message": "请求过于频繁"}, Throttled),
        ({"err_no": 30003, "message": "access_token 已过期"}, Unauthorised),
        ({"err_no": 8, "message": "系统繁忙，请稍后"}, Temporary),
        ({"err_no": 9, "message": "参数错误"}, Permanent),
    ],
)
def test_the_old_envelope_is_read_by_number_then_by_words(answer: dict[str, Any], kind: type[OutsideError]) -> None:
    with pytest.raises(kind):
        client.opened(json.dumps(answer).encode())


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"3", b"<html>", b"{}", b'{"data":{}}', b"[" * 100_000, b"\xff\xfe", b'{"code":']
)
def test_what_is_no_answer_is_temporary(body: bytes) -> None:
    with pytest.raises(Temporary):
        client.opened(body)


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_an_answer_without_data_is_empty(data: Any) -> None:
    assert client.opened(json.dumps({"code": 10000, "data": data}).encode()) == {}
    assert client.opened(b'{"code":"10001","data":{"a":1.50}}') == {"a": "1.50"}
