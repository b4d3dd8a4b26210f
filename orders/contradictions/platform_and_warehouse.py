"""What the platform has decided and a warehouse does all the same."""

from collections.abc import Iterator
from datetime import datetime

from orders.contradictions.pair import Cure, Level, Side, Sight, minutes, pair
from orders.contradictions.picture import NOT_FROM_HERE, WORKING, Package, Picture, Word, latest
from orders.lifecycle import LabelState


def _worked_on(picture: Picture) -> Iterator[tuple[Package, Word, datetime]]:
    """Parcels that have not left and that a warehouse works on: parcel, its word, since when."""
    for one in picture.packages:
        word = one.saying("wms", *WORKING)
        if word and not one.left:
            yield one, word, word.since(word.stage)


def _words(word: Word) -> str:
    return f"仓库 {word.subject}：{word.stage}"


@pair(
    "closed_warehouse_working",
    title="平台已关闭，仓库还在处理",
    title_en="The platform closed it, and the warehouse goes on",
    one=(Side.PLATFORM, "closed"),
    other=(Side.WMS, "accepted … staged"),
    wrong=Side.WMS,
    why="仓库没有收到或没有执行取消，再不停货就会发出去",
    why_en="the warehouse did not get the cancellation or did not act on it; the goods are about to leave",
    level=Level.CRITICAL,
    grace=minutes(15),
    cures=(Cure.CANCEL_DELIVERY, Cure.ASK_WAREHOUSE),
    proof="the warehouse says cancelled",
)
def closed_warehouse_working(picture: Picture) -> Iterator[Sight]:
    for one, word, since in _worked_on(picture):
        if picture.closed_at:
            yield Sight(subject=one.number, since=latest(picture.closed_at, since), detail=_words(word), parcel=one.pk)


@pair(
    "cancelled_warehouse_working",
    title="包裹已在指挥塔取消，仓库还在处理",
    title_en="The parcel was cancelled here, and the warehouse goes on",
    one=(Side.TOWER, "order cancelled or parcel voided"),
    other=(Side.WMS, "accepted … staged"),
    wrong=Side.WMS,
    why="取消没有到仓库，货可能被发出或与新包裹重复",
    why_en="the cancellation did not reach it; the goods may leave, or leave twice",
    level=Level.CRITICAL,
    grace=minutes(15),
    cures=(Cure.CANCEL_DELIVERY, Cure.ASK_WAREHOUSE),
    proof="the warehouse says cancelled",
)
def cancelled_warehouse_working(picture: Picture) -> Iterator[Sight]:
    for one, word, since in _worked_on(picture):
        if one.voided and picture.closed_at is None:
            yield Sight(subject=one.number, since=since, detail=_words(word), parcel=one.pk)


@pair(
    "warehouse_cannot_cancel",
    title="订单已取消，仓库回复取消失败",
    title_en="The order is over, and the warehouse says that it cannot cancel",
    one=(Side.TOWER, "cancelled, closed or voided"),
    other=(Side.WMS, "cancel_failed"),
    wrong=Side.WMS,
    why="货已在出库流程里，要请仓库当面拦下",
    why_en="the goods are on their way out of the warehouse; somebody there must stop them by hand",
    level=Level.CRITICAL,
    grace=minutes(0),
    cures=(Cure.PEND, Cure.ASK_WAREHOUSE),
    proof="the warehouse says cancelled",
)
def warehouse_cannot_cancel(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        word = one.saying("wms", "cancel_failed")
        if word and not one.left and (picture.over or one.voided):
            yield Sight(subject=one.number, since=word.at, detail=_words(word), parcel=one.pk)


def _ended_there(picture: Picture, stage: str) -> Iterator[Sight]:
    for one in picture.waiting:
        word = one.saying("wms", stage)
        moving = one.furthest("courier") > 0
        if word and not picture.over and not moving:
            yield Sight(subject=one.number, since=word.at, detail=_words(word), parcel=one.pk)


@pair(
    "warehouse_cancelled_order_open",
    title="仓库已取消，平台订单还有效",
    title_en="The warehouse cancelled it, and the platform has it open",
    one=(Side.WMS, "cancelled"),
    other=(Side.PLATFORM, "paid"),
    wrong=Side.WMS,
    why="平台没有关闭，多半是仓库误取消；也可能漏收了平台的关闭消息",
    why_en="the platform has not closed it: cancelled by mistake, or its closing was not heard",
    grace=minutes(10),
    cures=(Cure.READ_PLATFORM, Cure.ASK_WAREHOUSE),
    proof="the warehouse works on it again, or the platform says closed",
    hold=("system_conflict", "wms:cancelled"),
)
def warehouse_cancelled_order_open(picture: Picture) -> Iterator[Sight]:
    yield from _ended_there(picture, "cancelled")


@pair(
    "warehouse_rejected_order_open",
    title="仓库拒单，订单还有效",
    title_en="The warehouse rejected it, and the order is open",
    one=(Side.WMS, "rejected"),
    other=(Side.TOWER, "to pick"),
    wrong=Side.TOWER,
    why="多半是下发的货品编码、数量或地址不合仓库的要求",
    why_en="what was sent (goods code, quantity, address) is not what the warehouse can take",
    grace=minutes(10),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse accepts it, or the parcel is voided",
    hold=("system_conflict", "wms:rejected"),
)
def warehouse_rejected_order_open(picture: Picture) -> Iterator[Sight]:
    yield from _ended_there(picture, "rejected")


@pair(
    "warehouse_has_old_address",
    title="买家已改址，仓库接的单还是旧地址",
    title_en="The address changed, and the warehouse took the old one",
    one=(Side.PLATFORM, "a newer address"),
    other=(Side.WMS, "accepted before the change, not printed"),
    wrong=Side.WMS,
    why="下发之后才改址，仓库会照旧地址打单",
    why_en="the address changed after it was sent there; the warehouse will print the old one",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.PEND,),
    proof="the parcel is voided and sent again",
)
def warehouse_has_old_address(picture: Picture) -> Iterator[Sight]:
    if len(picture.addresses) < 2:
        return
    _, changed_at = picture.addresses[-1]
    for one in picture.waiting:
        taken_at = one.reached(1, "wms")
        printed = one.label is not None and one.label.state != LabelState.REQUESTED
        if taken_at and taken_at < changed_at and not printed and not picture.over:
            yield Sight(subject=one.number, since=changed_at, parcel=one.pk)


@pair(
    "refunded_warehouse_working",
    title="货款已退，仓库还在处理",
    title_en="The goods were refunded, and the warehouse goes on",
    one=(Side.PLATFORM, "refund done"),
    other=(Side.WMS, "accepted … staged"),
    wrong=Side.WMS,
    why="钱已退给买家，货再发出去就收不回来了",
    why_en="the money is back with the buyer; the goods would be lost",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.PEND,),
    proof="the warehouse cancelled it, or the refunded line is closed",
)
def refunded_warehouse_working(picture: Picture) -> Iterator[Sight]:
    for refund in picture.refunds:
        if refund.state != "done" or not refund.for_goods or picture.over:
            continue
        for one, word, since in _worked_on(picture):
            if one.waits:
                yield Sight(
                    subject=f"{refund.key}:{one.number}",
                    since=latest(refund.at, since),
                    detail=f"退款 {refund.key}，{_words(word)}",
                    parcel=one.pk,
                )


@pair(
    "elsewhere_warehouse_working",
    title="平台仓、代发或虚拟订单，本仓却在处理",
    title_en="The order ships from elsewhere, and this warehouse works on it",
    one=(Side.PLATFORM, "platform_warehouse, dropship or virtual"),
    other=(Side.WMS, "accepted … staged"),
    wrong=Side.WMS,
    why="这单由别处发货，本仓再发就是重复发货",
    why_en="somebody else ships this order; from here it would leave twice",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.CANCEL_DELIVERY,),
    proof="the warehouse says cancelled",
)
def elsewhere_warehouse_working(picture: Picture) -> Iterator[Sight]:
    for one, word, since in _worked_on(picture):
        if NOT_FROM_HERE & picture.flags and not picture.over and one.waits:
            yield Sight(subject=one.number, since=since, detail=_words(word), parcel=one.pk)


@pair(
    "stop_agreed_warehouse_working",
    title="已同意买家拦截，仓库还在处理",
    title_en="A stop was agreed, and the warehouse goes on",
    one=(Side.TOWER, "intercept request accepted"),
    other=(Side.WMS, "a newer word: printed … staged"),
    wrong=Side.WMS,
    why="仓库没有停下，再不停货就会发出去",
    why_en="the warehouse did not stop; the goods are about to leave",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.PEND, Cure.ASK_WAREHOUSE),
    proof="the warehouse cancelled it, or the request was withdrawn",
)
def stop_agreed_warehouse_working(picture: Picture) -> Iterator[Sight]:
    for wish in picture.wishes:
        if not (wish.kind == "intercept" and wish.act == "accept" and wish.state in ("open", "done")):
            continue
        for one, word, _since in _worked_on(picture):
            if one.waits and word.at > wish.asked_at and not picture.over:
                yield Sight(
                    subject=f"{wish.key}:{one.number}",
                    since=word.at,
                    detail=f"申请 {wish.key}，{_words(word)}",
                    parcel=one.pk,
                )
