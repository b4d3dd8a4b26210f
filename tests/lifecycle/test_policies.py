"""TransitionPolicy: 运营主管 changes who may, what it needs, and whether a second person must agree, without code."""

from dataclasses import replace
from typing import Any

import pytest

from orders.clock import FixedClock
from orders.lifecycle import DEFAULT_POLICIES, HoldReason, LabelState, Need, OrderState, ParcelState, Role
from orders.models import Hold, Order, TransitionPolicy
from orders.services import cases, holds, labels
from orders.services.outcome import Outcome
from orders.services.policy_changes import change_policy, default_values
from tests.lifecycle.scene import Scene, done, everything, scene
from tests.orders import factories
from tests.orders.test_cases import asks_for_another_address

pytestmark = pytest.mark.django_db
TO_PICK = OrderState.TO_PICK


def says(on: Scene, act: str, *, warehouse: bool = False, **changes: Any) -> None:
    """运营主管 changes one act, in the whole company or in the order's warehouse."""
    shop = on.stage.shop
    outcome = change_policy(
        company_id=shop.company_id,
        act=act,
        values=replace(default_values(act), **changes),
        warehouse_id=shop.warehouse_id if warehouse else None,
        cause=on.cause(Role.OPS_MANAGER),
    )
    assert outcome.code in ("done", "repeat")


def packs(on: Scene, who: str = Role.WAREHOUSE_LEAD, **more: Any) -> Outcome:
    return on.moves_parcel("pack", who, **more)


def ready_to_pack(**warehouse: Any) -> Scene:
    on = scene(**warehouse)
    on.reach(TO_PICK)
    return on


def another(on: Scene, role: Role) -> str:
    """A second person of the same role; their name in the cast."""
    name = f"another {role}"
    on.people[name] = factories.user(role, on.stage.shop.company)
    return name


# Who may ------------------------------------------------------------------------------------------------------------
def test_a_company_row_lets_others_in_and_keeps_the_default_out(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", roles=(str(Role.SHIPPER),))
    rows = everything()
    assert packs(on).code == "role"
    assert everything() == rows
    assert packs(on, Role.SHIPPER).ok


def test_a_warehouse_row_wins_over_the_companys(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", roles=(str(Role.SHIPPER),))
    says(on, "parcel.pack", warehouse=True, roles=(str(Role.PICKER),))
    assert packs(on, Role.SHIPPER).code == "role"
    assert packs(on).code == "role"
    assert packs(on, Role.PICKER).ok


def test_the_row_of_the_warehouse_where_an_order_would_go_counts_at_its_release(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PAID)
    says(on, "order.release", warehouse=True, roles=(str(Role.WAREHOUSE_LEAD),))
    on.people["lead here"] = factories.user(Role.WAREHOUSE_LEAD, warehouse=on.stage.shop.warehouse)
    assert on.moves("release", Role.CS).code == "role"
    assert on.moves("release", "lead here").ok


def test_another_warehouses_row_says_nothing_here(clock: object) -> None:
    on = ready_to_pack()
    elsewhere = factories.warehouse(on.stage.shop.company)
    TransitionPolicy.objects.create(
        company=on.stage.shop.company, warehouse=elsewhere, act="parcel.pack", roles=[str(Role.PICKER)], needs=[]
    )
    assert packs(on, Role.PICKER).code == "role"
    assert packs(on).ok


def test_another_companys_row_says_nothing_here(clock: object) -> None:
    on = ready_to_pack()
    says(scene(), "parcel.pack", roles=(str(Role.PICKER),))
    assert packs(on, Role.PICKER).code == "role"
    assert packs(on).ok


def test_a_disabled_row_leaves_the_default(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", roles=(str(Role.PICKER),))
    says(on, "parcel.pack", roles=(str(Role.PICKER),), enabled=False)
    assert packs(on, Role.PICKER).code == "role"
    assert packs(on).ok


def test_a_disabled_warehouse_row_leaves_the_companys(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", roles=(str(Role.SHIPPER),))
    says(on, "parcel.pack", warehouse=True, roles=(str(Role.PICKER),), enabled=False)
    assert packs(on, Role.PICKER).code == "role"
    assert packs(on, Role.SHIPPER).ok


def test_a_row_lets_a_system_ask_what_only_people_could(clock: object) -> None:
    on = ready_to_pack()
    assert packs(on, "erp").code == "role"
    says(on, "parcel.pack", causes=("erp",))
    assert packs(on, "erp").ok


def test_a_role_held_in_another_warehouse_is_none_here(clock: object) -> None:
    on = ready_to_pack()
    elsewhere = factories.warehouse(on.stage.shop.company)
    on.people["lead elsewhere"] = factories.user(Role.WAREHOUSE_LEAD, warehouse=elsewhere)
    on.people["lead here"] = factories.user(Role.WAREHOUSE_LEAD, warehouse=on.stage.shop.warehouse)
    assert packs(on, "lead elsewhere").code == "role"
    assert packs(on, "lead here").ok


def test_a_person_who_left_may_nothing(clock: object) -> None:
    on = ready_to_pack()
    lead = on.people[Role.WAREHOUSE_LEAD]
    lead.is_active = False
    lead.save()
    assert packs(on).code == "role"


def test_only_the_manager_changes_who_may(clock: object) -> None:
    on = ready_to_pack()
    for role in set(Role) - {Role.OPS_MANAGER}:
        outcome = change_policy(
            company_id=on.stage.shop.company_id,
            act="parcel.pack",
            values=replace(default_values("parcel.pack"), roles=(str(role),)),
            cause=on.cause(role),
        )
        assert outcome.code == "role", role
    assert not TransitionPolicy.objects.exists()


def test_a_packed_order_is_cancelled_by_the_manager_whatever_else_a_row_allows(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    says(on, "order.cancel", roles=(str(Role.CS), str(Role.PICKER), str(Role.OPS_MANAGER)))
    assert on.moves("cancel", Role.PICKER).code == "role"
    assert on.moves("cancel", Role.OPS_MANAGER).ok


# What it needs ------------------------------------------------------------------------------------------------------
def test_a_need_that_a_row_drops_stops_nothing_any_more(clock: object) -> None:
    on = ready_to_pack(checks_lines=True)
    assert packs(on).reasons[0].code == Need.LINES_CHECKED
    says(on, "parcel.pack", needs=())
    assert packs(on).ok


def test_a_need_that_a_row_adds_stops_the_move(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", needs=(str(Need.REASON_GIVEN),))
    rows = everything()
    assert [reason.code for reason in packs(on, reason="").reasons] == [Need.REASON_GIVEN]
    assert everything() == rows
    assert packs(on, reason="已核对").ok


@pytest.mark.parametrize("act", ["order.release", "parcel.pack", "parcel.ship", "label.waybill", "label.print"])
def test_no_row_lets_a_held_order_go_on(act: str, clock: object) -> None:
    """Law 6 stands above policy, though the row names every role and no need."""
    subject, name = act.split(".")
    on = scene()
    if name == "release":
        on.reach(OrderState.PAID)
    else:
        on.reach(TO_PICK)
    says(on, act, roles=tuple(map(str, Role)), needs=())
    on.holds_it()
    rows = everything()
    for role in Role:
        if subject == "order":
            outcome = on.moves(name, role)
        elif subject == "parcel":
            outcome = on.moves_parcel(name, role)
        elif name == "waybill":
            outcome = on.asks_waybill(role)
        else:
            outcome = labels.request_print(on.parcel.pk, cause=on.cause(role))
        assert outcome.code == "held"
    assert everything() == rows


def test_no_row_changes_the_graph(clock: object) -> None:
    on = scene()
    on.reach(TO_PICK)
    says(on, "parcel.ship", roles=tuple(map(str, Role)), needs=())
    assert on.moves_parcel("ship", Role.WAREHOUSE_LEAD).code == "illegal_move"
    assert on.parcel.state == ParcelState.TO_PICK


@pytest.mark.parametrize(("subject", "name"), DEFAULT_POLICIES)
def test_every_act_can_be_given_to_somebody_else(subject: str, name: str, clock: object) -> None:
    """The row is read for each of them: who may by default may no more."""
    on = scene()
    on.reach(OrderState.PACKED)
    hold = on.holds_it()
    case = asks_for_another_address(on.order)
    says(on, f"{subject}.{name}", roles=(str(Role.INTEGRATOR),), causes=())
    cause = on.cause(Role.OPS_MANAGER)
    asks = {
        "order": lambda: on.moves(name, Role.OPS_MANAGER),
        "parcel": lambda: on.moves_parcel(name, Role.WAREHOUSE_LEAD),
        "label": lambda: (
            on.asks_waybill() if name == "waybill" else labels.request_print(on.parcel.pk, cause=on.cause(Role.SHIPPER))
        ),
        "hold": lambda: {
            "hold": lambda: holds.place_hold(on.order.pk, note="再看", cause=cause),
            "lift": lambda: holds.lift(hold, reason="核实", cause=cause),
            "confirm": lambda: holds.confirm(hold, reason="属实", cause=cause),
        }[name](),
        "case": lambda: cases.answer_request("address", case.pk, accepted=False, cause=cause),
    }
    rows = everything()
    assert asks[subject]().code == "role"
    assert everything() == rows


# A second person ----------------------------------------------------------------------------------------------------
def test_the_first_is_told_that_another_must_agree_and_nothing_moves(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", second_person=True)
    rows, seq = everything(), on.order.event_seq
    first = packs(on)
    assert (first.ok, first.code) == (False, "four_eyes")
    assert "第二人" in first.detail
    assert everything() == rows
    (event,) = on.events(after=seq)
    assert (event.result, event.key, event.actor) == (
        "refused",
        "four_eyes",
        f"person:{on.people[Role.WAREHOUSE_LEAD].pk}",
    )


def test_the_second_persons_same_request_goes_through(clock: FixedClock) -> None:
    on = ready_to_pack()
    second, version = another(on, Role.WAREHOUSE_LEAD), on.order.version
    says(on, "parcel.pack", second_person=True)
    assert packs(on, version=version).code == "four_eyes"
    clock.advance(minutes=9)
    assert packs(on, second, version=version).ok
    assert on.parcel.packed_by == on.people[second]


def test_the_same_person_twice_is_still_one(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", second_person=True)
    assert [packs(on).code for _ in range(3)] == ["four_eyes"] * 3
    assert on.parcel.state == ParcelState.TO_PICK


def test_an_agreement_of_more_than_ten_minutes_ago_is_none(clock: FixedClock) -> None:
    on = ready_to_pack()
    second = another(on, Role.WAREHOUSE_LEAD)
    says(on, "parcel.pack", second_person=True)
    assert packs(on).code == "four_eyes"
    clock.advance(minutes=10, seconds=1)
    assert packs(on, second).code == "four_eyes"
    assert packs(on).ok


def test_an_agreement_to_what_the_order_was_before_it_changed_is_none(clock: object) -> None:
    on = ready_to_pack()
    second = another(on, Role.WAREHOUSE_LEAD)
    says(on, "parcel.pack", second_person=True)
    assert packs(on).code == "four_eyes"
    on.hears("noted", 7, seller_note="送礼盒")
    assert packs(on, second).code == "four_eyes"


def test_who_may_not_does_not_count_as_the_first(clock: object) -> None:
    on = ready_to_pack()
    says(on, "parcel.pack", second_person=True)
    assert packs(on, Role.PICKER).code == "role"
    assert packs(on).code == "four_eyes"


def test_an_agreement_to_one_act_is_none_to_another(clock: object) -> None:
    on = ready_to_pack()
    second = another(on, Role.WAREHOUSE_LEAD)
    for act in ("parcel.pack", "parcel.void"):
        says(on, act, second_person=True)
    assert packs(on).code == "four_eyes"
    assert on.moves_parcel("void", second).code == "four_eyes"


def test_what_is_missing_is_said_before_a_second_person_is_asked(clock: object) -> None:
    on = ready_to_pack(checks_lines=True)
    second = another(on, Role.WAREHOUSE_LEAD)
    says(on, "parcel.pack", second_person=True)
    assert packs(on).code == "illegal_move"
    assert packs(on, second).code == "illegal_move"


def test_an_agreement_to_lift_one_hold_is_none_to_another(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PAID)
    second = another(on, Role.OPS_MANAGER)
    one, other = on.holds_it(), on.holds_it(HoldReason.NOTE_UNREAD)
    says(on, "hold.lift", second_person=True)
    assert holds.lift(one, reason="已核实", cause=on.cause(Role.OPS_MANAGER)).code == "four_eyes"
    assert holds.lift(other, reason="已读", cause=on.cause(second)).code == "four_eyes"
    assert holds.lift(one, reason="已核实", cause=on.cause(second)).ok


def test_who_caused_a_hold_does_not_count_as_the_first_to_lift_it(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    says(on, "hold.lift", second_person=True)
    says(on, "label.print", roles=(str(Role.OPS_MANAGER),))
    for name in ("second", "third"):
        on.people[name] = factories.user(Role.OPS_MANAGER, on.stage.shop.company)
    again = labels.request_print(on.parcel.pk, cause=on.cause(Role.OPS_MANAGER))
    assert again.code == "duplicate_print"
    hold, order_of_asking = again.made["hold"], (Role.OPS_MANAGER, "second", "third")
    codes = [holds.lift(hold, reason="已核实", cause=on.cause(who)).code for who in order_of_asking]
    assert codes == ["four_eyes", "four_eyes", "done"]
    assert Hold.objects.get(pk=hold).decided_by == on.people["third"]


def test_who_caused_a_hold_never_lifts_it_even_as_the_second(clock: object) -> None:
    on = scene()
    on.reach(OrderState.PACKED)
    second = another(on, Role.OPS_MANAGER)
    says(on, "hold.lift", second_person=True)
    says(on, "label.print", roles=(str(Role.OPS_MANAGER),))
    hold = labels.request_print(on.parcel.pk, cause=on.cause(second)).made["hold"]
    assert holds.lift(hold, reason="已核实", cause=on.cause(Role.OPS_MANAGER)).code == "four_eyes"
    assert holds.lift(hold, reason="已核实", cause=on.cause(second)).code == "four_eyes"
    assert Hold.objects.get(pk=hold).state == "open"


def test_a_second_person_for_a_waybill(clock: object) -> None:
    on = ready_to_pack()
    second = another(on, Role.SHIPPER)
    done(packs(on))
    says(on, "label.waybill", second_person=True)
    assert on.asks_waybill().code == "four_eyes"
    assert not Order.objects.filter(lines__parcel_lines__parcel__labels__isnull=False).exists()
    assert on.asks_waybill(second).ok
    assert on.label.state == LabelState.REQUESTED
