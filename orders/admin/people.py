"""People and programs: users, their roles in a company, and API keys that are shown once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from orders.admin.base import ReadOnly, SavedByService, TowerAdmin, WithHistory, person_of
from orders.lifecycle import Role
from orders.models import Membership
from orders.selectors.scope import company_ids
from orders.services import roles

admin.site.unregister(User)
admin.site.unregister(Group)


def people_of(request: HttpRequest) -> QuerySet[User]:
    """Colleagues, and people who work nowhere yet. Nobody but a superuser sees a superuser."""
    people = User.objects.order_by("username")
    companies = company_ids(request.user)
    if companies is None:
        return people
    colleagues = Membership.objects.filter(company__in=companies).values("user")
    strangers = ~Q(pk__in=Membership.objects.values("user"))
    return people.filter(Q(pk__in=colleagues) | strangers, is_superuser=False)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """Rights come with a role in a company; only a superuser may make another one."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "last_name", "first_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    actions = None
    ordering = ("username",)
    plain_fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("人员"), {"fields": ("last_name", "first_name", "email", "is_active")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        if request.user.is_superuser:
            return (*self.plain_fieldsets, (None, {"fields": ("is_staff", "is_superuser")}))
        return self.plain_fieldsets

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return people_of(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Their name stands on the trail: a person who leaves is made inactive."""
        return False


@admin.register(Group)
class GroupAdmin(ReadOnly, DjangoGroupAdmin, ModelAdmin):
    """Pages that a role opens. Kept by migration; who has the role is said by 任职."""

    list_display = fields = readonly_fields = ("role_shown",)
    search_fields = ("name",)

    @admin.display(description=_("角色"))
    def role_shown(self, group: Group) -> str:
        return str(Role(group.name).label) if group.name in Role.values else group.name


class MembershipForm(forms.ModelForm):
    class Meta:
        model = Membership
        fields = ("user", "company", "warehouse", "role")

    asked_by: User

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        company, warehouse = said.get("company"), said.get("warehouse")
        if company and warehouse and warehouse.company_id != company.pk:
            raise ValidationError({"warehouse": _("仓库不属于该公司")})
        if said.get("user") == self.asked_by and not self.asked_by.is_superuser:
            raise ValidationError({"user": _("不能给自己任职，请另一位管理员操作")})
        return said


@admin.register(Membership)
class MembershipAdmin(SavedByService, TowerAdmin, WithHistory):
    """任职: gives the role in the company, the group for the pages, and the back office where the role works there."""

    form = MembershipForm
    list_display = ("user", "role", "company", "warehouse")
    list_select_related = ("user", "company", "warehouse")
    list_filter = ("role",)
    search_fields = ("user__username", "user__last_name", "user__first_name")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"asked_by": request.user})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = people_of(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A role is given or taken, never turned into another one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("orders.delete_membership"))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Without Django's transaction around it: the service is the outermost one.
        return self._delete_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        made = roles.grant(obj.user, obj.company, Role(obj.role), warehouse=obj.warehouse, by=person_of(request))
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        roles.revoke(obj.user, obj.company, Role(obj.role), warehouse=obj.warehouse, by=person_of(request))
        messages.info(request, _("已同时收回这个角色的页面权限"))
