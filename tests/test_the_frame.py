"""The suite's own promises: no way out of the machine, a clock that stands still, a database that is a file."""

import socket
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from orders import clock as tower_clock
from tests.conftest import OutsideWorld, on_postgres


def test_no_test_reaches_the_outside_by_address_or_by_name():
    with socket.socket() as outgoing, pytest.raises(OutsideWorld):
        outgoing.connect(("192.0.2.1", 80))
    with pytest.raises(OSError, match=r"example\.com"):
        urllib.request.urlopen("http://example.com/")


def test_loopback_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_the_clock_stands_still_until_it_is_moved(clock):
    assert tower_clock.now().isoformat() == "2026-11-11T00:00:00+08:00"
    clock.advance(minutes=5)
    assert tower_clock.now().isoformat() == "2026-11-11T00:05:00+08:00"


@pytest.mark.django_db
def test_each_worker_has_a_database_of_its_own_that_other_processes_could_open():
    name = str(connection.settings_dict["NAME"])
    if on_postgres():
        assert name.startswith("test_")
    else:
        assert Path(name).is_file()
        assert "mode=memory" not in name
    assert str(settings.VAR) not in str(settings.BASE_DIR)
