"""How JD signs: pure functions, proved by `samples/signing.json`.

Sources: the developer guide of open.jd.com (listId=2643) for routerjson, reproduced by two public SDKs; the
`SignatureCalculator` of JD's generated SDK for the newer SP-API, of which only the signature is here.
"""

import hashlib
from collections.abc import Mapping

# A body that counts as none when SP-API signs.
EMPTY_BODIES = frozenset({"", "{}"})


def sign(parameters: Mapping[str, str], secret: str) -> str:
    """The signature of a call to routerjson: every parameter except `sign`, sorted by name, values as they are."""
    return _digest({name: value for name, value in parameters.items() if name != "sign"}, secret)


def sign_sp(parameters: Mapping[str, str], body: str, secret: str) -> str:
    """The signature of an SP-API call: its signed headers, query and path parameters together, and the raw body."""
    signed = dict(parameters)
    if body not in EMPTY_BODIES:
        signed["body"] = body
    return _digest(signed, secret)


def _digest(parameters: Mapping[str, str], secret: str) -> str:
    """Upper-case hexadecimal MD5 of the pairs, wrapped in the secret; upper-case names sort before lower-case ones."""
    pairs = sorted((name.encode(), value.encode()) for name, value in parameters.items())
    key = secret.encode()
    return hashlib.md5(key + b"".join(name + value for name, value in pairs) + key).hexdigest().upper()
