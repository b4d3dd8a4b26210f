"""A token is fresh before it ends, a platform is never asked too often, and a person hears where that fails."""

from datetime import timedelta
from typing import Any

import pytest
import responses
from django.core.cache import cache

from alerts.intake import take_troubles
from alerts.models import Alert, Channel
from integrations import http, jobs, sync, tokens
from integrations.adapter import Access, Adapter, Polled, Token
from integrations.budget import spending_for
from integrations.errors import Temporary, Throttled, Unauthorised
from integrations.models import Connection, Job, Trouble
from integrations.troubles import end_trouble, raise_trouble
from orders.lifecycle import Role
from tests.laws.cast import seller

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/api"


class Platform(Adapter):
    name, title, system = "platform", "平台", "platform"
    capabilities = frozenset({"token", "poll"})

    def __init__(self) -> None:
        self.refuses: Exception | None = None
        self.asked = 0

    def refresh(self, access: Access) -> Token:
        self.asked += 1
        if self.refuses:
            raise self.refuses
        return Token(secrets={"session": f"fresh-{self.asked}"}, expires_at=access.now + timedelta(days=7))

    def poll(self, access: Access, cursor: Any) -> Polled:
        http.call("GET", access.base_url)
        return Polled(messages=(), cursor={"turn": cursor.get("turn", 0) + 1})


@pytest.fixture
def platform(monkeypatch) -> Platform:
    made = Platform()
    for module in (tokens, sync):
        monkeypatch.setattr(module, "adapter_named", lambda name: made)
    return made


@pytest.fixture
def connection(clock) -> Connection:
    cache.clear()
    shop = seller().shop
    made = Connection.objects.create(
        company=shop.company,
        shop=shop,
        adapter="platform",
        name="抖店",
        base_url=URL,
        token_expires_at=clock.now() + timedelta(hours=30),
    )
    made.set_secrets({"session": "old", "app_secret": "kept"})
    made.save()
    return made


def refresh_due(clock: Any) -> int:
    found = tokens.plan_refreshes(now=clock.now())
    jobs.run_lane("urgent")
    return found


def test_a_token_is_refreshed_before_it_ends_and_only_then(platform, connection, clock):
    assert refresh_due(clock) == 0
    clock.advance(hours=7)
    assert refresh_due(clock) == 1
    connection.refresh_from_db()
    assert connection.secrets() == {"session": "fresh-1", "app_secret": "kept"}
    assert connection.token_expires_at == clock.now() + timedelta(days=7)
    assert (refresh_due(clock), platform.asked) == (0, 1)
    assert not Trouble.objects.exists()


def test_a_token_whose_end_nobody_knows_is_refreshed_once_at_the_start(platform, connection, clock):
    Connection.objects.update(token_expires_at=None)
    refresh_due(clock)
    connection.refresh_from_db()
    assert connection.token_expires_at == clock.now() + timedelta(days=7)
    assert (refresh_due(clock), platform.asked) == (0, 1)


def test_a_refusal_alarms_a_person_once_and_a_new_token_ends_it(platform, connection, clock):
    channel = Channel.objects.create(company=connection.company, kind="wecom", name="群", role=Role.OPS_MANAGER)
    platform.refuses = Unauthorised("授权已取消", code="30002")
    clock.advance(hours=7)
    refresh_due(clock)
    assert take_troubles() == 1
    assert take_troubles() == 0
    alert = Alert.objects.get()
    assert (alert.level, alert.title) == ("critical", "授权失效 · 抖店")
    assert "重新授权" in alert.lines[0]
    assert Job.objects.get(kind="send_alert").payload == {"alert": alert.pk, "channel": channel.pk}
    platform.refuses = None
    assert jobs.retry(Job.objects.get(kind="refresh_token").pk)
    jobs.run_lane("urgent")
    assert not Trouble.objects.filter(closed_at__isnull=True).exists()


def test_a_platform_that_stays_dead_is_an_alarm_before_the_token_ends(platform, connection, clock):
    platform.refuses = Temporary("HTTP 502")
    clock.advance(hours=7)
    refresh_due(clock)
    assert not Trouble.objects.exists()
    clock.advance(hours=18)
    refresh_due(clock)
    assert Trouble.objects.get().kind == "token"


def test_a_trouble_that_lasts_is_one_row_that_counts(connection):
    company = connection.company_id
    assert raise_trouble(company, "silence", "shop:1", "没有消息")
    assert not raise_trouble(company, "silence", "shop:1", "还是没有消息")
    trouble = Trouble.objects.get()
    assert (trouble.times, trouble.text) == (2, "还是没有消息")
    assert end_trouble(company, "silence", "shop:1")
    assert not end_trouble(company, "silence", "shop:1")
    assert raise_trouble(company, "silence", "shop:1", "又没有消息")
    assert Trouble.objects.count() == 2


@responses.activate
def test_a_throttle_pauses_the_whole_connection_and_costs_no_try(connection, clock, monkeypatch):
    responses.add(responses.GET, URL, status=429, headers={"Retry-After": "40"})
    monkeypatch.setitem(jobs._handlers, "asks", lambda task: http.call("GET", URL) and None)
    for number in (1, 2):
        jobs.plan("asks", str(number), connection_id=connection.pk)
    assert jobs.run_lane("sync", limit=1) == 1
    assert jobs.run_lane("sync") == 0
    job = Job.objects.order_by("id")[0]
    assert (job.state, job.tries_left) == ("ready", len(jobs.BACKOFF))
    connection.refresh_from_db()
    assert connection.paused_until == clock.now() + timedelta(seconds=40)
    assert len(responses.calls) == 1
    clock.advance(seconds=41)
    responses.replace(responses.GET, URL, json={})
    assert jobs.run_lane("sync") == 2
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


@responses.activate
def test_a_poll_stays_within_the_minute_s_budget(platform, connection, clock):
    responses.add(responses.GET, URL, json={})
    connection.calls_per_minute = 3
    connection.save()
    for _ in range(5):
        Connection.objects.update(next_poll_at=clock.now())
        sync.poll_due(now=clock.now())
    assert len(responses.calls) == 3
    connection.refresh_from_db()
    assert connection.cursor == {"turn": 3}
    clock.advance(minutes=1, seconds=1)
    Connection.objects.update(next_poll_at=clock.now())
    assert sync.poll_due(now=clock.now()) == 1
    assert len(responses.calls) == 4


def test_another_connection_has_a_budget_of_its_own(connection):
    connection.calls_per_minute = 1

    with responses.RequestsMock() as mock, spending_for(connection):
        mock.get(URL, json={})
        http.call("GET", URL)
        with pytest.raises(Throttled):
            http.call("GET", URL)
    other = Connection(pk=connection.pk + 1, calls_per_minute=1)
    with responses.RequestsMock() as mock, spending_for(other):
        mock.get(URL, json={})
        http.call("GET", URL)


def test_a_token_that_only_a_person_can_renew_is_an_alarm_a_week_before_its_end(
    platform, connection, clock, monkeypatch
):
    monkeypatch.setattr(Platform, "capabilities", frozenset({"poll"}))
    Connection.objects.update(token_expires_at=clock.now() + timedelta(days=8))
    assert refresh_due(clock) == 0
    assert not Trouble.objects.exists()
    clock.advance(days=1, seconds=1)
    for _ in range(2):
        assert refresh_due(clock) == 0
    trouble = Trouble.objects.get(closed_at__isnull=True)
    assert (trouble.kind, trouble.times, platform.asked) == (Trouble.Kind.TOKEN, 2, 0)
    assert "请重新授权" in trouble.text
