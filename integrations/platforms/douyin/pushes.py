"""Douyin's pushes (消息推送) in the tower's words. Pure.

A push about an order only says which order to read again, and since when it is so: `Fetch` of `<order>@<seconds>`.
An application for another address, and the words about after-sales, are facts themselves. Sources: the message classes
of the official SDKs; their numbers for paid (101, 110) disagree, which does no harm here.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from integrations.adapter import Fetch, Message, Said, Says
from integrations.bodies import read_object
from integrations.doubts import Doubts, unlisted
from integrations.errors import Unreadable
from integrations.platforms.douyin import aftersales, fields
from integrations.platforms.douyin.receivers import wished
from integrations.records import Row, written
from orders.vocabulary import CustomerRequest

# Tag → where its time stands; the order is read again.
ORDER_TAGS: Mapping[str, tuple[str, ...]] = {
    "100": ("create_time",),
    "101": ("pay_time",),
    "102": ("update_time",),
    "103": ("complete_time",),
    "104": ("update_time",),
    "105": ("update_time",),
    "106": ("cancel_time",),
    "108": ("update_time",),
    "109": ("modify_time",),
    "110": ("pay_time",),
    # 预约发货: brings a day, not the time of the change.
    "112": ("update_time",),
    "113": ("update_time",),
    "126": ("update_time",),
}
ADDRESS_ASKED = "111"
REFUND_DONE = "206"
# Arbitration, special refunds and re-shipping: the list of after-sales tells them. Goods are not orders.
SILENT_TAGS = frozenset({"212", "216", "217", "218", "224", "225", "226", "227", "400", "417"})
# What a person ticks in the console of the app: (tag, name there), what for.
WANTED = (
    ("100 doudian_trade_TradeCreate", "订单创建"),
    ("101 doudian_trade_TradePaid", "订单支付"),
    ("110 doudian_trade_TradePending", "订单已支付待处理"),
    ("102 doudian_trade_TradeSellerShip", "卖家发货"),
    ("108 doudian_trade_TradePartlySellerShip", "部分发货"),
    ("104 doudian_trade_TradeLogisticsChanged", "物流信息变更"),
    ("103 doudian_trade_TradeSuccess", "交易完成"),
    ("106 doudian_trade_TradeCanceled", "订单取消"),
    ("109 doudian_trade_TradeAmountChanged", "订单金额修改"),
    ("111 doudian_trade_TradeAddressChangeApplied", "买家申请改址"),
    ("105 doudian_trade_TradeAddressChanged", "收货信息变更"),
    ("112 doudian_trade_TradeAppointment", "预约发货时间变更"),
    ("113 doudian_trade_TradeMemoModify", "卖家备注与旗标（不订阅则要等复查才知道）"),
    ("200 doudian_refund_RefundCreated", "买家申请售后"),
    ("201 doudian_refund_RefundAgreed", "同意退款"),
    ("202 doudian_refund_ReturnApplyAgreed", "同意退货"),
    ("203 doudian_refund_BuyerReturnGoods", "买家退货"),
    ("204 doudian_refund_RefundRefused", "拒绝退款"),
    ("205 doudian_refund_ReturnApplyRefused", "拒绝退货"),
    ("206 doudian_refund_RefundSuccess", "退款成功"),
    ("207 doudian_refund_RefundClosed", "售后关闭"),
    ("208 doudian_refund_RefundModified", "买家修改售后申请"),
    ("209 doudian_refund_RefundExpirationChange", "售后时效变更"),
    ("211 doudian_refund_ExchangeConfirmed", "换货确认"),
)


def parse(message: Message, doubts: Doubts) -> Sequence[Says]:
    """What one element of a pushed array says."""
    envelope = read_object(message.body)
    if envelope.get("shop") == "other":
        raise Unreadable("消息属于其他店铺，请检查连接的店铺 ID")
    tag = written(envelope, "tag")
    if not tag:
        raise Unreadable("消息没有 tag")
    if tag in SILENT_TAGS:
        return []
    data = _data(envelope)
    if tag in ORDER_TAGS:
        return [_pointed_at(data, *ORDER_TAGS[tag])]
    if tag == ADDRESS_ASKED:
        return _address_asked(message, data, fields.inside(envelope, "tower"))
    if tag in aftersales.TAGS:
        return _refund_told(message, tag, data, doubts)
    # Whatever it is: an order that it names is read again.
    pointed = [_pointed_at(data, "update_time")] if fields.told(data, "p_id") else []
    return [*pointed, unlisted("推送 tag", tag)]


def order_id(data: Row) -> str:
    return fields.identity(data, "p_id")


def _data(envelope: Row) -> Row:
    """`data` is a text that holds JSON; some senders put the object there."""
    data = envelope.get("data")
    return read_object(data) if isinstance(data, str) else fields.inside(envelope, "data")


def _pointed_at(data: Row, *times: str) -> Fetch:
    at = fields.time(data, *times)
    return Fetch(subject=f"{order_id(data)}@{int(at.timestamp())}" if at else order_id(data))


def _address_asked(message: Message, data: Row, remarks: Row) -> list[Said | Fetch]:
    """买家申请改址. `receiver_msg` is the wish, `post_receiver_msg` what it was.

    Its end is the new address (105), which the order shows when it is read again, or the order's own end.
    """
    asked, subject = fields.time(data, "apply_time"), order_id(data)
    if asked is None:
        raise Unreadable("改址申请没有时间")
    minutes = fields.number(remarks, "answer_minutes")
    request = CustomerRequest(
        request_id=request_id(subject, int(asked.timestamp())),
        kind="address",
        status="open",
        requested_at=asked,
        updated_at=asked,
        receiver=wished(data),
        deadline=asked + timedelta(minutes=min(minutes, 60 * 24 * 365)) if minutes and minutes > 0 else None,
    )
    return [Fetch(subject=subject), Said(key=message.key, subject=subject, snapshot=request)]


def request_id(subject: str, asked_at: int) -> str:
    """A buyer may ask again after an answer: the time tells one application from the next."""
    return f"address:{subject}:{asked_at}"


def _refund_told(message: Message, tag: str, data: Row, doubts: Doubts) -> list[Said | Fetch]:
    subject, refund = order_id(data), aftersales.pushed(tag, data, doubts)
    told: list[Said | Fetch] = [Fetch(subject=subject)] if tag == REFUND_DONE else []
    return [*told, doubts.said(key=message.key, subject=subject, snapshot=refund)] if refund else told
