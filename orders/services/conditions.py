"""What each need of a move means: one function per need, asked of a loaded dossier, without a query of its own.

`None` is yes; a text is the reason for the no, with the particulars that help.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from orders import clock
from orders.lifecycle import LEFT, LabelState, Need, ParcelState
from orders.models import AfterSale, Parcel
from orders.services.dossier import Dossier

# Flags that keep an order out of this warehouse's line.
EXCLUDING_FLAGS = {"platform_warehouse", "dropship", "virtual", "group_buy_open", "risk"}


@dataclass(frozen=True)
class Asked:
    """What a move is asked of."""

    dossier: Dossier
    parcel: Parcel | None
    reason: str
    # By person: a system's own acts give their reason in the cause.
    by_person: bool
    unmapped: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    stock_short: tuple[str, ...] = ()


def _text(need: Need, detail: str = "") -> str:
    return f"{need.label}：{detail}" if detail else str(need.label)


def _not_held(asked: Asked) -> str | None:
    holds = asked.dossier.open_holds
    return _text(Need.NOT_HELD, "、".join(str(hold.get_reason_display()) for hold in holds)) if holds else None


def _paid(asked: Asked) -> str | None:
    return None if asked.dossier.order.paid_at else _text(Need.PAID)


def _no_presale_lock(asked: Asked) -> str | None:
    until = asked.dossier.order.presale_until
    return _text(Need.NO_PRESALE_LOCK) if until and until > clock.now() else None


def _address_valid(asked: Asked) -> str | None:
    address = asked.dossier.address
    return None if address and address.complete else _text(Need.ADDRESS_VALID)


def _goods_mapped(asked: Asked) -> str | None:
    return _text(Need.GOODS_MAPPED, "、".join(asked.unmapped)) if asked.unmapped else None


def _warehouse_set(asked: Asked) -> str | None:
    order = asked.dossier.order
    return None if order.warehouse_id or order.shop.warehouse_id else _text(Need.WAREHOUSE_SET)


def _stock_reserved(asked: Asked) -> str | None:
    return _text(Need.STOCK_RESERVED, "、".join(asked.stock_short)) if asked.stock_short else None


def _not_excluded(asked: Asked) -> str | None:
    found = EXCLUDING_FLAGS & set(asked.dossier.order.flags)
    return _text(Need.NOT_EXCLUDED, "、".join(sorted(found))) if found else None


def _lines_checked(asked: Asked) -> str | None:
    return _text(Need.LINES_CHECKED, "、".join(asked.unchecked)) if asked.unchecked else None


def open_goods_refunds(dossier: Dossier) -> list[AfterSale]:
    """Refunds that must stop goods: open ones, but never a price difference (保价)."""
    return [
        sale
        for sale in dossier.aftersales
        if sale.state in (AfterSale.State.OPEN, AfterSale.State.DONE) and sale.kind != AfterSale.Kind.PRICE_PROTECT
    ]


def _no_open_refund(asked: Asked) -> str | None:
    """A refunded line that is closed travels no more; an open refund of a living line stops the parcel."""
    closed = {line.pk for line in asked.dossier.lines if line.closed}
    found = [sale.refund_id for sale in open_goods_refunds(asked.dossier) if sale.line_id not in closed]
    return _text(Need.NO_OPEN_REFUND, "、".join(found)) if found else None


def _label_printed(asked: Asked) -> str | None:
    label = asked.dossier.living_label(asked.parcel) if asked.parcel else None
    good = label and label.state in (LabelState.LIVE, LabelState.CLAIMED, LabelState.PRINTED) and label.waybill
    return None if good else _text(Need.LABEL_PRINTED)


def _address_current(asked: Asked) -> str | None:
    """Law 7. Where only the platform's receiver key can be compared, an unknown key is no conflict."""
    label = asked.dossier.living_label(asked.parcel) if asked.parcel else None
    if label is None or label.address_version >= asked.dossier.order.address_version:
        return None
    return _text(Need.ADDRESS_CURRENT)


def _nothing_shipped(asked: Asked) -> str | None:
    return _text(Need.NOTHING_SHIPPED) if any(p.state in LEFT for p in asked.dossier.parcels) else None


def _packed(asked: Asked) -> str | None:
    parcel = asked.parcel
    if parcel is None:
        return _text(Need.PACKED)
    warehouse = parcel.warehouse or asked.dossier.order.warehouse
    early = warehouse is not None and warehouse.label_first and parcel.state == ParcelState.TO_PICK
    return None if early or parcel.state == ParcelState.PACKED else _text(Need.PACKED)


def _no_label(asked: Asked) -> str | None:
    return _text(Need.NO_LABEL) if asked.parcel and asked.dossier.living_label(asked.parcel) else None


def _reason_given(asked: Asked) -> str | None:
    return _text(Need.REASON_GIVEN) if asked.by_person and not asked.reason.strip() else None


CONDITIONS: dict[str, Callable[[Asked], str | None]] = {
    Need.NOT_HELD: _not_held,
    Need.PAID: _paid,
    Need.NO_PRESALE_LOCK: _no_presale_lock,
    Need.ADDRESS_VALID: _address_valid,
    Need.GOODS_MAPPED: _goods_mapped,
    Need.WAREHOUSE_SET: _warehouse_set,
    Need.STOCK_RESERVED: _stock_reserved,
    Need.NOT_EXCLUDED: _not_excluded,
    Need.LINES_CHECKED: _lines_checked,
    Need.NO_OPEN_REFUND: _no_open_refund,
    Need.LABEL_PRINTED: _label_printed,
    Need.ADDRESS_CURRENT: _address_current,
    Need.NOTHING_SHIPPED: _nothing_shipped,
    Need.PACKED: _packed,
    Need.NO_LABEL: _no_label,
    Need.REASON_GIVEN: _reason_given,
}


def unmet(asked: Asked, needs: Iterable[str]) -> dict[str, str]:
    """Every need that is not met, with its reason: all at once, so that nobody walks into one wall after another."""
    found = {need: CONDITIONS[need](asked) for need in needs}
    return {need: text for need, text in found.items() if text is not None}
