"""Taobao's refunds in the tower's words. Pure.

Sources: TOP metadata of `taobao.refund.get`, `taobao.refunds.receive.get` and `taobao.trade.fullinfo.get`. A status
that stands in no table counts as open: it stops, which can do no harm.

A sub-order mentions its refund: status and number, no more. The refund's own words say kind, sum, times and deadline.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.doubts import Doubts
from integrations.errors import Unreadable
from integrations.platforms.taobao import fields
from integrations.records import money, time, written
from orders.vocabulary import RefundSnapshot, unnumbered

# Status → (the kind that this step gives away, status).
STATUSES = {
    "WAIT_SELLER_AGREE": ("refund_only", "open"),
    "WAIT_BUYER_RETURN_GOODS": ("return_refund", "open"),
    "WAIT_SELLER_CONFIRM_GOODS": ("return_refund", "open"),
    "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS": ("exchange", "open"),
    "WAIT_SELLER_CONSIGN_GOODS": ("exchange", "open"),
    "EXCHANGE_TRANSFORM_TO_REFUND": ("return_refund", "open"),
    "SELLER_REFUSE_BUYER": ("refund_only", "refused"),
    "CLOSED": ("refund_only", "withdrawn"),
    "SUCCESS": ("refund_only", "done"),
}
# How a sub-order without refund is written is not documented: absent, empty and this literal have been seen.
NO_REFUND = frozenset({"", "NO_REFUND"})
# `dispute_type` of the refund itself.
KINDS = {
    "REFUND": "refund_only",
    "REFUND_AND_RETURN": "return_refund",
    "TMALL_EXCHANGE": "exchange",
    "TAOBAO_EXCHANGE": "exchange",
    # 维修: the goods go back and come again, as in an exchange.
    "REPAIR": "exchange",
    "RESHIPPING": "reship",
    "OTHERS": "refund_only",
}
STATUS, DISPUTE = "退款状态", "售后类型"
UNKNOWN = ("refund_only", "open")


def mentioned(row: Mapping[str, Any], modified: datetime, doubts: Doubts) -> RefundSnapshot | None:
    """The refund of a sub-order; its time is the trade's, because the sub-order gives none of its own."""
    platform_status = written(row, "refund_status")
    if platform_status in NO_REFUND:
        return None
    kind, status = doubts.meaning(STATUSES, platform_status, STATUS, UNKNOWN)
    line_id = fields.identity(row, "oid_str", "oid")
    return RefundSnapshot(
        refund_id=written(row, "refund_id") or unnumbered(line_id),
        platform_line_id=line_id,
        kind=kind,
        status=status,
        updated_at=modified,
        in_passing=True,
    )


def refund(row: Mapping[str, Any], doubts: Doubts) -> tuple[str, RefundSnapshot]:
    """What `taobao.refund.get` says: the trade that it is about, and the refund."""
    platform_status = written(row, "status")
    if not platform_status:
        raise Unreadable("退款单没有状态")
    usual, status = doubts.meaning(STATUSES, platform_status, STATUS, UNKNOWN)
    created = time(row, "created")
    updated = time(row, "modified") or _version(row) or created
    if updated is None:
        raise Unreadable("退款单没有时间")
    line = written(row, "oid")
    return fields.identity(row, "tid"), RefundSnapshot(
        refund_id=fields.identity(row, "refund_id"),
        platform_line_id=fields.identity(row, "oid") if line not in ("", "0") else "",
        kind=_kind(row, usual, doubts),
        status=status,
        requested_at=created,
        updated_at=updated,
        amount=_amount(row),
        answer_by=_answer_by(row) if status == "open" else None,
    )


def _kind(row: Mapping[str, Any], usual: str, doubts: Doubts) -> str:
    """By the type of the dispute; without one by whether goods come back, else by the step."""
    told = written(row, "dispute_type")
    if told:
        return doubts.meaning(KINDS, told, DISPUTE, usual)
    return "return_refund" if row.get("has_good_return") in (True, "true") else usual


def _amount(row: Mapping[str, Any]) -> Decimal | None:
    return money(row, "refund_fee") if written(row, "refund_fee") else None


def _version(row: Mapping[str, Any]) -> datetime | None:
    """`refund_version` is the time of the change in milliseconds."""
    told = written(row, "refund_version")
    if not (told.isascii() and told.isdigit() and len(told) == 13):
        return None
    return datetime.fromtimestamp(int(told) // 1000, tz=UTC)


def _answer_by(row: Mapping[str, Any]) -> datetime | None:
    """`refund_remind_timeout`: until when the platform waits, where it says that it does."""
    told = row.get("refund_remind_timeout")
    if not isinstance(told, Mapping) or told.get("exist_timeout") in (False, "false"):
        return None
    return fields.time_if_told(told, "timeout")
