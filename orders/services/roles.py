"""Who is what where: a membership for the moves (policies ask it), and the role's group for the pages."""

from django.contrib.auth.models import Group, User
from django.db import transaction

from orders.lifecycle import Role
from orders.models import Company, Membership, Warehouse

# Those who work in the back office; the others have the scan page, or a key for the API.
OFFICE = frozenset(
    {Role.ADMIN, Role.OPS_MANAGER, Role.CS, Role.WAREHOUSE_LEAD, Role.SHIPPER, Role.FINANCE, Role.AUDITOR}
)


class WrongWarehouse(ValueError):
    """The warehouse belongs to another company."""


@transaction.atomic(durable=True)
def grant(
    user: User, company: Company, role: Role, *, warehouse: Warehouse | None = None, by: User | None = None
) -> Membership:
    """Give a person a role, in the whole company or in one warehouse; the same grant again changes nothing."""
    role = Role(role)
    if warehouse is not None and warehouse.company_id != company.pk:
        raise WrongWarehouse(f"warehouse {warehouse.pk} is not of company {company.pk}")
    User.objects.select_for_update().get(pk=user.pk)
    membership = Membership.objects.filter(user=user, company=company, role=role, warehouse=warehouse).first()
    if membership is None:
        membership = Membership(user=user, company=company, role=role, warehouse=warehouse)
        membership._history_user = by  # type: ignore[attr-defined]
        membership.save()
    user.groups.add(Group.objects.get(name=role.value))
    if role in OFFICE and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    return membership


@transaction.atomic(durable=True)
def revoke(
    user: User, company: Company, role: Role, *, warehouse: Warehouse | None = None, by: User | None = None
) -> bool:
    """Take that one membership away, and the group and the back office with the last that gave them; was there one?"""
    role = Role(role)
    User.objects.select_for_update().get(pk=user.pk)
    membership = Membership.objects.filter(user=user, company=company, role=role, warehouse=warehouse).first()
    if membership is None:
        return False
    membership._history_user = by  # type: ignore[attr-defined]
    membership.delete()
    left = set(Membership.objects.filter(user=user).values_list("role", flat=True))
    if role not in left:
        user.groups.remove(Group.objects.get(name=role.value))
    if user.is_staff and not user.is_superuser and not left & OFFICE:
        user.is_staff = False
        user.save(update_fields=["is_staff"])
    return True
