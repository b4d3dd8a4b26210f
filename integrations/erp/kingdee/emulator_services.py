"""The services of the emulated WebAPI, each on the books: ExecuteBillQuery, View, Save, Submit, Audit, Push …"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.erp.kingdee.emulator_bills import Bill, Books, number_of
from integrations.erp.kingdee.emulator_forms import FORMS, INVENTORY, OUT, SALE
from integrations.erp.kingdee.emulator_query import condition, ordered
from integrations.erp.kingdee.emulator_wire import Refused, envelope

MOST_ROWS = 2000
CONFIRMED_NEGATIVE = "STK_InvCheckResult"
# Operation numbers of this tenant's sale order → row flag and its value.
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "YLBillClose": ("FMrpCloseStatus", "B"),
    "YLUnBillClose": ("FMrpCloseStatus", "A"),
    "MRPClose": ("FMrpCloseStatus", "B"),
    "BillTerminate": ("FMrpTerminateStatus", "B"),
    "MRPFreeze": ("FMrpFreezeStatus", "B"),
    "MRPUnFreeze": ("FMrpFreezeStatus", "A"),
}


class Services:
    """Called by name with what the body held; `locked` says whether somebody else is at work on a bill."""

    def __init__(self, books: Books, locked: Callable[[str], bool]) -> None:
        self.books, self.locked = books, locked
        self.operations = dict(OPERATIONS)
        self.last_saved = ""
        self.by_name: dict[str, Callable[[dict[str, Any]], Any]] = {
            "ExecuteBillQuery": self.query,
            "BillQuery": self.query_objects,
            "View": self.view,
            "Save": self.save,
            "Draft": lambda told: self.save(told, status="Z"),
            "BatchSave": self.batch_save,
            "Submit": lambda told: self._each(told, self.books.submit),
            "Audit": self.audit,
            "UnAudit": lambda told: self._each(told, self.books.unaudit),
            "Delete": lambda told: self._each(told, self.books.delete),
            "Push": self.push,
            "ExcuteOperation": self.operate,
        }

    # Queries ----------------------------------------------------------------------------------------------------
    def query(self, told: dict[str, Any]) -> list[list[Any]]:
        fields, rows = self._rows(_object(told, "data"))
        return [[row.get(name) for name in fields] for row in rows]

    def query_objects(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        fields, rows = self._rows(_object(told, "data"))
        return [{name: row.get(name) for name in fields} for row in rows]

    def _rows(self, data: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
        form = str(data.get("FormId") or "")
        self.books.form(form)
        fields = [name.strip() for name in str(data.get("FieldKeys") or "").split(",") if name.strip()]
        if not fields:
            raise Refused(8, "FieldKeys 不能为空")

        used: set[str] = set(fields)

        def known(name: str) -> bool:
            used.add(name)
            return self.books.known_field(form, name)

        for name in fields:
            if not known(name):
                raise Refused(9, f"元数据中标识为{name}的字段不存在")
        test = condition(data.get("FilterString"), known)
        order = str(data.get("OrderString") or "")
        ordered([], order, known)
        found = ordered([row for row in self.books.flat_rows(form, used) if test(row)], order, known)
        start, limit = int(data.get("StartRow") or 0), int(data.get("Limit") or MOST_ROWS)
        top = int(data.get("TopRowCount") or 0)
        return fields, (found[:top] if top else found)[start : start + min(limit, MOST_ROWS)]

    def view(self, told: dict[str, Any]) -> dict[str, Any]:
        """Property names instead of field keys: BillNo, SaleOrderEntry."""
        form, data = str(told.get("formid") or ""), _object(told, "data")
        bill = self._bill(form, str(data.get("Number") or ""), data.get("Id"))
        inside = {"Id": bill.id, **{name.removeprefix("F"): value for name, value in bill.head.items()}}
        inside[FORMS[form].property] = [
            {"Id": row_id, **{name.removeprefix("F"): value for name, value in row.items()}}
            for row_id, row in bill.rows.items()
        ]
        return envelope(Result=inside)

    # Saving -----------------------------------------------------------------------------------------------------
    def save(self, told: dict[str, Any], status: str = "A") -> dict[str, Any]:
        form, data = str(told.get("formid") or ""), _object(told, "data")
        bill = self._save(form, data, _object(data, "Model"), status)
        return envelope(done=[_entity(bill)], Id=bill.id, Number=bill.number, NeedReturnData=[{}])

    def batch_save(self, told: dict[str, Any]) -> dict[str, Any]:
        """Partly successful, where some of the models are no good."""
        form, data = str(told.get("formid") or ""), _object(told, "data")
        models, done, errors = data.get("Model"), [], []
        if not isinstance(models, list):
            raise Refused(8, "Model 不是列表")
        for place, model in enumerate(models):
            try:
                done.append({**_entity(self._save(form, data, model, "A")), "DIndex": place})
            except Refused as refused:
                errors.append({"FieldName": refused.field_name, "Message": refused.text, "DIndex": place})
        answer = envelope(done=done)
        if errors:
            answer["Result"]["ResponseStatus"] |= {
                "IsSuccess": False,
                "ErrorCode": 500,
                "MsgCode": 11,
                "Errors": errors,
            }
        return answer

    def _save(self, form: str, data: Mapping[str, Any], model: Mapping[str, Any], status: str) -> Bill:
        own = self.books.form(form)
        if form == INVENTORY:
            raise Refused(12, "即时库存只能查询")
        written = json.dumps(model, sort_keys=True, ensure_ascii=False)
        if str(data.get("ValidateRepeatJson")).lower() == "true" and written == self.last_saved:
            raise Refused(11, "重复的 JSON，不允许保存")
        rows = model.get(own.rows) or []
        head = {name: value for name, value in model.items() if name not in ("FID", own.rows)}
        for name in (*head, *(cell for row in rows for cell in row if cell != "FEntryID")):
            if not self.books.known_field(form, name):
                raise Refused(9, f"元数据中标识为{name}的字段不存在", name)
        if model.get("FID"):
            bill = self._bill(form, "", model["FID"])
            self._change(bill, data, head, rows)
        else:
            for name in own.required:
                if not head.get(name):
                    raise Refused(11, f"字段“{name}”是必填项", name)
            bill = self.books.add(form, head, [dict(row) for row in rows])
            bill.head["FDocumentStatus"] = status
        self.last_saved = written
        return bill

    def _change(self, bill: Bill, data: Mapping[str, Any], head: dict[str, Any], rows: Sequence[Any]) -> None:
        self._free(bill)
        only = [str(name) for name in data.get("NeedUpDateFields") or []]
        chosen = {name: value for name, value in head.items() if not only or name in only}
        if bill.status in ("B", "C") and (rows or not set(chosen) <= self.books.after_audit):
            raise Refused(11, f"单据“{bill.number}”已审核，不允许修改")
        bill.head |= chosen
        kept: set[int] = set()
        for row in rows:
            row_id = int(row.get("FEntryID") or 0)
            cells = {name: value for name, value in row.items() if name != "FEntryID"}
            if row_id in bill.rows:
                bill.rows[row_id] |= {name: value for name, value in cells.items() if not only or name in only}
                kept.add(row_id)
            else:
                kept.add(self.books.add_row(bill, cells))
        # The default of K3 Cloud: a row that is not named is deleted.
        if str(data.get("IsDeleteEntry", "true")).lower() == "true":
            bill.rows = {row_id: row for row_id, row in bill.rows.items() if row_id in kept}
        self.books.touch(bill)

    # Operations -------------------------------------------------------------------------------------------------
    def audit(self, told: dict[str, Any]) -> dict[str, Any]:
        confirmed = CONFIRMED_NEGATIVE in str(_object(told, "data").get("InterationFlags") or "")
        return self._each(told, lambda bill: self.books.audit(bill, ignore_stock=confirmed))

    def push(self, told: dict[str, Any]) -> dict[str, Any]:
        data = _object(told, "data")
        if str(told.get("formid")) != SALE or data.get("TargetFormId") not in (OUT, None, ""):
            raise Refused(12, "没有可用的转换规则")
        made = [self.books.push(bill) for bill in self._named(told)]
        answer = envelope(done=[_entity(bill) for bill in made])
        answer["Result"]["ConvertResponseStatus"] = {"IsSuccess": True, "Errors": [], "MsgCode": 0}
        return answer

    def operate(self, told: dict[str, Any]) -> dict[str, Any]:
        operation, data = str(told.get("opNumber") or ""), _object(told, "data")
        if operation == "Cancel":
            return self._each(told, self.books.cancel)
        if operation not in self.operations or str(told.get("formid")) != SALE:
            raise Refused(3, f"操作编码“{operation}”不存在")
        flag, value = self.operations[operation]
        done = []
        for pair in data.get("PkEntryIds") or []:
            bill = self._bill(SALE, "", pair.get("Id"))
            only = {int(one) for one in str(pair.get("EntryIds") or "").split(",") if one.strip().isdigit()}
            self._free(bill)
            self.books.set_rows(bill, flag, value, only)
            done.append(_entity(bill))
        if done:
            return envelope(done=done)

        def whole(bill: Bill) -> None:
            if bill.status != "C":
                raise Refused(12, f"单据“{bill.number}”未审核，不能执行该操作")
            self.books.set_rows(bill, flag, value)

        return self._each(told, whole)

    def _each(self, told: dict[str, Any], work: Callable[[Bill], None]) -> dict[str, Any]:
        done = []
        for bill in self._named(told):
            self._free(bill)
            work(bill)
            done.append(_entity(bill))
        return envelope(done=done)

    def _named(self, told: dict[str, Any]) -> list[Bill]:
        form, data = str(told.get("formid") or ""), _object(told, "data")
        numbers = data.get("Numbers") or []
        ids = [one for one in str(data.get("Ids") or "").split(",") if one.strip()]
        if not isinstance(numbers, list) or not (numbers or ids):
            raise Refused(8, "Numbers 和 Ids 不能都为空")
        return [self._bill(form, str(number), None) for number in numbers] or [self._bill(form, "", one) for one in ids]

    def _bill(self, form: str, number: str, identity: Any) -> Bill:
        if number:
            return self.books.find(form, number)
        self.books.form(form)
        found = self.books.bills[form].get(int(identity or 0))
        if found is None:
            raise Refused(10, f"内码为“{identity}”的单据不存在")
        return found

    def _free(self, bill: Bill) -> None:
        if self.locked(bill.number):
            raise Refused(13, f"网络控制冲突：单据“{bill.number}”正被其他用户操作")


def _object(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name)
    if not isinstance(found, dict):
        raise Refused(8, f"{name} 不是 JSON 对象")
    return found


def _entity(bill: Bill) -> dict[str, Any]:
    return {"Id": bill.id, "Number": bill.number, "DIndex": 0}


def summary(bill: Bill) -> dict[str, Any]:
    """A bill for the journal and for tests: no receivers are kept here at all."""
    head = {name: number_of(value) if isinstance(value, Mapping) else value for name, value in bill.head.items()}
    rows = [{"id": row_id, **row} for row_id, row in bill.rows.items()]
    return {"form": bill.form, "id": bill.id, "number": bill.number, "head": head, "rows": rows}
