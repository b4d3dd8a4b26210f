"""What is written into a sale order, and what is not written twice."""

import pytest

from integrations.erp.kingdee_wise import adapter
from integrations.erp.kingdee_wise.emulator import KingdeeWiseEmulator
from integrations.errors import AlreadyDone, OutsideError, Permanent, Temporary
from orders import clock
from tests.integrations.kingdee_wise.conftest import WAYBILL, Wire, access, news, take

UPDATE = "Bill1000081/Update"


def test_what_happened_is_written_once(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    take(k3, "T1")
    adapter.tell(access(), news())
    assert wire.asked(UPDATE) == [
        {
            "Page1": [
                {
                    "FBillNo": "SEORD000001",
                    "FHubState": "已出库",
                    "FHubShippedAt": "2026-11-11 12:00:07",
                    "FHubWarehouse": "WH01",
                    "FHubWaybill": WAYBILL,
                }
            ]
        }
    ]
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), news())
    assert len(wire.asked(UPDATE)) == 1


def test_two_parcels_collect_their_waybills_and_late_news_takes_nothing_back(
    k3: KingdeeWiseEmulator, wire: Wire, time: clock.FixedClock
) -> None:
    bill = take(k3, "T1")
    packed = news("packed")
    time.advance(minutes=1)
    for waybill in (WAYBILL, "SF1234567890123"):
        adapter.tell(access(), news(waybill=waybill))
    adapter.tell(access(), packed)
    assert (bill["FHubState"], bill["FHubWaybill"], bill["FHubPackedAt"]) == (
        "已出库",
        f"{WAYBILL},SF1234567890123",
        "2026-11-11 12:00:07",
    )


def test_an_answer_that_was_lost_is_looked_up_by_the_next_try(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    take(k3, "T1")
    wire.before[UPDATE, 1] = lambda: k3.control("faults", {"lose_answer": 1.0})
    with pytest.raises(Temporary):
        adapter.tell(access(), news())
    k3.control("faults", {"lose_answer": 0.0})
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), news())
    assert len(wire.asked(UPDATE)) == 1


def test_a_field_that_is_dropped_in_silence_is_noticed(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    take(k3, "T1")
    k3.fixed = {"FHubWaybill"}
    with pytest.raises(Temporary, match="FHubWaybill"):
        adapter.tell(access(), news())


def test_please_do_not_push_again_is_added_to_the_note_once(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    bill = take(k3, "T1")
    bill["FHubNote"] = "加急"
    adapter.tell(access(), news("shipped_already"))
    assert bill["FHubNote"] == "加急 【指挥塔】已出库，请勿重推"
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), news("shipped_already"))
    with pytest.raises(Permanent, match="correction"):
        adapter.tell(access(tell_fields={"status": "FHubState"}), news("shipped_already"))


def test_no_bill_is_waited_for_and_a_cancelled_one_is_not(k3: KingdeeWiseEmulator, wire: Wire) -> None:
    with pytest.raises(Temporary, match="还没有"):
        adapter.tell(access(), news())
    take(k3, "T1", status="9")
    with pytest.raises(Permanent, match="作废"):
        adapter.tell(access(), news())
    assert wire.asked(UPDATE) == []


@pytest.mark.parametrize("changes", [{"stage": "returned"}, {"platform_order_id": ""}])
def test_what_cannot_be_told_is_a_no(k3: KingdeeWiseEmulator, wire: Wire, changes: dict[str, str]) -> None:
    with pytest.raises(Permanent):
        adapter.tell(access(), news(**changes))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"<html></html>", b'{"StatusCode":201}'])
def test_nonsense_in_answer_to_a_write_is_no_success(k3: KingdeeWiseEmulator, wire: Wire, body: bytes) -> None:
    take(k3, "T1")
    wire.before[UPDATE, 1] = lambda: wire.instead.append((200, body))
    with pytest.raises(OutsideError) as caught:
        adapter.tell(access(), news())
    assert not isinstance(caught.value, AlreadyDone)


@pytest.mark.parametrize("warehouse", ["杭州仓", "WH 01", "WH-01"])
def test_a_warehouse_may_be_called_anything(k3: KingdeeWiseEmulator, wire: Wire, warehouse: str) -> None:
    bill = take(k3, "T1")
    adapter.tell(access(), news(warehouse=warehouse))
    assert bill["FHubWarehouse"] == warehouse
    with pytest.raises(AlreadyDone):
        adapter.tell(access(), news(warehouse=warehouse))
    adapter.tell(access(), news(warehouse="义乌仓", waybill="SF1234567890123"))
    assert bill["FHubWarehouse"] == f"{warehouse},义乌仓"
