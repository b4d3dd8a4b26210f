"""What `orders` needs of the floors above: blocking rules, as callables named in settings (`TOWER_GATES`).

Asked inside the command after the lock; database only, and quick.
"""

from collections.abc import Sequence
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from orders.models import Order
from orders.services.outcome import Reason


class Gate(Protocol):
    def __call__(self, order: Order, move: str) -> Sequence[Reason]:
        """Reasons against this move; empty lets it pass."""
        ...


def ask_gates(order: Order, move: str) -> list[Reason]:
    return [reason for path in settings.TOWER_GATES for reason in import_string(path)(order, move)]
