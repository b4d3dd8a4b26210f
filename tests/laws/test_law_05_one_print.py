"""Law 5: no second label without a person, through every door and under any concurrency. In doubt a person looks."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from integrations import inbox
from integrations.models import Receipt
from orders.lifecycle import CauseKind, HoldReason, LabelState, Role
from orders.models import Event, Hold, Label, Order, PrintAttempt
from orders.services import deadlines, labels
from orders.services.holds import lift
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.labels import print_result, request_print, request_waybill
from orders.services.record import record
from orders.vocabulary import PrintReport
from tests.laws.cast import SYSTEM, Killed, Seller, at_once, person, seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Seller:
    return seller()


@pytest.fixture
def label(shop) -> Label:
    return shop.labelled()


# Everybody at once --------------------------------------------------------------------------------------------------


def database_url() -> str:
    """The test database as another process finds it."""
    here = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{here['NAME']}"
    return f"postgres://{here['USER']}:{here['PASSWORD']}@{here['HOST']}:{here['PORT']}/{here['NAME']}"


def print_from_many_processes(shop: Seller, label: Label, **more: Any) -> list[Any]:
    _, api_key = create_key(shop.shop.company, "打印台", scopes=ALL_SCOPES, acts_as=CauseKind.WMS)
    order = {"parcel": label.parcel_id, "api_key": api_key, "processes": 10, "each": 5, **more}
    done = subprocess.run(
        [sys.executable, "-m", "tests.laws.printers", json.dumps(order)],
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "ordertower.test_settings"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: list[Any] = json.loads(done.stdout)
    return told


def test_law_05_fifty_print_requests_from_ten_processes_get_one_grant(shop, label):
    told = print_from_many_processes(shop, label)
    assert Counter(map(tuple, told)) == {(201, ""): 1, (409, "duplicate_print"): 49}
    assert Counter(PrintAttempt.objects.values_list("outcome", flat=True)) == {"granted": 1, "refused": 49}
    assert Label.objects.get().state == LabelState.CLAIMED
    assert Order.objects.get().held
    hold = Hold.objects.get()
    assert (hold.reason, hold.state) == (HoldReason.DUPLICATE_PRINT, "open")
    assert Event.objects.filter(verb="print", result="ok").count() == 1


def test_law_05_prints_of_the_tower_and_of_the_warehouse_together_let_one_through(shop, label):
    """Half ask the tower, half are a warehouse that prints by itself and reports it."""
    wms = shop.qimen()
    told = print_from_many_processes(shop, label, connection=wms.pk, number=label.parcel.number, waybill=label.waybill)
    answers = Counter(map(tuple, told))
    inbox.process_due()
    assert answers[200, "reported"] == 25
    granted = answers[201, ""]
    assert answers[409, "duplicate_print"] == 25 - granted
    # What was let through: a grant, or the warehouse's first print of the live label.
    assert granted + Event.objects.filter(verb="print_observed").count() == 1
    rows = Counter(PrintAttempt.objects.values_list("outcome", flat=True))
    assert rows == {"observed": 25, "refused": 25 - granted, **({"granted": 1} if granted else {})}
    assert set(Receipt.objects.values_list("state", flat=True)) == {"done"}
    found = Label.objects.get()
    assert found.pk == label.pk
    assert found.state in (LabelState.CLAIMED, LabelState.PRINTED)
    assert Order.objects.get().held
    assert HoldReason.DUPLICATE_PRINT in set(Hold.objects.filter(state="open").values_list("reason", flat=True))


def test_law_05_waybills_asked_at_the_same_moment_are_one_label(shop):
    parcel = shop.packed()
    outcomes = at_once([lambda: request_waybill(parcel.pk, cause=SYSTEM)] * 6)
    assert sorted(outcome.ok for outcome in outcomes) == [False] * 5 + [True]
    assert Label.objects.count() == 1


# The second print ---------------------------------------------------------------------------------------------------


def test_law_05_repeated_attempts_are_rows_and_at_most_one_event_in_ten_seconds(label, clock):
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    for _ in range(30):
        assert request_print(label.parcel_id, cause=SYSTEM).code == "duplicate_print"
        clock.advance(seconds=1)
    assert PrintAttempt.objects.filter(outcome="refused").count() == 30
    refusals = list(Event.objects.filter(verb="print", result="refused").order_by("seq").values_list("at", flat=True))
    assert 1 <= len(refusals) <= 3
    assert all((later - earlier).total_seconds() >= 10 for earlier, later in pairwise(refusals))
    assert Hold.objects.count() == 1
    assert Event.objects.filter(verb="hold_opened").count() == 1


def test_law_05_after_the_hold_was_lifted_another_attempt_locks_again(shop, label):
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    assert not request_print(label.parcel_id, cause=SYSTEM).ok
    assert lift(Hold.objects.get().pk, reason="误触", cause=person(shop.user(Role.OPS_MANAGER))).ok
    assert request_print(label.parcel_id, cause=SYSTEM).code == "duplicate_print"
    assert Order.objects.get().held
    assert sorted(Hold.objects.values_list("state", flat=True)) == ["lifted", "open"]


def test_law_05_the_evidence_names_both_attempts(shop, label):
    picker, shipper = shop.user(Role.PICKER), shop.user(Role.SHIPPER)
    request_print(label.parcel_id, cause=person(picker), station="A3", printer="P1")
    request_print(label.parcel_id, cause=person(shipper), station="B7", printer="P2")
    evidence = Hold.objects.get().evidence
    assert (evidence["first"]["who"], evidence["first"]["where"]) == (picker.username, "A3 P1")
    assert (evidence["second"]["who"], evidence["second"]["where"]) == (shipper.username, "B7 P2")
    assert evidence["waybill"] == label.waybill


def test_law_05_a_second_label_for_a_parcel_is_refused_while_one_lives(label):
    assert request_waybill(label.parcel_id, cause=SYSTEM).code == "illegal_move"
    assert Label.objects.count() == 1


# Unknown outcomes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def unknown(label, clock) -> Label:
    """A grant of which nothing was heard again for a minute."""
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    clock.advance(seconds=61)
    assert deadlines.sweep(now=clock.now()) == 1
    return Label.objects.get()


def test_law_05_a_claim_without_a_result_goes_to_a_person(unknown):
    assert unknown.state == LabelState.UNKNOWN
    hold = Hold.objects.get()
    assert (hold.reason, hold.state, hold.four_eyes) == (HoldReason.PRINT_UNKNOWN, "open", True)
    assert PrintAttempt.objects.get().result == "unknown"
    assert Event.objects.get(verb="print_result").result == Event.Result.UNKNOWN


def test_law_05_a_claim_is_left_alone_for_its_minute(label, clock):
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    clock.advance(seconds=59)
    assert deadlines.sweep(now=clock.now()) == 0
    assert Label.objects.get().state == LabelState.CLAIMED


def test_law_05_an_unknown_label_is_never_live_again(shop, unknown, clock):
    for _ in range(3):
        assert request_print(unknown.parcel_id, cause=SYSTEM).code == "duplicate_print"
        deadlines.sweep(now=clock.now())
    for hold in Hold.objects.filter(state="open"):
        assert lift(hold.pk, reason="已查看", cause=person(shop.user(Role.OPS_MANAGER))).ok
    assert request_print(unknown.parcel_id, cause=SYSTEM).code == "duplicate_print"
    assert request_waybill(unknown.parcel_id, cause=SYSTEM).code in ("held", "illegal_move")
    assert Label.objects.get().state == LabelState.UNKNOWN
    assert PrintAttempt.objects.filter(outcome="granted").count() == 1


@pytest.mark.parametrize("outcome", ["printed", "failed"])
def test_law_05_a_result_that_comes_late_is_believed_and_the_review_stays(unknown, outcome):
    attempt = PrintAttempt.objects.get()
    assert print_result(attempt.pk, outcome=outcome, cause=SYSTEM).ok
    assert Label.objects.get().state == outcome
    assert Hold.objects.get().state == "open"
    assert not request_print(unknown.parcel_id, cause=SYSTEM).ok
    assert PrintAttempt.objects.filter(outcome="granted").count() == 1


def test_law_05_a_result_is_said_once(label):
    attempt = request_print(label.parcel_id, cause=SYSTEM).made["attempt"]
    codes = [print_result(attempt, outcome=word, cause=SYSTEM).code for word in ("printed", "printed", "failed")]
    assert codes == ["done", "repeat", "stale_fact"]
    assert Label.objects.get().state == LabelState.PRINTED


def test_law_05_killed_before_the_claim_is_committed_nothing_was_granted(label, monkeypatch):
    with monkeypatch.context() as patch:

        def killed(*arguments: Any) -> None:
            raise Killed

        patch.setattr("orders.services.decide.close", killed)
        with pytest.raises(Killed):
            request_print(label.parcel_id, cause=SYSTEM)
    assert Label.objects.get().state == LabelState.LIVE
    assert not PrintAttempt.objects.exists()
    assert request_print(label.parcel_id, cause=SYSTEM).ok


def test_law_05_killed_between_claim_and_result_nobody_prints_until_a_person_looked(label, clock):
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    # The station restarts and asks again before the minute is over.
    clock.advance(seconds=5)
    assert request_print(label.parcel_id, cause=SYSTEM).code == "duplicate_print"
    clock.advance(seconds=61)
    deadlines.sweep(now=clock.now())
    assert set(Hold.objects.values_list("reason", flat=True)) == {"duplicate_print", "print_unknown"}
    assert Label.objects.get().state == LabelState.UNKNOWN


def test_law_05_a_sweep_and_a_result_at_the_same_moment_agree(label, clock):
    attempt = request_print(label.parcel_id, cause=SYSTEM).made["attempt"]
    clock.advance(seconds=labels.CLAIM_SECONDS + 1)
    at_once([
        lambda: deadlines.sweep(now=clock.now()),
        lambda: print_result(attempt, outcome="printed", cause=SYSTEM).ok,
        lambda: deadlines.sweep(now=clock.now()),
    ])  # fmt: skip
    assert Label.objects.get().state == LabelState.PRINTED
    assert Hold.objects.filter(reason=HoldReason.PRINT_UNKNOWN).count() <= 1


@pytest.mark.parametrize("late", [False, True], ids=["at once", "after the minute"])
def test_law_05_after_a_failed_print_no_system_gets_the_next_label(shop, label, clock, late):
    attempt = request_print(label.parcel_id, cause=SYSTEM).made["attempt"]
    if late:
        clock.advance(seconds=61)
        deadlines.sweep(now=clock.now())
        manager = person(shop.user(Role.OPS_MANAGER))
        assert lift(Hold.objects.get().pk, reason="没有出纸", cause=manager).ok
    assert print_result(attempt, outcome="failed", cause=SYSTEM).ok
    refused = request_waybill(label.parcel_id, cause=SYSTEM)
    assert (refused.ok, refused.code) == (False, "illegal_move")
    assert Label.objects.count() == 1
    # A person may, and says why.
    assert request_waybill(label.parcel_id, cause=person(shop.user(Role.SHIPPER)), reason="卡纸").ok
    assert sorted(Label.objects.values_list("generation", "state")) == [(1, "failed"), (2, "requested")]


def test_law_05_a_waybill_that_never_came_may_be_asked_again_by_itself(shop):
    parcel = shop.packed()
    asked = request_waybill(parcel.pk, cause=SYSTEM).made["label"]
    assert labels.waybill_failed(asked, error="余额不足", cause=SYSTEM).ok
    assert request_waybill(parcel.pk, cause=SYSTEM).ok


# Other doors --------------------------------------------------------------------------------------------------------


def test_law_05_a_warehouses_print_of_the_live_label_is_its_one_print(shop, label, clock):
    report = PrintReport(order=label.parcel.number, printed_at=clock.now(), waybill=label.waybill)
    assert record(shop.fact("p1", label.parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    assert Label.objects.get().state == LabelState.PRINTED
    assert not Hold.objects.exists()
    assert request_print(label.parcel_id, cause=SYSTEM).code == "duplicate_print"


def test_law_05_a_warehouses_print_after_the_towers_locks_the_order(shop, label, clock):
    assert request_print(label.parcel_id, cause=SYSTEM).ok
    report = PrintReport(order=label.parcel.number, printed_at=clock.now(), waybill=label.waybill)
    assert record(shop.fact("p1", label.parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    assert Hold.objects.get().reason == HoldReason.DUPLICATE_PRINT
    assert Order.objects.get().held


def test_law_05_a_replayed_grant_is_no_second_paper(shop, label, client, clock):
    _, api_key = create_key(shop.shop.company, "打印台", scopes=ALL_SCOPES, acts_as=CauseKind.WMS)

    def asks() -> Any:
        return client.post(
            f"/api/v1/parcels/{label.parcel_id}/print-requests/",
            {"station": "A3", "printer": "P1"},
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}", "Idempotency-Key": "once"},
        )

    first = asks()
    assert first.status_code == 201
    # The answer was lost and is asked for again at once: the same grant.
    again = asks()
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert PrintAttempt.objects.count() == 1
    assert print_result(first.json()["id"], outcome="printed", cause=SYSTEM).ok
    printed = asks()
    assert (printed.status_code, printed.json()["code"]) == (409, "unknown")
    clock.advance(seconds=61)
    assert (asks().status_code, PrintAttempt.objects.count()) == (409, 1)
