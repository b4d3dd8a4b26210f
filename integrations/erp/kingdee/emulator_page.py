"""The emulated K3 Cloud as a page for people."""

from collections.abc import Iterable
from html import escape

from integrations.erp.kingdee.emulator_bills import Bill, number_of

STATUS_WORDS = {"Z": "暂存", "A": "已创建", "B": "审核中", "C": "已审核", "D": "重新审核"}


def bill_row(bill: Bill, out_stocks: Iterable[Bill], custom: Iterable[str]) -> str:
    """One sale order as a row of the page."""
    head = bill.head
    state = STATUS_WORDS.get(bill.status, bill.status)
    state += "，已作废" if head["FCancelStatus"] == "B" else "，已关闭" if head["FCloseStatus"] == "B" else ""
    goods = "；".join(
        f"{number_of(row['FMaterialId'])} {row['FStockOutQty']:g}/{row['FQty']:g}" for row in bill.rows.values()
    )
    outs = [one for one in out_stocks if any(row["FSoorDerno"] == bill.number for row in one.rows.values())]
    shipped = "；".join(
        f"{one.number} {STATUS_WORDS.get(one.status, one.status)} {one.head.get('FCarriageNO') or ''}" for one in outs
    )
    told = "；".join(str(head[name]) for name in custom if head.get(name))
    cells = (bill.number, str(head["FNetOrderBillNo"]), state, goods, shipped, told, str(head.get("FNote") or ""))
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
