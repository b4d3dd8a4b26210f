"""What the platform says and the tower knows otherwise: payment, shipping, cancelling, addresses."""

from collections.abc import Iterator
from datetime import datetime

from orders.contradictions.pair import Cure, Level, Side, Sight, hours, minutes, pair
from orders.contradictions.picture import Package, Picture, latest
from orders.lifecycle import OrderState, ParcelState

ORDER = "order"
ON_DELIVERY = "cod"


def _unpaid(picture: Picture) -> bool:
    """Nobody paid although somebody had to before the goods may go."""
    return picture.paid_at is None and ON_DELIVERY not in picture.flags and not picture.over


def _has_not_left(picture: Picture) -> bool:
    """It leaves from here if it leaves at all, and nobody has seen it leave."""
    return picture.from_here and not picture.over and not picture.departed and not picture.is_history


def _all_left(picture: Picture) -> datetime | None:
    """Since when every living parcel is away, while the platform still waits; `None` where it is not so."""
    live = picture.live
    if picture.over or not live or not all(one.left and one.shipped_at for one in live):
        return None
    return latest(*(one.shipped_at for one in live))


@pair(
    "shipped_nothing_left",
    title="平台已发货，但没有包裹离开仓库",
    title_en="The platform says shipped, and no parcel has left",
    one=(Side.PLATFORM, "shipped, shipped_part"),
    other=(Side.TOWER, "no parcel shipped"),
    wrong=Side.PLATFORM,
    why="常见的是有人先在平台点了发货；迟迟没有揽收会被判虚假发货",
    why_en="somebody clicked 发货 before the goods left; without a pick-up in time it counts as false shipping",
    grace=hours(4),
    cures=(Cure.READ_PLATFORM,),
    proof="a parcel leaves, or the platform takes its word back",
)
def shipped_nothing_left(picture: Picture) -> Iterator[Sight]:
    if _has_not_left(picture) and picture.platform_says("shipped", "shipped_part"):
        yield Sight(subject=ORDER, since=picture.platform_since)


@pair(
    "left_platform_not_told",
    title="包裹已发出，平台还是待发货",
    title_en="Everything has left, and the platform still waits for it",
    one=(Side.TOWER, "every parcel shipped"),
    other=(Side.PLATFORM, "paid"),
    wrong=Side.PLATFORM,
    why="回传没有生效；超过最晚发货时间会被平台判延迟发货",
    why_en="the shipping notice had no effect there; after ship_by the platform fines it as late",
    grace=minutes(30),
    cures=(Cure.TELL_PLATFORM, Cure.READ_PLATFORM),
    proof="the platform says shipped or further",
)
def left_platform_not_told(picture: Picture) -> Iterator[Sight]:
    since = _all_left(picture)
    told_by_us = picture.uploader == "tower" and picture.reaches("platform", "ship")
    if since and told_by_us and picture.platform_says("paid"):
        yield Sight(subject=ORDER, since=since, parcel=picture.live[0].pk)


@pair(
    "left_erp_did_not_upload",
    title="包裹已发出，应由 ERP 回传的单号没有到平台",
    title_en="Everything has left, and the ERP has not uploaded the waybill",
    one=(Side.TOWER, "every parcel shipped"),
    other=(Side.PLATFORM, "paid"),
    wrong=Side.ERP,
    why="这家店铺由 ERP 回传单号，平台却还在等待发货",
    why_en="for this shop the ERP uploads waybills, and the platform still waits",
    grace=hours(2),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform says shipped or further",
)
def left_erp_did_not_upload(picture: Picture) -> Iterator[Sight]:
    since = _all_left(picture)
    if since and picture.platform_says("paid") and picture.uploader == "erp" and picture.reaches("platform"):
        yield Sight(subject=ORDER, since=since)


@pair(
    "left_wms_did_not_upload",
    title="包裹已发出，应由仓库回传的单号没有到平台",
    title_en="Everything has left, and the warehouse has not uploaded the waybill",
    one=(Side.TOWER, "every parcel shipped"),
    other=(Side.PLATFORM, "paid"),
    wrong=Side.WMS,
    why="这家店铺由仓库系统回传单号，平台却还在等待发货",
    why_en="for this shop the WMS uploads waybills, and the platform still waits",
    grace=hours(2),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform says shipped or further",
)
def left_wms_did_not_upload(picture: Picture) -> Iterator[Sight]:
    since = _all_left(picture)
    if since and picture.platform_says("paid") and picture.uploader == "wms" and picture.reaches("platform"):
        yield Sight(subject=ORDER, since=since)


@pair(
    "paid_without_payment",
    title="平台已付款，指挥塔没有付款时间",
    title_en="The platform says paid, and the tower knows no payment",
    one=(Side.PLATFORM, "paid or further"),
    other=(Side.TOWER, "no payment time"),
    wrong=Side.TOWER,
    why="这里的副本缺付款时间，多半是报文不全",
    why_en="the copy here lacks the payment time; the message was incomplete",
    grace=minutes(10),
    cures=(Cure.READ_PLATFORM,),
    proof="a payment time is recorded",
)
def paid_without_payment(picture: Picture) -> Iterator[Sight]:
    if _unpaid(picture) and picture.platform_says("paid", "shipped_part", "shipped", "signed", "finished"):
        yield Sight(subject=ORDER, since=picture.platform_since)


@pair(
    "paid_by_hand_only",
    title="指挥塔已确认付款，平台仍是待付款",
    title_en="The tower counts it as paid, and the platform waits for the payment",
    one=(Side.TOWER, "paid"),
    other=(Side.PLATFORM, "unpaid"),
    wrong=Side.TOWER,
    why="付款是人工确认的，平台没有收到钱，货不能先发",
    why_en="a person confirmed the payment, and the platform has no money; goods must not go first",
    level=Level.CRITICAL,
    grace=hours(1),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform says paid or closed",
)
def paid_by_hand_only(picture: Picture) -> Iterator[Sight]:
    if picture.paid_at and picture.platform_says("unpaid") and ON_DELIVERY not in picture.flags and not picture.over:
        yield Sight(subject=ORDER, since=latest(picture.paid_at, picture.platform_since))


@pair(
    "unpaid_worked_on",
    title="没有付款，仓库、ERP 或快递却已在处理",
    title_en="Nobody paid, and a warehouse, ERP or courier works on it",
    one=(Side.PLATFORM, "unpaid"),
    other=(Side.WMS, "any progress (ERP and courier count too)"),
    wrong=Side.WMS,
    why="未付款的单不该到仓库，多半是有人手工推单或推错单",
    why_en="an unpaid order must not reach a warehouse; somebody pushed it by hand",
    level=Level.CRITICAL,
    grace=minutes(5),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform says paid, or the warehouse cancelled it",
    hold=("system_conflict", "unpaid"),
)
def unpaid_worked_on(picture: Picture) -> Iterator[Sight]:
    begun = [word.reached(1) for word in picture.words if word.furthest and word.stage not in ("cancelled", "rejected")]
    waits_for_it = picture.platform is None or picture.platform_says("unpaid", "unknown")
    if begun and _unpaid(picture) and waits_for_it:
        yield Sight(subject=ORDER, since=min(time for time in [*begun, picture.updated_at] if time))


@pair(
    "finished_nothing_left",
    title="平台显示已签收或交易完成，但没有包裹发出的记录",
    title_en="The platform says signed or finished, and nothing is known to have left",
    one=(Side.PLATFORM, "signed, finished"),
    other=(Side.WMS, "nothing shipped"),
    wrong=Side.WMS,
    why="买家已确认收货，货多半早已发出，仓库没有回传",
    why_en="the buyer confirmed it, so the goods left long ago and the warehouse did not report it",
    grace=hours(1),
    cures=(Cure.ASK_WAREHOUSE, Cure.READ_PLATFORM),
    proof="a parcel is reported as shipped",
)
def finished_nothing_left(picture: Picture) -> Iterator[Sight]:
    if _has_not_left(picture) and picture.platform_says("signed", "finished"):
        parcel = picture.waiting[0].pk if picture.waiting else None
        yield Sight(subject=ORDER, since=picture.platform_since, parcel=parcel)


@pair(
    "cancelled_here_platform_open",
    title="指挥塔已取消，平台订单还开着",
    title_en="Cancelled here, and the platform still has it open",
    one=(Side.TOWER, "cancelled"),
    other=(Side.PLATFORM, "unpaid, paid"),
    wrong=Side.PLATFORM,
    why="平台还没有关闭或退款，买家还在等货",
    why_en="nobody closed or refunded it there; the buyer still waits",
    grace=hours(2),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform closes it",
)
def cancelled_here_platform_open(picture: Picture) -> Iterator[Sight]:
    if picture.state == OrderState.CANCELLED and picture.closed_at is None and picture.platform_says("unpaid", "paid"):
        yield Sight(subject=ORDER, since=picture.updated_at)


@pair(
    "address_agreed_not_shown",
    title="已同意买家改址，平台还是旧地址",
    title_en="The new address was agreed, and the platform shows the old one",
    one=(Side.TOWER, "address change accepted"),
    other=(Side.PLATFORM, "no new address"),
    wrong=Side.PLATFORM,
    why="答复没有在平台生效，面单会继续按旧地址出",
    why_en="the answer had no effect there, so labels keep the old address",
    grace=minutes(30),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform shows a newer address, or withdraws the request",
)
def address_agreed_not_shown(picture: Picture) -> Iterator[Sight]:
    for wish in picture.wishes:
        if (wish.kind, wish.act, wish.state) == ("address", "accept", "open"):
            yield Sight(subject=f"request:{wish.key}", since=wish.asked_at, detail=f"申请 {wish.key}")


def _label_behind(picture: Picture, *, by_tower: bool) -> Iterator[tuple[Package, datetime]]:
    for one in picture.waiting:
        since = picture.old_address_of(one)
        if since and one.label and one.label.by_tower == by_tower:
            yield one, since


@pair(
    "label_has_old_address",
    title="买家已改址，指挥塔的面单还是旧地址",
    title_en="The address changed, and the tower's label has the old one",
    one=(Side.PLATFORM, "a newer address"),
    other=(Side.TOWER, "label for an older address"),
    wrong=Side.TOWER,
    why="面单在改址之前取号，要作废后重新取号打印",
    why_en="the label was issued before the change; void it and print a new one",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.PEND,),
    proof="the label is void, or a label for the new address lives",
    hold=("address_conflict", "label:"),
)
def label_has_old_address(picture: Picture) -> Iterator[Sight]:
    for one, since in _label_behind(picture, by_tower=True):
        yield Sight(
            subject=one.number, since=since, detail=f"面单 {one.label.waybill if one.label else ''}", parcel=one.pk
        )


@pair(
    "warehouse_label_has_old_address",
    title="买家已改址，仓库打的面单还是旧地址",
    title_en="The address changed, and the warehouse printed the old one",
    one=(Side.PLATFORM, "a newer address"),
    other=(Side.WMS, "printed for an older address"),
    wrong=Side.WMS,
    why="仓库在改址之前打了单，要换面单才能出库",
    why_en="the warehouse printed before the change; it must relabel",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.PEND,),
    proof="a label for the new address lives",
    hold=("address_conflict", "label:"),
)
def warehouse_label_has_old_address(picture: Picture) -> Iterator[Sight]:
    for one, since in _label_behind(picture, by_tower=False):
        yield Sight(
            subject=one.number, since=since, detail=f"面单 {one.label.waybill if one.label else ''}", parcel=one.pk
        )


@pair(
    "left_to_old_address",
    title="改址之后，包裹仍按旧地址发出",
    title_en="It left for the old address after the change",
    one=(Side.PLATFORM, "a newer address before the parcel left"),
    other=(Side.COURIER, "on its way with the old label"),
    wrong=Side.WMS,
    why="仓库没有换面单就发了货，要请快递改派或拦回",
    why_en="the warehouse shipped without relabelling; the courier must redirect or stop it",
    level=Level.CRITICAL,
    grace=minutes(0),
    cures=(Cure.INTERCEPT,),
    proof="the courier brings it back or signs it off",
    hold=("shipped_while_held", "address_conflict:"),
)
def left_to_old_address(picture: Picture) -> Iterator[Sight]:
    for one, shipped_at in picture.in_motion():
        since = picture.old_address_of(one)
        if since and since < shipped_at and one.label and one.state == ParcelState.SHIPPED:
            yield Sight(
                subject=one.number,
                since=shipped_at,
                detail=f"运单 {one.label.waybill}",
                parcel=one.pk,
                waybill=one.label.waybill,
                carrier=one.label.carrier,
            )
