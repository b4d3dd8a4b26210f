"""I1: versions. I2: every move is published, starts where the order or parcel stood, and is made by who may."""

from .actors import Actors
from .findings import Findings
from .life import KNOWN_VERBS, OrderLife, Parcel, hold_named_by, label_on_ground, moves_parcel, parcel_of
from .published import (
    FOUR_EYES,
    HOLD_PEOPLE,
    LEFT,
    LIFT,
    ORDER_DERIVED,
    ORDER_MOVES,
    PARCEL_DERIVED,
    PARCEL_MOVES,
    RANK,
    STATELESS,
    Move,
)
from .reading import Event


def version_follows(life: OrderLife, event: Event, findings: Findings) -> None:
    """Every event adds one. A refusal keeps the version; so may a stale fact and an unknown outcome."""
    step = event["version"] - life.version
    findings.checked["I1"] += 1
    if event["result"] == "refused":
        allowed: tuple[int, ...] = (0,)
    elif event["result"] == "unknown" or (event["verb"] == "fact" and not event["to"] and life.stale(event)):
        allowed = (0, 1)
    else:
        allowed = (1,)
    if step not in allowed:
        what = f"version {event['version']} after {life.version} by {event['verb']} ({event['result']})"
        findings.violated("I1", life.order, event["seq"], what)


class MoveJudge:
    """I2 for the events of one act after another."""

    def __init__(self, actors: Actors, findings: Findings) -> None:
        self.actors = actors
        self.findings = findings

    def judge(self, life: OrderLife, event: Event, place: int, act: list[Event]) -> None:
        """`place` is the event's place in its act. Call before the event is applied."""
        if event["result"] in ("refused", "unknown"):
            return
        verb = event["verb"]
        if verb not in KNOWN_VERBS:
            self._unpublished(life, event)
            return
        self.findings.checked["I2"] += 1
        if event["from"] or event["to"] or verb in ORDER_MOVES or verb in PARCEL_MOVES:
            self._edge(life, event, act)
        if verb == "follow_parcels" and len(act) == 1:
            self._wrong(life, event, "the order moves, but nothing in this act made it follow")
        if verb == "hold_opened":
            self._hold_opened(life, event, act)
        move = self._row_for(event)
        if move is None:
            return
        if event["result"] == "ok":
            self._command(life, event, move, act)
        elif move.edges:
            self._report(life, event, place, act)

    def _wrong(self, life: OrderLife, event: Event, what: str) -> None:
        self.findings.violated("I2", life.order, event["seq"], what)

    @staticmethod
    def _row_for(event: Event) -> Move | None:
        verb = event["verb"]
        if verb in STATELESS:
            return STATELESS[verb]
        return PARCEL_MOVES.get(verb) if moves_parcel(event) else ORDER_MOVES.get(verb)

    def _edge(self, life: OrderLife, event: Event, act: list[Event]) -> None:
        verb, edge = event["verb"], (event["from"], event["to"])
        if moves_parcel(event):
            number = parcel_of(event)
            if number is None:
                self._wrong(life, event, f"{verb} moves a parcel but names none")
                return
            published = PARCEL_DERIVED.get(verb) or PARCEL_MOVES[verb].edges
            stood, subject = life.parcels.get(number, Parcel()).state, f"parcel {number}"
        else:
            row = ORDER_MOVES.get(verb)
            published = ORDER_DERIVED.get(verb) or (row.edges if row else frozenset())
            stood, subject = life.state, "the order"
        if edge not in published:
            self._wrong(life, event, f"{verb} {edge[0] or '-'} → {edge[1] or '-'} is not published")
        if edge[0] != stood:
            self._wrong(life, event, f"{verb} starts from {edge[0] or '-'}, but {subject} stood at {stood}")

    def _command(self, life: OrderLife, event: Event, move: Move, act: list[Event]) -> None:
        actor, role = self.actors.name_of(event), event["role"]
        if event["reason"] == "" and move.reason_given and actor == "person":
            self._wrong(life, event, f"{event['verb']} by a person without a reason")
        if event["verb"] == "void" and any(other["verb"] == "cancel" for other in act):
            return  # the parcels of a cancelled order go with it
        if actor == "":
            self.findings.note(f"what {event['actor']} acts as is not in the trail, its rights were not judged")
            return
        if self.actors.policy_changed:
            self.findings.note("policies were changed: who commanded a move was not judged")
            return
        people = move.narrower_from.get(event["from"], move.people)
        if role in people or (not role and (actor in move.systems or actor in people)):
            return
        self._wrong(life, event, f"{event['verb']} by {event['actor']} as {role or actor}, who may not")

    def _report(self, life: OrderLife, event: Event, place: int, act: list[Event]) -> None:
        """A report moves by one step per event; only its last step needs to be its system's own to tell."""
        told_by = self.actors.reporters_of(act)
        if "" in told_by:
            self.findings.note(f"what {event['actor']} acts as is not in the trail, its rights were not judged")
            return
        for later in act[place:]:
            row = self._row_for(later)
            if later["result"] == "observed" and row and row.edges and told_by & row.reporters:
                return
        if event["verb"] == "void" and any(other["verb"] == "cancel" for other in act):
            return
        self._wrong(life, event, f"{event['verb']} on the word of {', '.join(sorted(told_by))}, who cannot know")

    def _hold_opened(self, life: OrderLife, event: Event, act: list[Event]) -> None:
        if hold_named_by(event) is None or not event["facts"].get("reason"):
            self._wrong(life, event, "a hold without number or reason")
        by_hand = len(act) == 1 and self.actors.name_of(event) == "person"
        if by_hand and event["role"] not in HOLD_PEOPLE and not self.actors.policy_changed:
            self._wrong(life, event, f"hold by {event['actor']} as {event['role']}, who may not")

    def _unpublished(self, life: OrderLife, event: Event) -> None:
        verb = event["verb"]
        if event["from"] or event["to"]:
            self.findings.checked["I2"] += 1
            self._wrong(life, event, f"{verb} {event['from']} → {event['to']} is not a published move")
            return
        hold = life.holds.get(hold_named_by(event) or 0)
        if hold is None or "lift" not in verb:
            self.findings.note(f"verb {verb} is not published, its right was not judged")
            return
        self.findings.checked["I2"] += 1
        if self.actors.name_of(event) != "person":
            return  # a withdrawal lifts its own hold
        if event["role"] not in LIFT.people and not self.actors.policy_changed:
            self._wrong(life, event, f"{verb} by {event['actor']} as {event['role']}, who may not")
        if not event["reason"]:
            self._wrong(life, event, f"{verb} without a reason")
        barred = {hold.opened_by}
        if label := life.labels.get(label_on_ground(hold.ground)):
            barred |= label.printers
        if hold.reason in FOUR_EYES and event["actor"] in barred:
            self._wrong(life, event, f"{event['actor']} lifts a hold ({hold.reason}) of their own making")


def order_follows_parcels(life: OrderLife, seq: int, findings: Findings) -> None:
    """I14, after an act: the order is where its least advanced living parcel is, never ahead of it."""
    difference = ""
    if life.parcels and life.state not in ("cancelled", "returned", "pending_payment"):
        findings.checked["I14"] += 1
        difference = _difference(life)
    if difference and difference != life.difference:
        findings.violated("I14", life.order, seq, difference)
    life.difference = difference


def _difference(life: OrderLife) -> str:
    states = [parcel.state for parcel in life.parcels.values()]
    ranks = [RANK[state] for state in states if state in RANK]
    stands = RANK.get(life.state, 0)
    if ranks:
        alone = len(states) == 1 and not life.strange_verbs
        wrong = stands > min(ranks) or (alone and stands < min(ranks))
    else:
        wrong = stands > 0 and not life.strange_verbs and not LEFT & set(states)
    return f"order at {life.state}, its parcels at {', '.join(states)}" if wrong else ""
