from datetime import timedelta

import pytest

from integrations.models import Job, Receipt
from orders.models import EventTask
from ordertower.backlog import backlogs

pytestmark = pytest.mark.django_db


def by_name() -> dict[str, tuple[int, int]]:
    return {backlog.name: (backlog.rows, int(backlog.age.total_seconds())) for backlog in backlogs()}


def receipt(**facts):
    return Receipt.objects.create(connection_id=1, kind="trade", key="k", sealed=b"", **facts)


def test_every_queue_is_named_even_when_nothing_waits():
    names = {"receipts", "events", "jobs_urgent", "jobs_ingest", "jobs_sync", "jobs_bulk"}
    assert by_name() == dict.fromkeys(names, (0, 0))


def test_a_queue_is_as_old_as_its_oldest_row_that_is_due(clock):
    now = clock.now()
    for minutes in (1, 3, -5):
        receipt(not_before=now - timedelta(minutes=minutes))
    EventTask.objects.create(order_id=1, event_id=1, seq=1, consumer="a", not_before=now - timedelta(seconds=9))
    Job.objects.create(kind="ship", key="1", lane=Job.Lane.SYNC, not_before=now - timedelta(seconds=30))
    waiting = by_name()
    assert waiting["receipts"] == (2, 180)
    assert waiting["events"] == (1, 9)
    assert waiting["jobs_sync"] == (1, 30)
    assert waiting["jobs_urgent"] == (0, 0)


def test_what_is_done_or_set_aside_for_a_person_does_not_wait(clock):
    now = clock.now() - timedelta(minutes=1)
    for state in (Receipt.State.DONE, Receipt.State.PARKED, Receipt.State.WAITING, Receipt.State.IGNORED):
        receipt(state=state, not_before=now)
    for number, state in enumerate((Job.State.DONE, Job.State.FAILED)):
        Job.objects.create(kind="ship", key=str(number), state=state, not_before=now)
    assert set(by_name().values()) == {(0, 0)}


def test_the_answer_takes_three_queries(django_assert_num_queries):
    with django_assert_num_queries(3):
        backlogs()
