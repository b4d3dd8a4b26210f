"""No sockets to the outside, a clock that stands still, and nothing skipped in silence."""

import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings

from orders.clock import BEIJING, FixedClock, running_on
from ordertower.management.commands.flush import Command, in_groups
from tests.engines import find_chromium

REQUIRE_ALL = os.environ.get("TOWER_REQUIRE_ALL") == "1"
DOUBLE_ELEVEN = datetime(2026, 11, 11, tzinfo=BEIJING)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Each test finds the groups of the roles as the migrations made them."""
    with django_db_blocker.unblock():
        Command.rights = in_groups()


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    """The tower's time stands at the first minute of Double 11 until the test moves it."""
    with running_on(FixedClock(DOUBLE_ELEVEN)) as fixed:
        assert isinstance(fixed, FixedClock)
        yield fixed


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is; only tests marked `browser` ask."""
    found = find_chromium()
    assert found, "no Chromium on this machine"
    return found


class OutsideWorld(OSError):
    """A test tried to leave the machine."""


@pytest.fixture(autouse=True, scope="session")
def no_sockets_to_the_outside() -> Iterator[None]:
    """Loopback and Unix sockets only, whoever asks, in every thread."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        insist_on_loopback(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        insist_on_loopback(self, address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if host is not None and not is_loopback(host):
            raise OutsideWorld(f"a test asked for the address of {host!r}")
        return resolve(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        yield


def insist_on_loopback(opened: socket.socket, address: Any) -> None:
    if opened.family != socket.AF_UNIX and not is_loopback(address[0]):
        raise OutsideWorld(f"a test wanted to connect to {address!r}")


def is_loopback(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def on_postgres() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"].endswith("postgresql"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there before the first test stays to the end: the collector of garbage need not look at it each time."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = {
        "postgres": None if on_postgres() else "needs PostgreSQL",
        "browser": None if find_chromium() or REQUIRE_ALL else "needs Chromium",
    }
    for item in items:
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))
    # One that came last would keep one core waiting for the other.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
