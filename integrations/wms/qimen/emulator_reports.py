"""The office of the emulated warehouse: what it tells that is no step of an order, and what it answers about stock."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from integrations.wms.qimen.emulator_warehouse import Floor
from integrations.wms.qimen.emulator_wire import Refused, local, word
from orders import clock

LARGEST_PAGE = 100
OWNER = "OWN1"


class Office:
    """Its caller holds the emulator's lock."""

    def __init__(self, floor: Floor, tell: Callable[[str, dict[str, Any], str], None]) -> None:
        self.floor, self.tell = floor, tell

    def commands(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """A test's hand: each sends one message, `repeat` times in the very same words."""
        made = {
            "exception": self._exception,
            "wave": self._wave,
            "return_package": self._return_package,
            "return_order": self._return_order,
            "count": self._count,
            "change": self._change,
        }
        return {name: self._sends(make) for name, make in made.items()}

    def _sends(
        self, make: Callable[[dict[str, Any]], tuple[str, dict[str, Any], str, str]]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def send(data: dict[str, Any]) -> dict[str, Any]:
            method, content, about, number = make(data)
            for _ in range(int(data.get("repeat", 1))):
                self.tell(method, content, about)
            return {"id": number}

        return send

    def _number(self, data: dict[str, Any], letter: str) -> str:
        return str(data.get("outBizCode") or f"{letter}-{self.floor.next_number()}")

    # Orders -----------------------------------------------------------------------------------------------------------
    def _exception(self, data: dict[str, Any]) -> tuple[str, dict[str, Any], str, str]:
        number = self._number(data, "X")
        content = {
            "messageId": number,
            "warehouseCode": data.get("warehouse", "OTHER"),
            "deliveryOrderCode": data["order"],
            "messageType": data.get("type", "EXCEPTION"),
            "messageDesc": data.get("text", "包装破损，等待处理"),
            "createTime": data.get("at") or local(clock.now()),
        }
        return "orderexception.report", content, data["order"], number

    def _wave(self, data: dict[str, Any]) -> tuple[str, dict[str, Any], str, str]:
        number = str(data.get("wave") or f"WAVE-{self.floor.next_number()}")
        rows = [
            {"deliveryOrderCode": code, "deliveryOrderId": self._id_of(code), "num": place}
            for place, code in enumerate(data["orders"], start=1)
        ]
        return "wavenum.report", {"waveNum": number, "orders": {"order": rows}}, number, number

    def _id_of(self, code: str) -> str | None:
        known = self.floor.orders.get(code)
        return known.order_id if known else None

    # What comes back --------------------------------------------------------------------------------------------------
    def _return_package(self, data: dict[str, Any]) -> tuple[str, dict[str, Any], str, str]:
        """Parcels at the door; nobody has announced them."""
        number, code = self._number(data, "R"), str(data.get("code") or f"TH-{self.floor.next_number()}")
        packages = [
            {
                "logisticsCode": data.get("carrier", "YTO"),
                "expressCode": waybill,
                "signUserName": "前台",
                "signTime": data.get("at", local(clock.now())) or None,
                "status": "sign",
            }
            for waybill in data["waybills"]
        ]
        head = {
            "orderCode": code,
            "warehouseCode": data.get("warehouse", "OTHER"),
            "outBizCode": number,
            "orderType": "THPL",
            "ownerCode": OWNER,
        }
        return "returnpackage.report", {"order": head, "packages": {"package": packages}}, code, number

    def _return_order(self, data: dict[str, Any]) -> tuple[str, dict[str, Any], str, str]:
        number, code = self._number(data, "T"), str(data.get("code") or f"TH-{self.floor.next_number()}")
        order = self.floor.find(data["order"])
        head = {
            "returnOrderCode": code,
            "preDeliveryOrderCode": order.code,
            "warehouseCode": order.warehouse,
            "outBizCode": number,
            "orderType": "THRK",
            "orderConfirmTime": data.get("at", local(clock.now())) or None,
            "logisticsCode": order.carrier,
            "expressCode": data.get("waybill"),
        }
        lines = [{"itemCode": line.item, "planQty": line.quantity, "actualQty": line.quantity} for line in order.lines]
        for line in order.lines:
            self.floor.adjusted[line.item] += line.quantity
        return "returnorder.confirm", {"returnOrder": head, "orderLines": {"orderLine": lines}}, code, number

    # Stock ------------------------------------------------------------------------------------------------------------
    def _count(self, data: dict[str, Any]) -> tuple[str, dict[str, Any], str, str]:
        """盘点: `items` are {item: difference}; the stock here follows."""
        number, items = self._number(data, "I"), []
        for item, difference in data["items"].items():
            self.floor.adjusted[item] += int(difference)
            row = {"itemCode": item, "inventoryType": "ZP", "quantity": int(difference)}
            items.append(row | ({"totalQty": sum(self.floor.stock_of(item))} if data.get("totals", True) else {}))
        content = {
            "totalPage": 1,
            "currentPage": 1,
            "pageSize": LARGEST_PAGE,
            "warehouseCode": data.get("warehouse", "OTHER"),
            "checkOrderCode": str(data.get("code") or f"PD-{number}"),
            "ownerCode": OWNER,
            "checkTime": data.get("at", local(clock.now())) or None,
            "outBizCode": number,
            "adjustType": "CHECK",
            "items": {"item": items},
        }
        return "inventory.report", content, str(content["checkOrderCode"]), number

    def _change(self, data: dict[str, Any]) -> tuple[str, dict[str, Any], str, str]:
        """异动: `items` are {item: difference}; the stock here follows."""
        number, rows = self._number(data, "S"), []
        for item, difference in data["items"].items():
            self.floor.adjusted[item] += int(difference)
            rows.append(
                {
                    "ownerCode": OWNER,
                    "warehouseCode": data.get("warehouse", "OTHER"),
                    "orderCode": str(data.get("code") or f"ADJ-{number}"),
                    "orderType": "QTCK",
                    "outBizCode": number,
                    "itemCode": item,
                    "inventoryType": "ZP",
                    "quantity": int(difference),
                    "changeTime": data.get("at", local(clock.now())) or None,
                }
            )
        return "stockchange.report", {"items": {"item": rows}}, number, number

    def inventory(self, request: Element) -> dict[str, Any]:
        asked = request.findall("criteriaList/criteria")
        return {"items": {"item": [self._row(word(row, "warehouseCode"), word(row, "itemCode")) for row in asked]}}

    def stock(self, request: Element) -> dict[str, Any]:
        page, size = word(request, "page"), word(request, "pageSize")
        if not (page.isdecimal() and size.isdecimal()) or not 1 <= int(size) <= LARGEST_PAGE or int(page) < 1:
            raise Refused("40008", f"page 或 pageSize 不对，每页最多 {LARGEST_PAGE} 行")
        codes, first = self.floor.items(), (int(page) - 1) * int(size)
        rows = [self._row(word(request, "warehouseCode"), code) for code in codes[first : first + int(size)]]
        return {"totalCount": len(codes), "items": {"item": rows}}

    def _row(self, warehouse: str, item: str) -> dict[str, Any]:
        free, locked = self.floor.stock_of(item)
        return {
            "warehouseCode": warehouse,
            "itemCode": item,
            "inventoryType": "ZP",
            "quantity": free,
            "lockQuantity": locked,
        }
