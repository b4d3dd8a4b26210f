"""What a move may read: one frozen object that the service loaded beforehand, so that no condition makes a query."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orders.lifecycle import Need


@dataclass(frozen=True)
class Check:
    """The answers to every condition of one move. For an observation each says yes and the breach is noted."""

    observed: bool = False
    allowed: bool = False
    # Need → why it is not met, for the needs that the policy asks for.
    unmet: Mapping[str, str] = field(default_factory=dict)


OBSERVED = Check(observed=True, allowed=True)


def needs(need: Need) -> Callable[[Any], bool]:
    """The condition of a transition for one need of the vocabulary."""

    def condition(instance: Any) -> bool:
        check: Check = instance.check_of_move
        return check.observed or need not in check.unmet

    condition.__name__ = str(need)
    return condition


def may(instance: Any, user: Any) -> bool:
    """The permission of a transition: what policy and role said when the service loaded the check."""
    check: Check = instance.check_of_move
    return check.allowed


def all_needs() -> list[Callable[[Any], bool]]:
    return [needs(need) for need in Need]
