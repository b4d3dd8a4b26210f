"""The emulated ERP's order desk, where its orders go through the tower: it creates them, repeats one now and then (the
classic mistake), takes them back, and hears the warehouse's reports."""

import hashlib
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import requests

from integrations.emulation import Answer, Request
from integrations.wms.qimen import emulator_wire as wire
from orders import clock

if TYPE_CHECKING:
    from integrations.emulation import Emulator

CREATE, BATCH, CANCEL = "deliveryorder.create", "deliveryorder.batchcreate", "order.cancel"
PERSON = {
    "name": "张三",
    "mobile": "13800000000",
    "province": "浙江省",
    "city": "杭州市",
    "area": "西湖区",
    "detailAddress": "文三路 1 号",
}
SENDER = {
    "name": "仓库",
    "mobile": "02100000000",
    "province": "浙江省",
    "city": "杭州市",
    "detailAddress": "仓前街道 1 号",
}
# What a real ERP does with "not now": it asks again.
AGAIN_SECONDS = 20


class OrderDesk:
    """Its caller holds the emulator's lock; what goes over the wire is sent by `send_later`."""

    def __init__(self, emulator: "Emulator", write: Callable[..., None]) -> None:
        self.emulator, self.write = emulator, write
        self.chance = random.Random(f"erp-desk-{emulator.world.seed}")
        self.bodies: dict[str, bytes] = {}
        self.accepted: set[str] = set()
        self.waiting: dict[str, Any] = {}
        self.heard: list[dict[str, str]] = []

    @property
    def options(self) -> dict[str, Any]:
        return self.emulator.options

    # Orders go out -----------------------------------------------------------------------------------------------
    def create(self, data: Mapping[str, Any]) -> str:
        """One delivery for one or more platform orders: `orders` ["…"] or `lines` [{order, oid, sku, quantity}]."""
        code = str(data.get("code") or f"ERP{len(self.bodies) + 1:06d}")
        self.bodies[code] = wire.document("request", self.content(code, data))
        for _ in range(int(data.get("times", 1))):
            self.send(CREATE, self.bodies[code], code)
        if self.chance.random() < float(self.options.get("repeat", 0)):
            self.send(CREATE, self.bodies[code], code)
        return code

    def content(self, code: str, data: Mapping[str, Any]) -> dict[str, Any]:
        lines = data.get("lines") or [
            {"order": order, "sku": "CREAM-50", "quantity": 1} for order in data.get("orders", [])
        ]
        now = wire.local(clock.now())
        head = {
            "deliveryOrderCode": code,
            "orderType": data.get("type", "JYCK"),
            "warehouseCode": data.get("warehouse", "WH01"),
            "createTime": now,
            "placeOrderTime": now,
            "operateTime": now,
            "shopNick": "旗舰店",
            "logisticsCode": data.get("carrier", "YTO"),
            "senderInfo": SENDER,
            "receiverInfo": PERSON,
        }
        rows = [
            {
                "orderLineNo": number,
                "sourceOrderCode": line.get("order"),
                "subSourceOrderCode": line.get("oid"),
                "ownerCode": "OWN1",
                "itemCode": line["sku"],
                "planQty": line.get("quantity", 1),
                "actualPrice": "1.00",
            }
            for number, line in enumerate(lines, start=1)
        ]
        return {"deliveryOrder": head, "orderLines": {"orderLine": rows}}

    def batch(self, wanted: list[Mapping[str, Any]]) -> None:
        content = {"orders": {"order": [self.content(str(one["code"]), one) for one in wanted]}}
        self.send(BATCH, wire.document("request", content), str(wanted[0]["code"]))

    def cancel(self, code: str) -> None:
        content = {"warehouseCode": "WH01", "ownerCode": "OWN1", "orderCode": code, "orderType": "JYCK"}
        self.send(CANCEL, wire.document("request", content), code)

    def send(self, method: str, body: bytes, code: str) -> None:
        def work() -> None:
            self.deliver(method, body, code)

        self.emulator.send_later(work)

    def deliver(self, method: str, body: bytes, code: str) -> str:
        """The call itself; the flag of the answer, empty where there is none."""
        try:
            response = wire.send("POST", self._url(method, body), data=body, headers={"Content-Type": wire.XML})
            root = wire.read(response.content)
        except (requests.RequestException, wire.Refused) as error:
            self.write("unanswered", method=method, order=code, reason=type(error).__name__)
            return ""
        flag = wire.word(root, "flag")
        self.write(
            "answered",
            method=method,
            order=code,
            flag=flag,
            message=wire.word(root, "message"),
            number=wire.word(root, "deliveryOrderId"),
            body=body.decode(),
            answer=response.content.decode(errors="replace"),
        )
        if flag == "success" and method == CREATE:
            self.accepted.add(code)
        return flag

    def _url(self, method: str, body: bytes) -> str:
        options = self.options
        parameters = {
            "method": f"taobao.qimen.{method}",
            "v": "2.0",
            "app_key": str(options.get("app_key", "erp-app")),
            "customerId": str(options.get("customer_id", "ERP001")),
            "timestamp": wire.local(clock.now()),
            "format": "xml",
            "sign_method": "md5",
        }
        parameters["sign"] = wire.caller_signature(parameters, body, self.secret)
        return f"{options['tower_hook']}?{urlencode(parameters)}"

    @property
    def secret(self) -> str:
        return str(self.options.get("secret", "erp-demo-secret"))

    # By itself ---------------------------------------------------------------------------------------------------
    def work(self) -> None:
        """Every paid order of the shop next door becomes a delivery; what was refused is sent again, much later."""
        shop = self.emulator.world.emulators.get("taobao")
        if shop is None or not self.options.get("takes_orders"):
            return
        for row in shop.control("orders", {}):
            tid = str(row["tid"])
            if row["status"] == "WAIT_SELLER_SEND_GOODS" and self._is_due(tid):
                self.create({"code": f"ERP-{tid}", "orders": [tid]})

    def _is_due(self, tid: str) -> bool:
        if f"ERP-{tid}" in self.accepted:
            return False
        now = clock.now()
        last = self.waiting.get(tid)
        if last is not None and (now - last).total_seconds() < AGAIN_SECONDS:
            return False
        self.waiting[tid] = now
        return True

    # Reports come in ---------------------------------------------------------------------------------------------
    def hear(self, request: Request) -> Answer:
        """As the official receiver checks: md5 over the query with empty values kept, and the raw body."""
        if self.emulator.faults.hits("fail"):
            return Answer(body=b"<html>503</html>", status=503, content_type="text/html")
        parameters = dict(request.query())
        joined = "".join(name + parameters[name] for name in sorted(parameters) if name != "sign").encode()
        key = self.secret.encode()
        if parameters.get("sign") != hashlib.md5(key + joined + request.body + key).hexdigest().upper():
            self.write("refused", method=parameters.get("method", ""))
            return wire.failure("10004", "签名错误")
        root = wire.read(request.body)
        method = parameters.get("method", "")
        word = wire.word
        found = {
            "method": method,
            "order": word(root, "order/orderCode") or word(root, "deliveryOrder/deliveryOrderCode"),
            "status": word(root, "process/processStatus") or word(root, "deliveryOrder/status"),
            "body": request.body.decode(errors="replace"),
        }
        if found["status"] and found["status"] == self.options.get("refuses"):
            return wire.failure("40040", "这个状态不收")
        self.heard.append(found)
        self.write("heard", **found)
        if method == "receiverinfo.query":
            return wire.success({"receiverInfo": PERSON})
        return wire.success()
