"""Reading again by dates or by numbers: every step is kept, a kill repeats at most one, a bad order stops no other."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations import backfill, jobs
from integrations.adapter import Access, Adapter, Message, Polled
from integrations.errors import Permanent, Temporary
from integrations.models import Backfill, Connection, Job, Receipt
from tests.laws.cast import seller

pytestmark = pytest.mark.django_db


class Archive(Adapter):
    name, title, system = "archive", "平台", "platform"
    capabilities = frozenset({"slice", "fetch"})

    def __init__(self) -> None:
        self.pages = 25
        self.asked: list[Any] = []
        self.dies_at: int | None = None

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Any) -> Polled:
        page = int(cursor.get("page", 0))
        self.asked.append(page)
        if page == self.dies_at:
            self.dies_at = None
            raise Temporary("HTTP 502")
        message = Message(kind="trade", key=f"page:{page}", body=b"{}")
        return Polled(messages=(message,), cursor={"page": page + 1}, more=page + 1 < self.pages)

    def fetch(self, access: Access, subject: str) -> Message:
        self.asked.append(subject)
        if subject == "3":
            raise Permanent("没有这个订单")
        return Message(kind="trade", key=f"trade:{subject}", body=b"{}")


@pytest.fixture
def archive(monkeypatch) -> Archive:
    made = Archive()
    monkeypatch.setattr(backfill, "adapter_named", lambda name: made)
    return made


@pytest.fixture
def connection(clock) -> Connection:
    shop = seller().shop
    return Connection.objects.create(
        company=shop.company, shop=shop, adapter="archive", name="平台", base_url="http://127.0.0.1:9"
    )


def runs_to_its_end(clock: Any) -> Backfill:
    for _turn in range(20):
        jobs.run_lane("bulk")
        clock.advance(seconds=5)
        row = Backfill.objects.get()
        if row.state != "running":
            return row
    raise AssertionError("it does not end")


def test_every_page_is_read_once_and_counted(archive, connection, clock):
    backfill.begin(connection, start=clock.now() - timedelta(days=2), end=clock.now())
    row = runs_to_its_end(clock)
    assert (row.state, row.seen, row.new) == ("done", 25, 25)
    assert archive.asked == list(range(25))
    assert Receipt.objects.count() == 25
    again = backfill.begin(connection, start=clock.now() - timedelta(days=2), end=clock.now())
    for _turn in range(5):
        jobs.run_lane("bulk")
        clock.advance(seconds=5)
    again.refresh_from_db()
    assert (again.state, again.seen, again.new) == ("done", 25, 0)


def test_trouble_on_the_way_costs_nothing_but_the_step(archive, connection, clock):
    archive.dies_at = 13
    backfill.begin(connection, start=clock.now() - timedelta(days=2), end=clock.now())
    row = runs_to_its_end(clock)
    assert (row.state, row.seen) == ("done", 25)
    assert archive.asked.count(13) == 2
    assert len(archive.asked) == 26


def test_orders_by_number_go_on_behind_one_that_is_not_there(archive, connection, clock):
    backfill.begin(connection, numbers=["1", "2", "3", "4", "2"])
    row = runs_to_its_end(clock)
    assert archive.asked == ["1", "2", "3", "4"]
    assert (row.state, row.new, row.cursor["missing"]) == ("done", 3, ["3"])


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"start": 0, "end": 0}, "开始要早于结束"),
        ({"start": -100, "end": 0}, "最多补读"),
        ({"start": None, "end": 0}, "请填写"),
        ({"numbers": [str(number) for number in range(5001)]}, "最多 5000"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(archive, connection, clock, asked, word):
    given = {
        name: value if name == "numbers" or value is None else clock.now() + timedelta(days=value)
        for name, value in asked.items()
    }
    with pytest.raises(backfill.Refused, match=word):
        backfill.begin(connection, **given)
    assert not Backfill.objects.exists()
    assert not Job.objects.exists()


def test_a_system_that_cannot_do_it_says_so(archive, connection, clock):
    archive.capabilities = frozenset()  # type: ignore[misc]
    with pytest.raises(backfill.Refused, match="不能按订单号"):
        backfill.begin(connection, numbers=["1"])
