"""The emulated systems that cures are sent to, all on the tower's own clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.erp.kingdee import sessions
from integrations.erp.kingdee.emulator import KingdeeEmulator
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import FixedClock
from tests.integrations.kingdee import conftest as kingdee_side
from tests.integrations.qimen.street import Street, built
from tests.integrations.taobao import conftest as taobao_side
from tests.integrations.taobao.conftest import World


@pytest.fixture
def taobao(clock: FixedClock) -> Iterator[TaobaoEmulator]:
    emulator = World().add(TaobaoEmulator)
    assert isinstance(emulator, TaobaoEmulator)
    with taobao_side.responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", f"{taobao_side.GATEWAY}/router/rest", callback=taobao_side.Wire(emulator))
        yield emulator


@pytest.fixture
def kingdee(clock: FixedClock) -> Iterator[KingdeeEmulator]:
    sessions._sessions.clear()
    emulator = World().add(KingdeeEmulator)
    assert isinstance(emulator, KingdeeEmulator)
    wire: Any = kingdee_side.Wire(emulator)
    with kingdee_side.responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", kingdee_side.re.compile(r"http://k3\.test/.*"), callback=wire)
        yield emulator


@pytest.fixture
def warehouse(clock: FixedClock) -> Iterator[Street]:
    with built(clock) as street:
        yield street
