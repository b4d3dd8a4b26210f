"""Notes and flags: the newest by the source's time, an event for each change, and a note is read in one wording."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orders.lifecycle import CauseKind, Role
from orders.models import Event, Hold, Order
from orders.services.holds import lift
from orders.services.record import record
from orders.vocabulary import Cause, Fact
from tests.laws.cast import person
from tests.orders import factories
from tests.orders.test_new_orders_together import PLATFORM, shop, sold

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


def picture(shop: Any, clock: Any, minutes: int, **notes: str) -> Fact:
    fact = sold(shop, "N1", clock, modified_at=clock.now() + timedelta(minutes=minutes), **notes)
    return replace(fact, key=f"order:N1:{minutes}", body_hash=f"{minutes:032d}")


def open_notes() -> int:
    return Hold.objects.filter(reason="note_unread", state="open").count()


def test_the_newest_note_by_the_source_wins_whatever_came_last(shop, clock):
    for minutes, memo, flag in ((0, "", ""), (5, "改发顺丰", "1"), (3, "改发圆通", "2")):
        fact = picture(shop, clock, minutes, seller_note=memo, seller_flag=flag)
        assert record(fact, cause=PLATFORM).ok
    order = Order.objects.get()
    assert (order.seller_note, order.seller_flag) == ("改发顺丰", "1")


def test_a_change_leaves_an_event_that_names_what_changed_and_not_what_it_says(shop, clock):
    for minutes, notes in ((0, {}), (1, {"seller_note": "请用 13800001111"}), (2, {"seller_note": "请用 13800001111"})):
        assert record(picture(shop, clock, minutes, **notes), cause=PLATFORM).ok
    [event] = Event.objects.filter(verb="note_changed")
    assert event.facts == {"changed": ["seller_note"], "flag": ""}
    assert not any("13800001111" in str(row) for row in Event.objects.values_list("facts", "reason", "key"))


def test_a_note_that_was_read_stays_read_until_its_wording_changes(shop, clock):
    assert record(picture(shop, clock, 0, buyer_note="放门口"), cause=PLATFORM).ok
    hold = Hold.objects.get(reason="note_unread")
    assert "放门口" not in hold.key
    cs = person(factories.user(Role.OPS_MANAGER, shop.company))
    assert lift(hold.pk, reason="已读", cause=cs).ok
    assert record(picture(shop, clock, 1, buyer_note="放门口", seller_flag="1"), cause=PLATFORM).ok
    assert open_notes() == 0
    assert record(picture(shop, clock, 2, buyer_note="不要放门口", seller_flag="1"), cause=PLATFORM).ok
    assert open_notes() == 1
    assert record(picture(shop, clock, 3, buyer_note="", seller_flag="1"), cause=PLATFORM).ok
    assert open_notes() == 0


@pytest.mark.parametrize("arrival", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_open_hold_is_about_the_newest_note_in_every_order_of_arrival(shop, clock, arrival):
    notes = ["放门口", "不要放门口", "放快递柜"]
    for minutes in arrival:
        assert record(picture(shop, clock, minutes, buyer_note=notes[minutes]), cause=PLATFORM).ok
    assert open_notes() == 1
    again = Cause(kind=CauseKind.PLATFORM, source="淘宝")
    assert record(picture(shop, clock, 2, buyer_note=notes[2]), cause=again).code == "repeat"


def test_a_shop_that_does_not_stop_on_notes_is_not_held(shop, clock):
    shop.stops_on_note = False
    shop.save()
    assert record(picture(shop, clock, 0, buyer_note="放门口"), cause=PLATFORM).ok
    assert open_notes() == 0
