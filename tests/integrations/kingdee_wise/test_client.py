"""Tokens, refusals, and answers that are none."""

import json

import pytest

from integrations.adapter import check_settings
from integrations.erp.kingdee_wise import adapter
from integrations.erp.kingdee_wise.emulator import KingdeeWiseEmulator
from integrations.errors import OutsideError, Permanent, Temporary, Unauthorised
from orders import clock
from tests.integrations.kingdee_wise.conftest import EXAMPLE, Wire, access, news, report, take


def test_a_token_serves_until_shortly_before_its_end(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    take(k3, "T1")
    for _ in range(2):
        adapter.fetch(access(), "T1")
    assert wire.asked("Token/Create") == [{"authorityCode": "emulator-authority-code"}]
    time.advance(seconds=3541)
    adapter.fetch(access(), "T1")
    assert len(wire.asked("Token/Create")) == 2


def test_a_lost_token_is_replaced_and_the_list_read_again(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    take(k3, "T1")
    adapter.fetch(access(), "T1")
    k3.control("expire_tokens", {})
    assert report(adapter.fetch(access(), "T1")).order == "T1"
    assert len(wire.asked("Token/Create")) == 2


def test_a_token_that_is_refused_as_soon_as_it_is_made_is_a_matter_for_a_person(
    k3: KingdeeWiseEmulator, wire: Wire
) -> None:
    for nth in (1, 2):
        wire.before["Bill1000081/GetList", nth] = k3.tokens.clear
    with pytest.raises(Unauthorised):
        adapter.fetch(access(), "T1")


def test_a_token_lost_at_a_write_is_asked_for_by_the_next_try(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    take(k3, "T1")
    wire.before["Bill1000081/Update", 1] = k3.tokens.clear
    with pytest.raises(Temporary):
        adapter.tell(access(), news())
    adapter.tell(access(), news())
    assert len(wire.asked("Bill1000081/Update")) == 2


def test_a_wrong_code_is_unauthorised(wire: Wire) -> None:
    with pytest.raises(Unauthorised, match="授权码错误"):
        adapter.fetch(access(code="wrong"), "T1")
    with pytest.raises(Unauthorised, match="没有配置授权码"):
        adapter.fetch(access(code=""), "T1")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ((200, b'{"StatusCode":500,"Message":"busy"}'), Permanent, "500"),
        ((200, b'{"StatusCode":503,"Message":"busy"}'), Temporary, "503"),
        ((401, b"no"), Unauthorised, "401"),
        ((200, b'"9D2C1B"'), Temporary, "unreadable_answer"),
        ((200, b'{"StatusCode":200,"Message":"","Data":"9D2C1B=="}'), Permanent, "encrypted"),
        ((200, b'{"StatusCode":200,"Message":"","Data":{"Lines":[]}}'), Temporary, "unreadable_answer"),
        ((200, b'{"StatusCode":200,"Message":"","Data":{"Rows":{}}}'), Temporary, "unreadable_answer"),
        ((200, b'{"StatusCode":200,"Message":"","Data":{"Rows":[1]}}'), Temporary, "unreadable_answer"),
        ((200, b'{"StatusCode":200,"Message":"","Data":{"Rows":[{"FBillNo":"S1"}]}}'), Permanent, "field"),
        ((200, b'{"StatusCode":200,"Message":"","Data":{"Rows":[{"FPlatformNo":{"a":1}}]}}'), Permanent, "field"),
        ((200, b'{"StatusCode":200,"Message":"","Data":null}'), Permanent, "no_bill"),
    ],
)
def test_every_other_answer_is_a_no_of_the_right_kind(
    k3: KingdeeWiseEmulator, wire: Wire, answer: tuple[int, bytes], kind: type[OutsideError], code: str
) -> None:
    take(k3, "T1")
    adapter.fetch(access(), "T1")
    wire.before["Bill1000081/GetList", 2] = lambda: wire.instead.append(answer)
    wire.before["Bill1000081/GetList", 3] = lambda: wire.instead.append(answer)
    with pytest.raises(kind) as caught:
        adapter.fetch(access(retry_codes="502, 503"), "T1")
    assert caught.value.code == code


@pytest.mark.parametrize(
    "data", [None, {}, {"Code": "Y"}, {"Code": "Y", "Token": "T"}, {"Code": "Y", "Token": "T", "Validity": "ever"}]
)
def test_a_token_without_its_end_is_none(wire: Wire, data: object) -> None:
    wire.instead.append((200, json.dumps({"StatusCode": 200, "Message": "", "Data": data}).encode()))
    with pytest.raises(Temporary):
        adapter.fetch(access(), "T1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order_statuses", "{"),
        ("order_statuses", '["1"]'),
        ("order_statuses", {"1": "audited"}),
        ("out_statuses", ""),
        ("out_sale_order_field", ""),
        ("tell_fields", {"stauts": "F1"}),
        ("tell_words", {"shiped": "已出库"}),
        ("carriers", "sf"),
        ("page_size", "many"),
        ("window_filter", "[{feld}]"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_when_it_is_saved(name: str, value: object) -> None:
    assert check_settings(adapter, EXAMPLE["settings"], EXAMPLE["secrets"]) == []
    found = check_settings(adapter, {**EXAMPLE["settings"], name: value}, EXAMPLE["secrets"])
    assert [error.field for error in found] == [name]


@pytest.mark.parametrize(
    ("setting", "capability"), [({"tell_fields": "{"}, "tell"), ({"order_created_field": ""}, "numbers")]
)
def test_what_no_setting_makes_possible_is_not_promised(setting: dict[str, str], capability: str) -> None:
    assert adapter.can(capability, EXAMPLE["settings"])
    assert not adapter.can(capability, {**EXAMPLE["settings"], **setting})
