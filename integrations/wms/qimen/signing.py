"""Qimen signatures, pure: what the caller writes and what a receiver checks. Proved by `samples/signing.json`.

Caller (official Java `TaobaoUtils.signTopRequest`): the sorted query without `sign`, pairs with an empty key or value
left out, then the raw body. Receiver (official `SpiUtils.checkSign`): the headers named in `top-sign-list` and the
query, sorted, empty values *kept*, then the raw body, wrapped in the secret and hashed with md5, whatever
`sign_method` says.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_plus

SIGN_METHODS = ("md5", "hmac", "hmac-sha256")


def signature(pairs: Mapping[str, str], body: bytes, secret: str, sign_method: str, *, skip_empty: bool) -> str:
    """The upper-case hex signature over sorted `pairs` (without `sign`) and the raw body."""
    if sign_method not in SIGN_METHODS:
        raise ValueError(f"unknown sign_method {sign_method!r}")
    text = "".join(
        key + value
        for key, value in sorted(pairs.items())
        if key != "sign" and not (skip_empty and (key == "" or value == ""))
    )
    signed = text.encode() + body
    key = secret.encode()
    if sign_method == "md5":
        return hashlib.md5(key + signed + key).hexdigest().upper()
    digest = hashlib.md5 if sign_method == "hmac" else hashlib.sha256
    return hmac.new(key, signed, digest).hexdigest().upper()


def sign_call(parameters: Mapping[str, str], body: bytes, secret: str, sign_method: str) -> str:
    """The signature of a request which we send."""
    return signature(parameters, body, secret, sign_method, skip_empty=True)


def is_signed(pairs: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
    """Whether `pairs["sign"]` is right by any accepted reading under any live secret, compared in constant time.

    Readings: md5 as received, md5 without empty values, and the two HMACs where the request itself names one.
    """
    given = pairs.get("sign", "").upper().encode()
    right = False
    for secret in secrets:
        for sign_method, skip_empty in _readings(pairs.get("sign_method", "")):
            expected = signature(pairs, body, secret, sign_method, skip_empty=skip_empty).encode()
            right |= hmac.compare_digest(given, expected)
    return right


def _readings(named: str) -> Iterator[tuple[str, bool]]:
    yield "md5", False
    yield "md5", True
    if named in SIGN_METHODS and named != "md5":
        yield named, False
        yield named, True


def query_pairs(query_string: str) -> dict[str, str]:
    """The query as the official receiver reads it: a pair whose raw value holds a bare `=` does not exist.

    `ValueError` for a name given twice: two readers of one request could then see two different ones.
    """
    pairs: dict[str, str] = {}
    for raw in query_string.split("&"):
        name, _, value = raw.partition("=")
        if not name or "=" in value:
            continue
        name = unquote_plus(name)
        if name in pairs:
            raise ValueError(f"parameter given twice: {name[:40]}")
        pairs[name] = unquote_plus(value)
    return pairs


def signed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that take part in the signature: those named in `top-sign-list`, values URL-decoded."""
    known = {name.lower(): value for name, value in headers.items()}
    names = [name.strip() for name in known.get("top-sign-list", "").split(",") if name.strip()]
    return {name: unquote_plus(known[name.lower()]) for name in names if name.lower() in known}
