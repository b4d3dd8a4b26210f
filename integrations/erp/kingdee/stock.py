"""Stock as K3 Cloud books it, and direct transfers between its warehouses (直接调拨单).

`transfer` may be repeated: the caller's own bill number is looked up first, and the work goes on from where that bill
stands. Source: field lists of the WebAPI manual; what differs between tenants is a setting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.adapter import Access
from integrations.erp.kingdee import bills, lanes
from integrations.erp.kingdee.bills import YES, Row, word
from integrations.erp.kingdee.refusals import SessionLost
from integrations.errors import Permanent, Temporary
from integrations.preferences import text

INVENTORY, TRANSFER = "STK_Inventory", "STK_TransferDirect"
# 可用
USABLE = "KCZT01_SYS"


@dataclass(frozen=True, kw_only=True)
class StockLine:
    """What the books say of one material in one warehouse, by stock status and lot."""

    material: str
    name: str
    warehouse: str
    status: str
    lot: str
    quantity: Decimal


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    material: str
    quantity: Decimal
    source: str
    target: str
    lot: str = ""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A wish to move goods. `number` is the tower's own and becomes the bill's, so that it is made once."""

    number: str
    day: date
    rows: tuple[TransferRow, ...]
    note: str = ""
    # Stock organisations; empty: the connection's.
    source_organisation: str = ""
    target_organisation: str = ""


@dataclass(frozen=True, kw_only=True)
class TransferBill:
    """The bill as it stands there. `status` is FDocumentStatus; C is audited, which is when the stock has moved."""

    number: str
    status: str
    cancelled: bool
    rows: tuple[TransferRow, ...]


def inventory(access: Access, *, materials: Sequence[str] = (), warehouses: Sequence[str] = ()) -> list[StockLine]:
    """Stock by material, warehouse, status and lot; of everything where nothing is named.

    A user whose data rights are narrow gets fewer rows and no error.
    """
    quantity = text(access.settings, "stock_quantity_field", "FBaseQty")
    fields = (
        *("FMaterialId.FNumber", "FMaterialId.FName", "FStockId.FNumber"),
        *("FStockStatusId.FNumber", "FLot.FNumber", quantity),
    )
    place = f" and {bills.among('FStockId.FNumber', warehouses)}" if warehouses else ""
    found: list[Row] = []
    conditions = [bills.among("FMaterialId.FNumber", part) for part in bills.chunks(materials)] or [f"{quantity}<>0"]
    order = "FMaterialId.FNumber ASC,FStockId.FNumber ASC,FStockStatusId.FNumber ASC,FLot.FNumber ASC"
    for condition in conditions:
        found += bills.rows(access, INVENTORY, fields, condition + place, order=order)
    return [
        StockLine(
            material=word(row["FMaterialId.FNumber"]),
            name=word(row["FMaterialId.FName"]),
            warehouse=word(row["FStockId.FNumber"]),
            status=word(row["FStockStatusId.FNumber"]),
            lot=word(row["FLot.FNumber"]),
            quantity=bills.amount(row[quantity]),
        )
        for row in found
    ]


def transfer(access: Access, wish: Transfer) -> TransferBill:
    """Create, submit and audit; the bill as it then stands. Goes on where an earlier try stopped.

    `Permanent` where the number was used for other goods, where the bill was cancelled, or where they refuse.
    """
    with lanes.writing(access.connection_id, wish.number):
        try:
            return _transferred(access, wish)
        except SessionLost:
            # What was under way may have been done: this looks first as well.
            return _transferred(access, wish)


def find_transfer(access: Access, number: str) -> TransferBill | None:
    """The transfer of this number as it stands there."""
    entry = text(access.settings, "transfer_entry", "FBillEntry")
    fields = (
        *("FID", "FBillNo", "FDocumentStatus", "FCancelStatus", f"{entry}_FEntryID"),
        *("FMaterialId.FNumber", "FQty", "FSrcStockId.FNumber", "FDestStockId.FNumber", "FLot.FNumber"),
    )
    order = f"FID ASC,{entry}_FEntryID ASC"
    found = bills.rows(access, TRANSFER, fields, bills.equals("FBillNo", number), order=order)
    if not found:
        return None
    head = found[0]
    return TransferBill(
        number=word(head["FBillNo"]),
        status=word(head["FDocumentStatus"]),
        cancelled=word(head["FCancelStatus"]) == YES,
        rows=tuple(
            TransferRow(
                material=word(row["FMaterialId.FNumber"]),
                quantity=bills.amount(row["FQty"]),
                source=word(row["FSrcStockId.FNumber"]),
                target=word(row["FDestStockId.FNumber"]),
                lot=word(row["FLot.FNumber"]),
            )
            for row in found
        ),
    )


def _transferred(access: Access, wish: Transfer) -> TransferBill:
    bill = find_transfer(access, wish.number)
    if bill is None:
        bills.create(access, TRANSFER, _model(access, wish))
        bill = _found_again(access, wish.number)
    if bill.cancelled:
        raise Permanent(f"调拨单 {wish.number} 在金蝶里已作废", code="cancelled")
    if _content(bill.rows) != _content(wish.rows):
        raise Permanent(f"金蝶里已有同号但内容不同的调拨单 {wish.number}", code="other_content")
    if bill.status == bills.AUDITED:
        return bill
    bills.finish(access, TRANSFER, wish.number, bill.status)
    return _found_again(access, wish.number)


def _found_again(access: Access, number: str) -> TransferBill:
    bill = find_transfer(access, number)
    if bill is None:
        raise Temporary(f"调拨单 {number} 保存后读不到", code="not_kept")
    return bill


def _content(rows: Sequence[TransferRow]) -> list[tuple[str, Decimal, str, str, str]]:
    return sorted((row.material, row.quantity, row.source, row.target, row.lot) for row in rows)


def _model(access: Access, wish: Transfer) -> dict[str, Any]:
    ours = text(access.settings, "stock_organisation", "100")
    source, target = wish.source_organisation or ours, wish.target_organisation or ours
    owner = text(access.settings, "owner_type", "BD_OwnerOrg")
    return {
        "FBillNo": wish.number,
        "FBillTypeID": _base(text(access.settings, "transfer_bill_type", "ZJDB01_SYS")),
        "FDate": wish.day.isoformat(),
        "FBizType": "NORMAL",
        "FTransferDirect": "GENERAL",
        # 组织内调拨 or 跨组织调拨
        "FTransferBizType": "InnerOrgTransfer" if source == target else "OverOrgTransfer",
        "FStockOutOrgId": _base(source),
        "FStockOrgId": _base(target),
        "FOwnerTypeOutIdHead": owner,
        "FOwnerTypeIdHead": owner,
        "FNote": wish.note,
        text(access.settings, "transfer_entry", "FBillEntry"): [
            _row_model(row, owner=owner, source=source, target=target) for row in wish.rows
        ],
    }


def _row_model(row: TransferRow, *, owner: str, source: str, target: str) -> dict[str, Any]:
    model: dict[str, Any] = {
        "FRowType": "Standard",
        "FMaterialId": _base(row.material),
        "FQty": str(row.quantity),
        "FSrcStockId": _base(row.source),
        "FDestStockId": _base(row.target),
        "FSrcStockStatusId": _base(USABLE),
        "FDestStockStatusId": _base(USABLE),
        "FOwnerTypeOutId": owner,
        "FOwnerOutId": _base(source),
        "FOwnerTypeId": owner,
        "FOwnerId": _base(target),
    }
    return {**model, "FLot": _base(row.lot)} if row.lot else model


def _base(number: str) -> Mapping[str, str]:
    """How base data is named in a model."""
    return {"FNumber": number}
