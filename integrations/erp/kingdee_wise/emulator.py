"""An emulated K3 WISE server with its K3API. Bill names and fields are made up, because none are published.

Control commands (POST `_control/<command>`): `order` (`platform_order_id`, `status`), `ship` (`platform_order_id`,
`waybill`, `carrier`: an out-stock bill), `status` (`number`, `status`), `expire_tokens`, `dead` (`minutes`), `bills`,
and `faults`: `fail`, `lose_answer` (done, then HTTP 504), `repeat` (a row of a list comes twice).
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from integrations.emulation import Answer, Emulator, Journal, Request, World, json_answer
from orders import clock

SALE_ORDERS, OUT_STOCKS = "Bill1000081", "Bill1000021"
HUB_FIELDS = ("FHubState", "FHubPackedAt", "FHubShippedAt", "FHubWarehouse", "FHubWaybill", "FHubNote")
MOST_A_PAGE = 1000
CONDITION = re.compile(r"\s*(\(|\)|and\b|or\b|\[(\w+)\]\s*(>=|<=|=|<|>|like\b)\s*'((?:[^']|'')*)')\s*", re.IGNORECASE)

Bill = dict[str, Any]


class Refused(Exception):
    """Answered with a StatusCode of its own; HTTP stays 200."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class KingdeeWiseEmulator(Emulator):
    name = "kingdee_wise"
    title = "金蝶 K3 WISE (模拟)"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.code = str(options.get("authority_code") or "emulator-authority-code")
        self.validity = int(options.get("validity") or 3600)
        self.fixed = {str(one) for one in options.get("fixed_fields") or ()}
        self.tokens: dict[str, datetime] = {}
        self.bills: dict[str, dict[str, Bill]] = {SALE_ORDERS: {}, OUT_STOCKS: {}}
        self.dead_until: datetime | None = None
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "order": self._order,
            "ship": self._ship,
            "status": self._status,
            "expire_tokens": lambda _data: self.tokens.clear(),
            "dead": self._dead,
            "bills": lambda data: list(self.bills[str(data.get("bill") or SALE_ORDERS)].values()),
        }

    # The protocol -----------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if (self.dead_until and clock.now() < self.dead_until) or self.faults.hits("fail"):
            self.journal.write("trouble", path=request.path)
            return Answer(body=b"Service Unavailable", status=503, content_type="text/plain")
        try:
            data = self._answered(request)
            answer = {"StatusCode": 200, "Message": "Successful", "Data": data}
        except Refused as error:
            data = {"Code": "N"} if error.code == 401 else None
            answer = {"StatusCode": error.code, "Message": str(error), "Data": data}
        # A token is a secret: the journal keeps the path alone.
        self.journal.write("call", path=request.path, code=answer["StatusCode"], said=answer["Message"])
        if self.faults.hits("lose_answer"):
            self.journal.write("answer_lost", path=request.path)
            return Answer(body=b"Gateway Timeout", status=504, content_type="text/plain")
        return json_answer(answer)

    def _answered(self, request: Request) -> Any:
        root, _, service = request.path.strip("/").partition("/")
        query = dict(request.query())
        if root != "K3API":
            raise Refused(404, "没有这个服务")
        if (request.method, service) == ("GET", "Token/Create"):
            return self._token(query)
        ends = self.tokens.get(query.get("token", ""))
        if ends is None or clock.now() >= ends:
            raise Refused(401, "令牌无效或已过期")
        bill, _, verb = service.partition("/")
        if request.method != "POST" or bill not in self.bills or verb not in ("GetList", "Update"):
            raise Refused(404, "没有这个服务")
        try:
            data = json.loads(request.body)["Data"]
            return (self._list if verb == "GetList" else self._update)(self.bills[bill], data)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise Refused(500, f"请求有误：{type(error).__name__}") from error

    def _token(self, query: Mapping[str, str]) -> dict[str, Any]:
        if query.get("authorityCode") != self.code:
            raise Refused(401, "授权码错误")
        token = f"{self.world.random.getrandbits(128):032X}"
        self.tokens[token] = clock.now() + timedelta(seconds=self.validity)
        return {"Code": "Y", "Token": token, "Validity": self.validity}

    def _list(self, bills: dict[str, Bill], asked: Mapping[str, str]) -> dict[str, Any]:
        found = [bill for bill in bills.values() if _Filter(asked.get("Filter", "")).keeps(bill)]
        for part in reversed([part for part in asked.get("OrderBy", "").split(",") if part]):
            name, _, way = part.strip().partition(" ")
            found.sort(key=partial(_field, name.strip("[]")), reverse=way.strip() == "desc")
        found = found[: int(asked["Top"])]
        size, page = min(int(asked["PageSize"]), MOST_A_PAGE), int(asked["PageIndex"])
        if size < 1 or page < 1:
            raise Refused(500, "页码从 1 开始")
        names = [name for name in asked["Fields"].split(",") if name]
        rows = [{name: _field(name, bill) for name in names} for bill in found[(page - 1) * size : page * size]]
        if rows and self.faults.hits("repeat"):
            rows.append(rows[0])
        return {"Rows": rows}

    def _update(self, bills: dict[str, Bill], asked: Mapping[str, Any]) -> dict[str, Any]:
        [head] = asked["Page1"]
        if head.get("FBillNo") not in bills:
            raise Refused(500, "没有这张单据")
        bill = bills[head["FBillNo"]]
        if unknown := sorted(set(head) - set(bill)):
            raise Refused(500, f"没有字段 {unknown[0]}")
        # Some accounts keep a field as it is and say nothing.
        bill.update({name: value for name, value in head.items() if name not in self.fixed})
        bill["FChangedAt"] = _text(clock.now())
        self.journal.write("updated", number=bill["FBillNo"], fields=sorted(head))
        return {"BillNo": bill["FBillNo"]}

    # What people do there ---------------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        work = self.commands.get(command)
        return work(data) if work else super().control(command, data)

    def happen(self) -> str:
        number = f"K{len(self.bills[SALE_ORDERS]) + 1:06d}"
        self._order({"platform_order_id": number})
        return number

    def _order(self, data: dict[str, Any]) -> Bill:
        number = f"SEORD{len(self.bills[SALE_ORDERS]) + 1:06d}"
        now = _text(clock.now())
        bill = {
            "FBillNo": number,
            "FDate": now[:10],
            "FPlatformNo": str(data["platform_order_id"]),
            "FState": str(data.get("status") or "1"),
            "FCreatedAt": now,
            "FChangedAt": now,
            **dict.fromkeys(HUB_FIELDS, ""),
        }
        self.bills[SALE_ORDERS][number] = bill
        self.journal.write("order_taken", number=number, platform_order_id=bill["FPlatformNo"])
        return bill

    def _ship(self, data: dict[str, Any]) -> Bill:
        wanted = str(data["platform_order_id"])
        [order, *_others] = [one for one in self.bills[SALE_ORDERS].values() if wanted in one["FPlatformNo"].split(",")]
        number = f"XOUT{len(self.bills[OUT_STOCKS]) + 1:06d}"
        bill = {
            "FBillNo": number,
            "FSaleOrderNo": str(data.get("sale_order") or order["FBillNo"]),
            "FPlatformNo": order["FPlatformNo"],
            "FState": str(data.get("status") or "1"),
            "FCarrier": str(data.get("carrier") or "YTO"),
            "FWaybill": str(data.get("waybill") or ""),
            "FChangedAt": _text(clock.now()),
        }
        self.bills[OUT_STOCKS][number] = bill
        self.journal.write("shipped_by_hand", number=number, platform_order_id=wanted)
        return bill

    def _status(self, data: dict[str, Any]) -> Bill:
        number = str(data["number"])
        [bill] = [bills[number] for bills in self.bills.values() if number in bills]
        bill.update({"FState": str(data["status"]), "FChangedAt": _text(clock.now())})
        self.journal.write("status_changed", number=number, status=bill["FState"])
        return bill

    def _dead(self, data: dict[str, Any]) -> dict[str, Any]:
        self.dead_until = clock.now() + timedelta(minutes=float(data.get("minutes", 30)))
        return {"until": self.dead_until.isoformat()}


class _Filter:
    """A condition such as `[FBillNO] like '%0%' and ([FDate]>='2026-01-01' or [FState]='1')`."""

    def __init__(self, text: str) -> None:
        self.tokens: list[re.Match[str]] = []
        place = 0
        while place < len(text):
            if (found := CONDITION.match(text, place)) is None:
                raise Refused(500, f"筛选条件有误：{text[place : place + 40]}")
            self.tokens.append(found)
            place = found.end()

    def keeps(self, bill: Bill) -> bool:
        if not self.tokens:
            return True
        self.place = 0
        result = self._any(_lower(bill))
        if self.place != len(self.tokens):
            raise Refused(500, "筛选条件有误")
        return result

    def _any(self, bill: Bill) -> bool:
        result = self._all(bill)
        while self._take("or"):
            result = self._all(bill) or result
        return result

    def _all(self, bill: Bill) -> bool:
        result = self._one(bill)
        while self._take("and"):
            result = self._one(bill) and result
        return result

    def _one(self, bill: Bill) -> bool:
        if self._take("("):
            result = self._any(bill)
            if not self._take(")"):
                raise Refused(500, "筛选条件缺少括号")
            return result
        if self.place >= len(self.tokens) or self.tokens[self.place][2] is None:
            raise Refused(500, "筛选条件有误")
        _all, _token, name, sign, value = self.tokens[self.place].group(0, 1, 2, 3, 4)
        self.place += 1
        if name.lower() not in bill:
            raise Refused(500, f"没有字段 {name}")
        return _compare(str(bill[name.lower()]), sign.lower(), value.replace("''", "'"))

    def _take(self, word: str) -> bool:
        taken = self.place < len(self.tokens) and self.tokens[self.place][1].lower() == word
        self.place += taken
        return taken


def _compare(left: str, sign: str, right: str) -> bool:
    if sign == "like":
        pattern = "".join({"%": ".*", "_": "."}.get(letter) or re.escape(letter) for letter in right)
        return re.fullmatch(pattern, left, re.IGNORECASE) is not None
    return {">=": left >= right, "<=": left <= right, "=": left == right, "<": left < right, ">": left > right}[sign]


def _lower(bill: Bill) -> Bill:
    """Field names are told apart without regard to case."""
    return {name.lower(): value for name, value in bill.items()}


def _field(name: str, bill: Bill) -> str:
    return str(_lower(bill)[name.lower()])


def _text(moment: datetime) -> str:
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")


EMULATOR = KingdeeWiseEmulator
