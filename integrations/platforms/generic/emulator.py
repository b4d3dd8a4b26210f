"""A small shop of its own making: a JSON list by pages, single orders, and a push that is signed.

Its words are nobody else's: `tid`, `state` in Chinese, fen, and times in Beijing; the mapping that reads it stands in
`README.md`. Control commands (POST `_control/<command>`): `sell`, `pay`, `cancel`, `change_address`, `refund`,
`status`, `orders`, `connect`, and `faults`.
"""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import requests

from integrations.emulation import Answer, Emulator, Journal, Request, Sold, World, json_answer
from orders import clock

GOODS = (("CREAM-50", "修护面霜 50g", 12850), ("MASK-5", "补水面膜 5 片", 5900), ("LIP-01", "润唇膏", 3900))
PEOPLE = (
    {
        "name": "李雷",
        "mobile": "13800138000",
        "province": "浙江省",
        "city": "杭州市",
        "area": "西湖区",
        "detail": "文三路 1 号",
    },
    {
        "name": "韩梅梅",
        "mobile": "13900139000",
        "province": "湖北省",
        "city": "武汉市",
        "area": "洪山区",
        "detail": "珞喻路 8 号",
    },
)
UNPAID, PAID, CANCELLED = "待付款", "已付款", "已取消"
FIRST_NUMBER = 2026111100000001000
MOST_SALES_A_TICK = 200


class ShopEmulator(Emulator):
    name = "generic"
    title = "自建商城"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.sales = random.Random(f"{world.seed} generic sales")
        self.token = str(options.get("token") or "emulator-token")
        self.secret = str(options.get("secret") or "emulator-secret")
        self.tower_hook = str(options.get("tower_hook") or "")
        self.page_limit = int(options.get("page_limit") or 50)
        self.sell_every = float(options.get("sell_every") or 0)
        self.next_sale = clock.now()
        self.orders: dict[str, dict[str, Any]] = {}
        self.changed: dict[str, datetime] = {}
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sell": self._sell,
            "pay": lambda data: self._change(data, state=PAID, payTime=_text(clock.now())),
            "cancel": lambda data: self._change(data, state=CANCELLED),
            "status": lambda data: self._change(data, state=str(data["state"])),
            "change_address": self._change_address,
            "refund": self._refund,
            "orders": lambda _data: list(self.orders.values()),
            "connect": self._connect,
        }

    # Asked -------------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        answer = self._misbehave() or self._answer(request)
        self.journal.write("asked", path=request.path, query=dict(request.query()), status=answer.status)
        return answer

    def _misbehave(self) -> Answer | None:
        if self.faults.hits("fail"):
            return Answer(body=b"Bad Gateway", status=502, content_type="text/plain")
        if self.faults.hits("throttle"):
            return Answer(body=b"{}", status=429, headers={"Retry-After": "2"})
        return None

    def _answer(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return json_answer({"code": 401, "message": "token"}, 401)
        path = request.path.rstrip("/")
        if path == "/orders":
            return self._list(dict(request.query()))
        order = self.orders.get(path.removeprefix("/orders/"))
        return json_answer({"code": 0, "list": [order]}) if order else json_answer({"code": 404}, 404)

    def _list(self, query: dict[str, str]) -> Answer:
        """Changed at or after `since` and before `until`, oldest first; never more than the shop's own limit."""
        try:
            since, until = (_moment(query.get(name)) for name in ("since", "until"))
            page, size = int(query.get("page") or 1), min(int(query.get("page_size") or 20), self.page_limit)
        except ValueError as error:
            return json_answer({"code": 400, "message": str(error)}, 400)
        found = [
            number
            for number, at in sorted(self.changed.items(), key=lambda one: (one[1], one[0]))
            if (since is None or at >= since) and (until is None or at < until)
        ]
        rows = [self.orders[number] for number in found[(page - 1) * size : page * size]]
        return json_answer({"code": 0, "total": len(found), "list": rows})

    # By itself ---------------------------------------------------------------------------------------------------
    def tick(self) -> None:
        now = clock.now()
        for _sale in range(MOST_SALES_A_TICK):
            if self.sell_every <= 0 or now < self.next_sale:
                return
            self.next_sale += timedelta(seconds=self.sell_every)
            self._sell({})
        self.next_sale = now + timedelta(seconds=self.sell_every)

    def push(self, number: str) -> None:
        """Tell the tower of an order, as Standard Webhooks 1.0 says; a repeat carries the same id."""
        if not self.tower_hook or self.faults.hits("drop"):
            return
        body = json.dumps({"list": [self.orders[number]]}, ensure_ascii=False).encode()
        identity = f"msg_{hashlib.sha256(body).hexdigest()[:20]}"
        at = clock.now() + timedelta(seconds=self.faults.delay_seconds if self.faults.hits("delay") else 0)
        for _time in range(2 if self.faults.hits("repeat") else 1):
            self.send_later(lambda: self._send(number, identity, body), at)

    def _send(self, number: str, identity: str, body: bytes) -> None:
        answer = requests.post(self.tower_hook, data=body, headers=self._headers(identity, body), timeout=10)
        self.journal.write("pushed", order=number, status=answer.status_code)

    def _headers(self, identity: str, body: bytes) -> dict[str, str]:
        stamp = str(int(clock.now().timestamp()))
        signed = hmac.new(self.secret.encode(), f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }

    def sold(self) -> Iterator[Sold]:
        for number, order in self.orders.items():
            if order["payTime"]:
                yield Sold(order_id=number, goods=tuple((item["code"], item["num"]) for item in order["items"]))

    def happen(self) -> str:
        return str(self._sell({})["tid"])

    def signed(self, body: bytes) -> Request:
        identity = f"msg_{hashlib.sha256(body).hexdigest()[:20]}"
        return Request(method="POST", path="", query_string="", headers=self._headers(identity, body), body=body)

    # A test's hand -----------------------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        work = self.commands.get(command)
        return work(data) if work else super().control(command, data)

    def _connect(self, data: dict[str, Any]) -> dict[str, Any]:
        self.tower_hook = str(data.get("tower_hook") or self.tower_hook)
        self.sell_every = float(data.get("sell_every", self.sell_every))
        return {"ok": True}

    def _sell(self, data: dict[str, Any]) -> dict[str, Any]:
        number = str(data.get("tid") or FIRST_NUMBER + len(self.orders))
        items: list[dict[str, Any]] = []
        for sku, title, price in self.sales.sample(GOODS, k=int(data.get("kinds") or 1)):
            items.append({"code": sku, "title": title, "num": self.sales.randint(1, 3), "price": price})
        now = _text(clock.now())
        paid = bool(data.get("paid", True))
        self.orders[number] = {
            "tid": number,
            "state": PAID if paid else UNPAID,
            "created": now,
            "payTime": now if paid else "",
            "payment": sum(item["num"] * item["price"] for item in items),
            "remark": str(data.get("remark") or ""),
            "to": dict(self.sales.choice(PEOPLE)),
            "items": items,
            "refunds": [],
        }
        return self._touched(number, "sold")

    def _change(self, data: dict[str, Any], **fields: Any) -> dict[str, Any]:
        number = str(data["tid"])
        self.orders[number].update(fields)
        return self._touched(number, "changed")

    def _change_address(self, data: dict[str, Any]) -> dict[str, Any]:
        number = str(data["tid"])
        self.orders[number]["to"].update(data.get("to") or {"detail": "新的地址 2 号"})
        return self._touched(number, "address_changed")

    def _refund(self, data: dict[str, Any]) -> dict[str, Any]:
        """Asked for, or moved on: `state` is 申请中, 已撤销, 已退款 or 已拒绝."""
        number, state = str(data["tid"]), str(data.get("state") or "申请中")
        refunds = self.orders[number]["refunds"]
        if state == "申请中":
            refunds.append({"id": f"R{number}-{len(refunds) + 1}", "applied": _text(clock.now())})
        refunds[-1].update(state=state, updated=_text(clock.now()))
        return self._touched(number, "refund")

    def _touched(self, number: str, kind: str) -> dict[str, Any]:
        order, now = self.orders[number], clock.now()
        order["updated"] = _text(now)
        self.changed[number] = now
        self.journal.write(kind, tid=number, state=order["state"])
        self.push(number)
        return dict(order)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime) -> str:
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")


EMULATOR = ShopEmulator
