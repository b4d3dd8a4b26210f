from collections.abc import Iterator

import pytest

from orders.clock import FixedClock
from tests.integrations.sf.street import Street, built


@pytest.fixture
def street(clock: FixedClock) -> Iterator[Street]:
    """The emulated 丰桥, wired to the connector in both directions."""
    with built(clock) as street:
        yield street
