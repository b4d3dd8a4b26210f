"""An emulated K3 Cloud (`/kingdee/k3cloud/…`): the WebAPI over books that really change.

It shares no code with the connector. Options: `acct_id user_name password app_id app_secret passport` `idle_minutes`
(20) `custom_fields` `after_audit` (head fields that may be saved on an audited bill) `audits` (a new order is audited
at once; true) `download_seconds` (how often it reads the emulated shops; 0 never). Control: `order audit ship cancel
close edit repush lock stock bills dead expire_sessions faults`; see `README.md` for their data.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from integrations.emulation import Answer, Emulator, Faults, Journal, Request, World, json_answer
from integrations.erp.kingdee.emulator_bills import Bill, Books
from integrations.erp.kingdee.emulator_forms import FORMS, OUT, SALE
from integrations.erp.kingdee.emulator_page import bill_row
from integrations.erp.kingdee.emulator_services import Services, summary
from integrations.erp.kingdee.emulator_shops import ShopConnector
from integrations.erp.kingdee.emulator_wire import LOST, Doorkeeper, Refused, arguments, envelope
from orders import clock

PREFIX, SUFFIX = "/k3cloud/", ".common.kdsvc"
FORM_SERVICES = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
LOGIN_SERVICES = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
READS = frozenset({"ExecuteBillQuery", "BillQuery", "View"})
TOWER_FIELDS = (
    *("F_HUB_OrderNo", "F_HUB_Status", "F_HUB_PackedAt", "F_HUB_ShippedAt", "F_HUB_PickedUpAt", "F_HUB_SignedAt"),
    *("F_HUB_Warehouse", "F_HUB_Waybill"),
)
DEFAULTS: dict[str, Any] = {
    "acct_id": "60a1b2c3d4e5f6",
    "user_name": "administrator",
    "password": "emulator-password",
    "app_id": "200001_U19bQBRcVRoXWUVWRh5TXQ9fFAgETkkC",
    "app_secret": "0123456789abcdef0123456789abcdef",
    "passport": "emulator-passport",
    "idle_minutes": 20,
    "custom_fields": [*TOWER_FIELDS, "F_HUB_NetOrder"],
    "after_audit": [*TOWER_FIELDS, "FNote", "FCarriageNO"],
    "audits": True,
    "download_seconds": 0,
}
# A note with this word keeps the people of this ERP from pushing the order.
STOP_WORD = "请勿重推"


@dataclass
class KingdeeFaults(Faults):
    """Beside the usual (`throttle`: MsgCode 14; `delay`: a saved bill is to be seen only later; `drop`, `repeat`,
    `reorder`: rows of a query): HTML, `lock` (网控), and a session lost before or after the work was done."""

    html: float = 0.0
    lock: float = 0.0
    lose_session: float = 0.0
    lose_session_after: float = 0.0


class KingdeeEmulator(Emulator):
    name = "kingdee"
    title = "金蝶云星空 (模拟)"
    faults: KingdeeFaults

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **(DEFAULTS | options))
        self.faults = KingdeeFaults(seed=world.seed)
        self.door = Doorkeeper(
            acct_id=str(self.options["acct_id"]),
            user=str(self.options["user_name"]),
            password=str(self.options["password"]),
            app_id=str(self.options["app_id"]),
            app_secret=str(self.options["app_secret"]),
            passport=str(self.options["passport"]),
            chance=random.Random(f"{world.seed} kingdee sessions"),
            idle=timedelta(minutes=float(self.options["idle_minutes"])),
        )
        self.books = Books(
            clock.now,
            custom=tuple(self.options["custom_fields"]),
            after_audit=frozenset(self.options["after_audit"]),
        )
        self.services = Services(self.books, self._is_locked)
        self.shops = ShopConnector(world, float(self.options["download_seconds"]))
        self.dead_until: datetime | None = None
        self.locked_until: dict[str, datetime] = {}
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "order": self._order,
            "audit": lambda data: self._by_hand("audited", self._find(data), self._audit),
            "ship": self._ship,
            "cancel": lambda data: self._by_hand("cancelled", self._find(data), self._cancel),
            "close": lambda data: self._by_hand("closed", self._find(data), self._close),
            "edit": self._edit,
            "repush": self._repush,
            "lock": self._lock,
            "stock": self._stock,
            "bills": self._bills,
            "dead": self._dead,
            "expire_sessions": self._expire_sessions,
        }

    # The WebAPI -------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if self.dead_until is not None and clock.now() < self.dead_until:
            self.journal.write("dead", path=request.path)
            return Answer(body=b"<html><body>Service Unavailable</body></html>", status=503, content_type="text/html")
        if self.faults.hits("html"):
            self.journal.write("trouble", path=request.path, outcome="HTML")
            return Answer(body=b"<html><body>busy</body></html>", content_type="text/html")
        if self.faults.hits("fail"):
            self.journal.write("trouble", path=request.path, outcome="HTTP 500")
            return Answer(body=b"Internal Server Error", status=500, content_type="text/plain")
        path = request.path
        if request.method != "POST" or not (path.startswith(PREFIX) and path.endswith(SUFFIX)):
            return Answer(body=b"not found", status=404, content_type="text/plain")
        service = path.removeprefix(PREFIX).removesuffix(SUFFIX)
        if service.startswith(LOGIN_SERVICES):
            return self._login(service.removeprefix(LOGIN_SERVICES), request)
        return self._called(service.removeprefix(FORM_SERVICES), request)

    def _login(self, service: str, request: Request) -> Answer:
        try:
            parameters = arguments(request).get("parameters") or []
        except Refused as refused:
            return json_answer({"LoginResultType": -1, "Message": refused.text})
        if service == "Logout":
            self.door.sessions.pop(request.headers.get("kdservice-sessionid", ""), None)
            return json_answer(True)
        answer = self.door.log_in(service, list(parameters), clock.now())
        self.journal.write("login", service=service, outcome=json.loads(answer.body)["LoginResultType"])
        return answer

    def _called(self, service: str, request: Request) -> Answer:
        told: dict[str, Any] = {}
        try:
            told = arguments(request)
            answer = self._answer(service, request, told)
        except Refused as refused:
            self._write(service, told, {"MsgCode": refused.code, "text": refused.text})
            failed = envelope(refused=refused)
            return json_answer([[failed]] if service in ("ExecuteBillQuery", "BillQuery") else failed)
        self._write(service, told, "ok", answer)
        if self.faults.hits("lose_answer"):
            self.journal.write("answer_lost", service=service)
            return Answer(body=b"Gateway Timeout", status=504, content_type="text/plain")
        if self.faults.hits("lose_session_after"):
            self.door.sessions.clear()
            self.journal.write("answer_lost", service=service, session=True)
            return json_answer(envelope(refused=Refused(1, LOST)))
        return json_answer(answer)

    def _answer(self, service: str, request: Request, told: dict[str, Any]) -> Any:
        if self.faults.hits("lose_session"):
            self.door.sessions.clear()
            raise Refused(1, LOST)
        self.door.admit(request, f"/{self.name}{request.path}", clock.now())
        if self.faults.hits("throttle"):
            raise Refused(14, "调用次数超过限制，请稍后再试")
        work = self.services.by_name.get(service)
        if work is None:
            raise Refused(3, f"服务 {service} 不存在")
        if service not in READS and self.faults.hits("lock"):
            raise Refused(13, "网络控制冲突：单据正被其他用户操作")
        before = {bill.id for bills in self.books.bills.values() for bill in bills.values()}
        try:
            answer = work(told)
        except (TypeError, ValueError, AttributeError) as error:
            raise Refused(8, f"参数不正确：{type(error).__name__}") from error
        if service not in READS:
            self._show_late(before)
        return self._shuffled(answer) if service in ("ExecuteBillQuery", "BillQuery") else answer

    def _show_late(self, before: set[int]) -> None:
        """A bill saved just now is committed only later, dated as it was saved."""
        for bills in self.books.bills.values():
            for bill in bills.values():
                if bill.id not in before and self.faults.hits("delay"):
                    bill.shown_at = clock.now() + timedelta(seconds=self.faults.delay_seconds)

    def _shuffled(self, rows: list[Any]) -> list[Any]:
        found = [row for row in rows if not self.faults.hits("drop")]
        found = [again for row in found for again in ([row, row] if self.faults.hits("repeat") else [row])]
        if self.faults.hits("reorder"):
            self.faults.chance.shuffle(found)
        return found

    def _write(self, service: str, told: dict[str, Any], outcome: Any, answer: Any = None) -> None:
        kind = "query" if service in READS else "call"
        more = {"rows": len(answer)} if isinstance(answer, list) else {"answer": answer} if kind == "call" else {}
        asked = {name: told.get(name) for name in ("formid", "opNumber", "data") if told.get(name)}
        self.journal.write(kind, service=service, asked=asked, outcome=outcome, **more)

    def _is_locked(self, number: str) -> bool:
        until = self.locked_until.get(number)
        return until is not None and clock.now() < until

    # A test's or the demo's hand --------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            if command == "faults":
                self.faults = KingdeeFaults(**{"seed": self.faults.seed, **data})
                return {"ok": True}
            work = self.commands.get(command)
            if work is None:
                return super().control(command, data)
            try:
                return work(data)
            except Refused as refused:
                raise ValueError(refused.text) from refused

    def tick(self) -> None:
        for order in self.shops.downloaded(self.faults):
            lines = [{"sku": sku, "quantity": quantity} for sku, quantity in order.goods]
            self._order({"platform_order_id": order.order_id, "lines": lines})

    def _order(self, data: dict[str, Any]) -> dict[str, Any]:
        """The ERP takes an order from a shop."""
        lines = data.get("lines") or [{"sku": "SKU1", "quantity": 1, "price": "10.00"}]
        head = {
            "FNetOrderBillNo": str(data["platform_order_id"]),
            "FCustId": {"FNumber": "CUST01", "FName": "网店客户"},
            "FDate": self.books.written()[:10],
            "FNote": data.get("note") or "",
            **(data.get("fields") or {}),
        }
        rows = [
            {"FMaterialId": {"FNumber": str(line["sku"])}, "FQty": float(line.get("quantity", 1))} for line in lines
        ]
        bill = self.books.add(SALE, head, rows)
        for line in lines:
            self.books.stock.setdefault((str(line["sku"]), "CK001"), 1000.0)
        if self.faults.hits("delay"):
            bill.shown_at = clock.now() + timedelta(seconds=self.faults.delay_seconds)
        if data.get("status"):
            bill.head["FDocumentStatus"] = str(data["status"])
        elif data.get("audited", self.options["audits"]):
            self._audit(bill)
        return self._done("order_taken", bill)

    def happen(self) -> str:
        number = f"T{len(self.books.bills[SALE]) + 1}"
        self._order({"platform_order_id": number})
        return number

    def _find(self, data: dict[str, Any]) -> Bill:
        """A bill by form and number, or a platform order's first sale order."""
        if "number" in data:
            return self.books.find(str(data.get("form") or SALE), str(data["number"]))
        wanted = str(data["platform_order_id"])
        found = [bill for bill in self.books.bills[SALE].values() if wanted in str(bill.head["FNetOrderBillNo"])]
        if not found:
            raise Refused(10, f"没有平台订单 {wanted} 的销售订单")
        return found[0]

    def _by_hand(self, kind: str, bill: Bill, work: Callable[[Bill], None]) -> dict[str, Any]:
        work(bill)
        return self._done(kind, bill)

    def _done(self, kind: str, bill: Bill) -> dict[str, Any]:
        found = summary(bill)
        self.journal.write(kind, bill=found)
        return found

    def _audit(self, bill: Bill) -> None:
        if bill.status != "B":
            self.books.submit(bill)
        self.books.audit(bill)

    def _cancel(self, bill: Bill) -> None:
        if bill.status == "C":
            self.books.unaudit(bill)
        self.books.cancel(bill)

    def _close(self, bill: Bill) -> None:
        self.books.set_rows(bill, "FMrpCloseStatus", "B")
        self.books.touch(bill)

    def _ship(self, data: dict[str, Any]) -> dict[str, Any]:
        """A clerk pushes what is left (or `quantity` of each row) and audits it, unless `audited` is false."""
        bill = self.books.push(self._find(data))
        for row in bill.rows.values():
            row["FRealQty"] = min(float(data.get("quantity") or row["FRealQty"]), row["FMustQty"])
        bill.head |= {"FCarriageNO": data.get("waybill") or "", "FCarrierID": {"FNumber": data.get("carrier") or ""}}
        if data.get("audited", True):
            self._audit(bill)
        return self._done("shipped_by_hand", bill)

    def _edit(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any head fields of a bill; `silent` leaves FModifyDate alone."""
        bill = self._find(data)
        bill.head |= dict(data.get("fields") or {})
        if not data.get("silent"):
            self.books.touch(bill)
        return self._done("edited", bill)

    def _repush(self, data: dict[str, Any]) -> dict[str, Any]:
        """The mistake that the tower corrects: the ERP pushes the order once more, if anything lets it."""
        bill, reason = self._find(data), ""
        if STOP_WORD in str(bill.head.get("FNote") or ""):
            reason = "备注要求勿重推"
        else:
            try:
                pushed = self.books.push(bill)
            except Refused as refused:
                reason = refused.text
        found = {"pushed": not reason, "reason": reason, "number": "" if reason else pushed.number}
        self.journal.write("repushed" if not reason else "repush_stopped", order=bill.number, **found)
        return found

    def _lock(self, data: dict[str, Any]) -> dict[str, Any]:
        """Somebody has this bill open."""
        until = clock.now() + timedelta(seconds=float(data.get("seconds", 60)))
        self.locked_until[str(data["number"])] = until
        return {"until": until.isoformat()}

    def _stock(self, data: dict[str, Any]) -> dict[str, Any]:
        key = (str(data["material"]), str(data.get("warehouse") or "CK001"))
        self.books.stock[key] = float(data["quantity"])
        return {"ok": True}

    def _bills(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        return [summary(bill) for bill in self.books.bills[str(data.get("form") or SALE)].values()]

    def _dead(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing answers for so long; 0 minutes wakes it up."""
        self.dead_until = clock.now() + timedelta(minutes=float(data.get("minutes", 30)))
        self.journal.write("died", until=self.dead_until.isoformat())
        return {"until": self.dead_until.isoformat()}

    def _expire_sessions(self, data: dict[str, Any]) -> dict[str, Any]:
        count = len(self.door.sessions)
        self.door.sessions.clear()
        return {"expired": count}

    # For people -------------------------------------------------------------------------------------------------
    def page(self) -> str:
        orders = list(self.books.bills[SALE].values())
        rows = "".join(
            bill_row(bill, self.books.bills[OUT].values(), self.options["custom_fields"])
            for bill in reversed(orders[-200:])
        )
        dead = self.dead_until is not None and clock.now() < self.dead_until
        others = "、".join(f"{name} {len(self.books.bills[name])} 张" for name in FORMS if self.books.bills[name])
        state = f"停机至 {self.dead_until:%H:%M} UTC" if dead and self.dead_until else "运行中"
        return (
            f"<p>{state} · {escape(others) or '没有单据'}</p>"
            "<table><tr><th>销售订单</th><th>平台单号</th><th>状态</th><th>物料</th><th>出库单</th><th>指挥塔回写</th>"
            f"<th>备注</th></tr>{rows}</table><h2>收发记录</h2>{super().page()}"
        )


EMULATOR = KingdeeEmulator
