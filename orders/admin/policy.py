"""操作权限: who may make which move and what it needs, as check boxes; every version kept, and each undoable."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, by_person, person_of
from orders.admin.policy_forms import PolicyForm, WhichForm
from orders.lifecycle import CauseKind, Role
from orders.models import TransitionPolicy
from orders.models.policy import act_choices
from orders.selectors.order_page import person_name
from orders.selectors.scope import company_ids
from orders.services.outcome import Outcome
from orders.services.policy_changes import (
    PolicyValues,
    change_policy,
    default_values,
    may_change_policies,
    undo_policy,
    values_of,
)


@admin.register(TransitionPolicy)
class TransitionPolicyAdmin(ReadOnly, TowerAdmin):
    """Read-only to Django's own forms: what is changed goes through `policy_changes`, in views of its own."""

    list_display = ("act_shown", "company", "warehouse_shown", "roles_shown", "state_shown", "version", "changed_by")
    list_select_related = ("company", "warehouse", "changed_by")
    ordering = ("company", "act", "warehouse")
    sortable_by = ()
    list_after_template = "tower/policy_defaults.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("orders.add_transitionpolicy"))

    def get_urls(self) -> list[URLPattern]:
        undo = path(
            "<int:policy_id>/undo/", self.admin_site.admin_view(self.undo_view), name="orders_transitionpolicy_undo"
        )
        return [undo, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        changed = set(self.get_queryset(request).filter(enabled=True, warehouse=None).values_list("act", flat=True))
        defaults = [(act, label, default_values(act)) for act, label in act_choices() if act not in changed]
        context = {
            "defaults": [
                {"act": act, "label": label, "roles": _labels(Role, values.roles), "causes": _causes(values.causes)}
                for act, label, values in defaults
            ],
            "may_add": self.has_add_permission(request),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First which act, then its boxes, filled with what counts today."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = {**request.GET.dict()}
        companies = company_ids(request.user)
        if "company" not in asked and companies is not None and len(companies) == 1:
            asked["company"] = str(companies[0])
        which = WhichForm(asked if {"company", "act"} <= asked.keys() else None, user=request.user, initial=asked)
        if not which.is_bound or not which.is_valid():
            return self._page(request, {"which": which, "title": _("修改一个动作的权限")})
        company, warehouse, act = (which.cleaned_data[name] for name in ("company", "warehouse", "act"))
        known = self.get_queryset(request).filter(company=company, warehouse=warehouse, act=act).first()
        if known is not None:
            return HttpResponseRedirect(reverse("admin:orders_transitionpolicy_change", args=[known.pk]))
        policy = TransitionPolicy(company=company, warehouse=warehouse, act=act, version=0)
        return self._edit(request, policy, default_values(act))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        policy = self.get_object(request, unquote(object_id))
        if policy is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, policy):
            raise PermissionDenied
        return self._edit(request, policy, values_of(policy))

    def undo_view(self, request: HttpRequest, policy_id: int) -> HttpResponse:
        """A new version with the values of an older one."""
        policy = self.get_object(request, str(policy_id))
        if policy is None or request.method != "POST":
            raise Http404
        to_version, seen = request.POST.get("to_version", ""), request.POST.get("version", "")
        outcome = undo_policy(
            policy.pk,
            cause=by_person(request),
            to_version=int(to_version) if to_version.isdigit() else None,
            version=int(seen) if seen.isdigit() else None,
        )
        self._tell(request, outcome)
        return HttpResponseRedirect(reverse("admin:orders_transitionpolicy_change", args=[policy.pk]))

    def _edit(self, request: HttpRequest, policy: TransitionPolicy, values: PolicyValues) -> HttpResponse:
        may = may_change_policies(person_of(request).pk, policy.company_id, policy.warehouse_id)
        initial = {**vars(values), "version": policy.version, "reason": ""}
        form = PolicyForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            outcome = change_policy(
                company_id=policy.company_id,
                warehouse_id=policy.warehouse_id,
                act=policy.act,
                values=form.values(),
                cause=by_person(request),
                version=form.cleaned_data["version"],
                reason=form.cleaned_data["reason"],
            )
            self._tell(request, outcome)
            if outcome.ok:
                page = reverse("admin:orders_transitionpolicy_changelist")
                if outcome.made:
                    page = reverse("admin:orders_transitionpolicy_change", args=[outcome.made["policy"]])
                return HttpResponseRedirect(page)
        context = {
            "title": str(policy),
            "policy": policy,
            "form": form,
            "may_change": may,
            "default": default_values(policy.act),
            "default_roles": _labels(Role, default_values(policy.act).roles),
            "default_causes": _causes(default_values(policy.act).causes),
            "versions": _versions(policy) if policy.pk else [],
        }
        return self._page(request, context)

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, "tower/policy.html", {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )

    def _tell(self, request: HttpRequest, outcome: Outcome) -> None:
        if outcome.ok:
            said = _("没有变化") if outcome.code == "repeat" else _("已保存为第 %(version)d 版") % vars(outcome)
            messages.success(request, said)
        else:
            messages.error(request, _("没有保存：%(detail)s") % {"detail": outcome.detail})

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("动作"))
    def act_shown(self, policy: TransitionPolicy) -> str:
        return str(policy)

    @admin.display(description=gettext_lazy("仓库"))
    def warehouse_shown(self, policy: TransitionPolicy) -> str:
        return str(policy.warehouse or _("全公司"))

    @admin.display(description=gettext_lazy("允许的角色"))
    def roles_shown(self, policy: TransitionPolicy) -> SafeString | str:
        roles = _labels(Role, policy.roles)
        return words.badges(words.badge(role, "plain") for role in roles) if roles else "-"

    @admin.display(description=gettext_lazy("状态"))
    def state_shown(self, policy: TransitionPolicy) -> SafeString:
        return words.badge(_("启用"), "green") if policy.enabled else words.badge(_("停用，按默认"), "grey")


def _labels(choices: Any, values: Any) -> list[str]:
    return [str(choice.label) for choice in choices if choice in values]


def _causes(values: Any) -> list[str]:
    return _labels(CauseKind, values)


def _versions(policy: TransitionPolicy) -> list[dict[str, Any]]:
    """Newest first, each with who, when, why and what it says."""
    rows = policy.history.select_related("history_user").order_by("-history_id")[:50]
    return [
        {
            "version": row.version,
            "at": row.history_date,
            "who": person_name(row.history_user) if row.history_user else "",
            "why": row.history_change_reason or "",
            "roles": _labels(Role, row.roles),
            "causes": _causes(row.causes),
            "needs": len(row.needs),
            "second_person": row.second_person,
            "enabled": row.enabled,
            "current": row.version == policy.version,
        }
        for row in rows
    ]
