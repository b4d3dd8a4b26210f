"""A hold's evidence in words: both print attempts side by side, everything else as name and value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

ATTEMPTS: dict[str, Any] = {"first": _("第一次"), "second": _("第二次")}
NAMES: dict[str, Any] = {
    "waybill": _("运单号"),
    "who": _("谁"),
    "where": _("在哪里"),
    "at": _("时间"),
    "refund": _("退款编号"),
    "refund_id": _("退款编号"),
    "kind": _("类型"),
    "amount": _("金额"),
    "skus": _("商家编码"),
    "sku": _("商家编码"),
    "system": _("系统"),
    "systems": _("系统"),
    "status": _("状态"),
    "carrier": _("快递"),
    "label": _("面单"),
    "parcel": _("包裹"),
    "old": _("原来"),
    "new": _("现在"),
    "needs": _("未满足的条件"),
    "reasons": _("原因"),
    "order": _("订单"),
    "orders": _("订单"),
    "until": _("到"),
    "breach": _("违反的规则"),
}


@dataclass(frozen=True)
class Evidence:
    attempts: tuple[tuple[str, Mapping[str, Any]], ...]
    others: tuple[tuple[str, str], ...]


def readable(evidence: Mapping[str, Any]) -> Evidence:
    attempts = tuple(
        (str(label), evidence[name])
        for name, label in ATTEMPTS.items()
        if isinstance(evidence.get(name), Mapping) and evidence[name]
    )
    others = tuple(
        (str(NAMES.get(name, name)), _flat(value))
        for name, value in evidence.items()
        if name not in ATTEMPTS and value not in (None, "", [], {})
    )
    return Evidence(attempts, others)


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "，".join(f"{NAMES.get(name, name)} {_flat(part)}" for name, part in value.items())
    return "、".join(map(_flat, value)) if isinstance(value, list | tuple) else str(value)
