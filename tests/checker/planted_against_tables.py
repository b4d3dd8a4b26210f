"""Faults against the published verbs, reports, versions and times of docs/lifecycle.md and docs/trail.md."""

from .clean_lives import left_anyway, push_of
from .planting import breaks, change, change_facts, remove, ship_by_command, word_of
from .small_shop import LONG_AGO, Line, SmallShop

LEAD: Line = {"role": "warehouse_lead", "reason": "wrong box"}


def stale_word(shop: SmallShop, **told: object) -> Line:
    facts, about = {"system": "wms", "stage": "accepted"}, {"result": "observed", "source_at": LONG_AGO, **told}
    return shop.event("order:3", "stale_fact", "wms", facts, **{"version": shop.version(3), **about})


@breaks("I1")
def a_stale_fact_raises_the_version(shop: SmallShop) -> None:
    stale_word(shop, version=shop.version(3) + 1)


@breaks("I1")
def a_fact_keeps_the_version(shop: SmallShop) -> None:
    facts, version = {"system": "platform", "status": "paid"}, shop.version(3)
    shop.event("order:3", "fact", "platform", facts, result="observed", version=version, source_at=LONG_AGO)


@breaks("I1")
def an_unknown_outcome_keeps_the_version(shop: SmallShop) -> None:
    shop.event("order:3", "print_result", "system", {"label": 3}, result="unknown", version=shop.version(3), parcel=3)


# Verbs


@breaks("I2")
def a_verb_is_not_published(shop: SmallShop) -> None:
    shop.event("order:3", "comment", "person:1", role="cs")


@breaks("I2")
def a_refused_verb_is_not_published(shop: SmallShop) -> None:
    shop.event("order:3", "teleport", "person:1", role="cs", result="refused")


@breaks("I2")
def a_company_s_verb_is_not_published(shop: SmallShop) -> None:
    shop.event("company:1", "policy_bent", "person:1", version=0)


@breaks("I2")
def a_stateless_verb_moves_the_order(shop: SmallShop) -> None:
    shop.event("order:3", "lines_checked", "person:1", edge="packed>shipped", role="picker")


@breaks("I2")
def a_hold_closed_in_other_words(shop: SmallShop) -> None:
    shop.held(3, "manual")
    shop.event("order:3", "hold_closed", "person:1", {"hold": 3}, key="hold:3", role="ops_manager", reason="ok")
    ship_by_command(shop)


@breaks("I2")
def a_lift_of_another_hold(shop: SmallShop) -> None:
    shop.held(3, "manual")
    shop.lifted(3)["key"] = "hold:4"
    ship_by_command(shop)


@breaks("I2")
def a_hold_is_lifted_twice(shop: SmallShop) -> None:
    shop.lifted(2)
    shop.lifted(2)


@breaks("I2")
def the_system_lifts_a_lock(shop: SmallShop) -> None:
    shop.lifted(2, actor="system", role="")


@breaks("I2")
def a_lift_gives_no_reason(shop: SmallShop) -> None:
    shop.lifted(2)["reason"] = ""


@breaks("I2")
def customer_service_confirms_a_lock(shop: SmallShop) -> None:
    shop.event("order:2", "hold_confirmed", "person:2", key="hold:2", role="cs", reason="seen")


@breaks("I2")
def who_printed_the_unknown_copy_lifts_its_lock(shop: SmallShop) -> None:
    change(shop, 3, "print", actor="person:8", role="picker")
    shop.held(3, "print_unknown", ground="attempt:3")
    shop.lifted(3, actor="person:8")


@breaks("I2")
def who_caused_the_lock_withdraws_it_by_hand(shop: SmallShop) -> None:
    shop.held(3, "print_unknown", "person:7", role="picker")
    shop.event("order:3", "hold_withdrawn", "person:7", key="hold:3", role="ops_manager")


@breaks("I2")
def the_courier_opens_a_lock_by_command(shop: SmallShop) -> None:
    shop.held(3, "manual", "courier")


@breaks("I2")
def a_lock_has_no_key(shop: SmallShop) -> None:
    shop.held(3, "manual")["key"] = ""


@breaks("I2")
def a_picker_answers_a_case(shop: SmallShop) -> None:
    shop.event("order:3", "case_answered", "person:3", {"case": 1}, role="picker", key="case:1")


@breaks("I2")
def the_erp_answers_a_case(shop: SmallShop) -> None:
    shop.event("order:3", "answer", "api_key:3", {"case": 1}, key="case:1")


@breaks("I3")
def a_label_killed_in_other_words(shop: SmallShop) -> None:
    shop.event("order:3", "label_killed", "person:1", {"label": 3}, parcel=3, role="ops_manager", reason="torn")
    shop.labelled(3, label=33, generation=2)


@breaks("I3")
def a_second_copy_after_a_permit_of_other_words(shop: SmallShop) -> None:
    shop.event("order:3", "permit_given", "person:1", {}, parcel=3, role="ops_manager", reason="jam")
    facts = {**shop.label_facts(3), "copy": 2, "attempt": 77}
    shop.event("order:3", "print", "api_key:2", facts, parcel=3, key="attempt:77")


# Reports


@breaks("I2")
def picking_makes_a_parcel_packed(shop: SmallShop) -> None:
    word_of(shop, 3, "PACKAGE", stage="picking")


@breaks("I2")
def the_courier_makes_a_parcel_packed_in_a_word_it_does_not_have(shop: SmallShop) -> None:
    word_of(shop, 3, "PACKAGE", system="courier", stage="packed")


@breaks("I2")
def weighing_makes_a_parcel_leave(shop: SmallShop) -> None:
    word_of(shop, 2, "DELIVERED", stage="weighed")


@breaks("I2")
def a_parcel_on_its_way_is_signed(shop: SmallShop) -> None:
    change_facts(shop, 1, "fact", stage="in_transit")


@breaks("I2")
def the_platform_s_word_signs_a_parcel(shop: SmallShop) -> None:
    change_facts(shop, 1, "fact", system="platform", stage="signed")


@breaks("I2")
def the_warehouse_reports_a_return(shop: SmallShop) -> None:
    facts, cause = {"system": "wms", "stage": "returned"}, "receipt:88"
    shop.event("order:1", "fact", "wms", facts, key="report:88", result="observed", cause=cause)
    shop.moved(1, "return", "signed>returned", "wms", cause, same_act=True)


@breaks("I2")
def a_parcel_leaves_and_nobody_reported_it(shop: SmallShop) -> None:
    shop.moved(3, "ship", "packed>shipped", "wms", "receipt:77", facts={"waybill": "YT3"})


@breaks("I2")
def a_payment_that_nobody_reported(shop: SmallShop) -> None:
    change(shop, 3, "pay", act_id="alone")


@breaks("I2")
def the_warehouse_reports_a_payment(shop: SmallShop) -> None:
    change_facts(shop, 3, "order_seen", system="wms")


@breaks("I2")
def a_release_is_reported(shop: SmallShop) -> None:
    change(shop, 3, "release", result="observed", actor="wms")


@breaks("I2")
def a_stale_word_moves_a_parcel(shop: SmallShop) -> None:
    stale_word(shop)["facts"]["stage"] = "shipped"
    shop.moved(3, "ship", "packed>shipped", "wms", "receipt:78", facts={"waybill": "YT3"}, same_act=True)


@breaks("I2")
def news_is_called_stale(shop: SmallShop) -> None:
    stale_word(shop, source_at=shop.tick())


@breaks("I2")
def what_was_voided_reappears_by_itself(shop: SmallShop) -> None:
    shop.event("order:3", "void", "person:4", edge="packed>voided", parcel=3, **LEAD)
    shop.event("order:3", "follow_parcels", "person:4", edge="packed>paid", same_act=True)
    shop.event("order:3", "reappear", "system", edge="voided>packed", parcel=3)


@breaks("I2")
def what_left_in_part_is_cancelled(shop: SmallShop) -> None:
    shop.until(4, "packed")
    shop.event("order:4", "label_voided", "system", parcel=44)  # the order has a second parcel
    shop.event("order:4", "follow_parcels", "wms", edge="packed>to_pick", same_act=True)
    shop.event("order:4", "fact", "courier", {"system": "courier", "stage": "picked_up"}, key="t:1", result="observed")
    told: Line = {"edge": "packed>shipped", "parcel": 4, "result": "observed"}
    shop.event("order:4", "ship", "courier", {"waybill": "YT4"}, same_act=True, **told)
    shop.event("order:4", "cancel", "person:1", edge="to_pick>cancelled", role="ops_manager", reason="asked")


@breaks("I14")
def a_report_of_leaving_moves_nothing(shop: SmallShop) -> None:
    shop.shipped(3)
    remove(shop, 3, "ship", "follow_parcels")


@breaks("I14")
def the_courier_pushed_a_signature_that_is_not_in_the_trail(shop: SmallShop) -> None:
    shop.entry("kuaidi100", "push", outcome="success", body=push_of("YT2", "301"))


@breaks("I14")
def a_signature_that_the_courier_never_pushed(shop: SmallShop) -> None:
    shop.shipped(3)
    shop.signed(3)
    shop.journals["kuaidi100"].pop()
    shop.entry("kuaidi100", "push", outcome="success", body=push_of("YT3", "5"))


# Times


@breaks("I5")
def it_left_after_the_hold_by_its_source_and_was_heard_of_late(shop: SmallShop) -> None:
    shop.held(3, "refund_requested", source_at=LONG_AGO)
    shop.shipped(3)
    change(shop, 3, "ship", source_at="2026-11-10T00:00:02.000000+00:00")


@breaks("I5")
def a_ground_heard_of_after_it_left_is_kept_quiet(shop: SmallShop) -> None:
    shop.shipped(3)
    shop.held(3, "refund_requested", "platform", source_at=LONG_AGO)


@breaks("I5")
def a_ground_heard_of_after_it_left_is_lifted_and_kept_quiet(shop: SmallShop) -> None:
    a_ground_heard_of_after_it_left_is_kept_quiet(shop)
    shop.lifted(3)


@breaks("I5")
def another_parcel_s_hold_stands_for_this_one(shop: SmallShop) -> None:
    left_anyway(shop)["parcel"] = 33
    shop.held(3, "manual")
    shop.shipped(3)


@breaks("I5")
def a_command_is_judged_by_when_it_was_recorded(shop: SmallShop) -> None:
    shop.held(3, "manual")
    ship_by_command(shop)["source_at"] = LONG_AGO
