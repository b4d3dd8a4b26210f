"""Polling: what was read is committed before the cursor moves, and one connection never keeps the others waiting."""

from typing import Any

import pytest

from integrations import sync
from integrations.adapter import Message, Polled
from integrations.errors import Temporary, Unauthorised
from integrations.models import Connection, Receipt
from integrations.platforms.taobao import adapter
from tests.laws.cast import Killed, seller

pytestmark = pytest.mark.django_db


class Server:
    """Stands for the platform: numbered messages, two a step; what happens, in order."""

    def __init__(self, count: int = 5) -> None:
        self.bodies = [f"{number}" for number in range(count)]
        self.log: list[str] = []
        self.fails: dict[int, BaseException] = {}

    def poll(self, access: Any, cursor: Any) -> Polled:
        start = int(cursor.get("at", 0))
        if start in self.fails:
            raise self.fails.pop(start)
        self.log.append(f"poll {start}")
        found = self.bodies[start : start + 2]
        return Polled(
            messages=[Message(kind="trade", key=f"m{body}", body=body.encode()) for body in found],
            cursor={"at": start + len(found)},
            more=start + len(found) < len(self.bodies),
        )

    def confirm(self, access: Any, polled: Polled) -> None:
        kept = Receipt.objects.filter(key__in=[message.key for message in polled.messages]).count()
        self.log.append(f"confirm {kept} of {len(polled.messages)}")


@pytest.fixture
def server(monkeypatch) -> Server:
    made = Server()
    monkeypatch.setattr(adapter, "poll", made.poll)
    monkeypatch.setattr(adapter, "confirm", made.confirm)
    return made


@pytest.fixture
def shop() -> Connection:
    return seller().taobao()


def fresh(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def test_a_poll_reads_until_there_is_no_more_and_confirms_what_is_kept(server, shop):
    assert sync.poll(shop) == 5
    assert server.log == [
        "poll 0", "confirm 2 of 2", "poll 2", "confirm 2 of 2", "poll 4", "confirm 1 of 1",
    ]  # fmt: skip
    assert fresh(shop).cursor == {"at": 5}
    assert fresh(shop).last_poll_at is not None


def test_a_poll_stops_after_its_steps_and_goes_on_next_time(server, shop, monkeypatch):
    monkeypatch.setattr(sync, "STEPS", 2)
    assert [sync.poll(fresh(shop)) for _ in range(2)] == [4, 1]


def test_what_was_read_before_the_wire_broke_is_kept_and_the_rest_comes_next_time(server, shop):
    server.fails[2] = Temporary("no answer", code="network")
    assert sync.poll(fresh(shop)) == 2
    assert (fresh(shop).cursor, fresh(shop).last_error) == ({"at": 2}, "[network] no answer")
    assert sync.poll(fresh(shop)) == 3
    assert fresh(shop).last_error == ""
    assert Receipt.objects.count() == 5


def test_a_crash_before_the_cursor_moved_reads_again_without_effect(server, shop, monkeypatch):
    with monkeypatch.context() as patch:

        def killed(*arguments: Any, **values: Any) -> None:
            raise Killed

        patch.setattr(adapter, "confirm", killed)
        with pytest.raises(Killed):
            sync.poll(fresh(shop))
    Connection.objects.update(cursor={})
    assert sync.poll(fresh(shop)) == 3
    assert Receipt.objects.count() == 5


def test_a_throttle_puts_the_next_poll_off_as_long_as_they_asked(server, shop, clock):
    Connection.objects.update(next_poll_at=clock.now())
    server.fails[0] = Temporary("later", code="7", retry_after=90)
    assert sync.poll_due(now=clock.now()) == 1
    assert (fresh(shop).next_poll_at - clock.now()).total_seconds() == 90


def test_a_connection_is_polled_once_a_period_whoever_asks(server, shop, clock):
    Connection.objects.update(next_poll_at=clock.now())
    assert [sync.poll_due(now=clock.now()) for _ in range(3)] == [1, 0, 0]
    clock.advance(seconds=shop.poll_seconds)
    assert sync.poll_due(now=clock.now()) == 1


@pytest.mark.parametrize("error", [Unauthorised("session", code="27"), KeyError("a mistake of ours")], ids=repr)
def test_one_connection_that_fails_does_not_keep_the_others_waiting(server, shop, clock, monkeypatch, error):
    other = seller().taobao()
    Connection.objects.update(next_poll_at=clock.now())
    poll = adapter.poll

    def fails_for_first(access: Any, cursor: Any) -> Polled:
        if access.connection_id == shop.pk:
            raise error
        return poll(access, cursor)

    monkeypatch.setattr(adapter, "poll", fails_for_first)
    assert sync.poll_due(now=clock.now()) == 2
    assert fresh(shop).last_error
    assert fresh(shop).last_error_at == clock.now()
    assert fresh(other).cursor == {"at": 5}


def test_switched_off_connections_and_those_that_only_push_are_not_polled(server, shop, clock):
    warehouse = seller().qimen()
    Connection.objects.update(next_poll_at=clock.now())
    Connection.objects.filter(pk=shop.pk).update(enabled=False)
    assert sync.poll_due(now=clock.now()) == 0
    assert fresh(warehouse).last_poll_at is None
