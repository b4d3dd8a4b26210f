"""The emulated 菜鸟 waybill service: one order and package, one number, as long as it is not given back."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.platforms.taobao.emulator_gateway import Refused, service_error
from integrations.platforms.taobao.emulator_trades import Trades

# Courier → (prefix, number of digits behind it).
SHAPES = {
    "SF": ("SF1", 12),
    "YTO": ("YT", 13),
    "ZTO": ("75", 12),
    "STO": ("77", 13),
    "YUNDA": ("43", 13),
    "EMS": ("98", 11),
}
MONTHLY = ("SF", "EMS")
PLENTY = 5000


@dataclass
class Issued:
    cp_code: str
    number: str
    object_id: str
    tids: tuple[str, ...]
    oaid: str
    cancelled: bool = False
    used: bool = False

    def shown(self) -> dict[str, Any]:
        print_data = {
            "encryptedData": f"AES:{self.number}",
            "signature": f"MD:{self.number[-6:]}",
            "templateURL": "http://cloudprint.cainiao.com/template/standard/101",
            "ver": "waybill_print_secret_version_1",
        }
        return {
            "object_id": self.object_id,
            "waybill_code": self.number,
            "cp_code": self.cp_code,
            "real_cp_code": self.cp_code,
            "print_data": json.dumps(print_data),
        }


class Waybills:
    def __init__(self, chance: random.Random, trades: Trades, note: Callable[..., None]) -> None:
        self.chance = chance
        self.trades = trades
        self.note = note
        self.by_number: dict[str, Issued] = {}
        # What is left of the numbers bought, by courier; one that is not named here has plenty.
        self.left: dict[str, int] = {}
        self._live: dict[tuple[str, str, tuple[str, ...]], Issued] = {}

    def get(self, seller: str, request: dict[str, Any]) -> list[Issued]:
        cp_code = _required(request, "cp_code")
        if cp_code not in SHAPES:
            raise service_error("isv.cp-code-not-support", f"不支持的物流公司：{cp_code}")
        sender = request.get("sender") or {}
        _required(sender, "name")
        _required(sender.get("address") or {}, "province")
        _required(sender.get("address") or {}, "detail")
        parcels = request.get("trade_order_info_dtos")
        if not isinstance(parcels, list) or not 1 <= len(parcels) <= 10:
            raise _bad("trade_order_info_dtos")
        ids = [_required(parcel, "object_id") for parcel in parcels]
        if len(set(ids)) != len(ids):
            raise _bad("object_id")
        return [self._issue(seller, cp_code, parcel) for parcel in parcels]

    def cancel(self, cp_code: str, number: str) -> None:
        issued = self.by_number.get(number)
        if issued is None or issued.cp_code != cp_code:
            raise service_error("isv.waybill-not-exist", "面单号不存在")
        if issued.used:
            raise service_error("isv.waybill-in-use", "面单号已使用，不能取消")
        issued.cancelled = True
        self._live.pop((issued.cp_code, issued.object_id, issued.tids), None)
        self.note("waybill_cancelled", waybill=number, tids=issued.tids)

    def branches(self) -> list[dict[str, Any]]:
        """A branch for each courier. 顺丰 and EMS (cp_type 1) bill the month and sell no numbers in advance."""
        found = []
        for cp_code in SHAPES:
            issued = [one for one in self.by_number.values() if one.cp_code == cp_code]
            account = {
                "branch_code": f"{cp_code}-001",
                "branch_name": "杭州余杭网点",
                "quantity": 0 if cp_code in MONTHLY else self.left.get(cp_code, PLENTY),
                "allocated_quantity": len(issued),
                "cancel_quantity": sum(one.cancelled for one in issued),
                "print_quantity": 0,
            }
            found.append(
                {
                    "cp_code": cp_code,
                    "cp_type": 1 if cp_code in MONTHLY else 2,
                    "branch_account_cols": {"waybill_branch_account": [account]},
                }
            )
        return found

    def query(self, tid: str, object_id: str) -> list[Issued]:
        return [
            issued
            for issued in self.by_number.values()
            if tid in issued.tids and not issued.cancelled and object_id in ("", issued.object_id)
        ]

    def _issue(self, seller: str, cp_code: str, parcel: dict[str, Any]) -> Issued:
        for name in ("template_url", "user_id"):
            _required(parcel, name)
        order_info = parcel.get("order_info") or {}
        _required(order_info, "order_channels_type")
        tids = tuple(sorted(str(tid) for tid in order_info.get("trade_order_list") or ()))
        if not 1 <= len(tids) <= 100:
            raise _bad("trade_order_list")
        items = (parcel.get("package_info") or {}).get("items")
        if not items or not all(item.get("name") and item.get("count") for item in items):
            raise _bad("package_info.items")
        oaid = self._receiver_key(seller, parcel.get("recipient") or {})
        object_id = str(parcel["object_id"])
        known = self._live.get((cp_code, object_id, tids))
        if known:
            self.note("waybill_repeated", waybill=known.number, tids=tids, object_id=object_id)
            return known
        if cp_code in self.left:
            if self.left[cp_code] <= 0:
                raise service_error("isv.waybill-not-enough", "电子面单余额不足")
            self.left[cp_code] -= 1
        issued = Issued(cp_code, self._number(cp_code), object_id, tids, oaid)
        self._live[cp_code, object_id, tids] = self.by_number[issued.number] = issued
        self.note("waybill_issued", waybill=issued.number, tids=tids, object_id=object_id, cp_code=cp_code, oaid=oaid)
        return issued

    def _receiver_key(self, seller: str, recipient: dict[str, Any]) -> str:
        """The receiver by `oaid` and trade id, or in plain words; a mask alone finds nobody."""
        _required(recipient, "name")
        oaid = str(recipient.get("oaid") or "")
        if not oaid:
            if "*" in str(recipient.get("mobile") or "*"):
                raise service_error("isv.recipient-invalid", "收件人信息是脱敏的，请传 oaid 和 tid")
            return ""
        tid = str(recipient.get("tid") or "")
        trade = self.trades.by_tid.get(int(tid)) if tid.isdigit() else None
        if trade is None or trade.seller != seller or trade.oaid != oaid:
            raise service_error("isv.oaid-not-matched", "oaid 与订单不匹配，请重新获取订单")
        return oaid

    def _number(self, cp_code: str) -> str:
        prefix, digits = SHAPES[cp_code]
        while (number := f"{prefix}{self.chance.randrange(10**digits):0{digits}d}") in self.by_number:
            pass
        return number


def _required(source: Any, name: str) -> str:
    value = source.get(name) if isinstance(source, dict) else None
    if value in (None, ""):
        raise Refused(40, "Missing Required Arguments", f"isv.missing-parameter:{name}", f"缺少必要参数 {name}")
    return str(value)


def _bad(name: str) -> Refused:
    return service_error(f"isv.invalid-parameter:{name}", f"参数 {name} 不正确")
