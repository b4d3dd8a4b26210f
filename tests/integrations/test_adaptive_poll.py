"""How soon a shop is polled again: its own interval is the ceiling, selling and silence make it shorter."""

from datetime import timedelta
from typing import Any

import pytest

from integrations import sync
from integrations.adapter import Message, Polled
from integrations.models import Connection, Edge, Promotion
from integrations.platforms.jd import adapter as jd
from integrations.platforms.taobao import adapter as taobao
from tests.laws.cast import Seller, seller

pytestmark = pytest.mark.django_db
CEILING, ALONE, LISTENING, BEHIND_PUSH = 300, 30, 60, 120


@pytest.fixture
def sells() -> Seller:
    return seller()


def connected(sells: Seller, adapter: str = "taobao", **fields: Any) -> Connection:
    made = sells.taobao(adapter=adapter, **fields)
    return Connection.objects.get(pk=made.pk)


def seconds(connection: Connection, clock: Any) -> float:
    now = clock.now()
    return sync.interval(connection, sync.Season.at(now), now=now).total_seconds()


def ago(clock: Any, **units: float) -> Any:
    return clock.now() - timedelta(**units)


def test_a_quiet_shop_whose_push_has_worked_waits_its_whole_interval(sells, clock):
    shop = connected(sells, last_push_at=ago(clock, hours=3), last_message_at=ago(clock, minutes=11))
    assert seconds(shop, clock) == CEILING


def test_a_selling_shop_whose_push_works_is_polled_behind_it(sells, clock):
    shop = connected(sells, last_push_at=ago(clock, minutes=9), last_message_at=ago(clock, minutes=9))
    assert seconds(shop, clock) == BEHIND_PUSH


def test_a_selling_shop_whose_push_has_stopped_is_polled_most(sells, clock):
    shop = connected(sells, last_push_at=ago(clock, minutes=30), last_message_at=ago(clock, minutes=1))
    assert seconds(shop, clock) == ALONE


def test_a_platform_that_pushes_nothing_is_polled_most_while_it_sells_and_else_at_its_ceiling(sells, clock):
    shop = connected(sells, "jd", last_message_at=ago(clock, minutes=1))
    assert "webhook" not in jd.capabilities
    assert seconds(shop, clock) == ALONE
    shop.last_message_at = ago(clock, hours=1)
    assert seconds(shop, clock) == CEILING


def test_a_push_that_never_told_anything_is_not_relied_on(sells, clock):
    assert seconds(connected(sells), clock) == LISTENING


def test_a_push_that_is_silent_is_not_relied_on(sells, clock):
    shop = connected(sells, last_push_at=ago(clock, minutes=20), last_message_at=ago(clock, minutes=20))
    assert seconds(shop, clock) == CEILING
    Edge.objects.create(
        company_id=sells.company_id, kind="webhook", key=f"connection:{shop.pk}", name="x", connection=shop,
        silent_since=ago(clock, minutes=3),
    )  # fmt: skip
    assert seconds(shop, clock) == LISTENING


def test_a_promotion_makes_every_shop_of_its_company_a_selling_one_while_it_runs(sells, clock):
    shop = connected(sells, last_push_at=ago(clock, hours=3))
    other = connected(seller(), last_push_at=ago(clock, hours=3))
    Promotion.objects.create(
        company_id=sells.company_id, name="双十一", start=clock.now(), end=clock.now() + timedelta(hours=2)
    )
    assert (seconds(shop, clock), seconds(other, clock)) == (ALONE, CEILING)
    clock.advance(hours=2)
    assert seconds(shop, clock) == CEILING


def test_an_interval_shorter_than_all_that_is_kept_and_no_shop_waits_longer_than_its_own(sells, clock):
    shop = connected(sells, poll_seconds=5, last_message_at=ago(clock, minutes=1))
    assert seconds(shop, clock) == 5
    shop.poll_seconds = 45
    assert seconds(shop, clock) == ALONE


def test_polls_leave_half_of_the_connections_calls_to_others(sells, clock):
    shop = connected(sells, last_message_at=ago(clock, minutes=1), calls_per_minute=2)
    assert seconds(shop, clock) == 60
    shop.calls_per_minute = 1
    assert seconds(shop, clock) == 120
    shop.calls_per_minute = 600
    assert seconds(shop, clock) == ALONE


def test_an_erp_or_a_warehouse_is_polled_as_it_is_set(sells, clock):
    shop = connected(sells, "kingdee", last_message_at=ago(clock, minutes=1))
    assert seconds(shop, clock) == CEILING


class Server:
    """Brings what is in `waiting` with the next poll, one message a step."""

    def __init__(self) -> None:
        self.waiting: list[str] = []

    def poll(self, access: Any, cursor: Any) -> Polled:
        found = self.waiting[:1]
        del self.waiting[:1]
        messages = [Message(kind="trade", key=body, body=body.encode()) for body in found]
        return Polled(messages=messages, cursor={}, more=bool(self.waiting))


@pytest.fixture
def server(monkeypatch) -> Server:
    made = Server()
    monkeypatch.setattr(taobao, "poll", made.poll)
    monkeypatch.setattr(taobao, "confirm", lambda access, polled: None)
    return made


def wait(connection: Connection, clock: Any) -> float:
    return (Connection.objects.get(pk=connection.pk).next_poll_at - clock.now()).total_seconds()


def test_a_poll_that_brings_something_to_a_quiet_shop_makes_the_next_one_come_sooner(sells, server, clock):
    shop = connected(sells, last_push_at=ago(clock, hours=1), next_poll_at=clock.now())
    sync.poll_due(now=clock.now())
    assert wait(shop, clock) == CEILING
    clock.advance(seconds=CEILING)
    server.waiting = ["sold"]
    sync.poll_due(now=clock.now())
    assert wait(shop, clock) == ALONE


def test_a_poll_that_finds_nothing_is_no_sign_of_life(sells, server, clock):
    shop = connected(
        sells, last_push_at=ago(clock, hours=1), last_message_at=ago(clock, minutes=8), next_poll_at=clock.now()
    )
    for expected in (*[ALONE] * 5, CEILING):
        sync.poll_due(now=clock.now())
        assert wait(shop, clock) == expected
        clock.advance(seconds=expected)


def test_what_one_go_could_not_read_is_read_on_at_once(sells, server, clock, monkeypatch):
    monkeypatch.setattr(sync, "STEPS", 2)
    server.waiting = ["1", "2", "3"]
    shop = connected(sells, last_push_at=ago(clock, hours=1), next_poll_at=clock.now())
    sync.poll_due(now=clock.now())
    assert wait(shop, clock) == 0
    assert sync.poll_due(now=clock.now()) == 1
    assert server.waiting == []


def test_a_lost_push_of_a_selling_shop_is_found_within_three_minutes(sells, server, clock):
    """Pushes tell every minute; one is lost, and only the poll can bring it."""
    shop = connected(sells, last_push_at=clock.now(), last_message_at=clock.now(), next_poll_at=clock.now())
    late = []
    for minute in range(60):
        Connection.objects.filter(pk=shop.pk).update(last_push_at=clock.now(), last_message_at=clock.now())
        lost = f"lost {minute}"
        server.waiting.append(lost)
        for second in range(0, 240, 10):
            clock.advance(seconds=10)
            sync.poll_due(now=clock.now())
            if lost not in server.waiting:
                late.append(second + 10)
                break
    assert len(late) == 60
    assert max(late) <= 180
