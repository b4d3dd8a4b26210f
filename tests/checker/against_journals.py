"""I8, I10, I14 (and the visible part of I9): the trail held against the journals, order by order, then what is left."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from .findings import Findings, Violation
from .journals import Delivery, Journals, Trade
from .life import OrderLife, Parcel
from .published import LEFT
from .reading import Event, UnreadableError

# A copy of a running world: what is younger than this at the copy's end cannot be judged.
FRESH = timedelta(minutes=3)  # what is found by asking: promised within three minutes
ACKNOWLEDGED = timedelta(seconds=15)  # what was answered: the answer and the copy may cross

REPORT = re.compile(r"report:.+?:[A-Z_]+:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(slots=True)
class Suspicion:
    """A difference that is a violation once it is older than `patience` at the end of `witness`."""

    violation: Violation
    at: str
    patience: timedelta
    witness: str


class AgainstJournals:
    """Ticks off what the journals tell while the trail passes by; `finish` judges what was not met."""

    def __init__(self, journals: Journals, findings: Findings, *, drained: bool, retries: bool) -> None:
        self.journals = journals
        self.findings = findings
        self.drained = drained
        self.retries = retries
        self.suspicions: list[Suspicion] = []
        self.trail_ends = ""

    def _suspect(
        self, invariant: str, order: str, what: str, at: str, patience: timedelta, witness: str = "trail", seq: int = 0
    ) -> None:
        self.suspicions.append(Suspicion(Violation(invariant, order, seq, what), at, patience, witness))

    def see(self, event: Event) -> None:
        key, verb, facts = event["key"], event["verb"], event["facts"]
        if event["at"] > self.trail_ends:
            self.trail_ends = event["at"]
        if key and event["result"] == "observed":
            if found := REPORT.match(key):
                key = found.group()
            if self.journals.reports.pop(key, None) is not None:
                self.findings.checked["I8"] += 1
            if key.startswith("trade:"):
                self._heard_trade(key)
        if verb == "print" and event["result"] == "ok":
            self._claim(event)
        elif verb == "print_result" and facts.get("outcome") == "printed":
            self.journals.printed.pop(facts.get("attempt", 0), None)
        elif verb == "hold_opened" and self.journals.holds_answered.pop(facts.get("hold", 0), None):
            self.findings.checked["I8"] += 1

    def _heard_trade(self, key: str) -> None:
        parts = key.split(":")
        trade = self.journals.trades.get(parts[1])
        if trade:
            trade.met = True
            if trade.newest and ":".join(parts[2:5]).startswith(trade.newest):
                self.findings.checked["I8"] += 1
                trade.newest = ""

    def _claim(self, event: Event) -> None:
        grant = self.journals.grants.get(event["facts"].get("attempt", 0))
        if grant is None:
            return
        self.findings.checked["I10"] += 1
        if grant.label != event["facts"].get("label") or grant.parcel != str(event["parcel"]):
            what = f"the printer was granted label {grant.label} of parcel {grant.parcel}, the claim says another"
            self.findings.violated("I10", event["order"], event["seq"], what)
        elif grant.version == event["version"]:
            del self.journals.grants[event["facts"]["attempt"]]
        # another version: a member order's copy of this claim, or no claim at all, which finish() tells

    def close(self, life: OrderLife) -> None:
        """An order of the trail is complete: does everybody else see it like this?"""
        for number in life.platform_orders:
            if trade := self.journals.trades.get(number):
                trade.met = True
                self._trade(life, number, trade)
        for waybill in life.orphans:
            if known := self.journals.waybills.get(waybill):
                known.met = known.orphaned = True
        for parcel in life.parcels.values():
            self._parcel(life, parcel)

    def _trade(self, life: OrderLife, number: str, trade: Trade) -> None:
        self.findings.checked["I14"] += 1
        parcels_back: set[int] = set()
        for waybill, at in trade.written_back.items():
            mine = [key for key, parcel in life.parcels.items() if waybill in (parcel.waybill, *parcel.waybills)]
            if not mine or not any(life.parcels[key].state in LEFT for key in mine):
                what = f"{number} was told shipped with {waybill}, but no parcel left with it"
                self._suspect("I14", life.order, what, at, ACKNOWLEDGED)
            if parcels_back & set(mine):
                what = f"{number} was told shipped twice for one parcel, the second time with {waybill}"
                self.findings.violated("I14", life.order, life.seq, what)
            parcels_back.update(mine)
        for waybill, times in trade.shipped.items():
            if times > 1:
                what = f"{number} was shipped {times} times at the platform with {waybill} (doubled write-back)"
                self.findings.violated("I14", life.order, life.seq, what)
        parcels = list(life.parcels.values())
        if len(parcels) == 1 and parcels[0].state in ("shipped", "signed") and not life.holds and not trade.shipped:
            what = f"{number} has left, but the platform was never told"
            self._suspect("I14", life.order, what, parcels[0].shipped_at, FRESH, "taobao")

    def _parcel(self, life: OrderLife, parcel: Parcel) -> None:
        journals = self.journals
        for waybill in parcel.waybills | {parcel.waybill}:
            if known := journals.waybills.get(waybill):
                known.met = True
                if known.signed_told_at and waybill == parcel.waybill:
                    self.findings.checked["I14"] += 1
                    if parcel.state not in ("signed", "returned"):
                        what = f"the courier delivered {waybill}, the parcel stands at {parcel.state}"
                        self._suspect("I14", life.order, what, known.signed_told_at, FRESH)
        if parcel.signed_by == "courier" and "kuaidi100" in journals.present and not journals.courier_unclear:
            self.findings.checked["I14"] += 1
            told = journals.waybills.get(parcel.waybill)
            if not told or not told.signed_at:
                what = f"signed on the courier's word, which its journal does not hold ({parcel.waybill})"
                self._suspect("I14", life.order, what, parcel.signed_at, ACKNOWLEDGED, "kuaidi100")
        if "qimen" in journals.present and parcel.code:
            self._delivery(life, parcel, journals.deliveries.get(parcel.code))

    def _delivery(self, life: OrderLife, parcel: Parcel, delivery: Delivery | None) -> None:
        if delivery is None:
            if parcel.warehouse in self.journals.warehouses and parcel.state != "voided" and not life.holds:
                what = f"{parcel.code} was released but never reached the warehouse"
                self._suspect("I14", life.order, what, parcel.released_at, FRESH, "qimen")
            return
        self.findings.checked["I14"] += 1
        delivery.met = True
        if len(delivery.numbers) > 1 or (len(delivery.pushed_at) > 1 and not self.retries):
            what = f"{parcel.code} was taken by the warehouse {len(delivery.pushed_at)} times"
            self.findings.violated("I14", life.order, life.seq, what)
        if delivery.acknowledged and parcel.state not in LEFT:
            what = f"the warehouse handed over {parcel.code}, the parcel stands at {parcel.state}"
            self._suspect("I14", life.order, what, delivery.delivered_at, ACKNOWLEDGED)
        if parcel.shipped_by == "wms" and not delivery.delivered_at:
            what = f"{parcel.code} left on the warehouse's word, which its journal does not hold"
            self._suspect("I14", life.order, what, parcel.shipped_at, ACKNOWLEDGED, "qimen")
        if parcel.shipped_by == "wms" and delivery.waybills and parcel.waybill not in delivery.waybills:
            what = f"{parcel.code} left with {parcel.waybill}, the warehouse says {', '.join(delivery.waybills)}"
            self.findings.violated("I14", life.order, life.seq, what)

    def issued(self, life: OrderLife, event: Event) -> None:
        """A waybill of the trail: did anybody issue it?"""
        carrier, waybill = str(event["facts"].get("carrier")).lower(), str(event["facts"].get("waybill"))
        if carrier in self.journals.carriers:
            self.findings.checked["I14"] += 1
            known = self.journals.waybills.get(waybill)
            if known is None or not known.issued_at:
                what = f"waybill {waybill} was issued by nobody"
                self._suspect("I14", life.order, what, event["at"], ACKNOWLEDGED, "taobao", event["seq"])

    def finish(self) -> None:
        journals = self.journals
        for number, trade in journals.trades.items():
            self.findings.checked["I8"] += bool(trade.sold_at)
            if not trade.met and trade.sold_at:
                self._suspect("I8", "-", f"{number} was sold and is not in the trail", trade.sold_at, FRESH)
            elif trade.newest:
                what = f"{number} as changed at {trade.newest} was fetched and is not in the trail"
                self._suspect("I8", "-", what, trade.newest_told_at, FRESH)
            if not trade.met and max(trade.shipped.values(), default=0) > 1:
                self.findings.violated("I14", "-", 0, f"{number} was shipped twice at the platform")
        for key, at in journals.reports.items():
            self._suspect("I8", "-", f"{key} was acknowledged and is not in the trail", at, ACKNOWLEDGED)
        for hold, at in journals.holds_answered.items():
            self._suspect("I8", "-", f"hold {hold} was answered and is not in the trail", at, ACKNOWLEDGED)
        for number_of_claim, grant in journals.grants.items():
            what = f"print {number_of_claim} of label {grant.label} was granted ({grant.journal}), but never claimed"
            self._suspect("I10", "-", what, grant.at, ACKNOWLEDGED)
        for number_of_claim, (label, at) in journals.printed.items():
            what = f"label {label} was printed (print {number_of_claim}), the trail does not say so"
            self._suspect("I10", "-", what, at, ACKNOWLEDGED)
        for code, delivery in journals.deliveries.items():
            if not delivery.met and delivery.pushed_at:
                what = f"the warehouse has {code}, the trail does not"
                self._suspect("I14", "-", what, delivery.pushed_at[0], ACKNOWLEDGED)
        self._waybills()
        for text, times in journals.messages.items():
            self.findings.checked["I9"] += 1
            if times > 1 and not self.retries:
                self.findings.violated("I9", "-", 0, f"chat message sent {times} times: {text[:60]!r}")
        self._judge()

    def _waybills(self) -> None:
        numbers_of: dict[str, list[str]] = {}
        for number, waybill in self.journals.waybills.items():
            if not waybill.issued_at:
                continue
            self.findings.checked["I14"] += 1
            if waybill.objects.total() > 1 and (len(waybill.objects) > 1 or not self.retries):
                self.findings.violated("I14", "-", 0, f"waybill {number} was issued {waybill.objects.total()} times")
            for name in waybill.objects if not waybill.orphaned else ():
                numbers_of.setdefault(name, []).append(number)
            if not waybill.met:
                what = f"waybill {number} was issued, the trail does not know it"
                self._suspect("I14", "-", what, waybill.issued_at, FRESH)
        for name, numbers in numbers_of.items():
            if len(numbers) > 1:
                self.findings.violated("I14", "-", 0, f"label {name} got waybills {', '.join(numbers)}")

    def _judge(self) -> None:
        ends = {"trail": self.trail_ends, **self.journals.present}
        for suspicion in self.suspicions:
            end = ends.get(suspicion.witness, "")
            if self.drained or (end and suspicion.at and _age(suspicion.at, end) >= suspicion.patience):
                self.findings.violations.append(suspicion.violation)
            else:
                self.findings.note("differences too young to judge in a copy of a running world (see --drained)")


def _age(at: str, end: str) -> timedelta:
    try:
        return datetime.fromisoformat(end) - datetime.fromisoformat(at)
    except (ValueError, TypeError) as error:
        raise UnreadableError(f"times {at!r} and {end!r} cannot be compared: {error}") from error
