"""The emulated calls that read orders and after-sales, and those that answer buyers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.emulation import Faults
from integrations.platforms.douyin import emulator_orders as shop
from integrations.platforms.douyin.emulator_aftersales import AfterSales
from integrations.platforms.douyin.emulator_gateway import Refused, bad_parameter, business
from integrations.platforms.douyin.emulator_orders import Order, Orders, seconds
from integrations.platforms.douyin.emulator_people import Vault
from integrations.platforms.douyin.emulator_shipping import Shipping
from integrations.platforms.douyin.emulator_waybills import Waybills
from orders import clock

LISTED = timedelta(days=90)
MOST_ROWS = 50_000
AGREE, REFUSALS = 0, frozenset({1001, 1002, 1003, 1004, 1005})

Parameters = Mapping[str, Any]


@dataclass
class Side:
    """What the methods work on."""

    shop_id: int
    orders: Orders
    sales: AfterSales
    vault: Vault
    waybills: Waybills
    shipping: Shipping
    faults: Faults
    note: Callable[..., None]
    # Tells the world: (tag, order, data of the push).
    tell: Callable[[str, Order, dict[str, Any]], None]
    # Buyers may change the address only after the seller's answer, and this app gives it.
    asks_seller: bool = True


def search(side: Side, asked: Parameters) -> dict[str, Any]:
    page, size = _paging(asked)
    by_update = "update_time_start" in asked or "update_time_end" in asked
    name = "update_time" if by_update else "create_time"
    since, until = asked.get(f"{name}_start"), asked.get(f"{name}_end")
    if not isinstance(since, int) or not isinstance(until, int):
        raise bad_parameter(20011, "时间必填")
    if since > until:
        raise bad_parameter(20012, "开始时间不能晚于结束时间")
    if since < seconds(clock.now() - LISTED):
        raise bad_parameter(20022, "只能查询近90天的订单")
    wanted = {
        int(status)
        for row in asked.get("combine_status") or []
        for status in str(row.get("order_status") or "").split(",")
        if status.isdigit()
    }

    def time(order: Order) -> int:
        return seconds(order.updated if by_update else order.placed)

    now = clock.now()
    rows = [
        order
        for order in side.orders.by_id.values()
        if order.visible_at <= now and since <= time(order) <= until
        if not wanted or {order.order_status, order.main_status} & wanted
    ]
    by = asked.get("order_by") or "create_time"
    rows.sort(
        key=lambda order: (seconds(order.updated if by == "update_time" else order.placed), order.order_id),
        reverse=not asked.get("order_asc"),
    )
    shown = [order.shown(side.shop_id, side.vault) for order in rows[page * size : (page + 1) * size]]
    return {"page": page, "size": size, "total": len(rows), "shop_order_list": _muddled(side, shown)}


def detail(side: Side, asked: Parameters) -> dict[str, Any]:
    order = _order(side, asked.get("shop_order_id"))
    return {"shop_order_detail": order.shown(side.shop_id, side.vault)}


def confirm_address(side: Side, asked: Parameters) -> dict[str, Any]:
    told = str(asked.get("order_id") or "")
    if told.endswith("A"):
        raise bad_parameter(50035, "订单号格式不正确")
    order, answer = _order(side, told), asked.get("is_approved")
    if answer != AGREE and answer not in REFUSALS:
        raise bad_parameter(50037, "is_approved 不正确")
    if not side.asks_seller:
        raise business(50038, "商家没有开启改地址审核")
    wish = order.wish
    if wish is None or wish.stage == "timed_out":
        raise business(50039, "没有待审核的改地址申请")
    ended = {"withdrawn": (50042, "因售后撤回"), "refused": (50041, "已拒绝"), "agreed": (50040, "已同意")}
    if wish.stage in ended:
        raise business(*ended[wish.stage])
    wish.stage = "agreed" if answer == AGREE else "refused"
    side.note("address_answered", order_id=str(order.order_id), answer=answer)
    if answer == AGREE:
        change_address(side, order)
    return {}


def change_address(side: Side, order: Order) -> None:
    """The address is another from now on; `update_time` does not say so, the push does."""
    if order.wish:
        order.receiver = order.wish.receiver
    now = seconds(shop.second())
    data = {"update_time": now, "receiver_msg": side.vault.push_fields(order.receiver)}
    side.tell("105", order, data)
    side.note("address_changed", order_id=str(order.order_id))


def sale_list(side: Side, asked: Parameters) -> dict[str, Any]:
    page, size = _paging(asked)
    rows = sorted(side.sales.by_id.values(), key=lambda one: (one.updated, one.sale_id))
    if asked.get("order_id"):
        rows = [one for one in rows if str(one.order.order_id) == str(asked["order_id"])]
    for name, time in (("update_", _updated), ("", _applied)):
        since, until = asked.get(f"{name}start_time"), asked.get(f"{name}end_time")
        if since is not None and until is not None:
            rows = [one for one in rows if since <= seconds(time(one)) <= until]
    shown = [one.shown() for one in rows[page * size : (page + 1) * size]]
    more = (page + 1) * size < len(rows)
    return {"items": _muddled(side, shown), "has_more": more, "total": len(rows), "page": page, "size": size}


def sale_operate(side: Side, asked: Parameters) -> tuple[dict[str, Any], int]:
    items, told = asked.get("items"), asked.get("type")
    if not isinstance(items, list) or not items or not isinstance(told, int):
        raise Refused(40002, "isv.missing-parameter:items", "缺少 items 或 type")
    results, failed = [], False
    for item in items:
        status, text = 0, "成功"
        try:
            side.sales.operate(told, item)
            side.note("refund_answered", aftersale_id=str(item.get("aftersale_id")), operation=told)
        except Refused as no:
            status, text, failed = int(no.sub_code.rpartition(":")[2]), no.text, True
        results.append({"aftersale_id": item.get("aftersale_id"), "status_code": status, "status_msg": text})
    return {"items": results}, 10001 if failed else 10000


def reject_reasons(side: Side, asked: Parameters) -> dict[str, Any]:
    """What is not shipped yet has no list of reasons."""
    sale = side.sales.by_id.get(int(asked.get("aftersale_id") or 0))
    if sale is None or not sale.line.shipped:
        return {"items": []}
    return {
        "items": [
            {"reject_reason_code": 1, "reason": "商品有破损", "evidence_need": "Y", "order_type": -1, "pkg": -1},
            {"reject_reason_code": 7, "reason": "与买家协商一致", "evidence_need": "N", "order_type": -1, "pkg": -1},
        ]
    }


def add_whole(side: Side, asked: Parameters) -> dict[str, Any]:
    order, parcel = side.shipping.whole(asked)
    _tell_shipped(side, order, parcel.company, parcel.number)
    return {}


def add_parts(side: Side, asked: Parameters) -> dict[str, Any]:
    order, parcels, again = side.shipping.parts(asked)
    for parcel in parcels:
        if not again:
            _tell_shipped(side, order, parcel.company, parcel.number)
    return {"pack_list": [{"pack_id": parcel.pack_id, "logistics_code": parcel.number} for parcel in parcels]}


def _tell_shipped(side: Side, order: Order, company: str, number: str) -> None:
    tag = "102" if order.main_status == shop.SHIPPED else "108"
    told = {"express_company_id": company, "logistics_code": number}
    side.tell(tag, order, {"update_time": seconds(order.updated), "logistics_msg": told})
    side.note("shipped", order_id=str(order.order_id), waybill=number, company=company)


METHODS: dict[str, Callable[[Side, Parameters], Any]] = {
    "/order/searchList": search,
    "/order/orderDetail": detail,
    "/order/addressConfirm": confirm_address,
    "/order/logisticsAdd": add_whole,
    "/order/logisticsAddMultiPack": add_parts,
    "/afterSale/List": sale_list,
    "/afterSale/operate": sale_operate,
    "/afterSale/rejectReasonCodeList": reject_reasons,
    "/logistics/newCreateOrder": lambda side, asked: side.waybills.create(asked),
    "/logistics/cancelOrder": lambda side, asked: side.waybills.cancel(asked),
    "/logistics/waybillApply": lambda side, asked: side.waybills.print_data(asked),
}


def _updated(one: Any) -> datetime:
    found: datetime = one.updated
    return found


def _applied(one: Any) -> datetime:
    found: datetime = one.applied
    return found


def _order(side: Side, told: Any) -> Order:
    try:
        return side.orders.find(str(told or ""))
    except ValueError:
        raise business(60033, "订单不存在") from None


def _paging(asked: Parameters) -> tuple[int, int]:
    page, size = asked.get("page"), asked.get("size")
    if not isinstance(page, int) or page < 0:
        raise bad_parameter(10035, "page 不能小于0")
    if not isinstance(size, int) or not 1 <= size <= 100:
        raise bad_parameter(20008, "size 不正确")
    if page * size >= MOST_ROWS:
        raise bad_parameter(20013, "翻页超过50000条")
    return page, size


def _muddled(side: Side, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A listing as well as Douyin does it today: rows missing, twice, or out of their order."""
    found = [row for row in rows if not side.faults.hits("drop")]
    found += [row for row in found if side.faults.hits("repeat")]
    if side.faults.hits("reorder"):
        side.faults.chance.shuffle(found)
    return found
