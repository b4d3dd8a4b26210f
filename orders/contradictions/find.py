"""Which contradictions a picture shows. Pure: the same picture, the same answer."""

from dataclasses import dataclass

from orders.contradictions.pair import Pair, Sight
from orders.contradictions.picture import Picture
from orders.contradictions.table import PAIRS

LONGEST_SUBJECT = 100


@dataclass(frozen=True)
class Found:
    pair: Pair
    sight: Sight

    @property
    def key(self) -> tuple[str, str]:
        return self.pair.code, self.sight.subject[:LONGEST_SUBJECT]


def find(picture: Picture) -> list[Found]:
    """In the order of the table; one for each pair and subject, the earliest of it."""
    found: dict[tuple[str, str], Found] = {}
    for pair in PAIRS:
        for sight in sorted(pair.sees(picture), key=lambda sight: sight.since):
            one = Found(pair, sight)
            found.setdefault(one.key, one)
    return list(found.values())
