"""A test's or the demo's hand in the emulated Douyin shop: what buyers, the platform and the seller's clerks do."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.platforms.douyin import emulator_methods as methods
from integrations.platforms.douyin import emulator_orders as shop
from integrations.platforms.douyin.emulator_orders import Order, Wish, second, seconds
from integrations.platforms.douyin.emulator_push import TEST_BODY
from orders import clock

if TYPE_CHECKING:
    from integrations.platforms.douyin.emulator import DouyinEmulator

STATES = {"paid": shop.READY, "risk": shop.RISK, "deposit": shop.DEPOSIT}


class Hand:
    def __init__(self, emulator: "DouyinEmulator") -> None:
        self.emulator = emulator
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sell": self.sell,
            "pay": self._pay,
            "finish": self._finish,
            "close": self._close,
            "memo": self._memo,
            "ask_address": self._ask_address,
            "refund": self._refund,
            "refund_status": self._refund_status,
            "ship": self._ship,
            "appoint": self._appoint,
            "order": lambda data: self._state(self._order(data)),
            "orders": lambda data: [self._state(order) for order in self.emulator.orders.by_id.values()],
            "expire_token": self._expire,
            "authorise": self._authorise,
            "ban": self._ban,
            "stock": self._stock,
            "push_to": self._push_to,
            "push_test": self._push_test,
            "push_raw": self._push_raw,
        }

    def sell(self, data: dict[str, Any]) -> dict[str, Any]:
        """`paid`: true, false, "risk" or "deposit"."""
        emulator = self.emulator
        self._late()
        order = emulator.orders.sell(data)
        emulator.tell("100", order, {"create_time": seconds(order.placed)})
        state = data.get("paid", True)
        if state:
            emulator.orders.pay(order, STATES["paid" if state is True else str(state)])
            self._tell_paid(order)
        lines = [
            {"sku": line.article.sku, "quantity": line.quantity, "line_id": str(line.line_id)} for line in order.lines
        ]
        emulator.journal.write("sold", lines=lines, payment=f"{order.amount / 100:.2f}", **self._state(order))
        return {**self._state(order), "lines": lines}

    def _pay(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is owed is paid; a risk check is passed."""

        def pay(order: Order) -> None:
            self.emulator.orders.pay(order)
            self._tell_paid(order)

        return self._act("paid", data, pay)

    def _tell_paid(self, order: Order) -> None:
        data = {"pay_time": seconds(order.paid or order.placed), "pay_type": 2, "pay_amount": order.amount}
        self.emulator.tell("101" if order.main_status == shop.READY else "110", order, data)

    def _finish(self, data: dict[str, Any]) -> dict[str, Any]:
        def finish(order: Order) -> None:
            self.emulator.orders.move(order, shop.FINISHED)
            self.emulator.tell("103", order, {"complete_time": seconds(order.finished)})

        return self._act("finished", data, finish)

    def _close(self, data: dict[str, Any]) -> dict[str, Any]:
        def close(order: Order) -> None:
            self.emulator.orders.close(order)
            self.emulator.tell("106", order, {"cancel_time": seconds(order.updated), "cancel_reason": "不想要了"})

        return self._act("closed", data, close)

    def _memo(self, data: dict[str, Any]) -> dict[str, Any]:
        """A clerk writes a memo or sets a flag; `update_time` stays."""

        def note(order: Order) -> None:
            order.memo, order.stars = str(data.get("memo") or ""), int(data.get("stars") or 0)
            told = {"remark": order.memo, "star": order.stars, "update_time": seconds(second())}
            self.emulator.tell("113", order, told)

        return self._act("memo", data, note)

    def _appoint(self, data: dict[str, Any]) -> dict[str, Any]:
        """The buyer wants it sent not before some day: seconds from now."""

        def appoint(order: Order) -> None:
            order.extra["appointment_ship_time"] = seconds(second() + timedelta(seconds=float(data["in_seconds"])))
            self.emulator.tell("112", order, {"exp_delivery_time": "2026-03-10"})

        return self._act("appointed", data, appoint)

    def _ask_address(self, data: dict[str, Any]) -> dict[str, Any]:
        """The buyer wants another address; with the switch off (`directly`) it is another at once."""
        wanted = dict(data.get("receiver") or {"address": f"新华街{self.emulator.sales_chance.randrange(1, 999)}号"})

        def ask(order: Order) -> None:
            if order.wish and order.wish.stage == "open":
                raise ValueError(f"订单 {order.order_id} 已有改址申请")
            if order.order_status not in (shop.READY, shop.UNPAID):
                raise ValueError(f"订单 {order.order_id} 不能改址")
            before, asked = order.receiver, second()
            order.wish = Wish(order.receiver.changed(wanted), asked)
            if data.get("directly"):
                order.wish.stage = "agreed"
                methods.change_address(self.emulator.side, order)
                return
            vault = self.emulator.vault
            told = {
                "apply_time": seconds(asked),
                "post_receiver_msg": vault.push_fields(before),
                "receiver_msg": vault.push_fields(order.wish.receiver),
            }
            self.emulator.tell("111", order, told)

        return self._act("address_asked", data, ask)

    def _refund(self, data: dict[str, Any]) -> dict[str, Any]:
        """`line_id`: which line, else the first; `kind`: Douyin's number of the type."""
        order = self._order(data)
        wanted = str(data.get("line_id") or order.lines[0].line_id)
        line = next(line for line in order.lines if str(line.line_id) == wanted)
        kind = data.get("kind")
        sale = self.emulator.sales.apply(order, line, None if kind is None else int(kind))
        return {**self._state(order), "aftersale_id": str(sale.sale_id)}

    def _refund_status(self, data: dict[str, Any]) -> dict[str, Any]:
        """The platform or the buyer moves an after-sale on, such as 28 (withdrawn) or 11 (goods sent back)."""
        sale = self.emulator.sales.by_id[int(data["aftersale_id"])]
        self._late()
        self.emulator.sales.move(sale, int(data["status"]))
        return {**self._state(sale.order), "aftersale_id": str(sale.sale_id), "status": sale.status}

    def _ship(self, data: dict[str, Any]) -> dict[str, Any]:
        """A clerk ships on Douyin's own pages."""

        def ship(order: Order) -> None:
            goods = {line.line_id: line.quantity - line.shipped for line in order.lines}
            company = str(data.get("company") or "yuantong")
            self.emulator.orders.ship(order, company, str(data.get("waybill") or "YT0000000000001"), goods)

        return self._act("shipped_by_hand", data, ship)

    def _expire(self, data: dict[str, Any]) -> dict[str, Any]:
        """`in_seconds`; `closed`: the shop withdrew its authorisation."""
        grant = self.emulator.gate.grant
        grant.expires = clock.now() + timedelta(seconds=float(data.get("in_seconds") or 0))
        grant.closed = bool(data.get("closed"))
        return {"ok": True}

    def _authorise(self, data: dict[str, Any]) -> dict[str, Any]:
        gate = self.emulator.gate
        gate.authorise(clock.now())
        gate.grant.closed = False
        return {"access_token": gate.grant.access_token, "refresh_token": gate.grant.refresh_token}

    def _ban(self, data: dict[str, Any]) -> dict[str, Any]:
        wait = timedelta(seconds=float(data.get("seconds", self.emulator.ban_seconds)))
        self.emulator.gate.banned_until = clock.now() + wait
        return {"ok": True}

    def _stock(self, data: dict[str, Any]) -> dict[str, Any]:
        """How many waybills are left; without a number there is no end of them."""
        self.emulator.waybills.stock = data.get("left")
        return {"ok": True}

    def _push_to(self, data: dict[str, Any]) -> dict[str, Any]:
        """Who is told: `url`, and `sign_method` (md5, hmac-sha256)."""
        self.emulator.pushes.url = str(data["url"])
        self.emulator.pushes.sign_method = str(data.get("sign_method") or "md5")
        return {"ok": True}

    def _push_test(self, data: dict[str, Any]) -> dict[str, Any]:
        """What saving the address in the console sends."""
        self.emulator.send_later(lambda: self._send(TEST_BODY, None))
        return {"ok": True}

    def _push_raw(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any body, rightly signed unless `sign` is given."""
        body, sign = str(data["body"]).encode(), data.get("sign")
        self.emulator.send_later(lambda: self._send(body, None if sign is None else str(sign)))
        return {"ok": True}

    def _send(self, body: bytes, sign: str | None) -> None:
        self.emulator.pushes.send_body(body, tags=[], sign=sign)

    def _act(self, kind: str, data: dict[str, Any], work: Callable[[Order], None]) -> dict[str, Any]:
        self._late()
        order = self._order(data)
        work(order)
        self.emulator.journal.write(kind, **self._state(order))
        return self._state(order)

    def _late(self) -> None:
        faults = self.emulator.faults
        self.emulator.orders.shown_after = timedelta(seconds=faults.delay_seconds if faults.hits("delay") else 0)

    def _order(self, data: dict[str, Any]) -> Order:
        return self.emulator.orders.find(str(data["order_id"]))

    @staticmethod
    def _state(order: Order) -> dict[str, Any]:
        return {
            "order_id": str(order.order_id),
            "main_status": order.main_status,
            "update_time": seconds(order.updated),
            "waybills": [parcel.number for parcel in order.parcels],
            "wish": order.wish.stage if order.wish else "",
        }
