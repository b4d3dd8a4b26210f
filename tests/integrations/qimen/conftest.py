from collections.abc import Iterator

import pytest

from orders.clock import FixedClock
from tests.integrations.qimen.street import Street, built


@pytest.fixture
def street(clock: FixedClock) -> Iterator[Street]:
    """A warehouse that prints by itself, wired to the connector in both directions."""
    with built(clock) as street:
        yield street
