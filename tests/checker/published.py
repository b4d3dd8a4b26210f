"""The published moves, copied by hand from docs/lifecycle.md. A change there must be made here by a person."""

from dataclasses import dataclass, field

NOBODY: frozenset[str] = frozenset()


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the published tables: which people and systems may command it, and what it needs."""

    edges: frozenset[tuple[str, str]]
    people: frozenset[str] = NOBODY
    systems: frozenset[str] = NOBODY
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
        not_held=True,
        reason_given=True,
    ),
    "cancel": Move(
        edges("pending_payment>cancelled paid>cancelled to_pick>cancelled packed>cancelled"),
        words("ops_manager cs"),
        words("platform"),
        reason_given=True,
        narrower_from={"packed": words("ops_manager")},
    ),
    "release": Move(edges("paid>to_pick"), words("ops_manager cs"), words("system"), not_held=True),
    "return": Move(
        edges("shipped>returned signed>returned"),
        words("cs"),
        words("courier"),
        not_held=True,
        reason_given=True,
    ),
}

PARCEL_MOVES = {
    "pack": Move(edges("to_pick>packed"), words("warehouse_lead"), not_held=True),
    "void": Move(edges("to_pick>voided packed>voided"), words("warehouse_lead"), reason_given=True),
    "unpack": Move(edges("packed>to_pick"), words("warehouse_lead"), not_held=True, reason_given=True),
    "ship": Move(edges("packed>shipped"), words("shipper"), not_held=True),
    "sign": Move(edges("shipped>signed"), systems=words("platform courier"), not_held=True),
    "return": ORDER_MOVES["return"],
}

_FOLLOW_FROM = words("to_pick packed shipped signed returned")
_FOLLOW_TO = words("paid to_pick packed shipped signed returned")
ORDER_DERIVED = {
    "follow_parcels": frozenset((a, b) for a in _FOLLOW_FROM for b in _FOLLOW_TO if a != b),
    "reappear": edges("cancelled>to_pick"),
}
PARCEL_DERIVED = {"reappear": edges("voided>packed")}

# Label, hold and case
STILL: frozenset[tuple[str, str]] = frozenset()
WAYBILL = Move(STILL, words("shipper"), words("system"), not_held=True)
PRINT = Move(STILL, words("picker shipper"), words("system erp wms"), not_held=True)
HOLD = Move(
    STILL,
    words("ops_manager cs warehouse_lead picker shipper"),
    words("system platform erp wms rule"),
    reason_given=True,
)
LIFT = Move(STILL, words("ops_manager"), reason_given=True)
ANSWER = Move(STILL, words("ops_manager cs"), words("system"))
STATELESS = {
    "waybill": WAYBILL,
    "waybill_requested": WAYBILL,
    "print": PRINT,
    "hold": HOLD,
    "lift": LIFT,
    "hold_lifted": LIFT,
    "confirm": LIFT,
    "hold_confirmed": LIFT,
    "answer": ANSWER,
    "case_answered": ANSWER,
}
FOUR_EYES = words("duplicate_print print_unknown shipped_while_held")

# What other systems' reports move: the parcel is at least there, on whose word, in which word.
_IN_THE_HOUSE = {
    "to_pick": words("accepted printed picking"),
    "packed": words("checked packed weighed staged shipped_part"),
    "shipped": words("shipped"),
    "signed": words("signed"),
}
REPORTS = {
    "wms": _IN_THE_HOUSE,
    "erp": _IN_THE_HOUSE,
    "courier": {
        "shipped": words("picked_up in_transit out_for_delivery at_pickup_point exception refused returning"),
        "signed": words("signed"),
        "returned": words("returned"),
    },
}
REACH = {(system, word): state for system, row in REPORTS.items() for state, told in row.items() for word in told}
WALK = words("pack ship sign return")  # the steps that a report may make a parcel take
PLATFORM_MOVES = words("pay cancel")  # the order's moves that are the platform's to report

# Verbs of the trail. A verb that is not here is a violation.
VERBS = words(
    """
    pay release cancel return pack unpack ship sign void waybill print hold lift confirm answer follow_parcels reappear
    order_seen fact stale_fact fact_conflict hold_opened hold_lifted hold_confirmed hold_withdrawn
    waybill_requested waybill_issued waybill_failed waybill_orphaned label_voided print_result print_observed
    lines_checked case_answered delivery_passed delivery_refused intercept_started intercept_asked intercept_ended
    policy_changed connection_made connection_changed channel_made channel_changed
    raw_message_seen api_key_created api_key_revoked connection_authorised receipts_replayed jobs_retried
    backfill_begun backfill_stopped trouble_closed note_changed
    """
)
FACTS = words("fact order_seen")  # stale_fact and fact_conflict move nothing
ENDS_A_HOLD = words("hold_lifted hold_withdrawn")
ENDS_A_LABEL = words("label_voided waybill_failed")  # and a print_result of `failed`

NEEDS_NOT_HELD = frozenset(
    name for table in (ORDER_MOVES, PARCEL_MOVES, STATELESS) for name, move in table.items() if move.not_held
)
# How far a living parcel is; the order stands at the least of them.
RANK = {"to_pick": 1, "packed": 2, "shipped": 3, "signed": 4}
PROGRESS = {**RANK, "returned": 5}
LEFT = words("shipped signed returned")
