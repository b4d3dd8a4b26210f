"""The emulated orders and refund applications, as JD keeps them. Every change of state moves `modified`."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.platforms.jd.emulator_gateway import NotDone, written
from integrations.platforms.jd.emulator_people import Article, Receiver, article_named, invent_receiver
from orders import clock

NOT_PAID, READY, LOCKED, PAUSED = "NOT_PAY", "WAIT_SELLER_STOCK_OUT", "LOCKED", "POP_ORDER_PAUSE"
SHIPPED, FINISHED, CANCELLED = "WAIT_GOODS_RECEIVE_CONFIRM", "FINISHED_L", "TRADE_CANCELED"
REMARKS = {
    NOT_PAID: "等待付款",
    READY: "等待出库",
    "WAIT_SELLER_DELIVERY": "等待发货",
    LOCKED: "锁定",
    "PAUSE": "暂停",
    PAUSED: "POP暂停",
    SHIPPED: "等待确认收货",
    FINISHED: "完成",
    CANCELLED: "取消",
}
OPEN, AGREED, REFUSED, REFUNDED, FAILED = "0", "1", "2", "3", "4"
BY_HAND, STOPPING, STOPPED, NOT_STOPPED, FORCED, FOLLOWED, WITHDRAWN = "5", "6", "7", "8", "9", "10", "11"
ANSWERABLE = frozenset({OPEN, FOLLOWED})
FIRST_ID, FIRST_REFUND = 301_234_567_890, 88_000_001


@dataclass
class Line:
    article: Article
    price: Decimal
    quantity: int
    title: str

    def shown(self) -> dict[str, str]:
        return {
            "skuId": str(self.article.sku_id),
            "outerSkuId": self.article.sku,
            "skuName": self.title,
            "jdPrice": f"{self.price:.2f}",
            "itemTotal": str(self.quantity),
            "wareId": str(self.article.sku_id // 10),
            "giftPoint": "0",
            "productNo": "",
        }


@dataclass
class Order:
    order_id: int
    receiver: Receiver
    lines: list[Line]
    order_state: str
    placed: datetime
    modified: datetime
    visible_at: datetime
    paid: datetime | None = None
    ended: datetime | None = None
    waybill: str = ""
    logistics_id: str = ""
    before_lock: str = ""
    # Fields that a sale may set as they are: payType, storeOrder, orderType, orderRemark …
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def payment(self) -> Decimal:
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))

    def shown(self, vender_id: str, *, with_oaid: bool) -> dict[str, Any]:
        """The order with every field, before the caller's `optional_fields` cut it down. Numbers are text."""
        return {
            "orderId": str(self.order_id),
            "parentOrderId": "0",
            "directParentOrderId": "0",
            "venderId": vender_id,
            "orderState": self.order_state,
            "orderStateRemark": REMARKS.get(self.order_state, self.order_state),
            "orderType": "22",
            "orderSource": "移动端订单",
            "payType": "4-在线支付",
            "deliveryType": "任意时间",
            "orderTotalPrice": f"{self.payment:.2f}",
            "orderSellerPrice": f"{self.payment:.2f}",
            "orderPayment": "",
            "shouldPay": f"{self.payment:.2f}",
            "actualPay": f"{self.payment if self.paid else Decimal(0):.2f}",
            "freightPrice": "0.00",
            "sellerDiscount": "0.00",
            "balanceUsed": "0.00",
            "orderRemark": "",
            "venderRemark": "",
            "orderStartTime": written(self.placed),
            "paymentConfirmTime": written(self.paid),
            "orderEndTime": written(self.ended),
            "modified": written(self.modified),
            "consigneeInfo": self.receiver.masked(vender_id, with_oaid=with_oaid),
            "itemInfoList": [line.shown() for line in self.lines],
            "couponDetailList": [],
            "invoiceInfo": "invoice_info: 不需要开具发票",
            "logisticsId": self.logistics_id,
            "waybill": self.waybill,
            "storeOrder": "",
            "idSopShipmenttype": "",
            "returnOrder": "0",
            "pin": "",
            "open_id_buyer": f"oBuyer{self.order_id % 1_000_003}",
            "xid_buyer": f"o*Buyer{self.order_id % 1_000_003}",
            **self.extra,
        }


@dataclass
class Application:
    """A refund that a buyer asks before the goods arrive. Sums are in fen."""

    refund_id: int
    order: Order
    status: str
    applied: datetime
    checked: datetime | None = None
    checker: str = ""
    remark: str = ""
    moves_at: datetime | None = None

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.refund_id,
            "buyerId": f"oBuyer{self.order.order_id % 1_000_003}",
            "buyerName": self.order.receiver.name[:1] + "**",
            "checkTime": written(self.checked) if self.checked else None,
            "applyTime": written(self.applied),
            "applyRefundSum": int(self.order.payment * 100),
            "status": int(self.status),
            "checkUserName": self.checker,
            "orderId": str(self.order.order_id),
            "checkRemark": self.remark,
        }


class Orders:
    """Every order of the emulated shop, and its refund applications."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.by_id: dict[int, Order] = {}
        self.applications: dict[int, Application] = {}
        self.shown_after = timedelta(0)
        self.finance = timedelta(seconds=5)
        self._last_id = FIRST_ID

    def find(self, order_id: str) -> Order:
        """`ValueError` where there is no such order."""
        order = self.by_id.get(int(order_id)) if str(order_id).isdigit() else None
        if order is None:
            raise ValueError(f"没有这个订单：{order_id}")
        return order

    def sell(self, data: dict[str, Any]) -> Order:
        now = second()
        self._last_id += self.chance.randrange(11, 9_999)
        rows = data.get("lines") or [{"sku": "CREAM-50", "quantity": 1}]
        order = Order(
            order_id=self._last_id,
            receiver=invent_receiver(self.chance).changed(data.get("receiver") or {}),
            lines=[_line(row) for row in rows],
            order_state=NOT_PAID,
            placed=now,
            modified=now,
            visible_at=clock.now() + self.shown_after,
            extra={"orderRemark": str(data.get("remark") or ""), **dict(data.get("fields") or {})},
        )
        self.by_id[order.order_id] = order
        if data.get("paid", True):
            self.pay(order)
        return order

    def pay(self, order: Order) -> None:
        """Cash on delivery is never paid here, and to be shipped at once."""
        if order.order_state != NOT_PAID:
            raise ValueError(f"订单 {order.order_id} 不在待付款状态")
        if not str(order.extra.get("payType", "")).startswith("1"):
            order.paid = second()
        self.move(order, READY)

    def move(self, order: Order, state: str) -> None:
        order.order_state = state
        if state in (FINISHED, CANCELLED):
            order.ended = second()
        self.touch(order)

    def touch(self, order: Order) -> None:
        order.modified = max(second(), order.modified)
        order.visible_at = clock.now() + self.shown_after

    def lock(self, order: Order) -> None:
        if order.order_state in (CANCELLED, FINISHED, NOT_PAID):
            raise ValueError(f"订单 {order.order_id} 不能锁定")
        if order.order_state != LOCKED:
            order.before_lock = order.order_state
            self.move(order, LOCKED)

    def unlock(self, order: Order) -> None:
        if order.order_state == LOCKED:
            self.move(order, order.before_lock or READY)

    # Refund applications --------------------------------------------------------------------------------------------
    def apply(self, order: Order) -> Application:
        if any(one.status not in (REFUSED, FAILED, WITHDRAWN) for one in self.of_order(order)):
            raise ValueError(f"订单 {order.order_id} 已有退款申请")
        # Goods that have left keep their state: only what is still here is locked.
        if order.order_state != SHIPPED:
            self.lock(order)
        number = FIRST_REFUND + len(self.applications)
        application = Application(number, order, OPEN, second())
        self.applications[number] = application
        return application

    def of_order(self, order: Order) -> list[Application]:
        return [one for one in self.applications.values() if one.order is order]

    def withdraw(self, application: Application) -> None:
        application.status = WITHDRAWN
        self.unlock(application.order)

    def reply(self, application: Application, status: str, *, checker: str, remark: str) -> None:
        """The seller's answer. `NotDone` where it was answered or withdrawn before."""
        if application.status not in ANSWERABLE or application.status == status:
            raise NotDone("申请单不能审核为该结果，请检查申请单是否已审核；")
        application.checked, application.checker, application.remark = second(), checker, remark
        self.judge(application, status)

    def judge(self, application: Application, status: str) -> None:
        application.status = status
        application.checked = application.checked or second()
        application.moves_at = clock.now() + self.finance if status in (AGREED, BY_HAND, STOPPING, STOPPED) else None
        if status in (REFUSED, FAILED):
            self.unlock(application.order)
        elif status in (REFUNDED, FORCED):
            self.move(application.order, CANCELLED)

    def proceed(self) -> list[Application]:
        """JD's finance and couriers do their part; the applications that moved."""
        now, moved = clock.now(), []
        for one in self.applications.values():
            if one.moves_at and one.moves_at <= now:
                self.judge(one, STOPPED if one.status == STOPPING else REFUNDED)
                moved.append(one)
        return moved


def _line(row: dict[str, Any]) -> Line:
    article = article_named(str(row["sku"]))
    price = Decimal(str(row["price"] if row.get("price") is not None else article.price))
    return Line(article, price, int(row.get("quantity", 1)), str(row.get("title") or article.title))


def second() -> datetime:
    """Now, in the whole seconds in which JD counts."""
    return clock.now().replace(microsecond=0)
