"""Refund applications (退款审核单): reading them, and answering them.

Source: JD's field notes for `jingdong.pop.afs.soa.refundapply.queryPageList` and `.replyRefund`. An application locks
its order; it is for the whole order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations import preferences, records
from integrations.adapter import Access, AnswerWish, Message
from integrations.bodies import canonical, digest, once
from integrations.errors import AlreadyDone, ConnectionAtFault, Permanent, Temporary, Unauthorised, Unsupported
from integrations.platforms.jd import carriers, client
from integrations.platforms.jd.reading import Page, all_rows, checked_id, read
from integrations.platforms.jd.refusals import ANSWERED_ALREADY, business_refusal
from integrations.preferences import WrongSetting
from integrations.windows import beijing_text

LIST, REPLY = "jingdong.pop.afs.soa.refundapply.queryPageList", "jingdong.pop.afs.soa.refundapply.replyRefund"
# JD allows 50 rows a page.
PAGE_SIZE = 50
# No seller and no JD will move these on.
SETTLED = frozenset({"2", "3", "4", "9", "11"})
AGREED = frozenset({"1", "3", "5", "6", "7", "8", "9"})
REFUSED = frozenset({"2", "4"})
WITHDRAWN = "11"
# What `replyRefund` takes.
AGREE, REFUSE, STOP_AND_REFUND, FOLLOW_UP = 1, 2, 6, 10
SHIPPED = frozenset(
    {"WAIT_GOODS_RECEIVE_CONFIRM", "SEND_TO_DISTRIBUTION_CENER", "DISTRIBUTION_CENTER_RECEIVED", "RECEIPTS_CONFIRM"}
)
FINISHED = "FINISHED_L"
LEFT, NOT_LEFT = 1, 2


def listed(access: Access, *, page: int = 1, **asked: Any) -> Page:
    """One page of the applications asked for: by `applyTimeStart`/`End`, `checkTimeStart`/`End`, `ids` or `orderId`."""
    parameters = {**asked, "pageIndex": page, "pageSize": PAGE_SIZE}
    result = client.part(client.call(access, LIST, parameters), "queryResult")
    if "success" in result and not client.succeeded(result):
        raise business_refusal(str(result.get("errorCode") or ""), str(result.get("errorMsg") or ""))
    rows = [_row(row) for row in records.rows(result, "result")]
    return Page(rows, client.total(result, "totalCount") if "totalCount" in result else len(rows))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """An older form of the answer wraps each application once more."""
    inner = row.get("refundApplyVo")
    return inner if isinstance(inner, dict) else row


def between(access: Access, kind: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Every application whose `kind` (apply, check) falls into [since, until]."""
    asked: dict[str, Any] = {
        f"{kind}TimeStart": beijing_text(since),
        f"{kind}TimeEnd": beijing_text(until),
    }
    first = listed(access, **asked)
    return all_rows(lambda page: listed(access, page=page, **asked), PAGE_SIZE, first)


def of_order(access: Access, order_id: str) -> list[dict[str, Any]]:
    return listed(access, orderId=checked_id(order_id)).rows


def by_ids(access: Access, ids: Sequence[str]) -> list[dict[str, Any]]:
    """At most a page of applications by their numbers."""
    return listed(access, ids=",".join(ids[:PAGE_SIZE])).rows if ids else []


def status_of(row: Mapping[str, Any]) -> str:
    return str(row.get("status"))


def is_settled(row: Mapping[str, Any]) -> bool:
    return status_of(row) in SETTLED


def refund_message(access: Access, row: Mapping[str, Any]) -> Message:
    """An application as it is kept, with the unit in which this shop is told sums."""
    unit = str(access.settings.get("refund_unit") or "fen")
    if unit not in ("fen", "yuan"):
        raise WrongSetting("refund_unit", "只能是 fen 或 yuan")
    body = canonical({"refund": row, "unit": unit})
    return Message(
        kind="refund", key=f"refund:{row.get('id', '')}:{status_of(row)}:{digest(body, 12)}"[:150], body=body
    )


# Answering --------------------------------------------------------------------------------------------------------


def answer(access: Access, wish: AnswerWish) -> None:
    """Agree to or refuse an application. `AlreadyDone` where it stands so already, or the buyer withdrew it.

    `wish.request_id` is the application, or `lock:…` for whatever the locked order has open.
    """
    if wish.kind == "address":
        raise Unsupported("京东没有买家改址的应答接口")
    row = _application(access, wish)
    _check_still_open(row, wish)
    order = read(access, wish.platform_order_id, fields="orderId,orderState,logisticsId")
    words = _reply(access, wish, row, order)
    if str(words["status"]) == status_of(row):
        raise AlreadyDone("退款单已是这个审核结果", code=status_of(row))
    try:
        result = client.part(client.call(access, REPLY, words), "replyResult")
        if not client.succeeded(result):
            raise business_refusal(str(result.get("errorCode") or ""), str(result.get("errorMsg") or ""))
    except (Temporary, Unauthorised, ConnectionAtFault):
        raise
    except Permanent as error:
        # Somebody may have answered by hand a moment ago.
        if ANSWERED_ALREADY in str(error):
            _check_still_open(_application(access, wish), wish)
        raise


def _application(access: Access, wish: AnswerWish) -> dict[str, Any]:
    if wish.request_id.startswith("lock:"):
        found = of_order(access, wish.platform_order_id)
        found = [row for row in found if not is_settled(row)] or found
    else:
        found = by_ids(access, [checked_id(wish.request_id)])
    mine = [row for row in found if str(row.get("orderId")) == wish.platform_order_id]
    if not mine:
        raise Permanent("京东没有这张退款单", code="no_refund")
    return max(mine, key=lambda row: str(row.get("applyTime") or ""))


def _check_still_open(row: Mapping[str, Any], wish: AnswerWish) -> None:
    """Raise where there is nothing left to answer: `AlreadyDone` if it agrees with the wish, else `Permanent`."""
    status = status_of(row)
    if status == WITHDRAWN:
        raise AlreadyDone("买家已撤销退款申请", code=status)
    if status in (AGREED if wish.accepted else REFUSED):
        raise AlreadyDone("退款单已是这个审核结果", code=status)
    if status in AGREED | REFUSED:
        raise Permanent(f"退款单已被审核为{'不通过' if wish.accepted else '通过'}，不能再改", code=f"status_{status}")


def _reply(access: Access, wish: AnswerWish, row: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, int | str]:
    """The words for a yes or a no. Goods that have left are not simply refunded: JD's own courier is asked to stop
    the parcel, another courier's parcel is to be followed up."""
    state = str(order.get("orderState") or "")
    left = state in SHIPPED or state == FINISHED
    words: dict[str, int | str] = {
        "id": int(str(row["id"])),
        "checkUserName": str(access.settings.get("refund_checker") or "订单指挥塔"),
        "remark": (wish.reason or ("同意退款" if wish.accepted else "不同意退款"))[:200],
        "outWareStatus": LEFT if left else NOT_LEFT,
    }
    if not wish.accepted:
        other = preferences.number(access.settings, "reject_type", 5, most=5)
        return words | {"status": REFUSE, "rejectType": 2 if state == FINISHED else 1 if left else other}
    if not left:
        return words | {"status": AGREE}
    by_jd = str(order.get("logisticsId") or "") == carriers.JD_COURIER
    return words | {"status": STOP_AND_REFUND if by_jd else FOLLOW_UP}


def collected(access: Access, rows: Sequence[Mapping[str, Any]]) -> list[Message]:
    """The applications as messages, each once."""
    return once(refund_message(access, row) for row in rows)
