"""The list of planted faults, and what they are planted with."""

from collections.abc import Callable

from .small_shop import Line, SmallShop

Fault = Callable[[SmallShop], object]
FAULTS: dict[str, tuple[str, Fault]] = {}


def breaks(invariant: str) -> Callable[[Fault], Fault]:
    """Enters a fault, under its name, with the invariant that must tell of it."""

    def enter(fault: Fault) -> Fault:
        FAULTS[fault.__name__] = (invariant, fault)
        return fault

    return enter


def last(shop: SmallShop, n: int, verb: str) -> Line:
    return next(event for event in reversed(shop.streams[f"order:{n}"]) if event["verb"] == verb)


def change(shop: SmallShop, n: int, verb: str, **told: object) -> None:
    """Other values in the last event of this verb; `start` and `end` are its edge."""
    names = {"start": "from", "end": "to", "named": "verb"}
    last(shop, n, verb).update({names.get(name, name): value for name, value in told.items()})


def change_facts(shop: SmallShop, n: int, verb: str, **told: object) -> None:
    last(shop, n, verb)["facts"].update(told)


def word_of(shop: SmallShop, n: int, status: str, **told: object) -> Line:
    """Other facts in the report of this status."""
    events = shop.streams[f"order:{n}"]
    event = next(each for each in events if each["facts"].get("status") == status)
    event["facts"].update(told)
    return event


def remove(shop: SmallShop, n: int, *verbs: str) -> None:
    for verb in verbs:
        shop.streams[f"order:{n}"].remove(last(shop, n, verb))


def without(shop: SmallShop, journal: str, kind: str, word: str) -> None:
    entries = shop.journals[journal]
    shop.journals[journal] = [each for each in entries if each["kind"] != kind or word not in str(each)]


def doubled(shop: SmallShop, journal: str, kind: str, word: str) -> Line:
    entries = shop.journals[journal]
    copy = dict(next(each for each in entries if each["kind"] == kind and word in str(each)))
    entries.append(copy)
    return copy


def repeat(shop: SmallShop, n: int, verb: str) -> Line:
    """The same event a second time, as a later act of its own."""
    event = last(shop, n, verb)
    copy = {**event, "facts": dict(event["facts"]), "act_id": "again", "at": shop.tick()}
    copy["version"] = shop.version(n) + 1
    shop.streams[f"order:{n}"].append(copy)
    return copy


def ship_by_command(shop: SmallShop, n: int = 3) -> Line:
    """A hand-over scan by the shipper."""
    facts = {"waybill": f"YT{n}", "address_version": 1, "order_address_version": 1}
    shop.moved(n, "ship", "packed>shipped", "person:5", "scan:1", facts=facts)
    event = last(shop, n, "ship")
    event.update(result="ok", role="shipper")
    shop.written_back(n)
    return event
