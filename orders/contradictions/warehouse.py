"""The warehouse against the tower: other numbers, other goods, silence, and packing that nobody confirmed."""

from collections.abc import Iterator

from orders.contradictions.pair import Cure, Level, Side, Sight, hours, minutes, pair
from orders.contradictions.picture import PACKED, SHIPPED, Package, Picture, latest
from orders.lifecycle import ParcelState


@pair(
    "warehouse_other_waybill",
    title="仓库的运单号与面单不一致",
    title_en="The warehouse names another waybill number than the label",
    one=(Side.WMS, "printed or shipped with another number"),
    other=(Side.TOWER, "the label's number"),
    wrong=Side.WMS,
    why="仓库可能另打了一张面单，同一包裹两个单号",
    why_en="the warehouse may have made a label of its own: one parcel, two numbers",
    level=Level.CRITICAL,
    grace=minutes(5),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse names the label's number, or that label is void",
    hold=("foreign_waybill", "waybill:"),
)
def warehouse_other_waybill(picture: Picture) -> Iterator[Sight]:
    for one in picture.live:
        mine = one.label.waybill if one.label and one.label.by_tower else ""
        for word in one.heard("wms"):
            if mine and word.waybills and mine not in word.waybills:
                theirs = "、".join(sorted(word.waybills))
                yield Sight(subject=one.number, since=word.at, detail=f"仓库 {theirs}，面单 {mine}", parcel=one.pk)


@pair(
    "warehouse_other_carrier",
    title="仓库报的快递与面单不是同一家",
    title_en="The warehouse names another courier for the same number",
    one=(Side.WMS, "another carrier"),
    other=(Side.TOWER, "the label's carrier"),
    wrong=Side.WMS,
    why="单号相同而快递不同，回传后买家查不到物流",
    why_en="same number, other courier: the buyer will find no track",
    grace=minutes(30),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="both name one carrier",
)
def warehouse_other_carrier(picture: Picture) -> Iterator[Sight]:
    for one in picture.live:
        if one.label is None or not one.label.by_tower:
            continue
        for word in one.heard("wms"):
            theirs = word.waybills.get(one.label.waybill, "")
            if theirs and one.label.carrier and theirs != one.label.carrier:
                detail = f"仓库 {theirs}，面单 {one.label.carrier}"
                yield Sight(subject=one.number, since=word.at, detail=detail, parcel=one.pk)


@pair(
    "warehouse_other_pieces",
    title="仓库发出的货品数量与应发不一致",
    title_en="The warehouse shipped other goods or pieces than belong into the parcel",
    one=(Side.WMS, "package items"),
    other=(Side.TOWER, "pack lines"),
    wrong=Side.WMS,
    why="多发、少发或错发，买家会来售后",
    why_en="too many, too few or wrong goods; the buyer will complain",
    level=Level.CRITICAL,
    grace=minutes(30),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse's items are the pack lines'",
)
def warehouse_other_pieces(picture: Picture) -> Iterator[Sight]:
    for one in picture.live:
        for word in one.heard("wms"):
            whole = word.furthest >= SHIPPED and word.pieces and one.pieces
            if whole and word.pieces != dict(one.pieces):
                detail = "，".join(f"{code} × {pieces}" for code, pieces in sorted(word.pieces.items()))
                yield Sight(subject=one.number, since=word.at, detail=f"仓库 {detail}"[:200], parcel=one.pk)


@pair(
    "warehouse_printed_again",
    title="面单已打印，仓库又打印了一次",
    title_en="The label was printed, and the warehouse printed once more",
    one=(Side.TOWER, "a print that counts"),
    other=(Side.WMS, "printed at another time or number"),
    wrong=Side.WMS,
    why="同一包裹两张面单，可能发出两次",
    why_en="two labels for one parcel: it may leave twice",
    level=Level.CRITICAL,
    grace=minutes(0),
    cures=(Cure.PEND,),
    proof="the extra label was handed in and a person lifted the lock, or the order left as one",
    hold=("duplicate_print", "observed:"),
)
def warehouse_printed_again(picture: Picture) -> Iterator[Sight]:
    for one in picture.waiting:
        if len(one.prints) > 1 and any(each.observed for each in one.prints):
            second = sorted(each.at for each in one.prints)[1]
            yield Sight(subject=one.number, since=second, detail=f"共 {len(one.prints)} 次", parcel=one.pk)


def _unheard(picture: Picture) -> Iterator[Package]:
    """Parcels that a connected warehouse should know of and has not said a word about."""
    if picture.reaches("wms", "deliver") and picture.from_here and not picture.over and not picture.held:
        yield from (one for one in picture.packages if not one.heard("wms"))


@pair(
    "released_warehouse_silent",
    title="已推送仓库，仓库没有任何回执",
    title_en="Sent to the warehouse, and the warehouse says nothing",
    one=(Side.TOWER, "to_pick"),
    other=(Side.WMS, "nothing"),
    wrong=Side.WMS,
    why="下发可能丢了，没有人在拣这一单",
    why_en="the delivery may be lost; nobody is picking it",
    grace=hours(1),
    cures=(Cure.DELIVER_AGAIN, Cure.ASK_WAREHOUSE),
    proof="the warehouse says anything of it",
)
def released_warehouse_silent(picture: Picture) -> Iterator[Sight]:
    for one in _unheard(picture):
        if one.state == ParcelState.TO_PICK:
            yield Sight(subject=one.number, since=one.created_at, parcel=one.pk)


@pair(
    "packed_warehouse_silent",
    title="指挥塔已打包，仓库系统里没有这一单",
    title_en="Packed here, and the warehouse's system never got it",
    one=(Side.TOWER, "packed"),
    other=(Side.WMS, "nothing"),
    wrong=Side.WMS,
    why="单没有到仓库系统，出库和库存都会缺",
    why_en="it never reached the WMS; its stock and shipping will lack it",
    grace=hours(1),
    cures=(Cure.ASK_WAREHOUSE, Cure.DELIVER_AGAIN),
    proof="the warehouse says anything of it",
)
def packed_warehouse_silent(picture: Picture) -> Iterator[Sight]:
    for one in _unheard(picture):
        if one.state == ParcelState.PACKED:
            yield Sight(subject=one.number, since=one.packed_at or one.created_at, parcel=one.pk)


@pair(
    "packed_warehouse_behind",
    title="仓管组长已确认打包，仓库系统还在拣货",
    title_en="仓管组长 confirmed it as packed, and the WMS is still picking",
    one=(Side.TOWER, "packed"),
    other=(Side.WMS, "accepted, printed, picking"),
    wrong=Side.WMS,
    why="仓库系统的步骤没有跟上，多半是漏报",
    why_en="the WMS's steps lag behind; a report was lost",
    grace=hours(4),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse says packed or further",
)
def packed_warehouse_behind(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        word = one.saying("wms", "accepted", "printed", "picking")
        if one.state == ParcelState.PACKED and word and one.furthest("wms", "erp") < PACKED:
            since = latest(one.packed_at, word.at)
            yield Sight(subject=one.number, since=since, detail=f"仓库 {word.stage}", parcel=one.pk)


@pair(
    "warehouse_packed_unconfirmed",
    title="仓库系统报已打包，仓管组长还没有确认",
    title_en="The WMS says packed, and 仓管组长 has not confirmed it",
    one=(Side.WMS, "checked, packed, weighed, staged"),
    other=(Side.TOWER, "to_pick"),
    wrong=Side.TOWER,
    why="只有仓管组长能确认已打包，这一步漏了",
    why_en="only 仓管组长 confirms packing, and that step is missing",
    grace=hours(2),
    proof="仓管组长 confirms it",
)
def warehouse_packed_unconfirmed(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since = one.reached(PACKED, "wms")
        if one.state == ParcelState.TO_PICK and since and one.saying("wms", "checked", "packed", "weighed", "staged"):
            yield Sight(subject=one.number, since=since, parcel=one.pk)


@pair(
    "left_unconfirmed",
    title="没有仓管组长确认打包，货却发出了",
    title_en="It left, and 仓管组长 never confirmed that it was packed",
    one=(Side.WMS, "shipped (or the courier has it)"),
    other=(Side.TOWER, "never confirmed as packed"),
    wrong=Side.WMS,
    why="跳过了复核，里面可能是错货",
    why_en="the check was skipped; the goods may be wrong",
    grace=minutes(30),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="a word that counts as 仓管组长's packing arrives late",
    hold=("system_conflict", "unconfirmed:"),
)
def left_unconfirmed(picture: Picture) -> Iterator[Sight]:
    for one in picture.departed:
        since = one.reached(SHIPPED, "wms", "erp", "courier")
        if since and not one.confirmed:
            yield Sight(subject=one.number, since=since, parcel=one.pk)
