"""Faults that show when the trail is held against what others wrote down: I8, I9, I10 and I14."""

from .planting import breaks, change_facts, doubled, last, remove, ship_by_command, without
from .small_shop import SmallShop


@breaks("I8")
def an_order_is_lost(shop: SmallShop) -> None:
    del shop.streams["order:3"]


@breaks("I8")
def an_acknowledged_report_is_lost(shop: SmallShop) -> None:
    remove(shop, 3, "fact")


@breaks("I8")
def the_newest_change_of_a_trade_is_lost(shop: SmallShop) -> None:
    remove(shop, 2, "fact")


@breaks("I8")
def an_answered_hold_is_lost(shop: SmallShop) -> None:
    remove(shop, 2, "hold_opened")


@breaks("I9")
def an_alert_is_sent_twice(shop: SmallShop) -> None:
    doubled(shop, "wecom", "message", "YT2")


@breaks("I10")
def a_ghost_label_comes_out_of_the_printer(shop: SmallShop) -> None:
    answer = '{"id":60,"outcome":"printed","label":{"id":99,"copy":1,"waybill":"X"}}'
    shop.entry("qimen", "print_result", answer=answer)


@breaks("I10")
def a_label_comes_out_of_another_printer_again(shop: SmallShop) -> None:
    shop.entry("erp", "repush_granted", parcel="3", answer='{"id":50,"granted":true,"label":3,"version":9}')
    answer = '{"id":50,"outcome":"printed","label":{"id":3,"copy":1,"waybill":"YT3"}}'
    shop.entry("erp", "print_result", answer=answer)


@breaks("I10")
def a_granted_print_has_no_claim(shop: SmallShop) -> None:
    remove(shop, 3, "print")


@breaks("I10")
def a_granted_print_claims_another_label(shop: SmallShop) -> None:
    change_facts(shop, 3, "print", label=1)


@breaks("I10")
def a_printed_label_is_not_known_as_printed(shop: SmallShop) -> None:
    change_facts(shop, 3, "print_result", outcome="unknown")


@breaks("I10")
def a_parcel_is_handed_over_without_a_printed_label(shop: SmallShop) -> None:
    shop.until(4, "labelled")
    ship_by_command(shop, 4)


@breaks("I10")
def a_parcel_leaves_with_a_foreign_waybill_and_no_hold(shop: SmallShop) -> None:
    shop.shipped(3)
    change_facts(shop, 3, "ship", waybill="ZZ1")


@breaks("I14")
def a_write_back_is_doubled(shop: SmallShop) -> None:
    doubled(shop, "taobao", "shipped", "YT1")


@breaks("I14")
def one_parcel_is_written_back_with_two_waybills(shop: SmallShop) -> None:
    shop.event("order:1", "label_voided", "system", {"label": 1}, parcel=1)
    shop.labelled(1, label=11, generation=2)
    form = {"tid": "900001", "out_sid": "YT11"}
    shop.entry("taobao", "call", method="taobao.logistics.offline.send", outcome="ok", form=form, answer={})


@breaks("I14")
def what_did_not_leave_is_written_back(shop: SmallShop) -> None:
    shop.written_back(3)


@breaks("I14")
def what_left_is_never_written_back(shop: SmallShop) -> None:
    without(shop, "taobao", "shipped", "YT1")
    without(shop, "taobao", "call", "logistics")


@breaks("I14")
def a_waybill_is_given_to_two_labels(shop: SmallShop) -> None:
    shop.until(4, "packed")
    shop.labelled(4)
    change_facts(shop, 4, "waybill_issued", waybill="YT3")


@breaks("I14")
def a_label_gets_a_second_waybill(shop: SmallShop) -> None:
    shop.event("order:3", "waybill_issued", "courier", {**last(shop, 3, "waybill_issued")["facts"]}, parcel=3)
    change_facts(shop, 3, "waybill_issued", waybill="YT33")


@breaks("I14")
def a_waybill_is_issued_twice_at_the_platform(shop: SmallShop) -> None:
    doubled(shop, "taobao", "waybill_issued", "YT3")


@breaks("I14")
def a_waybill_was_issued_by_nobody(shop: SmallShop) -> None:
    without(shop, "taobao", "waybill_issued", "YT3")


@breaks("I14")
def a_waybill_was_paid_that_the_trail_does_not_know(shop: SmallShop) -> None:
    shop.entry("taobao", "waybill_issued", waybill="YT88", object_id="L88", cp_code="YTO")


@breaks("I14")
def two_waybills_were_paid_for_one_label(shop: SmallShop) -> None:
    shop.entry("taobao", "waybill_issued", waybill="YT89", object_id="L3", cp_code="YTO")


@breaks("I14")
def the_warehouse_makes_two_orders_of_one_delivery(shop: SmallShop) -> None:
    doubled(shop, "qimen", "received", "T-3-1")["answer"] = "<flag>success</flag><deliveryOrderId>W9</deliveryOrderId>"


@breaks("I14")
def a_delivery_is_pushed_twice(shop: SmallShop) -> None:
    doubled(shop, "qimen", "received", "T-3-1")


@breaks("I14")
def a_release_never_reached_the_warehouse(shop: SmallShop) -> None:
    without(shop, "qimen", "received", "T-3-1")


@breaks("I14")
def the_warehouse_has_a_delivery_that_the_trail_does_not_know(shop: SmallShop) -> None:
    told = {"body": "<deliveryOrderCode>T-9-1</deliveryOrderCode>", "answer": "<flag>success</flag>"}
    shop.entry("qimen", "received", method="deliveryorder.create", **told)


@breaks("I14")
def the_warehouse_handed_over_what_did_not_leave_in_the_trail(shop: SmallShop) -> None:
    remove(shop, 1, "sign", "follow_parcels", "ship", "follow_parcels")


@breaks("I14")
def a_parcel_leaves_on_a_word_the_warehouse_never_gave(shop: SmallShop) -> None:
    without(shop, "qimen", "sent", "M-2<")


@breaks("I14")
def the_warehouse_says_another_waybill(shop: SmallShop) -> None:
    confirm = next(each for each in shop.journals["qimen"] if "M-2<" in str(each))
    confirm["body"] = confirm["body"].replace("YT2", "YT3")


@breaks("I14")
def the_courier_delivered_what_is_not_signed_in_the_trail(shop: SmallShop) -> None:
    shop.entry("kuaidi100", "signed", waybill="YT2")


@breaks("I14")
def a_parcel_is_signed_on_a_word_the_courier_never_gave(shop: SmallShop) -> None:
    without(shop, "kuaidi100", "signed", "YT1")
