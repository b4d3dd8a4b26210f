"""Which no is worth another try: the whole table of codes."""

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
from integrations.platforms.taobao.client import opened
from integrations.platforms.taobao.refusals import refusal

OFFLINE = "isv.logistics-offline-service-error:"
FINAL_LETTERS = "B01 P02 B56 B57 B58 B59 B60 F F01 F02 F03 F04 F05 F06 B98 B101 P01 P22 P25 P38 CD22 CD23 CD24 CD25"
MORE_FINAL = "CD26 CD27 CD29 CD30 CD31 CD01 CD86"


def judged(code: int, sub_code: str = "", sub_msg: str = "") -> OutsideError:
    return refusal({"code": code, "msg": "m", "sub_code": sub_code, "sub_msg": sub_msg})


@pytest.mark.parametrize("code", [4, 5, 6, 7, 8])
def test_a_throttle_pauses_the_whole_connection(code: int) -> None:
    assert type(judged(code)) is Throttled


@pytest.mark.parametrize("sub_code", ["isp.call-limited", "accesscontrol.limited-by-api-access-count"])
def test_a_throttle_is_known_by_its_sub_code_too(sub_code: str) -> None:
    assert type(judged(15, sub_code)) is Throttled


def test_an_outage_is_temporary() -> None:
    assert type(judged(10)) is Temporary


@pytest.mark.parametrize("code", [9, 11, 12, 13, 21, 22, 23, 24, 25, 28, 29, 30, 31, 32, 33, 34, 42])
def test_a_wrong_key_right_or_signature_is_the_connections_fault(code: int) -> None:
    assert type(judged(code, "isv.invalid-signature")) is ConnectionAtFault


@pytest.mark.parametrize("code", [3, 40, 41, 43, 999])
def test_wrong_data_is_final_and_keeps_its_code(code: int) -> None:
    error = judged(code)
    assert (type(error), error.code) == (Permanent, str(code))


@pytest.mark.parametrize(
    ("code", "sub_code"),
    [(26, ""), (27, "session-expired"), (27, "invalid-sessionkey"), (15, OFFLINE + "P03"), (15, "session-expired")],
)
def test_a_lost_session_asks_for_a_new_authorisation(code: int, sub_code: str) -> None:
    assert type(judged(code, sub_code)) is Unauthorised


def test_the_seconds_of_a_ban_are_waited_for() -> None:
    error = judged(7, "accesscontrol.limited-by-app-access-count", "This ban will last for 31062 more seconds")
    assert (type(error), error.retry_after) == (Throttled, 31062.0)


@pytest.mark.parametrize(
    "sub_code",
    [
        "isp.top-remote-connection-timeout",
        "isp.trade-service-error",
        "isp.logistics-online-service-error:S01",
        OFFLINE + "B150",
        OFFLINE + "S01",
        OFFLINE + "CD28",
    ],
)
def test_trouble_on_the_platforms_side_is_temporary(sub_code: str) -> None:
    assert type(judged(15, sub_code)) is Temporary


@pytest.mark.parametrize("service", ["offline", "online", "dummy"])
@pytest.mark.parametrize("letter", ["B02", "B04", "B27", "B55"])
def test_an_order_that_seems_shipped_is_for_reading_again(service: str, letter: str) -> None:
    error = judged(15, f"isv.logistics-{service}-service-error:{letter}")
    assert type(error) is AlreadyDone
    assert error.code.endswith(letter)


@pytest.mark.parametrize("letter", f"{FINAL_LETTERS} {MORE_FINAL}".split())
def test_every_other_letter_is_final_with_its_code_and_a_meaning(letter: str) -> None:
    error = refusal({"code": 15, "sub_code": OFFLINE + letter})
    assert (type(error), error.code) == (Permanent, OFFLINE + letter)
    assert str(error) != "平台拒绝了请求"


@pytest.mark.parametrize(
    ("sub_code", "kind"),
    [
        ("isv.logistics-update-company-or-mailno-error:P03", Permanent),
        ("isv.logistics-update-company-or-mailno-error:P07", AlreadyDone),
        ("isv.logistics-update-company-or-mailno-error:P10", Permanent),
        ("isv.logistics-confirm-service-error:HD06", AlreadyDone),
        ("isv.permission-api-package-limit", ConnectionAtFault),
        ("isv.trade-not-exist", Permanent),
        (OFFLINE + "NEW1", Permanent),
        ("", Permanent),
    ],
)
def test_other_services_have_their_own_letters(sub_code: str, kind: type[OutsideError]) -> None:
    assert type(judged(15, sub_code)) is kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>busy</html>", Temporary),
        (b"[]", Temporary),
        (b"{}", Temporary),
        (b"[" * 100_000, Temporary),
        (b'{"x_response":3}', Temporary),
        (b'{"error_response":{}}', Permanent),
        (b'{"error_response":{"code":null,"sub_code":7}}', Permanent),
    ],
)
def test_an_answer_that_is_none_raises_only_errors_of_ours(body: bytes, kind: type[OutsideError]) -> None:
    with pytest.raises(kind):
        opened(body)


def test_fractions_in_an_answer_stay_text() -> None:
    found: dict[str, Any] = opened(b'{"x_response":{"payment":59.90}}')
    assert found == {"payment": "59.90"}
