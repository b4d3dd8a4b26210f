"""What the books say of stock, and transfers that are made once whatever happens on the way."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.erp.kingdee.emulator import KingdeeEmulator
from integrations.erp.kingdee.stock import StockLine, Transfer, TransferRow, find_transfer, inventory, transfer
from integrations.errors import Permanent, Temporary, Throttled
from tests.integrations.kingdee.conftest import Wire, access

ROW = TransferRow(material="CREAM-50", quantity=Decimal("6"), source="CK001", target="CK002")
WISH = Transfer(number="TF-2026-0001", day=date(2026, 3, 5), rows=(ROW,), note="补北仓")


@pytest.fixture(autouse=True)
def _stocked(kingdee: KingdeeEmulator) -> None:
    for material, warehouse, quantity in (("CREAM-50", "CK001", 10), ("CREAM-50", "CK002", 2.5), ("SOAP", "CK001", 7)):
        kingdee.control("stock", {"material": material, "warehouse": warehouse, "quantity": quantity})


def quantities(**asked: Any) -> dict[tuple[str, str], Decimal]:
    return {(line.material, line.warehouse): line.quantity for line in inventory(access(), **asked)}


def test_stock_comes_by_material_warehouse_status_and_lot(wire: Wire) -> None:
    found = inventory(access(), materials=["CREAM-50"], warehouses=["CK002"])
    assert found == [
        StockLine(
            material="CREAM-50",
            name="物料CREAM-50",
            warehouse="CK002",
            status="KCZT01_SYS",
            lot="",
            quantity=Decimal("2.5"),
        )
    ]


def test_without_names_all_stock_comes(wire: Wire) -> None:
    assert len(quantities()) == 3
    assert set(quantities(warehouses=["CK001"])) == {("CREAM-50", "CK001"), ("SOAP", "CK001")}


def test_many_materials_are_asked_for_in_parts_and_pages(kingdee: KingdeeEmulator, wire: Wire) -> None:
    names = [f"SKU{number}" for number in range(250)]
    for name in names:
        kingdee.control("stock", {"material": name, "quantity": 1})
    found = inventory(access(page_size=40), materials=names)
    assert sorted(line.material for line in found) == sorted(names)


def test_a_tenants_quantity_field_is_a_setting(wire: Wire) -> None:
    with pytest.raises(Permanent, match="FQty"):
        inventory(access(stock_quantity_field="FQty"))


def test_a_transfer_is_made_submitted_and_audited(kingdee: KingdeeEmulator, wire: Wire) -> None:
    made = transfer(access(), WISH)
    assert (made.number, made.status, made.cancelled, made.rows) == ("TF-2026-0001", "C", False, (ROW,))
    assert quantities(materials=["CREAM-50"]) == {
        ("CREAM-50", "CK001"): Decimal(4),
        ("CREAM-50", "CK002"): Decimal("8.5"),
    }
    [bill] = kingdee.control("bills", {"form": "STK_TransferDirect"})
    assert bill["head"]["FNote"] == "补北仓"
    assert bill["head"]["FTransferBizType"] == "InnerOrgTransfer"


def test_the_same_wish_again_moves_nothing(kingdee: KingdeeEmulator, wire: Wire) -> None:
    for _repeat in range(3):
        assert transfer(access(), WISH).status == "C"
    assert quantities(materials=["CREAM-50"])["CREAM-50", "CK001"] == 4
    assert (wire.count("Save"), wire.count("Submit"), wire.count("Audit")) == (1, 1, 1)


@pytest.mark.parametrize("step", ["Save", "Submit", "Audit"])
@pytest.mark.parametrize("loss", ["lose_answer", "lose_session_after"])
def test_a_step_whose_answer_was_lost_is_not_taken_twice(
    kingdee: KingdeeEmulator, wire: Wire, step: str, loss: str
) -> None:
    asked = access(login="ValidateUser")

    def lose() -> None:
        kingdee.control("faults", {loss: 1.0})

    def find_again() -> None:
        kingdee.control("faults", {})

    wire.before[step, 1] = lose
    # The next call of any service after the lost answer finds everything well.
    for service in ("ExecuteBillQuery", "ValidateUser"):
        for count in range(1, 10):
            wire.before[service, count] = lambda: find_again() if wire.count(step) else None
    try:
        transfer(asked, WISH)
    except Temporary:
        transfer(asked, WISH)
    assert quantities(materials=["CREAM-50"])["CREAM-50", "CK001"] == 4
    assert (wire.count("Save"), wire.count("Submit"), wire.count("Audit")) == (1, 1, 1)
    assert len(kingdee.control("bills", {"form": "STK_TransferDirect"})) == 1


@pytest.mark.parametrize("fault", ["lose_answer", "fail", "lock", "html", "lose_session_after", "throttle"])
def test_a_stormy_day_ends_in_one_transfer(kingdee: KingdeeEmulator, wire: Wire, fault: str) -> None:
    kingdee.control("faults", {fault: 0.3, "seed": 3})
    made = None
    for _try in range(80):
        try:
            made = transfer(access(login="ValidateUser"), WISH)
            break
        except (Temporary, Throttled):
            continue
    kingdee.control("faults", {})
    assert made is not None
    assert quantities(materials=["CREAM-50"])["CREAM-50", "CK001"] == 4


@pytest.mark.parametrize(
    "other",
    [
        replace(WISH, rows=(replace(ROW, quantity=Decimal(7)),)),
        replace(WISH, rows=(replace(ROW, target="CK003"),)),
        replace(WISH, rows=(ROW, replace(ROW, material="SOAP"))),
    ],
)
def test_a_number_used_for_other_goods_is_refused(kingdee: KingdeeEmulator, wire: Wire, other: Transfer) -> None:
    transfer(access(), WISH)
    with pytest.raises(Permanent) as refused:
        transfer(access(), other)
    assert refused.value.code == "other_content"
    assert len(kingdee.control("bills", {"form": "STK_TransferDirect"})) == 1


def test_too_little_stock_leaves_the_bill_unaudited_for_a_later_try(kingdee: KingdeeEmulator, wire: Wire) -> None:
    kingdee.control("stock", {"material": "CREAM-50", "quantity": 1})
    with pytest.raises(Permanent, match="即时库存不足"):
        transfer(access(), WISH)
    waiting = find_transfer(access(), WISH.number)
    assert waiting is not None
    assert waiting.status == "B"
    kingdee.control("stock", {"material": "CREAM-50", "quantity": 6})
    assert transfer(access(), WISH).status == "C"


def test_a_transfer_that_was_cancelled_there_is_not_made_again(kingdee: KingdeeEmulator, wire: Wire) -> None:
    kingdee.control("stock", {"material": "CREAM-50", "quantity": 1})
    with pytest.raises(Permanent):
        transfer(access(), WISH)
    kingdee.control("cancel", {"form": "STK_TransferDirect", "number": WISH.number})
    with pytest.raises(Permanent) as cancelled:
        transfer(access(), WISH)
    assert cancelled.value.code == "cancelled"


def test_a_transfer_nobody_made_is_not_found(wire: Wire) -> None:
    assert find_transfer(access(), "TF-0") is None


def test_between_organisations_it_is_said_so(kingdee: KingdeeEmulator, wire: Wire) -> None:
    transfer(access(), replace(WISH, target_organisation="200", rows=(replace(ROW, lot="L1"),)))
    [bill] = kingdee.control("bills", {"form": "STK_TransferDirect"})
    assert bill["head"]["FTransferBizType"] == "OverOrgTransfer"
    assert (bill["head"]["FStockOutOrgId"], bill["head"]["FStockOrgId"]) == ("100", "200")
    assert bill["rows"][0]["FLot"] == {"FNumber": "L1"}


@pytest.mark.parametrize("cell", ["a lot", "NaN", "Infinity"])
def test_a_quantity_that_is_none_is_not_believed(kingdee: KingdeeEmulator, wire: Wire, cell: str) -> None:
    wire.instead = [(200, f'[["A","a","CK001","X","","{cell}"]]'.encode())]
    with pytest.raises(Temporary):
        inventory(access(), materials=["A"])
