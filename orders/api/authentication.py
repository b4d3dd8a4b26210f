"""Who is calling: a program by its key, or a person by the session of the back office."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from orders.lifecycle import CauseKind
from orders.models import ApiKey
from orders.selectors.access import Access, access_of_key, access_of_user
from orders.services.keys import find_key
from orders.vocabulary import Cause

SCHEME = "bearer"


@dataclass(frozen=True)
class Program:
    """`request.user` of a call with a key."""

    key: ApiKey
    is_authenticated: bool = True
    is_active: bool = True
    is_superuser: bool = False

    @property
    def pk(self) -> str:
        return f"key-{self.key.pk}"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ot_…`. A call without the header may still have a session."""

    def authenticate(self, request: Request) -> tuple[Program, ApiKey] | None:
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        key = find_key(text.strip())
        if key is None:
            raise AuthenticationFailed(_("密钥无效、已到期或已吊销"))
        return Program(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="order tower"'


def person_of(caller: Any) -> Any:
    """The person whom the change history may name."""
    return (caller.key.user or AnonymousUser()) if isinstance(caller, Program) else caller


def owner_of(request: Request) -> str:
    """Whose idempotency keys, whose facts and whose rate."""
    caller: Any = request.user
    return f"key:{caller.key.pk}" if isinstance(caller, Program) else f"user:{caller.pk}"


def access_of(request: Request) -> Access:
    """What the caller may see; read once for each request."""
    if not hasattr(request, "tower_access"):
        caller: Any = request.user
        access = access_of_key(caller.key) if isinstance(caller, Program) else access_of_user(caller.pk)
        request.tower_access = access  # type: ignore[attr-defined]
    found: Access = request.tower_access  # type: ignore[attr-defined]
    return found


def cause_of(request: Request) -> Cause:
    caller: Any = request.user
    if not isinstance(caller, Program):
        return Cause(kind=CauseKind.PERSON, user_id=caller.pk, source=str(caller.get_username()))
    key = caller.key
    return Cause(
        kind=CauseKind(key.acts_as),
        user_id=key.user_id if key.acts_as == CauseKind.PERSON else None,
        api_key_id=key.pk,
        source=f"API {key.name}",
    )
