"""An emulated TOP: a shop that sells, its gateway, its message service, its waybills, and its questions to the seller.

Control commands (POST `_control/<command>`): `sell`, `pay`, `refund`, `refund_close`, `refund_success`,
`refund_status`, `change_address`, `close`, `finish`, `memo`, `group_buy_done`, `question`, `orders`,
`expire_session`, `renew_session`, `ban`, `waybills_left`, and `faults`. See `README.md` for their data.
"""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from integrations.emulation import Answer, Emulator, Journal, Request, Sold, World, json_answer
from integrations.platforms.taobao.emulator_gateway import Gate, Refused, Session, service_error, written
from integrations.platforms.taobao.emulator_methods import METHODS, Call, Side
from integrations.platforms.taobao.emulator_oauth import Authorising
from integrations.platforms.taobao.emulator_people import NOTES, invent_lines
from integrations.platforms.taobao.emulator_questions import Questions
from integrations.platforms.taobao.emulator_queue import MessageQueue
from integrations.platforms.taobao.emulator_trades import Trade, Trades
from integrations.platforms.taobao.emulator_waybills import Waybills
from orders import clock

ROUTER = "/router/rest"
# What is not written into the journal: secrets, and what is long and says nothing.
UNLOGGED = frozenset(
    {"session", "sign", "fields", "param_waybill_cloud_print_apply_new_request", "query_list", "refresh_token"}
)
MOST_SALES_A_TICK = 200


class TaobaoEmulator(Emulator):
    name = "taobao"
    title = "淘宝/天猫开放平台"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.app_key = str(options.get("app_key") or "21000001")
        self.seller = str(options.get("seller_nick") or "测试旗舰店")
        self.group = str(options.get("tmc_group") or "default")
        session = str(options.get("session") or "6100emulator")
        secret = str(options.get("app_secret") or "emulator-secret")
        self.gate = Gate(self.app_key, secret, {session: Session(self.seller)})
        # Other shops of the same app: session → seller's name; they sell less often.
        self.others = {str(token): str(seller) for token, seller in dict(options.get("more_sessions") or {}).items()}
        for token, seller in self.others.items():
            self.gate.sessions[token] = Session(seller)
        self.others_sell_every = float(options.get("others_sell_every") or 0)
        self.others_next_sale = clock.now()
        self.ban_seconds = float(options.get("ban_seconds") or 2)
        self.sell_every = float(options.get("sell_every") or 0)
        self.next_sale = clock.now()
        self.permitted: dict[str, str] = {}
        self.queue = MessageQueue(
            redeliver_seconds=float(options.get("redeliver_seconds") or 30), note=self.journal.write
        )
        # A sequence of chance for each purpose: what the tower calls must not change what the shop sells.
        self.sales, self.ids = (random.Random(f"{world.seed} taobao {purpose}") for purpose in ("sales", "ids"))
        self.trades = Trades(self.sales, self._tell)
        self.waybills = Waybills(self.ids, self.trades, self.journal.write)
        self.questions = Questions(self)
        life = timedelta(seconds=float(options.get("token_seconds") or 30 * 24 * 3600))
        words = random.Random(f"{world.seed} taobao tokens")
        self.oauth = Authorising(self.gate, chance=words, life=life, note=self.journal.write)
        self.oauth.refresh_tokens[str(options.get("refresh_token") or "6101emulator")] = self.seller
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sell": self._sell,
            "pay": lambda data: self._act("paid", data, self.trades.pay),
            "refund": self._refund,
            "refund_close": lambda data: self._set_refund(data, "CLOSED"),
            "refund_success": lambda data: self._set_refund(data, "SUCCESS"),
            "refund_status": lambda data: self._set_refund(data, str(data["status"])),
            "change_address": self._change_address,
            "close": lambda data: self._act("closed", data, self.trades.close),
            "finish": lambda data: self._act("finished", data, self.trades.finish),
            "group_buy_done": lambda data: self._act("group_buy_done", data, self.trades.allow_shipping),
            "memo": self._memo,
            "question": self.questions.ask,
            "orders": lambda data: [self._state(trade) for trade in self.trades.by_tid.values()],
            "expire_session": lambda data: self._expire(data, expired=True),
            "renew_session": lambda data: self._expire(data, expired=False),
            "ban": self._ban,
            "waybills_left": self._waybills_left,
        }

    # The gateway ------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if (answer_of_oauth := self.oauth.handle(request)) is not None:
            return answer_of_oauth
        if request.path.rstrip("/") != ROUTER:
            return Answer(body=b"not found", status=404, content_type="text/plain")
        form = dict(request.query())
        form |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        method = form.get("method", "")
        logged = {name: value[:500] for name, value in form.items() if name not in UNLOGGED}
        failing = self.faults.hits("fail")
        if failing and self.faults.chance.random() < 0.5:
            self.journal.write("call", method=method, form=logged, outcome="HTTP 502")
            return Answer(body=b"Bad Gateway", status=502, content_type="text/plain")
        try:
            answer = self._answer(method, form, failing=failing)
        except Refused as refused:
            self.journal.write("call", method=method, form=logged, outcome=refused.envelope)
            return json_answer({"error_response": refused.envelope | {"request_id": self._request_id()}})
        self.journal.write("call", method=method, form=logged, outcome="ok", answer=_summary(method, answer))
        if self.faults.hits("lose_answer"):
            self.journal.write("answer_lost", method=method, form=logged)
            return Answer(body=b"Gateway Timeout", status=504, content_type="text/plain")
        name = method.removeprefix("taobao.").replace(".", "_") + "_response"
        return json_answer({name: answer | {"request_id": self._request_id()}})

    def _answer(self, method: str, form: dict[str, str], *, failing: bool) -> dict[str, Any]:
        now = clock.now()
        if not method:
            raise Refused(21, "Missing Method")
        if method not in METHODS:
            raise Refused(22, "Invalid Method", "isv.invalid-method", f"没有这个方法：{method}")
        self.gate.admit(form, now)
        self.gate.check_ban(now)
        if self.faults.hits("throttle"):
            self.gate.banned_until = now + timedelta(seconds=self.ban_seconds)
            self.gate.check_ban(now)
        if failing:
            raise service_error("isp.top-remote-connection-timeout", "后端服务连接超时")
        work, as_seller = METHODS[method]
        side = Side(
            trades=self.trades,
            queue=self.queue,
            waybills=self.waybills,
            permitted=self.permitted,
            note=self.journal.write,
            app_key=self.app_key,
            refresh=self.oauth.refresh,
        )
        return work(side, Call(form, self.gate.seller(form, now) if as_seller else ""))

    def _request_id(self) -> str:
        return f"{self.ids.randrange(16**12):012x}"

    # What happens by itself -------------------------------------------------------------------------------------
    def tick(self) -> None:
        now = clock.now()
        if self.others_sell_every > 0 and now >= self.others_next_sale:
            self.others_next_sale = now + timedelta(seconds=self.others_sell_every)
            for seller in self.others.values():
                self._sell({"seller": seller, "lines": invent_lines(self.sales)})
        if self.sell_every <= 0:
            return
        for _sale in range(MOST_SALES_A_TICK):
            if now < self.next_sale:
                return
            self.next_sale += timedelta(seconds=self.sell_every)
            note = self.sales.choice(NOTES)
            self._sell({"lines": invent_lines(self.sales), "buyer_message": note})
        # Too far behind to catch up: the rest of the sales did not happen.
        self.next_sale = now + timedelta(seconds=self.sell_every)

    # A test's hand ----------------------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            work = self.commands.get(command)
            return work(data) if work else super().control(command, data)

    def _sell(self, data: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.sell(str(data.get("seller") or self.seller), data)
        lines = [{"oid": str(line.oid), "sku": line.sku, "quantity": line.quantity} for line in trade.lines]
        self.journal.write("sold", lines=lines, payment=f"{trade.payment:.2f}", oaid=trade.oaid, **self._state(trade))
        return {**self._state(trade), "lines": lines}

    def _act(self, kind: str, data: dict[str, Any], work: Callable[[Trade], Any]) -> dict[str, Any]:
        trade = self.trades.find(str(data["tid"]))
        work(trade)
        self.journal.write(kind, **self._state(trade))
        return self._state(trade)

    def _refund(self, data: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.find(str(data["tid"]))
        kind, fee = str(data.get("kind") or "REFUND"), str(data.get("fee") or "")
        found = self.trades.refund(trade, str(data.get("oid") or ""), kind=kind, fee=fee)
        asked = [refund.refund_id for refund in found]
        self.journal.write("refund_asked", refund_ids=asked, **self._state(trade))
        return {**self._state(trade), "refund_ids": asked}

    def _set_refund(self, data: dict[str, Any], status: str) -> dict[str, Any]:
        oid = str(data.get("oid") or "")
        return self._act(f"refund_{status.lower()}", data, lambda trade: self.trades.set_refund(trade, status, oid))

    def _change_address(self, data: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(data.get("receiver") or {}) or {"address": f"新华街{self.sales.randrange(1, 999)}号"}
        state = self._act("address_changed", data, lambda trade: self.trades.change_address(trade, wanted))
        return {**state, "oaid": self.trades.find(str(data["tid"])).oaid}

    def _memo(self, data: dict[str, Any]) -> dict[str, Any]:
        memo, flag = str(data.get("memo") or ""), str(data.get("flag") or "")
        return self._act("memo", data, lambda trade: self.trades.memo(trade, memo, flag))

    def _expire(self, data: dict[str, Any], *, expired: bool) -> dict[str, Any]:
        for session in self.gate.sessions.values():
            if session.seller == str(data.get("seller") or self.seller):
                session.expires = clock.now() if expired else None
        return {"ok": True}

    def _waybills_left(self, data: dict[str, Any]) -> dict[str, Any]:
        """`{"cp_code", "left"}`; without `left` there are plenty again."""
        if data.get("left") is None:
            self.waybills.left.pop(str(data["cp_code"]), None)
        else:
            self.waybills.left[str(data["cp_code"])] = int(data["left"])
        return {"ok": True}

    def _ban(self, data: dict[str, Any]) -> dict[str, Any]:
        self.gate.banned_until = clock.now() + timedelta(seconds=float(data.get("seconds", self.ban_seconds)))
        return {"ok": True}

    def _tell(self, topic: str, trade: Trade, content: dict[str, Any]) -> None:
        """Put a message about a trade into the queue, in the form that every trade topic shares."""
        allowed = [name for name in self.permitted.get(trade.seller, "").split(",") if name]
        if allowed and topic not in allowed:
            return
        shared: dict[str, Any] = {
            "buyer_nick": trade.receiver.name[:1] + "**",
            "buyer_open_uid": trade.buyer_open_uid,
            "seller_nick": trade.seller,
            # Some topics write the id as a number, others as text.
            "tid": str(trade.tid) if topic.startswith("taobao_refund_") else trade.tid,
        }
        if topic.startswith("taobao_trade_") and not topic.endswith("AddressChanged"):
            shared |= {"status": trade.status, "payment": f"{trade.payment:.2f}", "type": "guarantee_trade"}
        self.queue.put(group=self.group, topic=topic, content=shared | content, seller=trade.seller, faults=self.faults)

    def sold(self) -> Iterator[Sold]:
        for trade in self.trades.by_tid.values():
            if trade.pay_time:
                yield Sold(order_id=str(trade.tid), goods=tuple((line.sku, line.quantity) for line in trade.lines))

    @staticmethod
    def _state(trade: Trade) -> dict[str, Any]:
        return {
            "tid": str(trade.tid),
            "status": trade.status,
            "modified": written(trade.modified),
            "refunds": {str(line.oid): line.refund_status for line in trade.lines if line.refund_id},
            "waybills": sorted({line.invoice_no for line in trade.lines if line.invoice_no}),
        }

    def happen(self) -> str:
        return str(self.control("sell", {})["tid"])

    def signed(self, body: bytes) -> Request:
        query = self.questions.signed_query("address", body)
        headers = {"Content-Type": "application/json;charset=utf-8"}
        return Request(method="POST", path="", query_string=query, headers=headers, body=body)

    # For people -------------------------------------------------------------------------------------------------
    def page(self) -> str:
        newest = sorted(self.trades.by_tid.values(), key=lambda trade: (trade.created, trade.tid), reverse=True)[:200]
        today = clock.now().astimezone(clock.BEIJING).date()
        rows = "".join(_row(trade, trade.receiver.masked(today)) for trade in newest)
        return (
            f"<h2>{escape(self.seller)} 的订单（共 {len(self.trades.by_tid)} 单，显示最新 {len(newest)} 单）</h2>"
            f"<p>消息队列未确认：{self.queue.backlog(self.group)} 条；已取面单：{len(self.waybills.by_number)} 张</p>"
            "<table><thead><tr><th>订单号</th><th>下单时间</th><th>状态</th><th>收件人</th><th>商品</th>"
            f"<th>金额</th><th>退款</th><th>运单号</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def _row(trade: Trade, masked: dict[str, str]) -> str:
    receiver = " ".join(
        masked[f"receiver_{name}"] for name in ("name", "mobile", "state", "city", "district", "address")
    )
    goods = "；".join(f"{line.title} {line.sku} x {line.quantity}" for line in trade.lines)
    refunds = "、".join(sorted({line.refund_status for line in trade.lines if line.refund_id}))
    waybills = "、".join(sorted({line.invoice_no for line in trade.lines if line.invoice_no}))
    cells = (
        str(trade.tid),
        written(trade.created),
        trade.status,
        receiver,
        goods,
        f"{trade.payment:.2f}",
        refunds,
        waybills,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _summary(method: str, answer: dict[str, Any]) -> Any:
    """An answer as the journal keeps it: ids and counts instead of whole orders, and never plain receiver data."""
    if method == "taobao.top.oaid.decrypt":
        return {"receivers": len(answer["receiver_list"]["receiver"])}
    if method == "taobao.top.auth.token.refresh":
        return {"refreshed": True}
    if method == "taobao.trade.fullinfo.get":
        return {name: answer["trade"].get(name) for name in ("tid_str", "status", "modified", "oaid")}
    if method == "taobao.tmc.messages.consume":
        return {"messages": [row["id"] for row in answer.get("messages", {}).get("tmc_message", [])]}
    if method.startswith("taobao.trades.sold"):
        counts = {name: value for name, value in answer.items() if name != "trades"}
        return counts | {"rows": len(answer.get("trades", {}).get("trade", []))}
    return json.loads(json.dumps(answer, default=str))


EMULATOR = TaobaoEmulator
