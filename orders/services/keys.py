"""API keys: made, shown once, found again by their digest, revoked. The text of a key is nowhere in the database.

A key reads `ot_<prefix>_<secret><checksum>`: the prefix finds the row, the checksum tells a typing mistake from a
wrong key without asking the database.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from orders import clock
from orders.lifecycle import CauseKind
from orders.models import ApiKey, Company, IdempotencyKey, Shop
from orders.services.company_trail import lock_company, note_company_event
from orders.vocabulary import Cause

# Scope → what it lets a program do. What is not named in a key is refused.
SCOPES = {
    "orders:read": "read orders, parcels and timelines",
    "orders:write": "report orders",
    "moves:write": "move orders and parcels",
    "labels:write": "ask for waybills",
    "labels:print": "ask for prints and report their results",
    "scans:write": "scan in the warehouse: look, check, pack, print, hand over",
    "holds:read": "read holds",
    "holds:write": "place, lift and confirm holds",
    "events:write": "report facts of systems without a connector",
    "kpis:read": "read the figures",
    "tenancy:read": "read companies, shops and warehouses",
}
ALL_SCOPES = tuple(SCOPES)

_ALPHABET = string.ascii_lowercase + string.digits
_PREFIX, _SECRET, _CHECKSUM = 10, 40, 7
# Writing at every call when a key was last used would cost each read a write.
_USED_EVERY = timedelta(minutes=5)
ANSWERS_KEPT = timedelta(days=7)
_INSTALL = Cause(kind=CauseKind.SYSTEM, source="密钥管理")


class BadKey(ValueError):
    """The key cannot be made so: an unknown scope, a shop of another company, a person's key without the person."""


def create_key(
    company: Company,
    name: str,
    *,
    scopes: Iterable[str],
    acts_as: str = CauseKind.SYSTEM,
    user: User | None = None,
    shops: Iterable[Shop] = (),
    expires_at: datetime | None = None,
    cause: Cause = _INSTALL,
) -> tuple[ApiKey, str]:
    """A new key and its text, which can be shown now and never again."""
    scopes, shops = sorted(set(scopes)), list(shops)
    if unknown := set(scopes) - set(SCOPES):
        raise BadKey(f"unknown scopes: {', '.join(sorted(unknown))}")
    if acts_as not in CauseKind.values or (acts_as == CauseKind.PERSON) != (user is not None):
        raise BadKey("a key that acts as a person, and no other, has a user")
    if any(shop.company_id != company.pk for shop in shops):
        raise BadKey("a shop of another company")
    text = _new_text()
    with transaction.atomic(durable=True):
        head = lock_company(company.pk)
        row = ApiKey.objects.create(
            company=company,
            name=name,
            prefix=text.split("_")[1],
            digest=_digest(text),
            scopes=scopes,
            acts_as=acts_as,
            user=user,
            expires_at=expires_at,
        )
        row.shops.set(shops)
        facts = {"api_key": row.pk, "name": name, "scopes": scopes, "acts_as": str(acts_as)}
        facts["shops"] = [shop.pk for shop in shops]
        note_company_event(head, "api_key_created", cause=cause, facts=facts, key=f"api_key:{row.pk}")
    return row, text


def revoke(key: ApiKey, *, cause: Cause = _INSTALL, reason: str = "") -> bool:
    """The key opens nothing from now on; False where it was revoked before."""
    with transaction.atomic(durable=True):
        head = lock_company(key.company_id)
        now = clock.now()
        if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
            return False
        facts = {"api_key": key.pk, "name": key.name}
        note_company_event(head, "api_key_revoked", cause=cause, facts=facts, key=f"api_key:{key.pk}", reason=reason)
    key.revoked_at = now
    return True


def find_key(text: str) -> ApiKey | None:
    """The living key with this text. One query, and now and then a note of when it was last used."""
    if not _well_formed(text):
        return None
    row = ApiKey.objects.select_related("company", "user").filter(prefix=text.split("_")[1]).first()
    if row is None or not hmac.compare_digest(row.digest, _digest(text)):
        return None
    now = clock.now()
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.user is not None and not row.user.is_active:
        return None
    if row.last_used_at is None or row.last_used_at < now - _USED_EVERY:
        earlier = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now)
        ApiKey.objects.filter(earlier, pk=row.pk).update(last_used_at=now)
    return row


def forget_answers(*, now: datetime) -> int:
    """Drop kept answers that no client will ask for again; how many went. Safe at any time, from any process."""
    return IdempotencyKey.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()[0]


def _new_text() -> str:
    prefix, secret = ("".join(secrets.choice(_ALPHABET) for _ in range(length)) for length in (_PREFIX, _SECRET))
    return f"ot_{prefix}_{secret}{_checksum(prefix + secret)}"


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _well_formed(text: str) -> bool:
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != "ot" or not text.isascii():
        return False
    secret, checksum = parts[2][:-_CHECKSUM], parts[2][-_CHECKSUM:]
    sized = len(parts[1]) == _PREFIX and len(secret) == _SECRET
    return sized and hmac.compare_digest(_checksum(parts[1] + secret), checksum)


def _digest(text: str) -> str:
    """The secret has 200 bits of its own, so no slow hash is needed; the pepper makes a stolen table useless."""
    return hmac.new(settings.TOWER_INDEX_KEY.encode(), b"api key\0" + text.encode(), hashlib.sha256).hexdigest()
