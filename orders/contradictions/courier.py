"""The courier against warehouse and tower: who has the parcel, and under which number."""

from collections.abc import Iterator

from orders.contradictions.pair import Cure, Level, Side, Sight, hours, minutes, pair
from orders.contradictions.picture import PACKED, SHIPPED, SIGNED, WORKING, Package, Picture, latest

_ENDED = ("returning", "returned", "cancelled")


@pair(
    "picked_up_warehouse_not_packed",
    title="快递已揽收，仓库还没有打包",
    title_en="The courier has it, and the warehouse has not packed it",
    one=(Side.COURIER, "picked_up or further"),
    other=(Side.WMS, "accepted, printed, picking"),
    wrong=Side.WMS,
    why="货已经走了，仓库的步骤没有回传",
    why_en="the goods are gone; the warehouse did not report its steps",
    grace=hours(1),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse says shipped",
)
def picked_up_warehouse_not_packed(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since, word = one.reached(SHIPPED, "courier"), one.saying("wms", *WORKING)
        if since and word and one.furthest("wms") < PACKED:
            yield Sight(subject=one.number, since=since, detail=f"仓库 {word.stage}", parcel=one.pk)


@pair(
    "picked_up_warehouse_not_shipped",
    title="快递已揽收，仓库没有报出库",
    title_en="The courier has it, and the warehouse has not reported it as shipped",
    one=(Side.COURIER, "picked_up or further"),
    other=(Side.WMS, "packed, weighed, staged"),
    wrong=Side.WMS,
    why="出库确认丢了，仓库库存还没有扣",
    why_en="the confirmation was lost; the warehouse's stock still counts the goods",
    grace=hours(4),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse says shipped",
)
def picked_up_warehouse_not_shipped(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since, word = one.reached(SHIPPED, "courier"), one.saying("wms", *WORKING)
        if since and word and PACKED <= one.furthest("wms") < SHIPPED:
            yield Sight(subject=one.number, since=since, detail=f"仓库 {word.stage}", parcel=one.pk)


@pair(
    "picked_up_warehouse_silent",
    title="快递已揽收，仓库系统从没提过这个包裹",
    title_en="The courier has it, and the warehouse never spoke of it",
    one=(Side.COURIER, "picked_up or further"),
    other=(Side.WMS, "nothing"),
    wrong=Side.WMS,
    why="仓库系统里没有这一单，库存会对不上",
    why_en="the WMS does not know the order; stock will drift",
    grace=hours(4),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse says shipped",
)
def picked_up_warehouse_silent(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since = one.reached(SHIPPED, "courier")
        if since and not one.heard("wms") and picture.reaches("wms", "deliver"):
            yield Sight(subject=one.number, since=since, parcel=one.pk)


def _never_picked_up(picture: Picture, one: Package) -> bool:
    word = one.courier
    return (
        picture.reaches("courier")
        and one.left
        and one.furthest("courier") < SHIPPED
        and not (word and word.stage == "cancelled")
    )


@pair(
    "warehouse_shipped_no_pick_up",
    title="仓库已报发货，快递一直没有揽收",
    title_en="The warehouse reported it as shipped, and no courier has picked it up",
    one=(Side.WMS, "shipped"),
    other=(Side.COURIER, "nothing, or label_created"),
    wrong=Side.WMS,
    why="货多半还在仓库，超时会被平台判虚假发货",
    why_en="the goods are likely still in the warehouse; the platform fines it as false shipping",
    grace=hours(24),
    cures=(Cure.ASK_COURIER, Cure.ASK_WAREHOUSE),
    proof="the courier says picked_up or further",
)
def warehouse_shipped_no_pick_up(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since = one.reached(SHIPPED, "wms")
        if since and _never_picked_up(picture, one):
            yield Sight(subject=one.number, since=since, parcel=one.pk, grace=picture.pickup_time, **one.numbered())


@pair(
    "erp_shipped_no_pick_up",
    title="ERP 已出库，快递一直没有揽收",
    title_en="The ERP says shipped, and no courier has picked it up",
    one=(Side.ERP, "shipped"),
    other=(Side.COURIER, "nothing, or label_created"),
    wrong=Side.ERP,
    why="只有 ERP 说发了货，货多半还没有离开",
    why_en="only the ERP says so; the goods have likely not left",
    grace=hours(24),
    cures=(Cure.ASK_COURIER, Cure.ASK_ERP),
    proof="the courier says picked_up or further",
)
def erp_shipped_no_pick_up(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        since = one.reached(SHIPPED, "erp")
        if since and not one.heard("wms") and _never_picked_up(picture, one):
            yield Sight(subject=one.number, since=since, parcel=one.pk, grace=picture.pickup_time, **one.numbered())


@pair(
    "handed_over_no_pick_up",
    title="已出库交接，快递一直没有揽收",
    title_en="It was handed over here, and the courier has not picked it up",
    one=(Side.TOWER, "shipped by hand-over"),
    other=(Side.COURIER, "nothing, or label_created"),
    wrong=Side.COURIER,
    why="交接单上有这个包裹，快递漏扫或遗失",
    why_en="it stands on the hand-over sheet; the courier missed or lost it",
    grace=hours(24),
    cures=(Cure.ASK_COURIER,),
    proof="the courier says picked_up or further",
)
def handed_over_no_pick_up(picture: Picture) -> Iterator[Sight]:
    for one in picture.departed:
        if _never_picked_up(picture, one) and one.furthest("wms", "erp") < SHIPPED and one.shipped_at:
            yield Sight(
                subject=one.number, since=one.shipped_at, parcel=one.pk, grace=picture.pickup_time, **one.numbered()
            )


@pair(
    "warehouse_cancelled_courier_moving",
    title="仓库已取消，快递却在运送",
    title_en="The warehouse cancelled it, and the courier is moving it",
    one=(Side.WMS, "cancelled, rejected"),
    other=(Side.COURIER, "picked_up or further"),
    wrong=Side.WMS,
    why="货已经走了，仓库却按取消处理，库存会多",
    why_en="the goods are gone while the warehouse counts them as back",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse says shipped",
    hold=("system_conflict", "wms:"),
)
def warehouse_cancelled_courier_moving(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        word, since = one.saying("wms", "cancelled", "rejected"), one.reached(SHIPPED, "courier")
        if word and since and not picture.over:
            yield Sight(subject=one.number, since=latest(word.at, since), parcel=one.pk, **one.numbered())


@pair(
    "warehouse_signed_courier_moving",
    title="仓库系统报已签收，快递还在运输",
    title_en="The WMS says signed, and the courier is still moving it",
    one=(Side.WMS, "signed"),
    other=(Side.COURIER, "picked_up … exception"),
    wrong=Side.WMS,
    why="签收要以快递为准，仓库系统多半是到期自动签收",
    why_en="the courier knows best; the WMS likely closes by time",
    grace=hours(24),
    cures=(Cure.ASK_COURIER,),
    proof="the courier says signed",
)
def warehouse_signed_courier_moving(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        word, since = one.courier, one.reached(SIGNED, "wms")
        if word and since and one.saying("wms", "signed") and SHIPPED <= word.furthest < SIGNED:
            yield Sight(subject=one.number, since=since, detail=f"快递 {word.stage}", parcel=one.pk, **one.numbered())


@pair(
    "came_back_warehouse_unaware",
    title="快递已退回，仓库没有收货记录",
    title_en="The courier brought it back, and the warehouse has not received it",
    one=(Side.COURIER, "returned"),
    other=(Side.WMS, "no receipt of the return"),
    wrong=Side.WMS,
    why="退件可能放在仓库没有登记，或在退回途中遗失",
    why_en="it lies somewhere unregistered, or was lost on the way back",
    grace=hours(48),
    cures=(Cure.ASK_WAREHOUSE,),
    proof="the warehouse says returned",
)
def came_back_warehouse_unaware(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        word = one.courier
        received = any("word:returned" in each.seen for each in one.heard("wms"))
        if word and word.stage == "returned" and not received and picture.reaches("wms", "fetch"):
            yield Sight(subject=one.number, since=word.at, parcel=one.pk, **one.numbered())


@pair(
    "two_numbers_moving",
    title="同一包裹有两个运单号在运送",
    title_en="Two waybill numbers of one parcel are moving",
    one=(Side.COURIER, "one number picked up"),
    other=(Side.COURIER, "another number picked up"),
    wrong=Side.WMS,
    why="仓库多半发了两次，第二件要拦回",
    why_en="the warehouse shipped it twice; the second must be stopped",
    level=Level.CRITICAL,
    grace=minutes(5),
    cures=(Cure.INTERCEPT,),
    proof="one of them comes back, or the warehouse declares both as packages of one delivery",
)
def two_numbers_moving(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        dead = {number.waybill for number in one.dead}
        together = {name[8:] for word in one.heard("wms") for name in word.seen if name.startswith("package:")}
        moving = sorted(
            (began, word.subject)
            for word in one.heard("courier")
            if (began := word.reached(SHIPPED)) and word.subject not in dead and word.stage not in _ENDED
        )
        strange = [found for found in moving if len(moving) > 1 and found[1] not in together]
        mine = one.label.waybill if one.label else ""
        for began, waybill in [found for found in strange if found[1] != mine] or strange[1:]:
            since = max(began, moving[0][0])
            detail = "、".join(number for _, number in moving)
            yield Sight(
                subject=f"{one.number}:{waybill}"[:90],
                since=since,
                detail=detail,
                parcel=one.pk,
                waybill=waybill,
                carrier=one.label.carrier if one.label else one.carrier,
            )


@pair(
    "dead_number_moving",
    title="已作废的面单在运送",
    title_en="A voided label is moving",
    one=(Side.TOWER, "label void"),
    other=(Side.COURIER, "picked_up or further"),
    wrong=Side.WMS,
    why="作废的面单还贴在箱子上，地址或内容可能是旧的",
    why_en="the dead label is still on a box; its address or goods may be old",
    level=Level.CRITICAL,
    grace=minutes(0),
    cures=(Cure.INTERCEPT,),
    proof="the courier brings it back",
)
def dead_number_moving(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        for number in one.dead:
            word = one.courier_of(number)
            since = word.reached(SHIPPED) if word else None
            if word and since and word.stage not in _ENDED:
                yield Sight(
                    subject=number.waybill,
                    since=since,
                    detail=f"运单 {number.waybill}",
                    parcel=one.pk,
                    **one.numbered(number),
                )


@pair(
    "dead_number_not_returned",
    title="面单已作废，单号没有回收",
    title_en="The label is void, and its number was not given back",
    one=(Side.TOWER, "label void"),
    other=(Side.COURIER, "the number still counts"),
    wrong=Side.COURIER,
    why="单号还占着余额，也可能被人拿去用",
    why_en="it still costs balance, and somebody may use it",
    grace=minutes(30),
    cures=(Cure.RECYCLE,),
    proof="whoever issued the number took it back",
)
def dead_number_not_returned(picture: Picture) -> Iterator[Sight]:
    able = picture.reaches("platform", "waybill") or picture.reaches("courier", "waybill")
    for one in picture.packages if able else ():
        for number in one.dead:
            word = one.courier_of(number)
            used = word is not None and (word.furthest >= SHIPPED or word.stage == "cancelled")
            if number.by_tower and number.waybill and not used and ("recycled", number.waybill) not in picture.done:
                yield Sight(
                    subject=number.waybill,
                    since=number.at,
                    detail=f"运单 {number.waybill}",
                    parcel=one.pk,
                    **one.numbered(number),
                )


@pair(
    "courier_cancelled_number",
    title="快递取消了运单号，面单还在使用",
    title_en="The courier cancelled the number, and the label still counts",
    one=(Side.COURIER, "cancelled"),
    other=(Side.TOWER, "label live or printed"),
    wrong=Side.COURIER,
    why="包裹还在仓库，贴着这个单号发不出去",
    why_en="the parcel is still here, and cannot travel under this number",
    grace=minutes(10),
    cures=(Cure.ASK_COURIER,),
    proof="the courier takes the number again, or the label is void",
    hold=("system_conflict", "courier:cancelled"),
)
def courier_cancelled_number(picture: Picture) -> Iterator[Sight]:
    for one in picture.waiting:
        word = one.courier_of(one.label)
        if word and word.stage == "cancelled" and not picture.over:
            yield Sight(subject=word.subject, since=word.at, parcel=one.pk, **one.numbered())


@pair(
    "left_courier_cancelled",
    title="包裹已发出，快递却取消了运单",
    title_en="The parcel has left, and the courier cancelled its number",
    one=(Side.TOWER, "shipped"),
    other=(Side.COURIER, "cancelled"),
    wrong=Side.COURIER,
    why="不知道包裹在哪里，可能没有真正交出去",
    why_en="nobody knows where the parcel is; it may not have been handed over",
    level=Level.CRITICAL,
    grace=hours(1),
    cures=(Cure.ASK_COURIER,),
    proof="the courier moves it",
    hold=("system_conflict", "courier:cancelled"),
)
def left_courier_cancelled(picture: Picture) -> Iterator[Sight]:
    for one in picture.departed:
        word = one.courier_of(one.label)
        if word and word.stage == "cancelled":
            yield Sight(subject=word.subject, since=word.at, parcel=one.pk, **one.numbered())
