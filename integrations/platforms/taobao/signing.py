"""How the Taobao open platform (TOP) signs: pure functions, proved by `samples/signing.json`.

Sources: TOP doc 101617 "API调用方法详解" for the three methods; the published `QimenApi` class for questions that TOP
asks us (SPI).
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping

MD5, HMAC_MD5, HMAC_SHA256 = "md5", "hmac", "hmac-sha256"
METHODS = (MD5, HMAC_MD5, HMAC_SHA256)


def without_empties(parameters: Mapping[str, str]) -> dict[str, str]:
    """What is sent and signed. The platform's SDKs disagree about empty values; leaving them out makes all agree."""
    return {name: value for name, value in parameters.items() if value != "" and name != "sign"}


def sign(parameters: Mapping[str, str], secret: str, method: str) -> str:
    """The signature of a call to TOP: sorted `key + value` without separators, values not URL-encoded."""
    return _digest(_joined(without_empties(parameters).items()), secret, method)


def sign_question(query: Iterable[tuple[str, str]], body: bytes, secret: str, method: str) -> str:
    """The signature of a question that TOP asks us: the query's sorted pairs followed by the raw body."""
    pairs = ((name, value) for name, value in query if name != "sign")
    return _digest(_joined(pairs) + body, secret, method)


def _joined(pairs: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(name + value for name, value in sorted((n.encode(), v.encode()) for n, v in pairs))


def _digest(text: bytes, secret: str, method: str) -> str:
    """MD5 wraps the text in the secret, the two HMACs do not. `ValueError` for another method."""
    key = secret.encode()
    if method == MD5:
        return hashlib.md5(key + text + key).hexdigest().upper()
    if method == HMAC_MD5:
        return hmac.new(key, text, hashlib.md5).hexdigest().upper()
    if method == HMAC_SHA256:
        return hmac.new(key, text, hashlib.sha256).hexdigest().upper()
    raise ValueError(f"unknown sign_method {method!r}")
