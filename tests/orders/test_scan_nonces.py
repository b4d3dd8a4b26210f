"""The same scan has one effect and one answer, however often, from however many threads, wherever it was cut off."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.clock import FixedClock
from orders.lifecycle import ParcelState, Role
from orders.models import Event, PackLine, Parcel, PrintAttempt, Scan
from orders.selectors import codes
from orders.selectors.access import access_of_user
from orders.services.labels import print_result
from orders.services.scans import AskedScan
from tests.laws.cast import SYSTEM, Killed, at_once, order_of
from tests.orders.bench import BARCODES, Bench, bench, state_of, told, unchanged

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at(clock: FixedClock) -> Bench:
    return bench()


def once_more(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "repeat": True}


def asked_for(at: Bench, act: str) -> tuple[AskedScan, Role]:
    """One scan of each kind that does something."""
    if act == "check":
        return at.asks(act, BARCODES["CR50"], parcel=at.to_check().pk), Role.PICKER
    if act == "wave":
        return at.asks("pack", codes=(at.checked().number, at.to_check().number)), Role.WAREHOUSE_LEAD
    if act == "pack":
        return at.asks(act, at.checked().number), Role.WAREHOUSE_LEAD
    if act == "unknown":
        return at.asks("look", "NOBODY-KNOWS-THIS"), Role.PICKER
    return at.asks(act, at.printed().waybill if act == "ship" else at.labelled().waybill), Role.SHIPPER


def effects() -> tuple[Any, ...]:
    lines = list(PackLine.objects.order_by("pk").values_list("checked_quantity", flat=True))
    return unchanged(), Event.objects.count(), lines


ACTS = ["look", "check", "pack", "wave", "print", "ship", "unknown"]


@pytest.mark.parametrize("act", ACTS)
def test_a_scan_that_is_sent_again_gets_the_same_answer_and_does_nothing(at: Bench, act: str) -> None:
    asked, role = asked_for(at, act)
    first = at.sends(asked, by=role)
    after = effects()
    for _ in range(2):
        assert at.sends(asked, by=role) == once_more(first)
    assert (effects(), Scan.objects.filter(nonce=asked.nonce).count()) == (after, 1)
    assert first["repeat"] is False


@pytest.mark.parametrize("act", ACTS)
def test_one_scan_from_many_threads_at_once_has_one_effect(at: Bench, act: str) -> None:
    asked, role = asked_for(at, act)
    at.who(role)
    answers = at_once([lambda: at.sends(asked, by=role)] * 6)
    assert Counter(answer["repeat"] for answer in answers) == {False: 1, True: 5}
    [first] = [answer for answer in answers if not answer["repeat"]]
    assert all(answer in (first, once_more(first)) for answer in answers)
    assert first["verdict"] in ("pass", "attention") or act == "unknown"
    assert Scan.objects.filter(nonce=asked.nonce).count() == 1
    done = Event.objects.filter(verb__in=("pack", "print", "ship", "lines_checked"), cause=f"scan:{asked.nonce}")
    assert Counter(done.values_list("result", flat=True)) == {
        **({"ok": 1} if act not in ("look", "unknown") else {}),
        **({"refused": 1} if act == "wave" else {}),
    }


def test_many_scans_of_one_parcel_at_once_hand_it_over_once(at: Bench) -> None:
    label = at.printed()
    at.who(Role.SHIPPER)
    answers = at_once([lambda: at.scans("ship", label.waybill, by=Role.SHIPPER)] * 6)
    assert Counter(map(told, answers)) == {("pass", ""): 1, ("same", "already_shipped"): 5}
    assert Event.objects.filter(verb="ship").count() == 1


def test_pieces_counted_at_two_benches_at_once_are_never_too_many(at: Bench) -> None:
    parcel = at.to_check("CREAM-50", "CREAM-50", "CREAM-50")
    at.who(Role.PICKER)
    answers = at_once([lambda: at.scans("check", BARCODES["CR50"], by=Role.PICKER, parcel=parcel.pk)] * 6)
    assert Counter(map(told, answers)) == {("pass", ""): 3, ("wrong", "too_many"): 3}
    assert set(PackLine.objects.values_list("checked_quantity", flat=True)) == {1}
    assert Event.objects.filter(verb="lines_checked").count() == 1


CHANGES: list[Callable[[AskedScan, Bench], dict[str, Any]]] = [
    lambda asked, at: {"code": at.printed().waybill},
    lambda asked, at: {"act": "look"},
    lambda asked, at: {"station": "B7"},
    lambda asked, at: {"scanned_at": asked.scanned_at.replace(microsecond=1)},
    lambda asked, at: {"parcel": 7},
    lambda asked, at: {"printer": "P2"},
]


@pytest.mark.parametrize("change", CHANGES, ids=["code", "act", "station", "time", "parcel", "printer"])
def test_a_nonce_that_was_used_for_another_scan_does_nothing(
    at: Bench, change: Callable[[AskedScan, Bench], dict[str, Any]]
) -> None:
    asked, role = asked_for(at, "ship")
    at.sends(asked, by=role)
    other = AskedScan(**{**vars(asked), **change(asked, at)})
    before = effects()
    answer = at.sends(other, by=role)
    assert (told(answer), answer["parcel"], answer["repeat"]) == (("wrong", "nonce_reused"), None, False)
    assert effects() == before
    assert Scan.objects.filter(nonce=asked.nonce).count() == 1


def test_a_nonce_is_its_sender_s_and_its_device_s(at: Bench) -> None:
    asked, role = asked_for(at, "look")
    first = at.sends(asked, by=role)
    assert told(at.sends(asked, by=at.shop.user(role))) == ("wrong", "nonce_reused")
    elsewhere = at.sends(AskedScan(**{**vars(asked), "device": "PDA-2"}), by=role)
    assert (told(elsewhere), elsewhere["repeat"]) == (told(first), False)


def test_another_company_may_use_the_same_nonce(at: Bench) -> None:
    asked, role = asked_for(at, "look")
    at.sends(asked, by=role)
    there = bench()
    label = there.labelled()
    answer = there.sends(there.asks("look", label.waybill, nonce=asked.nonce), by=role)
    assert (told(answer), answer["repeat"]) == (("pass", ""), False)


@pytest.mark.parametrize("act", ["check", "pack", "wave", "print", "ship"])
def test_killed_before_the_row_is_written_nothing_happened_and_the_scan_can_be_sent_again(
    at: Bench, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, role = asked_for(at, act)
    before = effects()
    with monkeypatch.context() as patch:

        def killed(*arguments: Any, **options: Any) -> None:
            raise Killed

        patch.setattr("orders.services.decide.close", killed)
        with pytest.raises(Killed):
            at.sends(asked, by=role)
    assert (effects(), Scan.objects.filter(nonce=asked.nonce).exists()) == (before, False)
    again = at.sends(asked, by=role)
    assert again["repeat"] is False
    assert again["verdict"] in ("pass", "attention")


# A grant is for one print then --------------------------------------------------------------------------------------


def test_a_granted_print_is_repeated_while_its_claim_is_fresh_and_never_after(at: Bench, clock: FixedClock) -> None:
    asked, role = asked_for(at, "print")
    first = at.sends(asked, by=role)
    clock.advance(seconds=30)
    assert at.sends(asked, by=role) == once_more(first)
    clock.advance(seconds=31)
    late = at.sends(asked, by=role)
    assert (told(late), late["print"], late["repeat"]) == (("stop", "stale_grant"), None, True)
    assert PrintAttempt.objects.count() == 1


def test_a_granted_print_is_not_repeated_after_its_result(at: Bench) -> None:
    asked, role = asked_for(at, "print")
    attempt = at.sends(asked, by=role)["print"]["id"]
    assert print_result(attempt, outcome="printed", cause=SYSTEM).ok
    assert told(at.sends(asked, by=role)) == ("stop", "stale_grant")


# What it costs ------------------------------------------------------------------------------------------------------


def statements(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(1 for query in captured.captured_queries if not query["sql"].startswith(frame))


@pytest.mark.parametrize(("act", "most"), [("look", 19), ("check", 22), ("print", 25), ("ship", 25), ("pack", 25)])
def test_a_scan_asks_a_fixed_number_of_questions(at: Bench, act: str, most: int) -> None:
    costs = set()
    for skus in (("CREAM-50",), ("CREAM-50", "SERUM-30", "LIP-01")):
        parcel = at.to_check(*skus) if act == "check" else at.checked(*skus)
        code = BARCODES["CR50"] if act == "check" else parcel.number
        if act in ("print", "ship"):
            code = (at.printed if act == "ship" else at.labelled)(*skus).waybill
        role = {"check": Role.PICKER, "pack": Role.WAREHOUSE_LEAD}.get(act, Role.SHIPPER)
        asked = at.asks(act, code, parcel=parcel.pk if act == "check" else None)
        user = at.who(role)
        costs.add(statements(lambda asked=asked, user=user: at.sends(asked, by=user)))  # type: ignore[misc]
    # The one piece that completes a parcel leaves an event besides.
    assert max(costs) <= most + (4 if act == "check" else 0)
    assert len(costs) == 1 or act == "check"


def test_a_wave_costs_a_fixed_part_and_a_few_statements_for_each_parcel(at: Bench) -> None:
    user = at.who(Role.WAREHOUSE_LEAD)
    costs = []
    for size in (2, 4):
        asked = at.asks("pack", codes=tuple(at.checked().number for _ in range(size)))
        costs.append(statements(lambda asked=asked: at.sends(asked, by=user)))  # type: ignore[misc]
    assert costs[1] - costs[0] <= 2 * 5
    assert set(map(state_of, Parcel.objects.all())) == {ParcelState.PACKED}


def test_no_code_is_looked_for_through_a_whole_table(at: Bench) -> None:
    label = at.labelled()
    at.of_wave("W1", label.parcel)
    order = order_of(label.parcel)
    access = access_of_user(at.who(Role.PICKER).pk)
    known = (label.waybill, label.parcel.number, order.number, order.platform_order_id, "W1", "CR50", BARCODES["CR50"])
    with CaptureQueriesContext(connection) as captured:
        for code in known:
            assert codes.find(access, code).kind != "unknown"
        assert codes.is_part(access, label.waybill[:-1])
        assert not codes.is_part(access, "NOBODY-KNOWS-THIS")
        codes.find_many(access, known)
        codes.goods_by_code(access, BARCODES["CR50"])
    plans = [plan for query in captured.captured_queries for plan in plan_of(query["sql"])]
    assert len(plans) > 50
    # Of a wave or an order, the few rows that were found are read by their keys.
    assert [plan for plan in plans if "Seq Scan on orders" in plan or plan.startswith("SCAN orders")] == []


def plan_of(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            return [str(row[3]) for row in cursor.fetchall()]
        # A table of three rows is read whole by who may.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("RESET enable_seqscan")
        return plan
