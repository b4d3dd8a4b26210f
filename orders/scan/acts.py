"""Which jobs a person is offered. The service judges each scan again; a button that is never allowed only misleads."""

from orders.models import Membership
from orders.services.allowed import Standing
from orders.services.packing import CHECKERS
from orders.services.scan_answers import ACTS, MOVES


def acts_of(user_id: int) -> list[str]:
    """The jobs that the policies let this person do somewhere; empty for who works nowhere."""
    places = set(Membership.objects.filter(user=user_id).values_list("company_id", "warehouse_id"))
    # Looking changes nothing, so everybody who works somewhere may look.
    offered = {"look"} if places else set()
    standings = {company: Standing.of(user_id, company) for company, _ in places}
    for company, warehouse in places:
        standing = standings[company]
        roles = standing.roles(warehouse)
        if roles & CHECKERS:
            offered.add("check")
        # A role for the whole company is asked by the policy of each warehouse that has its own.
        warehouses = {warehouse} if warehouse else {None, *_with_policies(standing)}
        for act, (subject, move) in MOVES.items():
            if any(roles & standing.policy(subject, move, where).roles for where in warehouses):
                offered.add(act)
    return [act for act in ACTS if act in offered]


def _with_policies(standing: Standing) -> set[int]:
    return {where for rows in standing.policies.values() for where in rows if where is not None}
