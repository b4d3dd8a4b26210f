"""K3 Cloud hears of every parcel exactly once, whatever is lost on the way, and does not push what has left."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from integrations.erp.kingdee import adapter
from integrations.erp.kingdee.emulator import DEFAULTS, KingdeeEmulator
from integrations.errors import AlreadyDone, ConnectionAtFault, Permanent, Temporary, Unauthorised
from orders.clock import FixedClock
from tests.integrations.kingdee.conftest import WAYBILL, Wire, access, bill, news, take

STAGES = ("packed", "shipped", "picked_up", "signed")
WAYS = ("note", "close", "audit")
SAVE, QUERY = "Save", "ExecuteBillQuery"


def told(kingdee: KingdeeEmulator, number: str = "XSDD000001", form: str = "SAL_SaleOrder") -> dict[str, Any]:
    """The tower's fields of a bill, as they stand."""
    head = bill(kingdee, number, form)["head"]
    return {name.removeprefix("F_HUB_"): value for name, value in head.items() if name.startswith("F_HUB_") and value}


def until_done(*args: Any, **settings: Any) -> int:
    """Repeat as the jobs do; how often it took."""
    for attempt in range(1, 60):
        try:
            adapter.tell(access(**settings), *args)
        except AlreadyDone:
            return attempt
        except Temporary:
            continue
        return attempt
    raise AssertionError("it is never done")


# Fields -------------------------------------------------------------------------------------------------------------


def test_each_stage_writes_its_time_the_warehouse_and_the_waybill(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    adapter.tell(access(), news("packed"))
    assert told(kingdee) == {"Status": "已打包", "PackedAt": "2026-03-05 09:00:00", "Warehouse": "WH01"}
    for hour, stage in enumerate(STAGES[1:], start=2):
        adapter.tell(access(), news(stage, at=datetime(2026, 3, 5, hour, tzinfo=UTC)))
    assert told(kingdee) == {
        "Status": "已签收",
        "PackedAt": "2026-03-05 09:00:00",
        "ShippedAt": "2026-03-05 10:00:00",
        "PickedUpAt": "2026-03-05 11:00:00",
        "SignedAt": "2026-03-05 12:00:00",
        "Warehouse": "WH01",
        "Waybill": WAYBILL,
    }


@pytest.mark.parametrize("stage", STAGES)
def test_the_same_news_twice_is_written_once(kingdee: KingdeeEmulator, wire: Wire, stage: str) -> None:
    take(kingdee, "T1")
    adapter.tell(access(), news(stage))
    for _repeat in range(3):
        with pytest.raises(AlreadyDone):
            adapter.tell(access(), news(stage))
    assert wire.count(SAVE) == 1


def test_only_changed_fields_are_saved_and_no_row_is_touched(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1", lines=[{"sku": "A"}, {"sku": "B"}])
    before = bill(kingdee, "XSDD000001")
    adapter.tell(access(), news("packed"))
    adapter.tell(access(), news("shipped"))
    second = wire.asked(SAVE)[1]["data"]
    assert second == {
        "NeedUpDateFields": ["F_HUB_Status", "F_HUB_ShippedAt", "F_HUB_Waybill"],
        "IsDeleteEntry": "false",
        "Model": {
            "FID": before["id"],
            "F_HUB_Status": "已出库",
            "F_HUB_ShippedAt": "2026-03-05 09:00:00",
            "F_HUB_Waybill": WAYBILL,
        },
    }
    assert bill(kingdee, "XSDD000001")["rows"] == before["rows"]


def test_news_in_any_order_ends_in_the_same_bill(kingdee: KingdeeEmulator, wire: Wire) -> None:
    times = {stage: datetime(2026, 3, 5, hour, tzinfo=UTC) for hour, stage in enumerate(STAGES, start=1)}
    for number, order in enumerate(permutations(STAGES), start=1):
        take(kingdee, f"T{number}")
        for stage in order:
            until_done(news(stage, f"T{number}", at=times[stage]))
    found = [told(kingdee, f"XSDD{number:06d}") for number in range(1, 25)]
    assert all(one == found[0] for one in found)
    assert found[0]["Status"] == "已签收"


def test_several_parcels_of_one_order_collect_their_waybills(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    adapter.tell(access(), news("shipped"))
    later = datetime(2026, 3, 5, 6, tzinfo=UTC)
    second = news("shipped", parcel="OT-T1-2", waybill="YT0000000000002", warehouse="WH02", at=later)
    adapter.tell(access(), second)
    adapter.tell(access(), news("signed"))
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), second)
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), news("shipped"))
    found = told(kingdee)
    assert found["Waybill"] == f"{WAYBILL},YT0000000000002"
    assert found["Warehouse"] == "WH01,WH02"
    assert found["ShippedAt"] == "2026-03-05 14:00:00"
    assert found["Status"] == "已签收"


def test_fields_and_words_are_the_tenants(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    fields = {"status": "FNote", "packed": "", "shipped": "", "picked_up": "", "signed": "", "warehouse": ""}
    own: dict[str, Any] = {"tell_fields": fields, "tell_words": {"shipped": "SHIPPED"}}
    adapter.tell(access(**own), news("shipped"))
    assert bill(kingdee, "XSDD000001")["head"]["FNote"] == "SHIPPED"
    assert told(kingdee) == {"Waybill": WAYBILL}


def test_the_out_stock_bill_can_be_the_one_to_be_written(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    own: dict[str, Any] = {"tell_form": "SAL_OUTSTOCK", "tell_fields": {"waybill": "FCarriageNO"}}
    with pytest.raises(Temporary) as early:
        adapter.tell(access(**own), news("shipped"))
    assert early.value.code == "no_bill"
    kingdee.control("ship", {"platform_order_id": "T1"})
    adapter.tell(access(**own), news("shipped"))
    assert bill(kingdee, "XSCK000001", "SAL_OUTSTOCK")["head"]["FCarriageNO"] == WAYBILL
    assert told(kingdee, "XSCK000001", "SAL_OUTSTOCK")["Status"] == "已出库"
    assert told(kingdee) == {}


def test_an_order_is_found_by_the_bill_number_known_of_it(kingdee: KingdeeEmulator, wire: Wire) -> None:
    number = take(kingdee, "T1,T2")["number"]
    with pytest.raises(Temporary):
        adapter.tell(access(), news("packed"))
    adapter.tell(access(), news("packed", documents=(("sale_order", number), ("wave", "W1"))))
    assert told(kingdee)["Status"] == "已打包"


def test_an_order_is_found_by_the_towers_number(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "another", fields={"F_HUB_OrderNo": "OT-T1"})
    adapter.tell(access(tower_order_field="F_HUB_OrderNo"), news("packed"))
    assert told(kingdee)["Status"] == "已打包"


def test_every_live_bill_of_a_split_order_is_written(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    take(kingdee, "T1")
    kingdee.control("cancel", {"number": take(kingdee, "T1")["number"]})
    adapter.tell(access(), news("packed"))
    found = [told(kingdee, f"XSDD{number:06d}").get("Status") for number in (1, 2, 3)]
    assert found == ["已打包", "已打包", None]


def test_an_order_that_is_not_there_yet_is_waited_for(kingdee: KingdeeEmulator, wire: Wire) -> None:
    with pytest.raises(Temporary) as early:
        adapter.tell(access(), news())
    assert early.value.code == "no_bill"


def test_an_order_that_was_cancelled_there_is_a_persons_to_judge(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    kingdee.control("cancel", {"platform_order_id": "T1"})
    with pytest.raises(Permanent) as cancelled:
        adapter.tell(access(), news())
    assert cancelled.value.code == "cancelled"


def test_a_field_that_is_closed_after_audit_says_what_to_do(kingdee: KingdeeEmulator, wire: Wire) -> None:
    kingdee.books.after_audit = frozenset()
    take(kingdee, "T1")
    with pytest.raises(Permanent, match="BOS") as refused:
        adapter.tell(access(), news())
    assert refused.value.code == "not_editable"


def test_a_field_that_does_not_exist_is_the_connections_fault(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    with pytest.raises(ConnectionAtFault, match="F_Missing"):
        adapter.tell(access(tell_fields={"status": "F_Missing"}), news())


def test_a_field_that_is_dropped_silently_is_noticed(
    kingdee: KingdeeEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(kingdee, "T1")
    monkeypatch.setattr(kingdee.services, "_change", lambda *_told: None)
    with pytest.raises(Temporary, match="F_HUB_Status") as dropped:
        adapter.tell(access(), news())
    assert dropped.value.code == "not_kept"


def test_an_unknown_stage_is_refused_before_anything_is_sent(kingdee: KingdeeEmulator, wire: Wire) -> None:
    with pytest.raises(Permanent):
        adapter.tell(access(), news("weighed"))
    assert wire.names == []


# What gets lost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["fields", *WAYS])
@pytest.mark.parametrize("login", ["signature", "ValidateUser"])
@pytest.mark.parametrize("fault", ["lose_answer", "lose_session", "lose_session_after", "fail", "html", "lock"])
def test_whatever_is_lost_the_effect_is_single(
    kingdee: KingdeeEmulator, wire: Wire, way: str, login: str, fault: str
) -> None:
    take(kingdee, "T1")
    stage = "shipped" if way == "fields" else "shipped_already"
    settings: dict[str, Any] = {"login": login, **({} if way == "fields" else {"correction": way})}
    kingdee.control("faults", {fault: 0.3, "seed": 7})
    for _round in range(6):
        # A signature that is not recognised twice running looks like a wrong one, and asks for a person.
        with suppress(Unauthorised):
            until_done(news(stage), **settings)
    kingdee.control("faults", {})
    until_done(news(stage), **settings)
    with pytest.raises(AlreadyDone):
        adapter.tell(access(**settings), news(stage))
    only_once(kingdee, way)


def only_once(kingdee: KingdeeEmulator, way: str) -> None:
    order = bill(kingdee, "XSDD000001")
    if way == "fields":
        assert told(kingdee)["Waybill"] == WAYBILL
    if way == "note":
        assert order["head"]["FNote"].count("请勿重推") == 1
    if way == "close":
        assert order["head"]["FCloseStatus"] == "B"
        done = [
            e for e in kingdee.journal.entries("call") if e["service"] == "ExcuteOperation" and e["outcome"] == "ok"
        ]
        assert len(done) == 1
    if way == "audit":
        [out] = kingdee.control("bills", {"form": "SAL_OUTSTOCK"})
        assert (out["head"]["FDocumentStatus"], out["head"]["FCarriageNO"]) == ("C", WAYBILL)
        assert kingdee.books.stock["SKU1", "CK001"] == 999.0


def test_a_timeout_after_a_success_is_found_to_be_done(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    wire.before[SAVE, 1] = lambda: kingdee.control("faults", {"lose_answer": 1.0})
    with pytest.raises(Temporary) as lost:
        adapter.tell(access(), news())
    assert lost.value.code == "504"
    kingdee.control("faults", {})
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), news())
    assert wire.count(SAVE) == 1


# "This was shipped, do not push it again" ---------------------------------------------------------------------------


def correction(**changes: Any) -> Any:
    return news("shipped_already", **changes)


def test_without_a_correction_the_erp_pushes_again(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    assert kingdee.control("repush", {"platform_order_id": "T1"})["pushed"]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_keeps_the_erp_from_pushing_again(kingdee: KingdeeEmulator, wire: Wire, way: str) -> None:
    take(kingdee, "T1", lines=[{"sku": "A", "quantity": 2}, {"sku": "B"}], note="客户要求加急")
    adapter.tell(access(correction=way), correction())
    for _repeat in range(2):
        with pytest.raises(AlreadyDone):
            adapter.tell(access(correction=way), correction())
    stopped = kingdee.control("repush", {"platform_order_id": "T1"})
    assert not stopped["pushed"]
    assert kingdee.journal.entries("repushed") == []


def test_a_note_is_added_to_what_stands_there(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1", note="客户要求加急")
    adapter.tell(access(), correction())
    adapter.tell(access(), correction(parcel="OT-T1-2"))
    note = bill(kingdee, "XSDD000001")["head"]["FNote"]
    assert note.startswith("客户要求加急 【指挥塔】包裹OT-T1-1已于2026-03-05 09:00:00出库")
    assert note.count("请勿重推") == 2


def test_the_words_of_the_note_are_a_setting(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    adapter.tell(access(note_text="SHIPPED {waybill}"), correction())
    assert bill(kingdee, "XSDD000001")["head"]["FNote"] == f"SHIPPED {WAYBILL}"
    with pytest.raises(Permanent, match="note_text"):
        adapter.tell(access(note_text="{phone}"), correction())


def test_only_the_rest_of_the_rows_is_closed(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1", lines=[{"sku": "A"}, {"sku": "B"}])
    order = bill(kingdee, "XSDD000001")
    kingdee.books.set_rows(
        kingdee.books.find("SAL_SaleOrder", "XSDD000001"), "FMrpCloseStatus", "B", {order["rows"][0]["id"]}
    )
    settings: dict[str, Any] = {"correction": "close", "close_scope": "rows", "close_operation": "MRPClose"}
    adapter.tell(access(**settings), correction())
    [asked] = wire.asked("ExcuteOperation")
    assert asked["opNumber"] == "MRPClose"
    assert asked["data"] == {"PkEntryIds": [{"Id": str(order["id"]), "EntryIds": str(order["rows"][1]["id"])}]}
    with pytest.raises(AlreadyDone):
        adapter.tell(access(**settings), correction())


def test_a_close_that_closes_nothing_is_noticed(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    with pytest.raises(Temporary) as open_still:
        adapter.tell(access(correction="close", close_operation="MRPUnFreeze"), correction())
    assert open_still.value.code == "not_kept"


def test_an_unknown_operation_is_the_connections_fault(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    with pytest.raises(ConnectionAtFault):
        adapter.tell(access(correction="close", close_operation="NoSuch"), correction())


@pytest.mark.parametrize("reached", ["nothing", "pushed", "submitted", "audited"])
def test_the_audit_goes_on_from_the_step_that_was_reached(kingdee: KingdeeEmulator, wire: Wire, reached: str) -> None:
    take(kingdee, "T1")
    if reached != "nothing":
        out = kingdee.books.push(kingdee.books.find("SAL_SaleOrder", "XSDD000001"))
        if reached in ("submitted", "audited"):
            kingdee.books.submit(out)
        if reached == "audited":
            kingdee.books.audit(out)
    if reached == "audited":
        with pytest.raises(AlreadyDone):
            adapter.tell(access(correction="audit"), correction())
    else:
        adapter.tell(access(correction="audit"), correction(waybill="" if reached == "submitted" else WAYBILL))
    [found] = kingdee.control("bills", {"form": "SAL_OUTSTOCK"})
    assert found["head"]["FDocumentStatus"] == "C"
    assert bill(kingdee, "XSDD000001")["rows"][0]["FRemainOutQty"] == 0
    expected = {"nothing": (1, 1, 1), "pushed": (0, 1, 1), "submitted": (0, 0, 1), "audited": (0, 0, 0)}[reached]
    assert (wire.count("Push"), wire.count("Submit"), wire.count("Audit")) == expected


def test_an_out_stock_bill_in_review_takes_its_waybill_where_the_tenant_allows_it(
    kingdee: KingdeeEmulator, wire: Wire
) -> None:
    take(kingdee, "T1")
    kingdee.books.submit(kingdee.books.push(kingdee.books.find("SAL_SaleOrder", "XSDD000001")))
    adapter.tell(access(correction="audit"), correction())
    [found] = kingdee.control("bills", {"form": "SAL_OUTSTOCK"})
    assert (found["head"]["FDocumentStatus"], found["head"]["FCarriageNO"]) == ("C", WAYBILL)


def test_too_little_stock_in_the_books_is_a_persons_to_judge(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    kingdee.control("stock", {"material": "SKU1", "quantity": 0})
    with pytest.raises(Permanent, match="即时库存不足"):
        adapter.tell(access(correction="audit"), correction())
    kingdee.control("stock", {"material": "SKU1", "quantity": 1})
    adapter.tell(access(correction="audit"), correction())
    assert len(kingdee.control("bills", {"form": "SAL_OUTSTOCK"})) == 1


@pytest.mark.parametrize("way", ["close", "audit"])
def test_a_merged_order_is_not_closed_over_the_heads_of_the_others(
    kingdee: KingdeeEmulator, wire: Wire, way: str
) -> None:
    number = take(kingdee, "T1,T2")["number"]
    known = (("sale_order", number),)
    with pytest.raises(Permanent) as merged:
        adapter.tell(access(correction=way), correction(documents=known))
    assert merged.value.code == "merged"
    adapter.tell(access(correction="note"), correction(documents=known))


def test_the_correction_is_recognised_after_the_erp_shipped_it_itself(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    take(kingdee, "T1")
    kingdee.control("ship", {"platform_order_id": "T1", "waybill": WAYBILL})
    time.advance(minutes=1)
    for way in ("close", "audit"):
        with pytest.raises(AlreadyDone):
            adapter.tell(access(correction=way), correction())


def test_what_is_told_has_no_secret_in_the_journal(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    adapter.tell(access(login="ValidateUser"), news())
    adapter.tell(access(), news("signed", at=datetime(2026, 3, 5, tzinfo=UTC) + timedelta(hours=2)))
    written = str(kingdee.journal.entries())
    assert not any(DEFAULTS[name] in written for name in ("password", "app_secret", "passport"))
