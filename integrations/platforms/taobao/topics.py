"""What the message service (TMC) tells: which order, and which refund, to read again. Pure.

Source: the topic types of the open source client tmc.js.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import Fetch, Unlisted
from integrations.bodies import read_object
from integrations.doubts import unlisted
from integrations.errors import Unreadable
from integrations.platforms.taobao import fields
from integrations.records import written

# Topic → where the trade's id stands in its content; None: the order does not change.
TOPICS: dict[str, str | None] = {
    "taobao_trade_TradeCreate": "tid",
    "taobao_trade_TradeModifyFee": "tid",
    "taobao_trade_TradeAlipayCreate": "tid",
    "taobao_trade_TradeBuyerPay": "tid",
    "taobao_trade_TradeBuyerStepPay": "tid",
    "taobao_trade_TradeSellerShip": "tid",
    "taobao_trade_TradePartlySellerShip": "tid",
    "taobao_trade_TradeSuccess": "tid",
    "taobao_trade_TradeClose": "tid",
    "taobao_trade_TradeCloseAndModifyDetailOrder": "tid",
    "taobao_trade_TradePartlyRefund": "tid",
    "taobao_trade_TradePartlyConfirmPay": "tid",
    "taobao_trade_TradeBuyerPaySubOut": "tid",
    "taobao_trade_TradeMemoModified": "tid",
    "taobao_trade_TradeLogisticsAddressChanged": "tid",
    "taobao_trade_OrderSkuChanged": "tid",
    "taobao_trade_TradeChanged": "tid",
    "taobao_trade_TradeDelayConfirmPay": None,
    "taobao_trade_TradeRated": None,
    "taobao_trade_TradeTimeoutRemind": None,
    "taobao_oc_TradeTagChanged": "tid",
    "taobao_refund_RefundCreated": "tid",
    "taobao_refund_RefundSellerAgreeAgreement": "tid",
    "taobao_refund_RefundSellerRefuseAgreement": "tid",
    "taobao_refund_RefundBuyerModifyAgreement": "tid",
    "taobao_refund_RefundBuyerReturnGoods": "tid",
    "taobao_refund_RefundCreateMessage": "tid",
    "taobao_refund_RefundClosed": "tid",
    "taobao_refund_RefundSuccess": "tid",
    "taobao_refund_TaobaoInterApplied": "tid",
    "taobao_refund_TaobaoIntervened": "tid",
    "taobao_logistics_LogsticDetailTrace": None,
    "taobao_modifyaddress_ResultNotify": "biz_order_id",
    "taobao_modifysku_ResultNotify": "biz_order_id",
    "taobao_modifyorder_ConsistencyResult": "biz_order_id",
    # The next call is refused, and that raises the alarm.
    "taobao_top_AuthCancel": None,
}
# Families that grow: a new member of theirs points at a trade as well.
FAMILIES = ("taobao_trade_", "taobao_refund_", "taobao_dispute_")
ABOUT_REFUNDS = ("taobao_refund_", "taobao_dispute_")
# How `fetch` is asked for a refund instead of a trade.
REFUND = "refund:"

# What a person ticks in the console of the app.
WANTED = (
    ("taobao_trade_TradeCreate", "新订单"),
    ("taobao_trade_TradeBuyerPay", "买家付款"),
    ("taobao_trade_TradeBuyerStepPay", "预售分阶段付款"),
    ("taobao_trade_TradeModifyFee", "改价"),
    ("taobao_trade_TradeChanged", "订单变化（拼团成团等）"),
    ("taobao_trade_TradeMemoModified", "卖家备注与旗标"),
    ("taobao_trade_TradeLogisticsAddressChanged", "收货地址变更"),
    ("taobao_trade_OrderSkuChanged", "更换规格"),
    ("taobao_trade_TradeSellerShip", "卖家发货"),
    ("taobao_trade_TradePartlySellerShip", "部分发货"),
    ("taobao_trade_TradeSuccess", "交易成功"),
    ("taobao_trade_TradeClose", "交易关闭"),
    ("taobao_trade_TradeCloseAndModifyDetailOrder", "关闭子订单"),
    ("taobao_trade_TradePartlyRefund", "部分退款"),
    ("taobao_refund_RefundCreated", "买家申请退款"),
    ("taobao_refund_RefundSellerAgreeAgreement", "卖家同意退款"),
    ("taobao_refund_RefundSellerRefuseAgreement", "卖家拒绝退款"),
    ("taobao_refund_RefundBuyerModifyAgreement", "买家修改退款申请"),
    ("taobao_refund_RefundBuyerReturnGoods", "买家退货"),
    ("taobao_refund_RefundClosed", "退款关闭"),
    ("taobao_refund_RefundSuccess", "退款成功"),
    ("taobao_modifyaddress_ResultNotify", "买家改址的结果"),
    ("taobao_modifysku_ResultNotify", "买家换规格的结果"),
    ("taobao_top_AuthCancel", "卖家取消授权"),
)


def pointed_at(topic: str, envelope: Mapping[str, Any]) -> Sequence[Fetch | Unlisted]:
    """The order that a message is about, and behind it the refund, where the message names one."""
    where = TOPICS.get(topic, "tid" if topic.startswith(FAMILIES) else None)
    if where is None:
        return [] if topic in TOPICS else [unlisted("消息主题", topic)]
    content = envelope.get("content")
    inside = read_object(content.encode(errors="replace")) if isinstance(content, str) else content
    if not isinstance(inside, Mapping):
        raise Unreadable(f"消息 {topic} 没有内容")
    found: list[Fetch | Unlisted] = [Fetch(subject=fields.identity(inside, where))]
    if topic.startswith(ABOUT_REFUNDS) and written(inside, "refund_id"):
        found.append(Fetch(subject=f"{REFUND}{fields.identity(inside, 'refund_id')}"))
    return found
