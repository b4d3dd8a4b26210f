"""Who may push: a fixed token, an HMAC over the body, or Standard Webhooks. Pure; compared in constant time.

Sources: RFC 2104 and the vectors of RFC 4231; "Standard Webhooks" specification 1.0.0 (the content that is signed is
`id.timestamp.body`, the key is base64 behind `whsec_`, several signatures may stand side by side).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from integrations.errors import BadSignature

NONE, TOKEN, HMAC, STANDARD_WEBHOOKS = "none", "token", "hmac", "standard_webhooks"
SCHEMES = (TOKEN, HMAC, STANDARD_WEBHOOKS, NONE)
DIGESTS = ("sha256", "sha1", "sha512", "md5")
FORMS = ("hex", "base64")
HEADERS = {TOKEN: "X-Token", HMAC: "X-Signature"}
SECRET_MARK = "whsec_"
TOLERANCE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How a source proves itself. `stamp_header`: where set, its text and a dot are signed before the body."""

    kind: str = TOKEN
    header: str = ""
    digest: str = "sha256"
    form: str = "hex"
    stamp_header: str = ""


def verify(
    scheme: Scheme, secrets: Sequence[str], *, headers: Mapping[str, str], query: str, body: bytes, now: datetime
) -> None:
    """`BadSignature` unless one of `secrets` made it. Without any secret nothing is believed."""
    if scheme.kind == NONE:
        return
    if not secrets:
        raise BadSignature("no secret is set")
    told = {name.lower(): value.strip() for name, value in headers.items()}
    name = (scheme.header or HEADERS.get(scheme.kind, "")).lower()
    if scheme.kind == TOKEN:
        # Some sources can only add it to the address.
        given = told.get(name) or dict(parse_qsl(query)).get("token", "")
        good = _any_same([given, given.removeprefix("Bearer ").strip()], secrets)
    elif scheme.kind == HMAC:
        good = _any_same([_bare(told.get(name, ""), scheme)], _hmacs(scheme, secrets, told, body, now))
    elif scheme.kind == STANDARD_WEBHOOKS:
        good = _standard(secrets, told, body, now)
    else:
        good = False
    if not good:
        raise BadSignature("signature differs")


def hmac_of(secret: bytes, content: bytes, *, digest: str = "sha256", form: str = "hex") -> str:
    if digest not in DIGESTS:
        raise BadSignature(f"no digest {digest}")
    made = hmac.new(secret, content, getattr(hashlib, digest)).digest()
    return made.hex() if form == "hex" else base64.b64encode(made).decode()


def _hmacs(
    scheme: Scheme, secrets: Sequence[str], told: Mapping[str, str], body: bytes, now: datetime
) -> Sequence[str]:
    content = body
    if scheme.stamp_header:
        stamp = told.get(scheme.stamp_header.lower(), "")
        _insist_on_now(stamp, now)
        content = stamp.encode() + b"." + body
    return [hmac_of(secret.encode(), content, digest=scheme.digest, form=scheme.form) for secret in secrets]


def _bare(given: str, scheme: Scheme) -> str:
    """Without the algorithm's name before it ("sha256=…"); hexadecimal in small letters."""
    given = given.removeprefix(f"{scheme.digest}=")
    return given.lower() if scheme.form == "hex" else given


def _standard(secrets: Sequence[str], told: Mapping[str, str], body: bytes, now: datetime) -> bool:
    message, stamp = told.get("webhook-id", ""), told.get("webhook-timestamp", "")
    if not message:
        return False
    _insist_on_now(stamp, now)
    content = f"{message}.{stamp}.".encode() + body
    wanted = [hmac_of(key, content, form="base64") for secret in secrets if (key := _key(secret)) is not None]
    given = [part.removeprefix("v1,") for part in told.get("webhook-signature", "").split() if part[:3] == "v1,"]
    return _any_same(given, wanted)


def _key(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_MARK), validate=True)
    except (binascii.Error, ValueError):
        return None


def _insist_on_now(stamp: str, now: datetime) -> None:
    """Seconds or milliseconds since 1970, at most five minutes away: what was overheard cannot be sent again later."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 13):
        raise BadSignature("timestamp is missing or unreadable")
    seconds = int(stamp) / (1000 if len(stamp) == 13 else 1)
    if abs(now.timestamp() - seconds) > TOLERANCE_SECONDS:
        raise BadSignature("timestamp is outside the window")


def _any_same(given: Sequence[str], wanted: Sequence[str]) -> bool:
    found = [hmac.compare_digest(one.encode(errors="replace"), two.encode()) for one in given if one for two in wanted]
    return any(found)
