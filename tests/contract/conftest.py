from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from orders.clock import FixedClock
from tests.integrations.wire import standing_at


@pytest.fixture(autouse=True)
def time() -> Iterator[FixedClock]:
    """Noon of Double 11, and some: nothing falls on a round minute by chance."""
    with standing_at(datetime(2026, 11, 11, 4, 0, 7, tzinfo=UTC)) as fixed:
        yield fixed
