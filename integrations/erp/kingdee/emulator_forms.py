"""The forms of the emulated K3 Cloud, with the fields that its queries and saves know."""

from collections.abc import Mapping
from dataclasses import dataclass

SALE, OUT, TRANSFER, INVENTORY = "SAL_SaleOrder", "SAL_OUTSTOCK", "STK_TransferDirect", "STK_Inventory"
STATUS_HEADS = ("FDocumentStatus", "FCancelStatus", "FCreateDate", "FModifyDate", "FApproveDate", "FCancelDate")


@dataclass(frozen=True)
class Form:
    """One business object: its own head fields and row fields, and which of them are base data."""

    rows: str
    prefix: str
    heads: tuple[str, ...]
    cells: tuple[str, ...]
    required: tuple[str, ...] = ()
    # View shows rows under this property name.
    property: str = ""


FORMS: Mapping[str, Form] = {
    SALE: Form(
        "FSaleOrderEntry",
        "XSDD",
        (
            *STATUS_HEADS,
            *("FBillTypeID", "FDate", "FSaleOrgId", "FCustId", "FNetOrderBillNo", "FNote", "FCloseStatus"),
        ),
        (
            *("FMaterialId", "FQty", "FPrice", "FStockOutQty", "FRemainOutQty", "FCanOutQty"),
            *("FMrpCloseStatus", "FMrpTerminateStatus", "FMrpFreezeStatus"),
        ),
        required=("FCustId",),
        property="SaleOrderEntry",
    ),
    OUT: Form(
        "FEntity",
        "XSCK",
        (
            *STATUS_HEADS,
            *("FBillTypeID", "FDate", "FSaleOrgId", "FStockOrgId", "FCustomerID", "FCarrierID", "FCarriageNO", "FNote"),
        ),
        ("FMaterialID", "FMustQty", "FRealQty", "FStockID", "FSoorDerno", "FSrcBillNo", "FSOEntryId"),
        required=("FCustomerID",),
        property="SAL_OUTSTOCKENTRY",
    ),
    TRANSFER: Form(
        "FBillEntry",
        "ZJDB",
        (
            *STATUS_HEADS,
            *("FBillTypeID", "FDate", "FBizType", "FTransferDirect", "FTransferBizType", "FStockOutOrgId"),
            *("FStockOrgId", "FOwnerTypeIdHead", "FOwnerTypeOutIdHead", "FNote"),
        ),
        (
            *("FRowType", "FMaterialId", "FQty", "FSrcStockId", "FDestStockId", "FSrcStockStatusId"),
            *("FDestStockStatusId", "FOwnerTypeOutId", "FOwnerOutId", "FOwnerTypeId", "FOwnerId", "FLot"),
        ),
        required=("FStockOutOrgId", "FStockOrgId"),
        property="TransferDirectEntry",
    ),
    INVENTORY: Form(
        "",
        "",
        (),
        ("FMaterialId", "FStockId", "FStockStatusId", "FLot", "FStockOrgId", "FBaseQty"),
    ),
}
