"""The emulated K3 Cloud behaves as the real one is known to, also where nobody would expect it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from integrations.emulate import emulator_kinds, serving
from integrations.emulation import Request, World
from integrations.erp.kingdee.emulator import EMULATOR, KingdeeEmulator
from orders.clock import FixedClock
from tests.integrations.kingdee.conftest import bill, take

FORMS = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
LOGINS = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService."
Call = Callable[..., Any]


def post(kingdee: KingdeeEmulator, path: str, body: Any, **headers: str) -> Any:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(method="POST", path=f"{path}.common.kdsvc", query_string="", headers=named, body=sent)
    return json.loads(kingdee.handle(request).body)


@pytest.fixture
def call(kingdee: KingdeeEmulator) -> Call:
    told = {"parameters": [kingdee.door.acct_id, kingdee.door.user, kingdee.door.password, 2052]}
    session = post(kingdee, f"{LOGINS}ValidateUser", told)["KDSVCSessionId"]

    def called(service: str, body: Any) -> Any:
        return post(kingdee, FORMS + service, body, kdservice_sessionid=session)

    return called


def status(answer: Any) -> dict[str, Any]:
    while isinstance(answer, list):
        [answer] = answer
    found: dict[str, Any] = answer["Result"]["ResponseStatus"]
    return found


def query(call: Call, fields: str, where: Any = "", **more: Any) -> Any:
    return call(
        "ExecuteBillQuery", {"data": {"FormId": "SAL_SaleOrder", "FieldKeys": fields, "FilterString": where, **more}}
    )


def test_it_is_found_on_the_street_and_has_a_page(kingdee: KingdeeEmulator) -> None:
    assert emulator_kinds(["integrations.erp"])["kingdee"] is EMULATOR
    take(kingdee, "T<1>")
    kingdee.control("ship", {"platform_order_id": "T<1>", "waybill": "YT1"})
    page = kingdee.page()
    assert "T&lt;1&gt;" in page
    assert "T<1>" not in page
    kingdee.control("dead", {"minutes": 30})
    assert "停机至" in kingdee.page()


def test_it_answers_over_a_real_socket() -> None:
    world = World()
    world.add(KingdeeEmulator)
    with serving(world) as host:
        session = requests.Session()
        session.trust_env = False
        made = session.post(f"{host.url}/kingdee/_control/order", json={"platform_order_id": "T1"}, timeout=5)
        refused = session.post(f"{host.url}/kingdee{FORMS}View.common.kdsvc", json={}, timeout=5)
    assert made.json()["number"] == "XSDD000001"
    assert refused.status_code == 200
    assert status(refused.json())["MsgCode"] == 1


def test_nobody_comes_in_without_session_or_signature(kingdee: KingdeeEmulator) -> None:
    answer = post(kingdee, f"{FORMS}ExecuteBillQuery", {"data": {}})
    assert isinstance(answer[0][0], dict)
    assert status(answer)["MsgCode"] == 1
    assert status(post(kingdee, f"{FORMS}Save", {}, kdservice_sessionid="guess"))["MsgCode"] == 1


def test_both_styles_of_body_mean_the_same(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1")
    wanted = {"FormId": "SAL_SaleOrder", "FieldKeys": "FBillNo"}
    classic = {"format": 1, "useragent": "ApiClient", "rid": "1", "parameters": [json.dumps(wanted)], "v": "1.0"}
    assert call("ExecuteBillQuery", {"data": wanted}) == call("ExecuteBillQuery", classic) == [["XSDD000001"]]
    form = {"parameters": ["SAL_SaleOrder", json.dumps({"Number": "XSDD000001"})]}
    assert call("View", form)["Result"]["Result"]["BillNo"] == "XSDD000001"


def test_a_session_ends_when_nobody_uses_it(kingdee: KingdeeEmulator, call: Call, time: FixedClock) -> None:
    time.advance(minutes=19)
    assert query(call, "FBillNo") == []
    time.advance(minutes=21)
    assert status(query(call, "FBillNo"))["MsgCode"] == 1


def test_fields_of_rows_multiply_the_head(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1", lines=[{"sku": "A"}, {"sku": "B", "quantity": 2}])
    assert query(call, "FBillNo") == [["XSDD000001"]]
    assert query(call, "FBillNo,FMaterialId.FNumber,FQty") == [["XSDD000001", "A", 1.0], ["XSDD000001", "B", 2.0]]
    assert query(call, "FBillNo", "FMaterialId.FNumber='B'") == [["XSDD000001"]]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("FNetOrderBillNo='T1'", ["T1"]),
        ("FNetOrderBillNo<>'T1'", ["T2", "T3", "O'Neill"]),
        ("FNetOrderBillNo in ('T1','T3')", ["T1", "T3"]),
        ("FNetOrderBillNo not in ('T1','T3')", ["T2", "O'Neill"]),
        ("FNetOrderBillNo like 't%'", ["T1", "T2", "T3"]),
        ("FNetOrderBillNo='O''Neill'", ["O'Neill"]),
        ("(FNetOrderBillNo='T1' or FNetOrderBillNo='T2') and FDocumentStatus='C'", ["T1"]),
        ("FNetOrderBillNo='T1' or FNetOrderBillNo='T2' and FDocumentStatus='C'", ["T1"]),
        ("FID>100002", ["T3", "O'Neill"]),
        ("FID>=100002 and FID<100004", ["T2", "T3"]),
        ("FModifyDate>='2026-03-05 09:08:07' and FModifyDate<'2026-03-05 09:08:08'", ["T1", "T2", "T3", "O'Neill"]),
        ("FModifyDate>='2026-03-06'", []),
        ("FApproveDate is null", ["T2", "T3", "O'Neill"]),
        ("FApproveDate is not null", ["T1"]),
        ("FApproveDate<'2030-01-01'", ["T1"]),
        ([{"Left": "(", "FieldName": "FNetOrderBillNo", "Compare": "=", "Value": "T1", "Right": ")"}], ["T1"]),
        (
            [
                {"FieldName": "FNetOrderBillNo", "Compare": "=", "Value": "T1", "Logic": "OR"},
                {"FieldName": "FNetOrderBillNo", "Compare": "=", "Value": "O'Neill"},
            ],
            ["T1", "O'Neill"],
        ),
        ("", ["T1", "T2", "T3", "O'Neill"]),
    ],
)
def test_a_filter_finds_what_sql_would(kingdee: KingdeeEmulator, call: Call, where: Any, found: list[str]) -> None:
    take(kingdee, "T1")
    for name in ("T2", "T3", "O'Neill"):
        take(kingdee, name, audited=False)
    assert [row[0] for row in query(call, "FNetOrderBillNo", where)] == found


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("FNoSuch='1'", 9),
        ("FBillNo=", 8),
        ("FBillNo='1", 8),
        ("FBillNo='1' and", 8),
        ("FBillNo in '1'", 8),
        ("'1'=FBillNo", 8),
        ("FBillNo='1'; drop table x", 8),
        ("FBillNo ~ '1'", 8),
        ([1], 8),
    ],
)
def test_a_filter_that_is_none_is_refused_in_a_nested_list(call: Call, where: Any, code: int) -> None:
    answer = query(call, "FBillNo", where)
    assert status(answer)["MsgCode"] == code
    assert not status(answer)["IsSuccess"]


def test_rows_are_ordered_and_paged_and_never_more_than_two_thousand(kingdee: KingdeeEmulator, call: Call) -> None:
    for number in range(5):
        take(kingdee, f"T{number}")
    wanted: dict[str, Any] = {"OrderString": "FNetOrderBillNo DESC,FID ASC", "StartRow": 1, "Limit": 2}
    assert query(call, "FNetOrderBillNo", **wanted) == [["T3"], ["T2"]]
    assert query(call, "FNetOrderBillNo", TopRowCount=1) == [["T0"]]
    kingdee.control("order", {"platform_order_id": "big", "lines": [{"sku": str(n)} for n in range(2100)]})
    assert len(query(call, "FID,FQty", Limit=9999)) == 2000
    assert status(query(call, "FBillNo", OrderString="FNoSuch"))["MsgCode"] == 9


def test_newer_servers_answer_with_names(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1")
    told = {"data": {"FormId": "SAL_SaleOrder", "FieldKeys": "FBillNo,FCustId.FNumber"}}
    assert call("BillQuery", told) == [{"FBillNo": "XSDD000001", "FCustId.FNumber": "CUST01"}]


# Saving -------------------------------------------------------------------------------------------------------------


def save(call: Call, model: dict[str, Any], **more: Any) -> dict[str, Any]:
    return status(call("Save", {"formid": "SAL_SaleOrder", "data": {"Model": model, **more}}))


CUSTOMER = {"FNumber": "CUST01"}


def test_rows_that_are_not_named_are_deleted_unless_told_otherwise(kingdee: KingdeeEmulator, call: Call) -> None:
    made = take(kingdee, "T1", audited=False, lines=[{"sku": "A"}, {"sku": "B"}])
    first = {"FEntryID": made["rows"][0]["id"], "FQty": 5}
    kept = save(call, {"FID": made["id"], "FSaleOrderEntry": [first]}, IsDeleteEntry="false")
    assert kept["IsSuccess"]
    assert len(bill(kingdee, "XSDD000001")["rows"]) == 2
    assert save(call, {"FID": made["id"], "FSaleOrderEntry": [first]})["IsSuccess"]
    assert [row["FQty"] for row in bill(kingdee, "XSDD000001")["rows"]] == [5]


def test_only_the_named_fields_are_changed(kingdee: KingdeeEmulator, call: Call) -> None:
    made = take(kingdee, "T1", audited=False)
    model = {"FID": made["id"], "FNote": "new", "FNetOrderBillNo": "other"}
    assert save(call, model, NeedUpDateFields=["FNote"], IsDeleteEntry="false")["IsSuccess"]
    head = bill(kingdee, "XSDD000001")["head"]
    assert (head["FNote"], head["FNetOrderBillNo"]) == ("new", "T1")


def test_saving_has_its_refusals(kingdee: KingdeeEmulator, call: Call) -> None:
    made = take(kingdee, "T1")
    assert "已审核，不允许修改" in save(call, {"FID": made["id"], "FDate": "2026-01-01"})["Errors"][0]["Message"]
    assert save(call, {"FNote": "x"})["Errors"][0]["FieldName"] == "FCustId"
    assert save(call, {"FCustId": CUSTOMER, "FNoSuch": 1})["MsgCode"] == 9
    assert save(call, {"FCustId": CUSTOMER, "FBillNo": "XSDD000001"})["MsgCode"] == 11
    assert save(call, {"FID": 1, "FNote": "x"})["MsgCode"] == 10
    model = {"FCustId": CUSTOMER, "FNote": "again"}
    assert save(call, model, ValidateRepeatJson="true")["IsSuccess"]
    assert not save(call, model, ValidateRepeatJson="true")["IsSuccess"]
    assert status(call("Save", {"formid": "NO_FORM", "data": {"Model": {}}}))["MsgCode"] == 10
    assert status(call("Save", {"formid": "SAL_SaleOrder", "data": "[]"}))["MsgCode"] == 8
    assert status(call("Guess", {}))["MsgCode"] == 3
    assert status(call("Save", b"no json"))["MsgCode"] == 8


def test_a_batch_may_succeed_in_part(kingdee: KingdeeEmulator, call: Call) -> None:
    models = [{"FCustId": CUSTOMER}, {"FNote": "no customer"}, {"FCustId": CUSTOMER}]
    found = status(call("BatchSave", {"formid": "SAL_SaleOrder", "data": {"Model": models}}))
    assert not found["IsSuccess"]
    assert [entity["DIndex"] for entity in found["SuccessEntitys"]] == [0, 2]
    assert [error["DIndex"] for error in found["Errors"]] == [1]


def test_a_bill_lives_from_draft_to_audit_and_back(kingdee: KingdeeEmulator, call: Call) -> None:
    call("Draft", {"formid": "SAL_SaleOrder", "data": {"Model": {"FCustId": CUSTOMER}}})
    told = {"formid": "SAL_SaleOrder", "data": {"Numbers": ["XSDD000001"]}}
    seen = [bill(kingdee, "XSDD000001")["head"]["FDocumentStatus"]]
    assert status(call("Audit", told))["MsgCode"] == 12
    for service in ("Submit", "Audit", "UnAudit", "Submit"):
        assert status(call(service, told))["IsSuccess"]
        seen.append(bill(kingdee, "XSDD000001")["head"]["FDocumentStatus"])
    assert "".join(seen) == "ZBCDB"
    assert status(call("Delete", told))["MsgCode"] == 12
    other = take(kingdee, "T2", audited=False)["number"]
    assert status(call("Delete", {"formid": "SAL_SaleOrder", "data": {"Numbers": [other]}}))["IsSuccess"]
    assert query(call, "FBillNo") == [["XSDD000001"]]


# Pushing and stock --------------------------------------------------------------------------------------------------

PUSH = {"formid": "SAL_SaleOrder", "data": {"Numbers": ["XSDD000001"], "TargetFormId": "SAL_OUTSTOCK"}}


def test_a_push_takes_what_is_left_and_an_audit_books_it(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1", lines=[{"sku": "A", "quantity": 3}])
    kingdee.control("ship", {"platform_order_id": "T1", "quantity": 1})
    pushed = call("Push", PUSH)["Result"]
    assert pushed["ConvertResponseStatus"]["IsSuccess"]
    number = pushed["ResponseStatus"]["SuccessEntitys"][0]["Number"]
    assert bill(kingdee, number, "SAL_OUTSTOCK")["rows"][0]["FRealQty"] == 2
    assert not status(call("Push", PUSH))["IsSuccess"]
    told = {"formid": "SAL_OUTSTOCK", "data": {"Numbers": [number]}}
    call("Submit", told)
    assert status(call("Audit", told))["IsSuccess"]
    order = bill(kingdee, "XSDD000001")
    assert (order["rows"][0]["FStockOutQty"], order["rows"][0]["FRemainOutQty"]) == (3, 0)
    assert order["head"]["FCloseStatus"] == "B"
    assert kingdee.books.stock["A", "CK001"] == 997
    assert status(call("UnAudit", {"formid": "SAL_SaleOrder", "data": {"Numbers": ["XSDD000001"]}}))["MsgCode"] == 12
    call("UnAudit", told)
    assert bill(kingdee, "XSDD000001")["rows"][0]["FRemainOutQty"] == 2
    assert kingdee.books.stock["A", "CK001"] == 999


def test_an_unaudited_order_cannot_be_pushed(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1", audited=False)
    assert status(call("Push", PUSH))["MsgCode"] == 12


def test_negative_stock_wants_a_confirmation(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1", lines=[{"sku": "A"}])
    kingdee.control("stock", {"material": "A", "quantity": 0})
    call("Push", PUSH)
    told = {"formid": "SAL_OUTSTOCK", "data": {"Numbers": ["XSCK000001"]}}
    call("Submit", told)
    assert status(call("Audit", told))["MsgCode"] == 11
    confirmed = {**told, "data": {**told["data"], "InterationFlags": "STK_InvCheckResult"}}  # type: ignore[dict-item]
    assert status(call("Audit", confirmed))["IsSuccess"]


def test_a_bill_in_somebodys_hands_is_a_network_conflict(
    kingdee: KingdeeEmulator, call: Call, time: FixedClock
) -> None:
    made = take(kingdee, "T1", audited=False)
    kingdee.control("lock", {"number": made["number"], "seconds": 10})
    assert save(call, {"FID": made["id"], "FNote": "x"})["MsgCode"] == 13
    time.advance(seconds=11)
    assert save(call, {"FID": made["id"], "FNote": "x"})["IsSuccess"]


def test_the_journal_holds_what_was_asked_and_done(kingdee: KingdeeEmulator, call: Call) -> None:
    take(kingdee, "T1")
    query(call, "FBillNo", "FNoSuch='1'")
    call("Push", PUSH)
    kinds = [entry["kind"] for entry in kingdee.journal.entries()]
    assert kinds == ["login", "order_taken", "query", "call"]
    refused, pushed = kingdee.journal.entries()[2:]
    assert refused["outcome"]["MsgCode"] == 9
    assert pushed["outcome"] == "ok"


@pytest.mark.parametrize(
    ("command", "data"),
    [("ship", {"platform_order_id": "none"}), ("audit", {"number": "none"}), ("lock", {"number": "X", "seconds": "x"})],
)
def test_a_wrong_hand_is_told_so(kingdee: KingdeeEmulator, command: str, data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        kingdee.control(command, data)
    with pytest.raises(KeyError):
        kingdee.control("no such command", {})


def test_it_reads_the_shops_of_its_street_and_overlooks_some_where_a_fault_says_so(time: FixedClock) -> None:
    world = World()
    kinds = emulator_kinds(["integrations.platforms"])
    shops = [world.add(kinds[name]) for name in ("taobao", "jd", "douyin")]
    erp = world.add(KingdeeEmulator, download_seconds=10)
    for shop in shops:
        shop.control("sell", {"lines": [{"sku": "CREAM-50", "quantity": 2}]})
        shop.control("sell", {"paid": False})
    erp.tick()
    bills = erp.control("bills", {})
    assert {bill["head"]["FNetOrderBillNo"] for bill in bills} == {
        one.order_id for shop in shops for one in shop.sold()
    }
    assert len(bills) == 3
    erp.control("faults", {"drop": 1.0})
    shops[0].control("sell", {})
    time.advance(seconds=11)
    erp.tick()
    assert len(erp.control("bills", {})) == 3
