"""The ERP against everybody: books that say otherwise than goods, and orders that it would push once more."""

from collections.abc import Iterator
from datetime import datetime

from orders.contradictions.pair import Cure, Level, Side, Sight, hours, minutes, pair
from orders.contradictions.picture import ERP_OPEN, SHIPPED, WORKING, Package, Picture, Word, latest

ORDER = "order"
CORRECTED = "corrected"


@pair(
    "over_erp_open",
    title="订单已关闭或取消，ERP 还在待发",
    title_en="The order is over, and the ERP would still send it",
    one=(Side.PLATFORM, "closed (or cancelled here)"),
    other=(Side.ERP, "accepted … staged"),
    wrong=Side.ERP,
    why="ERP 里的单没有作废，会被推到仓库",
    why_en="its bill was not cancelled, and will be pushed to a warehouse",
    level=Level.CRITICAL,
    grace=hours(1),
    cures=(Cure.ASK_ERP,),
    proof="the ERP says cancelled",
)
def over_erp_open(picture: Picture) -> Iterator[Sight]:
    word = picture.says("erp", *ERP_OPEN)
    if word and picture.over and not picture.departed:
        since = latest(picture.closed_at or picture.updated_at, word.since(word.stage))
        yield Sight(subject=ORDER, since=since, detail=f"ERP {word.stage}")


def _cancelled_there(picture: Picture) -> Word | None:
    return None if picture.over else picture.says("erp", "cancelled", "rejected")


@pair(
    "erp_cancelled_order_open",
    title="ERP 已作废，平台订单还有效",
    title_en="The ERP cancelled it, and the platform has it open",
    one=(Side.ERP, "cancelled, rejected"),
    other=(Side.PLATFORM, "paid"),
    wrong=Side.ERP,
    why="平台没有关闭，ERP 里的单多半是误作废",
    why_en="the platform has not closed it; the bill was cancelled by mistake",
    grace=minutes(30),
    cures=(Cure.READ_PLATFORM, Cure.ASK_ERP),
    proof="the ERP has a living bill again, or the platform says closed",
    hold=("system_conflict", "erp:"),
)
def erp_cancelled_order_open(picture: Picture) -> Iterator[Sight]:
    word = _cancelled_there(picture)
    if word and not picture.departed and not picture.says("wms", *WORKING):
        yield Sight(subject=ORDER, since=word.at)


@pair(
    "erp_cancelled_warehouse_working",
    title="ERP 已作废，仓库还在处理",
    title_en="The ERP cancelled it, and the warehouse works on it",
    one=(Side.ERP, "cancelled, rejected"),
    other=(Side.WMS, "accepted … staged"),
    wrong=Side.ERP,
    why="平台订单有效，仓库在做，ERP 的账会缺这一单",
    why_en="the order is open and the warehouse busy with it; the books will miss it",
    grace=minutes(30),
    cures=(Cure.READ_PLATFORM, Cure.ASK_ERP),
    proof="the ERP has a living bill again, or the warehouse cancelled too",
    hold=("system_conflict", "erp:"),
)
def erp_cancelled_warehouse_working(picture: Picture) -> Iterator[Sight]:
    word, working = _cancelled_there(picture), picture.says("wms", *WORKING)
    if word and working and not picture.departed:
        yield Sight(subject=ORDER, since=latest(word.at, working.since(working.stage)))


@pair(
    "erp_cancelled_parcel_left",
    title="ERP 已作废，货却发出了",
    title_en="The ERP cancelled it, and the goods have left",
    one=(Side.ERP, "cancelled, rejected"),
    other=(Side.TOWER, "a parcel shipped"),
    wrong=Side.ERP,
    why="货已出库，ERP 少一笔出库，库存会对不上",
    why_en="the goods are out and the books miss it; stock will drift",
    grace=hours(1),
    cures=(Cure.CORRECT_ERP,),
    proof="the ERP shows it as shipped, or its bill carries the correction",
    hold=("system_conflict", "erp:"),
)
def erp_cancelled_parcel_left(picture: Picture) -> Iterator[Sight]:
    word = _cancelled_there(picture)
    for one in picture.departed:
        if word and (CORRECTED, one.number) not in picture.done:
            yield Sight(subject=one.number, since=latest(word.at, one.shipped_at), parcel=one.pk)


@pair(
    "erp_shipped_warehouse_not",
    title="ERP 已出库，仓库还没有发货",
    title_en="The ERP says shipped, and the warehouse has not shipped",
    one=(Side.ERP, "shipped, signed"),
    other=(Side.WMS, "accepted … staged"),
    wrong=Side.ERP,
    why="ERP 先做了出库单，货还在仓库",
    why_en="the out-stock bill was written first; the goods are still in the warehouse",
    grace=hours(4),
    cures=(Cure.ASK_WAREHOUSE, Cure.ASK_ERP),
    proof="the warehouse says shipped",
)
def erp_shipped_warehouse_not(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since = one.reached(SHIPPED, "erp")
        if since and one.saying("wms", *WORKING) and one.furthest("wms", "courier") < SHIPPED:
            yield Sight(subject=one.number, since=since, parcel=one.pk)


def _open_there(picture: Picture) -> Iterator[tuple[Package, Word, datetime]]:
    """Parcels that left while the ERP would push them again, and that it was not corrected about."""
    for one in picture.departed:
        word = one.saying("erp", *ERP_OPEN)
        if word and (CORRECTED, one.number) not in picture.done:
            yield one, word, latest(one.shipped_at or picture.updated_at, word.since(word.stage))


@pair(
    "warehouse_shipped_erp_open",
    title="仓库已发货，ERP 还是待发：可能再推一次",
    title_en="The warehouse shipped, and the ERP has it open: it may push it again",
    one=(Side.WMS, "shipped"),
    other=(Side.ERP, "accepted … staged"),
    wrong=Side.ERP,
    why="ERP 没有收到出库，重推就会重复发货",
    why_en="the ERP did not hear of it; pushed again, it leaves twice",
    level=Level.CRITICAL,
    grace=minutes(30),
    cures=(Cure.CORRECT_ERP,),
    proof="the ERP says shipped, or its bill carries the correction (read back after writing)",
)
def warehouse_shipped_erp_open(picture: Picture) -> Iterator[Sight]:
    for one, word, since in _open_there(picture):
        if one.furthest("wms") >= SHIPPED:
            yield Sight(subject=one.number, since=since, detail=f"ERP {word.stage}", parcel=one.pk)


@pair(
    "handed_over_erp_open",
    title="包裹已交快递，ERP 还是待发：可能再推一次",
    title_en="The parcel was handed over, and the ERP has it open: it may push it again",
    one=(Side.TOWER, "shipped by hand-over or by the courier's word"),
    other=(Side.ERP, "accepted … staged"),
    wrong=Side.ERP,
    why="ERP 没有收到出库，重推就会重复发货",
    why_en="the ERP did not hear of it; pushed again, it leaves twice",
    level=Level.CRITICAL,
    grace=minutes(30),
    cures=(Cure.CORRECT_ERP,),
    proof="the ERP says shipped, or its bill carries the correction (read back after writing)",
)
def handed_over_erp_open(picture: Picture) -> Iterator[Sight]:
    for one, word, since in _open_there(picture):
        if one.furthest("wms") < SHIPPED:
            yield Sight(subject=one.number, since=since, detail=f"ERP {word.stage}", parcel=one.pk)


@pair(
    "erp_part_all_left",
    title="ERP 只出了一部分，包裹已全部发出",
    title_en="The ERP says shipped in part, and everything has left",
    one=(Side.ERP, "shipped_part"),
    other=(Side.TOWER, "every parcel shipped"),
    wrong=Side.ERP,
    why="剩下的行还挂在 ERP 里，会被再推一次",
    why_en="the rest stays open in the books and may be pushed again",
    grace=hours(4),
    cures=(Cure.TELL_ERP, Cure.ASK_ERP),
    proof="the ERP says shipped",
)
def erp_part_all_left(picture: Picture) -> Iterator[Sight]:
    word, live = picture.says("erp", "shipped_part"), picture.live
    if word and live and all(one.left and one.shipped_at for one in live):
        since = latest(word.at, *(one.shipped_at for one in live))
        yield Sight(subject=ORDER, since=since, parcel=live[-1].pk)


@pair(
    "packed_erp_silent",
    title="包裹已打包或发出，ERP 里没有这一单",
    title_en="Packed or gone, and the ERP knows nothing of it",
    one=(Side.TOWER, "packed, shipped"),
    other=(Side.ERP, "nothing"),
    wrong=Side.ERP,
    why="ERP 漏了这一单，账和库存都会缺",
    why_en="the ERP missed the order; books and stock will lack it",
    grace=hours(4),
    cures=(Cure.ASK_ERP,),
    proof="the ERP says anything of it",
)
def packed_erp_silent(picture: Picture) -> Iterator[Sight]:
    packed = [one.packed_at or one.shipped_at for one in picture.live if one.packed_at or one.shipped_at]
    silent = not any(word.system == "erp" for word in picture.words)
    if packed and silent and picture.reaches("erp", "fetch") and not picture.over:
        yield Sight(subject=ORDER, since=min(time for time in packed if time))


@pair(
    "erp_other_waybill",
    title="ERP 的运单号与面单不一致",
    title_en="The ERP has another waybill number than the label",
    one=(Side.ERP, "shipped with another number"),
    other=(Side.TOWER, "the label's number"),
    wrong=Side.ERP,
    why="包裹上贴的是指挥塔的面单，ERP 里是别的单号",
    why_en="the label on the parcel is the tower's; the ERP holds another number",
    grace=minutes(30),
    cures=(Cure.TELL_ERP, Cure.ASK_ERP),
    proof="the ERP names the label's number",
)
def erp_other_waybill(picture: Picture) -> Iterator[Sight]:
    for one in picture.live:
        word = next((word for word in one.heard("erp") if word.waybills), None)
        mine = one.label.waybill if one.label else ""
        known = {number for other in picture.packages for number in ([other.label.waybill] if other.label else [])}
        if word and mine and mine not in word.waybills and not known & set(word.waybills):
            theirs = "、".join(sorted(word.waybills))
            yield Sight(subject=one.number, since=word.at, detail=f"ERP {theirs}，面单 {mine}", parcel=one.pk)


@pair(
    "erp_other_pieces",
    title="ERP 出库的货品数量与应发不一致",
    title_en="The ERP took out other goods or pieces than belong into the parcel",
    one=(Side.ERP, "out-stock quantities"),
    other=(Side.TOWER, "pack lines"),
    wrong=Side.ERP,
    why="出库单与实际装箱不符，库存会对不上",
    why_en="the out-stock bill is not what was packed; stock will drift",
    grace=hours(2),
    cures=(Cure.ASK_ERP,),
    proof="the ERP's quantities are the pack lines'",
)
def erp_other_pieces(picture: Picture) -> Iterator[Sight]:
    if len(picture.live) != 1:
        return
    [one] = picture.live
    for word in one.heard("erp"):
        if word.pieces and one.pieces and word.pieces != dict(one.pieces):
            yield Sight(subject=one.number, since=word.at, parcel=one.pk)
