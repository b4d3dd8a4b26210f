"""The lifecycle as DESIGN section 4 tells it, written down by hand: the tests hold the code against this, not itself.

Change it only when the design changes.
"""

from dataclasses import dataclass, field

from orders.lifecycle import CauseKind, OrderState, ParcelState, Role

_O, _P = OrderState, ParcelState


@dataclass(frozen=True, kw_only=True)
class Row:
    """One move: where from, where to, and who may."""

    path: dict[str, str]
    roles: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    # From some states only these.
    narrowed: dict[str, frozenset[str]] = field(default_factory=dict)
    # Whether it stays possible while the order is held (law 6).
    while_held: bool = False
    # From state → the events that it writes, in their order; the scene's parcel has a printed label once it is packed.
    writes: dict[str, list[str]]

    def permits(self, who: str, state: str) -> bool:
        if who in CauseKind.values:
            return who in self.causes
        return who in self.narrowed.get(state, self.roles)


def _these(*names: str) -> frozenset[str]:
    return frozenset(str(name) for name in names)


ORDER: dict[str, Row] = {
    "pay": Row(
        path={_O.PENDING_PAYMENT: _O.PAID},
        roles=_these(Role.OPS_MANAGER),
        causes=_these(CauseKind.PLATFORM),
        writes={_O.PENDING_PAYMENT: ["pay"]},
    ),
    "release": Row(
        path={_O.PAID: _O.TO_PICK},
        roles=_these(Role.CS, Role.OPS_MANAGER),
        causes=_these(CauseKind.SYSTEM),
        writes={_O.PAID: ["release"]},
    ),
    "cancel": Row(
        path={
            _O.PENDING_PAYMENT: _O.CANCELLED,
            _O.PAID: _O.CANCELLED,
            _O.TO_PICK: _O.CANCELLED,
            _O.PACKED: _O.CANCELLED,
        },
        roles=_these(Role.CS, Role.OPS_MANAGER),
        causes=_these(CauseKind.PLATFORM),
        narrowed={_O.PACKED: _these(Role.OPS_MANAGER)},
        while_held=True,
        writes={
            _O.PENDING_PAYMENT: ["cancel"],
            _O.PAID: ["cancel"],
            _O.TO_PICK: ["void", "cancel"],
            _O.PACKED: ["label_voided", "void", "cancel"],
        },
    ),
    "return": Row(
        path={_O.SHIPPED: _O.RETURNED, _O.SIGNED: _O.RETURNED},
        roles=_these(Role.CS),
        causes=_these(CauseKind.COURIER),
        writes={_O.SHIPPED: ["return", "return"], _O.SIGNED: ["return", "return"]},
    ),
}

PARCEL: dict[str, Row] = {
    "pack": Row(
        path={_P.TO_PICK: _P.PACKED},
        roles=_these(Role.WAREHOUSE_LEAD),
        writes={_P.TO_PICK: ["pack", "follow_parcels"]},
    ),
    "unpack": Row(
        path={_P.PACKED: _P.TO_PICK},
        roles=_these(Role.WAREHOUSE_LEAD),
        writes={_P.PACKED: ["unpack", "follow_parcels"]},
    ),
    "void": Row(
        path={_P.TO_PICK: _P.VOIDED, _P.PACKED: _P.VOIDED},
        roles=_these(Role.WAREHOUSE_LEAD),
        while_held=True,
        writes={
            _P.TO_PICK: ["void", "follow_parcels"],
            _P.PACKED: ["label_voided", "void", "follow_parcels"],
        },
    ),
    "ship": Row(
        path={_P.PACKED: _P.SHIPPED},
        roles=_these(Role.SHIPPER),
        writes={_P.PACKED: ["ship", "follow_parcels"]},
    ),
    "sign": Row(
        path={_P.SHIPPED: _P.SIGNED},
        causes=_these(CauseKind.COURIER, CauseKind.PLATFORM),
        writes={_P.SHIPPED: ["sign", "follow_parcels"]},
    ),
    "return": Row(
        path={_P.SHIPPED: _P.RETURNED, _P.SIGNED: _P.RETURNED},
        roles=_these(Role.CS),
        causes=_these(CauseKind.COURIER),
        writes={
            _P.SHIPPED: ["return", "follow_parcels"],
            _P.SIGNED: ["return", "follow_parcels"],
        },
    ),
}

# The state of an order whose only parcel is in this state: it is where its least advanced live parcel is.
ORDER_OF_PARCEL: dict[str, str] = {
    _P.TO_PICK: _O.TO_PICK,
    _P.PACKED: _O.PACKED,
    _P.SHIPPED: _O.SHIPPED,
    _P.SIGNED: _O.SIGNED,
    _P.VOIDED: _O.PAID,
    _P.RETURNED: _O.RETURNED,
}
PARCEL_OF_ORDER = {order: parcel for parcel, order in ORDER_OF_PARCEL.items()} | {_O.PAID: None}
