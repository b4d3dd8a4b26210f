"""Reading orders: the calls that list them, and how a row is kept.

Sources: JD's field notes for `jingdong.pop.order.search` (windows of at most a month; pages of at most 100; at most 300
pages, which is why windows are halved), `.get` and `.notPayOrderInfo`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations import bodies, preferences, records
from integrations.adapter import Access, Message
from integrations.errors import Permanent, Temporary
from integrations.platforms.jd import client
from integrations.preferences import WrongSetting
from integrations.windows import beijing_text
from orders.vocabulary import FLAGS

SEARCH, GET = "jingdong.pop.order.search", "jingdong.pop.order.get"
UNPAID = "jingdong.pop.order.notPayOrderInfo"
# `optional_fields` is mandatory, and only what it names comes.
FIELDS = (
    "orderId,parentOrderId,directParentOrderId,venderId,orderState,orderStateRemark,orderType,orderSource,payType",
    "deliveryType,orderTotalPrice,orderSellerPrice,orderPayment,shouldPay,actualPay,freightPrice,sellerDiscount",
    "balanceUsed,orderRemark,venderRemark,orderStartTime,paymentConfirmTime,orderEndTime,modified,consigneeInfo",
    "itemInfoList,couponDetailList,invoiceInfo,logisticsId,waybill,storeOrder,idSopShipmenttype,returnOrder,pin",
    "open_id_buyer,xid_buyer",
)
STATES = (
    "WAIT_SELLER_STOCK_OUT,WAIT_GOODS_RECEIVE_CONFIRM,WAIT_SELLER_DELIVERY,PAUSE,FINISHED_L,TRADE_CANCELED,LOCKED,"
    "POP_ORDER_PAUSE"
)
NOT_SHIPPED = "WAIT_SELLER_STOCK_OUT,WAIT_SELLER_DELIVERY,PAUSE,LOCKED,POP_ORDER_PAUSE"
BY_MODIFIED, BY_CREATED = 0, 1


@dataclass(frozen=True)
class Page:
    rows: list[dict[str, Any]]
    total: int


def page_size(access: Access) -> int:
    return preferences.number(access.settings, "page_size", 50, most=100)


def search(
    access: Access,
    since: datetime,
    until: datetime,
    *,
    page: int,
    date_type: int = BY_MODIFIED,
    states: str = "",
    fields: str = "",
) -> Page:
    """One page of the orders changed (or placed) in [since, until], the oldest first."""
    parameters = {
        "start_date": beijing_text(since),
        "end_date": beijing_text(until),
        "order_state": states or str(access.settings.get("order_states") or STATES),
        "optional_fields": fields or wanted_fields(access),
        "page": str(page),
        "page_size": str(page_size(access)),
        "sortType": 0,
        "dateType": date_type,
    }
    result = client.part(client.call(access, SEARCH, parameters), "searchorderinfo_result")
    client.check_api_result(result)
    return Page(records.rows(result, "orderInfoList"), client.total(result, "orderTotal"))


def wanted_fields(access: Access) -> str:
    extra = str(access.settings.get("extra_fields") or "").strip(", ")
    return ",".join((*FIELDS, extra) if extra else FIELDS)


def unpaid(access: Access, since: datetime, until: datetime, *, page: int) -> Page:
    """One page of the orders that wait for payment. How JD writes a row is not published: objects, or their text."""
    parameters = {
        "startDate": beijing_text(since),
        "endDate": beijing_text(until),
        "page": page,
        "pageSize": page_size(access),
    }
    listed = client.part(client.call(access, UNPAID, parameters), "paginatedInfo")
    rows = [_row(row) for row in listed.get("pageList") or []]
    return Page([{"orderState": "NOT_PAY", **row} for row in rows], client.total(listed, "totalItem"))


def _row(row: Any) -> dict[str, Any]:
    if isinstance(row, str):
        row = bodies.answer(row, "京东的未付款订单")
    if not isinstance(row, dict):
        raise Temporary("京东的未付款订单不是对象", code="unreadable_answer")
    return row


def read(access: Access, order_id: str, *, fields: str = "") -> dict[str, Any]:
    """One order as it stands now."""
    parameters = {"order_id": checked_id(order_id), "optional_fields": fields or wanted_fields(access)}
    detail = client.part(client.call(access, GET, parameters), "orderDetailInfo")
    client.check_api_result(detail)
    row = detail.get("orderInfo")
    if not isinstance(row, dict):
        raise Permanent("京东没有返回该订单", code="no_order")
    return row


def checked_id(order_id: str) -> str:
    """An order's or application's number, before it is sent."""
    if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= 32):
        raise Permanent(f"不是京东编号：{order_id!r}", code="order_id")
    return order_id


def all_rows(read_page: Callable[[int], Page], size: int, first: Page) -> list[dict[str, Any]]:
    """Every row of a list whose first page was read, from the last page to the first.

    A row that changes while we page leaves the list and moves all behind it up by one: backwards, rows then repeat;
    forwards, they would be missed.
    """
    pages = max(1, -(-first.total // size))
    if pages == 1:
        return first.rows
    found: list[dict[str, Any]] = []
    for page in range(pages, 0, -1):
        found += read_page(page).rows
    return found


# Keeping ----------------------------------------------------------------------------------------------------------


def order_message(row: Mapping[str, Any], **remarks: Any) -> Message:
    """An order as it is kept: JD's row and our remarks. The key changes with the content."""
    kept = {"order": row, "tower": {name: value for name, value in remarks.items() if value}}
    body = bodies.canonical(kept)
    key = f"order:{row.get('orderId', '')}:{row.get('modified', '')}:{bodies.digest(body, 12)}"
    return Message(kind="order", key=key[:150], body=body)


def flags_of(access: Access, row: Mapping[str, Any]) -> list[str]:
    """The flags that the connection's `flag_fields` give: `{"field": {"value": "flag"}}`. A field may hold several
    values, as a list or separated by commas."""
    found = set()
    for name, meanings in preferences.table(access.settings, "flag_fields").items():
        if not isinstance(meanings, Mapping) or not FLAGS.issuperset(map(str, meanings.values())):
            raise WrongSetting("flag_fields", f"的 {name} 不对")
        found |= {str(meanings[value]) for value in _values(row.get(name)) if value in meanings}
    return sorted(found)


def _values(told: Any) -> Iterable[str]:
    parts = told if isinstance(told, list) else str("" if told is None else told).split(",")
    return [str(part).strip() for part in parts]
