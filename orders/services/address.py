"""Addresses of an order: sealed versions in the order of their source's time, whatever the order of arrival (law 3)."""

import json
import re
from datetime import datetime

from orders import sealing
from orders.models import AddressVersion, Order
from orders.services.dossier import Dossier
from orders.vocabulary import AddressSnapshot

_FIELDS = ("name", "phone", "province", "city", "district", "town", "address", "key")


def context_of(order_id: int) -> str:
    return f"order:{order_id}:receiver"


def data_key(order: Order) -> bytes:
    """The order's own key; `sealing.CannotOpen` once it was shredded."""
    if order.wrapped_key is None:
        raise sealing.CannotOpen(f"order {order.pk} has no data key")
    return sealing.unwrap(bytes(order.wrapped_key), context=f"order:{order.pk}:key")


def give_data_key(order: Order) -> bytes:
    key = sealing.new_key()
    order.wrapped_key = sealing.wrap(key, context=f"order:{order.pk}:key")
    return key


def written(receiver: AddressSnapshot) -> str:
    return json.dumps({name: getattr(receiver, name).strip() for name in _FIELDS}, ensure_ascii=False, sort_keys=True)


def masked(receiver: AddressSnapshot) -> str:
    """What may be seen without asking: the first character, the region, the last four."""
    name = receiver.name if receiver.masked else f"{receiver.name[:1]}**" if receiver.name else ""
    digits = re.sub(r"\D", "", receiver.phone)
    phone = f"***{digits[-4:]}" if len(digits) >= 4 else ""
    return " ".join(part for part in (name, phone, f"{receiver.province}{receiver.city}{receiver.district}") if part)


def is_complete(receiver: AddressSnapshot) -> bool:
    """Enough to send to. Where the platform masks, its own key stands for what it hides."""
    if receiver.key:
        return bool(receiver.province or receiver.city)
    return all((receiver.name, receiver.phone, receiver.province or receiver.city, receiver.address))


def learn(dossier: Dossier, receiver: AddressSnapshot, at: datetime, *, source: str, newest: bool) -> bool:
    """Put a sighting of an address into the order's versions; True where the versions changed.

    A late, older address takes its place before the newer ones, which move up by one with their labels, so that any
    order of arrival ends in the same versions.
    """
    order = dossier.order
    key = data_key(order)
    text = written(receiver)
    mark = sealing.fingerprint(key, text)
    earlier = [row for row in dossier.addresses if row.source_at <= at]
    later = [row for row in dossier.addresses if row.source_at > at]
    learned = False
    if later and later[0].fingerprint == mark:
        later[0].source_at = at
        later[0].save(update_fields=["source_at"])
    elif not earlier or earlier[-1].fingerprint != mark:
        current = dossier.addresses[-1] if dossier.addresses else None
        _insert(dossier, receiver, text, key, mark, at, source, before=later)
        if current is not None and not later and not newest:
            # It was changed there and back: the newest picture shows the former address again.
            _append_again(dossier, current, order.source_modified_at or at)
        learned = True
    order.address_version = dossier.addresses[-1].version
    if newest:
        _index(order, receiver)
    return learned


def _append_again(dossier: Dossier, row: AddressVersion, at: datetime) -> None:
    again = AddressVersion(
        order=dossier.order,
        version=dossier.addresses[-1].version + 1,
        sealed=bytes(row.sealed),
        masked=row.masked,
        receiver_key=row.receiver_key,
        fingerprint=row.fingerprint,
        complete=row.complete,
        source=row.source,
        source_at=at,
    )
    dossier.addresses.append(again)
    dossier.touch(again)


def _insert(
    dossier: Dossier,
    receiver: AddressSnapshot,
    text: str,
    key: bytes,
    mark: str,
    at: datetime,
    source: str,
    before: list[AddressVersion],
) -> None:
    order = dossier.order
    for row in reversed(before):
        for label in dossier.labels:
            if label.address_version == row.version:
                label.address_version += 1
                dossier.touch(label)
        row.version += 1
        row.save(update_fields=["version"])
    version = len(dossier.addresses) - len(before) + 1
    row = AddressVersion(
        order=order,
        version=version,
        sealed=sealing.seal(key, text.encode(), context=context_of(order.pk)),
        masked=masked(receiver)[:200],
        receiver_key=receiver.key,
        fingerprint=mark,
        complete=is_complete(receiver),
        source=source,
        source_at=at,
    )
    dossier.addresses.insert(version - 1, row)
    dossier.touch(row)


def _index(order: Order, receiver: AddressSnapshot) -> None:
    digits = re.sub(r"\D", "", receiver.phone) if "*" not in receiver.phone else ""
    order.phone_index = sealing.blind("phone", digits)
    order.last_four_index = sealing.blind("last4", re.sub(r"\D", "", receiver.phone)[-4:])


def open_address(order: Order, address: AddressVersion) -> AddressSnapshot:
    """The receiver in the clear, for a label or for a person with right and reason; the caller leaves the record."""
    clear = sealing.unseal(data_key(order), bytes(address.sealed), context=context_of(order.pk))
    return AddressSnapshot(**json.loads(clear))
