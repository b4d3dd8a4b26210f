"""Law 9: the rows are the work and a message only a hint: beat's tasks alone find everything, a crash loses nothing."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from alerts.models import Alert, Rule
from integrations import jobs
from integrations.errors import Temporary
from integrations.models import Attempt, Connection, Job, Receipt
from orders import clock as towers_clock
from orders.lifecycle import HoldReason
from orders.models import Event, EventTask, Hold, Label, Order, Parcel
from orders.services.holds import place_hold
from orders.services.labels import request_print
from orders.services.record import look_again
from ordertower import dispatch, settings, tasks, wake
from ordertower.celery import app
from tests.laws.cast import SYSTEM, Killed, Seller, at_once, seller, send_report, step

pytestmark = pytest.mark.django_db(transaction=True)

TAKEN: list[tuple[int, str]] = []
BROKEN: dict[str, BaseException] = {}


def note(event: Event, order: Order) -> None:
    """A consumer that writes down what it took, unless it is broken for a verb."""
    if event.verb in BROKEN:
        raise BROKEN[event.verb]
    Alert.objects.create(company_id=order.company_id, order=order, event_id=event.pk, level="info", title=event.verb)
    TAKEN.append((event.pk, event.verb))


def noted(order: Order) -> list[str]:
    """What the consumer has taken for good, in order."""
    return list(Alert.objects.filter(order=order, rule=None).order_by("id").values_list("title", flat=True))


def events_of(order: Order) -> list[str]:
    return list(Event.objects.filter(stream=order.stream).order_by("seq").values_list("verb", flat=True))


@pytest.fixture
def shop() -> Seller:
    return seller()


@pytest.fixture
def noting(settings) -> Iterator[None]:
    settings.TOWER_CONSUMERS = ["integrations.writeback.plan", f"{__name__}.note"]
    TAKEN.clear()
    BROKEN.clear()
    yield
    BROKEN.clear()


def beat(*, rounds: int = 6) -> None:
    """What beat starts, and nothing else."""
    for _round in range(rounds):
        tasks.process_receipts()
        tasks.drain()
        tasks.run_urgent_jobs()
        tasks.run_ingest_jobs()
        tasks.run_sync_jobs()
        tasks.run_bulk_jobs()


def test_law_09_every_task_of_the_tower_is_started_by_beat():
    beats = {str(entry["task"]): float(str(entry["schedule"])) for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    hinted = set(wake.TASKS.values())
    assert hinted <= beats.keys()
    assert max(beats[name] for name in hinted) <= 10
    assert all(callable(import_string(name)) for name in beats)


def test_law_09_without_a_broker_a_hint_is_lost_and_nothing_else(shop, settings, monkeypatch):
    def no_broker(*arguments: Any, **options: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(app, "send_task", no_broker)
    monkeypatch.setattr(wake, "_last", {})
    settings.TOWER_WAKE = "ordertower.wake.wake"
    order = shop.sells()
    assert order.state == "paid"
    beat()
    assert Order.objects.get().state == "to_pick"


def test_law_09_beats_tasks_alone_bring_a_report_through_to_its_jobs(shop, client):
    """No hint is ever sent here: the receipt, its events and their jobs are found as rows."""
    parcel, wms = shop.released(), shop.qimen()
    shop.taobao()
    beat()
    assert send_report(client, wms, step("DELIVERED", parcel.number, waybill="YT1")).status_code == 200
    assert not Job.objects.filter(kind="tell_platform").exists()
    beat()
    assert Receipt.objects.get().state == Receipt.State.DONE
    assert Parcel.objects.get().state == "shipped"
    assert not EventTask.objects.exists()
    assert Job.objects.filter(kind="tell_platform").exists()


def test_law_09_a_poll_whose_time_came_is_found_without_any_hint(shop, monkeypatch):
    polled: list[int] = []
    monkeypatch.setattr("integrations.sync.poll", lambda connection: polled.append(connection.pk))
    connection = shop.taobao(next_poll_at=towers_clock.now() - timedelta(seconds=1))
    assert [tasks.poll_connections(), tasks.poll_connections()] == [1, 0]
    assert polled == [connection.pk]
    assert Connection.objects.get().next_poll_at > towers_clock.now()


def test_law_09_a_deadline_is_a_row_that_beat_finds(shop, clock):
    label = shop.labelled()
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    clock.advance(seconds=61)
    assert tasks.sweep_deadlines() == 1
    assert Label.objects.get().state == "unknown"
    assert Hold.objects.get().reason == HoldReason.PRINT_UNKNOWN


def test_law_09_two_sweeps_at_once_find_a_deadline_once(shop, clock):
    label = shop.labelled()
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    clock.advance(seconds=61)
    at_once([tasks.sweep_deadlines] * 4)
    assert Hold.objects.count() == 1
    assert Event.objects.filter(verb="print_result").count() == 1


# The drain ----------------------------------------------------------------------------------------------------------


def test_law_09_drains_at_the_same_moment_take_each_event_once(shop, noting):
    orders = [shop.sells() for _ in range(12)]
    at_once([dispatch.drain_all] * 4)
    dispatch.drain_all()
    assert not EventTask.objects.exists()
    assert {order.pk: noted(order) for order in orders} == {order.pk: events_of(order) for order in orders}
    assert max(Counter(Alert.objects.values_list("event_id", flat=True)).values()) == 1
    assert Job.objects.filter(kind="release_order").count() == len(orders)


def test_law_09_a_second_drain_of_the_same_finds_nothing(shop, noting):
    shop.sells()
    assert dispatch.drain_all() > 0
    assert dispatch.drain_all() == 0


def test_law_09_a_drain_that_is_killed_half_way_loses_nothing_and_doubles_nothing(shop, noting):
    order = shop.sells()
    look_again(order.pk, cause=SYSTEM)
    assert place_hold(order.pk, note="", cause=SYSTEM).ok
    before = EventTask.objects.count()
    BROKEN["hold_opened"] = Killed()
    with pytest.raises(Killed):
        dispatch.drain()
    # The first events were taken already: with the crash they are not.
    assert TAKEN
    assert noted(order) == []
    assert EventTask.objects.count() == before
    BROKEN.clear()
    dispatch.drain_all()
    assert noted(order) == events_of(order)
    assert not EventTask.objects.exists()


def test_law_09_a_failing_consumer_blocks_only_itself_for_that_order(shop, noting, clock):
    sick, sound = shop.sells(), shop.sells()
    assert place_hold(sick.pk, note="", cause=SYSTEM).ok
    BROKEN["hold_opened"] = ValueError("broken")
    Rule.objects.create(company_id=shop.company_id, name="锁单")
    dispatch.drain_all()
    assert noted(sound) == events_of(sound)
    assert noted(sick) == events_of(sick)[:-1]
    # The other consumer took everything of the same order.
    assert not EventTask.objects.filter(consumer="integrations.writeback.plan").exists()
    [left] = EventTask.objects.all()
    assert (left.attempts, left.error) == (1, "ValueError: broken")
    BROKEN.clear()
    clock.advance(seconds=2)
    dispatch.drain_all()
    assert noted(sick) == events_of(sick)


def test_law_09_a_blocked_consumer_takes_its_events_in_their_order_afterwards(shop, noting, clock):
    order = shop.sells()
    BROKEN["order_seen"] = ValueError("broken")
    dispatch.drain_all()
    assert noted(order) == []
    assert place_hold(order.pk, note="", cause=SYSTEM).ok
    dispatch.drain_all()
    assert noted(order) == []
    BROKEN.clear()
    clock.advance(seconds=2)
    dispatch.drain_all()
    assert noted(order) == events_of(order)


def test_law_09_blocked_orders_do_not_starve_the_others(shop, noting, clock):
    """What waits behind a failed event is not due: else it would stand at the head of the line for ever."""
    for order in [shop.sells() for _ in range(4)]:
        place_hold(order.pk, note="", cause=SYSTEM)
    BROKEN["order_seen"] = ValueError("broken")
    dispatch.drain(limit=100, budget_seconds=60)
    late = shop.sells()
    BROKEN.clear()
    # A window that the blocked orders would fill.
    for _beat in range(3):
        dispatch.drain(limit=4, budget_seconds=60)
    assert noted(late) == events_of(late)


# Jobs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def handler(monkeypatch) -> list[Any]:
    """A kind of job whose handler takes its behaviour from a list: an error to raise, or an answer."""
    script: list[Any] = []

    def handle(task: jobs.Task) -> dict[str, Any]:
        happens = script.pop(0) if script else {}
        if isinstance(happens, BaseException):
            raise happens
        return dict(happens)

    monkeypatch.setitem(jobs._handlers, "try_out", handle)
    return script


def plan(key: str = "k") -> Job:
    with transaction.atomic():
        jobs.plan("try_out", key)
    return Job.objects.get(key=key)


def test_law_09_a_job_lost_with_its_worker_is_taken_again_after_its_lease(handler, clock):
    job = plan()
    handler.append(Killed())
    with pytest.raises(Killed):
        tasks.run_sync_jobs()
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    # The try was written before anything was sent.
    assert Attempt.objects.get().outcome == ""
    assert tasks.run_sync_jobs() == 0
    clock.advance(seconds=91)
    assert tasks.run_sync_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 2)


def test_law_09_one_job_is_run_by_one_of_several_workers(handler):
    plan()
    assert sorted(at_once([tasks.run_sync_jobs] * 5)) == [0, 0, 0, 0, 1]
    assert Attempt.objects.count() == 1


def test_law_09_a_worker_that_lost_its_lease_does_not_end_the_job_of_the_next(handler, clock, monkeypatch):
    job = plan()
    ran: list[int] = []

    def slow(task: jobs.Task) -> dict[str, Any]:
        ran.append(task.id)
        if len(ran) == 1:
            clock.advance(seconds=91)
            # Another worker takes it meanwhile, and is refused for now.
            assert jobs.run(job.pk)
            return {"worker": "first"}
        raise Temporary("busy")

    monkeypatch.setitem(jobs._handlers, "try_out", slow)
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (len(ran), job.state, job.result) == (2, Job.State.READY, {})


def test_law_09_planning_the_same_wish_from_several_workers_is_one_row(handler):
    at_once([lambda: plan("same")] * 5)
    assert Job.objects.count() == 1


def test_law_09_a_crash_between_claim_and_receipts_end_has_one_effect(shop, client, monkeypatch, clock):
    """Killed after the fact was recorded and before the receipt was marked: taken again, it is a repeat."""
    parcel, wms = shop.released(), shop.qimen()
    send_report(client, wms, step("PRINT", parcel.number, waybill="YT1"))
    with monkeypatch.context() as patch:

        def killed(*arguments: Any, **values: Any) -> str:
            raise Killed

        patch.setattr("integrations.inbox._end", killed)
        with pytest.raises(Killed):
            tasks.process_receipts()
    events = Event.objects.count()
    assert Receipt.objects.get().state == Receipt.State.RECEIVED
    # The dead worker's claim holds for a while, then others take what it left.
    assert tasks.process_receipts() == 0
    clock.advance(seconds=31)
    assert tasks.process_receipts() == 1
    assert Receipt.objects.get().state == Receipt.State.DONE
    assert Event.objects.count() == events


def test_law_09_receipts_processed_by_several_workers_at_once_have_one_effect(shop, client):
    parcel, wms = shop.released(), shop.qimen()
    for minute in range(4):
        send_report(client, wms, step("PICK", parcel.number, minute=minute))
    at_once([tasks.process_receipts] * 4)
    assert set(Receipt.objects.values_list("state", flat=True)) == {Receipt.State.DONE}
    keys = Event.objects.filter(key__startswith="report:").values_list("key", flat=True)
    assert max(Counter(keys).values()) == 1
    assert len(keys) == 4
