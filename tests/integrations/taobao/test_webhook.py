"""Questions of the platform: who may ask, what is kept, and what is answered."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.adapter import Access, Decision, Fetch, Incoming
from integrations.errors import BadSignature, Unreadable
from integrations.platforms import taobao
from integrations.platforms.taobao import adapter, signing
from orders.vocabulary import beijing
from tests.integrations.taobao.test_mapping import hostile_bodies

[VECTOR] = json.loads((Path(taobao.__file__).parent / "samples" / "signing.json").read_text())["questions"]
ASKED_AT = datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC)


def access(*, secret: Any = "helloworld", now: datetime = ASKED_AT, app_key: str = "12345678") -> Access:
    return Access(connection_id=1, base_url="", settings={"app_key": app_key}, secrets={"app_secret": secret}, now=now)


def question(*, body: bytes | None = None, sign: str | None = None, **changes: str) -> Incoming:
    raw = VECTOR["body"].encode() if body is None else body
    query = {**VECTOR["query"], **changes}
    given = signing.sign_question(query.items(), raw, "helloworld", query["sign_method"]) if sign is None else sign
    return Incoming(method="POST", query_string=urlencode({**query, "sign": given}), headers={}, body=raw)


def test_the_published_question_is_believed() -> None:
    adapter.verify(access(), question(sign=VECTOR["sign"]))


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
def test_each_sign_method_is_believed(method: str) -> None:
    adapter.verify(access(), question(sign_method=method))


@pytest.mark.parametrize("secret", [["new", "helloworld"], ("helloworld", "old")])
def test_any_of_several_secrets_is_good(secret: Any) -> None:
    adapter.verify(access(secret=secret), question())


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_ten_minutes_off_is_tolerated(minutes: int) -> None:
    adapter.verify(access(now=ASKED_AT + timedelta(minutes=minutes)), question())


@pytest.mark.parametrize(
    "refused",
    [
        question(sign=""),
        question(sign="0" * 32),
        question(sign="签名"),
        question(sign_method="md5", sign=VECTOR["sign"], v="3.0"),
        question(body=b"{}", sign=VECTOR["sign"]),
        question(sign_method="hmac", sign=VECTOR["sign"]),
        question(timestamp=""),
        question(timestamp="1741136887000"),
        question(app_key="87654321"),
        Incoming(method="POST", query_string="", headers={}, body=b""),
        Incoming(method="POST", query_string=question().query_string + "&v=2.0", headers={}, body=question().body),
        Incoming(method="POST", query_string=question().query_string + "&sign_method=none", headers={}, body=b""),
    ],
)
def test_whatever_is_not_signed_now_with_our_secret_is_not_believed(refused: Incoming) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(), refused)


@pytest.mark.parametrize("minutes", [-11, 11])
def test_an_old_or_early_question_is_not_believed(minutes: int) -> None:
    with pytest.raises(BadSignature, match="ten minutes"):
        adapter.verify(access(now=ASKED_AT + timedelta(minutes=minutes)), question())


def test_an_unknown_sign_method_is_not_believed() -> None:
    with pytest.raises(BadSignature, match="sign method"):
        adapter.verify(access(), question(sign="0", sign_method="none"))


@pytest.mark.parametrize("secret", [None, "", [], [""]])
def test_without_a_secret_nothing_is_believed(secret: Any) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(secret=secret), question(sign=""))


def test_a_question_is_kept_whole_and_points_at_its_order() -> None:
    [message] = adapter.unpack(access(), question())
    assert message.kind == "spi:qimen.taobao.qianniu.cloudkefu.address.self.modify"
    assert message.body == VECTOR["body"].encode()
    again, said = adapter.parse(message)
    assert again == Fetch(subject="1234567890123456789")
    assert (said.subject, said.snapshot.kind, said.snapshot.status) == ("1234567890123456789", "address", "open")
    assert said.snapshot.requested_at == beijing("2026-03-05 09:08:07")


def test_a_question_says_what_it_wants_decided_and_the_answer_is_in_the_platform_s_words() -> None:
    asked = adapter.asked(access(), question())
    assert (asked.kind, asked.subject) == ("address", "1234567890123456789")
    assert adapter.asked(access(), question(method="taobao.some.other.question")) is None
    yes = adapter.decided(access(), question(), asked, Decision(accepted=True))
    assert json.loads(yes.body) == {"result": {"success": "true"}}
    no = adapter.decided(access(), question(), asked, Decision(accepted=False, code="X", reason="不行"))
    assert json.loads(no.body)["result"] == {"success": "false", "errorCode": "X", "errorMsg": "不行"}


def test_a_repeat_on_the_wire_has_the_same_key_and_a_new_question_another() -> None:
    keys = {adapter.unpack(access(), asked)[0].key for asked in (question(), question())}
    assert len(keys) == 1
    assert adapter.unpack(access(), question(timestamp="2026-03-05 09:09:00"))[0].key not in keys


def test_the_answer_for_now_leaves_the_decision_to_a_person() -> None:
    reply = adapter.accepted(question())
    assert reply.status == 200
    result = json.loads(reply.body)["result"]
    assert (result["success"], result["errorMsg"]) == ("false", "转人工处理")
    assert result["errorCode"]


def test_a_refusal_is_the_platforms_own_invalid_signature_at_http_200() -> None:
    reply = adapter.refused(question(), BadSignature("x"))
    error = json.loads(reply.body)["error_response"]
    assert (reply.status, error["code"], error["sub_code"]) == (200, 25, "isv.invalid-signature")


def test_no_hostile_request_raises_anything_but_bad_signature_or_unreadable() -> None:
    doubted = 0
    for body in hostile_bodies():
        for query in (question().query_string, body[:300].decode("latin-1"), "method=%00&method=%ff&sign=%F0%28"):
            incoming = Incoming(method="POST", query_string=query, headers={}, body=body)
            with pytest.raises(BadSignature):
                adapter.verify(access(), incoming)
            doubted += 1
            with suppress(Unreadable):
                for message in adapter.unpack(access(), incoming):
                    adapter.parse(message)
    assert doubted == 300
