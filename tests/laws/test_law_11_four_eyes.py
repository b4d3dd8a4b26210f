"""Law 11: nobody lifts what they themselves caused. (The CHECK behind it: `tests/orders/test_walls.py`.)"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from orders import clock as towers_clock
from orders.lifecycle import CauseKind, HoldReason, Role
from orders.models import Event, Hold, Order
from orders.services import deadlines
from orders.services.holds import confirm, lift
from orders.services.labels import print_result, request_print
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.vocabulary import Cause, PrintReport
from tests.laws.cast import SYSTEM, Seller, person, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Seller:
    return seller()


@pytest.fixture
def people(shop) -> tuple[User, User, User]:
    """Two at the printers, who are managers as well, and a third manager."""
    first, second = (shop.user(Role.SHIPPER, Role.OPS_MANAGER) for _ in range(2))
    return first, second, shop.user(Role.OPS_MANAGER)


@pytest.fixture
def double(shop, people) -> Hold:
    """The hold of a second print that the second person asked for."""
    first, second, _ = people
    label = shop.labelled()
    assert request_print(label.parcel_id, cause=person(first)).ok
    assert request_print(label.parcel_id, cause=person(second)).code == "duplicate_print"
    return Hold.objects.get()


def decides(by: User, hold: Hold, act: Callable[..., Outcome] = lift) -> str:
    return act(hold.pk, reason="已核实", cause=person(by)).code


def test_law_11_the_hold_names_both_attempters(double, people):
    assert double.four_eyes
    assert (double.first_by, double.caused_by) == people[:2]


@pytest.mark.parametrize("act", [lift, confirm])
@pytest.mark.parametrize("place", [0, 1], ids=["who printed first", "who printed second"])
def test_law_11_neither_attempter_decides(double, people, place, act):
    assert decides(people[place], double, act) == "four_eyes"
    double.refresh_from_db()
    assert (double.state, double.decided_by, double.outcome) == (Hold.State.OPEN, None, "")
    assert Order.objects.get().held
    [refusal] = Event.objects.filter(verb=act.__name__, result="refused")
    assert (refusal.key, refusal.actor) == ("four_eyes", f"person:{people[place].pk}")


def test_law_11_another_manager_lifts_it(double, people):
    assert decides(people[2], double) == "done"
    double.refresh_from_db()
    assert (double.state, double.decided_by) == (Hold.State.LIFTED, people[2])
    assert not Order.objects.get().held


def test_law_11_another_attempt_while_it_is_open_bars_its_maker_too(shop, double, people):
    """Later attempts are rows beside the open hold; who made one is no stranger to it."""
    assert request_print(double.parcel_id, cause=person(people[2])).code in ("duplicate_print", "role")
    late = shop.user(Role.SHIPPER, Role.OPS_MANAGER)
    assert request_print(double.parcel_id, cause=person(late)).code == "duplicate_print"
    assert decides(late, double) == "four_eyes"
    assert Hold.objects.get().state == Hold.State.OPEN


def test_law_11_the_same_person_twice_is_barred(shop, people):
    label = shop.labelled()
    for _ in range(2):
        request_print(label.parcel_id, cause=person(people[0]))
    assert decides(people[0], Hold.objects.get()) == "four_eyes"


def test_law_11_who_printed_before_a_warehouse_printed_again_does_not_lift_it(shop, people):
    label = shop.labelled()
    assert request_print(label.parcel_id, cause=person(people[0])).ok
    report = PrintReport(order=label.parcel.number, printed_at=towers_clock.now(), waybill=label.waybill)
    assert record(shop.fact("print:1", label.parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    hold = Hold.objects.get(reason=HoldReason.DUPLICATE_PRINT)
    assert decides(people[0], hold) == "four_eyes"
    assert decides(people[1], hold) == "done"


def test_law_11_whose_print_has_no_known_outcome_does_not_lift_it(shop, people, clock):
    label = shop.labelled()
    assert request_print(label.parcel_id, cause=person(people[0])).ok
    clock.advance(seconds=61)
    assert deadlines.sweep(now=clock.now()) == 1
    hold = Hold.objects.get(reason=HoldReason.PRINT_UNKNOWN)
    assert decides(people[0], hold) == "four_eyes"
    assert decides(people[1], hold) == "done"


def test_law_11_who_reports_an_unknown_outcome_of_a_print_is_barred_with_its_maker(shop, people):
    label = shop.labelled()
    attempt = request_print(label.parcel_id, cause=person(people[0])).made["attempt"]
    assert print_result(attempt, outcome="unknown", cause=person(people[0])).ok
    assert decides(people[0], Hold.objects.get()) == "four_eyes"


@pytest.mark.parametrize("kind", [CauseKind.SYSTEM, CauseKind.RULE, CauseKind.WMS])
def test_law_11_no_system_lifts_a_hold(double, kind):
    outcome = lift(double.pk, reason="自动", cause=Cause(kind=kind))
    assert outcome.code == "role"
    assert Hold.objects.get().state == Hold.State.OPEN


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OPS_MANAGER])
def test_law_11_no_other_role_lifts_a_hold(shop, double, role):
    assert decides(shop.user(role), double) == "role"
    assert Hold.objects.get().state == Hold.State.OPEN


def test_law_11_a_manager_of_another_company_lifts_nothing(double):
    assert decides(seller().user(Role.OPS_MANAGER), double) == "role"


def test_law_11_a_hold_is_lifted_once(double, people, shop):
    assert decides(people[2], double) == "done"
    assert decides(shop.user(Role.OPS_MANAGER), double) == "illegal_move"
    assert Hold.objects.get().decided_by == people[2]
