"""The signature: proved by the values which the official classes gave, then by what a receiver must tolerate."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.errors import BadSignature
from integrations.wms import qimen
from integrations.wms.qimen import adapter, signing
from tests.integrations.qimen.street import NOW, SECRET, access, incoming, minutes, process_report, signed

VECTORS: dict[str, Any] = json.loads((Path(qimen.__file__).parent / "samples" / "signing.json").read_text())
BODY = VECTORS["body"].encode()


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
def test_a_call_is_signed_as_the_official_class_signs_it(method: str) -> None:
    parameters = VECTORS["parameters"] | {"sign_method": method}
    assert signing.sign_call(parameters, BODY, VECTORS["secret"], method) == VECTORS["caller"][method]


def test_a_caller_leaves_empty_values_out() -> None:
    parameters = VECTORS["parameters"] | {"sign_method": "md5", "session": ""}
    assert signing.sign_call(parameters, BODY, VECTORS["secret"], "md5") == VECTORS["caller"]["md5"]


def test_a_receiver_keeps_empty_values_as_the_official_class_does() -> None:
    pairs = VECTORS["parameters"] | {"sign_method": "md5", "session": ""}
    found = signing.signature(pairs, BODY, VECTORS["secret"], "md5", skip_empty=False)
    assert found == VECTORS["receiver_with_empty_session"]


def test_an_unknown_sign_method_is_no_signature() -> None:
    with pytest.raises(ValueError, match="sign_method"):
        signing.sign_call({}, b"", "s", "crc32")


def vector_request(method: str, sign: str, **more: str) -> Any:
    query = VECTORS["parameters"] | {"sign_method": method, "sign": sign} | more
    return incoming(urlencode(query), BODY)


def vector_access() -> Any:
    at = signing_time()
    return access(now=at)


def signing_time() -> Any:
    return NOW.replace(year=2024, month=1, day=2, hour=3, minute=4, second=5)


@pytest.mark.parametrize(
    ("method", "sign", "more"),
    [
        ("md5", VECTORS["caller"]["md5"], {}),
        ("md5", VECTORS["caller"]["md5"].lower(), {}),
        ("md5", VECTORS["receiver_with_empty_session"], {"session": ""}),
        ("md5", VECTORS["caller"]["md5"], {"session": ""}),
        ("hmac", VECTORS["caller"]["hmac"], {}),
        ("hmac-sha256", VECTORS["caller"]["hmac-sha256"], {}),
    ],
    ids=["md5", "lower case", "empty kept", "empty skipped", "hmac", "hmac-sha256"],
)
def test_every_tolerated_reading_is_believed(method: str, sign: str, more: dict[str, str]) -> None:
    adapter.verify(vector_access(), vector_request(method, sign, **more))


@pytest.mark.parametrize("method", ["hmac", "hmac-sha256"])
def test_an_hmac_is_believed_only_where_the_request_names_it(method: str) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(vector_access(), vector_request("md5", VECTORS["caller"][method]))


def test_headers_named_in_the_sign_list_take_part() -> None:
    body = process_report("ACCEPT")
    header = {"top-sign-list": "X-Trace,X-Absent", "x-trace": "a%20b"}
    pairs = dict(signing.query_pairs(signed(body).query_string)) | {"X-Trace": "a b"}
    pairs["sign"] = signing.signature(pairs, body, SECRET, "md5", skip_empty=False)
    del pairs["X-Trace"]
    adapter.verify(access(), incoming(urlencode(pairs), body, header))
    with pytest.raises(BadSignature):
        adapter.verify(access(), incoming(urlencode(pairs), body, header | {"x-trace": "c"}))


def test_a_value_with_a_bare_equals_sign_does_not_exist_for_signature_or_reading() -> None:
    request = signed(process_report("ACCEPT"))
    adapter.verify(access(), incoming(request.query_string + "&extra=a=b", request.body))
    assert "extra" not in signing.query_pairs("extra=a=b&v=2.0")


def test_a_parameter_given_twice_is_refused() -> None:
    request = signed(process_report("ACCEPT"))
    with pytest.raises(BadSignature, match="twice"):
        adapter.verify(access(), incoming(request.query_string + "&method=deliveryorder.confirm", request.body))


@pytest.mark.parametrize("secrets", [["new", SECRET], [SECRET, "old"], SECRET, [SECRET]])
def test_any_live_secret_is_enough(secrets: Any) -> None:
    adapter.verify(access(secrets=secrets), signed(process_report("ACCEPT")))


@pytest.mark.parametrize("secrets", ["other", ["other", "another"], [], "", None])
def test_without_the_right_secret_nothing_is_believed(secrets: Any) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(secrets=secrets), signed(process_report("ACCEPT")))


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(secrets=[""]), signed(process_report("ACCEPT"), secret=""))


@pytest.mark.parametrize("change", [b" ", b"<!-- -->", b"\n"])
def test_one_byte_more_in_the_body_is_refused(change: bytes) -> None:
    request = signed(process_report("ACCEPT"))
    with pytest.raises(BadSignature):
        adapter.verify(access(), incoming(request.query_string, request.body + change))


@pytest.mark.parametrize("late", [-9.9, 0, 9.9])
def test_a_request_within_ten_minutes_is_believed(late: float) -> None:
    adapter.verify(access(), signed(process_report("ACCEPT"), at=NOW - minutes(late)))


@pytest.mark.parametrize("late", [-11, 11, 60 * 24])
def test_an_old_and_a_future_request_are_both_refused(late: float) -> None:
    with pytest.raises(BadSignature, match="window"):
        adapter.verify(access(), signed(process_report("ACCEPT"), at=NOW - minutes(late)))


def test_the_window_is_a_setting() -> None:
    adapter.verify(access(clock_minutes=30), signed(process_report("ACCEPT"), at=NOW - minutes(25)))


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2026-11-11T00:00:00", "1762790400"])
def test_an_unreadable_timestamp_is_refused(timestamp: str) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(), signed(process_report("ACCEPT"), timestamp=timestamp))


@pytest.mark.parametrize(
    "query", ["", "sign=", "sign=ABC", "method=orderprocess.report", "method=&sign=x", "%ff=%fe&sign=é"]
)
def test_a_request_without_method_or_signature_is_refused(query: str) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(), incoming(query, b"<request/>"))


def test_a_hostile_body_is_not_read_before_its_signature_is_right() -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(), incoming("method=orderprocess.report&sign=0", b"\xff\xfe<!DOCTYPE"))


def test_a_refusal_speaks_the_protocol_at_200() -> None:
    request = signed(process_report("ACCEPT"), secret="wrong")
    with pytest.raises(BadSignature) as refusal:
        adapter.verify(access(signature_code="S03"), request)
    reply = adapter.refused(request, refusal.value)
    assert reply.status == 200
    assert reply.content_type == "text/xml;charset=utf-8"
    assert "<flag>failure</flag><code>S03</code><message>签名错误</message>" in reply.body.decode()
    assert "<code>10004</code>" in adapter.refused(request, BadSignature("x")).body.decode()


def test_success_is_said_in_xml() -> None:
    reply = adapter.accepted(signed(process_report("ACCEPT")))
    head, _, rest = reply.body.decode().partition("?>")
    assert head == '<?xml version="1.0" encoding="UTF-8"'
    assert rest == "<response><flag>success</flag><code>0</code><message>ok</message></response>"
