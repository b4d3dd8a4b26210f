"""Changing who may do what: by 运营主管 of that company alone, every version kept, every change undoable.

A policy is never deleted, only disabled: then the default in code counts again.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from orders.lifecycle import DEFAULT_POLICIES, Role
from orders.models import Event, TransitionPolicy
from orders.models.policy import SUBJECT_MOVES
from orders.services.company_trail import lock_company, note_company_event
from orders.services.outcome import Outcome, Reason
from orders.services.policies import NOBODY, roles_of
from orders.vocabulary import Cause


@dataclass(frozen=True, kw_only=True)
class PolicyValues:
    """What a version of a policy says."""

    roles: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    second_person: bool = False
    enabled: bool = True


def default_values(act: str) -> PolicyValues:
    """What counts where the company said nothing."""
    policy = DEFAULT_POLICIES.get(SUBJECT_MOVES[act], NOBODY)
    return PolicyValues(
        roles=tuple(sorted(policy.roles)),
        causes=tuple(sorted(policy.causes)),
        needs=policy.needs,
        second_person=policy.second_person,
    )


def values_of(row: Any) -> PolicyValues:
    """Of a policy, or of one of its historical records."""
    return PolicyValues(
        roles=tuple(row.roles),
        causes=tuple(row.causes),
        needs=tuple(row.needs),
        second_person=row.second_person,
        enabled=row.enabled,
    )


@transaction.atomic(durable=True)
def change_policy(
    *,
    company_id: int,
    act: str,
    values: PolicyValues,
    cause: Cause,
    warehouse_id: int | None = None,
    version: int | None = None,
    reason: str = "",
) -> Outcome:
    """Set what a policy says from now on. `version` is the one the person saw, 0 where there was none."""
    company = lock_company(company_id)
    policy = TransitionPolicy.objects.filter(company=company, warehouse=warehouse_id, act=act).first()
    if refusal := _refusal(policy, company_id, warehouse_id, cause, version):
        note_company_event(
            company,
            "policy_changed",
            cause=cause,
            facts={"act": act, "warehouse": warehouse_id, "code": refusal.code},
            result=Event.Result.REFUSED,
            reason=reason,
        )
        return refusal
    before = asdict(values_of(policy)) if policy else None
    if before == asdict(values):
        return Outcome(ok=True, code="repeat", detail="没有变化", version=policy.version if policy else None)
    if policy is None:
        policy = TransitionPolicy(company=company, warehouse_id=warehouse_id, act=act, version=0)
    for name, value in asdict(values).items():
        setattr(policy, name, list(value) if isinstance(value, tuple) else value)
    policy.version += 1
    policy.changed_by_id = cause.user_id
    try:
        policy.full_clean(exclude=["changed_by"])
    except ValidationError as error:
        return Outcome(ok=False, code="invalid", detail="；".join(error.messages))
    policy._history_user_id = cause.user_id  # type: ignore[attr-defined]
    policy._change_reason = reason[:100] or None  # type: ignore[attr-defined]
    policy.save()
    event = note_company_event(
        company,
        "policy_changed",
        cause=replace(cause, role=",".join(sorted(_roles(cause, company_id, warehouse_id)))),
        key=f"policy:{policy.pk}",
        facts={
            "policy": policy.pk,
            "act": act,
            "warehouse": warehouse_id,
            "version": policy.version,
            "before": before,
            "after": asdict(values),
        },
        reason=reason,
    )
    return Outcome(ok=True, version=policy.version, event_id=event.pk, made={"policy": policy.pk})


def undo_policy(
    policy_id: int, *, cause: Cause, to_version: int | None = None, version: int | None = None, reason: str = ""
) -> Outcome:
    """Make a new version with the values of an older one: of the one before, or of `to_version`.

    To undo the first version means to disable the policy, so that the default counts again.
    """
    policy = TransitionPolicy.objects.filter(pk=policy_id).first()
    if policy is None:
        return Outcome(ok=False, code="not_found", detail="找不到这条操作权限")
    wanted = policy.version - 1 if to_version is None else to_version
    if wanted == 0:
        values = replace(values_of(policy), enabled=False)
    else:
        record = policy.history.filter(version=wanted).order_by("history_id").first()
        if record is None:
            return Outcome(ok=False, code="not_found", detail=f"没有第 {wanted} 版")
        values = values_of(record)
    return change_policy(
        company_id=policy.company_id,
        act=policy.act,
        warehouse_id=policy.warehouse_id,
        values=values,
        cause=cause,
        version=policy.version if version is None else version,
        reason=reason or f"恢复到第 {wanted} 版",
    )


def may_change_policies(user_id: int, company_id: int, warehouse_id: int | None = None) -> bool:
    """运营主管 of the whole company, or of this warehouse for the warehouse's own policies."""
    return Role.OPS_MANAGER in roles_of(user_id, company_id, warehouse_id)


def _roles(cause: Cause, company_id: int, warehouse_id: int | None) -> frozenset[str]:
    return frozenset() if cause.user_id is None else roles_of(cause.user_id, company_id, warehouse_id)


def _refusal(
    policy: TransitionPolicy | None, company_id: int, warehouse_id: int | None, cause: Cause, version: int | None
) -> Outcome | None:
    if Role.OPS_MANAGER not in _roles(cause, company_id, warehouse_id):
        return _no("role", "只有本公司的运营主管可以修改操作权限")
    now_at = policy.version if policy else 0
    if version is not None and version != now_at:
        return _no("stale", f"已被他人修改，请刷新（当前版本 {now_at}）")
    return None


def _no(code: str, detail: str) -> Outcome:
    return Outcome(ok=False, code=code, detail=detail, reasons=(Reason(code, detail),))
