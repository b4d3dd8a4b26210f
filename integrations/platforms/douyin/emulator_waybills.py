"""The emulated 电子面单: one order and package, one number, as long as it is not given back."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.platforms.douyin.emulator_gateway import bad_parameter, business
from integrations.platforms.douyin.emulator_orders import Orders
from integrations.platforms.douyin.emulator_people import Receiver, Vault

# Courier → (prefix, number of digits behind it).
SHAPES = {
    "shunfeng": ("SF1", 12),
    "yuantong": ("YT", 13),
    "zhongtong": ("75", 12),
    "shentong": ("77", 13),
    "yunda": ("43", 13),
}


@dataclass
class Issued:
    company: str
    number: str
    order_id: str
    pack_id: str
    receiver: Receiver
    cancelled: bool = False
    used: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "pack_id": self.pack_id,
            "track_no": self.number,
            "sort_code": "571-A12",
            "short_address_code": "A12",
            "company": self.company,
        }


class Waybills:
    def __init__(self, chance: random.Random, orders: Orders, vault: Vault, note: Callable[..., None]) -> None:
        self.chance = chance
        self.orders = orders
        self.vault = vault
        self.note = note
        self.stock: int | None = None
        self.by_number: dict[str, Issued] = {}
        self._live: dict[tuple[str, str, str], Issued] = {}

    def create(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """The numbers given out and the refusals beside them, and the return code."""
        company = str(asked.get("logistics_code") or "")
        if company not in SHAPES:
            raise bad_parameter(4006, "logistics_code 不正确")
        sender = asked.get("sender_info") or {}
        if not (sender.get("address") or {}).get("province_name") or not (sender.get("contact") or {}).get("name"):
            raise bad_parameter(10003, "sender_info 不完整")
        infos = asked.get("order_infos")
        if not isinstance(infos, list) or not 1 <= len(infos) <= 50:
            raise bad_parameter(10003, "order_infos 数量不正确")
        issued, errors = [], []
        for info in infos:
            try:
                issued.append(self._one(company, info).shown())
            except NoNumber as no:
                order_id, pack_id = str(info.get("order_id") or ""), str(info.get("pack_id") or "")
                errors.append({"order_id": order_id, "pack_id": pack_id, "err_code": str(no.code), "err_msg": no.text})
        return {"ebill_infos": issued, "err_infos": errors}, 10001 if errors else 10000

    def cancel(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        number, company = str(asked.get("track_no") or ""), str(asked.get("logistics_code") or "")
        issued = self.by_number.get(number)
        if issued is None or issued.company != company:
            raise business(4007, "运单号不存在")
        if issued.used:
            raise business(15001, "运单号已使用，不能取消")
        issued.cancelled = True
        self._live.pop((issued.company, issued.order_id, issued.pack_id), None)
        self.note("waybill_cancelled", waybill=number, order_id=issued.order_id)
        return {"cancel_result": {"success": True}}

    def print_data(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        infos, errors = [], []
        for row in asked.get("waybill_applies") or []:
            number = str(row.get("track_no") or "")
            issued = self.by_number.get(number)
            if issued is None or issued.cancelled:
                errors.append({"track_no": number, "err_code": "4007", "err_msg": "运单号不存在或已取消"})
                continue
            content = {"order_id": issued.order_id, "track_no": number, "print_data": f"AES:{number}"}
            infos.append({**content, "sign": f"MD:{number[-6:]}"})
            self.note("print_data", waybill=number)
        return {"waybill_infos": infos, "err_infos": errors}, 10001 if errors else 10000

    def _one(self, company: str, info: Mapping[str, Any]) -> Issued:
        order_id, pack_id = str(info.get("order_id") or ""), str(info.get("pack_id") or "")
        if not info.get("items"):
            raise NoNumber(10003, "items 不能为空")
        try:
            order = self.orders.find(order_id)
        except ValueError:
            raise NoNumber(15000, "订单不存在") from None
        told = info.get("receiver_info") or {}
        address, contact = told.get("address") or {}, told.get("contact") or {}
        plain = [self.vault.plain(str(text)) for text in (contact.get("name"), contact.get("mobile"))]
        detail = self.vault.plain(str(address.get("detail_address")))
        if [*plain, detail] != [order.receiver.name, order.receiver.mobile, order.receiver.address]:
            raise NoNumber(15002, "收件人信息与订单不一致")
        known = self._live.get((company, order_id, pack_id))
        if known:
            self.note("waybill_repeated", waybill=known.number, order_id=order_id, pack_id=pack_id)
            return known
        if self.stock is not None:
            if self.stock <= 0:
                raise NoNumber(10701, "电子面单库存不足")
            self.stock -= 1
        issued = Issued(company, self._number(company), order_id, pack_id, order.receiver)
        self._live[company, order_id, pack_id] = self.by_number[issued.number] = issued
        self.note("waybill_issued", waybill=issued.number, order_id=order_id, pack_id=pack_id, company=company)
        return issued

    def _number(self, company: str) -> str:
        prefix, digits = SHAPES[company]
        while (number := f"{prefix}{self.chance.randrange(10**digits):0{digits}d}") in self.by_number:
            pass
        return number


class NoNumber(Exception):
    """One package gets none; the others do."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text
