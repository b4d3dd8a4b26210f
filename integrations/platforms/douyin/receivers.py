"""Receivers as Douyin shows them: masks, regions, and ciphertext of which one part stays the same. Pure.

A ciphertext is `#index#cipher#version##` (`$…$` for phones). The cipher part is another one each time; the index part,
by which one may search, is the same for the same text. It is empty where the app may not search. Sources: comments and
message examples of the official SDKs.
"""

from collections.abc import Mapping
from typing import Any

from integrations.bodies import digest, read_object
from integrations.platforms.douyin import fields
from integrations.records import Row, written
from orders.vocabulary import AddressSnapshot

MARKERS = "#$~"
REGIONS = ("province", "city", "town", "street")
# How a ciphertext looks once it was cut down to what stays the same.
INDEX, DIGEST = "index:", "sha256:"


def stable_part(cipher: str) -> str:
    """The part of a ciphertext that tells receivers apart and may be kept; what was cut before stays as it is.

    What is no ciphertext of the known shape is named by its digest: another text is another receiver.
    """
    if not cipher or cipher.startswith((INDEX, DIGEST)):
        return cipher
    marker = cipher[0]
    if marker in MARKERS and cipher.endswith(marker * 2) and cipher.count(marker) >= 4:
        return INDEX + cipher[1:].partition(marker)[0][:400]
    return DIGEST + digest(cipher.encode(errors="replace"), 32)


def without_ciphers(value: Any) -> Any:
    """A row whose ciphertexts are cut down to what stays the same: nothing in it can be decrypted any more."""
    if isinstance(value, Mapping):
        return {
            name: stable_part(inside)
            if isinstance(inside, str) and str(name).startswith("encrypt_")
            else without_ciphers(inside)
            for name, inside in value.items()
        }
    return [without_ciphers(inside) for inside in value] if isinstance(value, list) else value


def receiver(source: Row) -> AddressSnapshot:
    """The receiver of an order: masks for people, `key` to tell whether it is still the same."""
    plain, masked = fields.inside(source, "post_addr"), fields.inside(source, "mask_post_addr")
    ciphers = (
        written(source, "encrypt_post_receiver"),
        written(source, "encrypt_post_tel"),
        written(plain, "encrypt_detail") or written(masked, "encrypt_detail"),
    )
    return _snapshot(
        name=fields.told(source, "mask_post_receiver", "post_receiver"),
        phone=fields.told(source, "mask_post_tel", "post_tel"),
        detail=fields.told(masked, "detail") or fields.told(plain, "detail"),
        places=plain if fields.inside(plain, "province") else masked,
        ciphers=ciphers,
    )


def wished(message: Row) -> AddressSnapshot | None:
    """The receiver within a push (`receiver_msg`), whose address is an object, or its JSON text."""
    told = fields.inside(message, "receiver_msg")
    if not told:
        return None
    address = told.get("addr")
    if isinstance(address, str):
        address = read_object(address) if address.strip() else {}
    if isinstance(address, list):
        address = address[0] if address else {}
    places = fields.inside({"addr": address}, "addr")
    names = ("encrypt_name", "encrypt_tel")
    return _snapshot(
        name=fields.told(told, "name"),
        phone=fields.told(told, "tel"),
        detail=fields.told(places, "detail"),
        places=places,
        ciphers=(*(written(told, name) for name in names), written(places, "encrypt_detail")),
    )


def _snapshot(*, name: str, phone: str, detail: str, places: Row, ciphers: tuple[str, ...]) -> AddressSnapshot:
    regions = [fields.inside(places, level) for level in REGIONS]
    province, city, district, town = (fields.told(region, "name") for region in regions)
    stable = [stable_part(cipher).removeprefix(INDEX) for cipher in ciphers]
    is_masked = any(ciphers) or "*" in name + phone + detail
    key = ""
    if is_masked and (any(stable) or name or phone or detail):
        parts = [*stable, name, phone, detail, province, city, district, town]
        key = "dy1:" + digest("\n".join(parts).encode(), 40)
    return AddressSnapshot(
        name=name,
        phone=phone,
        province=province,
        city=city,
        district=district,
        town=town,
        address=detail,
        key=key,
        masked=is_masked,
    )
