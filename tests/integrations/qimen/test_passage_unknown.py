"""When nobody knows what came of a push: the warehouse is asked before anything is sent again, and stops are told."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import decisions, jobs
from integrations.models import Job, Passage, Trouble
from orders.lifecycle import Move, Role
from orders.models import Claim
from orders.services.holds import lift, place_hold
from orders.services.move import move
from tests.integrations.qimen.between import SLOW, Between, standing_between
from tests.laws.cast import Killed, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def on(live_server, clock, monkeypatch) -> Iterator[Between]:
    monkeypatch.setattr(decisions, "SECONDS", SLOW)
    with standing_between(live_server.url) as between:
        yield between


def creates_in_warehouse(on: Between) -> int:
    return sum(1 for row in on.received("deliveryorder.create") if "<flag>success</flag>" in row["answer"])


# The answer is lost -------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_unknown_and_the_next_create_gets_the_old_number(on, clock):
    order = on.seller.sells()
    on.does("qimen", "faults", lose_answer=1)
    answered = on.creates("ERP1", order.platform_order_id)
    assert answered["flag"] == "failure"
    assert "结果未知" in answered["message"]
    assert on.passage("ERP1").state == "unknown"
    assert Trouble.objects.get(kind="passage").closed_at is None
    # Still deaf: nothing is sent again, only the question.
    clock.advance(seconds=5)
    assert "核实" in on.creates("ERP1", order.platform_order_id)["message"]
    on.does("qimen", "faults", lose_answer=0)
    clock.advance(seconds=5)
    answered = on.creates("ERP1", order.platform_order_id)
    assert (answered["flag"], answered["number"]) == ("success", "W00000001")
    assert len(on.received("deliveryorder.create")) == 1
    assert on.passage("ERP1").state == "passed"
    assert Trouble.objects.get(kind="passage").closed_at is not None
    on.beat()
    assert set(Claim.objects.filter(order=order).values_list("system", "stage")) >= {
        ("erp", "accepted"), ("wms", "accepted"),
    }  # fmt: skip


def test_what_never_arrived_is_sent_again_but_not_while_it_may_still_be_on_its_way(on, clock):
    order = on.seller.sells()
    on.does("qimen", "faults", fail=1)
    assert "结果未知" in on.creates("ERP1", order.platform_order_id)["message"]
    on.does("qimen", "faults", fail=0)
    clock.advance(seconds=10)
    early = on.creates("ERP1", order.platform_order_id)
    assert early["flag"] == "failure"
    assert creates_in_warehouse(on) == 0
    clock.advance(seconds=60)
    assert on.creates("ERP1", order.platform_order_id)["flag"] == "success"
    assert creates_in_warehouse(on) == 1


def test_where_the_erp_never_asks_again_the_tower_does(on, clock):
    order = on.seller.sells()
    on.does("qimen", "faults", lose_answer=1)
    on.creates("ERP1", order.platform_order_id)
    on.does("qimen", "faults", lose_answer=0)
    on.beat()
    assert on.passage("ERP1").state == "unknown"
    clock.advance(seconds=61)
    on.beat()
    passage = on.passage("ERP1")
    assert (passage.state, passage.number) == ("passed", "W00000001")
    order.refresh_from_db()
    assert order.state == "to_pick"


def test_a_process_that_dies_after_its_claim_sends_nothing_twice(on, clock, monkeypatch):
    order = on.seller.sells()

    def dies(*arguments: Any, **options: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("integrations.passages._finish", dies)
        content = on.erp.desk.content("ERP1", {"orders": [order.platform_order_id]})
        on.sends("deliveryorder.create", content, "ERP1")
    assert on.passage("ERP1").state == "claimed"
    assert creates_in_warehouse(on) == 1
    # Another try meanwhile is told to wait, and after that the warehouse is asked.
    assert "正在推送" in on.creates("ERP1", order.platform_order_id)["message"]
    clock.advance(seconds=61)
    answered = on.creates("ERP1", order.platform_order_id)
    assert (answered["flag"], answered["number"]) == ("success", "W00000001")
    assert creates_in_warehouse(on) == 1


# What the tower itself tells the warehouse --------------------------------------------------------------------------


def test_a_hold_pends_the_order_under_the_erps_code_and_its_end_restores_it(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    assert place_hold(order.pk, note="买家来电", cause=person(on.seller.user(Role.CS))).ok
    on.beat()
    [known] = on.does("qimen", "orders")
    assert (known["order"], known["pended"]) == ("ERP1", True)
    assert lift(order.holds.get().pk, reason="已核实", cause=person(on.seller.user(Role.OPS_MANAGER))).ok
    on.beat()
    assert on.does("qimen", "orders")[0]["pended"] is False


def test_a_hold_before_the_erp_sent_anything_asks_the_warehouse_nothing(on):
    order = on.seller.sells()
    assert move(order.pk, Move.RELEASE, cause=person(on.seller.user(Role.CS))).ok
    assert place_hold(order.pk, note="买家来电", cause=person(on.seller.user(Role.CS))).ok
    on.beat()
    assert on.received("order.pending") == []
    assert not Job.objects.exclude(state="done").exists()


def test_a_hold_that_falls_while_the_order_is_on_its_way_is_told_behind_it(on, clock):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    # The hold's own event comes before there is a parcel.
    assert place_hold(order.pk, note="买家来电", cause=person(on.seller.user(Role.CS))).ok
    on.beat()
    on.beat()
    assert on.does("qimen", "orders")[0]["pended"] is True


def test_a_cancelled_order_is_taken_back_under_the_erps_code(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    assert move(order.pk, Move.CANCEL, reason="买家不要了", cause=person(on.seller.user(Role.CS))).ok
    on.beat()
    assert on.does("qimen", "orders")[0]["status"] == "CANCELED"
    assert Passage.objects.get().state == "cancelled"


def test_a_merged_delivery_is_pended_and_not_cancelled_for_one_of_its_orders(on):
    first, second = on.seller.sells(), on.seller.sells()
    on.creates("ERP1", first.platform_order_id, second.platform_order_id)
    on.beat()
    assert move(first.pk, Move.CANCEL, reason="买家不要了", cause=person(on.seller.user(Role.CS))).ok
    on.beat()
    [known] = on.does("qimen", "orders")
    assert (known["status"], known["pended"]) == ("NEW", True)


def test_every_call_of_the_passage_is_made_outside_transactions(on, monkeypatch):
    seen: list[bool] = []
    true_check = jobs.assert_no_transaction

    def watched() -> None:
        true_check()
        seen.append(True)

    monkeypatch.setattr(jobs, "assert_no_transaction", watched)
    on.creates("ERP1", on.seller.sells().platform_order_id)
    assert seen
