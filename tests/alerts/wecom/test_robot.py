"""The robot against its emulator and against answers that the emulator would never give."""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from alerts.channels import ChannelAccess, Text
from alerts.channels.registry import UnknownChannel, channel_named, channels
from alerts.channels.wecom import channel
from alerts.channels.wecom.emulator import WeComEmulator
from integrations.emulate import Host, serving
from integrations.emulation import World
from integrations.errors import OutsideError, Permanent, Temporary, Unauthorised

KEY = "693a91f6-7aaa-4bc4-97a0-0ec251fa5aaa"
ADDRESS = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
ALERT = Text(title="卡单", lines=("杭州仓 <8> 单",), link="https://tower.example/board/", level="warning")


def access(key: Any = KEY, **settings: str) -> ChannelAccess:
    return ChannelAccess(settings=settings, secrets={"key": key})


@pytest.fixture
def host() -> Iterator[Host]:
    world = World()
    world.add(WeComEmulator)
    with serving(world) as host:
        yield host


def failure(**answer: Any) -> OutsideError:
    with responses.RequestsMock() as mocked:
        mocked.post(ADDRESS, **answer)
        with pytest.raises(OutsideError) as raised:
            channel.send(access(), ALERT)
    return raised.value


def test_an_alert_is_seen_in_the_group(host: Host) -> None:
    assert channel.send(access(KEY, base_url=f"{host.url}/wecom/"), ALERT) == ""
    [entry] = host.world.emulators["wecom"].journal.entries("message")
    assert "卡单" in entry["content"]
    page = requests.get(f"{host.url}/wecom/_page").text
    assert '<span class="warning">卡单</span>' in page
    assert '<a href="https://tower.example/board/"' in page


def test_the_newest_of_two_keys_is_used(host: Host) -> None:
    newest = KEY.replace("6", "7")
    channel.send(access([newest, KEY], base_url=f"{host.url}/wecom"), ALERT)
    [entry] = host.world.emulators["wecom"].journal.entries("message")
    assert newest.endswith(entry["robot"])


@pytest.mark.parametrize("secrets", [{}, {"key": ""}, {"key": []}])
def test_a_robot_without_a_key_asks_nobody(secrets: dict[str, Any]) -> None:
    with responses.RequestsMock(), pytest.raises(Unauthorised):
        channel.send(ChannelAccess(settings={}, secrets=secrets), ALERT)


def test_the_key_goes_into_the_address_and_the_message_into_the_body() -> None:
    with responses.RequestsMock() as mocked:
        mocked.post(
            ADDRESS,
            json={"errcode": 0, "errmsg": "ok"},
            match=[responses.matchers.query_param_matcher({"key": KEY})],
        )
        assert channel.send(access(), ALERT) == ""


@pytest.mark.parametrize("code", [93000, 40008, 40058, 99999])
def test_a_refusal_of_our_data_or_key_is_permanent(code: int) -> None:
    error = failure(json={"errcode": code, "errmsg": "no"})
    assert isinstance(error, Permanent)
    assert error.code == str(code)


def test_too_many_messages_are_tried_again_after_a_minute() -> None:
    error = failure(json={"errcode": 45009, "errmsg": "api freq out of limit"})
    assert isinstance(error, Temporary)
    assert error.retry_after == 60


@pytest.mark.parametrize(
    "answer",
    [
        {"json": {"errcode": -1, "errmsg": "system busy"}},
        {"status": 502},
        {"body": requests.ConnectionError("refused")},
        {"body": "<html>proxy</html>"},
        {"json": {}},
        {"json": []},
        {"json": {"errcode": "?"}},
    ],
    ids=str,
)
def test_trouble_on_the_way_is_temporary(answer: dict[str, Any]) -> None:
    assert isinstance(failure(**answer), Temporary)


@pytest.mark.parametrize(
    "answer",
    [
        {"json": {"errcode": 93000, "errmsg": f"invalid webhook url {KEY}"}},
        {"body": requests.ConnectionError(f"POST {ADDRESS}?key={KEY} refused")},
        {"status": 500},
        {"body": f"<html>{KEY}</html>"},
        {"json": {"errcode": KEY}},
    ],
    ids=["errmsg", "wire", "status", "page", "errcode"],
)
def test_the_key_is_in_no_failure_nor_in_its_traceback(answer: dict[str, Any]) -> None:
    error = failure(**answer)
    assert KEY not in "".join(traceback.format_exception(error))
    assert error.__context__ is None or error.__suppress_context__


def test_the_robot_is_found_by_walking() -> None:
    assert channel_named("wecom") is channel
    assert all(name == found.name and found.title for name, found in channels().items())
    with pytest.raises(UnknownChannel, match="wecom"):
        channel_named("pigeon")
