"""Every state × move × role or system, of orders and parcels, held and not: it moves, or nothing at all changed."""

from typing import Any

import pytest

from orders.lifecycle import ORDER_MOVES, PARCEL_MOVES, CauseKind, Move, OrderState, ParcelState, Role
from orders.models import Event, Order, Parcel
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from tests.lifecycle.scene import WHO, Scene, everything, scene, undone
from tests.lifecycle.table import ORDER, ORDER_OF_PARCEL, PARCEL, Row

pytestmark = pytest.mark.django_db
TABLES = {"order": ORDER, "parcel": PARCEL}
# Moves that an order or a parcel does not have: whoever asks, they lead nowhere.
NOT_OF_AN_ORDER = sorted(set(map(str, Move)) - set(ORDER) - set(PARCEL))
NOT_OF_A_PARCEL = sorted(set(map(str, Move)) - set(PARCEL))


def expected(row: Row, state: str, who: str, held: bool) -> str:
    """done, or the code of the no. Who may not ask is told only that; then comes the hold, then the graph."""
    if not row.permits(who, state):
        return "role"
    if held and not row.while_held:
        return "held"
    return "done" if state in row.path else "illegal_move"


def problems_of_a_yes(on: Scene, outcome: Outcome, name: str, state: str, subject: str, before: Order) -> list[str]:
    row = TABLES[subject][name]
    wanted, after = row.path[state], on.order
    parcel = on.parcel if subject == "parcel" else None
    events = on.events(after=before.event_seq)
    moved = [
        event
        for event in events
        if (event.from_state, event.to_state) == (state, wanted)
        and event.result == Event.Result.OK
        and event.verb == name
        # A release names the parcel that it made; the order's other moves name none.
        and (parcel is None) == (event.parcel_id is None or name == "release")
    ]
    verbs = [event.verb for event in events]
    good = {
        "answer": (outcome.ok, outcome.code, outcome.version) == (True, "done", after.version),
        "state": (parcel.state if parcel else after.state) == wanted,
        "order": after.state == (ORDER_OF_PARCEL[wanted] if parcel else wanted),
        f"events {verbs}": verbs == row.writes[state],
        "one event of the move": len(moved) == 1,
        "version": after.version == before.version + len(row.writes[state]),
        "who": all(event.act_id == events[0].act_id and event.actor == events[0].actor for event in events),
    }
    return [what for what, is_so in good.items() if not is_so]


def problems_of_a_no(
    on: Scene, outcome: Outcome, code: str, state: str, name: str, before: Order, rows: dict[str, Any]
) -> list[str]:
    events = on.events(after=before.event_seq)
    good = {
        f"code {outcome.code}": (outcome.ok, outcome.code) == (False, code),
        "says why": bool(outcome.detail and outcome.reasons),
        "nothing changed": everything() == rows,
        "one event": len(events) == 1,
        "a refusal event": all(
            (event.verb, event.result, event.key, event.from_state, event.to_state)
            == (name, Event.Result.REFUSED, code, state, state)
            for event in events
        ),
        "named": bool(events) and outcome.event_id == events[0].pk,
    }
    return [what for what, is_so in good.items() if not is_so]


def try_every_cell(on: Scene, subject: str, state: str, held: bool) -> list[str]:
    before, rows, wrong = on.order, everything(), []
    for name, row in TABLES[subject].items():
        # Who may not ask is refused before the hold is looked at: under a hold two stand for them all.
        askers = [who for who in WHO if not held or row.permits(who, state) or who in (Role.PICKER, CauseKind.WMS)]
        for who in askers:
            code = expected(row, state, who, held)
            with undone():
                outcome = on.moves(name, who) if subject == "order" else on.moves_parcel(name, who)
                if code == "done":
                    problems = problems_of_a_yes(on, outcome, name, state, subject, before)
                else:
                    problems = problems_of_a_no(on, outcome, code, state, name, before, rows)
            wrong += [f"{name} by {who} wanted {code}: {', '.join(problems)}"] if problems else []
    return wrong


@pytest.mark.parametrize("held", [False, True], ids=["free", "held"])
@pytest.mark.parametrize("state", OrderState.values)
def test_an_order_moves_as_the_table_says_or_not_at_all(state: str, held: bool, clock: object) -> None:
    on = scene()
    on.reach(state)
    if held:
        on.holds_it()
    assert (on.order.state, on.order.held) == (state, held)
    assert try_every_cell(on, "order", state, held) == []


@pytest.mark.parametrize("held", [False, True], ids=["free", "held"])
@pytest.mark.parametrize("state", ParcelState.values)
def test_a_parcel_moves_as_the_table_says_or_not_at_all(state: str, held: bool, clock: object) -> None:
    on = scene()
    on.reach_parcel(state)
    if held:
        on.holds_it()
    assert (on.parcel.state, on.order.state, on.order.held) == (state, ORDER_OF_PARCEL[state], held)
    assert try_every_cell(on, "parcel", state, held) == []


def test_an_act_that_is_no_move_of_it_is_refused_to_everybody(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    before, rows, wrong = on.order, everything(), []
    for name in [*NOT_OF_AN_ORDER, "follow_parcels", "reappear", "__class__"]:
        with undone():
            outcome = on.moves(name, Role.OPS_MANAGER)
            wrong += problems_of_a_no(on, outcome, "illegal_move", "", name, before, rows)
    for name in [*NOT_OF_A_PARCEL, "reappear"]:
        with undone():
            outcome = on.moves_parcel(name, Role.WAREHOUSE_LEAD)
            wrong += problems_of_a_no(on, outcome, "illegal_move", "", name, before, rows)
    assert wrong == []


@pytest.mark.parametrize("name", sorted(set(PARCEL) - set(ORDER)))
def test_a_parcel_move_asked_on_an_order_acts_on_its_only_living_parcel(name: str, clock: object) -> None:
    row = PARCEL[name]
    state, target = next(iter(row.path.items()))
    on = scene()
    on.reach_parcel(state)
    outcome = on.moves(name, next(iter([*row.roles, *row.causes])))
    assert outcome.code == "done"
    assert on.parcel.state == target


def test_a_parcel_move_asked_on_an_order_without_a_parcel_says_which_parcel(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PAID)
    rows = everything()
    outcome = on.moves("pack", Role.WAREHOUSE_LEAD)
    assert (outcome.ok, outcome.code) == (False, "which_parcel")
    assert everything() == rows


def test_a_person_without_any_role_in_the_company_is_refused(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PAID)
    stranger = scene()
    on.people = stranger.people
    rows = everything()
    assert {on.moves("release", role).code for role in Role} == {"role"}
    assert everything() == rows


def test_a_stale_version_is_refused_and_the_current_one_goes_through(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PAID)
    rows, version = everything(), on.order.version
    stale = on.moves("release", Role.CS, version=version - 1)
    assert (stale.ok, stale.code, stale.version) == (False, "stale", version)
    assert everything() == rows
    assert on.moves("release", Role.CS, version=version).ok


def test_an_order_or_parcel_that_does_not_exist_is_not_found(clock: object) -> None:
    on = scene()
    on.reach(OrderState.TO_PICK)
    events = Event.objects.count()
    asked = (
        move(Order.objects.latest("pk").pk + 1, "release", cause=on.cause(Role.CS)),
        move_parcel(Parcel.objects.latest("pk").pk + 1, "pack", cause=on.cause(Role.WAREHOUSE_LEAD)),
    )
    assert [(outcome.ok, outcome.code) for outcome in asked] == [(False, "not_found")] * 2
    assert Event.objects.count() == events


def test_the_table_speaks_of_every_move_and_every_asker() -> None:
    assert set(ORDER) == set(map(str, ORDER_MOVES))
    assert set(PARCEL) == set(map(str, PARCEL_MOVES))
    assert len(WHO) == len(Role) + len(CauseKind) == 16
