"""API keys: made here, shown once, revoked here. Everything goes through `orders.services.keys`."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectMultipleWidget

from orders import clock
from orders.admin import words
from orders.admin.base import SavedByService, TowerAdmin, by_person, column
from orders.admin.people import people_of
from orders.lifecycle import CauseKind
from orders.models import ApiKey, Shop
from orders.selectors.scope import within
from orders.services import keys

SCOPES: dict[str, Any] = {
    "orders:read": gettext_lazy("查看订单、包裹和时间线"),
    "orders:write": gettext_lazy("报送订单"),
    "moves:write": gettext_lazy("操作订单和包裹"),
    "labels:write": gettext_lazy("申请面单号"),
    "labels:print": gettext_lazy("申请打印并报告结果"),
    "scans:write": gettext_lazy("仓库扫描：查件、验货、打包、打单、交接"),
    "holds:read": gettext_lazy("查看锁单"),
    "holds:write": gettext_lazy("锁单、解封、确认异常"),
    "events:write": gettext_lazy("报送其他系统的事实"),
    "kpis:read": gettext_lazy("查看指标"),
    "tenancy:read": gettext_lazy("查看公司、店铺和仓库"),
}


class KeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("权限范围"),
        choices=lambda: [(scope, SCOPES.get(scope, scope)) for scope in keys.SCOPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("company", "name", "scopes", "shops", "acts_as", "user", "expires_at")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if (said.get("acts_as") == CauseKind.PERSON) != (said.get("user") is not None):
            self.add_error("user", _("代表人员的密钥必须选集成账号，其他密钥不能选"))
        company = said.get("company")
        if company and any(shop.company_id != company.pk for shop in said.get("shops") or ()):
            self.add_error("shops", _("不属于该公司"))
        return said


@admin.register(ApiKey)
class ApiKeyAdmin(SavedByService, TowerAdmin):
    form = KeyForm
    list_display = ("name", "prefix", "company", "acts_as", "state_shown", "used", "expires_at")
    list_select_related = ("company",)
    search_fields = ("name", "prefix")
    ordering = ("-id",)
    fields = ("company", "name", "scopes", "shops", "acts_as", "user", "expires_at")
    shown_fields = (
        "name", "prefix", "company", "scopes_shown", "shops", "acts_as", "user", "state_shown", "made",
        "expires_at", "used", "revoked_at",
    )  # fmt: skip
    made = column("created_at", gettext_lazy("创建"))
    change_form_outer_after_template = "tower/key_revoke.html"

    def get_urls(self) -> list[URLPattern]:
        revoke = path("<int:key_id>/revoke/", self.admin_site.admin_view(self.revoke_view), name="orders_apikey_revoke")
        return [revoke, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.shown_fields if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.shown_fields if obj else ()

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = people_of(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = within(Shop.objects.order_by("name"), request.user)
        kwargs["widget"] = UnfoldAdminSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is made or revoked, never changed: what it may do must not grow in silence."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: KeyForm, change: bool) -> None:
        said = form.cleaned_data
        made, text = keys.create_key(
            obj.company,
            obj.name,
            scopes=said["scopes"],
            acts_as=said["acts_as"],
            user=said["user"],
            shops=said["shops"],
            expires_at=said["expires_at"],
            cause=by_person(request),
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        request.made_key = text  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has set the shops already."""

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the key, this once: it is in no message, cookie or log."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("新密钥"),
            "opts": self.opts,
            "key": obj,
            "text": request.made_key,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "tower/key_made.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def revoke_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        key = self.get_object(request, str(key_id))
        if key is None or request.method != "POST":
            raise Http404
        if not request.user.has_perm("orders.change_apikey"):
            raise PermissionDenied
        if keys.revoke(key, cause=by_person(request)):
            messages.success(request, _("密钥已吊销"))
        else:
            messages.error(request, _("这把密钥之前已经吊销"))
        return HttpResponseRedirect(reverse("admin:orders_apikey_change", args=[key.pk]))

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("状态"))
    def state_shown(self, key: ApiKey) -> SafeString:
        if key.revoked_at:
            return words.badge(_("已吊销"), "grey")
        if key.expires_at and key.expires_at <= clock.now():
            return words.badge(_("已到期"), "amber")
        return words.badge(_("有效"), "green")

    @admin.display(description=gettext_lazy("最近使用"))
    def used(self, key: ApiKey) -> SafeString | str:
        return words.ago(key.last_used_at)

    @admin.display(description=gettext_lazy("权限范围"))
    def scopes_shown(self, key: ApiKey) -> str:
        return "、".join(str(SCOPES.get(scope, scope)) for scope in key.scopes)
