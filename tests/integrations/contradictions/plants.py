"""A story for every pair of the table: how it comes about, and how the same order looks where all is well."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orders.lifecycle import CauseKind, Move, Role
from orders.services import intercepts
from orders.vocabulary import Cause
from tests.integrations.contradictions.scene import ELSEWHERE, Scene

Story = Callable[[Scene, bool], None]


@dataclass(frozen=True)
class Plant:
    tell: Story
    # What else is true at the same time.
    companions: frozenset[str] = frozenset()
    scene: dict[str, Any] = field(default_factory=dict)


PLANTS: dict[str, Plant] = {}


def plant(*companions: str, **scene: Any) -> Callable[[Story], Story]:
    """The story's name is the pair's code; it is told the wrong way, or well."""

    def planted(tell: Story) -> Story:
        PLANTS[tell.__name__] = Plant(tell, frozenset(companions), scene)
        return tell

    return planted


def leaves_unnoticed(on: Scene, well: bool) -> None:
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    if well:
        on.platform("shipped")


# Platform and tower -----------------------------------------------------------------------------------------------
@plant()
def shipped_nothing_left(on: Scene, well: bool) -> None:
    on.released()
    if not well:
        on.platform("shipped")


@plant()
def left_platform_not_told(on: Scene, well: bool) -> None:
    leaves_unnoticed(on, well)


@plant(uploader="erp")
def left_erp_did_not_upload(on: Scene, well: bool) -> None:
    leaves_unnoticed(on, well)


@plant(uploader="wms")
def left_wms_did_not_upload(on: Scene, well: bool) -> None:
    leaves_unnoticed(on, well)


@plant()
def paid_without_payment(on: Scene, well: bool) -> None:
    on.platform("paid", **({} if well else {"paid_at": None}))


@plant()
def paid_by_hand_only(on: Scene, well: bool) -> None:
    on.platform("unpaid")
    on.does(Move.PAY, Role.OPS_MANAGER)
    on.released_only()
    on.warehouse("accepted")
    if well:
        on.platform("paid")


@plant()
def unpaid_worked_on(on: Scene, well: bool) -> None:
    on.platform("unpaid")
    on.warehouse("accepted")
    if well:
        on.platform("paid")


@plant()
def finished_nothing_left(on: Scene, well: bool) -> None:
    if well:
        on.gone()
        on.courier("signed")
    else:
        on.released()
    on.platform("finished")


@plant()
def cancelled_here_platform_open(on: Scene, well: bool) -> None:
    on.sold()
    on.does(Move.CANCEL)
    if well:
        on.platform("closed")


@plant()
def address_agreed_not_shown(on: Scene, well: bool) -> None:
    on.sold()
    on.asks("address")
    on.agrees("address")
    if well:
        on.platform("paid", receiver=ELSEWHERE)


@plant()
def label_has_old_address(on: Scene, well: bool) -> None:
    on.labelled()
    if not well:
        on.platform("paid", receiver=ELSEWHERE)


@plant(printed_by="wms")
def warehouse_label_has_old_address(on: Scene, well: bool) -> None:
    on.released()
    on.warehouse_prints("YT1")
    if not well:
        on.platform("paid", receiver=ELSEWHERE)


@plant()
def left_to_old_address(on: Scene, well: bool) -> None:
    on.labelled()
    if not well:
        on.platform("paid", receiver=ELSEWHERE)
    on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    on.platform("shipped")


# Platform and warehouse -------------------------------------------------------------------------------------------
@plant()
def closed_warehouse_working(on: Scene, well: bool) -> None:
    on.released()
    on.platform("closed")
    if well:
        on.warehouse("cancelled")


@plant()
def cancelled_warehouse_working(on: Scene, well: bool) -> None:
    on.released()
    on.with_parcel(Move.VOID)
    if well:
        on.warehouse("cancelled")


@plant()
def warehouse_cannot_cancel(on: Scene, well: bool) -> None:
    on.released()
    on.platform("closed")
    on.warehouse("cancelled" if well else "cancel_failed")


@plant()
def warehouse_cancelled_order_open(on: Scene, well: bool) -> None:
    on.released()
    if not well:
        on.warehouse("cancelled")


@plant()
def warehouse_rejected_order_open(on: Scene, well: bool) -> None:
    on.released()
    if not well:
        on.warehouse("rejected")


@plant()
def warehouse_has_old_address(on: Scene, well: bool) -> None:
    on.sold()
    if well:
        on.platform("paid", receiver=ELSEWHERE)
    on.released_only()
    on.warehouse("accepted")
    if not well:
        on.platform("paid", receiver=ELSEWHERE)


@plant()
def refunded_warehouse_working(on: Scene, well: bool) -> None:
    on.released()
    on.platform("paid", **on.refund("refused" if well else "done"))


@plant()
def elsewhere_warehouse_working(on: Scene, well: bool) -> None:
    on.platform("paid", flags=frozenset() if well else frozenset({"platform_warehouse"}))
    on.erp("other")
    on.warehouse("accepted")


@plant()
def stop_agreed_warehouse_working(on: Scene, well: bool) -> None:
    on.released()
    on.asks("intercept")
    on.agrees("intercept")
    if not well:
        on.warehouse("picking")


# Platform and courier ---------------------------------------------------------------------------------------------
@plant()
def closed_parcel_moving(on: Scene, well: bool) -> None:
    on.gone()
    if not well:
        on.platform("closed")


@plant()
def closed_parcel_signed(on: Scene, well: bool) -> None:
    on.gone()
    on.courier("signed")
    on.platform("finished" if well else "closed")


@plant()
def signed_at_platform_courier_moving(on: Scene, well: bool) -> None:
    on.gone()
    on.courier("signed" if well else "in_transit")
    on.platform("signed")


@plant()
def finished_parcel_coming_back(on: Scene, well: bool) -> None:
    on.gone()
    on.courier("signed" if well else "returning")
    on.platform("finished")


@plant()
def coming_back_platform_open(on: Scene, well: bool) -> None:
    on.gone()
    on.courier("returning")
    if well:
        on.platform("shipped", **on.refund("open"))


@plant()
def refunded_parcel_moving(on: Scene, well: bool) -> None:
    """A few yuan back for a late parcel are no reason to stop it."""
    on.gone()
    on.platform("shipped", **on.refund("done", amount="5.00" if well else "128.50"))


@plant()
def stop_agreed_courier_delivers(on: Scene, well: bool) -> None:
    on.gone()
    on.ok(intercepts.start(on.parcel.pk, ground="closed", reason="追回", cause=Cause(kind=CauseKind.SYSTEM)))
    if well:
        on.courier("returning")
        on.platform("shipped", **on.refund("open"))
    else:
        on.courier("out_for_delivery")
