"""The stories of the ERP, the warehouse and the courier."""

from integrations.models import Job
from orders.lifecycle import Move, Role
from ordertower import dispatch
from tests.integrations.contradictions.plants import plant
from tests.integrations.contradictions.scene import Scene


# The ERP ----------------------------------------------------------------------------------------------------------
@plant()
def over_erp_open(on: Scene, well: bool) -> None:
    on.sold()
    on.erp("accepted")
    on.platform("closed")
    if well:
        on.erp("cancelled")


@plant()
def erp_cancelled_order_open(on: Scene, well: bool) -> None:
    on.sold()
    if not well:
        on.erp("cancelled")


@plant()
def erp_cancelled_warehouse_working(on: Scene, well: bool) -> None:
    on.released()
    if not well:
        on.erp("cancelled")


@plant()
def erp_cancelled_parcel_left(on: Scene, well: bool) -> None:
    on.gone()
    on.erp("shipped" if well else "cancelled")


@plant()
def erp_shipped_warehouse_not(on: Scene, well: bool) -> None:
    on.labelled()
    on.erp("shipped")
    on.platform("shipped")
    if well:
        on.warehouse("shipped", waybill=on.waybill)
        on.courier("picked_up")


@plant()
def warehouse_shipped_erp_open(on: Scene, well: bool) -> None:
    on.platform("paid")
    on.released_only()
    on.erp("accepted")
    on.warehouse("accepted", "packed")
    on.label()
    on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    on.platform("shipped")
    if well:
        on.erp("shipped", waybill=on.waybill)


@plant(wms=False)
def handed_over_erp_open(on: Scene, well: bool) -> None:
    on.packed_here()
    on.erp("accepted")
    on.with_parcel(Move.SHIP, Role.SHIPPER)
    on.courier("picked_up")
    on.platform("shipped")
    if well:
        on.erp("shipped")


@plant()
def erp_part_all_left(on: Scene, well: bool) -> None:
    on.gone()
    on.erp("shipped" if well else "shipped_part")


@plant()
def packed_erp_silent(on: Scene, well: bool) -> None:
    on.platform("paid")
    on.released_only()
    on.warehouse("accepted", "packed")
    if well:
        on.erp("other")


@plant()
def erp_other_waybill(on: Scene, well: bool) -> None:
    on.gone()
    on.erp("shipped", waybill=on.waybill if well else "YT0000000000999")


@plant()
def erp_other_pieces(on: Scene, well: bool) -> None:
    on.gone()
    on.erp("shipped", waybill=on.waybill, items=(("CR50", 1 if well else 2),))


# Warehouse and tower ----------------------------------------------------------------------------------------------
@plant()
def warehouse_other_waybill(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill if well else "YT0000000000888")
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def warehouse_other_carrier(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill, carrier="yto" if well else "sto")
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def warehouse_other_pieces(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill, items=(("CR50", 1 if well else 3),))
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def warehouse_printed_again(on: Scene, well: bool) -> None:
    on.labelled()
    on.prints()
    if not well:
        on.warehouse_prints(on.waybill)


@plant()
def released_warehouse_silent(on: Scene, well: bool) -> None:
    on.sold()
    on.released_only()
    if well:
        on.warehouse("accepted")


@plant()
def packed_warehouse_silent(on: Scene, well: bool) -> None:
    on.sold()
    on.released_only()
    on.with_parcel(Move.PACK)
    if well:
        on.warehouse("packed")


@plant()
def packed_warehouse_behind(on: Scene, well: bool) -> None:
    on.released()
    on.with_parcel(Move.PACK)
    if well:
        on.warehouse("packed")


@plant(believed=False)
def warehouse_packed_unconfirmed(on: Scene, well: bool) -> None:
    on.released()
    on.warehouse("packed")
    if well:
        on.with_parcel(Move.PACK)


@plant(believed=False, printed_by="wms")
def left_unconfirmed(on: Scene, well: bool) -> None:
    on.released()
    on.warehouse("packed")
    if well:
        on.with_parcel(Move.PACK)
    on.warehouse("shipped", waybill="YT0000000000777")
    on.courier("picked_up")
    on.platform("shipped")


# The courier ------------------------------------------------------------------------------------------------------
@plant()
def picked_up_warehouse_not_packed(on: Scene, well: bool) -> None:
    on.released()
    on.with_parcel(Move.PACK)
    on.label()
    if well:
        on.warehouse("packed", "shipped", waybill=on.waybill)
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def picked_up_warehouse_not_shipped(on: Scene, well: bool) -> None:
    on.labelled()
    if well:
        on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def picked_up_warehouse_silent(on: Scene, well: bool) -> None:
    on.packed_here()
    if well:
        on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def warehouse_shipped_no_pick_up(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill)
    on.platform("shipped")
    if well:
        on.courier("picked_up")


@plant(wms=False)
def erp_shipped_no_pick_up(on: Scene, well: bool) -> None:
    on.packed_here()
    on.erp("shipped", waybill=on.waybill)
    on.platform("shipped")
    if well:
        on.courier("picked_up")


@plant(wms=False)
def handed_over_no_pick_up(on: Scene, well: bool) -> None:
    on.packed_here()
    on.with_parcel(Move.SHIP, Role.SHIPPER)
    on.platform("shipped")
    if well:
        on.courier("picked_up")


@plant()
def warehouse_cancelled_courier_moving(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped" if well else "cancelled", waybill=on.waybill)
    on.courier("picked_up")
    on.platform("shipped")


@plant()
def warehouse_signed_courier_moving(on: Scene, well: bool) -> None:
    on.gone()
    on.warehouse("signed")
    if well:
        on.courier("signed")


@plant()
def came_back_warehouse_unaware(on: Scene, well: bool) -> None:
    on.gone()
    on.platform("shipped", **on.refund("open", kind="return_refund"))
    on.courier("returning", "returned")
    if well:
        on.warehouse("returned")


@plant()
def two_numbers_moving(on: Scene, well: bool) -> None:
    """The ERP knows of a second number, and it moves as well."""
    on.gone()
    on.erp("shipped", waybill=f"{on.waybill},YT0000000000555")
    if not well:
        on.courier("picked_up", waybill="YT0000000000555")


@plant("warehouse_cancelled_courier_moving")
def dead_number_moving(on: Scene, well: bool) -> None:
    on.labelled()
    number = on.waybill
    on.with_parcel(Move.VOID)
    on.warehouse("cancelled")
    dispatch.drain_all()
    Job.objects.filter(kind="cancel_waybill").update(state="done")
    if not well:
        on.courier("picked_up", waybill=number)
        on.platform("shipped")


@plant()
def dead_number_not_returned(on: Scene, well: bool) -> None:
    on.labelled()
    on.with_parcel(Move.VOID)
    on.warehouse("cancelled")
    dispatch.drain_all()
    if well:
        Job.objects.filter(kind="cancel_waybill").update(state="done")


@plant()
def courier_cancelled_number(on: Scene, well: bool) -> None:
    on.labelled()
    on.courier("label_created")
    if not well:
        on.courier("cancelled")


@plant()
def left_courier_cancelled(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill)
    on.platform("shipped")
    on.courier("picked_up" if well else "cancelled")
