"""Windows, pages at their limits, and bills that change while they are read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integrations.erp.kingdee_wise import adapter
from integrations.erp.kingdee_wise.emulator import KingdeeWiseEmulator
from integrations.errors import Permanent
from orders import clock
from tests.integrations.kingdee_wise.conftest import WAYBILL, Wire, access, poll_all, report, take
from tests.integrations.wire import to_the_end

GET_ORDERS = "Bill1000081/GetList"


@pytest.mark.parametrize("orders", [0, 1, 9, 10, 11, 20, 25])
def test_every_page_is_read_at_its_limits(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock, orders: int
) -> None:
    wanted = {f"T{number}" for number in range(orders)}
    for number in wanted:
        take(k3, number)
    time.advance(seconds=3)
    assert poll_all(page_size=10)[0].keys() == wanted


def test_a_bill_that_changes_while_it_is_read_hides_no_other(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    """It leaves the window, and every bill behind it moves up by one."""
    bills = []
    for number in range(25):
        bills.append(take(k3, f"T{number:02}"))
        time.advance(seconds=1)
    time.advance(seconds=5)

    def change(bill: dict[str, Any]) -> Callable[[], object]:
        def changed() -> None:
            time.advance(seconds=1)
            k3.control("status", {"number": bill["FBillNo"], "status": "3"})

        return changed

    # Between the pages, forward and back.
    for place, bill in ((2, bills[0]), (3, bills[1]), (4, bills[12]), (5, bills[2]), (6, bills[3])):
        wire.before[GET_ORDERS, place] = change(bill)
    found, cursor = poll_all(page_size=10, overlap_seconds=0)
    time.advance(seconds=5)
    assert (found | poll_all(cursor, page_size=10, overlap_seconds=0)[0]).keys() == {
        f"T{number:02}" for number in range(25)
    }


def test_a_window_with_more_bills_than_top_is_cut_until_it_fits(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    for number in range(60):
        take(k3, f"T{number:02}")
        time.advance(minutes=1)
    found, cursor = poll_all(page_size=5, most_rows=10)
    assert len(found) == 60
    assert cursor == {"reached": clock.now().isoformat()}


def test_more_bills_in_one_second_than_top_is_a_matter_for_a_person(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    for number in range(10):
        take(k3, f"T{number}")
    time.advance(seconds=3)
    with pytest.raises(Permanent, match="Top"):
        poll_all(page_size=5, most_rows=10)


def test_windows_follow_each_other_with_an_overlap(k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock) -> None:
    _found, cursor = poll_all()
    late = take(k3, "T1")
    late["FChangedAt"] = "2026-11-11 11:57:00"
    time.advance(minutes=1)
    found, _cursor = poll_all(cursor)
    assert found.keys() == {"T1"}
    assert wire.asked(GET_ORDERS)[-2]["Filter"] == (
        "[FChangedAt]>='2026-11-11 11:55:07' and [FChangedAt]<'2026-11-11 12:01:07'"
    )


def test_an_out_stock_bill_is_found_although_its_order_did_not_change(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    take(k3, "T1,T2")
    time.advance(minutes=30)
    _found, cursor = poll_all()
    k3.control("ship", {"platform_order_id": "T2", "waybill": WAYBILL})
    time.advance(minutes=1)
    found, _cursor = poll_all(cursor)
    assert {order: (one.stage, one.parcels[0].carrier) for order, one in found.items()} == {
        "T1": ("shipped", "yto"),
        "T2": ("shipped", "yto"),
    }


def test_out_stock_bills_are_left_alone_where_none_are_named(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    take(k3, "T1")
    k3.control("ship", {"platform_order_id": "T1", "waybill": WAYBILL})
    time.advance(seconds=3)
    assert poll_all(out_bill="")[0]["T1"].stage == "accepted"
    assert wire.asked("Bill1000021/GetList") == []


def test_a_number_that_is_part_of_another_is_not_taken_for_it(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    take(k3, "T11", status="9")
    take(k3, "T1")
    read = report(adapter.fetch(access(), "T1"))
    assert (read.stage, read.documents) == ("accepted", (("sale_order", "SEORD000002"),))
    for subject in ("T", "%", "T1' or '1'='1", ""):
        with pytest.raises(Permanent):
            adapter.fetch(access(), subject)


def test_a_slice_has_what_changed_in_it_and_numbers_what_was_made(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    start = clock.now()
    for number in range(12):
        take(k3, f"T{number:02}", status="9" if number == 3 else "1")
        time.advance(minutes=40)
    end = start + timedelta(hours=4)
    asked = access(page_size=2, most_rows=4, window_minutes=60)
    messages, _ = to_the_end(lambda kept: adapter.slice(asked, start, end, kept), at_most=50)
    found = {report(message).order for message in messages}
    assert found == {f"T{number:02}" for number in range(6)}
    assert set(adapter.numbers(access(page_size=4), start, end)) == found - {"T03"}
    with pytest.raises(Permanent, match="Top"):
        adapter.numbers(access(page_size=2, most_rows=4), start, end)
