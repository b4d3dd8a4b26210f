"""I1: versions. I2: every verb and move is published, starts where it may, and is made by who may."""

from .actors import Actors
from .findings import Findings
from .life import OrderLife, Parcel, moves_parcel, parcel_of
from .published import (
    ENDS_A_HOLD,
    FOUR_EYES,
    LEFT,
    ORDER_DERIVED,
    ORDER_MOVES,
    PARCEL_DERIVED,
    PARCEL_MOVES,
    RANK,
    STATELESS,
    VERBS,
    Move,
)
from .reading import Event
from .reports import Reports

ON_A_HOLD = ENDS_A_HOLD | {"hold_confirmed"}


def version_follows(life: OrderLife, event: Event, findings: Findings) -> None:
    """Every event adds one, but refusals and stale facts, which leave the version as it was."""
    findings.checked["I1"] += 1
    step = 0 if event["result"] == "refused" or event["verb"] == "stale_fact" else 1
    if event["version"] != life.version + step:
        what = f"version {event['version']} after {life.version} by {event['verb']} ({event['result']})"
        findings.violated("I1", life.order, event["seq"], what)


class MoveJudge:
    """I2 for the events of one act after another."""

    def __init__(self, actors: Actors, findings: Findings) -> None:
        self.actors = actors
        self.findings = findings
        self.reports = Reports(actors, findings)

    def judge(self, life: OrderLife, event: Event, act: list[Event]) -> None:
        """Call before the event is applied."""
        verb, result = event["verb"], event["result"]
        self.findings.checked["I2"] += 1
        if verb not in VERBS:
            self._wrong(life, event, f"verb {verb} is not published")
        if result in ("refused", "unknown"):
            return
        if event["from"] or event["to"] or verb in ORDER_MOVES or verb in PARCEL_MOVES:
            self._edge(life, event)
        if verb == "follow_parcels" and len(act) == 1:
            self._wrong(life, event, "the order moves, but nothing in this act made it follow")
        elif verb == "hold_opened":
            self._hold_opened(life, event, act)
        elif verb in ON_A_HOLD:
            self._on_a_hold(life, event, act)
        elif verb == "cancel":
            self._nothing_left(life, event)
        row = STATELESS.get(verb) or (PARCEL_MOVES if moves_parcel(event) else ORDER_MOVES).get(verb)
        if row and result == "ok":
            self._command(life, event, row, act)
        elif result == "observed" or verb == "reappear":
            self.reports.judge(life, event, act)

    def _wrong(self, life: OrderLife, event: Event, what: str) -> None:
        self.findings.violated("I2", life.order, event["seq"], what)

    def _edge(self, life: OrderLife, event: Event) -> None:
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

    def _hold_opened(self, life: OrderLife, event: Event, act: list[Event]) -> None:
        if not event["key"] or not event["facts"].get("reason"):
            self._wrong(life, event, "a hold without key or reason")
        if len(act) == 1:  # else it follows from what the act tells
            self._command(life, event, STATELESS["hold"], act)

    def _on_a_hold(self, life: OrderLife, event: Event, act: list[Event]) -> None:
        verb, hold = event["verb"], life.holds.get(event["key"])
        if hold is None and not (verb == "hold_confirmed" and event["key"] in life.holds_ever):
            self._wrong(life, event, f"{verb} of {event['key'] or 'nothing'}, which is not open")
        elif hold and hold.reason in FOUR_EYES and event["actor"] in life.barred_from(hold):
            by_itself = verb == "hold_withdrawn" and (len(act) > 1 or self.actors.name_of(event) != "person")
            if verb != "hold_confirmed" and not by_itself:
                self._wrong(life, event, f"{event['actor']} ends a hold ({hold.reason}) of their own making")

    def _nothing_left(self, life: OrderLife, event: Event) -> None:
        if event["result"] == "ok" and self.actors.policy_changed:
            return
        if left := [number for number, parcel in life.parcels.items() if parcel.state in ("shipped", "signed")]:
            self._wrong(life, event, f"cancelled although parcel {left[0]} has left")


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
        wrong = stands > min(ranks) or (len(states) == 1 and stands < min(ranks))
    else:
        wrong = stands > 0 and not LEFT & set(states)
    return f"order at {life.state}, its parcels at {', '.join(states)}" if wrong else ""
