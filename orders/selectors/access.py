"""What a caller of the API may see: a person by their memberships, a key by its company and its shops."""

from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from orders.lifecycle import Role
from orders.models import ApiKey, Company, Membership, Shop, Warehouse

# Whose word about an order the tower takes for the platform's when a person types it in.
REPORTERS = frozenset({Role.ADMIN, Role.OPS_MANAGER, Role.INTEGRATOR})


@dataclass(frozen=True)
class Access:
    """Everything else does not exist for the caller."""

    # Whole companies.
    companies: frozenset[int] = frozenset()
    # Warehouses of a person who works for nothing but them, and the companies these belong to.
    warehouses: frozenset[int] = frozenset()
    warehouse_companies: frozenset[int] = frozenset()
    # A key's own limit within its company; `None` is no limit.
    shops: frozenset[int] | None = None
    # (company, warehouse or None for all of it, role) of a person.
    memberships: tuple[tuple[int, int | None, str], ...] = field(default=())
    is_program: bool = False

    def __bool__(self) -> bool:
        return bool(self.companies or self.warehouses)

    @property
    def all_companies(self) -> frozenset[int]:
        return self.companies | self.warehouse_companies

    def to_orders(self, path: str = "") -> Q:
        """The condition under which an order, which `path` leads to, is the caller's to see."""
        mine = Q(**_among(f"{path}company", self.companies))
        if self.shops is not None:
            mine &= Q(**_among(f"{path}shop", self.shops))
        if self.warehouses:
            # Before its release an order has only the warehouse of its shop.
            mine |= Q(**_among(f"{path}warehouse", self.warehouses))
            mine |= Q(**{f"{path}warehouse__isnull": True}, **_among(f"{path}shop__warehouse", self.warehouses))
        return mine

    def to_companies(self) -> Q:
        return Q(**_among("pk", self.all_companies))

    def to_shops(self) -> Q:
        mine = Q(**_among("company", self.companies))
        if self.shops is not None:
            mine &= Q(**_among("pk", self.shops))
        return mine | Q(**_among("warehouse", self.warehouses)) if self.warehouses else mine

    def to_warehouses(self) -> Q:
        mine = Q(**_among("company", self.companies))
        return mine | Q(**_among("pk", self.warehouses)) if self.warehouses else mine

    def may_report_for(self, shop: Shop) -> bool:
        """A program may by its scope; a person only with the standing to speak for the shop."""
        roles = {
            role for company, warehouse, role in self.memberships if (company, warehouse) == (shop.company_id, None)
        }
        return self.is_program or bool(roles & REPORTERS)


def _among(name: str, ids: frozenset[int]) -> dict[str, object]:
    """One id is an equality, which more indexes can answer."""
    return {name: next(iter(ids))} if len(ids) == 1 else {f"{name}__in": ids}


def access_of_user(user_id: int) -> Access:
    """One query."""
    rows = tuple(Membership.objects.filter(user=user_id).values_list("company_id", "warehouse_id", "role"))
    whole = frozenset(company for company, warehouse, _ in rows if warehouse is None)
    parts = [(company, warehouse) for company, warehouse, _ in rows if warehouse is not None and company not in whole]
    return Access(
        companies=whole,
        warehouses=frozenset(warehouse for _, warehouse in parts),
        warehouse_companies=frozenset(company for company, _ in parts),
        memberships=rows,
    )


def access_of_key(key: ApiKey) -> Access:
    """One query. A key that is limited to shops sees nothing else of its company."""
    shops = frozenset(key.shops.values_list("pk", flat=True))
    return Access(companies=frozenset({key.company_id}), shops=shops or None, is_program=True)


def visible_companies(access: Access) -> QuerySet[Company]:
    return Company.objects.filter(access.to_companies())


def visible_shops(access: Access) -> QuerySet[Shop]:
    return Shop.objects.filter(access.to_shops())


def visible_warehouses(access: Access) -> QuerySet[Warehouse]:
    return Warehouse.objects.filter(access.to_warehouses())
