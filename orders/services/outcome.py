"""What a service answers. A refusal is an answer too: committed first, an exception only at the door."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reason:
    """One reason for a no, in words that a worker understands."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`code` of a yes: done, repeat, stale_fact. Of a no: held, stale, illegal_move, which_parcel, role, four_eyes,
    duplicate_print, not_found, unknown_subject, conflicting_body."""

    ok: bool
    code: str = "done"
    detail: str = ""
    reasons: tuple[Reason, ...] = ()
    # Open holds of the order when the answer was given.
    holds: tuple[int, ...] = ()
    order_id: int | None = None
    version: int | None = None
    event_id: int | None = None
    # What the act made: "parcel", "label", "attempt", "hold" → id.
    made: Mapping[str, Any] = field(default_factory=dict)

    def event_or_raise(self) -> int | None:
        """For doors, after commit: the event's id, or `Refused`."""
        if not self.ok:
            raise Refused(self)
        return self.event_id


class Refused(Exception):
    """A command was refused; `outcome` says why, and the refusal is already on the timeline."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome
