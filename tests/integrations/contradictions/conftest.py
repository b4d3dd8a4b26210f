"""The emulated systems that cures are sent to, all on the tower's own clock."""

from collections.abc import Iterator

import pytest

from integrations.erp.kingdee import sessions
from integrations.erp.kingdee.emulator import KingdeeEmulator
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import FixedClock
from tests.integrations.kingdee import conftest as kingdee_side
from tests.integrations.qimen.street import Street, built
from tests.integrations.taobao import conftest as taobao_side
from tests.integrations.wire import alone


@pytest.fixture
def taobao(clock: FixedClock) -> Iterator[TaobaoEmulator]:
    emulator = alone(TaobaoEmulator)
    with taobao_side.wired(emulator):
        yield emulator


@pytest.fixture
def kingdee(clock: FixedClock) -> Iterator[KingdeeEmulator]:
    sessions._sessions.clear()
    emulator = alone(KingdeeEmulator)
    with kingdee_side.wired(emulator):
        yield emulator


@pytest.fixture
def warehouse(clock: FixedClock) -> Iterator[Street]:
    with built(clock) as street:
        yield street
