"""Answering what a buyer asks: another address (`/order/addressConfirm`), a refund (`/afterSale/operate`).

Sources: the official SDKs. The complete list of after-sale operations is not public: the known ones are here, and the
shop's settings win.
"""

from typing import Any

from integrations import preferences, records
from integrations.adapter import Access, AnswerWish
from integrations.errors import AlreadyDone, OutsideError, Permanent, Unsupported
from integrations.platforms.douyin import client, refunds
from integrations.platforms.douyin.reading import Row, read_order
from integrations.platforms.douyin.refusals import old_refusal

CONFIRM, OPERATE, REASONS = "/order/addressConfirm", "/afterSale/operate", "/afterSale/rejectReasonCodeList"
# Reasons against another address: 拣货, 配货, in the warehouse, out of the warehouse, 已发货.
REFUSALS = (1001, 1002, 1003, 1004, 1005)
AGREE = 0
# What a platform's "answered before" means for a wish: refused already, agreed already, withdrawn.
REFUSED_BEFORE, AGREED_BEFORE, WITHDRAWN = "50041", "50040", "50042"
SHIPPED = frozenset({"3", "5", "101"})

# `aftersale_type`:`aftersale_status` → the operation that agrees, the one that refuses. 2 is 未发货仅退款.
OPERATIONS = {
    "0:6": (101, 102),
    "0:11": (111, 112),
    "1:6": (201, 202),
    "2:6": (201, 202),
    "3:6": (301, 302),
    "3:11": (311, 312),
}
# These agree to goods that come back: the buyer must be told where to.
NEED_ADDRESS = frozenset({101, 301})
# This sends another parcel, with a waybill that the wish does not have.
NEED_WAYBILL = frozenset({311})
WAITING = frozenset({"0", "6", "11"})
AGREED = frozenset({"7", "12", "13", "14", "53"})
REFUSED = frozenset({"27", "29"})
ENDED = frozenset({"28", "51"})


def answer(access: Access, wish: AnswerWish) -> None:
    """Give the seller's answer. `AlreadyDone` where it stands so already, or the buyer withdrew."""
    if wish.kind == "address":
        _answer_address(access, wish)
    elif wish.kind == "refund":
        _answer_refund(access, wish)
    else:
        raise Unsupported(f"抖店没有这种申请的应答接口：{wish.kind}")


def _answer_address(access: Access, wish: AnswerWish) -> None:
    order_id = client.checked_id(wish.platform_order_id)
    code = AGREE if wish.accepted else _refusal_code(access, order_id)
    try:
        client.call(access, CONFIRM, {"order_id": order_id, "is_approved": code})
    except OutsideError as error:
        raise _judged(wish, error) from error


def _refusal_code(access: Access, order_id: str) -> int:
    """The reason told to the buyer: shipped where the platform knows it, else what the shop's setting says."""
    if str(read_order(access, order_id).get("order_status")) in SHIPPED:
        return REFUSALS[-1]
    return preferences.number(access.settings, "address_refusal", 1003, least=REFUSALS[0], most=REFUSALS[-1])


def _judged(wish: AnswerWish, error: OutsideError) -> OutsideError:
    """An application that is over: does it agree with the wish?"""
    if error.code == WITHDRAWN:
        return AlreadyDone("改址申请已因售后撤回", code=error.code)
    if error.code == REFUSED_BEFORE:
        kind: type[OutsideError] = Permanent if wish.accepted else AlreadyDone
        return kind("改址申请已被拒绝，或因发货被平台拒绝", code=error.code)
    if error.code == AGREED_BEFORE:
        kind = AlreadyDone if wish.accepted else Permanent
        return kind("改址申请已同意过", code=error.code)
    return error


def _answer_refund(access: Access, wish: AnswerWish) -> None:
    refund_id = client.checked_id(wish.request_id, "售后单号")
    sale = _sale(access, wish.platform_order_id, refund_id)
    _check_still_open(sale, wish)
    operation = _operation(access, sale, accepted=wish.accepted)
    item: dict[str, Any] = {"aftersale_id": refund_id}
    if sale.get("update_time"):
        # The platform refuses an answer to a version that is not the newest.
        item["update_time"] = sale["update_time"]
    if not wish.accepted:
        item |= {
            "reason": (wish.reason or "商家不同意")[:100],
            "remark": (wish.reason or "商家不同意")[:100],
            "reject_reason_code": _reject_reason(access, refund_id),
        }
    elif operation in NEED_ADDRESS:
        item["logistics"] = {"receiver_address_id": _return_address(access)}
    data = client.call(access, OPERATE, {"type": operation, "items": [item]})
    for told in records.rows(data, "items"):
        if str(told.get("aftersale_id")) == refund_id and str(told.get("status_code") or "0") != "0":
            _check_still_open(_sale(access, wish.platform_order_id, refund_id), wish)
            raise old_refusal(str(told["status_code"]), str(told.get("status_msg") or ""))


def _sale(access: Access, order_id: str, refund_id: str) -> Row:
    found = [row for row in refunds.of_order(access, order_id) if refunds.id_of(row) == refund_id]
    if not found:
        raise Permanent("平台没有这张售后单", code="no_refund")
    return refunds.sale_in(found[0])


def _check_still_open(sale: Row, wish: AnswerWish) -> None:
    """Raise where there is nothing left to answer: `AlreadyDone` if it agrees with the wish, else `Permanent`."""
    status = str(sale.get("aftersale_status"))
    if status in ENDED:
        raise AlreadyDone("买家已撤销售后申请", code=f"status_{status}")
    if status in (AGREED if wish.accepted else REFUSED):
        raise AlreadyDone("售后单已是这个结果", code=f"status_{status}")
    if status not in WAITING:
        raise Permanent(f"售后单的状态（{status}）不能再这样答复", code=f"status_{status}")


def _operation(access: Access, sale: Row, *, accepted: bool) -> int:
    name = f"{sale.get('aftersale_type')}:{sale.get('aftersale_status')}"
    told = preferences.table(access.settings, "refund_operations").get(f"{name}:{'agree' if accepted else 'refuse'}")
    if told is not None and str(told).isascii() and str(told).isdigit():
        found = int(str(told))
    elif name in OPERATIONS:
        found = OPERATIONS[name][0 if accepted else 1]
    else:
        raise Permanent(f"这种售后（{name}）请在抖店后台处理，或设置 refund_operations", code="refund_operation")
    if found in NEED_WAYBILL:
        raise Permanent("换货需要填写新的运单号，请在抖店后台处理", code="exchange_waybill")
    return found


def _return_address(access: Access) -> int:
    told = str(access.settings.get("return_address_id") or "")
    if not (told.isascii() and told.isdigit()):
        raise Permanent("同意退货前请设置退货地址编号（return_address_id）", code="return_address")
    return int(told)


def _reject_reason(access: Access, refund_id: str) -> int:
    """A reason that needs no pictures: the setting's, else the first that the platform allows here.

    Before shipping the platform lists none: then the setting is needed.
    """
    told = str(access.settings.get("reject_reason_code") or "")
    if told.isascii() and told.isdigit():
        return int(told)
    for row in records.rows(client.call(access, REASONS, {"aftersale_id": int(refund_id)}), "items"):
        code = str(row.get("reject_reason_code") or "")
        if str(row.get("evidence_need") or "N").upper() != "Y" and code.isascii() and code.isdigit():
            return int(code)
    raise Permanent("平台没有给出不需凭证的拒绝理由，请在抖店后台拒绝，或设置 reject_reason_code", code="reject_reason")
