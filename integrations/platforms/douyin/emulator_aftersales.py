"""The emulated after-sales (售后单): asked by buyers, answered by the seller or by time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.platforms.douyin import emulator_orders as shop
from integrations.platforms.douyin.emulator_gateway import bad_parameter, business
from integrations.platforms.douyin.emulator_orders import Line, Order, Orders, second, seconds

ASKED, WAIT_RETURN, WAIT_RESHIP, RETURNED, DONE, WAIT_EXCHANGE, EXCHANGED = 6, 7, 8, 11, 12, 13, 14
REFUSED, CLOSED, REFUSED_AGAIN = 27, 28, 29
FIRST_ID = 7_280_000_000_000_000_001
# Operation → (type, status) → what follows.
OPERATIONS: dict[int, dict[tuple[int, int], int]] = {
    101: {(0, ASKED): WAIT_RETURN},
    102: {(0, ASKED): REFUSED},
    111: {(0, RETURNED): DONE},
    112: {(0, RETURNED): REFUSED_AGAIN},
    201: {(1, ASKED): DONE, (2, ASKED): DONE},
    202: {(1, ASKED): REFUSED, (2, ASKED): REFUSED},
    301: {(3, ASKED): WAIT_RETURN},
    302: {(3, ASKED): REFUSED},
}
REFUSALS = frozenset({102, 112, 202, 302})
NEED_ADDRESS = frozenset({101, 301})
# Status → push tag, name of its time.
TAGS = {
    ASKED: ("200", "apply_time"),
    WAIT_RETURN: ("202", "agree_time"),
    RETURNED: ("203", "return_time"),
    REFUSED: ("204", "refuse_time"),
    REFUSED_AGAIN: ("205", "refuse_time"),
    DONE: ("206", "success_time"),
    CLOSED: ("207", "close_time"),
}
OPEN = frozenset({ASKED, WAIT_RETURN, WAIT_RESHIP, RETURNED, WAIT_EXCHANGE})


@dataclass
class AfterSale:
    sale_id: int
    order: Order
    line: Line
    kind: int
    status: int
    applied: datetime
    updated: datetime

    @property
    def amount(self) -> int:
        return self.line.price * self.line.quantity

    def shown(self) -> dict[str, Any]:
        return {
            "aftersale_info": {
                "aftersale_id": str(self.sale_id),
                "aftersale_type": self.kind,
                "aftersale_status": self.status,
                "related_id": str(self.line.line_id),
                "apply_time": seconds(self.applied),
                "update_time": seconds(self.updated),
                "status_deadline": seconds(self.applied) + 48 * 3600,
                "refund_amount": self.amount,
                "refund_status": 3 if self.status == DONE else 1,
            },
            "order_info": {
                "shop_order_id": str(self.order.order_id),
                "related_order_info": [
                    {"sku_order_id": str(self.line.line_id), "product_name": self.line.title, "item_num": 1}
                ],
            },
        }

    def pushed(self, shop_id: int) -> tuple[str, dict[str, Any]]:
        tag, time_name = TAGS.get(self.status, ("208", "modify_time"))
        return tag, {
            "aftersale_id": self.sale_id,
            "aftersale_status": self.status,
            "aftersale_type": self.kind,
            "p_id": self.order.order_id,
            "s_id": self.line.line_id,
            "shop_id": shop_id,
            "reason_code": 1,
            "refund_amount": self.amount,
            "refund_post_amount": 0,
            "apply_time": seconds(self.applied),
            time_name: seconds(self.updated),
        }


class AfterSales:
    def __init__(self, orders: Orders, tell: Callable[[AfterSale], None]) -> None:
        self.orders = orders
        self.tell = tell
        self.by_id: dict[int, AfterSale] = {}

    def apply(self, order: Order, line: Line, kind: int | None = None) -> AfterSale:
        """A buyer asks; without a kind it is a refund, before or after shipping."""
        if any(one.line is line and one.status in OPEN for one in self.by_id.values()):
            raise ValueError(f"商品单 {line.line_id} 已有售后")
        wanted = (1 if line.shipped else 2) if kind is None else kind
        now = second()
        sale = AfterSale(FIRST_ID + len(self.by_id), order, line, wanted, ASKED, now, now)
        self.by_id[sale.sale_id] = sale
        self.tell(sale)
        return sale

    def of_order(self, order: Order) -> list[AfterSale]:
        return [one for one in self.by_id.values() if one.order is order]

    def is_open_for(self, order: Order) -> bool:
        return any(one.status in OPEN and one.kind in (1, 2) for one in self.of_order(order))

    def move(self, sale: AfterSale, status: int) -> None:
        sale.status, sale.updated = status, max(second(), sale.updated)
        if status == DONE and sale.kind in (0, 1, 2):
            self._close(sale)
        self.tell(sale)

    def _close(self, sale: AfterSale) -> None:
        order, left = sale.order, bool(sale.line.shipped)
        sale.line.status = shop.CANCELLED
        if order.wish and order.wish.stage == "open":
            order.wish.stage = "withdrawn"
        if all(line.status == shop.CANCELLED for line in order.lines):
            self.orders.move(order, shop.REFUNDED_SHIPPED if left else shop.REFUNDED, shop.CANCELLED)

    def refuse_open(self, order: Order) -> None:
        for sale in self.of_order(order):
            if sale.status in OPEN:
                self.move(sale, REFUSED)

    def operate(self, operation: int, item: dict[str, Any]) -> None:
        """The seller's answer to one after-sale; raises `Refused`."""
        number = str(item.get("aftersale_id") or "")
        sale = self.by_id.get(int(number)) if number.isdigit() else None
        if sale is None:
            raise business(20101, "售后单不存在")
        if item.get("update_time") and int(item["update_time"]) != seconds(sale.updated):
            raise business(20102, "售后单已变更，请刷新后重试")
        if operation not in OPERATIONS:
            raise bad_parameter(20103, "type 不正确")
        if operation in REFUSALS and not (item.get("reason") and item.get("remark") and item.get("reject_reason_code")):
            raise bad_parameter(20104, "拒绝时原因必填")
        if operation in NEED_ADDRESS and not (item.get("logistics") or {}).get("receiver_address_id"):
            raise bad_parameter(20105, "缺少退货地址")
        following = OPERATIONS[operation].get((sale.kind, sale.status))
        if following is None:
            raise business(20106, "售后单当前状态不支持该操作")
        self.move(sale, following)
