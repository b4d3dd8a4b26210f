"""The shop connector that every real ERP has: it downloads what the emulated shops of the same street sold."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from integrations.emulation import Faults, Sold, World
from orders import clock

SHOPS = ("taobao", "jd", "douyin", "generic")


class ShopConnector:
    """Reads the shops every `seconds` (0: never). What the fault `drop` hits is overlooked for good."""

    def __init__(self, world: World, seconds: float) -> None:
        self.world = world
        self.seconds = seconds
        self.next_at: datetime | None = None
        self._known: set[str] = set()

    def downloaded(self, faults: Faults) -> Iterator[Sold]:
        """Paid orders that were not there the last time."""
        now = clock.now()
        if self.seconds <= 0 or (self.next_at and now < self.next_at):
            return
        self.next_at = now + timedelta(seconds=self.seconds)
        for name in SHOPS:
            if (shop := self.world.emulators.get(name)) is None:
                continue
            with shop.lock:
                sold = [order for order in shop.sold() if order.order_id not in self._known]
            self._known.update(order.order_id for order in sold)
            yield from (order for order in sold if not faults.hits("drop"))
