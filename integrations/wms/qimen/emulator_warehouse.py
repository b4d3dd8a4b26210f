"""The floor of the emulated warehouse: its orders, its stock and its workers' line. No network here.

Every order walks ACCEPT, PICK, CHECK, PACKAGE, WEIGH, then waits for its label, then leaves. What the floor has to
tell somebody else it hands to `tell(method, content, order)`; asking the tower for a print is `ask_print(order)`.
"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from integrations.wms.qimen.emulator_orders import OrderLine, Package, Step, WarehouseOrder, line_words, process_words
from integrations.wms.qimen.emulator_wire import Refused, local, word
from orders import clock

ROUTE = ("ACCEPT", "PICK", "CHECK", "PACKAGE", "WEIGH")
REQUIRED_HEAD = ("deliveryOrderCode", "orderType", "warehouseCode", "createTime", "placeOrderTime", "operateTime")
REQUIRED_PERSON = ("name", "mobile", "province", "city", "detailAddress")
REQUIRED = (
    *REQUIRED_HEAD,
    "shopNick",
    "logisticsCode",
    *(f"{whose}/{name}" for whose in ("senderInfo", "receiverInfo") for name in REQUIRED_PERSON),
)
REQUIRED_LINE = ("ownerCode", "itemCode", "planQty", "actualPrice")
WORKERS = {"ACCEPT": "系统", "PICK": "王强", "CHECK": "李娜", "PACKAGE": "张伟", "WEIGH": "张伟", "PRINT": "赵敏"}
WAYBILL_PREFIXES = {"SF": ("SF", 13), "ZTO": ("75", 12), "STO": ("77", 13), "YUNDA": ("43", 13), "JT": ("JT", 13)}


class Floor:
    """All orders of one warehouse. Its caller holds the emulator's lock."""

    def __init__(
        self,
        *,
        chance: random.Random,
        tell: Callable[[str, dict[str, Any], str], None],
        ask_print: Callable[[WarehouseOrder], None],
        options: dict[str, Any],
    ) -> None:
        self.orders: dict[str, WarehouseOrder] = {}
        self.sold: Counter[str] = Counter()
        self.chance, self.tell, self.ask_print, self.options = chance, tell, ask_print, options
        self.paused = False
        self.message_number = 0
        # What was found or lost at counts and by changes, by item.
        self.adjusted: Counter[str] = Counter()

    # Orders come in and are stopped ------------------------------------------------------------------------------
    def create(self, request: Element) -> WarehouseOrder:
        head = request.find("deliveryOrder")
        lines = request.findall("orderLines/orderLine")
        if head is None or not lines:
            raise Refused("40008", "缺少 deliveryOrder 或 orderLines")
        for path in REQUIRED:
            if not word(head, path):
                raise Refused("40008", f"缺少必填字段 {path}")
        for path in REQUIRED_LINE:
            if not all(word(line, path) for line in lines):
                raise Refused("40008", f"缺少必填字段 orderLine/{path}")
        if not all(word(line, "planQty").isdecimal() for line in lines):
            raise Refused("40008", "planQty 不是整数")
        code = word(head, "deliveryOrderCode")
        if known := self.orders.get(code):
            if self.options.get("on_repeat", "refuse") == "accept":
                return known
            raise Refused("40015", f"订单已存在：{code}")
        order = WarehouseOrder(
            code=code,
            order_id=f"W{len(self.orders) + 1:08d}",
            warehouse=word(head, "warehouseCode"),
            owner=word(lines[0], "ownerCode"),
            order_type=word(head, "orderType"),
            carrier=word(head, "logisticsCode"),
            receiver=word(head, "receiverInfo/city"),
            lines=[
                OrderLine(
                    number=word(line, "orderLineNo"),
                    item=word(line, "itemCode"),
                    quantity=int(word(line, "planQty")),
                    owner=word(line, "ownerCode"),
                )
                for line in lines
            ],
            next_at=clock.now() + self.pace(),
        )
        self.orders[code] = order
        return order

    def find(self, code: str) -> WarehouseOrder:
        if code not in self.orders:
            raise Refused("40030", f"订单不存在：{code}")
        return self.orders[code]

    def cancel(self, code: str) -> None:
        order = self.find(code)
        if order.cancelled:
            raise Refused("40031", "订单已取消")
        if order.delivered:
            raise Refused("40032", "订单已发货，不能取消")
        if order.prints and not self.options.get("cancel_after_print"):
            raise Refused("40033", "订单已打印，不能取消")
        order.cancelled = True

    def pend(self, code: str, action: str) -> None:
        order = self.find(code)
        if action not in ("pend", "restore"):
            raise Refused("40008", "actionType 只能是 pend 或 restore")
        if order.delivered or order.cancelled:
            raise Refused("40034", "订单已发货或已关闭，不能挂起")
        order.pended = action == "pend"
        if action == "restore":
            order.stopped = ""
            order.next_at = clock.now() + self.pace()

    # The line ----------------------------------------------------------------------------------------------------
    def pace(self) -> timedelta:
        return timedelta(seconds=float(self.options.get("step_seconds", 4)))

    def work(self) -> None:
        now = clock.now()
        if self.paused:
            return
        for order in self.orders.values():
            if not order.stands and order.next_at <= now:
                self.advance(order)

    def advance(self, order: WarehouseOrder) -> None:
        done = {step.status for step in order.steps}
        route = ROUTE if self.options.get("weigh", True) else ROUTE[:-1]
        following = next((status for status in route if status not in done), None)
        if following == "PICK" and not order.lacked and self.goes_wrong("itemlack"):
            order.lacked = True
            self.lack(order)
        elif following:
            self.report(order, following)
        elif not order.packages:
            self.label(order)
            return
        elif len(order.packages) > 1 and not order.partly and self.goes_wrong("partial"):
            order.partly = True
            self.confirm(order, packages=self.packed(order)[:1], confirm_type=1)
        else:
            self.confirm(order, packages=self.packed(order)[1:] if order.partly else None)
        order.next_at = clock.now() + self.pace()

    def label(self, order: WarehouseOrder) -> None:
        if self.asks_tower(order):
            order.asking = True
            self.ask_print(order)
            return
        number = 2 if self.goes_wrong("two_packages") else 1
        order.packages = [Package(order.carrier, self.draw_waybill(order.carrier)) for _ in range(number)]
        self.print(order)
        order.next_at = clock.now() + self.pace()

    def asks_tower(self, order: WarehouseOrder) -> bool:
        own = str(self.options.get("own_printers") or "").split(",")
        return self.options.get("prints", "wms") == "tower" and order.warehouse not in own

    def print(self, order: WarehouseOrder) -> Step:
        """Paper comes out, by this warehouse's own printer: told as PRINT, each time with a time of its own."""
        at = clock.now()
        if order.printed_at:
            at = max(at, order.printed_at + timedelta(seconds=1))
        order.prints += 1
        order.printed_at = at
        waybill = order.packages[0].waybill if order.packages else ""
        return self.report(order, "PRINT", at=at, waybill=waybill)

    def draw_waybill(self, carrier: str) -> str:
        prefix, digits = WAYBILL_PREFIXES.get(carrier, ("YT", 13))
        return prefix + "".join(str(self.chance.randrange(10)) for _ in range(digits))

    def goes_wrong(self, what: str) -> bool:
        """An accident of the floor: `mishaps` gives each its share, from 0 to 1."""
        share = float(self.options.get("mishaps", {}).get(what, 0))
        return share > 0 and self.chance.random() < share

    # What it tells -----------------------------------------------------------------------------------------------
    def report(
        self, order: WarehouseOrder, status: str, *, at: datetime | None = None, waybill: str = "", note: str = ""
    ) -> Step:
        step = Step(status, at or clock.now(), WORKERS.get(status, "系统"), waybill)
        order.steps.append(step)
        content = {
            "order": {
                "orderCode": order.code,
                "orderId": order.order_id,
                "orderType": order.order_type,
                "warehouseCode": order.warehouse,
            },
            "process": process_words(step) | {"operateInfo": note or None},
        }
        self.tell("orderprocess.report", content, order.code)
        return step

    def confirm(
        self,
        order: WarehouseOrder,
        *,
        packages: list[dict[str, Any]] | None = None,
        confirm_type: int = 0,
        message_id: str = "",
        status: str = "",
    ) -> str:
        """Tell what left; without `packages` the whole order in what was packed. Returns the outBizCode."""
        final = confirm_type == 0
        if packages is None:
            packages = self.packed(order)
        message_id = message_id or f"M-{order.code}-{self.next_number()}"
        if final:
            order.delivered = True
            order.steps.append(Step("DELIVERED", clock.now(), "系统"))
            self.sold.update({line.item: line.quantity for line in order.lines})
        content = {
            "deliveryOrder": self.head(order, status or ("DELIVERED" if final else "PARTDELIVERED"))
            | {
                "outBizCode": message_id,
                "confirmType": confirm_type,
                "orderConfirmTime": local(clock.now()),
            },
            "packages": {"package": packages},
            "orderLines": {"orderLine": line_words(order)},
        }
        self.tell("deliveryorder.confirm", content, order.code)
        return message_id

    def lack(self, order: WarehouseOrder, items: list[dict[str, Any]] | None = None) -> str:
        """Goods are not where they should be; the order stands until somebody finds them."""
        first = order.lines[0]
        content = {
            "warehouseCode": order.warehouse,
            "deliveryOrderCode": order.code,
            "createTime": local(clock.now()),
            "outBizCode": f"L-{order.code}-{self.next_number()}",
            "items": {
                "item": items
                or [{"itemCode": first.item, "planQty": first.quantity, "lackQty": 1, "reason": "实物报缺"}]
            },
        }
        self.tell("itemlack.report", content, order.code)
        return str(content["outBizCode"])

    def next_number(self) -> int:
        self.message_number += 1
        return self.message_number

    def head(self, order: WarehouseOrder, status: str) -> dict[str, Any]:
        return {
            "deliveryOrderCode": order.code,
            "deliveryOrderId": order.order_id,
            "warehouseCode": order.warehouse,
            "orderType": order.order_type,
            "status": status,
        }

    def packed(self, order: WarehouseOrder) -> list[dict[str, Any]]:
        """The packages with what is in them; several share the lines in turn."""
        items = [{"itemCode": line.item, "quantity": line.quantity} for line in order.lines]
        several = len(order.packages)
        return [
            {
                "logisticsCode": package.carrier,
                "expressCode": package.waybill,
                "packageCode": f"P{number}",
                "length": 20,
                "width": 15,
                "height": 10,
                "weight": f"{0.12 + 0.2 * sum(line.quantity for line in order.lines):.2f}",
                "items": {"item": items[number - 1 :: several]},
            }
            for number, package in enumerate(order.packages, start=1)
        ]

    def stock_of(self, item: str) -> tuple[int, int]:
        """(free, locked): a thousand of everything to begin with."""
        start = int(self.options.get("stock", {}).get(item, 1000))
        locked = sum(
            line.quantity
            for order in self.orders.values()
            if not (order.delivered or order.cancelled)
            for line in order.lines
            if line.item == item
        )
        return start - self.sold[item] + self.adjusted[item] - locked, locked

    def items(self) -> list[str]:
        """Every item code that this warehouse has heard of."""
        named = {line.item for order in self.orders.values() for line in order.lines}
        return sorted({*self.options.get("stock", {}), *named, *self.adjusted})
