"""The other side of 快递100, with the couriers behind it (`/kuaidi100/…`). Shares no code with the connector.

Options: `key`, `customer`, `auto` (every subscribed parcel travels by itself), `step_seconds`, `pick_up_seconds` (from
已下单 to 揽收 in `auto`), `trouble` (share of `auto` parcels that do not arrive smoothly), `retry_seconds`,
`lock_seconds` (a number asked about twice within this is locked; 0 = never, theirs: 1800), `quota` (queries left, null
= no end), `phone_wanted_by` (companies), `secret`, `intercept_fails` (share of accepted interceptions that come too
late); control `connect` sets any of them later.
"""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from integrations.carriers.kuaidi100 import emulator_wire as wire
from integrations.carriers.kuaidi100.emulator_control import Hand, summary
from integrations.carriers.kuaidi100.emulator_intercept import Interceptions
from integrations.carriers.kuaidi100.emulator_parcels import WORDS, Couriers, Parcel, Subscription
from integrations.carriers.kuaidi100.emulator_push import Messenger
from integrations.emulation import Answer, Emulator, Faults, Journal, Request, World, json_answer
from orders import clock

__all__ = ["EMULATOR", "Kuaidi100Emulator"]

DEFAULTS: dict[str, Any] = {
    "key": "EMULATORkey0001",
    "customer": "EMULATORCUSTOMER0001",
    "secret": "EMULATORsecret0001",
    "auto": False,
    "step_seconds": 6,
    "pick_up_seconds": 60,
    "trouble": 0.0,
    "retry_seconds": 1860,
    "lock_seconds": 0,
    "quota": None,
    "phone_wanted_by": ["shunfeng", "zhongtong"],
    "intercept_fails": 0.0,
}
COMPANIES = frozenset(
    {"shunfeng", "zhongtong", "yuantong", "shentong", "yunda", "jtexpress", "huitongkuaidi", "ems", "jd"}
    | {"youzhengguonei", "debangkuaidi", "zhaijisong"}
)
MOST_SUBSCRIPTIONS = 4
RESUBSCRIBE_AFTER = timedelta(minutes=30)
TROUBLES = ("refused", "returning", "exception", "signed_after_exception", "pickup_point")


@dataclass
class CourierFaults(Faults):
    """Beside the usual: answers in HTML, forged pushes, rows that come twice in one list, clocks hours ahead."""

    html: float = 0.0
    bad_signature: float = 0.0
    repeat_rows: float = 0.0
    future: float = 0.0
    future_seconds: float = 3 * 3600


class Kuaidi100Emulator(Emulator):
    name = "kuaidi100"
    title = "快递100 (模拟)"
    faults: CourierFaults

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **(DEFAULTS | options))
        self.faults = CourierFaults(seed=world.seed)
        self.messenger = Messenger(self)
        self.chance = random.Random(f"kuaidi100-{world.seed}")
        self.couriers = Couriers(
            chance=self.chance,
            options=self.options,
            tell=self.messenger.tell,
            note=self.journal.write,
            row_time=self._row_time,
        )
        self.interceptions = Interceptions(self.couriers, self.messenger, self.options)
        self.hand = Hand(self.couriers, self.messenger, self.options)

    def _row_time(self) -> datetime:
        """A scanner's clock: right, unless the fault `future` is on."""
        ahead = self.faults.future_seconds if self.faults.hits("future") else 0
        return clock.now() + timedelta(seconds=ahead)

    # The protocol ------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if self.faults.hits("fail"):
            return wire.html(500)
        if self.faults.hits("html"):
            return wire.html()
        answers = {
            "/poll": self._subscribe,
            "/poll/query.do": self._query,
            "/label/order": self._intercept,
        }
        if request.path not in answers:
            return Answer(body=b"<html><body>404 Not Found</body></html>", status=404, content_type="text/html")
        try:
            answer = json_answer(answers[request.path](wire.form(request)))
        except wire.Refused as error:
            self.journal.write("refused", path=request.path, code=error.code, message=str(error))
            answer = wire.refusal(error)
        return wire.html(504) if self.faults.hits("lose_answer") else answer

    def _subscribe(self, form: dict[str, str]) -> dict[str, Any]:
        if self.faults.hits("throttle"):
            raise wire.Refused("500", "服务器错误")
        param = wire.param(form.get("param", ""), code="700")
        parameters = param.get("parameters")
        if form.get("schema") != "json" or not isinstance(parameters, dict):
            raise wire.Refused("700", "订阅方的订阅数据存在错误")
        if param.get("key") != self.options["key"]:
            raise wire.Refused("600", "您不是合法的订阅者")
        number, company = str(param.get("number") or ""), str(param.get("company") or "")
        callback = str(parameters.get("callbackurl") or "")
        if not 1 <= len(number) <= 32 or urlsplit(callback).scheme not in ("http", "https"):
            raise wire.Refused("700", "订阅方的订阅数据存在错误（如不完整、超时、回调地址无效）")
        if not company:
            raise wire.Refused("702", "POLL:识别不到该单号对应的快递公司")
        if company not in COMPANIES:
            raise wire.Refused("701", "拒绝订阅的快递公司")
        parcel = self.couriers.parcel(number, company)
        self._insist_on_limits(parcel)
        salt = parameters.get("salt")
        parcel.subscription = Subscription(
            callback, None if salt is None else str(salt), str(parameters.get("resultv2") or "")
        )
        parcel.subscribed_at.append(clock.now())
        self.journal.write("subscribed", waybill=number, company=company, signed=salt is not None)
        if self.options["auto"] and parcel.step == 0:
            troubled = self.chance.random() < float(self.options["trouble"])
            variant = self.chance.choice(TROUBLES) if troubled else ""
            self.couriers.begin(parcel, wait_seconds=float(self.options["pick_up_seconds"]), variant=variant)
        elif parcel.rows:
            self.messenger.tell(parcel)
        return {"result": True, "returnCode": "200", "message": "提交成功"}

    def _insist_on_limits(self, parcel: Parcel) -> None:
        """Once, and after an end again, at most four times a month. The code for a fifth time is not published."""
        known, now = parcel.subscription, clock.now()
        if known and (known.ended_at is None or now - known.ended_at < RESUBSCRIBE_AFTER):
            raise wire.Refused("501", "POLL:重复订阅")
        if len([at for at in parcel.subscribed_at if at > now - timedelta(days=30)]) >= MOST_SUBSCRIPTIONS:
            raise wire.Refused("700", "POLL:同一单号一个月内最多订阅 4 次")

    def _query(self, form: dict[str, str]) -> dict[str, Any]:
        if self.faults.hits("throttle"):
            raise wire.Refused("502", "服务器繁忙")
        text = form.get("param", "")
        if form.get("customer") != self.options["customer"]:
            raise wire.Refused("400", "提交的数据不完整，或者贵公司没授权")
        if form.get("sign") != wire.md5(text, self.options["key"], self.options["customer"]):
            raise wire.Refused("503", "验证签名失败")
        param = wire.param(text, code="400")
        number, company = str(param.get("num") or ""), str(param.get("com") or "")
        if company not in COMPANIES or not number:
            raise wire.Refused("400", "找不到对应公司")
        self._spend()
        if company in self.options["phone_wanted_by"] and len(str(param.get("phone") or "")) < 4:
            raise wire.Refused("408", "快递公司参数异常：验证码错误")
        parcel = self.couriers.parcels.get(number.upper())
        self.journal.write("asked", waybill=number, company=company)
        if parcel is None:
            raise wire.Refused("500", "查询无结果，请隔段时间再查")
        self._insist_on_patience(parcel)
        if not parcel.rows or parcel.company != company:
            raise wire.Refused("500", "查询无结果，请隔段时间再查")
        return parcel.result(str(param.get("resultv2") or ""))

    def _intercept(self, form: dict[str, str]) -> dict[str, Any]:
        if self.faults.hits("throttle"):
            raise wire.Refused("500", "服务器繁忙")
        return self.interceptions.take(form)

    def _spend(self) -> None:
        if self.options["quota"] is not None:
            if int(self.options["quota"]) <= 0:
                raise wire.Refused("601", "POLL:KEY已过期或单量已用完")
            self.options["quota"] = int(self.options["quota"]) - 1

    def _insist_on_patience(self, parcel: Parcel) -> None:
        """The lock's own words are not published."""
        before, parcel.asked_at = parcel.asked_at, clock.now()
        if before and (clock.now() - before).total_seconds() < float(self.options["lock_seconds"]):
            raise wire.Refused("500", "该单号查询过于频繁，已被锁定，请半小时后再查")

    # What happens by itself --------------------------------------------------------------------------------------
    def tick(self) -> None:
        self.couriers.work()

    # A test's or the demo's hand ---------------------------------------------------------------------------------
    def happen(self) -> str:
        number = f"YT96930836{len(self.couriers.parcels):05}"
        self.hand.act("pick_up", {"waybill": number, "company": "yuantong"})
        return number

    def signed(self, body: bytes) -> Request:
        """With the salt of a subscription that it was given once."""
        salt = str(self.options.get("salt") or "emulator-salt")
        fields = urlencode({"sign": hashlib.md5(body + salt.encode()).hexdigest().upper(), "param": body})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(method="POST", path="", query_string="", headers=headers, body=fields.encode())

    def control(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            if command == "faults":
                self.faults = CourierFaults(**{"seed": self.faults.seed, **data})
                return {"ok": True}
            if command == "connect":
                if unknown := sorted(data.keys() - DEFAULTS.keys()):
                    raise ValueError(f"no option {', '.join(unknown)}; there are: {', '.join(DEFAULTS)}")
                self.options.update(data)
                return {"ok": True}
            return self.hand.act(command, data)

    # For people --------------------------------------------------------------------------------------------------
    def page(self) -> str:
        with self.lock:
            found = [summary(parcel) for parcel in list(self.couriers.parcels.values())[-200:]]
        by_itself = "订阅后自动走件" if self.options["auto"] else "等待指令走件"
        rows = "".join(_row(one) for one in reversed(found))
        return (
            f"<p>{by_itself} · 包裹 {len(self.couriers.parcels)} 个 · 未送达的推送 {self.messenger.undelivered} 条</p>"
            "<table><tr><th>运单号</th><th>快递公司</th><th>订阅</th><th>状态</th><th>最新轨迹</th><th>时间</th>"
            f"<th>行数</th></tr>{rows}</table><h2>收发记录</h2>{super().page()}"
        )


_WATCH = {"": "未订阅", "polling": "监控中", "shutdown": "结束", "abort": "中止"}


def _row(parcel: dict[str, Any]) -> str:
    state = WORDS.get(parcel["code"], (parcel["code"] or "无轨迹", "", ""))[0]
    cells = (
        parcel["waybill"],
        parcel["company"],
        _WATCH[parcel["subscription"]],
        state,
        parcel["context"],
        parcel["time"],
        parcel["rows"],
    )
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


EMULATOR = Kuaidi100Emulator
