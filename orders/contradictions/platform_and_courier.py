"""What the platform shows the buyer and the courier does with the parcel."""

from collections.abc import Iterator

from orders.contradictions.pair import Cure, Level, Side, Sight, hours, minutes, pair
from orders.contradictions.picture import COMING_BACK, SHIPPED, SIGNED, Picture, latest
from orders.lifecycle import ParcelState


@pair(
    "closed_parcel_moving",
    title="平台已关闭，包裹还在路上",
    title_en="The platform closed it, and the parcel is on its way",
    one=(Side.PLATFORM, "closed"),
    other=(Side.COURIER, "shipped, picked_up … out_for_delivery"),
    wrong=Side.WMS,
    why="关闭的订单不该发出，货到买家手里就难追回",
    why_en="a closed order must not leave; once delivered the goods are hard to get back",
    level=Level.CRITICAL,
    grace=minutes(0),
    cures=(Cure.INTERCEPT,),
    proof="the courier brings it back",
    hold=("shipped_while_held", "closed"),
)
def closed_parcel_moving(picture: Picture) -> Iterator[Sight]:
    if picture.closed_at is None:
        return
    for one, shipped_at in picture.in_motion():
        number = one.numbered()
        yield Sight(
            subject=one.number,
            since=latest(picture.closed_at, shipped_at),
            detail=f"运单 {number['waybill']}",
            parcel=one.pk,
            **number,
        )


@pair(
    "closed_parcel_signed",
    title="平台已关闭，包裹却已签收",
    title_en="The platform closed it, and the parcel was signed for",
    one=(Side.PLATFORM, "closed"),
    other=(Side.COURIER, "signed"),
    wrong=Side.PLATFORM,
    why="钱退了货也收了，要向平台申诉或联系买家",
    why_en="the buyer has both goods and money; appeal at the platform or ask the buyer",
    level=Level.CRITICAL,
    grace=minutes(30),
    cures=(Cure.READ_PLATFORM,),
    proof="the goods come back, or the platform takes the closing back",
    hold=("shipped_while_held", "closed"),
)
def closed_parcel_signed(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        if picture.closed_at and one.state == ParcelState.SIGNED:
            yield Sight(
                subject=one.number, since=latest(picture.closed_at, one.signed_at), parcel=one.pk, **one.numbered()
            )


@pair(
    "signed_at_platform_courier_moving",
    title="平台显示已签收或完成，快递还在运输",
    title_en="The platform says signed or finished, and the courier is still moving it",
    one=(Side.PLATFORM, "signed, finished"),
    other=(Side.COURIER, "picked_up … at_pickup_point, exception"),
    wrong=Side.PLATFORM,
    why="多半是到期自动确认收货，买家其实没有收到",
    why_en="the order was confirmed by time-out; the buyer has not got it",
    grace=hours(24),
    cures=(Cure.ASK_COURIER,),
    proof="the courier says signed",
)
def signed_at_platform_courier_moving(picture: Picture) -> Iterator[Sight]:
    for one in picture.packages:
        word = one.courier
        if not (picture.platform_says("signed", "finished") and one.state == ParcelState.SHIPPED and word):
            continue
        if SHIPPED <= word.furthest < SIGNED and word.stage not in COMING_BACK:
            yield Sight(
                subject=one.number,
                since=picture.platform_since,
                detail=f"快递 {word.stage}",
                parcel=one.pk,
                **one.numbered(),
            )


@pair(
    "finished_parcel_coming_back",
    title="平台显示已签收或完成，包裹却在退回",
    title_en="The platform says signed or finished, and the parcel comes back",
    one=(Side.PLATFORM, "signed, finished"),
    other=(Side.COURIER, "refused, returning, returned"),
    wrong=Side.PLATFORM,
    why="买家没有收到货，款却已结算，会有售后",
    why_en="the buyer did not get it and the money is settled; a claim will follow",
    grace=hours(1),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform shows a refund or closes it",
)
def finished_parcel_coming_back(picture: Picture) -> Iterator[Sight]:
    for one in picture.departed:
        word = one.courier
        refunded = any(refund.state in ("open", "done") for refund in picture.refunds)
        if picture.platform_says("signed", "finished") and word and word.stage in COMING_BACK and not refunded:
            since = latest(picture.platform_since, word.at)
            yield Sight(subject=one.number, since=since, detail=f"快递 {word.stage}", parcel=one.pk, **one.numbered())


@pair(
    "coming_back_platform_open",
    title="包裹已退回，平台既没有退款也没有关闭",
    title_en="The parcel came back, and the platform neither refunds nor closes",
    one=(Side.COURIER, "refused, returning, returned"),
    other=(Side.PLATFORM, "paid, shipped_part, shipped"),
    wrong=Side.PLATFORM,
    why="货在退回，买家还在等，要联系买家补发或退款",
    why_en="the goods come back while the buyer waits; send again or refund",
    grace=hours(24),
    cures=(Cure.READ_PLATFORM,),
    proof="the platform shows a refund or closes it, or it is sent again",
)
def coming_back_platform_open(picture: Picture) -> Iterator[Sight]:
    for one in picture.departed:
        word = one.courier
        refunded = any(refund.state in ("open", "done") for refund in picture.refunds)
        again = any(other.pk > one.pk for other in picture.live)
        if not word or word.stage not in COMING_BACK or refunded or again:
            continue
        if picture.platform_says("paid", "shipped_part", "shipped") and not picture.over:
            yield Sight(subject=one.number, since=word.at, detail=f"快递 {word.stage}", parcel=one.pk, **one.numbered())


@pair(
    "refunded_parcel_moving",
    title="货款已退，包裹还在路上",
    title_en="The goods were refunded, and the parcel is on its way",
    one=(Side.PLATFORM, "refund without return done"),
    other=(Side.COURIER, "shipped, picked_up … out_for_delivery"),
    wrong=Side.COURIER,
    why="仅退款已完成，包裹该拦回而没有拦回",
    why_en="the refund is done, so the parcel should be stopped and was not",
    level=Level.CRITICAL,
    grace=minutes(10),
    cures=(Cure.INTERCEPT,),
    proof="the courier brings it back",
)
def refunded_parcel_moving(picture: Picture) -> Iterator[Sight]:
    for refund in picture.refunds:
        if refund.state != "done" or refund.kind != "refund_only" or not refund.for_goods or picture.closed_at:
            continue
        for one, shipped_at in picture.in_motion():
            number = one.numbered()
            yield Sight(
                subject=f"{refund.key}:{one.number}",
                since=latest(refund.at, shipped_at),
                detail=f"退款 {refund.key}，运单 {number['waybill']}",
                parcel=one.pk,
                **number,
            )


@pair(
    "stop_agreed_courier_delivers",
    title="已安排拦截，快递仍在派送或已签收",
    title_en="A stop was agreed, and the courier delivers all the same",
    one=(Side.TOWER, "intercept accepted or recall asked"),
    other=(Side.COURIER, "out_for_delivery, at_pickup_point, signed"),
    wrong=Side.COURIER,
    why="拦截没有在派送网点生效，要马上电话联系快递",
    why_en="the stop did not reach the last branch; ring the courier now",
    level=Level.CRITICAL,
    grace=minutes(0),
    cures=(Cure.ASK_COURIER,),
    proof="the courier brings it back",
)
def stop_agreed_courier_delivers(picture: Picture) -> Iterator[Sight]:
    for wish in picture.wishes:
        if wish.kind != "intercept" or wish.act not in ("accept", "recall", "stop"):
            continue
        for one in picture.departed:
            word = one.courier
            ended = wish.state in ("refused", "withdrawn", "expired") or "word:returning" in (word.seen if word else ())
            if ended or word is None or word.stage not in ("out_for_delivery", "at_pickup_point", "signed"):
                continue
            if word.at > wish.asked_at:
                yield Sight(
                    subject=f"{wish.key}:{one.number}"[:90],
                    since=word.at,
                    detail=f"快递 {word.stage}",
                    parcel=one.pk,
                    **one.numbered(),
                )
