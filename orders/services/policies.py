"""Who may, and what it needs: the seller's row for the warehouse, else for the company, else the default in code."""

from dataclasses import dataclass, field

from orders.lifecycle import ALLOWED_WHILE_HELD, DEFAULT_POLICIES, ROLES_FROM_STATE, CauseKind, MovePolicy, Need
from orders.models import Membership, TransitionPolicy
from orders.vocabulary import Cause

NOBODY = MovePolicy()


@dataclass
class Standing:
    """A person's roles in a company and the company's policies, read once."""

    policies: dict[str, dict[int | None, MovePolicy]] = field(default_factory=dict)
    memberships: list[tuple[str, int | None]] = field(default_factory=list)

    @classmethod
    def of(cls, user_id: int | None, company_id: int) -> "Standing":
        """Two queries; one for a system, which has no roles."""
        standing = cls()
        for row in TransitionPolicy.objects.filter(company=company_id, enabled=True):
            policy = MovePolicy(frozenset(row.roles), frozenset(row.causes), tuple(row.needs), row.second_person)
            standing.policies.setdefault(row.act, {})[row.warehouse_id] = policy
        if user_id is None:
            return standing
        memberships = Membership.objects.filter(user=user_id, company=company_id, user__is_active=True)
        standing.memberships = list(memberships.values_list("role", "warehouse_id"))
        return standing

    def policy(self, subject: str, move: str, warehouse_id: int | None) -> MovePolicy:
        rows = self.policies.get(f"{subject}.{move}", {})
        return rows.get(warehouse_id) or rows.get(None) or DEFAULT_POLICIES.get((subject, move), NOBODY)

    def roles(self, warehouse_id: int | None) -> frozenset[str]:
        return frozenset(role for role, where in self.memberships if where is None or where == warehouse_id)


def policy_for(company_id: int, warehouse_id: int | None, subject: str, move: str) -> MovePolicy:
    rows = {
        row.warehouse_id: row
        for row in TransitionPolicy.objects.filter(company=company_id, act=f"{subject}.{move}", enabled=True)
    }
    row = rows.get(warehouse_id) or rows.get(None)
    if row is None:
        return DEFAULT_POLICIES.get((subject, move), NOBODY)
    return MovePolicy(frozenset(row.roles), frozenset(row.causes), tuple(row.needs), row.second_person)


def required_needs(policy: MovePolicy, move: str) -> list[str]:
    """Law 6 stands above policy: a held order refuses everything but the acts that law names."""
    needs = [need for need in policy.needs if need != Need.NOT_HELD]
    return needs if move in ALLOWED_WHILE_HELD else [str(Need.NOT_HELD), *needs]


def roles_of(user_id: int, company_id: int, warehouse_id: int | None) -> frozenset[str]:
    """The roles a person holds here: those for the whole company and those for this warehouse."""
    rows = Membership.objects.filter(user=user_id, company=company_id, user__is_active=True)
    return frozenset(
        role
        for role, warehouse in rows.values_list("role", "warehouse")
        if warehouse is None or warehouse == warehouse_id
    )


def is_allowed(
    cause: Cause, roles: frozenset[str], policy: MovePolicy, subject: str, move: str, state: str
) -> frozenset[str]:
    """The roles (or the cause kind) by which the policy lets this cause through; empty is a no."""
    if cause.user_id is not None or cause.kind == CauseKind.PERSON:
        narrowed = ROLES_FROM_STATE.get((subject, move, state))
        return roles & (policy.roles & narrowed if narrowed is not None else policy.roles)
    return frozenset({str(cause.kind)}) & policy.causes
