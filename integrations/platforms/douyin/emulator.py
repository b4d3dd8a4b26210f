"""An emulated Douyin shop: its sales, gateway, after-sales, address changes, waybills and pushes.

Control commands (POST `_control/<command>`) are described in `README.md`.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Any

from integrations.emulation import Answer, Emulator, Faults, Journal, Request, Sold, World
from integrations.platforms.douyin import emulator_methods as methods
from integrations.platforms.douyin.emulator_aftersales import OPEN, AfterSale, AfterSales
from integrations.platforms.douyin.emulator_control import Hand
from integrations.platforms.douyin.emulator_gateway import Gate, Grant, Refused, answered, refused
from integrations.platforms.douyin.emulator_oauth import Authorising
from integrations.platforms.douyin.emulator_orders import WORDS, Order, Orders, seconds
from integrations.platforms.douyin.emulator_people import NOTES, ORIGINS, Vault, invent_lines
from integrations.platforms.douyin.emulator_push import Pushes
from integrations.platforms.douyin.emulator_shipping import Shipping
from integrations.platforms.douyin.emulator_waybills import Waybills
from orders import clock

# What is not written into the journal.
UNLOGGED = frozenset({"access_token", "refresh_token", "code", "sign", "receiver_info", "sender_info"})
MOST_SALES_A_TICK = 200


@dataclass
class DouyinFaults(Faults):
    """Beside the usual: answers in HTML, and tokens that end at once."""

    html: float = 0.0
    expire: float = 0.0


class DouyinEmulator(Emulator):
    name = "douyin"
    title = "抖店开放平台"
    faults: DouyinFaults

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.faults = DouyinFaults(seed=world.seed)
        # A sequence of chance for each purpose: what the tower calls must not change what the shop sells.
        self.sales_chance, ids, numbers = (
            random.Random(f"{world.seed} douyin {purpose}") for purpose in ("sales", "ids", "numbers")
        )
        life = timedelta(seconds=float(options.get("token_seconds") or 7 * 24 * 3600))
        grant = Grant(
            access_token=str(options.get("access_token") or "emulator-token"),
            refresh_token=str(options.get("refresh_token") or "emulator-refresh"),
            expires=clock.now() + life,
            life=life,
        )
        self.shop_id = int(options.get("shop_id") or 4463798)
        self.gate = Gate(
            app_key=str(options.get("app_key") or "3409400000000000001"),
            app_secret=str(options.get("app_secret") or "emulator-secret"),
            shop_id=self.shop_id,
            shop_name=str(options.get("shop_name") or "测试抖音小店"),
            grant=grant,
            chance=ids,
            paths=frozenset(methods.METHODS),
        )
        self.oauth = Authorising(
            self.gate,
            service_id=str(options.get("service_id") or "20001"),
            return_url=str(options.get("return_url") or ""),
            chance=random.Random(f"{world.seed} douyin tokens"),
            note=self.journal.write,
        )
        self.ban_seconds = float(options.get("ban_seconds") or 2)
        self.sell_every = float(options.get("sell_every") or 0)
        self.next_sale = clock.now()
        self.address_timeout = timedelta(seconds=float(options.get("address_seconds") or 3600))
        # What the platform does with an application that nobody answers: agree or refuse.
        self.address_default = str(options.get("address_default") or "refuse")
        self.orders = Orders(self.sales_chance)
        self.vault = Vault(ids, searchable=bool(options.get("searchable", True)))
        self.pushes = Pushes(app_key=self.gate.app_key, sign=self.gate.push_sign, note=self.journal.write)
        self.pushes.url = str(options.get("push_url") or "")
        self.pushes.sign_method = str(options.get("push_sign_method") or "md5")
        self.sales = AfterSales(self.orders, self._tell_sale)
        self.waybills = Waybills(numbers, self.orders, self.vault, self.journal.write)
        self.side = methods.Side(
            shop_id=self.shop_id,
            orders=self.orders,
            sales=self.sales,
            vault=self.vault,
            waybills=self.waybills,
            shipping=Shipping(self.orders, self.sales, self.waybills),
            faults=self.faults,
            note=self.journal.write,
            tell=self.tell,
        )
        self.hand = Hand(self)

    # The gateway ------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if self.faults.hits("html"):
            self.journal.write("call", path=request.path, outcome="HTML")
            return Answer(body=b"<html><body>busy</body></html>", content_type="text/html")
        if self.faults.hits("fail"):
            self.journal.write("call", path=request.path, outcome="HTTP 502")
            return Answer(body=b"Bad Gateway", status=502, content_type="text/plain")
        if (answer := self.oauth.handle(request)) is not None:
            return answer
        known = request.path in self.gate.paths or request.path in ("/token/refresh", "/token/create")
        if request.method != "POST" or not known:
            return Answer(body=b"not found", status=404, content_type="text/plain")
        return self._called(request)

    def _called(self, request: Request) -> Answer:
        logged: Any = None
        try:
            asked = self._admitted(request)
            logged = {name: value for name, value in asked.items() if name not in UNLOGGED}
            data, code = self._done(request.path, asked)
        except Refused as no:
            outcome = {"code": no.code, "sub_code": no.sub_code, "text": no.text}
            self.journal.write("call", path=request.path, asked=logged, outcome=outcome)
            return refused(request, no)
        self.journal.write("call", path=request.path, asked=logged, outcome=code, answer=_summary(data))
        if self.faults.hits("lose_answer"):
            self.journal.write("answer_lost", path=request.path)
            return Answer(body=b"Gateway Timeout", status=504, content_type="text/plain")
        return answered(request, data, code)

    def _admitted(self, request: Request) -> dict[str, Any]:
        now = clock.now()
        if self.faults.hits("throttle"):
            self.gate.banned_until = now + timedelta(seconds=self.ban_seconds)
        if self.faults.hits("expire"):
            self.gate.grant.expires = now
        self.gate.admit(request, dict(request.query()), now)
        try:
            asked = json.loads(request.body)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise Refused(40003, "isv.parameter-format-invalid", "param_json 不是 JSON")
        return asked

    def _done(self, path: str, asked: dict[str, Any]) -> tuple[Any, int]:
        if path.startswith("/token/"):
            work = self.gate.refresh if path == "/token/refresh" else self.oauth.create
            return work(asked, clock.now()), 10000
        self.side.faults = self.faults
        found = methods.METHODS[path](self.side, asked)
        return found if isinstance(found, tuple) else (found, 10000)

    # Telling ----------------------------------------------------------------------------------------------------
    def tell(self, tag: str, order: Order, data: dict[str, Any]) -> None:
        """Push something about an order; most times are in `data`."""
        about = {
            "p_id": order.order_id,
            "s_ids": [line.line_id for line in order.lines],
            "shop_id": self.shop_id,
            "order_status": order.order_status,
            "order_type": 0,
            "biz": 2,
        }
        self.pushes.put(tag, about | data, at=seconds(clock.now()), faults=self.faults)

    def _tell_sale(self, sale: AfterSale) -> None:
        tag, data = sale.pushed(self.shop_id)
        self.pushes.put(tag, data, at=seconds(clock.now()), faults=self.faults)
        facts = {"aftersale_id": str(sale.sale_id), "status": sale.status, "order_id": str(sale.order.order_id)}
        self.journal.write("aftersale", **facts)

    # What happens by itself -------------------------------------------------------------------------------------
    def tick(self) -> None:
        if batch := self.pushes.due():

            def send() -> None:
                good = self.pushes.send(batch)
                with self.lock:
                    if not good:
                        self.pushes.put_back(batch)

            self.send_later(send)
        self._end_wishes()
        self._sell_by_itself()

    def _end_wishes(self) -> None:
        """An application that nobody answered in time."""
        now = clock.now()
        for order in self.orders.by_id.values():
            wish = order.wish
            if wish and wish.stage == "open" and wish.asked + self.address_timeout <= now:
                self.journal.write("address_timed_out", order_id=str(order.order_id), then=self.address_default)
                if self.address_default == "agree":
                    wish.stage = "agreed"
                    methods.change_address(self.side, order)
                else:
                    wish.stage = "timed_out"

    def _sell_by_itself(self) -> None:
        if self.sell_every <= 0:
            return
        now = clock.now()
        for _sale in range(MOST_SALES_A_TICK):
            if now < self.next_sale:
                return
            self.next_sale += timedelta(seconds=self.sell_every)
            origin = self.sales_chance.choice(ORIGINS)
            lines = [{**line, "fields": origin} for line in invent_lines(self.sales_chance)]
            self.hand.sell({"lines": lines, "remark": self.sales_chance.choice(NOTES)})
        # Too far behind to catch up: the rest of the sales did not happen.
        self.next_sale = now + timedelta(seconds=self.sell_every)

    # A test's hand ----------------------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            if command == "faults":
                self.faults = DouyinFaults(**{"seed": self.faults.seed, **data})
                return {"ok": True}
            work: Callable[[dict[str, Any]], Any] | None = self.hand.commands.get(command)
            return work(data) if work else super().control(command, data)

    def sold(self) -> Iterator[Sold]:
        for order in self.orders.by_id.values():
            if order.paid:
                goods = tuple((line.article.sku, line.quantity) for line in order.lines)
                yield Sold(order_id=str(order.order_id), goods=goods)

    def happen(self) -> str:
        return str(self.hand.sell({})["order_id"])

    def signed(self, body: bytes) -> Request:
        return Request(method="POST", path="", query_string="", headers=self.pushes.headers(body), body=body)

    # For people -------------------------------------------------------------------------------------------------
    def page(self) -> str:
        newest = sorted(self.orders.by_id.values(), key=lambda order: order.order_id, reverse=True)[:200]
        waiting = sum(one.status in OPEN for one in self.sales.by_id.values())
        rows = "".join(self._row(order) for order in newest)
        return (
            f"<h2>{escape(self.gate.shop_name)} 的订单（共 {len(self.orders.by_id)} 单，显示最新 200 单）</h2>"
            f"<p>处理中的售后：{waiting} 张；待推送的消息：{len(self.pushes.waiting)} 条</p>"
            "<table><thead><tr><th>订单号</th><th>下单时间</th><th>状态</th><th>收货人</th><th>商品</th>"
            f"<th>金额</th><th>售后 / 改址</th><th>运单号</th></tr></thead><tbody>{rows}</tbody></table>"
        )

    def _row(self, order: Order) -> str:
        receiver = order.receiver
        region = f"{receiver.province}{receiver.city}{receiver.district}{receiver.masked_address}"
        sales = "、".join(f"{one.sale_id}（{one.status}）" for one in self.sales.of_order(order))
        cells = (
            str(order.order_id),
            order.placed.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            f"{WORDS.get(order.main_status, '')} {order.main_status}",
            f"{receiver.masked_name} {receiver.masked_mobile} {region}",
            "；".join(f"{line.title} {line.article.sku} x {line.quantity}" for line in order.lines),
            f"{order.amount / 100:.2f}",
            " ".join(filter(None, (sales, f"改址 {order.wish.stage}" if order.wish else ""))),
            "、".join(parcel.number for parcel in order.parcels),
        )
        return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _summary(data: Any) -> Any:
    """An answer as the journal keeps it: ids and counts instead of whole orders, no tokens."""
    if not isinstance(data, dict) or "access_token" in data:
        return None
    listed = data.get("shop_order_list", data.get("items"))
    if isinstance(listed, list):
        ids = [str(row.get("order_id") or (row.get("aftersale_info") or row).get("aftersale_id")) for row in listed]
        return {"rows": len(listed), "ids": ids[:100]}
    if isinstance(order := data.get("shop_order_detail"), dict):
        return {name: order.get(name) for name in ("order_id", "main_status", "update_time")}
    return data


EMULATOR = DouyinEmulator
