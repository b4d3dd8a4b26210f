"""Lives that are allowed, if unusual: they must give no alarm."""

import json
from typing import Any
from urllib.parse import urlencode

from .planting import Fault, change, change_facts, last, ship_by_command, without, word_of
from .small_shop import LONG_AGO, Line, SmallShop


def voided_label_and_the_next(shop: SmallShop) -> None:
    shop.event("order:3", "label_voided", "person:1", {"label": 3}, parcel=3, role="ops_manager", reason="torn")
    shop.labelled(3, label=33, generation=2)


def hand_over_after_a_lift(shop: SmallShop) -> None:
    shop.held(3, "manual")
    shop.lifted(3)
    ship_by_command(shop)


def left_while_held_with_its_hold(shop: SmallShop) -> None:
    shop.held(3, "manual")
    shop.shipped(3)
    at = shop.streams["order:3"].index(last(shop, 3, "follow_parcels")) + 1
    act, version = shop.streams["order:3"][at - 1]["act_id"], shop.streams["order:3"][at - 1]["version"] + 1
    hold = {**left_anyway(shop), "act_id": act, "version": version}
    shop.streams["order:3"].pop()
    hold["at"] = shop.streams["order:3"][at - 1]["at"]
    shop.streams["order:3"].insert(at, hold)
    for event in shop.streams["order:3"][at + 1 :]:
        event["version"] += 1


def new_address_new_label(shop: SmallShop) -> None:
    shop.platform_told(3, "fact", "paid", address_version=2)
    shop.event("order:3", "label_voided", "system", {"label": 3}, parcel=3)
    shop.labelled(3, label=33, generation=2, address_version=2)


def a_courier_report_that_walks(shop: SmallShop) -> None:
    shop.until(4, "labelled")
    shop.tick()
    key, cause = "track:YT4:1", "receipt:44"
    shop.event(
        "order:4", "fact", "courier", {"system": "courier", "status": "signed"}, key=key, result="observed", cause=cause
    )
    told = {"waybill": "YT4", "address_version": 1, "order_address_version": 1}
    shop.moved(4, "ship", "packed>shipped", "courier", cause, facts=told, same_act=True)
    shop.moved(4, "sign", "shipped>signed", "courier", cause, same_act=True)
    shop.entry("kuaidi100", "signed", waybill="YT4")
    shop.written_back(4)


def cancelled_with_its_parcel(shop: SmallShop) -> None:
    told: Line = {"role": "ops_manager", "reason": "asked"}
    shop.event("order:3", "cancel", "person:1", edge="packed>cancelled", **told)
    shop.event("order:3", "void", "person:1", edge="packed>voided", parcel=3, same_act=True, **told)


def voided_and_released_again(shop: SmallShop) -> None:
    told: Line = {"role": "warehouse_lead", "reason": "wrong box"}
    shop.event("order:3", "void", "person:4", {"parcel": "T-3-1"}, edge="packed>voided", parcel=3, **told)
    shop.event("order:3", "follow_parcels", "person:4", edge="packed>paid", same_act=True)


def a_stale_fact_that_keeps_the_version(shop: SmallShop) -> None:
    facts = {"system": "platform", "status": "paid", "address_version": 1}
    told = {"key": "trade:900003:older:1", "result": "observed", "version": shop.version(3)}
    shop.event("order:3", "stale_fact", "platform", facts, source_at="2026-11-10T00:00:00.000000+00:00", **told)


def one_act_over_two_orders(shop: SmallShop) -> None:
    """A merged parcel: the same act, told in the streams of both orders."""
    facts = {"system": "wms", "status": "PICK"}
    for n in (1, 3):
        same = {"key": "report:T-3-1:PICK:x", "result": "observed", "same_act": n == 3}
        shop.event(f"order:{n}", "fact", "wms", facts, **same)


def kinds_of_journals_that_are_not_known(shop: SmallShop) -> None:
    shop.entry("taobao", "refund_asked", tid="900003")
    shop.entry("kuaidi100", "subscribed", waybill="YT3")
    shop.journals["sf"] = [{"kind": "picked_up"}]


def left_before_the_hold_by_its_source(shop: SmallShop) -> None:
    """The report was late: the hold stood when it came, but not when the parcel left."""
    shop.held(3, "manual")
    shop.shipped(3)
    change(shop, 3, "ship", source_at=LONG_AGO)


def heard_after_it_left_and_told(shop: SmallShop) -> None:
    """A refund was asked for before the parcel left, which was heard only afterwards."""
    shop.shipped(3)
    shop.held(3, "refund_requested", "platform", source_at=LONG_AGO)
    left_anyway(shop, same_act=True)


def heard_after_it_left_and_withdrawn(shop: SmallShop) -> None:
    shop.shipped(3)
    shop.held(3, "refund_requested", "platform", source_at=LONG_AGO)
    shop.event("order:3", "hold_withdrawn", "platform", parcel=3, key="hold:3")


def a_ground_after_it_left(shop: SmallShop) -> None:
    shop.shipped(3)
    shop.held(3, "refund_requested", "platform", source_at=shop.tick(2))


def a_hold_withdrawn_by_itself(shop: SmallShop) -> None:
    shop.held(3, "refund_requested", "platform")
    shop.event("order:3", "hold_withdrawn", "platform", parcel=3, key="hold:3")
    ship_by_command(shop)


def a_hold_confirmed_and_lifted(shop: SmallShop) -> None:
    shop.held(3, "print_unknown", ground="attempt:3")
    told: Line = {"role": "ops_manager", "reason": "seen", "key": "hold:3", "parcel": 3}
    shop.event("order:3", "hold_confirmed", "person:1", **told)
    shop.lifted(3)
    shop.event("order:3", "hold_confirmed", "person:1", **told)


def cases_answered(shop: SmallShop) -> None:
    shop.event("order:3", "case_answered", "person:2", {"case": 1}, role="cs", key="case:1")
    shop.event("order:3", "case_answered", "system", {"case": 2}, key="case:2")


def the_erp_s_word_walks(shop: SmallShop) -> None:
    shop.shipped(3)
    word_of(shop, 3, "DELIVERED", system="erp")
    without(shop, "qimen", "sent", "M-3<")
    facts, cause = {"system": "erp", "stage": "signed"}, "receipt:39"
    shop.event("order:3", "fact", "erp", facts, key="erp:1", result="observed", cause=cause)
    shop.moved(3, "sign", "shipped>signed", "erp", cause, same_act=True)
    for event in shop.streams["order:3"]:
        event["actor"] = "erp" if event["cause"] == "receipt:33" else event["actor"]


def what_was_cancelled_leaves_all_the_same(shop: SmallShop) -> None:
    cancelled_with_its_parcel(shop)
    stream, cause = "order:3", "receipt:35"
    facts = {"system": "wms", "stage": "shipped"}
    shop.event(stream, "fact", "wms", facts, key="confirm:T-3-1:M-3", result="observed", cause=cause)
    told: Line = {"cause": cause, "same_act": True, "result": "observed"}
    shop.event(stream, "reappear", "wms", edge="cancelled>to_pick", **told)
    shop.event(stream, "reappear", "wms", edge="voided>packed", parcel=3, **told)
    shop.event(stream, "follow_parcels", "wms", edge="to_pick>packed", cause=cause, same_act=True)
    shop.moved(3, "ship", "packed>shipped", "wms", cause, facts={"waybill": "YT3"}, same_act=True)
    shop.entry("qimen", "sent", method="deliveryorder.confirm", outcome="success", body=DELIVERED)
    shop.written_back(3)


def the_same_message_with_other_words(shop: SmallShop) -> None:
    key = last(shop, 3, "fact")["key"]
    shop.event("order:3", "fact_conflict", "wms", {"system": "wms"}, key=key, result="observed")


def a_waybill_too_many_that_is_told(shop: SmallShop) -> None:
    shop.entry("taobao", "waybill_issued", waybill="YT89", object_id="L3", cp_code="YTO")
    shop.event("order:3", "waybill_orphaned", "courier", {"label": 3, "waybill": "YT89"}, parcel=3)


def no_waybill_and_the_next_label(shop: SmallShop) -> None:
    shop.until(4, "packed")
    shop.event("order:4", "waybill_requested", "system", {"label": 44, "address_version": 1}, parcel=4)
    shop.event("order:4", "waybill_failed", "courier", {"label": 44}, parcel=4)
    shop.labelled(4)


def a_failed_print_and_the_next_label(shop: SmallShop) -> None:
    change_facts(shop, 3, "print_result", outcome="failed")
    without(shop, "qimen", "print_result", "YT3")
    shop.labelled(3, label=33, generation=2)


def one_report_over_two_orders(shop: SmallShop) -> None:
    """A merged parcel: its report stands in one member's stream, its moves in both."""
    facts = {"system": "wms", "stage": "packed"}
    for n in (4, 5):
        shop.sold(n)
        shop.released(n)
    shop.event("order:5", "fact", "wms", facts, key="report:T-5-1:PACKAGE:x", result="observed", cause="receipt:9")
    for n in (5, 4):
        shop.moved(n, "pack", "to_pick>packed", "wms", "receipt:9", same_act=True)


def the_courier_pushes_a_form(shop: SmallShop) -> None:
    shop.shipped(3)
    shop.signed(3)
    without(shop, "kuaidi100", "signed", "YT3")
    for outcome in ("ReadTimeout", "success"):
        shop.entry("kuaidi100", "push", outcome=outcome, body=push_of("YT3", "3"))
    shop.entry("kuaidi100", "push", outcome="ReadTimeout", body=push_of("YT2", "3"))
    shop.entry("kuaidi100", "push", outcome="success", body=push_of("YT2", "5"))


DELIVERED = (
    "<deliveryOrderCode>T-3-1</deliveryOrderCode><status>DELIVERED</status>"
    "<outBizCode>M-3</outBizCode><expressCode>YT3</expressCode>"
)


def push_of(waybill: str, state: str) -> str:
    return urlencode({"sign": "x", "param": json.dumps({"lastResult": {"nu": waybill, "state": state}})})


def left_anyway(shop: SmallShop, **told: Any) -> Line:
    hold = shop.held(3, "shipped_while_held", **told)
    hold["facts"]["hold"], hold["key"] = 31, "hold:31"
    return hold


ALLOWED: list[Fault] = [
    voided_label_and_the_next,
    hand_over_after_a_lift,
    left_while_held_with_its_hold,
    new_address_new_label,
    a_courier_report_that_walks,
    cancelled_with_its_parcel,
    voided_and_released_again,
    a_stale_fact_that_keeps_the_version,
    one_act_over_two_orders,
    kinds_of_journals_that_are_not_known,
    left_before_the_hold_by_its_source,
    heard_after_it_left_and_told,
    heard_after_it_left_and_withdrawn,
    a_ground_after_it_left,
    a_hold_withdrawn_by_itself,
    a_hold_confirmed_and_lifted,
    cases_answered,
    the_erp_s_word_walks,
    what_was_cancelled_leaves_all_the_same,
    the_same_message_with_other_words,
    a_waybill_too_many_that_is_told,
    no_waybill_and_the_next_label,
    a_failed_print_and_the_next_label,
    one_report_over_two_orders,
    the_courier_pushes_a_form,
]
