"""The buttons of a page agree with the decision: what is offered is granted, and what is not would be refused."""

from collections.abc import Callable

import pytest

from orders.lifecycle import HoldReason, Role
from orders.models import Order
from orders.services.allowed import allowed_acts
from orders.services.decide import Question, judge
from orders.services.dossier import load
from orders.services.holds import place_hold
from tests.admin.world import Seller


def unpaid(seller: Seller) -> Order:
    return seller.sells("1", unpaid=True)


def paid(seller: Seller) -> Order:
    return seller.sells("1")


def unmapped(seller: Seller) -> Order:
    order = seller.sells("1")
    order.lines.update(sku="UNKNOWN")
    return order


def to_pick(seller: Seller) -> Order:
    order = seller.sells("1")
    seller.releases(order)
    return order


def unchecked(seller: Seller) -> Order:
    seller.warehouse.checks_lines = True
    seller.warehouse.save()
    return to_pick(seller)


def packed(seller: Seller) -> Order:
    order = seller.sells("1")
    seller.packs(order)
    return order


def labelled(seller: Seller) -> Order:
    order = seller.sells("1")
    seller.labels(order, "YT1")
    return order


def printed(seller: Seller) -> Order:
    order = seller.sells("1")
    seller.prints(order, "YT1")
    return order


def held(seller: Seller) -> Order:
    order = packed(seller)
    place_hold(order.pk, reason=HoldReason.MANUAL, note="等客户回电", cause=seller.cause(Role.CS))
    return order


def shipped_early(seller: Seller) -> Order:
    order = seller.sells("1")
    seller.warehouse_says(order, "shipped")
    return order


STORIES = [unpaid, paid, unmapped, to_pick, unchecked, packed, labelled, printed, held, shipped_early]


@pytest.mark.parametrize("role", [Role.CS, Role.OPS_MANAGER, Role.WAREHOUSE_LEAD, Role.SHIPPER, Role.AUDITOR])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_button_is_offered_exactly_where_the_decision_is_yes(
    seller: Seller, story: Callable[[Seller], Order], role: Role
) -> None:
    order = Order.objects.get(pk=story(seller).pk)
    [dossier] = load([order], cause=seller.cause(role))
    acts = allowed_acts(dossier)
    assert acts
    for act in acts:
        instance = {"order": order, "parcel": act.parcel}.get(act.subject)
        question = Question(subject=act.subject, move=act.move, parcel=act.parcel, reason="说明", instance=instance)
        verdict = judge(dossier, question)
        assert verdict.yes == act.possible, (act.key, verdict.detail, act.reasons)
        assert (verdict.code == "role") == (not act.permitted), act.key
