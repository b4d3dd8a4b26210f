"""I3, I4, I5, I6, I7: labels, addresses, holds and repetition, judged before an event is applied or after its act."""

from .findings import Findings
from .life import Label, OrderLife, number_in, parcel_of
from .published import NEEDS_NOT_HELD, ORDER_MOVES, PARCEL_MOVES
from .reading import Event

REFUND_HOLDS = ("refund_requested", "cancel_requested")
KEYED_COMMANDS = frozenset((*ORDER_MOVES, *PARCEL_MOVES, "hold_opened", "print", "waybill_requested", "waybill_issued"))


class Guards:
    """Remembers over all orders only what must be unique among them, as numbers."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.effects: dict[int, int] = {}
        self.grants: dict[int, int] = {}
        self.labels_of_waybills: dict[str, int] = {}
        self.open_claims: dict[int, tuple[str, str, int]] = {}

    def _wrong(self, invariant: str, life: OrderLife, event: Event, what: str) -> None:
        self.findings.violated(invariant, life.order, event["seq"], what)

    def before(self, life: OrderLife, event: Event) -> None:
        self._one_effect(life, event)
        if event["result"] == "ok" and event["verb"] in NEEDS_NOT_HELD:
            self._not_held(life, event)
        verb = event["verb"]
        if event["result"] != "refused" and "label" in event["facts"]:
            self._label(life, event)
        elif verb == "hold_opened":
            self.open_claims.pop(number_in(str(event["facts"].get("ground")), "label"), None)
        if verb == "ship" and event["result"] != "refused":
            self._hand_over(life, event)

    def after_act(self, life: OrderLife, act: list[Event]) -> None:
        for event in act:
            code = event["facts"].get("code", event["key"])
            if event["verb"] == "print" and event["result"] == "refused" and code == "duplicate_print":
                self.findings.checked["I3"] += 1
                if not life.has_hold("duplicate_print"):
                    self._wrong("I3", life, event, "a second print was refused but did not lock the order")
            if event["verb"] == "ship" and event["result"] == "observed":
                if self._address_differs(event) and not self._address_held(life):
                    self._wrong("I4", life, event, "left with an old address, and no hold was opened")
                waybill = event["facts"].get("waybill")
                if waybill and waybill not in life.parcels[event["parcel"]].waybills and not life.holds:
                    self._wrong("I10", life, event, f"left with waybill {waybill}, not its label's, and no hold")

    # I7
    def _one_effect(self, life: OrderLife, event: Event) -> None:
        """A source's fact key has one act, a cause makes the same move once. Only numbers are kept over orders."""
        key, result, verb = event["key"], event["result"], event["verb"]
        if key and result != "refused" and verb != "fact_conflict" and (result == "observed" or verb in KEYED_COMMANDS):
            source = str(event["facts"].get("system", "")) if result == "observed" else verb
            identity = hash((event["company"], source, key))
            self._once(life, event, self.effects, identity, f"key {key} had its effect already")
        if event["to"] and event["cause"] and result != "refused":
            move = hash((event["cause"], event["parcel"], verb, event["from"], event["to"]))
            self._once(life, event, life.moves_made, move, f"{event['cause']} makes {verb} a second time")

    def _once(self, life: OrderLife, event: Event, had: dict[int, int], identity: int, what: str) -> None:
        self.findings.checked["I7"] += 1
        act = hash(event["act_id"] or event["hash"])
        if had.setdefault(identity, act) != act:
            self._wrong("I7", life, event, what)

    # I5, I6
    def _not_held(self, life: OrderLife, event: Event) -> None:
        invariant = "I5" if event["verb"] == "ship" else "I6"
        sure, perhaps = life.holds_on(parcel_of(event))
        if sure:
            self.findings.checked[invariant] += 1
            reasons = ", ".join(sorted({hold.reason for hold in sure}))
            refund = " while a refund is open" if any(hold.reason in REFUND_HOLDS for hold in sure) else ""
            self._wrong(invariant, life, event, f"{event['verb']} succeeded while held ({reasons}){refund}")
        elif perhaps:
            self.findings.note("commands beside a hold of a line or of another parcel: not judged")
        else:
            self.findings.checked[invariant] += 1

    # I3, I4, I10, I14
    def _label(self, life: OrderLife, event: Event) -> None:
        number, parcel, verb = event["facts"]["label"], parcel_of(event), event["verb"]
        if not isinstance(number, int) or parcel is None:
            return
        label = life.labels.get(number)
        if number in self.open_claims and verb != "print":
            del self.open_claims[number]
        if verb == "waybill_requested":
            self._next_label(life, event, number, parcel)
        elif verb == "waybill_issued":
            self._issued(life, event, number, parcel, label)
        elif verb == "print" and event["result"] == "ok":
            self._print(life, event, number, parcel, label)
        elif verb == "print_result" and (label is None or not label.printers):
            self._wrong("I10", life, event, f"a print result for label {number}, which nobody claimed")

    def _next_label(self, life: OrderLife, event: Event, number: int, parcel: int) -> None:
        self.findings.checked["I3"] += 1
        living = [other for other, label in life.labels.items() if label.parcel == parcel and not label.dead]
        if living:
            what = f"label {number} requested while label {living[0]} of parcel {parcel} is neither void nor failed"
            self._wrong("I3", life, event, what)

    def _issued(self, life: OrderLife, event: Event, number: int, parcel: int, label: Label | None) -> None:
        facts = event["facts"]
        self.findings.checked["I3"] += 1
        waybill, generation = str(facts.get("waybill", "")), int(facts.get("generation") or 0)
        of_the_parcel = [each for each in life.labels.values() if each.parcel == parcel]
        if label is None:
            self._wrong("I3", life, event, f"label {number} was issued but never requested")
        elif label.waybill:
            self._wrong("I14", life, event, f"label {number} got a second waybill, {waybill} after {label.waybill}")
        elif not max((each.generation for each in of_the_parcel), default=0) < generation <= len(of_the_parcel):
            self._wrong("I3", life, event, f"generation {generation} is not the next one of parcel {parcel}")
        self.findings.checked["I14"] += 1
        if self.labels_of_waybills.setdefault(waybill, number) != number:
            self._wrong("I14", life, event, f"waybill {waybill} was given to another label already")

    def _print(self, life: OrderLife, event: Event, number: int, parcel: int, label: Label | None) -> None:
        facts = event["facts"]
        generation, copy = facts.get("generation"), facts.get("copy")
        self.findings.checked["I3"] += 1
        act = hash(event["act_id"] or event["hash"])
        if self.grants.setdefault(hash((parcel, generation, copy)), act) != act:
            what = f"a second print of parcel {parcel}, generation {generation}, copy {copy} was granted"
            self._wrong("I3", life, event, what)
        elif label and label.printers:
            self._wrong("I3", life, event, f"label {number} was granted a second time, as copy {copy}")
        if label is None or not label.waybill:
            self._wrong("I3", life, event, f"print of label {number}, which was never issued")
            return
        if label.dead:
            self._wrong("I3", life, event, f"print of label {number}, which is void or failed")
        if (label.parcel, label.generation, label.waybill) != (parcel, generation, facts.get("waybill")):
            self._wrong("I3", life, event, f"print of label {number} with another parcel, generation or waybill")
        self.findings.checked["I4"] += 1
        if facts.get("address_version") != life.address_version:
            what = f"print with address {facts.get('address_version')}, the newest is {life.address_version}"
            self._wrong("I4", life, event, what)
        if facts.get("address_version") != label.address_version:
            self._wrong("I4", life, event, f"print says another address than label {number} was made for")
        self.open_claims[number] = (event["at"], life.order, event["seq"])

    # I4, I5
    @staticmethod
    def _address_differs(event: Event) -> bool:
        facts = event["facts"]
        return bool(facts.get("address_version") != facts.get("order_address_version"))

    @staticmethod
    def _address_held(life: OrderLife) -> bool:
        reasons = ("address_conflict", "address_unverified", "shipped_while_held", "foreign_waybill")
        return any(life.has_hold(reason) for reason in reasons)

    def _hand_over(self, life: OrderLife, event: Event) -> None:
        facts = event["facts"]
        self.findings.checked["I4"] += 1
        told = facts.get("order_address_version")
        if told is None:
            self.findings.note("hand-over that does not say its address versions: not judged")
            return
        if told != life.address_version:
            what = f"hand-over says the newest address is {told}, the trail says {life.address_version}"
            self._wrong("I4", life, event, what)
        if event["result"] == "ok" and self._address_differs(event):
            what = f"handed over with address {facts.get('address_version')}, the newest is {told}"
            self._wrong("I4", life, event, what)
        mine = [
            each for each in life.labels.values() if each.parcel == event["parcel"] and each.waybill and not each.dead
        ]
        used = [each for each in mine if each.waybill == facts.get("waybill")]
        if used and facts.get("address_version") != used[-1].address_version:
            self._wrong("I4", life, event, "hand-over says another address than its label was made for")
        if event["result"] == "ok":
            self.findings.checked["I10"] += 1
            if not used or not used[-1].printers:
                what = f"left with waybill {facts.get('waybill')}, no printed label of its own"
                self._wrong("I10", life, event, what)
