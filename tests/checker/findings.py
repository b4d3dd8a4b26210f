"""What the checker found: violations, how much was checked, and what could not be."""

from collections import Counter
from dataclasses import dataclass, field

TITLES = {
    "I1": "versions grow by one per committed change",
    "I2": "every move is in the published table, by somebody who may",
    "I3": "one granted print per label, labels follow each other only when the earlier one is dead",
    "I4": "the label's address is the newest one at print and hand-over",
    "I5": "nothing is shipped by command while held or refunding; what left anyway opens its hold",
    "I6": "while held only the allowed commands succeed",
    "I7": "one key or cause, one effect",
    "I8": "what was acknowledged, sold or answered is in the trail",
    "I9": "every outbox row ends once, alerts are not doubled",
    "I10": "every label that was printed has its claim, none was printed twice",
    "I11": "the hash chain is whole and agrees with the anchors",
    "I12": "recording times do not run backwards",
    "I13": "nothing stays in between for longer than its limit",
    "I14": "final states agree with the other systems' journals",
}


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    order: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} order={self.order} seq={self.seq} {self.what}"


@dataclass(slots=True)
class Findings:
    violations: list[Violation] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    not_checked: dict[str, str] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)

    def violated(self, invariant: str, order: object, seq: int, what: str) -> None:
        self.violations.append(Violation(invariant, "-" if order is None else str(order), seq, what))

    def not_possible(self, part: str, why: str) -> None:
        """`part` is an invariant or a part of one, like "I11 anchors"."""
        self.not_checked[part] = why

    def note(self, text: str, times: int = 1) -> None:
        self.notes[text] += times
