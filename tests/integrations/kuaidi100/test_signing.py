"""The signature: proved by the values of the official formulas, then by what a receiver must believe and must not."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.carriers import kuaidi100
from integrations.carriers.kuaidi100 import adapter, signing
from integrations.errors import BadSignature
from tests.integrations.kuaidi100.street import SALT, access, envelope, form, incoming, param_of, row

VECTORS: dict[str, Any] = json.loads((Path(kuaidi100.__file__).parent / "samples" / "signing.json").read_text())
PARAM = param_of(envelope(row()))


def test_a_query_is_signed_as_the_official_class_signs_it() -> None:
    vector = VECTORS["query"]
    found = signing.sign_query(vector["param"], key=vector["key"], customer=vector["customer"])
    assert found == vector["sign"]


def test_an_order_call_is_signed_by_the_same_rule() -> None:
    vector = VECTORS["order"]
    assert signing.sign(vector["param"], vector["t"], vector["key"], vector["secret"]) == vector["sign"]


def test_a_push_is_signed_as_the_official_class_signs_it() -> None:
    vector = VECTORS["callback"]
    param = vector["param"].encode()
    assert signing.sign_push(param, vector["salt"]) == vector["sign"]
    assert signing.sign_push(param, "") == vector["sign_with_empty_salt"]


def test_the_published_push_is_believed_and_with_one_byte_more_it_is_not() -> None:
    vector = VECTORS["callback"]
    opened = access(salt=vector["salt"])
    param = vector["param"].encode()
    adapter.verify(opened, incoming(form(param, sign=vector["sign"])))
    adapter.verify(opened, incoming(form(param, sign=vector["sign"].lower())))
    for changed in (param + b" ", param.replace(b"polling", b"shutdown"), b""):
        with pytest.raises(BadSignature):
            adapter.verify(opened, incoming(form(changed, sign=vector["sign"])))


@pytest.mark.parametrize("salt", [["new", SALT], [SALT, "old"], SALT, [SALT]])
def test_any_live_salt_is_enough(salt: Any) -> None:
    adapter.verify(access(salt=salt), incoming(form(PARAM)))


@pytest.mark.parametrize("salt", ["other", ["other"], [], "", None, [""]])
def test_without_the_right_salt_nothing_is_believed(salt: Any) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(salt=salt), incoming(form(PARAM)))


def test_the_empty_salt_signs_nothing() -> None:
    for salt in ("", [""], None):
        with pytest.raises(BadSignature):
            adapter.verify(access(salt=salt), incoming(form(PARAM, salt="")))


@pytest.mark.parametrize("salt", [SALT, "", None])
def test_a_push_without_a_sign_is_refused(salt: Any) -> None:
    with pytest.raises(BadSignature, match="no sign"):
        adapter.verify(access(salt=salt), incoming(form(PARAM, salt=None)))


@pytest.mark.parametrize("yes", ["是", "true", "1", True])
def test_the_seller_may_accept_pushes_without_a_sign(yes: Any) -> None:
    for salt in (SALT, ""):
        adapter.verify(access(salt=salt, accept_unsigned=yes), incoming(form(PARAM, salt=None)))
    # Without a salt of ours a sign cannot be checked, and says nothing.
    adapter.verify(access(salt="", accept_unsigned=yes), incoming(form(PARAM, salt="whose?")))


@pytest.mark.parametrize("no", ["", "否", "false", "0", None, False])
def test_whatever_is_no_yes_accepts_no_push_without_a_sign(no: Any) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(accept_unsigned=no), incoming(form(PARAM, salt=None)))


def test_a_wrong_sign_is_refused_even_where_none_would_be_accepted() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        adapter.verify(access(accept_unsigned="是"), incoming(form(PARAM, salt="forged")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"sign=0",
        b"param=",
        b"PARAM=%7B%7D",
        form(PARAM) + b"&" + form(PARAM, salt="forged"),
        form(PARAM) + b"&par%61m=%7B%7D",
        form(PARAM) + b"&sign=0",
        b"&" * 8_000_000,
        b"\xff\xfe=%ff&sign=%ff&param=%ff",
        PARAM,
    ],
    ids=[
        "empty",
        "no param",
        "empty param",
        "other case",
        "two forms",
        "second param, hidden",
        "second sign",
        "fields",
        "bytes",
        "json",
    ],
)
def test_a_form_that_leaves_room_for_doubt_is_refused(body: bytes) -> None:
    for opened in (access(), access(accept_unsigned="")):
        with pytest.raises(BadSignature):
            adapter.verify(opened, incoming(body))


def test_plus_signs_percent_signs_and_chinese_survive_the_form() -> None:
    param = param_of(envelope(row(context="1+1=2 & 100%25 ，已签收")))
    adapter.verify(access(), incoming(form(param)))
    (message,) = adapter.unpack(access(), incoming(form(param)))
    assert message.body == param
