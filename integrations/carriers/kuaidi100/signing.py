"""快递100's one signature: the upper-case MD5 of values written one behind the other, without separators.

What is written behind what differs per call (official `SignUtils`); the vectors are in `samples/signing.json`.
"""

import hashlib


def sign(*parts: str | bytes) -> str:
    joined = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return hashlib.md5(joined, usedforsecurity=False).hexdigest().upper()


def sign_query(param: str, *, key: str, customer: str) -> str:
    """Over exactly the text that is sent."""
    return sign(param, key, customer)


def sign_push(param: bytes, salt: str) -> str:
    """Over the raw form value. The salt is the one that the subscription named."""
    return sign(param, salt)
