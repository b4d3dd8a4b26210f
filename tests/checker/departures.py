"""I5 for what other systems report: what left in spite of a ground that was already there, by the source's clock."""

from itertools import chain

from .findings import Findings
from .life import OrderLife, happened_at, parcel_of
from .reading import Event

LATER = "parcels that left by report under a hold which was lifted before the report came: not judged"
SAME_SECOND = "parcels that left by report in the very second a hold's ground came to be: not judged"


class Departures:
    """An observed ship is held against the holds by when both happened; commands are judged elsewhere."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.breaches: list[Event] = []

    def before(self, life: OrderLife, event: Event) -> None:
        if event["verb"] == "ship" and event["result"] == "observed":
            self._ship(life, event)
        elif event["verb"] == "hold_opened" and event["source_at"]:
            self._late_ground(life, event)

    def _ship(self, life: OrderLife, event: Event) -> None:
        self.findings.checked["I5"] += 1
        left_at, parcel = happened_at(event), parcel_of(event)
        sure = life.holds_on(parcel)[0]
        if any(hold.since < left_at for hold in sure):
            self.breaches.append(event)
        elif any(hold.since[:19] == left_at[:19] for hold in sure):  # reports tell whole seconds
            self.findings.note(SAME_SECOND)
        if any(hold.covers(parcel) and hold.since < left_at < hold.lifted_at for hold in life.lifted):
            self.findings.note(LATER)

    def _late_ground(self, life: OrderLife, event: Event) -> None:
        """A hold whose ground was there before a parcel left, although both were heard of the other way round."""
        facts = event["facts"]
        if "line" in facts or facts.get("scope") == "line" or facts.get("reason") == "shipped_while_held":
            return
        held = parcel_of(event)
        for number, parcel in life.parcels.items():
            mine = held is None or held == number
            if not mine or not parcel.left_at or (event["act_id"] and event["act_id"] == parcel.left_act):
                continue
            self.findings.checked["I5"] += 1
            if happened_at(event) < parcel.left_at:
                life.late_grounds.setdefault(event["key"], []).append((number, event["seq"]))

    def after_act(self, life: OrderLife) -> None:
        for event in self.breaches:
            if not told(life, parcel_of(event)):
                what = "left while held, and no hold shipped_while_held was opened"
                self.findings.violated("I5", life.order, event["seq"], what)
        self.breaches.clear()

    def close(self, life: OrderLife) -> None:
        for number, seq in chain.from_iterable(life.late_grounds.values()):
            if not told(life, number):
                what = f"parcel {number} had left after this hold's ground, and no hold shipped_while_held follows"
                self.findings.violated("I5", life.order, seq, what)


def told(life: OrderLife, parcel: int | None) -> bool:
    """Whether a hold shipped_while_held was opened for this parcel, or for its order."""
    return parcel in life.left_anyway or None in life.left_anyway
