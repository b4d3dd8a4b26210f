"""补读: begun by dates or numbers, watched, stopped; who asked stays on the trail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import jobs, registry
from integrations.adapter import Access, Adapter, Message, Polled
from integrations.models import Backfill, Connection, Job, Receipt
from orders.lifecycle import Role
from orders.models import Event
from tests.admin.pages import said, text_of
from tests.admin.world import Seller

LIST, BEGIN = "/admin/integrations/backfill/", "/admin/integrations/backfill/begin/"


class Archive(Adapter):
    name, title, system = "archive", "平台", "platform"
    capabilities = frozenset({"slice", "fetch"})

    def slice(self, access: Access, start: Any, end: Any, cursor: Any) -> Polled:
        page = int(cursor.get("page", 0))
        message = Message(kind="trade", key=f"page:{page}", body=b"{}")
        return Polled(messages=(message,), cursor={"page": page + 1}, more=True, share=min(page + 1, 99) / 100)

    def fetch(self, access: Access, subject: str) -> Message:
        return Message(kind="trade", key=f"trade:{subject}", body=b"{}")


@pytest.fixture
def connection(seller: Seller, monkeypatch: pytest.MonkeyPatch) -> Connection:
    known = {**registry.adapters(), "archive": Archive()}
    monkeypatch.setattr(registry, "adapters", lambda: known)
    return Connection.objects.create(
        company=seller.company, shop=seller.shop, adapter="archive", name="平台旗舰店", base_url="http://127.0.0.1:9"
    )


def stop(client: Client, row: Backfill) -> Any:
    return client.post(reverse("admin:integrations_backfill_stop", args=[row.pk]), follow=True)


def test_a_time_is_read_as_beijing_time(connection: Connection, browser: Callable[..., Client]) -> None:
    form = {"connection": connection.pk, "start": "2026-11-01T08:00", "end": "2026-11-02T08:00"}
    answer = browser(Role.OPS_MANAGER).post(BEGIN, form, follow=True)
    row = Backfill.objects.get()
    assert row.start is not None
    assert row.end is not None
    assert (row.start.isoformat(), row.end - row.start) == ("2026-11-01T00:00:00+00:00", timedelta(days=1))
    assert "2026-11-01 08:00 – 2026-11-02 08:00" in text_of(answer)
    assert Job.objects.get(kind="backfill").payload == {"backfill": row.pk}


def test_pasted_numbers_are_taken_apart_and_counted(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.OPS_MANAGER)
    client.post(BEGIN, {"connection": connection.pk, "numbers": "1001，1002\n1003 1001"})
    row = Backfill.objects.get()
    assert (row.numbers, row.asked_by) == (["1001", "1002", "1003"], seller.people[Role.OPS_MANAGER])
    event = Event.objects.get(verb="backfill_begun")
    assert (event.stream, event.facts["numbers"]) == (seller.company.stream, 3)
    jobs.run_lane("bulk")
    page = text_of(client.get(reverse("admin:integrations_backfill_change", args=[row.pk])))
    assert "完成" in page
    assert "100%" in page
    assert "3 个订单号" in text_of(client.get(LIST))


def test_a_span_of_time_shows_how_much_of_it_was_read(connection: Connection, browser: Callable[..., Client]) -> None:
    client = browser(Role.OPS_MANAGER)
    client.post(BEGIN, {"connection": connection.pk, "start": "2026-11-01T08:00", "end": "2026-11-02T08:00"})
    row = Backfill.objects.get()
    page = reverse("admin:integrations_backfill_change", args=[row.pk])
    assert "%" not in text_of(client.get(page))
    jobs.run_lane("bulk")
    assert "10%" in text_of(client.get(page))
    assert 'max="100" value="10"' in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({}, "请填写开始和结束时间"),
        ({"start": "2026-11-02T08:00", "end": "2026-11-01T08:00"}, "开始要早于结束"),
        ({"start": "2026-01-01T08:00", "end": "2026-11-01T08:00"}, "最多补读 92 天"),
        ({"numbers": " ".join(str(number) for number in range(5001))}, "最多 5000"),
    ],
)
def test_what_cannot_be_read_is_said_on_the_form(
    connection: Connection, browser: Callable[..., Client], form: dict[str, str], word: str
) -> None:
    assert word in text_of(browser(Role.OPS_MANAGER).post(BEGIN, {"connection": connection.pk, **form}))
    assert not Backfill.objects.exists()


def test_a_stop_keeps_what_was_read_and_reads_no_further(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.OPS_MANAGER)
    client.post(BEGIN, {"connection": connection.pk, "start": "2026-11-01T08:00", "end": "2026-11-02T08:00"})
    jobs.run_lane("bulk")
    row = Backfill.objects.get()
    assert (row.state, row.seen) == ("running", 10)
    assert said(stop(client, row))[-1] == "已停止，读到的都保留"
    Job.objects.update(not_before=row.created_at)
    jobs.run_lane("bulk")
    row.refresh_from_db()
    assert (row.state, row.seen, Receipt.objects.count()) == ("stopped", 10, 10)
    assert Job.objects.get(kind="backfill").state == "done"
    assert Event.objects.get(verb="backfill_stopped").facts["backfill"] == row.pk
    assert said(stop(client, row)) == ["这次补读已经结束"]
    assert Event.objects.filter(verb="backfill_stopped").count() == 1


def test_only_systems_that_can_be_read_are_offered(
    seller: Seller, neighbour: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    for owner, name in ((seller, "自己的仓库"), (neighbour, "别人的平台")):
        Connection.objects.create(
            company=owner.company, adapter="kuaidi100" if owner is seller else "archive", name=name, base_url="http://x"
        )
    text = text_of(browser(Role.OPS_MANAGER).get(BEGIN))
    assert "平台旗舰店" in text
    assert "自己的仓库" not in text
    assert "别人的平台" not in text


def test_another_company_neither_sees_nor_stops_nor_begins(
    connection: Connection, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    row = Backfill.objects.create(connection=connection, numbers=["1"])
    client = browser(neighbour.people[Role.OPS_MANAGER])
    assert "1 个订单号" not in text_of(client.get(LIST))
    assert stop(client, row).status_code == 404
    client.post(BEGIN, {"connection": connection.pk, "numbers": "1"})
    assert Backfill.objects.get().state == "running"


def test_who_may_only_look_begins_and_stops_nothing(connection: Connection, browser: Callable[..., Client]) -> None:
    row = Backfill.objects.create(connection=connection, numbers=["1"])
    auditor = browser(Role.AUDITOR)
    assert "新建补读" not in text_of(auditor.get(LIST))
    assert auditor.get(BEGIN).status_code == 403
    assert stop(auditor, row).status_code == 403


def test_a_failed_one_goes_on_where_it_was_when_its_job_is_tried_again(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.OPS_MANAGER)
    client.post(BEGIN, {"connection": connection.pk, "numbers": "1 2 3"})
    Backfill.objects.update(state="failed", error="HTTP 502", cursor={"place": 2})
    Job.objects.update(state="failed")
    client.post(reverse("admin:integrations_job_retry", args=[Job.objects.get(kind="backfill").pk]))
    jobs.run_lane("bulk")
    assert (Backfill.objects.get().state, Receipt.objects.get().key) == ("done", "trade:3")
