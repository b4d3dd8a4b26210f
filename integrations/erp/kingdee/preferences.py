"""What a connection's settings say, read in one place: names of forms and fields differ from tenant to tenant."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.adapter import Access
from integrations.preferences import choice, table, text, words

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
        return text(access.settings, name, default)

    return Names(
        platform=told("platform_order_field", "FNetOrderBillNo"),
        tower=told("tower_order_field", ""),
        sale_rows=told("sale_entry", "FSaleOrderEntry"),
        sale_times=tuple(words(told("sale_times", TIMES))),
        created=told("created_field", "FCreateDate"),
        out_rows=told("out_stock_entry", "FEntity"),
        out_times=tuple(words(told("out_stock_times", TIMES))),
        out_sale_order=told("out_stock_sale_order", "FSoorDerno"),
        out_platform=told("out_stock_order_field", ""),
        out_carrier=told("out_stock_carrier", "FCarrierID.FNumber"),
        out_waybill=told("out_stock_waybill", "FCarriageNO"),
    )


def meanings(access: Access) -> dict[str, str]:
    """What an audited order, an audited out-stock bill and an order closed without goods say of the parcel."""
    return {
        "order": choice(access.settings, "audited_order_means", ("other", "accepted")),
        "out_stock": choice(access.settings, "audited_out_stock_means", ("shipped", "accepted")),
        "closed": choice(access.settings, "closed_order_means", ("other", "cancelled")),
    }


def texts(access: Access, name: str, default: Mapping[str, str] | None = None) -> dict[str, str]:
    """A setting that is an object of texts, laid over the default."""
    told = table(access.settings, name)
    return {**(default or {}), **{key: str(word or "") for key, word in told.items()}}
