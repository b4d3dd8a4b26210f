"""What is done to the tower and when: drawn from a seed, at points of its progress and not of the clock."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

# Where a life is looked at, and how often an order passes there.
COUNTERS = {"sold": 1, "acknowledged": 6, "granted": 1, "shipped": 1}
EARLIEST, LATEST = 0.02, 0.85
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.5
FLUSH = "flush"


@dataclass(frozen=True)
class Blow:
    """When `counter` has reached `at`: kill `part` and start it again after `pause` seconds, or empty Redis."""

    counter: str
    at: int
    part: str
    pause: float

    def is_due(self, progress: Mapping[str, int]) -> bool:
        return progress[self.counter] >= self.at

    def __str__(self) -> str:
        act = "FLUSHALL" if self.part == FLUSH else f"kill -9 {self.part}, back after {self.pause:.1f} s"
        return f"{self.counter} {self.at}: {act}"


def draw(seed: int, orders: int, times: Mapping[str, int]) -> list[Blow]:
    """So many blows for each part; the same seed draws the same ones."""
    chance = random.Random(f"blows {seed}")
    drawn = []
    for part, count in sorted(times.items()):
        for number in range(count):
            counter = chance.choice(sorted(COUNTERS))
            # Each blow has a stretch of the day of its own: chance must not put all of them into one minute.
            share = EARLIEST + (LATEST - EARLIEST) * (number + chance.random()) / count
            if part == FLUSH:
                share = 0.3 + 0.4 * (number + chance.random()) / count
            pause = chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
            drawn.append(Blow(counter, max(1, int(share * orders * COUNTERS[counter])), part, pause))
    return sorted(drawn, key=lambda blow: (blow.at / COUNTERS[blow.counter], blow.part))
