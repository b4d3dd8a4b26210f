"""The other side of 奇门: the gateway and a warehouse behind it (`/qimen/…`), and an ERP that errs (`/erp/…`).

It shares no code with the connector. Options: `tower_hook`, `app_key`, `app_secret`, `customer_id`, `prints`
("wms" | "tower"), `own_printers` (codes of warehouses that print by themselves all the same), `tower_api`, `api_key`,
`step_seconds`, `weigh`, `on_repeat` ("refuse" | "accept"), `cancel_after_print`, `ask_seconds`, `look_again_seconds`,
`stock`, `mishaps` (shares of `itemlack`, `two_packages`, `partial`); control `connect` sets any of them later.
"""

import random
from collections.abc import Callable
from typing import Any

from integrations.emulation import Answer, Emulator, Journal, Request, World
from integrations.wms.qimen import emulator_wire as wire
from integrations.wms.qimen.emulator_erp import ErpEmulator
from integrations.wms.qimen.emulator_orders import Step, line_words, process_words, row, summary
from integrations.wms.qimen.emulator_push import Messenger
from integrations.wms.qimen.emulator_reports import Office
from integrations.wms.qimen.emulator_tower import PackingDesk
from integrations.wms.qimen.emulator_warehouse import Floor
from orders import clock

__all__ = ["EMULATOR", "EMULATORS", "ERP_EMULATOR", "ErpEmulator", "QimenEmulator"]

DEFAULTS = {"app_key": "12345678", "app_secret": "qimen-demo-secret", "customer_id": "WMS001", "prints": "wms"}


class QimenEmulator(Emulator):
    name = "qimen"
    title = "奇门仓库 (模拟)"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **(DEFAULTS | options))
        self.messenger = Messenger(self)
        self.desk = PackingDesk(self)
        self.floor = Floor(
            chance=random.Random(f"qimen-{world.seed}"),
            tell=self.messenger.tell,
            ask_print=self.desk.ask,
            options=self.options,
        )
        self.office = Office(self.floor, self.messenger.tell)
        self.acts: dict[str, Callable[[Any], dict[str, Any]]] = {
            "deliveryorder.create": self._create,
            "order.cancel": self._cancel,
            "order.pending": self._pending,
            "orderprocess.query": self._process_query,
            "orderprocess.report": self._hear_of_parcel,
            "deliveryorder.query": self._delivery_query,
            "inventory.query": lambda request: self.office.inventory(request),
            "stock.query": lambda request: self.office.stock(request),
            "order.callback": self._callback,
        }

    # The gateway -------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        answer = self._misbehave() or self._answer(request)
        if self.faults.hits("lose_answer"):
            answer = Answer(body=b"", status=504, content_type="text/plain")
        self.journal.write(
            "received",
            method=dict(request.query()).get("method", ""),
            body=request.body.decode(errors="replace"),
            status=answer.status,
            answer=answer.body.decode(errors="replace")[:2000],
        )
        return answer

    def _misbehave(self) -> Answer | None:
        if self.faults.hits("fail"):
            return Answer(body=b"<html><body>502 Bad Gateway</body></html>", status=500, content_type="text/html")
        if self.faults.hits("throttle"):
            words = "This ban will last for 3 more seconds"
            return wire.gateway_error(
                wire.GatewayError(7, "App Call Limited", "accesscontrol.limited-by-app-access-count", words)
            )
        return None

    def _answer(self, request: Request) -> Answer:
        try:
            parameters = wire.check(
                request, app_key=str(self.options["app_key"]), secret=str(self.options["app_secret"])
            )
            act = self.acts.get(parameters["method"].removeprefix("taobao.qimen."))
            if act is None:
                raise wire.GatewayError(22, "Invalid method")
            return wire.success(act(wire.read(request.body)))
        except wire.GatewayError as error:
            return wire.gateway_error(error)
        except wire.Refused as error:
            return wire.failure(error.code, str(error))

    # What callers ask --------------------------------------------------------------------------------------------
    def _create(self, request: Any) -> dict[str, Any]:
        order = self.floor.create(request)
        return {
            "createTime": wire.local(clock.now()),
            "deliveryOrderId": order.order_id,
            "warehouseCode": order.warehouse,
            "logisticsCode": order.carrier,
        }

    def _cancel(self, request: Any) -> dict[str, Any]:
        self.floor.cancel(wire.word(request, "orderCode"))
        return {}

    def _pending(self, request: Any) -> dict[str, Any]:
        self.floor.pend(wire.word(request, "orderCode"), wire.word(request, "actionType"))
        return {}

    def _process_query(self, request: Any) -> dict[str, Any]:
        order = self.floor.find(wire.word(request, "orderCode"))
        return {
            "orderProcess": {
                "orderCode": order.code,
                "orderId": order.order_id,
                "orderType": order.order_type,
                "warehouseCode": order.warehouse,
                "processes": {"process": [process_words(step) for step in order.steps]},
            }
        }

    def _delivery_query(self, request: Any) -> dict[str, Any]:
        if not wire.word(request, "page") or not wire.word(request, "pageSize"):
            raise wire.Refused("40008", "缺少 page 或 pageSize")
        order = self.floor.find(wire.word(request, "orderCode"))
        head = self.floor.head(order, order.status)
        if order.steps:
            head["operateTime"] = wire.local(order.steps[-1].at)
        return {
            "deliveryOrder": head,
            "packages": {"package": self.floor.packed(order) if order.delivered else []},
            "orderLines": {"orderLine": line_words(order)},
            "totalLines": len(order.lines),
        }

    def _hear_of_parcel(self, request: Any) -> dict[str, Any]:
        """This WMS's private extension: the ERP's side reports what the warehouse cannot see, such as 揽收."""
        order = self.floor.find(wire.word(request, "order/orderCode"))
        words = {
            "status": wire.word(request, "process/processStatus"),
            "waybill": wire.word(request, "process/expressCode"),
            "operate_time": wire.word(request, "process/operateTime"),
        }
        known = any(
            entry["order"] == order.code and entry["status"] == words["status"]
            for entry in self.journal.entries("heard")
        )
        if known:
            raise wire.Refused("40009", "重复回传")
        self.journal.write("heard", order=order.code, **words)
        return {}

    def _callback(self, request: Any) -> dict[str, Any]:
        """配送拦截: what has not left can be kept; what has is the courier's."""
        order = self.floor.find(wire.word(request, "deliveryOrderCode"))
        if order.delivered:
            raise wire.Refused("40035", "订单已出库，无法拦截")
        order.pended = True
        return {}

    # What happens by itself --------------------------------------------------------------------------------------
    def tick(self) -> None:
        self.floor.work()

    def reprint(self, code: str) -> Step:
        """The warehouse prints an order again, as when an ERP pushes it to printing a second time."""
        with self.lock:
            return self.floor.print(self.floor.find(code))

    # A test's or the demo's hand ---------------------------------------------------------------------------------
    def signed(self, body: bytes) -> Request:
        query = self.messenger.signed("", "orderprocess.report", body).lstrip("?")
        return Request(method="POST", path="", query_string=query, headers={"Content-Type": wire.XML}, body=body)

    def control(self, command: str, data: dict[str, Any]) -> Any:
        commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "connect": self._connect,
            "orders": lambda _: [summary(order) for order in self.floor.orders.values()],
            "report": self._report,
            "confirm": self._confirm,
            "itemlack": self._itemlack,
            "reprint": lambda wanted: {"prints": self._printed_again(wanted["order"])},
            "pause": lambda wanted: self._pause(wanted, paused=True),
            "resume": lambda wanted: self._pause(wanted, paused=False),
            "bad_signature": self._bad_signature,
            "raw": self._raw,
            **self.office.commands(),
        }
        with self.lock:
            if command not in commands:
                return super().control(command, data)
            try:
                return commands[command](data)
            except wire.Refused as error:
                raise ValueError(str(error)) from error

    def _connect(self, data: dict[str, Any]) -> dict[str, Any]:
        self.options.update(data)
        return {"ok": True}

    def _printed_again(self, code: str) -> int:
        self.reprint(code)
        return self.floor.find(code).prints

    def _pause(self, data: dict[str, Any], *, paused: bool) -> dict[str, Any]:
        if "order" not in data:
            self.floor.paused = paused
            return {"ok": True}
        order = self.floor.find(data["order"])
        order.paused = paused
        if not paused:
            order.stopped, order.next_at = "", clock.now()
        return {"ok": True}

    def _report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any processStatus for any order code, also one that never came in; the very same words `repeat` times."""
        process = {
            "processStatus": data["processStatus"],
            "operatorCode": data.get("operatorCode", "W-CONTROL"),
            "operatorName": data.get("operatorName"),
            "operateTime": data.get("operateTime") or wire.local(clock.now()),
            "operateInfo": data.get("operateInfo"),
            "expressCode": data.get("expressCode"),
        }
        known = self.floor.orders.get(data["order"])
        head = {
            "orderCode": data["order"],
            "orderId": known.order_id if known else None,
            "orderType": "JYCK",
            "warehouseCode": known.warehouse if known else "OTHER",
        }
        body = wire.document("request", {"order": head, "process": process})
        for _ in range(int(data.get("repeat", 1))):
            self.messenger.queue("orderprocess.report", body, data["order"])
        return {"operateTime": process["operateTime"]}

    def _confirm(self, data: dict[str, Any]) -> dict[str, Any]:
        order = self.floor.find(data["order"])
        repeat = int(data.get("repeat", 1))
        message_id = data.get("outBizCode", "")
        for _ in range(repeat):
            message_id = self.floor.confirm(
                order,
                packages=data.get("packages"),
                confirm_type=int(data.get("confirmType", 0)),
                message_id=message_id,
                status=data.get("status", ""),
            )
        return {"outBizCode": message_id}

    def _itemlack(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"outBizCode": self.floor.lack(self.floor.find(data["order"]), data.get("items"))}

    def _bad_signature(self, data: dict[str, Any]) -> dict[str, Any]:
        order = data.get("order", "FORGED")
        process = {"processStatus": "DELIVERED", "operateTime": wire.local(clock.now())}
        body = wire.document("request", {"order": {"orderCode": order}, "process": process})
        self.messenger.queue("orderprocess.report", body, order, wrong=True)
        return {"ok": True}

    def _raw(self, data: dict[str, Any]) -> dict[str, Any]:
        """An honest signature over any body at all."""
        self.messenger.queue(data.get("method", "orderprocess.report"), str(data["body"]).encode(), "raw")
        return {"ok": True}

    # For people --------------------------------------------------------------------------------------------------
    def page(self) -> str:
        with self.lock:
            rows = "".join(row(order) for order in reversed(list(self.floor.orders.values())[-200:]))
        prints = "指挥塔打印" if self.options["prints"] == "tower" else "仓库自己打印"
        state = "已暂停" if self.floor.paused else "作业中"
        return (
            f"<p>{prints} · {state} · 未送达的回传 {self.messenger.undelivered} 条</p>"
            "<table><tr><th>单号</th><th>仓库单号</th><th>城市</th><th>货品</th><th>作业</th><th>打印次数</th>"
            f"<th>运单</th><th>状态</th></tr>{rows}</table><h2>收发记录</h2>{super().page()}"
        )


EMULATOR = QimenEmulator
ERP_EMULATOR = ErpEmulator
EMULATORS = [QimenEmulator, ErpEmulator]
