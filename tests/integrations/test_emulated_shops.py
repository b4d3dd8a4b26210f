"""Every emulated platform sells by itself, in the same way."""

from typing import Any

import pytest

from integrations.emulate import emulator_kinds
from integrations.emulation import Emulator, Request
from orders.clock import FixedClock
from tests.integrations.wire import alone

KINDS = emulator_kinds(["integrations.platforms"])
# Where the tower's calls come in.
DOORS = {"taobao": "/router/rest", "jd": "/routerjson", "douyin": "/order/searchList", "generic": "/orders"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[Emulator]:
    return KINDS[request.param]


def sold(shop: Emulator) -> list[Any]:
    found: list[Any] = shop.control("orders", {})
    return found


def written(shop: Emulator) -> list[dict[str, Any]]:
    """Its sales as its journal has them: goods, money, and what else it says of a sale."""
    return [{name: fact for name, fact in entry.items() if name != "seq"} for entry in shop.journal.entries("sold")]


def test_a_shop_sells_by_itself_and_the_same_seed_sells_the_same(kind: type[Emulator], time: FixedClock) -> None:
    one, same, other = (alone(kind, seed=seed, sell_every="2") for seed in (7, 7, 8))
    time.advance(seconds=10)
    # What the tower calls does not change what the shop sells.
    one.handle(Request(method="POST", path=DOORS.get(kind.name, "/"), query_string="", headers={}, body=b"{}"))
    for shop in (one, same, other):
        shop.tick()
    assert (sold(one), written(one)) == (sold(same), written(same))
    assert sold(one) != sold(other)
    assert len(sold(one)) == 6


def test_a_shop_that_slept_never_catches_up_more_than_it_can(kind: type[Emulator], time: FixedClock) -> None:
    shop = alone(kind, sell_every=0.001)
    time.advance(days=1)
    for _tick in range(2):
        shop.tick()
        assert len(sold(shop)) == 200
