"""The emulated orders, as Douyin keeps them. `update_time` moves with the main status only."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.platforms.douyin.emulator_people import Article, Receiver, Vault, article_named, invent_receiver
from orders import clock

UNPAID, DEPOSIT, RISK, READY, PART, SHIPPED, CANCELLED, FINISHED = 1, 103, 105, 2, 101, 3, 4, 5
REFUNDED, REFUNDED_SHIPPED, REFUNDED_RECEIVED = 21, 22, 39
WORDS = {
    UNPAID: "待支付",
    DEPOSIT: "部分支付",
    RISK: "已支付",
    READY: "待发货",
    PART: "部分发货",
    SHIPPED: "已发货",
    CANCELLED: "已关闭",
    FINISHED: "已完成",
    REFUNDED: "发货前退款完结",
    REFUNDED_SHIPPED: "发货后退款完结",
    REFUNDED_RECEIVED: "收货后退款完结",
}
FIRST_ID = 4_781_320_682_406_083_640
PROMISE = timedelta(hours=48)


@dataclass
class Line:
    line_id: int
    article: Article
    price: int
    quantity: int
    title: str
    extra: dict[str, Any]
    status: int = UNPAID
    shipped: int = 0

    def shown(self, order: "Order") -> dict[str, Any]:
        return {
            "order_id": str(self.line_id),
            "parent_order_id": str(order.order_id),
            "order_status": self.status if self.status in (PART, SHIPPED, CANCELLED) else order.order_status,
            "main_status": self.status if self.status in (PART, SHIPPED, CANCELLED) else order.main_status,
            "product_id": self.article.sku_id * 2,
            "product_id_str": str(self.article.sku_id * 2),
            "sku_id": self.article.sku_id,
            "code": self.article.sku,
            "out_sku_id": "",
            "item_num": self.quantity,
            "origin_amount": self.price,
            "sum_amount": self.price * self.quantity,
            "pay_amount": self.price * self.quantity,
            "product_name": self.title,
            "product_pic": f"https://p3.example/{self.line_id}?x-expires={seconds(clock.now())}",
            "spec": [{"name": "规格", "value": "标准"}],
            "after_sale_info": {"after_sale_status": 0, "after_sale_type": 0, "refund_status": 0},
            "given_product_type": "",
            "inventory_list": [
                {"warehouse_id": "", "out_warehouse_id": "", "count": self.quantity, "warehouse_type": 0}
            ],
            "ship_time": seconds(order.shipped) if self.shipped else 0,
            "exp_ship_time": seconds(order.ship_by),
            "appointment_ship_time": 0,
            "c_biz": 8,
            "c_biz_desc": "小店自卖",
            "campaign_info": [],
            **self.extra,
        }


@dataclass
class Parcel:
    pack_id: str
    company: str
    number: str
    # Line → pieces.
    goods: dict[int, int]
    at: datetime

    def shown(self) -> dict[str, Any]:
        return {
            "tracking_no": self.number,
            "company": self.company,
            "company_name": self.company,
            "delivery_id": self.pack_id,
            "ship_time": seconds(self.at),
            "product_info": [{"sku_order_id": str(i), "product_count": n} for i, n in self.goods.items()],
        }


@dataclass
class Wish:
    """A buyer's application for another address."""

    receiver: Receiver
    asked: datetime
    # open, agreed, refused, withdrawn, timed_out
    stage: str = "open"


@dataclass
class Order:
    order_id: int
    receiver: Receiver
    lines: list[Line]
    placed: datetime
    updated: datetime
    visible_at: datetime
    order_status: int = UNPAID
    main_status: int = UNPAID
    paid: datetime | None = None
    shipped: datetime | None = None
    finished: datetime | None = None
    ship_by: datetime | None = None
    memo: str = ""
    stars: int = 0
    parcels: list[Parcel] = field(default_factory=list)
    wish: Wish | None = None
    # Fields that a sale may set as they are: pay_type, order_type, biz, buyer_words …
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        return sum(line.price * line.quantity for line in self.lines)

    def shown(self, shop_id: int, vault: Vault) -> dict[str, Any]:
        return {
            "order_id": str(self.order_id),
            "shop_id": shop_id,
            "shop_name": "测试抖音小店",
            "order_status": self.order_status,
            "order_status_desc": WORDS.get(self.order_status, ""),
            "main_status": self.main_status,
            "main_status_desc": WORDS.get(self.main_status, ""),
            "order_type": 0,
            "trade_type": 0,
            "biz": 2,
            "b_type": 2,
            "create_time": seconds(self.placed),
            "pay_time": seconds(self.paid),
            "update_time": seconds(self.updated),
            "finish_time": seconds(self.finished),
            "order_expire_time": 1800,
            "exp_ship_time": seconds(self.ship_by),
            "ship_time": seconds(self.shipped),
            "appointment_ship_time": 0,
            "cancel_reason": "",
            "buyer_words": "",
            "seller_words": self.memo,
            "seller_remark_stars": self.stars,
            "pay_type": 2,
            "order_amount": self.amount,
            "pay_amount": self.amount if self.paid else 0,
            "post_amount": 0,
            "promotion_amount": 0,
            "doudian_open_id": f"1@#Buyer{self.order_id % 1_000_003}",
            "logistics_info": [parcel.shown() for parcel in self.parcels],
            "order_phase_list": [],
            "shop_order_tag_ui": [],
            "promise_info": "{}",
            "user_coordinate": {"user_coordinate_longitude": "120.0", "user_coordinate_latitude": "30.0"},
            "sku_order_list": [line.shown(self) for line in self.lines],
            **vault.order_fields(self.receiver),
            **self.extra,
        }


class Orders:
    """Every order of the emulated shop."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.by_id: dict[int, Order] = {}
        self.shown_after = timedelta(0)
        self._last_id = FIRST_ID

    def find(self, order_id: str) -> Order:
        """`ValueError` where there is no such order."""
        order = self.by_id.get(int(order_id)) if str(order_id).isdigit() else None
        if order is None:
            raise ValueError(f"没有这个订单：{order_id}")
        return order

    def sell(self, data: dict[str, Any]) -> Order:
        now = second()
        self._last_id += self.chance.randrange(11, 9_999) * 10
        rows = data.get("lines") or [{"sku": "CREAM-50", "quantity": 1}]
        order = Order(
            order_id=self._last_id,
            receiver=invent_receiver(self.chance).changed(data.get("receiver") or {}),
            # One line has the order's own number.
            lines=[_line(self._last_id + place, row) for place, row in enumerate(rows)],
            placed=now,
            updated=now,
            visible_at=clock.now() + self.shown_after,
            extra={"buyer_words": str(data.get("remark") or ""), **dict(data.get("fields") or {})},
        )
        self.by_id[order.order_id] = order
        return order

    def pay(self, order: Order, status: int = READY) -> None:
        """Cash on delivery is never paid here, and to be shipped at once. `status`: READY, RISK or DEPOSIT."""
        if order.main_status not in (UNPAID, DEPOSIT, RISK):
            raise ValueError(f"订单 {order.order_id} 不在待付款状态")
        if order.extra.get("pay_type") != 0 and status != DEPOSIT:
            order.paid = order.paid or second()
        if status == READY:
            order.ship_by = order.ship_by or second() + PROMISE
        self.move(order, status, UNPAID if status == DEPOSIT else status)

    def move(self, order: Order, main_status: int, order_status: int | None = None) -> None:
        order.main_status = main_status
        order.order_status = main_status if order_status is None else order_status
        if main_status == FINISHED:
            order.finished = second()
        order.updated = max(second(), order.updated)
        order.visible_at = clock.now() + self.shown_after

    def close(self, order: Order, main_status: int = CANCELLED) -> None:
        for line in order.lines:
            line.status = CANCELLED
        if order.wish and order.wish.stage == "open":
            order.wish.stage = "withdrawn"
        self.move(order, main_status, CANCELLED)

    def ship(self, order: Order, company: str, number: str, goods: dict[int, int]) -> Parcel:
        now = second()
        parcel = Parcel(f"{FIRST_ID + len(order.parcels)}{order.order_id % 1000}", company, number, goods, now)
        order.parcels.append(parcel)
        for line in order.lines:
            line.shipped += goods.get(line.line_id, 0)
            if line.status != CANCELLED and line.shipped:
                line.status = SHIPPED if line.shipped >= line.quantity else PART
        order.shipped = order.shipped or now
        if order.wish and order.wish.stage == "open":
            order.wish.stage = "refused"
        whole = all(line.status in (SHIPPED, CANCELLED) for line in order.lines)
        self.move(order, SHIPPED if whole else PART)
        return parcel


def _line(line_id: int, row: dict[str, Any]) -> Line:
    article = article_named(str(row["sku"]))
    price = article.price if row.get("price") is None else round(float(row["price"]) * 100)
    title = str(row.get("title") or article.title)
    return Line(line_id, article, price, int(row.get("quantity", 1)), title, dict(row.get("fields") or {}))


def second() -> datetime:
    """Now, in the whole seconds in which Douyin counts."""
    return clock.now().replace(microsecond=0)


def seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0
