"""The published moves, copied by hand from docs/lifecycle.md. A change there must be made here by a person."""

from dataclasses import dataclass, field

NOBODY: frozenset[str] = frozenset()


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the published tables.

    `people` and `systems` may command it. `reporters` may say that it has happened: the systems of the row, and for
    the parcel's moves without any (pack, ship) the warehouse's system and the courier.
    """

    edges: frozenset[tuple[str, str]]
    people: frozenset[str] = NOBODY
    systems: frozenset[str] = NOBODY
    reporters: frozenset[str] = NOBODY
    not_held: bool = False
    reason_given: bool = False
    narrower_from: dict[str, frozenset[str]] = field(default_factory=dict)


def edges(text: str) -> frozenset[tuple[str, str]]:
    """The text "a>b c>d" as pairs."""
    pairs = (pair.partition(">") for pair in text.split())
    return frozenset((start, end) for start, _, end in pairs)


ORDER_MOVES = {
    "pay": Move(
        edges("pending_payment>paid"),
        words("ops_manager"),
        words("platform"),
        words("platform"),
        not_held=True,
        reason_given=True,
    ),
    "cancel": Move(
        edges("pending_payment>cancelled paid>cancelled to_pick>cancelled packed>cancelled"),
        words("ops_manager cs"),
        words("platform"),
        words("platform"),
        reason_given=True,
        narrower_from={"packed": words("ops_manager")},
    ),
    "release": Move(edges("paid>to_pick"), words("ops_manager cs"), words("system"), words("system"), not_held=True),
    "return": Move(
        edges("shipped>returned signed>returned"),
        words("cs"),
        words("courier"),
        words("courier"),
        not_held=True,
        reason_given=True,
    ),
}

PARCEL_MOVES = {
    "pack": Move(edges("to_pick>packed"), words("warehouse_lead"), reporters=words("wms"), not_held=True),
    "void": Move(edges("to_pick>voided packed>voided"), words("warehouse_lead"), reason_given=True),
    "unpack": Move(edges("packed>to_pick"), words("warehouse_lead"), not_held=True, reason_given=True),
    "ship": Move(edges("packed>shipped"), words("shipper"), reporters=words("wms courier"), not_held=True),
    "sign": Move(
        edges("shipped>signed"), systems=words("platform courier"), reporters=words("platform courier"), not_held=True
    ),
    "return": ORDER_MOVES["return"],
}

_FOLLOW_FROM = words("to_pick packed shipped signed returned")
_FOLLOW_TO = words("paid to_pick packed shipped signed returned")
ORDER_DERIVED = {
    "follow_parcels": frozenset((a, b) for a in _FOLLOW_FROM for b in _FOLLOW_TO if a != b),
    "reappear": edges("cancelled>to_pick"),
}
PARCEL_DERIVED = {"reappear": edges("voided>packed")}

STILL: frozenset[tuple[str, str]] = frozenset()
WAYBILL = Move(STILL, words("shipper"), words("system"), not_held=True)
PRINT = Move(STILL, words("picker shipper"), words("system erp wms"), not_held=True)
LIFT = Move(STILL, words("ops_manager"), reason_given=True)

# Verbs without a state of their own, as the trail writes them.
STATELESS = {"waybill": WAYBILL, "waybill_requested": WAYBILL, "print": PRINT}
HOLD_PEOPLE = words("ops_manager cs warehouse_lead picker shipper")
FOUR_EYES = words("duplicate_print print_unknown shipped_while_held")
WITHOUT_RULES = words("order_seen fact waybill_issued print_result hold_opened")

NEEDS_NOT_HELD = frozenset(
    name for table in (ORDER_MOVES, PARCEL_MOVES, STATELESS) for name, move in table.items() if move.not_held
)
# How far a living parcel is; the order stands at the least of them.
RANK = {"to_pick": 1, "packed": 2, "shipped": 3, "signed": 4}
LEFT = words("shipped signed returned")
