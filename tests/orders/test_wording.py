"""The text by which a repeat of a fact is told from another body under its key."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from orders.vocabulary import AddressSnapshot, LineSnapshot, OrderSnapshot, TrackPoint, wording

NOON = datetime(2026, 11, 11, 4, tzinfo=UTC)
POINT = TrackPoint(carrier="sf", waybill="SF1", stage="signed", at=NOON)
ORDER = OrderSnapshot(
    platform_order_id="1",
    status="paid",
    platform_status="2",
    modified_at=NOON,
    placed_at=NOON,
    amount=Decimal("59.90"),
    lines=(LineSnapshot(platform_line_id="1", sku="CREAM-50", title="面霜", quantity=1, price=Decimal("59.90")),),
    receiver=AddressSnapshot(name="王", phone="1", province="浙江省", city="杭州市", district="", address="1 号"),
    flags=frozenset({"virtual", "cod", "risk", "invoice"}),
    origin={"room": "1", "talent": "2"},
)
IN_ANOTHER_PROCESS = "from orders.vocabulary import wording; print(wording(frozenset({'virtual', 'cod', 'risk'})))"


def test_any_other_content_has_another_wording() -> None:
    others = [
        POINT,
        replace(POINT, stage="returned"),
        replace(POINT, onward="SF2"),
        replace(POINT, formerly="SF2"),
        ORDER,
        replace(ORDER, flags=frozenset({"virtual", "cod", "risk"})),
        replace(ORDER, origin={"room": "1"}),
        replace(ORDER, lines=()),
        replace(ORDER, lines=(*ORDER.lines, *ORDER.lines)),
        replace(ORDER, receiver=replace(ORDER.receiver, city="宁波市")),
    ]
    assert len({wording(one) for one in others}) == len(others)


def test_the_same_content_in_another_order_has_the_same_wording() -> None:
    same = replace(ORDER, origin={"talent": "2", "room": "1"}, flags=frozenset(sorted(ORDER.flags)))
    assert wording(same) == wording(ORDER)


def test_every_process_finds_the_same_wording() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", IN_ANOTHER_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert found == {"{'cod', 'risk', 'virtual'}\n"}


def test_a_field_that_a_later_version_adds_leaves_known_facts_as_they_are() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Older:
        waybill: str
        text: str = ""

    @dataclass(frozen=True, kw_only=True)
    class Newer(Older):
        onward: str = ""

    Newer.__name__ = "Older"
    assert wording(Newer(waybill="SF1", text="到达")) == wording(Older(waybill="SF1", text="到达"))
    assert wording(Newer(waybill="SF1", onward="SF2")) != wording(Older(waybill="SF1"))
