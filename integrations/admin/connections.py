"""系统连接: how each does, its settings, and the address that the other side calls."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import health
from integrations.admin.connection_form import ConnectionForm, form_fields, known_adapter
from integrations.admin.generic import FeedPages
from integrations.admin.outside_form import names_of
from integrations.admin.setup import SetupPages
from integrations.models import Connection
from integrations.reach import cannot_stop
from integrations.registry import adapters
from orders import clock
from orders.admin import words
from orders.admin.base import TowerAdmin, TowerChangeList, by_person
from orders.services.company_trail import lock_company, note_company_event

TROUBLES: dict[str, tuple[Any, str]] = {
    "error": (gettext_lazy("出错"), "red"),
    "silent": (gettext_lazy("轮询停了"), "red"),
    "lag": (gettext_lazy("延迟"), "amber"),
    "parked": (gettext_lazy("待处理报文"), "amber"),
    "refused": (gettext_lazy("签名错误"), "amber"),
}
BASICS = ("name", "company", "shop", "warehouse", "base_url", "poll_seconds", "enabled")
STATE = (
    "adapter_shown", "setup_link", "callback", "last_message_at", "last_push_at", "last_poll_at", "next_poll_at",
    "lag_shown", "cannot_stop_shown",
)  # fmt: skip
TROUBLE = ("last_error", "last_error_at", "refused_count", "last_refused_at")


class ConnectionChangeList(TowerChangeList):
    """One query more for the whole page: what is parked."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        parked = health.parked_counts([row.pk for row in self.result_list])
        for row in self.result_list:
            row.parked = parked.get(row.pk, 0)


@admin.register(Connection)
class ConnectionAdmin(SetupPages, FeedPages, TowerAdmin):
    form = ConnectionForm
    list_display = ("name", "adapter_shown", "place", "troubles", "message", "polled", "lag_shown", "parked_shown")
    list_select_related = ("shop", "warehouse", "company")
    list_filter = ("enabled",)
    search_fields = ("name",)
    ordering = ("name",)
    sortable_by = ()
    readonly_fields = ("mapping_link", *STATE, *TROUBLE)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConnectionChangeList]:
        return ConnectionChangeList

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First which system, because its fields depend on it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if known_adapter(request.GET.get("adapter", "")) is None:
            context = {
                **self.admin_site.each_context(request),
                "title": _("新增连接"),
                "opts": self.opts,
                "adapters": sorted(adapters().values(), key=lambda adapter: (adapter.system, adapter.title)),
            }
            return TemplateResponse(request, "tower/choose_adapter.html", context)
        return super().add_view(request, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Connection | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form: type[forms.ModelForm] = forms.modelform_factory(
            Connection,
            form=ConnectionForm,
            fields=BASICS,
            formfield_callback=partial(self.formfield_for_dbfield, request=request),
        )
        return type("OneConnectionForm", (form,), {"adapter_name": request.GET.get("adapter", "")})

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        basics = (None, {"fields": BASICS})
        state = (gettext_lazy("现状"), {"fields": (*STATE, *TROUBLE)})
        adapter = known_adapter(obj.adapter if obj else request.GET.get("adapter", ""))
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if adapter is None or not may_write:
            return [basics, state] if obj else [basics]
        link = ("mapping_link",) if self.is_feed(obj) else ()
        parameters = (gettext_lazy("连接参数"), {"fields": (*link, *names_of(form_fields(adapter)))})
        return [basics, parameters, state] if obj else [basics, parameters]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> tuple[str, ...]:
        """A connection's receipts and facts belong to its company for good."""
        return (*self.readonly_fields, "company") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Connection, form: ConnectionForm, change: bool) -> None:
        """The row, its secrets sealed, and the event on the company's stream: names of fields, never values."""
        company = lock_company(obj.company_id)
        if not change:
            obj.adapter = form.adapter_name
        obj.settings = form.new_settings()
        super().save_model(request, obj, form, change)
        obj.set_secrets(form.new_secrets())
        obj.save(update_fields=["sealed_secrets"])
        note_company_event(
            company,
            "connection_changed" if change else "connection_made",
            cause=by_person(request),
            key=f"connection:{obj.pk}",
            facts={"connection": obj.pk, "adapter": obj.adapter, "fields": sorted(form.changed_data)},
        )

    def response_add(self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None) -> HttpResponse:
        """On to the steps that are left before it works."""
        messages.success(request, _("连接已建立，按下面的步骤完成接入"))
        return HttpResponseRedirect(reverse("admin:integrations_connection_setup", args=[obj.pk]))

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("系统"))
    def adapter_shown(self, connection: Connection) -> str:
        adapter = known_adapter(connection.adapter)
        return adapter.title if adapter else connection.adapter

    @admin.display(description=gettext_lazy("店铺/仓库"))
    def place(self, connection: Connection) -> str:
        return str(connection.shop or connection.warehouse or connection.company)

    @admin.display(description=gettext_lazy("状况"))
    def troubles(self, connection: Connection) -> SafeString:
        if not connection.enabled:
            return words.badge(_("已停用"), "grey")
        found = health.troubles_of(connection, parked=getattr(connection, "parked", 0), now=clock.now())
        if not found:
            return words.badge(_("正常"), "green")
        return words.badges(words.badge(*TROUBLES[code], title=connection.last_error) for code in found)

    @admin.display(description=gettext_lazy("最近消息"))
    def message(self, connection: Connection) -> SafeString | str:
        return words.ago(connection.last_message_at)

    @admin.display(description=gettext_lazy("最近轮询"))
    def polled(self, connection: Connection) -> SafeString | str:
        return words.ago(connection.last_poll_at)

    @admin.display(description=gettext_lazy("延迟"))
    def lag_shown(self, connection: Connection) -> str:
        lag = connection.lag_milliseconds
        return "-" if lag is None else _("%(seconds).1f 秒") % {"seconds": lag / 1000}

    @admin.display(description=gettext_lazy("待处理报文"))
    def parked_shown(self, connection: Connection) -> SafeString | str:
        parked = getattr(connection, "parked", 0)
        if not parked:
            return "-"
        page = reverse("admin:integrations_receipt_changelist")
        return format_html('<a class="tower-link" href="{}?connection={}">{}</a>', page, connection.pk, parked)

    @admin.display(description=gettext_lazy("回调地址"))
    def callback(self, connection: Connection) -> SafeString:
        return format_html('<code class="tower-code">{}</code>', connection.hook_url)

    @admin.display(description=gettext_lazy("指挥塔在这里拦不住的事"))
    def cannot_stop_shown(self, connection: Connection) -> SafeString | str:
        """Computed from where the tower stands and who prints, so that nobody takes silence for safety."""
        found = cannot_stop(connection)
        if not found:
            return "-"
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((text,) for text in found)))
