"""I2 for what other systems' reports move: who may report what, by the published table, and what is stale."""

from .actors import Actors
from .findings import Findings, Violation
from .life import OrderLife
from .published import FACTS, PLATFORM_MOVES, PROGRESS, RANK, REACH, WALK
from .reading import Event

Words = frozenset[tuple[str, str]]
NO_WORDS: Words = frozenset()


class Reports:
    """A report stands in the same act as what it moves, in this order's stream or in another member's."""

    def __init__(self, actors: Actors, findings: Findings) -> None:
        self.actors = actors
        self.findings = findings
        self.told_in: dict[int, Words] = {}
        self.not_told_here: list[tuple[int, str, str, Violation]] = []

    def judge(self, life: OrderLife, event: Event, act: list[Event]) -> None:
        """An observed event, or one that only a report can cause, before it is applied."""
        verb = event["verb"]
        if verb == "stale_fact":
            self._stale(life, event)
        if not event["to"] or verb == "follow_parcels":
            return
        if verb == "void" and any(other["verb"] == "cancel" for other in act):
            return
        told = self._words_of(act)
        number = hash(event["act_id"] or event["hash"])
        if told:
            self.told_in[number] = told
        who = ", ".join(sorted({f"{system} ({word or '-'})" for system, word in told})) or "nobody"
        violation = Violation("I2", life.order, event["seq"], f"{verb} on the word of {who}, who cannot report it")
        if told and not self._can_move(verb, event["to"], told):
            self.findings.violations.append(violation)
        elif not told:
            self.not_told_here.append((number, verb, event["to"], violation))

    def finish(self) -> None:
        for number, verb, to, violation in self.not_told_here:
            if not self._can_move(verb, to, self.told_in.get(number, NO_WORDS)):
                self.findings.violations.append(violation)

    def _words_of(self, act: list[Event]) -> Words:
        """Every (system, word) that the facts of this act tell."""
        told: set[tuple[str, str]] = set()
        for event in act:
            if event["verb"] in FACTS:
                system = str(event["facts"].get("system") or self.actors.name_of(event))
                told |= {(system, str(event["facts"].get(name, ""))) for name in ("stage", "status")}
        return frozenset(told)

    @staticmethod
    def _can_move(verb: str, to: str, told: Words) -> bool:
        if verb in PLATFORM_MOVES:
            return any(system == "platform" for system, _ in told)
        if verb == "reappear":
            verb, to = "pack", "packed"
        reached = max((PROGRESS[REACH[each]] for each in told if each in REACH), default=0)
        return verb in WALK and PROGRESS.get(to, 9) <= reached

    def _stale(self, life: OrderLife, event: Event) -> None:
        system = str(event["facts"].get("system") or self.actors.name_of(event))
        if event["source_at"] and event["source_at"] > life.newest_source_at.get(system, ""):
            what = f"stale_fact, but nothing newer was heard from {system}"
            self.findings.violated("I2", life.order, event["seq"], what)


def parcel_follows_report(life: OrderLife, act: list[Event], findings: Findings) -> None:
    """I14, after an act: a parcel whose report says that it left or was signed is at least there."""
    for event in act:
        facts = event["facts"]
        if event["verb"] != "fact" or not facts.get("code"):
            continue
        state = REACH.get((str(facts.get("system")), str(facts.get("stage"))), "to_pick")
        for number, parcel in life.parcels.items():
            if PROGRESS[state] > RANK["packed"] and parcel.code == facts["code"] and parcel.state in RANK:
                findings.checked["I14"] += 1
                if RANK[parcel.state] < PROGRESS[state]:
                    what = f"{facts.get('system')} reports {facts['stage']}, parcel {number} stays at {parcel.state}"
                    findings.violated("I14", life.order, event["seq"], what)
