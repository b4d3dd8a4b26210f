import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from ordertower import health
from ordertower.backlog import Backlog

GET = RequestFactory().get("/")


def ready() -> tuple[int, dict[str, Any]]:
    response = health.readyz(GET)
    return response.status_code, json.loads(response.content)


def test_alive_asks_neither_database_nor_broker():
    assert health.healthz(GET).content == b"ok\n"


@pytest.mark.django_db
def test_ready_when_database_and_broker_answer_and_nothing_waits(monkeypatch):
    monkeypatch.setattr(health, "backlogs", list)
    assert ready() == (200, {"ready": True, "checks": {"database": "ok", "broker": "ok"}, "lag_seconds": {}})


@pytest.mark.django_db
def test_not_ready_when_the_oldest_row_of_a_queue_is_older_than_allowed(monkeypatch, settings):
    settings.TOWER_READY_LAG = 60
    fresh = Backlog(name="events", rows=3, age=timedelta(seconds=60))
    old = Backlog(name="receipts", rows=1, age=timedelta(seconds=61))
    monkeypatch.setattr(health, "backlogs", lambda: [fresh, old])
    status, body = ready()
    assert status == 503
    assert body["checks"] == {"database": "ok", "broker": "ok", "events": "ok", "receipts": "lagging"}
    assert body["lag_seconds"] == {"events": 60.0, "receipts": 61.0}


def test_not_ready_without_a_database_and_says_nothing_about_where_it_was(monkeypatch):
    def refuse() -> None:
        raise OperationalError("connection to 10.1.2.3, user tower, failed")

    monkeypatch.setattr(health, "ask_database", refuse)
    status, body = ready()
    assert status == 503
    assert body["checks"]["database"] == "OperationalError"
    assert "10.1.2.3" not in json.dumps(body)


def test_not_ready_without_a_broker(monkeypatch, settings):
    # Port 1 of this machine: nobody listens there.
    settings.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr(health, "ask_database", lambda: None)
    monkeypatch.setattr(health, "backlogs", list)
    monkeypatch.setattr(health, "_broker_answered_at", float("-inf"))
    status, body = ready()
    assert status == 503
    assert body["checks"] == {"database": "ok", "broker": "OperationalError"}


@pytest.mark.django_db
def test_metrics_tell_rows_and_age_per_queue(monkeypatch):
    monkeypatch.setattr(health, "backlogs", lambda: [Backlog(name="receipts", rows=7, age=timedelta(seconds=1.5))])
    text = health.metrics(GET).content.decode()
    assert 'tower_queue_rows{queue="receipts"} 7.0' in text
    assert 'tower_queue_age_seconds{queue="receipts"} 1.5' in text
    assert 'tower_up{part="database"} 1.0' in text
