"""How rows go out as JSON. Times in Beijing's offset, money as strings, receivers masked."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from orders.api.fields import beijing_time, yuan_text
from orders.models import Company, Event, Hold, Label, Parcel, ParcelLine, Shop, Warehouse
from orders.sealing import CannotOpen
from orders.services.address import open_address
from orders.services.dossier import Dossier
from orders.vocabulary import AddressSnapshot


def order_json(dossier: Dossier, allowed_moves: Sequence[str]) -> dict[str, Any]:
    order = dossier.order
    return {
        "id": order.pk,
        "version": order.version,
        "shop": order.shop_id,
        "warehouse": order.warehouse_id,
        "platform_order_id": order.platform_order_id,
        "number": order.number,
        "state": str(order.state),
        "held": order.held,
        "placed_at": beijing_time(order.placed_at),
        "paid_at": beijing_time(order.paid_at),
        "ship_by": beijing_time(order.ship_by),
        "amount": yuan_text(order.amount),
        "buyer_note": order.buyer_note,
        "seller_note": order.seller_note,
        "receiver": receiver_json(dossier),
        "lines": [
            {
                "id": line.pk,
                "platform_line_id": line.platform_line_id,
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "price": yuan_text(line.price),
                "gift": line.gift,
                "closed": line.closed,
            }
            for line in dossier.lines
        ],
        "holds": [hold_brief(hold) for hold in dossier.holds],
        "parcels": [parcel_brief(dossier, parcel) for parcel in dossier.parcels],
        "claims": [
            {
                "system": claim.system,
                "subject": claim.subject,
                "status": claim.status,
                "at": beijing_time(claim.at),
            }
            for claim in dossier.claims
        ],
        "allowed_moves": list(allowed_moves),
        "created_at": beijing_time(order.created_at),
        "updated_at": beijing_time(order.updated_at),
    }


def receiver_json(dossier: Dossier) -> dict[str, str] | None:
    """What may be seen without asking: the region, the first character, the last four."""
    if dossier.address is None:
        return None
    try:
        clear = open_address(dossier.order, dossier.address)
    except CannotOpen:
        # Shredded: nobody is behind this order any more.
        clear = AddressSnapshot()
    digits = re.sub(r"\D", "", clear.phone)
    return {
        "name": f"{clear.name[:1]}**" if clear.name else "",
        "phone": f"***{digits[-4:]}" if len(digits) >= 4 else "***" if clear.phone else "",
        "province": clear.province,
        "city": clear.city,
        "district": clear.district,
        "address": "***" if clear.address else "",
    }


def label_of(dossier: Dossier, parcel: Parcel) -> Label | None:
    """The living label, else the last dead one, so that a failure can be seen."""
    mine = [label for label in dossier.labels if label.parcel_id == parcel.pk]
    return dossier.living_label(parcel) or (mine[-1] if mine else None)


def parcel_brief(dossier: Dossier, parcel: Parcel) -> dict[str, Any]:
    label = label_of(dossier, parcel)
    return {
        "id": parcel.pk,
        "number": parcel.number,
        "state": str(parcel.state),
        "waybill": label.waybill if label and label.is_living else "",
        "carrier": (label.carrier if label else "") or parcel.carrier,
        "label": _label_brief(label) if label else None,
    }


def parcel_json(
    dossiers: Sequence[Dossier], parcel: Parcel, lines: Sequence[ParcelLine], allowed_moves: Sequence[str]
) -> dict[str, Any]:
    first = dossiers[0]
    label = label_of(first, parcel)
    return {
        **parcel_brief(first, parcel),
        "label": label_json(label) if label else None,
        "version": first.order.version,
        "orders": [dossier.order.pk for dossier in dossiers],
        "warehouse": parcel.warehouse_id,
        "kind": str(parcel.kind),
        "weight": None if parcel.weight_grams is None else f"{parcel.weight_grams / 1000:.3f}",
        "held": any(dossier.order.held for dossier in dossiers),
        "holds": [hold_brief(hold) for dossier in dossiers for hold in dossier.holds],
        "lines": [
            {
                "line": line.order_line_id,
                "order": line.order_line.order_id,
                "sku": line.order_line.sku,
                "title": line.order_line.title,
                "quantity": line.quantity,
            }
            for line in lines
        ],
        "packed_at": beijing_time(parcel.packed_at),
        "shipped_at": beijing_time(parcel.shipped_at),
        "signed_at": beijing_time(parcel.signed_at),
        "allowed_moves": list(allowed_moves),
    }


def _label_brief(label: Label) -> dict[str, Any]:
    return {"id": label.pk, "state": str(label.state), "generation": label.generation, "copy": label.copy}


def label_json(label: Label) -> dict[str, Any]:
    return {**_label_brief(label), "carrier": label.carrier, "waybill": label.waybill, "error": label.error}


def hold_brief(hold: Hold) -> dict[str, Any]:
    return {"id": hold.pk, "reason": str(hold.reason), "note": hold.note, "state": str(hold.state)}


def hold_json(hold: Hold) -> dict[str, Any]:
    return {
        **hold_brief(hold),
        "order": hold.order_id,
        "platform_order_id": hold.order.platform_order_id,
        "parcel": hold.parcel_id,
        "line": hold.line_id,
        "evidence": hold.evidence,
        "opened_at": beijing_time(hold.opened_at),
        "opened_by": hold.opened_by,
        "due_at": beijing_time(hold.due_at),
        "estimated_loss": yuan_text(hold.estimated_loss),
        "four_eyes": hold.four_eyes,
        "outcome": hold.outcome,
        "decision": hold.decision,
        "decided_by": hold.decided_by_id,
        "decided_at": beijing_time(hold.decided_at),
    }


def event_json(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "seq": event.seq,
        "verb": event.verb,
        "result": str(event.result),
        "from": event.from_state,
        "to": event.to_state,
        "actor": event.actor,
        "actor_name": event.actor_name,
        "role": event.role,
        "reason": event.reason,
        "parcel": event.parcel_id,
        "version": event.version,
        "facts": event.facts,
        "at": beijing_time(event.at),
        "source_at": beijing_time(event.source_at),
    }


def company_json(company: Company) -> Mapping[str, Any]:
    return {"id": company.pk, "name": company.name, "code": company.code, "parent": company.parent_id}


def shop_json(shop: Shop) -> Mapping[str, Any]:
    return {
        "id": shop.pk,
        "company": shop.company_id,
        "platform": shop.platform,
        "name": shop.name,
        "code": shop.code,
        "warehouse": shop.warehouse_id,
        "active": shop.active,
    }


def warehouse_json(warehouse: Warehouse) -> Mapping[str, Any]:
    return {
        "id": warehouse.pk,
        "company": warehouse.company_id,
        "name": warehouse.name,
        "code": warehouse.code,
        "mode": str(warehouse.mode),
        "printed_by": str(warehouse.printed_by),
    }
