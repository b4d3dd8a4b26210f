"""Whose rows a person may see: those of the companies they work in. A superuser sees all."""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from orders.models import Membership

M = TypeVar("M", bound=Model)


def company_ids(user: Any) -> list[int] | None:
    """The companies of a person's memberships; `None` means all. Read once per user object, which lives one request."""
    if user.is_superuser:
        return None
    if not hasattr(user, "_tower_companies"):
        found = Membership.objects.filter(user=user.pk).values_list("company_id", flat=True)
        user._tower_companies = sorted(set(found))
    ids: list[int] = user._tower_companies
    return ids


def within(queryset: QuerySet[M], user: Any, path: str = "company") -> QuerySet[M]:
    """The rows of the person's companies, where `path` leads from a row to its company."""
    companies = company_ids(user)
    return queryset if companies is None else queryset.filter(Q(**{f"{path}__in": companies}))
