"""Interception at the emulated 快递100: checked, taken or refused at once; what comes of it shows on the way."""

from typing import Any

from integrations.carriers.kuaidi100 import emulator_wire as wire
from integrations.carriers.kuaidi100.emulator_parcels import Couriers, Parcel, Subscription
from integrations.carriers.kuaidi100.emulator_push import Messenger

PICKED_UP = "103"
WAYS = {"RETURN_SEND_STATION": "returning", "RETURN_SEND_ADDR": "returning", "MODIFY_ADDR": "redirected"}
# They call back with a verdict for these. Its form is invented.
CALLED_BACK = frozenset({"zhongtong", "jtexpress", "yuantong"})


class Interceptions:
    def __init__(self, couriers: Couriers, messenger: Messenger, options: dict[str, Any]) -> None:
        self.couriers = couriers
        self.messenger = messenger
        self.options = options

    def take(self, form: dict[str, str]) -> dict[str, Any]:
        text = form.get("param", "")
        if form.get("method") != "interceptOrder" or not form.get("t", "").isdigit():
            raise wire.Refused("400", "提交的数据不完整")
        if form.get("key") != self.options["key"]:
            raise wire.Refused("600", "您不是合法的订阅者")
        if form.get("sign") != wire.md5(text, form["t"], self.options["key"], self.options["secret"]):
            raise wire.Refused("503", "验证签名失败")
        asked = wire.param(text, code="400")
        parcel = self._parcel(asked)
        outcome = WAYS[str(asked["interceptType"])]
        if self.couriers.chance.random() < float(self.options["intercept_fails"]):
            outcome = "too_late"
        parcel.intercepted = outcome
        if outcome != "too_late":
            self.couriers.change(parcel, outcome)
        self.couriers.note("intercepted", waybill=parcel.number, company=parcel.company, outcome=outcome)
        self._call_back(parcel, asked, outcome)
        return {"success": True, "code": 200, "message": "success", "data": None}

    def _parcel(self, asked: dict[str, Any]) -> Parcel:
        """A parcel on the way, known under this courier, which nobody asked to be stopped before."""
        if not asked.get("partnerId") or asked.get("interceptType") not in WAYS or not asked.get("interceptPayType"):
            raise wire.Refused("400", "参数不完整")
        receiver = asked.get("recManInfo") or {}
        if asked["interceptType"] == "MODIFY_ADDR" and not all(map(receiver.get, ("name", "mobile", "printAddr"))):
            raise wire.Refused("400", "改地址拦截需要新的收件人")
        company = str(asked.get("kuaidicom") or "")
        if company in CALLED_BACK and not asked.get("callbackUrl"):
            raise wire.Refused("400", "该快递公司需要 callbackUrl")
        parcel = self.couriers.parcels.get(str(asked.get("kuaidinum") or "").upper())
        if parcel is None or parcel.company != company:
            raise wire.Refused("30101", "运单不存在")
        if parcel.intercepted:
            raise wire.Refused("30102", "该运单重复拦截")
        if parcel.has_ended or not any(row.code == PICKED_UP for row in parcel.rows):
            raise wire.Refused("30103", "运单不在运输途中，不能拦截")
        return parcel

    def _call_back(self, parcel: Parcel, asked: dict[str, Any], outcome: str) -> None:
        if parcel.company not in CALLED_BACK:
            return
        verdict = {
            "kuaidicom": parcel.company,
            "kuaidinum": parcel.number,
            "status": "FAIL" if outcome == "too_late" else "SUCCESS",
            "message": "拦截失败" if outcome == "too_late" else "拦截成功",
            "data": {"orderId": str(asked.get("orderId") or "")},
        }
        target = Subscription(str(asked["callbackUrl"]), str(asked.get("salt") or ""), "")
        self.messenger.queue(parcel.number, target, wire.compact(verdict))
