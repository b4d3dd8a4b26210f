"""An emulated JD: a POP shop that sells, its gateway, its refund applications, and its authorisation service.

Control commands (POST `_control/<command>`): `sell`, `pay`, `refund`, `refund_withdraw`, `refund_status`, `lock`,
`unlock`, `state`, `change_address`, `remark`, `ship`, `orders`, `expire_token`, `authorise`, `ban`, and `faults`. See
`README.md` for their data.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from integrations.emulation import Answer, Emulator, Faults, Journal, Request, Sold, World, json_answer
from integrations.platforms.jd import emulator_methods as methods
from integrations.platforms.jd.emulator_gateway import Gate, Grant, NotDone, Refused, written
from integrations.platforms.jd.emulator_oauth import Authorising
from integrations.platforms.jd.emulator_orders import OPEN, REMARKS, WITHDRAWN, Application, Order, Orders
from integrations.platforms.jd.emulator_people import NOTES, invent_lines
from orders import clock

ROUTER = "/routerjson"
# What is not written into the journal.
UNLOGGED = frozenset({"access_token", "sign", "app_secret", "refresh_token"})
MOST_SALES_A_TICK = 200


@dataclass
class JdFaults(Faults):
    """Beside the usual (`delay`: a change is searchable only later; `drop`, `repeat`, `reorder`: rows of a listing):
    answers in HTML."""

    html: float = 0.0


class JdEmulator(Emulator):
    name = "jd"
    title = "京东开放平台"
    faults: JdFaults

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.faults = JdFaults(seed=world.seed)
        # A sequence of chance for each purpose: what the tower calls must not change what the shop sells.
        self.sales, ids = (random.Random(f"{world.seed} jd {purpose}") for purpose in ("sales", "ids"))
        self.seller = str(options.get("shop_name") or "测试京东旗舰店")
        self.vender_id = str(options.get("vender_id") or "802001")
        self.with_oaid = bool(options.get("oaid", True))
        life = timedelta(seconds=float(options.get("token_seconds") or 30 * 24 * 3600))
        grant = Grant(
            access_token=str(options.get("access_token") or "emulator-token"),
            refresh_token=str(options.get("refresh_token") or "emulator-refresh"),
            expires=clock.now() + life,
            life=life,
        )
        secret = str(options.get("app_secret") or "emulator-secret")
        known = frozenset(methods.METHODS)
        self.gate = Gate(str(options.get("app_key") or "JDEMULATOR0001"), secret, grant, ids, methods=known)
        words = random.Random(f"{world.seed} jd tokens")
        self.oauth = Authorising(self.gate, shop=self.seller, chance=words, note=self.journal.write)
        self.ban_seconds = float(options.get("ban_seconds") or 2)
        self.sell_every = float(options.get("sell_every") or 0)
        self.next_sale = clock.now()
        self.orders = Orders(self.sales)
        self.orders.finance = timedelta(seconds=float(options.get("finance_seconds") or 5))
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sell": self._sell,
            "pay": lambda data: self._act("paid", data, self.orders.pay),
            "refund": self._refund,
            "refund_withdraw": lambda data: self._judge(data, WITHDRAWN),
            "refund_status": lambda data: self._judge(data, str(data["status"])),
            "lock": lambda data: self._act("locked", data, self.orders.lock),
            "unlock": lambda data: self._act("unlocked", data, self.orders.unlock),
            "state": self._set_state,
            "change_address": self._change_address,
            "remark": self._remark,
            "ship": self._ship_by_hand,
            "orders": lambda data: [self._state(order) for order in self.orders.by_id.values()],
            "expire_token": self._expire,
            "authorise": self._authorise,
            "ban": self._ban,
        }

    # The gateway ------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if self.faults.hits("html"):
            self.journal.write("call", path=request.path, outcome="HTML")
            return Answer(body=b"<html><body>busy</body></html>", content_type="text/html")
        if self.faults.hits("fail"):
            self.journal.write("call", path=request.path, outcome="HTTP 502")
            return Answer(body=b"Bad Gateway", status=502, content_type="text/plain")
        form = dict(request.query())
        form |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if (answer := self.oauth.handle(request)) is not None:
            lost = self.faults.hits("lose_answer")
            return Answer(body=b"Gateway Timeout", status=504, content_type="text/plain") if lost else answer
        if request.path.rstrip("/") != ROUTER or request.method != "POST":
            return Answer(body=b"not found", status=404, content_type="text/plain")
        return self._called(form)

    def _called(self, form: dict[str, str]) -> Answer:
        method = form.get("method", "")
        logged = {name: value[:4000] for name, value in form.items() if name not in UNLOGGED}
        name = method.replace(".", "_") + "_responce"
        try:
            answer = self._answer(method, form)
        except Refused as refused:
            self.journal.write("call", method=method, form=logged, outcome=refused.envelope)
            return json_answer({"error_response": refused.envelope})
        except NotDone as no:
            self.journal.write("call", method=method, form=logged, outcome={"code": no.code, "text": no.text})
            return json_answer({name: {"code": "0", **methods.refusal(method, no)}})
        self.journal.write("call", method=method, form=logged, outcome="ok", answer=_summary(answer))
        if self.faults.hits("lose_answer"):
            self.journal.write("answer_lost", method=method, form=logged)
            return Answer(body=b"Gateway Timeout", status=504, content_type="text/plain")
        return json_answer({name: {"code": "0", **answer}})

    def _answer(self, method: str, form: dict[str, str]) -> dict[str, Any]:
        now = clock.now()
        if self.faults.hits("throttle"):
            self.gate.banned_until = now + timedelta(seconds=self.ban_seconds)
        self.gate.admit(form, now)
        try:
            asked = json.loads(form.get("360buy_param_json") or "{}")
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise Refused("61", "业务参数不是JSON", "Invalid 360buy_param_json")
        side = methods.Side(self.orders, self.vender_id, self.with_oaid, self.faults, self.journal.write)
        return methods.METHODS[method](side, asked)

    # What happens by itself -------------------------------------------------------------------------------------
    def tick(self) -> None:
        for application in self.orders.proceed():
            self.journal.write("refund_moved", **self._about(application))
        if self.sell_every <= 0:
            return
        now = clock.now()
        for _sale in range(MOST_SALES_A_TICK):
            if now < self.next_sale:
                return
            self.next_sale += timedelta(seconds=self.sell_every)
            note = self.sales.choice(NOTES)
            self._sell({"lines": invent_lines(self.sales), "remark": note})
        # Too far behind to catch up: the rest of the sales did not happen.
        self.next_sale = now + timedelta(seconds=self.sell_every)

    # A test's hand ----------------------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            if command == "faults":
                self.faults = JdFaults(**{"seed": self.faults.seed, **data})
                return {"ok": True}
            work = self.commands.get(command)
            return work(data) if work else super().control(command, data)

    def _late(self) -> None:
        late = self.faults.hits("delay")
        self.orders.shown_after = timedelta(seconds=self.faults.delay_seconds if late else 0)

    def _sell(self, data: dict[str, Any]) -> dict[str, Any]:
        self._late()
        order = self.orders.sell(data)
        lines = [{"sku": line.article.sku, "quantity": line.quantity} for line in order.lines]
        self.journal.write("sold", lines=lines, payment=f"{order.payment:.2f}", **self._state(order))
        return {**self._state(order), "lines": lines}

    def _act(self, kind: str, data: dict[str, Any], work: Callable[[Order], Any]) -> dict[str, Any]:
        self._late()
        order = self.orders.find(str(data["order_id"]))
        work(order)
        self.journal.write(kind, **self._state(order))
        return self._state(order)

    def _refund(self, data: dict[str, Any]) -> dict[str, Any]:
        self._late()
        application = self.orders.apply(self.orders.find(str(data["order_id"])))
        self.journal.write("refund_asked", **self._about(application))
        return {**self._state(application.order), "refund_id": str(application.refund_id)}

    def _judge(self, data: dict[str, Any], status: str) -> dict[str, Any]:
        """JD or the buyer moves the order's newest application on."""
        self._late()
        application = self.orders.of_order(self.orders.find(str(data["order_id"])))[-1]
        if status == WITHDRAWN:
            self.orders.withdraw(application)
        else:
            self.orders.judge(application, status)
        self.journal.write("refund_moved", **self._about(application))
        return self._about(application)

    def _set_state(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any state of JD's, such as FINISHED_L, TRADE_CANCELED, POP_ORDER_PAUSE."""
        return self._act("state_set", data, lambda order: self.orders.move(order, str(data["state"])))

    def _change_address(self, data: dict[str, Any]) -> dict[str, Any]:
        """`silent`: without moving `modified`, as JD's documents allow."""
        wanted = dict(data.get("receiver") or {}) or {"address": f"新华街{self.sales.randrange(1, 999)}号"}

        def change(order: Order) -> None:
            order.receiver = order.receiver.changed(wanted)
            if not data.get("silent"):
                self.orders.touch(order)

        return self._act("address_changed", data, change)

    def _remark(self, data: dict[str, Any]) -> dict[str, Any]:
        def note(order: Order) -> None:
            order.extra["venderRemark"] = str(data.get("remark") or "")
            self.orders.touch(order)

        return self._act("remark", data, note)

    def _ship_by_hand(self, data: dict[str, Any]) -> dict[str, Any]:
        """The seller clicks 出库 on JD's own pages."""

        def shipped(order: Order) -> None:
            order.waybill = str(data.get("waybill") or "")
            order.logistics_id = str(data.get("company") or "467")
            self.orders.move(order, "WAIT_GOODS_RECEIVE_CONFIRM")

        return self._act("shipped_by_hand", data, shipped)

    def _expire(self, data: dict[str, Any]) -> dict[str, Any]:
        self.gate.grant.expires = clock.now() + timedelta(seconds=float(data.get("in_seconds") or 0))
        return {"ok": True}

    def _authorise(self, data: dict[str, Any]) -> dict[str, Any]:
        self.gate.authorise(clock.now())
        return {"access_token": self.gate.grant.access_token, "refresh_token": self.gate.grant.refresh_token}

    def _ban(self, data: dict[str, Any]) -> dict[str, Any]:
        self.gate.banned_until = clock.now() + timedelta(seconds=float(data.get("seconds", self.ban_seconds)))
        return {"ok": True}

    def _about(self, application: Application) -> dict[str, Any]:
        facts = {"refund_id": str(application.refund_id), "refund_status": application.status}
        return {**self._state(application.order), **facts}

    def sold(self) -> Iterator[Sold]:
        for order in self.orders.by_id.values():
            if order.paid:
                goods = tuple((line.article.sku, line.quantity) for line in order.lines)
                yield Sold(order_id=str(order.order_id), goods=goods)

    @staticmethod
    def _state(order: Order) -> dict[str, Any]:
        return {
            "order_id": str(order.order_id),
            "state": order.order_state,
            "modified": written(order.modified),
            "waybill": order.waybill,
        }

    def happen(self) -> str:
        return str(self._sell({})["order_id"])

    # For people -------------------------------------------------------------------------------------------------
    def page(self) -> str:
        newest = sorted(self.orders.by_id.values(), key=lambda order: order.order_id, reverse=True)[:200]
        waiting = sum(one.status == OPEN for one in self.orders.applications.values())
        rows = "".join(self._row(order) for order in newest)
        return (
            f"<h2>{escape(self.seller)} 的订单（共 {len(self.orders.by_id)} 单，显示最新 {len(newest)} 单）</h2>"
            f"<p>待审核退款单：{waiting} 张</p>"
            "<table><thead><tr><th>订单号</th><th>下单时间</th><th>状态</th><th>收货人</th><th>商品</th>"
            f"<th>金额</th><th>退款单</th><th>运单号</th></tr></thead><tbody>{rows}</tbody></table>"
        )

    def _row(self, order: Order) -> str:
        masked = order.receiver.masked(self.vender_id, with_oaid=False)
        refunds = "、".join(f"{one.refund_id}（{one.status}）" for one in self.orders.of_order(order))
        cells = (
            str(order.order_id),
            written(order.placed),
            f"{REMARKS.get(order.order_state, '')} {order.order_state}",
            f"{masked['fullname']} {masked['mobile']} {masked['fullAddress']}",
            "；".join(f"{line.title} {line.article.sku} x {line.quantity}" for line in order.lines),
            f"{order.payment:.2f}",
            refunds,
            order.waybill,
        )
        return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _summary(answer: dict[str, Any]) -> Any:
    """An answer as the journal keeps it: ids and counts instead of whole orders."""
    [result] = answer.values()
    listed = result.get("orderInfoList", result.get("pageList", result.get("result")))
    if isinstance(listed, list):
        return {"rows": len(listed), "ids": [str(row.get("orderId") or row.get("id")) for row in listed][:100]}
    order = result.get("orderInfo")
    if isinstance(order, dict):
        return {name: order.get(name) for name in ("orderId", "orderState", "modified")}
    return result


EMULATOR = JdEmulator
