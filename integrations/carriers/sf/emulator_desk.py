"""The emulated 丰桥's services: orders and their numbers, routes, interception."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.carriers.sf.emulator_parcels import Parcel, Vans
from integrations.carriers.sf.emulator_wire import NotDone

MOST_NUMBERS = 10
# 8016 is published, the other codes are invented.
EXISTS, CANCELLED, BAD, UNKNOWN, TOO_LATE, ONCE = "8016", "8037", "20001", "8024", "8063", "20032"
INTERCEPTS = {"1": "redirected", "2": "stopped"}


@dataclass
class Order:
    order_id: str
    # Empty where the address is not served.
    waybill: str
    served: bool
    cancelled: bool = False

    def shown(self) -> dict[str, Any]:
        """As both the order and its search answer."""
        numbers = [{"waybillType": 1, "waybillNo": self.waybill}] if self.served else []
        routing = {"code": "1000", "routeLabelData": {"waybillNo": self.waybill, "destRouteLabel": "755W-XC-012"}}
        return {
            "orderId": self.order_id,
            "filterResult": 2 if self.served else 3,
            "waybillNoInfoList": numbers,
            "routeLabelInfo": [routing] if self.served else [],
        }


class Desk:
    def __init__(self, vans: Vans, options: dict[str, Any], note: Callable[..., None]) -> None:
        self.vans = vans
        self.options = options
        self.note = note
        self.orders: dict[str, Order] = {}
        self.services: dict[str, Callable[[dict[str, Any]], Any]] = {
            "EXP_RECE_CREATE_ORDER": self._create,
            "EXP_RECE_SEARCH_ORDER_RESP": self._find,
            "EXP_RECE_UPDATE_ORDER": self._update,
            "EXP_RECE_SEARCH_ROUTES": self._routes,
            "EXP_RECE_WANTED_INTERCEPT": self._intercept,
        }

    # Orders ------------------------------------------------------------------------------------------------------
    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        order_id = str(asked.get("orderId") or "")
        people = {
            str(one.get("contactType")): one for one in asked.get("contactInfoList") or [] if isinstance(one, dict)
        }
        sender, receiver = people.get("1"), people.get("2")
        if not order_id or not asked.get("cargoDetails") or not sender or not receiver:
            raise NotDone(BAD, "缺少客户订单号、托寄物或收寄双方信息")
        for one in (sender, receiver):
            if not (one.get("contact") and (one.get("mobile") or one.get("tel")) and one.get("address")):
                raise NotDone(BAD, "联系人、电话、地址不能为空")
        if str(asked.get("payMethod")) == "1" and asked.get("monthlyCard") != self.options["monthly_card"]:
            raise NotDone(BAD, "月结卡号不存在")
        # Never again, not even after a cancel.
        if order_id in self.orders:
            raise NotDone(EXISTS, "重复下单")
        served = str(receiver.get("province")) not in self.options["not_served"]
        order = self.orders[order_id] = Order(order_id, self.vans.new_number() if served else "", served)
        self.note("ordered", order=order_id, waybill=order.waybill, receiver_city=str(receiver.get("city") or ""))
        if served:
            parcel = self.vans.parcel(order.waybill)
            parcel.order_id = order_id
            parcel.phones = tuple(str(one.get("mobile") or one.get("tel"))[-4:] for one in (sender, receiver))
            if self.options["auto"]:
                self.vans.begin(parcel, wait_seconds=float(self.options["pick_up_seconds"]))
        return order.shown()

    def _find(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._known(asked).shown()

    def _update(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`dealType` 1 confirms, 2 cancels, which works before the pick-up."""
        order = self._known(asked)
        if order.cancelled:
            raise NotDone(CANCELLED, "已消单")
        if str(asked.get("dealType")) == "2":
            parcel = self.vans.parcels.get(order.waybill)
            if parcel and parcel.is_picked_up:
                raise NotDone(TOO_LATE, "快件已收取，不能取消")
            order.cancelled = True
            if parcel:
                parcel.cancelled, parcel.next_at = True, None
            self.note("cancelled", order=order.order_id, waybill=order.waybill)
        return {"orderId": order.order_id, "resStatus": 2}

    def _known(self, asked: Mapping[str, Any]) -> Order:
        order = self.orders.get(str(asked.get("orderId") or ""))
        if order is None:
            raise NotDone(UNKNOWN, "订单不存在")
        return order

    # Parcels -----------------------------------------------------------------------------------------------------
    def _routes(self, asked: dict[str, Any]) -> dict[str, Any]:
        numbers = asked.get("trackingNumber")
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= MOST_NUMBERS:
            raise NotDone(BAD, "trackingNumber 应为 1 到 10 个单号")
        if str(asked.get("trackingType")) == "2":
            numbers = [self.orders[number].waybill for number in map(str, numbers) if number in self.orders]
        phone = str(asked.get("checkPhoneNo") or "")
        self.note("asked", waybills=numbers)
        return {"routeResps": [self._way(str(number), phone) for number in numbers]}

    def _way(self, number: str, phone: str) -> dict[str, Any]:
        parcel = self.vans.parcels.get(number.upper())
        if parcel and self.options["phone_wanted"] and phone not in parcel.phones:
            return {"mailNo": number, "routes": [], "reasonCode": "4", "reasonRemark": "收寄双方电话后四位不匹配"}
        return {"mailNo": number, "routes": [route.pulled() for route in parcel.routes] if parcel else []}

    def _intercept(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Between pick-up and delivery, once for a number. Whether it comes true shows in the routes alone."""
        parcel = self.vans.parcels.get(str(asked.get("waybillNo") or "").upper())
        service, place = str(asked.get("serviceCode")), asked.get("newDestAddress") or {}
        if parcel is None:
            raise NotDone(UNKNOWN, "运单号不存在")
        if service not in INTERCEPTS:
            raise NotDone(BAD, "不支持的服务类型")
        if not all(place.get(name) for name in ("province", "city", "address", "contact", "phone")):
            raise NotDone(BAD, "新地址不完整")
        if str(asked.get("payMode")) in ("3", "4") and asked.get("monthlyCardNo") != self.options["monthly_card"]:
            raise NotDone(BAD, "月结卡号不存在")
        if parcel.intercepted:
            raise NotDone(ONCE, "该运单重复申请截单转寄")
        if parcel.cancelled or not parcel.is_picked_up:
            raise NotDone(TOO_LATE, "快件未收取，请直接取消订单")
        if parcel.has_ended:
            raise NotDone(TOO_LATE, "快件已签收")
        outcome = self._outcome(parcel, service)
        self.vans.intercept(parcel, outcome, str(place.get("city")))
        self.note("intercepted", waybill=parcel.number, service=service, outcome=outcome)
        return {}

    def _outcome(self, parcel: Parcel, service: str) -> str:
        late = self.vans.chance.random() < float(self.options["intercept_fails"])
        return "too_late" if late else INTERCEPTS[service]
