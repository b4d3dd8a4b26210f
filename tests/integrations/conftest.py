from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from orders.clock import FixedClock
from tests.integrations.wire import standing_at


@pytest.fixture
def time() -> Iterator[FixedClock]:
    """Nine in the morning of a day in March, and some: nothing falls on a round minute by chance."""
    with standing_at(datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC)) as fixed:
        yield fixed
