"""The other side of the toy shop. Control commands: `sell`."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integrations.emulation import Answer, Emulator, Journal, Request, Sold, World, json_answer
from orders import clock


class ToyShopEmulator(Emulator):
    name = "toyshop"
    title = "玩具店 (模拟)"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.key = str(options.get("key") or "emulator-secret").encode()
        self.rows: dict[str, dict[str, Any]] = {}
        self.shipped: dict[str, str] = {}

    def sell(self) -> str:
        number, now = f"T{len(self.rows) + 1:06}", clock.now().isoformat()
        self.rows[number] = {
            "no": number,
            "status": "paid",
            "placed": now,
            "paid": now,
            "at": now,
            "amount": "20.00",
            "goods": [{"sku": "BALL", "n": 2, "price": "10.00"}],
            "to": {
                "name": "王小明",
                "phone": "13800001111",
                "province": "浙江省",
                "city": "杭州市",
                "address": "文三路 1 号",
            },
        }
        self.journal.write("sold", order=number)
        return number

    def handle(self, request: Request) -> Answer:
        if request.headers.get("X-Sign", "") != self._sign(request.body):
            return json_answer({"code": "sign", "text": "签名错误"})
        asked = json.loads(request.body)
        match request.path.strip("/"):
            case "changed":
                return json_answer(
                    {"code": "ok", "rows": [row for row in self.rows.values() if _within(row["at"], asked)]}
                )
            case "placed":
                found = [number for number, row in self.rows.items() if _within(row["placed"], asked)]
                return json_answer({"code": "ok", "numbers": found})
            case "one" if asked["no"] in self.rows:
                return json_answer({"code": "ok", "row": self.rows[asked["no"]]})
            case "ship" if asked["no"] in self.rows:
                code = "shipped" if asked["no"] in self.shipped else "ok"
                self.shipped.setdefault(asked["no"], asked["waybill"])
                return json_answer({"code": code})
        return json_answer({"code": "unknown", "text": "没有这个订单或接口"})

    def _sign(self, body: bytes) -> str:
        return hmac.new(self.key, body, hashlib.sha256).hexdigest()

    def control(self, command: str, data: dict[str, Any]) -> Any:
        return {"no": self.sell()} if command == "sell" else super().control(command, data)

    def sold(self) -> Iterator[Sold]:
        for number, row in self.rows.items():
            yield Sold(order_id=number, goods=tuple((line["sku"], line["n"]) for line in row["goods"]))

    def happen(self) -> str:
        return self.sell()

    def signed(self, body: bytes) -> Request:
        headers = {"X-Sign": self._sign(body), "Content-Type": "application/json"}
        return Request(method="POST", path="", query_string="", headers=headers, body=body)


def _within(text: str, asked: dict[str, Any]) -> bool:
    start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    return start <= datetime.fromisoformat(text) < end


EMULATOR = ToyShopEmulator
