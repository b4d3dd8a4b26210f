"""通知渠道: which robot reaches people of which role."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.channels import Channel as Kind
from alerts.channels.registry import UnknownChannel, channel_named, channels
from alerts.models import Channel
from integrations.adapter import Field
from integrations.admin.outside_form import OutsideForm, names_of
from orders.admin.base import TowerAdmin, by_person
from orders.services.company_trail import lock_company, note_company_event

BASICS = ("name", "company", "role", "enabled")


class ChannelForm(OutsideForm):
    class Meta:
        model = Channel
        fields = BASICS

    kind_name = ""

    def outside_fields(self) -> Sequence[Field]:
        kind = known_kind(self.instance.kind or self.kind_name)
        return kind.fields if kind else ()


@admin.register(Channel)
class ChannelAdmin(TowerAdmin):
    form = ChannelForm
    list_display = ("name", "kind_shown", "role", "company", "enabled", "last_error")
    list_select_related = ("company",)
    readonly_fields = ("kind_shown", "last_error")
    ordering = ("name",)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First which kind, because its fields depend on it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if known_kind(request.GET.get("adapter", "")) is None:
            context = {
                **self.admin_site.each_context(request),
                "title": _("新增通知渠道"),
                "opts": self.opts,
                "adapters": sorted(channels().values(), key=lambda kind: kind.title),
            }
            return TemplateResponse(request, "tower/choose_adapter.html", context)
        return super().add_view(request, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form: type[forms.ModelForm] = forms.modelform_factory(
            Channel,
            form=ChannelForm,
            fields=BASICS,
            formfield_callback=partial(self.formfield_for_dbfield, request=request),
        )
        return type("OneChannelForm", (form,), {"kind_name": request.GET.get("adapter", "")})

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        basics = (None, {"fields": (*BASICS, "kind_shown", "last_error") if obj else BASICS})
        kind = known_kind(obj.kind if obj else request.GET.get("adapter", ""))
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if kind is None or not may_write:
            return [basics]
        return [basics, (gettext_lazy("连接参数"), {"fields": names_of(kind.fields)})]

    def save_model(self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool) -> None:
        company = lock_company(obj.company_id)
        if not change:
            obj.kind = form.kind_name
        obj.settings = form.new_settings()
        super().save_model(request, obj, form, change)
        obj.set_secrets(form.new_secrets())
        obj.save(update_fields=["sealed_secrets"])
        note_company_event(
            company,
            "channel_changed" if change else "channel_made",
            cause=by_person(request),
            key=f"channel:{obj.pk}",
            facts={"channel": obj.pk, "kind": obj.kind, "fields": sorted(form.changed_data)},
        )

    @admin.display(description=gettext_lazy("渠道"))
    def kind_shown(self, channel: Channel) -> str:
        kind = known_kind(channel.kind)
        return kind.title if kind else channel.kind


def known_kind(name: str) -> Kind | None:
    try:
        return channel_named(name)
    except UnknownChannel:
        return None
