"""The outbox engine: tries, waits, ends, and a person's second chance. (Crashes and races: `tests/laws`.)"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from integrations import jobs
from integrations.errors import AlreadyDone, Permanent, Temporary, Unauthorised
from integrations.models import Attempt, Connection, Job
from tests.laws.cast import seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def handler(monkeypatch) -> Callable[[Any], None]:
    """Say what happens when the job runs: an error, or an answer; the last one stays."""
    script: list[Any] = [{}]

    def handle(task: jobs.Task) -> Any:
        happens = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(happens, Exception):
            raise happens
        return happens

    def says(*happens: Any) -> None:
        script[:] = happens

    monkeypatch.setitem(jobs._handlers, "try_out", handle)
    return says


def plan(key: str = "k", **fields: Any) -> Job:
    with transaction.atomic():
        jobs.plan("try_out", key, **fields)
    return Job.objects.get(key=key)


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_job_that_succeeds_keeps_its_answer_and_its_try(handler):
    handler({"waybill": "YT1"})
    job = plan()
    assert jobs.run(job.pk)
    job = fresh(job)
    assert (job.state, job.result, job.attempts, job.error) == ("done", {"waybill": "YT1"}, 1, "")
    assert job.done_at is not None
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.outcome) == (1, "done")
    assert not jobs.run(job.pk)


def test_planning_twice_is_one_job_even_after_it_is_done(handler):
    jobs.run(plan().pk)
    plan(payload={"other": 1})
    assert Job.objects.count() == 1
    assert jobs.run_lane("sync") == 0


def test_what_they_say_was_done_before_is_done(handler):
    handler(AlreadyDone("订单已存在", code="40015"))
    job = plan()
    jobs.run(job.pk)
    assert (fresh(job).state, fresh(job).error) == ("done", "订单已存在")
    assert Attempt.objects.get().outcome == "already_done"


@pytest.mark.parametrize(
    "error",
    [Temporary("busy", code="502"), DatabaseError("deadlock"), KeyError("ours")],
    ids=lambda error: type(error).__name__,
)
def test_trouble_that_may_pass_is_tried_again_after_a_while(handler, clock, error):
    handler(error, {"ok": True})
    job = plan()
    jobs.run(job.pk)
    assert (fresh(job).state, fresh(job).error != "") == ("ready", True)
    assert jobs.run_lane("sync") == 0
    clock.advance(seconds=jobs.BACKOFF[0])
    assert jobs.run_lane("sync") == 1
    assert (fresh(job).state, fresh(job).attempts, fresh(job).error) == ("done", 2, "")
    assert list(Attempt.objects.order_by("number").values_list("outcome", flat=True)) == ["retry", "done"]


def test_a_throttle_is_waited_for_as_long_as_they_asked(handler, clock):
    handler(Temporary("later", retry_after=45))
    job = plan()
    jobs.run(job.pk)
    assert (fresh(job).not_before - clock.now()).total_seconds() == 45


def test_tries_come_ever_more_rarely_and_end_in_failed(handler, clock):
    handler(Temporary("busy"))
    job = plan()
    waits = []
    while fresh(job).state == "ready":
        clock.advance(seconds=max((fresh(job).not_before - clock.now()).total_seconds(), 0))
        assert jobs.run(job.pk)
        if fresh(job).state == "ready":
            waits.append((fresh(job).not_before - clock.now()).total_seconds())
    assert tuple(waits) == jobs.BACKOFF[: len(waits)]
    assert len(waits) == len(jobs.BACKOFF) - 1
    assert (fresh(job).state, fresh(job).error) == ("failed", "busy")


@pytest.mark.parametrize("error", [Permanent("没有收件人", code="receiver"), Unauthorised("重新授权", code="27")])
def test_a_permanent_no_ends_the_job_at_once_with_their_word(handler, error):
    handler(error)
    job = plan()
    jobs.run(job.pk)
    assert (fresh(job).state, fresh(job).attempts) == ("failed", 1)
    assert fresh(job).error == f"[{error.code}] {error}"


def test_a_person_gives_a_failed_job_a_second_chance_with_all_its_tries(handler, clock):
    handler(Permanent("没有收件人"), {})
    job = plan()
    jobs.run(job.pk)
    assert jobs.retry(job.pk)
    assert fresh(job).tries_left == len(jobs.BACKOFF)
    assert jobs.run(job.pk)
    assert fresh(job).state == "done"
    assert not jobs.retry(job.pk)


def test_whoever_waits_for_the_result_hears_that_there_will_be_none(handler, monkeypatch):
    heard: list[str] = []
    monkeypatch.setitem(jobs._mourners, "try_out", lambda task, error: heard.append(error))
    handler(Permanent("余额不足", code="B1"))
    jobs.run(plan().pk)
    assert heard == ["[B1] 余额不足"]


def test_a_job_that_fails_does_not_stop_those_behind_it(handler):
    handler(KeyError("ours"), {}, {})
    for number in range(3):
        plan(f"k{number}")
    assert jobs.run_lane("sync") == 3
    assert sorted(Job.objects.values_list("state", flat=True)) == ["done", "done", "ready"]


def test_lanes_do_not_wait_for_each_other(handler):
    plan("bulk", lane=Job.Lane.BULK)
    plan("urgent", lane=Job.Lane.URGENT)
    assert jobs.run_lane("urgent") == 1
    assert Job.objects.get(key="bulk").state == "ready"


def test_a_job_for_later_waits_for_its_time(handler, clock):
    moment = clock.now()
    clock.advance(minutes=-5)
    plan(not_before=moment)
    assert jobs.run_lane("sync") == 0
    clock.advance(minutes=5)
    assert jobs.run_lane("sync") == 1


def test_the_connection_shows_the_last_error_of_its_jobs(handler, clock):
    connection = seller().qimen()
    handler(Temporary("busy", code="502"))
    jobs.run(plan(connection_id=connection.pk).pk)
    connection = Connection.objects.get(pk=connection.pk)
    assert (connection.last_error, connection.last_error_at) == ("[502] busy", clock.now())


def test_two_handlers_for_one_kind_stop_startup():
    with pytest.raises(RuntimeError, match="two handlers"):
        jobs.handles("release_order")(lambda task: None)


def test_an_unknown_kind_is_tried_again_and_shown(handler):
    with transaction.atomic():
        jobs.plan("no_such_kind", "k")
    job = Job.objects.get()
    assert jobs.run(job.pk)
    assert "no_such_kind" in fresh(job).error


def test_a_job_that_dies_with_its_worker_every_time_is_given_up_in_the_end(monkeypatch, clock):
    def dies(task: jobs.Task) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(jobs._handlers, "try_out", dies)
    job = plan()
    deaths = 0
    while fresh(job).tries_left:
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
        deaths += 1
        clock.advance(seconds=jobs.LEASE.total_seconds() + 1)
    assert fresh(job).state == "running"
    assert jobs.run(job.pk)
    assert deaths == len(jobs.BACKOFF)
    assert fresh(job).state == "failed"
    assert "中断" in fresh(job).error
