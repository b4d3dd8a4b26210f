"""Personal data at rest (law 13): one data key per order, wrapped by the install's master key.

Shredding the wrapped key shreds the person, in history and documents too. AES-256-GCM; the additional data binds a
value to its order and field, so that a cipher text moved to another row does not open.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class CannotOpen(ValueError):
    """The value does not belong here, was altered, or its key is gone."""


def _master(secret: str) -> tuple[bytes, bytes]:
    key = hashlib.sha256(b"order tower master\0" + secret.encode()).digest()
    return hashlib.sha256(b"id\0" + key).digest()[:_KEY_ID_BYTES], key


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal(key: bytes, clear: bytes, *, context: str) -> bytes:
    """Encrypt `clear` for the place that `context` names, such as "order:17:receiver"."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, context.encode())


def unseal(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """The clear value; `CannotOpen` for another key, another place, or an altered value."""
    try:
        return AESGCM(key).decrypt(bytes(sealed[:_NONCE_BYTES]), bytes(sealed[_NONCE_BYTES:]), context.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(context) from error


def wrap(key: bytes, *, context: str) -> bytes:
    """A data key under the newest master key, with that key's id in front."""
    identity, master = _master(settings.TOWER_MASTER_KEYS[0])
    return identity + seal(master, key, context=context)


def unwrap(wrapped: bytes, *, context: str) -> bytes:
    wanted = bytes(wrapped[:_KEY_ID_BYTES])
    for secret in settings.TOWER_MASTER_KEYS:
        identity, master = _master(secret)
        if identity == wanted:
            return unseal(master, bytes(wrapped[_KEY_ID_BYTES:]), context=context)
    raise CannotOpen(f"no master key {wanted.hex()} for {context}")


def blind(kind: str, value: str) -> str:
    """A keyed blind index: equal values are found, nothing else is told. Empty stays empty."""
    if not value:
        return ""
    message = f"{kind}\0{value}".encode()
    return hmac.new(settings.TOWER_INDEX_KEY.encode(), message, hashlib.sha256).hexdigest()[:32]


def fingerprint(key: bytes, text: str) -> str:
    """A person's data inside an event: comparable within the order, and gone with the order's key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:24]
