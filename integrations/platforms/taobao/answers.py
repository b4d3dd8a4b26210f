"""Answering a refund before shipping (AG 取消发货): were the goods stopped in time, or not?

Source: TOP metadata of `taobao.rdc.aligenius.sendgoods.cancel`, the one answer that a system may give by itself.
Agreeing (`taobao.rp.refunds.agree`) wants a code from the seller's telephone; refusing (`taobao.refund.refuse`) is not
possible before shipping; both are a person's, on the platform's pages. Buyers' questions about addresses and stops are
answered in the reply (`webhook.py`) and never later.
"""

from collections.abc import Mapping
from typing import Any

from integrations.adapter import Access, AnswerWish
from integrations.errors import AlreadyDone, Permanent, Unsupported
from integrations.platforms.taobao import client, refunds
from integrations.windows import beijing_text
from orders.vocabulary import yuan

STOPPED, NOT_STOPPED = "SUCCESS", "FAIL"
WAITING = "WAIT_SELLER_AGREE"
ENDED = {"SUCCESS": "退款已完成", "CLOSED": "买家已撤销退款"}
BEFORE_SHIPPING = "onsale"


def answer(access: Access, wish: AnswerWish) -> None:
    """Say that shipping was stopped (yes) or that it was too late (no). `AlreadyDone` where the refund has ended."""
    if wish.kind != "refund":
        raise Unsupported("淘宝的改址和拦截询问只能在回复里答复，请在千牛处理", code="answered_in_reply")
    found = refunds.read(access, wish.request_id)
    if str(found.get("tid") or "") != wish.platform_order_id:
        raise Permanent("退款单不属于这个订单", code="no_refund")
    status = str(found.get("status") or "")
    if status in ENDED:
        raise AlreadyDone(ENDED[status], code=status)
    if status != WAITING or found.get("refund_phase") != BEFORE_SHIPPING:
        raise Permanent("只有发货前的退款可以这样答复，请在千牛处理", code=f"status_{status}")
    result = client.call(access, "taobao.rdc.aligenius.sendgoods.cancel", {"param": _words(access, wish, found)})
    said = result.get("result")
    if not isinstance(said, Mapping) or str(said.get("success")).lower() != "true":
        told = said if isinstance(said, Mapping) else {}
        text = str(told.get("error_info") or "平台没有接受取消发货的答复")
        raise Permanent(text, code=str(told.get("error_code") or "sendgoods_cancel"))


def _words(access: Access, wish: AnswerWish, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refund_id": int(wish.request_id),
        "tid": int(wish.platform_order_id),
        "oid": int(str(found.get("oid") or wish.platform_order_id)),
        "status": STOPPED if wish.accepted else NOT_STOPPED,
        # In fen, unlike everything else here.
        "refund_fee": int(yuan(str(found.get("refund_fee") or "0")) * 100),
        "operate_time": beijing_text(access.now),
        "msg": (wish.reason or ("已取消发货" if wish.accepted else "已发货，无法取消"))[:200],
    }
