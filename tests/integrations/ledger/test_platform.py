"""The platform's own list against the tower: what is missing is read at once, what is parked waits for a person."""

from datetime import timedelta

import pytest

from integrations import inbox, jobs
from integrations.adapter import Message
from integrations.errors import Permanent, Temporary, Throttled
from integrations.ledger import asking, buckets, read_again
from integrations.models import Connection, Job, LedgerBucket, LedgerGap, Receipt, bucket_start
from integrations.platforms.jd import adapter as jd
from tests.integrations.ledger.road import Road

pytestmark = pytest.mark.django_db(transaction=True)


class Platform:
    """What JD would answer: its numbers by time of placing, and single orders."""

    def __init__(self) -> None:
        self.placed: dict[str, object] = {}
        self.error: Exception | None = None
        self.asked = 0

    def numbers(self, access, start, end):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return [number for number, at in self.placed.items() if start <= at < end]

    def fetch(self, access, subject):
        return Message(kind="order", key=f"order:{subject}", body=b"{}")


@pytest.fixture
def platform(monkeypatch) -> Platform:
    made = Platform()
    monkeypatch.setattr(jd, "numbers", made.numbers)
    monkeypatch.setattr(jd, "fetch", made.fetch)
    return made


def settled(road: Road, clock, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(minutes=1)
        road.look()
        jobs.run_lane("bulk")


@pytest.fixture
def road(clock, platform) -> Road:
    """The buckets of the past hour are done with."""
    made = Road(erp=False, wms=False, courier=False)
    settled(made, clock, 8)
    LedgerBucket.objects.filter(start__lt=bucket_start(clock.now())).update(rounds=len(asking.ROUNDS))
    return made


def test_the_platforms_number_that_never_came_is_a_gap_read_at_once_and_closed_when_it_is_there(road, platform, clock):
    placed = clock.now()
    here = road.enters("JD1", placed_at=placed)
    platform.placed = {"JD1": placed, "JD2": placed}
    settled(road, clock, 8)
    bucket = road.bucket(here)
    assert (bucket.platform_state, bucket.platform_count, bucket.orders) == ("known", 2, 1)
    assert road.gaps() == {("platform", "JD2")}
    gap = LedgerGap.objects.get()
    assert (gap.order_id, gap.cure, gap.since) == (None, "fetch_order", bucket.end)
    assert bucket.gap_count == 1
    job = Job.objects.get(kind="fetch_order")
    assert job.payload == {"subject": "JD2", "via": "ledger"}
    road.enters("JD2", placed_at=placed, via="ledger")
    settled(road, clock, 2)
    assert road.gaps() == set()
    assert road.bucket(here).ways == {"webhook": 1, "ledger": 1}


def test_five_minutes_in_which_the_tower_heard_nothing_at_all_are_asked_about_too(road, platform, clock):
    platform.placed = {f"JD{place}": clock.now() for place in range(3)}
    settled(road, clock, 8)
    assert road.gaps() == {("platform", f"JD{place}") for place in range(3)}
    assert Job.objects.filter(kind="fetch_order").count() == 3


@pytest.mark.parametrize("error", [Temporary("busy"), Throttled("slow down"), Permanent("no right", code="403")])
def test_a_platform_that_cannot_be_asked_is_unknown_and_never_zero(road, platform, clock, error):
    platform.error = error
    order = road.enters("JD1")
    platform.placed = {"JD1": order.placed_at}
    settled(road, clock, 8)
    bucket = road.bucket(order)
    assert (bucket.platform_state, bucket.platform_count) == ("unknown", None)
    assert road.gaps() == set()
    platform.error = None
    Connection.objects.update(paused_until=None)
    settled(road, clock, 30)
    assert road.bucket(order).platform_state == "known"
    assert road.bucket(order).platform_count == 1


def test_a_number_whose_message_is_parked_is_counted_there_and_is_no_gap(road, platform, clock):
    placed = clock.now()
    platform.placed = {"JD7": placed}
    inbox.keep(road.platform, [Message(kind="order", key="x", body=b"{}")], via="webhook")
    Receipt.objects.update(state=Receipt.State.PARKED, subject="JD7")
    settled(road, clock, 8)
    bucket = LedgerBucket.objects.get(platform_count=1)
    assert bucket.parked == ["JD7"]
    assert road.gaps() == set()
    assert not Job.objects.filter(kind="fetch_order").exists()
    road.enters("JD7", placed_at=placed)
    settled(road, clock, 6)
    bucket.refresh_from_db()
    assert bucket.parked == []


def test_messages_that_are_not_worked_through_yet_are_waited_for(road, platform, clock):
    platform.placed = {"JD8": clock.now()}
    inbox.keep(road.platform, [Message(kind="order", key="x", body=b"{}")], via="webhook")
    asked = platform.asked
    settled(road, clock, 8)
    assert platform.asked == asked
    assert road.gaps() == set()
    Receipt.objects.update(state=Receipt.State.DONE)
    road.enters("JD8", placed_at=platform.placed["JD8"])
    settled(road, clock, 3)
    assert platform.asked > asked
    assert LedgerGap.objects.count() == 0


def test_after_a_long_absence_the_newest_are_asked_first_and_never_many_at_once(clock, platform):
    road = Road(erp=False, wms=False, courier=False)
    Connection.objects.update(created_at=clock.now() - timedelta(hours=10))
    buckets.run(now=clock.now())
    waiting = Job.objects.filter(kind="ledger_numbers")
    assert waiting.count() == asking.MOST_AT_ONCE
    asked = LedgerBucket.objects.filter(pk__in=[job.payload["bucket"] for job in waiting]).order_by("start")
    newest = LedgerBucket.objects.filter(start__lte=clock.now() - timedelta(seconds=390)).order_by("-start")
    assert set(asked) == set(newest[: asking.MOST_AT_ONCE])
    assert LedgerBucket.objects.filter(shop=road.shop).count() >= 118


def test_a_person_may_have_one_missing_order_read_again(road, platform, clock):
    platform.placed = {"JD2": clock.now()}
    settled(road, clock, 8)
    gap = LedgerGap.objects.get()
    Job.objects.filter(kind="fetch_order").update(state=Job.State.FAILED)
    assert read_again(gap, road.platform)
    assert Job.objects.filter(kind="fetch_order", state=Job.State.READY).count() == 1
    gap.closed_at = clock.now()
    assert not read_again(gap, road.platform)


def test_how_a_message_came_in_is_kept_also_where_it_only_pointed_to_an_order(road, platform):
    [receipt_id] = inbox.keep(road.platform, [Message(kind="order", key="k", body=b"{}")], via="poll")
    assert Receipt.objects.get(pk=receipt_id).via == "poll"
    inbox.plan_fetch(road.platform, "JD9", hint="x", via="webhook")
    jobs.run(Job.objects.get(kind="fetch_order").pk)
    assert Receipt.objects.get(key="order:JD9").via == "webhook"
