"""Sending an alert: by its channel, not faster than the robot takes, and what went wrong is shown."""

from collections.abc import Iterator

import pytest

from alerts.channels.wecom.emulator import WeComEmulator
from alerts.models import Alert, Channel, Rule
from integrations import jobs
from integrations.emulate import serving
from integrations.emulation import World
from integrations.models import Job
from orders.lifecycle import Role
from orders.services.holds import place_hold
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, seller

pytestmark = pytest.mark.django_db

KEY = "693a91f6-7aaa-4bc4-97a0-0ec251fa5aaa"


@pytest.fixture
def robot() -> Iterator[WeComEmulator]:
    world = World()
    world.add(WeComEmulator)
    with serving(world) as host:
        found = world.emulators["wecom"]
        assert isinstance(found, WeComEmulator)
        found.options["url"] = f"{host.url}/wecom"
        yield found


@pytest.fixture
def channel(shop, robot) -> Channel:
    made = Channel.objects.create(
        company=shop.shop.company,
        kind="wecom",
        name="运营群",
        role=Role.OPS_MANAGER,
        settings={"base_url": robot.options["url"]},
    )
    made.set_secrets({"key": KEY})
    made.save()
    Rule.objects.create(company=shop.shop.company, name="锁单")
    return made


@pytest.fixture
def shop() -> Seller:
    return seller()


def alarm(shop: Seller, count: int = 1) -> None:
    for _ in range(count):
        assert place_hold(shop.sells().pk, note="买家来电", cause=SYSTEM).ok
    dispatch.drain_all()


def send(*, limit: int = 100) -> None:
    jobs.run_lane("urgent", limit=limit)


def shown(robot: WeComEmulator) -> list[str]:
    return [entry["content"] for entry in robot.journal.entries("message")]


def test_an_alert_is_shown_in_the_group_with_a_link_to_its_order(shop, channel, robot):
    alarm(shop)
    send()
    [text] = shown(robot)
    alert = Alert.objects.get()
    assert alert.title in text
    assert f"/admin/orders/order/{alert.order_id}/change/" in text
    assert alert.delivered_at is not None


def test_a_robot_that_is_busy_is_tried_again_and_shows_one_message(shop, channel, robot, clock):
    robot.control("faults", {"drop": 1})
    alarm(shop)
    send()
    assert shown(robot) == []
    channel.refresh_from_db()
    assert channel.last_error.startswith("[-1]")
    assert Alert.objects.get().delivered_at is None
    robot.control("faults", {})
    clock.advance(seconds=2)
    send()
    assert len(shown(robot)) == 1
    channel.refresh_from_db()
    assert channel.last_error == ""


def test_a_robot_that_was_removed_ends_the_job_and_shows_why(shop, channel, robot):
    robot.control("remove_key", {"key": KEY})
    alarm(shop)
    send()
    job = Job.objects.get(kind="send_alert")
    assert job.state == "failed"
    assert "93000" in job.error
    assert KEY not in job.error
    channel.refresh_from_db()
    assert "93000" in channel.last_error


def test_no_more_than_nineteen_messages_a_minute_and_every_one_arrives_in_the_end(shop, channel, robot, clock):
    alarm(shop, 45)
    per_minute = []
    for _minute in range(8):
        before = len(shown(robot))
        for _try in range(12):
            send()
            clock.advance(seconds=5)
        per_minute.append(len(shown(robot)) - before)
    # The robot itself never had to refuse.
    assert robot.journal.entries("refused") == []
    assert len(shown(robot)) == 45
    assert max(per_minute) <= 20
    assert not Job.objects.filter(kind="send_alert").exclude(state="done").exists()
    assert not Alert.objects.filter(delivered_at__isnull=True).exists()


def test_one_channel_that_fails_does_not_keep_the_other_from_its_message(shop, channel, robot):
    broken = Channel.objects.create(
        company=shop.shop.company, kind="wecom", name="坏的群", role=Role.OPS_MANAGER, settings=channel.settings
    )
    alarm(shop)
    send()
    assert len(shown(robot)) == 1
    broken.refresh_from_db()
    assert "no_key" in broken.last_error
