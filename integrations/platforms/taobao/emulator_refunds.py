"""The emulated refunds (退款单), as their list and their detail show them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.platforms.taobao.emulator_gateway import written

if TYPE_CHECKING:
    from integrations.platforms.taobao.emulator_trades import SubOrder, Trade

ANSWER_WITHIN = timedelta(hours=48)
WAITING = "WAIT_SELLER_AGREE"
RETURNS = frozenset({"REFUND_AND_RETURN", "TMALL_EXCHANGE", "TAOBAO_EXCHANGE", "REPAIR"})
# What the list knows; only the detail knows the rest.
LISTED = frozenset(
    (
        *("refund_id", "tid", "oid", "status", "refund_fee", "payment", "total_fee", "created", "modified"),
        *("order_status", "good_status", "has_good_return", "reason", "sid", "refund_phase"),
    )
)


@dataclass
class Refund:
    refund_id: str
    trade: "Trade"
    line: "SubOrder"
    status: str
    created: datetime
    modified: datetime
    phase: str
    dispute_type: str = "REFUND"
    fee: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        return self.line.total if self.fee is None else self.fee

    def listed(self) -> dict[str, Any]:
        return {name: value for name, value in self.shown().items() if name in LISTED}

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "refund_id": self.refund_id,
            "tid": self.trade.tid,
            "oid": self.line.oid,
            "status": self.status,
            "refund_fee": f"{self.amount:.2f}",
            "payment": f"{self.line.total - self.amount:.2f}",
            "total_fee": f"{self.line.total:.2f}",
            "order_status": self.line.status,
            "good_status": "BUYER_RECEIVED" if self.phase == "aftersale" else "BUYER_NOT_RECEIVED",
            "has_good_return": self.dispute_type in RETURNS,
            "refund_phase": self.phase,
            "dispute_type": self.dispute_type,
            "refund_version": int(self.modified.timestamp() * 1000),
            "reason": "多拍/错拍/不想要",
            "operation_contraint": "null",
            "created": written(self.created),
            "modified": written(self.modified),
        }
        if self.status == WAITING:
            until = written(self.modified + ANSWER_WITHIN)
            shown["refund_remind_timeout"] = {"exist_timeout": True, "remind_type": 1, "timeout": until}
        return shown
