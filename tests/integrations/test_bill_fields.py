"""Fields that all parcels of an order share: news may come twice, and in any order."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.adapter import Telling
from integrations.bill_fields import changes, numbers_in

NOON = datetime(2026, 3, 5, 4, tzinfo=UTC)
WORDS = {"packed": "已打包", "shipped": "已出库", "picked_up": "已揽收", "signed": "已签收"}


def told(there: dict[str, str], stage: str = "shipped", at: datetime = NOON) -> dict[str, str]:
    news = Telling(
        order="T1",
        parcel="T1-1",
        platform_order_id="1",
        stage=stage,
        at=at,
        warehouse="W1",
        waybill="SF1",
        carrier="sf",
    )
    held = {name: numbers_in(there.get(name, "")) for name in ("warehouse", "waybill")}
    return changes(news, there, WORDS, warehouses=held["warehouse"], waybills=held["waybill"])


def test_an_empty_bill_gets_everything() -> None:
    assert told({}) == {"status": "已出库", "shipped": "2026-03-05 12:00:00", "warehouse": "W1", "waybill": "SF1"}


def test_the_same_news_again_changes_nothing() -> None:
    assert told(told({})) == {}
    assert told(told({}), at=NOON + timedelta(milliseconds=400)) == {}


def test_the_furthest_stage_and_the_latest_time_stay() -> None:
    there = {**told({}), "status": "已签收", "shipped": "2026-03-05 13:00:00"}
    assert told(there) == {}
    assert told(there, at=NOON + timedelta(hours=2)) == {"shipped": "2026-03-05 14:00:00"}


def test_waybills_and_warehouses_are_collected() -> None:
    there = {**told({}), "waybill": "YT9", "warehouse": "W0"}
    assert told(there) == {"warehouse": "W0,W1", "waybill": "YT9,SF1"}


@pytest.mark.parametrize("written", ["soon", "2026-03-05 12:00"])
def test_what_is_no_time_is_overwritten(written: str) -> None:
    assert ("shipped" in told({**told({}), "shipped": written})) is (written == "soon")


def test_numbers_stand_in_a_field_with_any_sign_between() -> None:
    assert numbers_in("A1，A2; A1|A3/") == ["A1", "A2", "A3"]
