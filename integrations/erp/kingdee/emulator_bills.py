"""The emulated K3 Cloud's books: bills with their rows, stock, and what submitting, auditing and pushing do."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.erp.kingdee.emulator_forms import FORMS, INVENTORY, OUT, SALE, TRANSFER, Form
from integrations.erp.kingdee.emulator_wire import Refused
from orders.clock import BEIJING


@dataclass
class Bill:
    form: str
    id: int
    head: dict[str, Any]
    # Row id → its fields.
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    # A change is to be seen only from then on, as in a transaction that is not committed yet.
    shown_at: datetime | None = None

    @property
    def number(self) -> str:
        return str(self.head["FBillNo"])

    @property
    def status(self) -> str:
        return str(self.head.get("FDocumentStatus", ""))


class Books:
    """Every bill and the stock. Methods raise `Refused` as K3 Cloud would."""

    def __init__(self, now: Callable[[], datetime], *, custom: tuple[str, ...], after_audit: frozenset[str]) -> None:
        self.now = now
        self.custom, self.after_audit = custom, after_audit
        self.bills: dict[str, dict[int, Bill]] = {name: {} for name in FORMS}
        # (material, warehouse) → quantity
        self.stock: dict[tuple[str, str], float] = {}
        self.next_id = {"bill": 100000, "row": 200000}
        self.numbers = dict.fromkeys(FORMS, 0)

    # Finding ----------------------------------------------------------------------------------------------------
    def form(self, name: str) -> Form:
        if name not in FORMS:
            raise Refused(5 if not name else 10, "业务对象不存在")
        return FORMS[name]

    def find(self, form: str, number: str) -> Bill:
        self.form(form)
        found = next((bill for bill in self.bills[form].values() if bill.number == number), None)
        if found is None:
            raise Refused(10, f"编码为“{number}”的单据不存在")
        return found

    def known_field(self, form: str, name: str) -> bool:
        own, base = self.form(form), name.partition(".")[0]
        if base in ("FID", "FBillNo", f"{own.rows}_FEntryID", *own.heads, *own.cells):
            return True
        return form != INVENTORY and base in self.custom

    def is_cell(self, form: str, name: str) -> bool:
        own = FORMS[form]
        return name.partition(".")[0] in (f"{own.rows}_FEntryID", *own.cells)

    def flat_rows(self, form: str, fields: set[str]) -> Iterator[dict[str, Any]]:
        """The bills as a query sees them: a head alone, or once for each row where a row's field is asked for."""
        if form == INVENTORY:
            yield from self._stock_rows()
            return
        own = FORMS[form]
        by_row = any(self.is_cell(form, name) for name in fields)
        for bill in list(self.bills[form].values()):
            if bill.shown_at is not None and bill.shown_at > self.now():
                continue
            head = {"FID": bill.id, **_flat(bill.head)}
            if not by_row:
                yield head
                continue
            for row_id, row in bill.rows.items():
                yield {**head, f"{own.rows}_FEntryID": row_id, **_flat(row)}

    def _stock_rows(self) -> Iterator[dict[str, Any]]:
        for (material, warehouse), quantity in sorted(self.stock.items()):
            yield {
                "FMaterialId.FNumber": material,
                "FMaterialId.FName": f"物料{material}",
                "FStockId.FNumber": warehouse,
                "FStockStatusId.FNumber": "KCZT01_SYS",
                "FLot.FNumber": None,
                "FStockOrgId.FNumber": "100",
                "FBaseQty": quantity,
            }

    # Saving -----------------------------------------------------------------------------------------------------
    def add(self, form: str, head: Mapping[str, Any], rows: list[dict[str, Any]]) -> Bill:
        own = self.form(form)
        self.next_id["bill"] += 1
        number = str(head.get("FBillNo") or "")
        if not number:
            self.numbers[form] += 1
            number = f"{own.prefix}{self.numbers[form]:06d}"
        if any(bill.number == number for bill in self.bills[form].values()):
            raise Refused(11, f"单据编号“{number}”已经存在", "FBillNo")
        now = self.written()
        bill = Bill(form, self.next_id["bill"], {})
        bill.head = dict.fromkeys(own.heads) | {
            "FBillNo": number,
            "FDocumentStatus": "A",
            "FCancelStatus": "A",
            "FCreateDate": now,
            "FModifyDate": now,
        }
        if form == SALE:
            bill.head["FCloseStatus"] = "A"
        bill.head |= {name: value for name, value in head.items() if name != "FBillNo"}
        for row in rows:
            self.add_row(bill, row)
        self.bills[form][bill.id] = bill
        return bill

    def add_row(self, bill: Bill, row: Mapping[str, Any]) -> int:
        self.next_id["row"] += 1
        cells = dict.fromkeys(FORMS[bill.form].cells) | dict(row)
        if bill.form == SALE:
            quantity = float(cells.get("FQty") or 0)
            cells |= {"FStockOutQty": 0.0, "FRemainOutQty": quantity, "FCanOutQty": quantity, "FQty": quantity}
            cells |= dict.fromkeys(("FMrpCloseStatus", "FMrpTerminateStatus", "FMrpFreezeStatus"), "A")
        bill.rows[self.next_id["row"]] = cells
        return self.next_id["row"]

    def touch(self, bill: Bill) -> None:
        bill.head["FModifyDate"] = self.written()

    def written(self) -> str:
        """A time as queries show it, to the millisecond."""
        return self.now().astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

    # What operations do -----------------------------------------------------------------------------------------
    def submit(self, bill: Bill) -> None:
        self._alive(bill)
        if bill.status not in ("Z", "A", "D"):
            raise Refused(12, f"单据“{bill.number}”不是可提交的状态")
        bill.head["FDocumentStatus"] = "B"

    def audit(self, bill: Bill, *, ignore_stock: bool = False) -> None:
        """Leaves FModifyDate alone: an audit has a time of its own."""
        self._alive(bill)
        if bill.status != "B":
            raise Refused(12, f"单据“{bill.number}”未提交或已审核，不能审核")
        moves = list(self._stock_moves(bill))
        if not ignore_stock:
            self._enough(moves)
        self._book(bill, moves, 1)
        bill.head |= {"FDocumentStatus": "C", "FApproveDate": self.written()}

    def unaudit(self, bill: Bill) -> None:
        if bill.status != "C":
            raise Refused(12, f"单据“{bill.number}”未审核，不能反审核")
        if bill.form == SALE and any(row["FStockOutQty"] for row in bill.rows.values()):
            raise Refused(12, f"单据“{bill.number}”已有下游单据，不能反审核")
        self._book(bill, list(self._stock_moves(bill)), -1)
        bill.head |= {"FDocumentStatus": "D", "FApproveDate": None}
        self.touch(bill)

    def cancel(self, bill: Bill) -> None:
        """作废"""
        if bill.status == "C":
            raise Refused(12, f"单据“{bill.number}”已审核，不能作废")
        bill.head |= {"FCancelStatus": "B", "FCancelDate": self.written()}

    def delete(self, bill: Bill) -> None:
        if bill.status in ("B", "C"):
            raise Refused(12, f"单据“{bill.number}”不是可删除的状态")
        del self.bills[bill.form][bill.id]

    def set_rows(self, bill: Bill, flag: str, value: str, only: set[int] | None = None) -> None:
        """Close, terminate or freeze rows, or the opposite; an order whose rows are all closed is closed."""
        for row_id, row in bill.rows.items():
            if only is None or row_id in only:
                row[flag] = value
        ended = all("B" in (row["FMrpCloseStatus"], row["FMrpTerminateStatus"]) for row in bill.rows.values())
        bill.head["FCloseStatus"] = "B" if ended else "A"

    def push(self, bill: Bill) -> Bill:
        """下推: an out-stock bill of what is left of a sale order, and of that only what no draft holds already."""
        self._alive(bill)
        if bill.form != SALE or bill.status != "C":
            raise Refused(12, f"单据“{bill.number}”未审核，不能下推")
        rows = []
        for row_id, row in bill.rows.items():
            if "B" in (row["FMrpCloseStatus"], row["FMrpTerminateStatus"], row["FMrpFreezeStatus"]):
                continue
            left = row["FRemainOutQty"] - self._in_drafts(row_id)
            if left > 0:
                rows.append(
                    {
                        "FMaterialID": row["FMaterialId"],
                        "FMustQty": left,
                        "FRealQty": left,
                        "FStockID": {"FNumber": "CK001"},
                        "FSoorDerno": bill.number,
                        "FSrcBillNo": bill.number,
                        "FSOEntryId": row_id,
                    }
                )
        if not rows:
            raise Refused(11, f"单据“{bill.number}”没有可下推的数据")
        return self.add(OUT, {"FCustomerID": bill.head["FCustId"], "FDate": self.written()[:10]}, rows)

    def _in_drafts(self, row_id: int) -> float:
        drafts = (bill for bill in self.bills[OUT].values() if bill.status != "C" and bill.head["FCancelStatus"] == "A")
        return sum(
            float(row["FRealQty"]) for bill in drafts for row in bill.rows.values() if row["FSOEntryId"] == row_id
        )

    def _alive(self, bill: Bill) -> None:
        if bill.head["FCancelStatus"] == "B":
            raise Refused(12, f"单据“{bill.number}”已作废")

    # Stock ------------------------------------------------------------------------------------------------------
    def _stock_moves(self, bill: Bill) -> Iterator[tuple[str, str, float]]:
        """(material, warehouse, difference) of an audit."""
        for row in bill.rows.values():
            if bill.form == OUT:
                yield number_of(row["FMaterialID"]), number_of(row["FStockID"]), -float(row["FRealQty"])
            elif bill.form == TRANSFER:
                material, quantity = number_of(row["FMaterialId"]), float(row["FQty"])
                yield material, number_of(row["FSrcStockId"]), -quantity
                yield material, number_of(row["FDestStockId"]), quantity

    def _enough(self, moves: list[tuple[str, str, float]]) -> None:
        for material, warehouse, difference in moves:
            if self.stock.get((material, warehouse), 0.0) + difference < 0:
                raise Refused(11, f"物料“{material}”在仓库“{warehouse}”的即时库存不足，将出现负库存")

    def _book(self, bill: Bill, moves: list[tuple[str, str, float]], sign: int) -> None:
        for material, warehouse, difference in moves:
            key = (material, warehouse)
            self.stock[key] = self.stock.get(key, 0.0) + sign * difference
        if bill.form == OUT:
            self._write_back(bill, sign)

    def _write_back(self, bill: Bill, sign: int) -> None:
        """The sale order's quantities follow the out-stock bill; its own times stay, as in a write-back by SQL."""
        for row in bill.rows.values():
            for order in self.bills[SALE].values():
                if target := order.rows.get(int(row.get("FSOEntryId") or 0)):
                    target["FStockOutQty"] += sign * float(row["FRealQty"])
                    target["FRemainOutQty"] = max(target["FQty"] - target["FStockOutQty"], 0.0)
                    target["FCanOutQty"] = target["FRemainOutQty"]
                    done = target["FRemainOutQty"] <= 0
                    self.set_rows(order, "FMrpCloseStatus", "B" if done else "A", {int(row["FSOEntryId"])})


def number_of(value: Any) -> str:
    """The number of base data."""
    return str(value.get("FNumber") or "") if isinstance(value, Mapping) else str(value or "")


def _flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Base data by `.FNumber` and `.FName`; plain fields as they are."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            found |= {
                name: value.get("FNumber"),
                f"{name}.FNumber": value.get("FNumber"),
                f"{name}.FName": value.get("FName"),
            }
        else:
            found |= {name: value, f"{name}.FNumber": value, f"{name}.FName": value}
    return found
