"""Nothing is missed and nothing is read twice for nothing: windows, pages, late commits, audits, merged bills."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.erp.kingdee import adapter
from integrations.erp.kingdee.emulator import KingdeeEmulator
from integrations.errors import Permanent, Temporary
from orders.clock import FixedClock
from tests.integrations.kingdee.conftest import (
    WAYBILL,
    Wire,
    access,
    bill,
    news,
    poll_all,
    read,
    report,
    reports,
    said,
    take,
)
from tests.integrations.wire import to_the_end

QUERY = "ExecuteBillQuery"


def orders(messages: list[Any]) -> list[str]:
    return [said(message).subject for message in messages]


def test_an_order_is_reported_as_the_erp_sees_it(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    take(kingdee, "T2", audited=False)
    time.advance(minutes=1)
    messages, _ = poll_all()
    found = reports(messages)
    assert {name: one.stage for name, one in found.items()} == {"T1": "accepted", "T2": "other"}
    assert found["T1"].documents == (("sale_order", "XSDD000001"),)
    assert (found["T1"].order, found["T1"].platform_order_id) == ("T1", "T1")
    assert found["T1"].reported_at == datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC)


def test_every_life_of_an_order_is_seen_step_by_step(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    cursor: dict[str, Any] = {}
    stages = []
    steps: list[tuple[str, dict[str, Any]]] = [
        ("order", {"platform_order_id": "T1", "audited": False, "lines": [{"sku": "A", "quantity": 3}]}),
        ("audit", {"platform_order_id": "T1"}),
        ("ship", {"platform_order_id": "T1", "quantity": 1, "waybill": "YT1000000000001", "carrier": "YTO"}),
        ("ship", {"platform_order_id": "T1", "waybill": "YT1000000000002", "carrier": "YTO"}),
    ]
    for command, data in steps:
        kingdee.control(command, data)
        time.advance(minutes=6)
        messages, cursor = poll_all(cursor)
        stages += [one.stage for one in dict.fromkeys(report(message) for message in messages)]
    assert stages == ["other", "accepted", "shipped_part", "shipped"]
    last = read("T1")
    assert [(parcel.carrier, parcel.waybill) for parcel in last.parcels] == [
        ("yto", "YT1000000000001"),
        ("yto", "YT1000000000002"),
    ]
    assert [number for _, number in last.documents] == ["XSDD000001", "XSCK000001", "XSCK000002"]


def test_an_audit_and_a_cancellation_are_seen_although_the_change_time_stays(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    take(kingdee, "T1", audited=False)
    take(kingdee, "T2", audited=False)
    time.advance(minutes=10)
    _, cursor = poll_all()
    kingdee.control("audit", {"platform_order_id": "T1"})
    kingdee.control("cancel", {"platform_order_id": "T2"})
    assert bill(kingdee, "XSDD000001")["head"]["FModifyDate"] == "2026-03-05T09:08:07.000"
    time.advance(minutes=10)
    messages, _ = poll_all(cursor)
    found = reports(messages)
    assert {name: one.stage for name, one in found.items()} == {"T1": "accepted", "T2": "cancelled"}
    assert {one.reported_at for one in found.values()} == {datetime(2026, 3, 5, 1, 18, 7, tzinfo=UTC)}


def test_an_out_stock_bill_leads_to_its_order(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    time.advance(minutes=10)
    _, cursor = poll_all()
    kingdee.control("ship", {"platform_order_id": "T1", "waybill": WAYBILL, "carrier": "SF01"})
    time.advance(minutes=10)
    messages, _ = poll_all(cursor)
    [found] = {report(message) for message in messages}
    assert found.stage == "shipped"
    assert [(parcel.carrier, parcel.waybill, parcel.items) for parcel in found.parcels] == [
        ("sf", WAYBILL, (("SKU1", 1),))
    ]


def test_what_the_tower_writes_is_no_news_of_the_order(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    time.advance(minutes=10)
    first, cursor = poll_all()
    for stage in ("packed", "shipped", "picked_up", "signed"):
        adapter.tell(access(), news(stage))
    time.advance(minutes=10)
    again, _ = poll_all(cursor)
    assert orders(again) == ["T1"]
    assert (again[0].key, again[0].body) == (first[0].key, first[0].body)


def test_the_overlap_brings_nothing_twice(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    for number in range(5):
        take(kingdee, f"T{number}")
    time.advance(minutes=1)
    first, cursor = poll_all()
    assert len(first) == 5
    wire.calls.clear()
    time.advance(seconds=30)
    again, _ = poll_all(cursor)
    assert again == []
    assert wire.count(QUERY) == 2


def test_a_change_within_the_overlap_is_read_again(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1", audited=False)
    time.advance(minutes=1)
    _, cursor = poll_all()
    kingdee.control("audit", {"platform_order_id": "T1"})
    time.advance(seconds=30)
    messages, _ = poll_all(cursor)
    assert [report(message).stage for message in messages] == ["accepted"]


def test_a_second_change_within_one_second_is_not_lost(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1", audited=False)
    time.advance(seconds=1)
    first, cursor = poll_all()
    assert [report(message).stage for message in first] == ["other"]
    kingdee.control("edit", {"platform_order_id": "T1", "silent": True, "fields": {"FDocumentStatus": "B"}})
    time.advance(seconds=5)
    messages, _ = poll_all(cursor)
    assert [report(message).platform_status for message in messages] == ["审核中"]


def test_a_bill_that_is_committed_late_is_found(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    kingdee.control("faults", {"delay": 1.0, "delay_seconds": 200})
    take(kingdee, "T1")
    kingdee.control("faults", {})
    time.advance(minutes=1)
    messages, cursor = poll_all()
    assert messages == []
    time.advance(minutes=3)
    messages, _ = poll_all(cursor)
    assert orders(messages) == ["T1"]


def test_many_bills_are_read_page_by_page(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    for number in range(23):
        take(kingdee, f"T{number}", lines=[{"sku": "A"}, {"sku": "B"}, {"sku": "C"}])
    time.advance(minutes=1)
    messages, _ = poll_all(bills_a_step=5, page_size=7)
    assert sorted(orders(messages)) == sorted(f"T{number}" for number in range(23))


def test_a_bill_that_moves_while_pages_are_read_hides_no_other(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    for number in range(12):
        take(kingdee, f"T{number}")
    time.advance(minutes=1)
    polled = adapter.poll(access(bills_a_step=4), {})
    found = [said(message).subject for message in polled.messages]
    time.advance(seconds=10)
    # The first bills leave the window: by place, the third page would now be the second.
    for number in range(4):
        kingdee.control("edit", {"platform_order_id": f"T{number}", "fields": {"FNote": "加急"}})
    messages, _ = poll_all(dict(polled.cursor), bills_a_step=4)
    assert set(found) | set(orders(messages)) == {f"T{number}" for number in range(12)}


def test_a_poll_that_breaks_off_goes_on_where_it_was(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    for number in range(9):
        take(kingdee, f"T{number}")
    time.advance(minutes=1)
    polled = adapter.poll(access(bills_a_step=3), {})
    kept = json.loads(json.dumps(polled.cursor))
    kingdee.control("faults", {"fail": 1.0})
    with pytest.raises(Temporary):
        adapter.poll(access(bills_a_step=3), kept)
    kingdee.control("faults", {})
    messages, _ = poll_all(kept, bills_a_step=3)
    assert orders(messages) == [f"T{number}" for number in range(3, 9)]


def test_a_long_absence_is_read_window_by_window(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    cursor = poll_all()[1]
    for hour in range(30):
        take(kingdee, f"T{hour}")
        time.advance(hours=1)
    messages, cursor = poll_all(cursor, window_minutes=60)
    assert sorted(set(orders(messages))) == sorted(f"T{hour}" for hour in range(30))
    assert wire.count(QUERY) > 60
    assert datetime.fromisoformat(cursor["reached"]) == time.now()


@pytest.mark.parametrize("fault", ["repeat", "reorder"])
def test_doubled_and_disordered_rows_do_no_harm(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock, fault: str
) -> None:
    for number in range(10):
        take(kingdee, f"T{number}", lines=[{"sku": "A"}, {"sku": "B"}])
    time.advance(minutes=1)
    kingdee.control("faults", {fault: 1.0})
    messages, _ = poll_all()
    assert sorted(set(orders(messages))) == [f"T{number}" for number in range(10)]
    kingdee.control("faults", {})
    assert report(messages[0]) == read(said(messages[0]).subject)


def test_an_order_without_a_platform_number_is_nobodys_business(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    take(kingdee, "")
    take(kingdee, "T1")
    time.advance(minutes=1)
    assert orders(poll_all()[0]) == ["T1"]


@pytest.mark.parametrize("written", ["T1,T2", "T1，T2", "T1;T2", "T1 T2", "T1、T2,"])
def test_a_merged_bill_speaks_of_every_order_in_it(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock, written: str
) -> None:
    take(kingdee, written)
    time.advance(minutes=1)
    messages, _ = poll_all()
    found = reports(messages)
    assert set(found) == {"T1", "T2"}
    assert {one.documents for one in found.values()} == {(("sale_order", "XSDD000001"),)}
    assert read("T2").platform_order_id == "T2"


def test_a_split_order_is_shipped_when_its_last_bill_is(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    first, second = take(kingdee, "T1")["number"], take(kingdee, "T1")["number"]
    kingdee.control("ship", {"number": first})
    assert read("T1").stage == "shipped_part"
    kingdee.control("ship", {"number": second})
    assert read("T1").stage == "shipped"


def test_a_number_that_is_part_of_another_is_not_mistaken_for_it(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T11")
    take(kingdee, "T1_1")
    with pytest.raises(Permanent) as missing:
        adapter.fetch(access(), "T1")
    assert missing.value.code == "no_bill"


def test_a_number_with_a_quote_stays_a_number(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1'or'1'='1")
    take(kingdee, "T2")
    time.advance(minutes=1)
    assert orders(poll_all()[0]) == ["T1'or'1'='1", "T2"]
    assert read("T1'or'1'='1").order == "T1'or'1'='1"


def test_the_towers_own_number_names_the_order(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1", fields={"F_HUB_OrderNo": "OT-17"})
    take(kingdee, "", fields={"F_HUB_OrderNo": "OT-18"})
    time.advance(minutes=1)
    found = reports(poll_all(tower_order_field="F_HUB_OrderNo")[0])
    assert {subject: (one.order, one.platform_order_id) for subject, one in found.items()} == {
        "T1": ("OT-17", "T1"),
        "OT-18": ("OT-18", ""),
    }
    assert read("OT-17", tower_order_field="F_HUB_OrderNo").platform_order_id == "T1"


def test_an_out_stock_bill_without_sale_order_is_found_by_its_own_field(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    made = kingdee.books.add("SAL_OUTSTOCK", {"F_HUB_NetOrder": "T9", "FCarriageNO": WAYBILL}, [{"FRealQty": 1}])
    kingdee.books.stock["", ""] = 5
    kingdee.control("audit", {"form": "SAL_OUTSTOCK", "number": made.number})
    time.advance(minutes=1)
    assert poll_all()[0] == []
    found = reports(poll_all(out_stock_order_field="F_HUB_NetOrder")[0])
    assert (found["T9"].stage, found["T9"].documents) == ("shipped", (("out_stock", "XSCK000001"),))


def test_settings_say_what_an_audit_means(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    assert read("T1", audited_order_means="").stage == "other"
    assert read("T1", audited_order_means="accepted").stage == "accepted"
    kingdee.control("ship", {"platform_order_id": "T1", "waybill": WAYBILL})
    assert read("T1", audited_out_stock_means="accepted").stage == "accepted"
    take(kingdee, "T2")
    kingdee.control("close", {"platform_order_id": "T2"})
    assert read("T2").stage == "other"
    assert read("T2", closed_order_means="cancelled").stage == "cancelled"


def test_receivers_are_not_asked_for(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    time.advance(minutes=1)
    poll_all()
    asked = " ".join(body["data"]["FieldKeys"] for body in wire.asked(QUERY))
    assert not any(name in asked for name in ("FLinkMan", "FLinkPhone", "FReceiveAddress"))


# The past -----------------------------------------------------------------------------------------------------------


def slices(start: datetime, end: datetime, **settings: Any) -> list[str]:
    return orders(to_the_end(lambda kept: adapter.slice(access(**settings), start, end, kept))[0])


def test_a_slice_reads_what_changed_in_it_and_nothing_else(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    for hour in range(10):
        take(kingdee, f"T{hour}")
        time.advance(hours=1)
    span = start + timedelta(hours=2), start + timedelta(hours=5)
    assert slices(*span, bills_a_step=2) == ["T2", "T3", "T4"]
    assert slices(span[1], span[1]) == []


def test_a_slice_finds_what_was_shipped_in_it(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    start = time.now()
    take(kingdee, "T1")
    time.advance(hours=3)
    kingdee.control("ship", {"platform_order_id": "T1", "waybill": WAYBILL})
    assert slices(start + timedelta(hours=2), start + timedelta(hours=4)) == ["T1"]


def test_the_erps_own_list_of_a_day_holds_every_live_order_once(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    for number in range(7):
        take(kingdee, f"T{number}")
        time.advance(minutes=10)
    take(kingdee, "T0")
    take(kingdee, "M1,M2")
    kingdee.control("cancel", {"platform_order_id": "T3"})
    found = adapter.numbers(access(page_size=3), start, time.now() + timedelta(seconds=1))
    assert list(found) == ["T0", "T1", "T2", "T4", "T5", "T6", "M1", "M2"]
    assert adapter.numbers(access(), start, start + timedelta(minutes=10)) == ["T0"]
    assert adapter.numbers(access(), start, start) == []
