"""The other side of 丰桥, with the vans behind it (`/sf/…`). Shares no code with the connector.

Options: `partner_id`, `check_word`, `monthly_card`, `push_url` (where routes are pushed; empty: nowhere), `auto` (every
ordered parcel travels by itself), `pick_up_seconds` (from the order to 已收件 in `auto`), `step_seconds`,
`retry_seconds`, `phone_wanted` (routes only to who knows the end of a phone), `not_served` (provinces),
`intercept_fails` (share of accepted interceptions that come too late); control `connect` sets any of them later.
"""

import random
from dataclasses import dataclass
from html import escape
from typing import Any

from integrations.carriers.sf import emulator_wire as wire
from integrations.carriers.sf.emulator_control import Hand, summary
from integrations.carriers.sf.emulator_desk import Desk
from integrations.carriers.sf.emulator_parcels import Vans
from integrations.carriers.sf.emulator_push import Messenger
from integrations.emulation import Answer, Emulator, Faults, Journal, Request, World

__all__ = ["EMULATOR", "SfEmulator"]

DEFAULTS: dict[str, Any] = {
    "partner_id": "EMULATORSF01",
    "check_word": "EmulatorCheckWord0001",
    "monthly_card": "7551234567",
    "push_url": "",
    "auto": False,
    "pick_up_seconds": 60,
    "step_seconds": 6,
    "retry_seconds": 60,
    "phone_wanted": False,
    "not_served": [],
    "intercept_fails": 0.0,
}
# The end of the callback address that a seller would have registered.
PUSH_TOKEN = "emulator-token"


@dataclass
class SfFaults(Faults):
    """Beside the usual: answers in HTML."""

    html: float = 0.0


class SfEmulator(Emulator):
    name = "sf"
    title = "顺丰丰桥 (模拟)"
    signs_body = False
    faults: SfFaults

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **(DEFAULTS | options))
        self.faults = SfFaults(seed=world.seed)
        self.messenger = Messenger(self)
        self.vans = Vans(
            chance=random.Random(f"sf-{world.seed}"),
            options=self.options,
            tell=self.messenger.tell,
            note=self.journal.write,
        )
        self.desk = Desk(self.vans, self.options, self.journal.write)
        self.hand = Hand(self.vans, self.messenger, self.options)
        self._seen: set[str] = set()

    # The protocol ------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Answer:
        if self.faults.hits("fail"):
            return wire.html(500)
        if self.faults.hits("html"):
            return wire.html()
        if request.path != "/std/service":
            return Answer(body=b"<html><body>404 Not Found</body></html>", status=404, content_type="text/html")
        try:
            answer = self._serve(wire.form(request))
        except wire.Refused as error:
            self.journal.write("refused", code=error.code, message=str(error))
            answer = wire.refusal(error)
        except wire.NotDone as error:
            self.journal.write("not_done", code=error.code, message=str(error))
            answer = wire.not_done(error)
        return wire.html(504) if self.faults.hits("lose_answer") else answer

    def _serve(self, form: dict[str, str]) -> Answer:
        if self.faults.hits("throttle"):
            raise wire.Refused("A1005", "API 服务访问超过流量限制")
        service = self.desk.services.get(form["serviceCode"])
        if form["partnerID"] != self.options["partner_id"] or service is None:
            raise wire.Refused("A1004", "无对应服务权限")
        if form["msgDigest"] != wire.digest(form["msgData"], form["timestamp"], str(self.options["check_word"])):
            raise wire.Refused("A1006", "数字签名无效")
        if form["requestID"] in self._seen:
            raise wire.Refused("A1007", "重复请求")
        self._seen.add(form["requestID"])
        return wire.done(service(wire.message(form["msgData"])))

    # What happens by itself --------------------------------------------------------------------------------------
    def tick(self) -> None:
        self.vans.work()

    def happen(self) -> str:
        number = self.vans.new_number()
        self.hand.act("ship", {"waybill": number})
        return number

    def signed(self, body: bytes) -> Request:
        """Nothing of a route push is signed; the registered address ends in a token."""
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        return Request(method="POST", path="", query_string=f"token={PUSH_TOKEN}", headers=headers, body=body)

    # A test's or the demo's hand ---------------------------------------------------------------------------------
    def control(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            if command == "faults":
                self.faults = SfFaults(**{"seed": self.faults.seed, **data})
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
            found = [summary(parcel) for parcel in list(self.vans.parcels.values())[-200:]]
        by_itself = "下单后自动走件" if self.options["auto"] else "等待指令走件"
        rows = "".join(_row(one) for one in reversed(found))
        return (
            f"<p>{by_itself} · 订单 {len(self.desk.orders)} 个 · 未送达的推送 {self.messenger.undelivered} 条</p>"
            "<table><tr><th>运单号</th><th>客户订单号</th><th>拦截</th><th>操作码</th><th>最新路由</th><th>时间</th>"
            f"<th>条数</th></tr>{rows}</table><h2>收发记录</h2>{super().page()}"
        )


_ASKED = {"": "", "stopped": "退回", "redirected": "转寄", "too_late": "未拦住"}


def _row(parcel: dict[str, Any]) -> str:
    cells = (
        parcel["waybill"],
        parcel["order"],
        "已取消" if parcel["cancelled"] else _ASKED[parcel["intercepted"]],
        parcel["code"],
        parcel["remark"] or "无路由",
        parcel["time"],
        parcel["routes"],
    )
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


EMULATOR = SfEmulator
