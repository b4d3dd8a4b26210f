"""Reports go on to the ERP: kept first, in order for each order, byte for byte, until it says success."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import decisions
from integrations.models import Job, Receipt, Trouble, WaitingReport
from integrations.wms.qimen import emulator_wire as wire
from tests.integrations.qimen.between import SLOW, Between, standing_between

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = ("ACCEPT", "PICK", "CHECK", "PACKAGE", "WEIGH", "READY")


@pytest.fixture
def on(live_server, clock, monkeypatch) -> Iterator[Between]:
    monkeypatch.setattr(decisions, "SECONDS", SLOW)
    with standing_between(live_server.url) as between:
        yield between


def tells(on: Between, code: str, *statuses: str) -> None:
    for status in statuses:
        on.does("qimen", "report", order=code, processStatus=status)
    on.send_due("qimen")


def heard(on: Between) -> list[tuple[str, str]]:
    return [(row["order"], row["status"]) for row in on.erp.desk.heard]


def lives(on: Between, clock: Any, seconds: int, step: int = 10) -> None:
    for _ in range(0, seconds, step):
        clock.advance(seconds=step)
        on.beat()


def test_a_report_is_kept_answered_and_carried_byte_for_byte(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    tells(on, "ERP1", "ACCEPT")
    [sent] = on.warehouse.journal.entries("sent")
    assert sent["outcome"] == "success"
    assert on.erp.desk.heard == []
    on.beat()
    [received] = on.erp.desk.heard
    assert received["body"] == sent["body"]
    assert received["method"] == "orderprocess.report"
    assert not WaitingReport.objects.exists()
    carried = Receipt.objects.get(kind="carry/orderprocess.report")
    assert carried.state == "done"


def test_the_same_report_again_is_carried_once(on):
    on.creates("ERP1", on.seller.sells().platform_order_id)
    on.does("qimen", "report", order="ERP1", processStatus="ACCEPT", repeat=3)
    on.send_due("qimen")
    on.beat()
    assert heard(on) == [("ERP1", "ACCEPT")]


def test_an_erp_that_was_dead_for_half_an_hour_gets_every_report_afterwards_once_and_in_order(on, clock):
    codes = ["ERP1", "ERP2", "ERP3"]
    for code in codes:
        on.creates(code, on.seller.sells().platform_order_id)
    on.beat()
    on.does("erp", "faults", fail=1)
    for status in STEPS:
        for code in codes:
            tells(on, code, status)
        lives(on, clock, 300, 60)
    assert heard(on) == []
    trouble = Trouble.objects.get(kind="untold")
    assert (trouble.level, trouble.closed_at) == ("critical", None)
    assert not Job.objects.filter(state="failed").exists()
    on.does("erp", "faults", fail=0)
    lives(on, clock, 600)
    for code in codes:
        assert [status for order, status in heard(on) if order == code] == list(STEPS)
    assert len(heard(on)) == len(STEPS) * len(codes)
    assert not WaitingReport.objects.exists()
    trouble.refresh_from_db()
    assert trouble.closed_at is not None


def test_a_later_report_waits_for_an_earlier_one_of_its_order_and_for_no_other(on, clock):
    for code in ("ERP1", "ERP2"):
        on.creates(code, on.seller.sells().platform_order_id)
    tells(on, "ERP1", "ACCEPT", "PICK")
    tells(on, "ERP2", "ACCEPT")
    first = Job.objects.filter(kind="pass_report").earliest("pk")
    clock.advance(seconds=1)
    # The first one is still with a worker that hangs.
    Job.objects.filter(pk=first.pk).update(state="running", leased_until=clock.now().replace(year=2030))
    on.beat()
    assert heard(on) == [("ERP2", "ACCEPT")]
    Job.objects.filter(pk=first.pk).update(state="ready", leased_until=None)
    lives(on, clock, 60)
    assert [row for row in heard(on) if row[0] == "ERP1"] == [("ERP1", "ACCEPT"), ("ERP1", "PICK")]


def test_what_the_tower_cannot_read_is_the_erps_all_the_same(on):
    on.does("qimen", "raw", method="packagelost.report", body="<request><orderCode>ERP9</orderCode></request>")
    on.does("qimen", "raw", method="orderprocess.report", body="<request><broken")
    on.send_due("qimen")
    on.beat()
    assert [row["method"] for row in on.erp.journal.entries("heard")] == ["packagelost.report"]
    assert Receipt.objects.filter(state="parked").count() == 2
    # The ERP said no to what is no XML; it is asked again later.
    assert WaitingReport.objects.count() == 1


def test_what_the_erp_will_not_have_keeps_the_others_waiting_for_a_moment_only(on, clock):
    on.creates("ERP1", on.seller.sells().platform_order_id)
    on.beat()
    on.erp.options["refuses"] = "ACCEPT"
    tells(on, "ERP1", "ACCEPT", "PICK")
    on.beat()
    assert heard(on) == []
    lives(on, clock, 120)
    assert heard(on) == [("ERP1", "PICK")]
    trouble = Trouble.objects.get(kind="untold")
    assert "ERP 拒收仓库的回传（这个状态不收）" in trouble.text
    # After a whole day it is given up, and shown among the failed jobs.
    clock.advance(hours=25)
    on.beat()
    assert Job.objects.get(state="failed").kind == "pass_report"
    assert not WaitingReport.objects.exists()


def test_a_question_of_the_warehouse_is_answered_by_the_erp(on):
    body = wire.document("request", {"orderCode": "ERP1"})
    options = on.warehouse.options
    url = wire.signed_url(
        str(options["tower_hook"]), "receiverinfo.query", body,
        app_key=str(options["app_key"]), customer_id=str(options["customer_id"]), secret=str(options["app_secret"]),
    )  # fmt: skip
    response = wire.send("POST", url, data=body, headers={"Content-Type": wire.XML})
    assert wire.word(wire.read(response.content), "receiverInfo/city") == "杭州市"
    assert not Receipt.objects.exists()


def test_nothing_is_carried_where_the_tower_is_alone_with_the_warehouse(on):
    on.wms.settings["topology"] = "direct"
    on.wms.save()
    tells(on, "ERP1", "ACCEPT")
    assert not WaitingReport.objects.exists()
    assert not Job.objects.filter(kind="pass_report").exists()
