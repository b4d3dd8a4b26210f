"""The emulated shipping calls, with the numbers by which they refuse."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.platforms.douyin import emulator_orders as shop
from integrations.platforms.douyin.emulator_aftersales import AfterSales
from integrations.platforms.douyin.emulator_gateway import bad_parameter, business
from integrations.platforms.douyin.emulator_orders import Order, Orders, Parcel
from integrations.platforms.douyin.emulator_waybills import Waybills

COMPANIES = frozenset({"yuantong", "zhongtong", "shentong", "yunda", "shunfeng", "jtexpress", "ems"})
WAYBILL = re.compile(r"[A-Za-z0-9-]{8,30}")


@dataclass
class Shipping:
    orders: Orders
    sales: AfterSales
    waybills: Waybills
    # request_id → the parcel it made.
    made: dict[str, Parcel] = field(default_factory=dict)

    def whole(self, asked: Mapping[str, Any]) -> tuple[Order, Parcel]:
        """`logisticsAdd`: everything that has not left, in one parcel."""
        order, company, number = self._order(asked), *self._carrier(asked)
        self._check(order, asked)
        goods = {line.line_id: line.quantity - line.shipped for line in order.lines if line.status != shop.CANCELLED}
        return order, self._ship(order, company, number, {line: count for line, count in goods.items() if count > 0})

    def parts(self, asked: Mapping[str, Any]) -> tuple[Order, list[Parcel], bool]:
        """`logisticsAddMultiPack`: parcels of one order; and whether it is a repeat of the same request."""
        order, request_id = self._order(asked), str(asked.get("request_id") or "")
        packs = asked.get("pack_list")
        if not isinstance(packs, list) or not packs or not request_id:
            raise bad_parameter(60001, "pack_list 和 request_id 不能为空")
        if request_id in self.made:
            return order, [self.made[request_id]], True
        self._check(order, asked)
        parcels = []
        for pack in packs:
            company, number = self._carrier(pack)
            parcels.append(self._ship(order, company, number, self._goods(order, pack)))
        self.made[request_id] = parcels[0]
        return order, parcels, False

    def _goods(self, order: Order, pack: Mapping[str, Any]) -> dict[int, int]:
        goods: dict[int, int] = {}
        for row in pack.get("shipped_order_info") or []:
            line = next((line for line in order.lines if str(line.line_id) == str(row.get("shipped_order_id"))), None)
            if line is None:
                raise business(60033, "商品单不存在")
            count = int(row.get("shipped_num") or 0)
            if line.status == shop.CANCELLED or not 0 < count <= line.quantity - line.shipped:
                raise business(70023, "没有可发货的商品")
            goods[line.line_id] = count
        if not goods:
            raise business(70023, "没有可发货的商品")
        return goods

    def _order(self, asked: Mapping[str, Any]) -> Order:
        try:
            return self.orders.find(str(asked.get("order_id") or ""))
        except ValueError:
            raise business(60033, "订单不存在") from None

    @staticmethod
    def _carrier(asked: Mapping[str, Any]) -> tuple[str, str]:
        company, number = str(asked.get("company_code") or ""), str(asked.get("logistics_code") or "")
        if not company:
            raise business(60083, "物流公司不能为空")
        if company not in COMPANIES:
            raise business(60018, "物流公司不合法")
        if not WAYBILL.fullmatch(number):
            raise business(60017, "运单号与物流公司规则不符")
        return company, number

    def _check(self, order: Order, asked: Mapping[str, Any]) -> None:
        if order.main_status in (shop.SHIPPED, shop.FINISHED):
            number = 60110 if order.main_status == shop.SHIPPED else 60113
            raise business(number, "订单已发货，不允许重复发货" if number == 60110 else "订单已完成")
        if order.order_status == shop.CANCELLED:
            raise business(60068 if order.main_status == shop.REFUNDED else 60021, "订单已取消或已退款")
        if order.main_status == shop.RISK:
            raise business(60109, "订单风控审核中")
        if order.main_status not in (shop.READY, shop.PART):
            raise business(60110, "订单状态不允许发货")
        if any(self._is_cloud(line.extra) for line in order.lines):
            raise business(60116, "平台仓订单不支持商家发货")
        if self.sales.is_open_for(order):
            if not asked.get("is_reject_refund"):
                raise business(60040, "订单有售后申请，请先处理")
            self.sales.refuse_open(order)

    @staticmethod
    def _is_cloud(extra: Mapping[str, Any]) -> bool:
        return any(place.get("warehouse_type") == 2 for place in extra.get("inventory_list") or [])

    def _ship(self, order: Order, company: str, number: str, goods: dict[int, int]) -> Parcel:
        if not goods:
            raise business(70023, "没有可发货的商品")
        issued = self.waybills.by_number.get(number)
        if issued and issued.cancelled:
            raise business(70018, "运单号已取消")
        if issued and issued.receiver != order.receiver:
            raise business(70020, "订单收件人与运单收件人不一致")
        for other in self.orders.by_id.values():
            used = any(parcel.number == number for parcel in other.parcels)
            if used and other is not order and other.receiver != order.receiver:
                raise business(70022, "运单号已被其他订单使用")
        if issued:
            issued.used = True
        return self.orders.ship(order, company, number, goods)
