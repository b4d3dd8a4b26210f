"""An old ERP without an interface: it exports 销售出库 as CSV in GBK, and a web server gives the file away.

Control commands (POST `_control/<command>`): `audit` (an out-stock bill for a platform order), `status`, `bills`, and
`faults`. Rows of one bill repeat its head, as exports do.
"""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations.emulation import Answer, Emulator, Journal, Request, World, json_answer
from orders import clock

COLUMNS = ("平台单号", "销售订单号", "单据编号", "单据状态", "审核日期", "物流公司", "运单号", "物料编码", "数量")
EXPORT = "/export/outstock.csv"


class OldErpEmulator(Emulator):
    name = "generic_erp"
    title = "老版 ERP（只能导出）"
    signs_body = False

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.token = str(options.get("token") or "emulator-token")
        self.bills: dict[str, dict[str, str]] = {}
        self.goods: dict[str, list[tuple[str, int]]] = {}
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "audit": self._audit,
            "status": self._status,
            "bills": lambda _data: list(self.bills.values()),
        }

    def handle(self, request: Request) -> Answer:
        answer = self._answer(request)
        self.journal.write("asked", path=request.path, status=answer.status)
        return answer

    def _answer(self, request: Request) -> Answer:
        if self.faults.hits("fail"):
            return Answer(body=b"Bad Gateway", status=502, content_type="text/plain")
        if dict(request.query()).get("key") != self.token:
            return json_answer({"message": "no key"}, 403)
        if request.path.rstrip("/") != EXPORT:
            return json_answer({"message": "no such export"}, 404)
        return Answer(body=self.export(), content_type="text/csv")

    def export(self) -> bytes:
        """The file as the ERP writes it: GBK, and long numbers as ="…", so that Excel leaves them alone."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for number, bill in self.bills.items():
            for code, quantity in self.goods[number]:
                row = {**bill, "物料编码": code, "数量": f"{quantity}.00", "平台单号": f'="{bill["平台单号"]}"'}
                writer.writerow([row[column] for column in COLUMNS])
        return text.getvalue().encode("gb18030")

    def control(self, command: str, data: dict[str, Any]) -> Any:
        work = self.commands.get(command)
        return work(data) if work else super().control(command, data)

    def happen(self) -> str:
        number = f"T{len(self.bills) + 1}"
        self._audit({"order": number})
        return number

    def signed(self, body: bytes) -> Request:
        """It cannot push. Somebody's script does it for it, with a fixed word."""
        headers = {"X-Token": "erp-push", "Content-Type": "text/csv"}
        return Request(method="POST", path="", query_string="", headers=headers, body=body)

    def _audit(self, data: dict[str, Any]) -> dict[str, str]:
        number = f"XOUT{len(self.bills) + 1:06d}"
        self.bills[number] = {
            "平台单号": str(data["order"]),
            "销售订单号": str(data.get("sale_order") or f"XSDD{len(self.bills) + 1:06d}"),
            "单据编号": number,
            "单据状态": str(data.get("status") or "已审核"),
            "审核日期": _text(clock.now()),
            "物流公司": str(data.get("company") or "圆通速递"),
            "运单号": str(data.get("waybill") or ""),
        }
        self.goods[number] = [(str(code), int(quantity)) for code, quantity in data.get("goods") or [("CREAM-50", 1)]]
        self.journal.write("audited", **self.bills[number])
        return self.bills[number]

    def _status(self, data: dict[str, Any]) -> dict[str, str]:
        bill = self.bills[str(data["bill"])]
        bill.update({"单据状态": str(data["status"]), "审核日期": _text(clock.now())})
        self.journal.write("changed", **bill)
        return bill


def _text(moment: datetime) -> str:
    return moment.astimezone(clock.BEIJING).strftime("%Y/%m/%d %H:%M:%S")


EMULATOR = OldErpEmulator
