"""What a connection's settings say, read in one place: names of forms and fields differ from tenant to tenant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.adapter import Access
from integrations.erp.kingdee.refusals import ConnectionAtFault

SALE_ORDER, OUT_STOCK = "SAL_SaleOrder", "SAL_OUTSTOCK"
TIMES = "FModifyDate,FApproveDate,FCancelDate"
# What is written where when a parcel is told of; an empty name is not written.
TELL_FIELDS: Mapping[str, str] = {
    "status": "F_HUB_Status",
    "packed": "F_HUB_PackedAt",
    "shipped": "F_HUB_ShippedAt",
    "picked_up": "F_HUB_PickedUpAt",
    "signed": "F_HUB_SignedAt",
    "warehouse": "F_HUB_Warehouse",
    "waybill": "F_HUB_Waybill",
}
TELL_WORDS: Mapping[str, str] = {"packed": "已打包", "shipped": "已出库", "picked_up": "已揽收", "signed": "已签收"}
NOTE_TEXT = "【指挥塔】包裹{parcel}已于{at}出库，运单{waybill}，请勿重推"


@dataclass(frozen=True)
class Names:
    """How this tenant's forms and fields are called."""

    platform: str
    tower: str
    sale_rows: str
    sale_times: tuple[str, ...]
    created: str
    out_rows: str
    out_times: tuple[str, ...]
    out_sale_order: str
    out_platform: str
    out_carrier: str
    out_waybill: str


def names(access: Access) -> Names:
    def told(name: str, default: str) -> str:
        return text(access, name, default)

    return Names(
        platform=told("platform_order_field", "FNetOrderBillNo"),
        tower=told("tower_order_field", ""),
        sale_rows=told("sale_entry", "FSaleOrderEntry"),
        sale_times=listed(told("sale_times", TIMES)),
        created=told("created_field", "FCreateDate"),
        out_rows=told("out_stock_entry", "FEntity"),
        out_times=listed(told("out_stock_times", TIMES)),
        out_sale_order=told("out_stock_sale_order", "FSoorDerno"),
        out_platform=told("out_stock_order_field", ""),
        out_carrier=told("out_stock_carrier", "FCarrierID.FNumber"),
        out_waybill=told("out_stock_waybill", "FCarriageNO"),
    )


def meanings(access: Access) -> dict[str, str]:
    """What an audited order, an audited out-stock bill and an order closed without goods say of the parcel."""
    return {
        "order": choice(access, "audited_order_means", ("other", "accepted")),
        "out_stock": choice(access, "audited_out_stock_means", ("shipped", "accepted")),
        "closed": choice(access, "closed_order_means", ("other", "cancelled")),
    }


def text(access: Access, name: str, default: str = "") -> str:
    """A setting as text. One that was left empty on purpose stays empty only where its default is empty."""
    return str(access.settings.get(name) or default).strip()


def listed(value: str) -> tuple[str, ...]:
    return tuple(one for word in value.split(",") if (one := word.strip()))


def choice(access: Access, name: str, allowed: tuple[str, ...]) -> str:
    """A setting that is one of a few words; the first is the default."""
    found = text(access, name, allowed[0])
    if found not in allowed:
        raise ConnectionAtFault(f"设置 {name} 只能是 {'、'.join(allowed)}", code="settings")
    return found


def number(access: Access, name: str, default: int, *, least: int = 1, most: int) -> int:
    """A setting that is a whole number, kept within its limits."""
    told = access.settings.get(name)
    try:
        wanted = int(default if told in (None, "") else told)
    except (TypeError, ValueError) as error:
        raise ConnectionAtFault(f"设置 {name} 不是整数", code="settings") from error
    return min(max(wanted, least), most)


def table(access: Access, name: str, default: Mapping[str, str] | None = None) -> dict[str, str]:
    """A setting that is an object of texts, given as such or as JSON text, laid over the default."""
    value = access.settings.get(name) or {}
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ConnectionAtFault(f"设置 {name} 不是 JSON", code="settings") from error
    if not isinstance(found, Mapping):
        raise ConnectionAtFault(f"设置 {name} 不是 JSON 对象", code="settings")
    return {**(default or {}), **{str(key): str(word or "") for key, word in found.items()}}


def first_secret(access: Access, name: str) -> str:
    """A secret; where two live side by side while one is replaced, the first."""
    value: Any = access.secrets.get(name)
    found = value if isinstance(value, list | tuple) else [value]
    return next((str(secret) for secret in found if secret), "")
