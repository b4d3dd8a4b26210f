"""Douyin's after-sales (售后) in the tower's words. Pure.

Sources: `/afterSale/List` in the official SDKs, and the after-sale messages. A word that stands in no table counts as
open: it stops, which can do no harm.
"""

from collections.abc import Mapping

from integrations.doubts import Doubts
from integrations.platforms.douyin import fields
from integrations.records import Row, written
from orders.vocabulary import RefundSnapshot

STATUSES = {
    # 售后初始化, 待商家同意, 待买家退货, 待商家发货, 待商家二次同意, 待买家收货
    "0": "open",
    "6": "open",
    "7": "open",
    "8": "open",
    "11": "open",
    "13": "open",
    # 成功, 换货成功, 逆向完成
    "12": "done",
    "14": "done",
    "53": "done",
    # 拒绝, 二次拒绝: the buyer may change the application and ask again under the same number.
    "27": "refused",
    "29": "refused",
    # 失败: withdrawn by the buyer or closed after a refusal. 取消成功.
    "28": "withdrawn",
    "51": "withdrawn",
}
KINDS = {
    "0": "return_refund",
    "1": "refund_only",
    # 未发货仅退款
    "2": "refund_only",
    "3": "exchange",
    # Cancelled by the platform, by the buyer.
    "4": "refund_only",
    "5": "refund_only",
    "6": "price_protect",
    "7": "reship",
    # 维修: the goods go back and another parcel comes, as in an exchange.
    "8": "exchange",
}
STATUS = "售后状态"
# Push tag → what it says where it brings no `aftersale_status`, and the name of its time.
TAGS: Mapping[str, tuple[str, str]] = {
    "200": ("6", "apply_time"),
    "201": ("12", "agree_time"),
    "202": ("7", "agree_time"),
    "203": ("11", "return_time"),
    "204": ("27", "refuse_time"),
    "205": ("27", "refuse_time"),
    "206": ("12", "success_time"),
    "207": ("28", "close_time"),
    "208": ("6", "modify_time"),
    "209": ("", "modify_time"),
    "211": ("13", "apply_time"),
}


def listed(found: Row, doubts: Doubts) -> tuple[str, RefundSnapshot]:
    """One item of `/afterSale/List`: the order it is about, and the refund."""
    sale, sold = fields.inside(found, "aftersale_info"), fields.inside(found, "order_info")
    lines = {fields.identity(line, "sku_order_id") for line in fields.rows(sold, "related_order_info")}
    subject = fields.identity({**sold, "related_id": sale.get("related_id")}, "shop_order_id", "related_id")
    applied = fields.time(sale, "apply_time")
    status = doubts.meaning(STATUSES, written(sale, "aftersale_status"), STATUS, "open")
    return subject, RefundSnapshot(
        refund_id=fields.identity(sale, "aftersale_id"),
        # About several lines it is about the order.
        platform_line_id=lines.pop() if len(lines) == 1 else "",
        kind=_kind(sale, doubts),
        status=status,
        requested_at=applied,
        updated_at=fields.time(sale, "update_time") or applied,
        amount=fields.fen(sale, "refund_amount"),
        answer_by=fields.time(sale, "status_deadline") if status == "open" else None,
    )


def pushed(tag: str, data: Row, doubts: Doubts) -> RefundSnapshot | None:
    """What a push says of an after-sale; `None` where it brings no status: the list is read by itself."""
    usual, time_name = TAGS[tag]
    status = written(data, "aftersale_status") or usual
    at = fields.time(data, time_name, "update_time", "apply_time")
    if not status or at is None:
        return None
    return RefundSnapshot(
        refund_id=fields.identity(data, "aftersale_id"),
        platform_line_id=fields.identity(data, "s_id") if fields.told(data, "s_id") else "",
        kind=_kind(data, doubts),
        status=doubts.meaning(STATUSES, status, STATUS, "open"),
        requested_at=fields.time(data, "apply_time"),
        updated_at=at,
        amount=fields.fen(data, "refund_amount"),
    )


def _kind(source: Row, doubts: Doubts) -> str:
    told = written(source, "aftersale_type")
    return doubts.meaning(KINDS, told, "售后类型", "refund_only") if told else "refund_only"
