"""Law 6: while an order is held every command is refused except those that the law names, whatever the door."""

import inspect
from collections.abc import Callable
from types import ModuleType

import pytest

from integrations import jobs
from integrations.models import Job
from orders.lifecycle import ALLOWED_WHILE_HELD, LabelState, Move, OrderState, Role
from orders.models import Label, PrintAttempt
from orders.services import cases, holds, labels, move
from orders.services.outcome import Outcome
from tests.lifecycle.scene import WHO, Scene, done, everything, scene, undone
from tests.lifecycle.table import ORDER, PARCEL, Row
from tests.orders.test_cases import asks_for_another_address

pytestmark = pytest.mark.django_db

# Review, hold, cancel, void: by the names of the moves; "answer" is the answer to an address change or an intercept.
# A put-back is a task that void and cancel leave.
NAMED_BY_THE_LAW = {"cancel", "void", "hold", "lift", "confirm", "answer"}
Ask = Callable[[Scene], Outcome]


def by_who_may(row: Row, state: str) -> str:
    return next(who for who in WHO if row.permits(who, state))


def every_move(on: Scene) -> dict[str, Ask]:
    return {name: lambda on, n=name, r=row: on.moves(n, by_who_may(r, on.order.state)) for name, row in ORDER.items()}


def every_parcel_move(on: Scene) -> dict[str, Ask]:
    return {
        name: lambda on, n=name, r=row: on.moves_parcel(n, by_who_may(r, on.parcel.state))
        for name, row in PARCEL.items()
    }


def asks_a_print(on: Scene) -> Outcome:
    return labels.request_print(on.parcel.pk, cause=on.cause(Role.SHIPPER), station="A3", printer="P1")


def places_a_hold(on: Scene) -> Outcome:
    return holds.place_hold(on.order.pk, note="再看一眼", cause=on.cause(Role.CS))


def confirms(on: Scene) -> Outcome:
    return holds.confirm(on.order.holds.earliest("pk").pk, reason="属实", cause=on.cause(Role.OPS_MANAGER))


def lifts(on: Scene) -> Outcome:
    return holds.lift(on.order.holds.earliest("pk").pk, reason="已核实", cause=on.cause(Role.OPS_MANAGER))


def answers(on: Scene) -> Outcome:
    asks_for_another_address(on.order)
    [case] = on.order.addresschanges.filter(state="open")
    return cases.answer_request("address", case.pk, accepted=False, cause=on.cause(Role.CS))


def decides(on: Scene) -> Outcome:
    asks_for_another_address(on.order)
    return cases.decide_request(on.order.pk, kind="address", request_id="R1", cause=on.cause(Role.CS))


# Every command of the services and how it is asked; a new one must be put here, or into one of the two lists below.
COMMANDS: dict[str, Callable[[Scene], dict[str, Ask]]] = {
    "move.move": every_move,
    "move.move_parcel": every_parcel_move,
    "labels.request_waybill": lambda on: {"waybill": Scene.asks_waybill},
    "labels.request_print": lambda on: {"print": asks_a_print},
    "holds.place_hold": lambda on: {"hold": places_a_hold},
    "holds.lift": lambda on: {"lift": lifts},
    "holds.confirm": lambda on: {"confirm": confirms},
    "cases.answer_request": lambda on: {"answer": answers},
    "cases.decide_request": lambda on: {"answer": decides},
}
# What has already happened elsewhere, which is recorded under any hold (law 4).
FACTS = {"labels.waybill_issued", "labels.waybill_failed", "labels.print_result"}
# Parts of other services: they need an open dossier and are no doors' business.
PARTS = {
    "labels.decide_print",
    "labels.describe",
    "labels.finish_print",
    "holds.open_hold",
    "holds.withdraw",
    "holds.who_caused",
    "move.decide_parcel_move",
    "cases.cases_of",
    "cases.close_what_came_true",
    "cases.open_requests",
    "cases.take_request",
}


def public_functions(module: ModuleType) -> set[str]:
    name = module.__name__.rpartition(".")[2]
    found = inspect.getmembers(module, inspect.isfunction)
    return {f"{name}.{each}" for each, code in found if code.__module__ == module.__name__ and each[0] != "_"}


def test_every_public_service_is_known_as_command_fact_or_part() -> None:
    there = set().union(*(public_functions(module) for module in (move, labels, holds, cases)))
    assert there == {*COMMANDS, *FACTS, *PARTS}


def possible(on: Scene, command: str) -> bool:
    return bool(on.parcels) or not command.startswith(("labels.", "move.move_parcel"))


@pytest.mark.parametrize("state", [state for state in OrderState.values if state != OrderState.PENDING_PAYMENT])
def test_a_held_order_refuses_every_command_but_those_of_the_law(state: str, clock: object) -> None:
    on = scene()
    on.reach(state)
    on.holds_it()
    rows = everything()
    asks = {
        name: ask
        for command, named in COMMANDS.items()
        if possible(on, command)
        for name, ask in [(f"{command} {move_name}", each) for move_name, each in named(on).items()]
    }
    wrong = []
    for name, ask in asks.items():
        with undone():
            outcome, allowed = ask(on), name.rpartition(" ")[2] in NAMED_BY_THE_LAW
            if allowed:
                # What the law lets through may still lead nowhere from this state.
                good = outcome.code in ("done", "illegal_move")
            elif outcome.code == "duplicate_print":
                # A printed label: refused for a reason of its own, which locks the order once more.
                good = "print" in name and on.open_reasons() == ["duplicate_print", "manual"]
            else:
                good = outcome.code == "held" and bool(outcome.holds) and everything() == rows
        wrong += [] if good else [f"{name}: {outcome.code} {outcome.detail}"]
    assert wrong == []


def test_the_law_and_the_code_name_the_same_moves() -> None:
    assert set(ALLOWED_WHILE_HELD) == NAMED_BY_THE_LAW


def test_a_live_label_is_not_printed_while_the_order_is_held(clock: object) -> None:
    on = with_a_live_label()
    on.holds_it()
    outcome = asks_a_print(on)
    assert outcome.code == "held"
    assert on.label.state == LabelState.LIVE
    assert not PrintAttempt.objects.exists()
    on.lifts_all()
    assert asks_a_print(on).ok


def test_what_has_happened_is_recorded_under_a_hold(clock: object) -> None:
    on = with_a_live_label()
    attempt = done(asks_a_print(on)).made["attempt"]
    on.holds_it()
    assert labels.print_result(attempt, outcome="printed", cause=on.cause("system")).code == "done"
    assert on.label.state == LabelState.PRINTED


def test_a_number_that_comes_while_the_order_is_held_is_kept(clock: object) -> None:
    on = scene()
    on.reach(OrderState.TO_PICK)
    done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    label = done(on.asks_waybill()).made["label"]
    on.holds_it()
    issued = labels.waybill_issued(label, carrier="yto", waybill="YT9", cause=on.cause("courier"))
    assert issued.code == "done"
    assert (on.label.state, on.label.waybill) == (LabelState.LIVE, "YT9")


@pytest.mark.parametrize(
    ("kind", "state"), [("release_order", OrderState.PAID), ("request_waybill", OrderState.TO_PICK)]
)
def test_a_task_is_refused_like_a_person(kind: str, state: str, clock: object) -> None:
    on = scene()
    on.reach(state)
    if state == OrderState.TO_PICK:
        done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    on.holds_it()
    rows = everything()
    parcel = on.parcels[-1].pk if on.parcels else None
    jobs.plan(kind, f"{kind}:1", order_id=on.order.pk, payload={"parcel": parcel})
    job = Job.objects.get(kind=kind)
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["code"]) == ("done", "held")
    assert everything() == rows
    assert not Label.objects.exists()


def with_a_live_label() -> Scene:
    on = scene()
    on.reach(OrderState.TO_PICK)
    done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    label = done(on.asks_waybill()).made["label"]
    done(labels.waybill_issued(label, carrier="yto", waybill="YT8", cause=on.cause("courier")))
    return on


def test_every_hold_must_be_lifted_before_the_order_goes_on(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PAID)
    first, second = on.holds_it(), on.holds_it("note_unread")
    assert on.moves("release", Role.CS).holds == (first, second)
    done(holds.lift(first, reason="已核实", cause=on.cause(Role.OPS_MANAGER)))
    assert on.moves("release", Role.CS).code == "held"
    done(holds.lift(second, reason="已核实", cause=on.cause(Role.OPS_MANAGER)))
    assert on.moves("release", Role.CS).ok
    assert Move.RELEASE in on.verbs()
