"""One pass over the trail: every stream is followed, every order judged and then forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .acknowledged import Acknowledged
from .actors import Actors
from .against_journals import AgainstJournals
from .chain import Anchors, Chain
from .departures import Departures
from .findings import Findings
from .guards import Guards
from .journals import read_journals
from .life import OrderLife
from .moves import MoveJudge, order_follows_parcels, version_follows
from .published import VERBS
from .reading import Event, UnreadableError, acts_of, streams_in
from .reports import parcel_follows_report

CLAIM_LIMIT = timedelta(seconds=120)  # 60 s until a claim is unknown, and as much again for who notices


@dataclass(frozen=True, slots=True)
class Inputs:
    """`drained`: the world stood still before anything was copied, so nothing is too young to judge.
    `retries`: connections broke or processes died, so a push repeated with the same answer is no doubling."""

    trail: Path
    journals: Path | None = None
    anchors: Path | None = None
    acknowledged: Path | None = None
    public_keys: frozenset[str] = frozenset()
    drained: bool = False
    retries: bool = False


class Checking:
    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.findings = findings = Findings()
        self.actors = Actors()
        self.guards = Guards(findings)
        self.departures = Departures(findings)
        self.move_judge = MoveJudge(self.actors, findings)
        self.anchors = Anchors(findings) if inputs.anchors else None
        self.chain = Chain(findings, self.anchors)
        self.told: AgainstJournals | None = None
        self.acknowledged: Acknowledged | None = None
        self.events = 0
        self.orders = 0
        self.ends = ""

    def run(self) -> Findings:
        inputs, findings = self.inputs, self.findings
        if self.anchors and inputs.anchors:
            self.anchors.read(inputs.anchors, inputs.public_keys)
        if inputs.journals:
            journals = read_journals(inputs.journals, findings)
            self.told = AgainstJournals(journals, findings, drained=inputs.drained, retries=inputs.retries)
        if inputs.acknowledged:
            self.acknowledged = Acknowledged()
            self.acknowledged.read(inputs.acknowledged)
        self.actors.learn_from(inputs.trail)
        for events in streams_in(inputs.trail):
            self.events += len(events)
            self.ends = max(self.ends, *(event["at"] for event in events))
            self.chain.follow(events)
            if events[0]["stream"].startswith("order:"):
                self._order(events)
            else:
                self._company(events)
        self._finish()
        return findings

    def _company(self, events: list[Event]) -> None:
        for event in events:
            self.findings.checked["I2"] += 1
            if event["verb"] not in VERBS:
                self.findings.violated("I2", None, event["seq"], f"verb {event['verb']} is not published")

    def _order(self, events: list[Event]) -> None:
        life = OrderLife(events[0]["stream"])
        self.orders += 1
        try:
            for act in acts_of(events):
                self._act(life, act)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise UnreadableError(f"{life.stream} after {life.seq}: of an unexpected shape, {error!r}") from error
        self.departures.close(life)
        if self.told:
            self.told.close(life)
        if self.acknowledged:
            self.acknowledged.close(life, self.findings)

    def _act(self, life: OrderLife, act: list[Event]) -> None:
        findings = self.findings
        for event in act:
            version_follows(life, event, findings)
            self.move_judge.judge(life, event, act)
            self.guards.before(life, event)
            self.departures.before(life, event)
            if self.told:
                self.told.see(event)
                if event["verb"] == "waybill_issued":
                    self.told.issued(life, event)
            if self.acknowledged:
                self.acknowledged.see(event, findings)
            life.apply(event)
        self.guards.after_act(life, act)
        self.departures.after_act(life)
        parcel_follows_report(life, act, findings)
        order_follows_parcels(life, act[-1]["seq"], findings)

    def _finish(self) -> None:
        self.move_judge.reports.finish()
        if self.anchors:
            self.anchors.finish()
        if self.told:
            self.told.finish()
        if self.acknowledged:
            self.acknowledged.finish(self.findings)
        self._stuck_claims()
        self._say_what_was_not()

    def _stuck_claims(self) -> None:
        self.findings.checked["I13"] += len(self.guards.grants)
        for label, (at, order, seq) in self.guards.open_claims.items():
            waited = datetime.fromisoformat(self.ends) - datetime.fromisoformat(at)
            if waited > CLAIM_LIMIT:
                what = f"label {label} was claimed and nothing was heard for {waited.total_seconds():.0f} s, no review"
                self.findings.violated("I13", order, seq, what)

    def _say_what_was_not(self) -> None:
        say, inputs = self.findings.not_possible, self.inputs
        if not inputs.anchors:
            say("I11 anchors", "no --anchors: a cut tail or a rewritten chain shows in the journals at most")
        if not inputs.journals:
            for part in ("I8", "I10 printers", "I14 journals"):
                say(part, "no --journals")
        else:
            present = self.told.journals.present if self.told else {}
            for name, parts in JUDGED_FROM.items():
                if name not in present:
                    say(f"{parts} of {name}", "no such journal")
        say("I1 holders", "the export has one version, after the act; what a client saw before is not in it")
        say("I2 acceptance", "whose word for packed a warehouse accepts is not in the trail")
        say("I3 permits", "no verb of a permit is published: every second print of a label is a violation")
        say("I5 refunds", "seen through holds (refund_requested, cancel_requested) only")
        say("I8 messages", "the platform's message ids are not in the trail; orders and their changes are compared")
        say("I9 outbox", "the outbox is not exported")
        say("I12 processes", "the export has no monotonic clock and no process; `at` is compared within a stream")
        say("I13 other limits", "only a claimed print's limit is published")


JUDGED_FROM = {
    "taobao": "I8 and I14",
    "qimen": "I8, I10 and I14",
    "erp": "I10",
    "wecom": "I9",
    "kuaidi100": "I14",
}
