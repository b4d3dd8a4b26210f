"""Faults of a broken product that the trail alone gives away: I1 to I7, I12 and I13."""

from .planting import breaks, change, change_facts, last, remove, repeat, ship_by_command, without
from .small_shop import Line, SmallShop

PERSON_ASKED: Line = {"role": "ops_manager", "reason": "asked"}


@breaks("I1")
def a_version_is_skipped(shop: SmallShop) -> None:
    for event in shop.streams["order:3"][4:]:
        event["version"] += 1


@breaks("I1")
def a_version_steps_back(shop: SmallShop) -> None:
    change(shop, 3, "print_result", version=2)


@breaks("I1")
def two_changes_share_a_version(shop: SmallShop) -> None:
    for event in shop.streams["order:3"][6:]:
        event["version"] -= 1


@breaks("I1")
def a_refusal_counts_as_a_change(shop: SmallShop) -> None:
    shop.print_refused(3)
    for event in shop.streams["order:3"][-2:]:
        event["version"] += 1


@breaks("I2")
def an_edge_is_not_published(shop: SmallShop) -> None:
    change(shop, 3, "pack", end="shipped")


@breaks("I2")
def a_move_starts_where_nothing_stood(shop: SmallShop) -> None:
    change(shop, 3, "release", start="pending_payment")


@breaks("I2")
def a_move_has_an_unknown_name(shop: SmallShop) -> None:
    change(shop, 3, "pack", named="teleport")


@breaks("I2")
def a_parcel_leaves_without_being_packed(shop: SmallShop) -> None:
    shop.shipped(3)
    remove(shop, 3, "pack")


@breaks("I2")
def a_picker_confirms_packing(shop: SmallShop) -> None:
    change(shop, 3, "pack", result="ok", actor="person:3", role="picker")


@breaks("I2")
def finance_prints(shop: SmallShop) -> None:
    change(shop, 3, "print", actor="person:3", role="finance")


@breaks("I2")
def the_erp_hands_over_by_command(shop: SmallShop) -> None:
    ship_by_command(shop).update(actor="api_key:3", role="")


@breaks("I2")
def the_platform_s_word_makes_a_parcel_leave(shop: SmallShop) -> None:
    shop.shipped(3)
    for event in shop.streams["order:3"]:
        if event["cause"] == "receipt:33":
            event["actor"] = "platform"
            event["facts"] = {**event["facts"], "system": "platform"}


@breaks("I2")
def customer_service_cancels_what_is_packed(shop: SmallShop) -> None:
    shop.event("order:3", "cancel", "person:2", edge="packed>cancelled", **{**PERSON_ASKED, "role": "cs"})


@breaks("I2")
def a_cancel_gives_no_reason(shop: SmallShop) -> None:
    shop.event("order:3", "cancel", "person:2", edge="packed>cancelled", role="ops_manager")


@breaks("I2")
def the_order_moves_by_itself(shop: SmallShop) -> None:
    change(shop, 3, "follow_parcels", act_id="alone")


@breaks("I2")
def who_caused_the_lock_lifts_it(shop: SmallShop) -> None:
    shop.held(3, "print_unknown", "person:7", role="picker")
    shop.lifted(3, actor="person:7")


@breaks("I2")
def who_printed_first_lifts_the_lock(shop: SmallShop) -> None:
    change(shop, 3, "print", actor="person:8", role="picker")
    shop.held(3, "print_unknown")
    shop.lifted(3, actor="person:8")


@breaks("I2")
def a_shipper_lifts_a_lock(shop: SmallShop) -> None:
    shop.lifted(2, role="shipper")


@breaks("I3")
def a_second_print_is_granted(shop: SmallShop) -> None:
    again = repeat(shop, 3, "print")
    again["key"] = "attempt:77"
    again["facts"]["attempt"] = 77


@breaks("I3")
def a_second_copy_is_granted_without_a_permit(shop: SmallShop) -> None:
    a_second_print_is_granted(shop)
    change_facts(shop, 3, "print", copy=2)


@breaks("I3")
def a_second_label_stands_beside_a_living_one(shop: SmallShop) -> None:
    shop.labelled(3, label=33, generation=2)


@breaks("I3")
def a_generation_is_skipped(shop: SmallShop) -> None:
    change_facts(shop, 3, "waybill_issued", generation=4)


@breaks("I3")
def a_print_names_another_waybill(shop: SmallShop) -> None:
    change_facts(shop, 3, "print", waybill="YT1")


@breaks("I3")
def a_label_is_printed_that_was_never_issued(shop: SmallShop) -> None:
    remove(shop, 3, "waybill_issued")


@breaks("I3")
def a_void_label_is_printed(shop: SmallShop) -> None:
    shop.until(4, "labelled")
    shop.event("order:4", "label_voided", "system", {"label": 4}, parcel=4)
    shop.printed(4)


@breaks("I3")
def a_refused_second_print_locks_nothing(shop: SmallShop) -> None:
    shop.print_refused(3)
    remove(shop, 3, "hold_opened")


@breaks("I4")
def a_stale_address_is_handed_over_by_command(shop: SmallShop) -> None:
    shop.platform_told(3, "fact", "paid", address_version=2)
    ship_by_command(shop)["facts"]["order_address_version"] = 2


@breaks("I4")
def a_hand_over_does_not_know_the_newest_address(shop: SmallShop) -> None:
    shop.platform_told(3, "fact", "paid", address_version=2)
    shop.shipped(3)


@breaks("I4")
def a_stale_address_leaves_and_no_hold_is_opened(shop: SmallShop) -> None:
    a_hand_over_does_not_know_the_newest_address(shop)
    change_facts(shop, 3, "ship", order_address_version=2)


@breaks("I4")
def a_stale_address_is_printed(shop: SmallShop) -> None:
    shop.until(4, "labelled")
    shop.platform_told(4, "fact", "paid", address_version=2)
    shop.printed(4)


@breaks("I4")
def a_hand_over_says_another_address_than_its_label_has(shop: SmallShop) -> None:
    shop.platform_told(3, "fact", "paid", address_version=2)
    shop.shipped(3)
    change_facts(shop, 3, "ship", order_address_version=2, address_version=2)


@breaks("I5")
def a_parcel_is_handed_over_while_held(shop: SmallShop) -> None:
    shop.held(3, "manual")
    ship_by_command(shop)


@breaks("I5")
def a_parcel_is_handed_over_while_a_refund_is_open(shop: SmallShop) -> None:
    shop.held(3, "refund_requested")["parcel"] = None
    ship_by_command(shop)


@breaks("I5")
def a_parcel_leaves_while_held_without_a_hold_for_it(shop: SmallShop) -> None:
    shop.held(3, "manual")
    shop.shipped(3)


@breaks("I6")
def a_label_is_printed_while_held(shop: SmallShop) -> None:
    shop.until(4, "labelled")
    shop.held(4, "address_conflict")
    shop.printed(4)


@breaks("I6")
def an_order_is_released_while_held(shop: SmallShop) -> None:
    shop.sold(4)
    shop.held(4, "stock_short")["parcel"] = None
    shop.released(4)


@breaks("I6")
def a_waybill_is_asked_for_while_held(shop: SmallShop) -> None:
    shop.until(4, "packed")
    shop.held(4, "manual")["parcel"] = None
    shop.labelled(4)


@breaks("I7")
def a_fact_has_its_effect_twice(shop: SmallShop) -> None:
    repeat(shop, 3, "fact")


@breaks("I7")
def a_fact_has_its_effect_on_another_order_too(shop: SmallShop) -> None:
    elsewhere = {"order": 2, "stream": "order:2", "version": shop.version(2) + 1, "act_id": "elsewhere"}
    shop.streams["order:2"].append({**last(shop, 3, "fact"), **elsewhere, "at": shop.tick()})


@breaks("I7")
def a_job_releases_twice(shop: SmallShop) -> None:
    repeat(shop, 3, "release")


@breaks("I7")
def a_hold_is_opened_twice(shop: SmallShop) -> None:
    repeat(shop, 2, "hold_opened")


@breaks("I12")
def a_clock_steps_back(shop: SmallShop) -> None:
    change(shop, 3, "print", at="2026-11-10T00:00:00.000000+00:00")


@breaks("I13")
def a_claim_is_stuck(shop: SmallShop) -> None:
    remove(shop, 3, "print_result")
    without(shop, "qimen", "print_result", "YT3")
    shop.tick(200)
    shop.platform_told(3, "fact", "paid")


@breaks("I14")
def an_order_is_ahead_of_its_parcel(shop: SmallShop) -> None:
    shop.event("order:3", "follow_parcels", "wms", edge="packed>shipped")


@breaks("I14")
def an_order_does_not_follow_its_parcel(shop: SmallShop) -> None:
    remove(shop, 2, "follow_parcels")
