"""补读: orders read again by dates or by numbers, with how far each has come, and a stop."""

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import backfill
from integrations.admin.connection_form import known_adapter
from integrations.admin.receipts import ConnectionFilter, insist_on_work, may_work
from integrations.models import Backfill, Connection
from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, by_person, column
from orders.selectors.order_page import person_name
from orders.selectors.scope import within


class BeginForm(forms.Form):
    """Dates or numbers; which of them a system can read is the service's to say."""

    connection = forms.ModelChoiceField(Connection.objects.none(), label=gettext_lazy("连接"))
    start = forms.DateTimeField(
        required=False, label=gettext_lazy("从"), widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    end = forms.DateTimeField(
        required=False, label=gettext_lazy("到"), widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    numbers = forms.CharField(
        required=False,
        max_length=400_000,
        label=gettext_lazy("平台订单号"),
        help_text=gettext_lazy("一行一个，也可以用逗号隔开；填了订单号就不看时间"),
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, user: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        mine = within(Connection.objects.filter(enabled=True).order_by("name"), user)
        able = [row.pk for row in mine if can_be_read(row)]
        field: Any = self.fields["connection"]
        field.queryset = mine.filter(pk__in=able)

    def clean_numbers(self) -> list[str]:
        return [number[:64] for number in re.split(r"[\s,，;；、]+", self.cleaned_data["numbers"]) if number]


def can_be_read(connection: Connection) -> bool:
    adapter = known_adapter(connection.adapter)
    return adapter is not None and any(adapter.can(way, connection.settings) for way in ("slice", "fetch"))


@admin.register(Backfill)
class BackfillAdmin(ReadOnly, TowerAdmin):
    company_path = "connection__company"
    list_display = ("what", "connection", "state_shown", "progress", "new", "asked", "began")
    list_display_links = ("what",)
    list_select_related = ("connection", "asked_by")
    list_filter = ("state", ConnectionFilter)
    ordering = ("-id",)
    sortable_by = ()
    list_before_template = "tower/backfill_begin.html"
    began = column("created_at", gettext_lazy("开始"))

    def get_urls(self) -> list[URLPattern]:
        def own(address: str, view: Any, name: str) -> URLPattern:
            return path(address, self.admin_site.admin_view(view), name=f"integrations_backfill_{name}")

        return [
            own("begin/", self.begin_view, "begin"),
            own("<int:backfill_id>/stop/", self.stop_view, "stop"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_begin": may_work(request)})

    def begin_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request) or not may_work(request):
            raise PermissionDenied
        if request.method == "POST":
            form = BeginForm(request.user, request.POST)
            if form.is_valid() and (row := self._begun(request, form)):
                messages.success(request, _("补读已开始，刷新可看进度"))
                return HttpResponseRedirect(reverse("admin:integrations_backfill_change", args=[row.pk]))
        else:
            form = BeginForm(request.user, initial={"connection": request.GET.get("connection", "")})
        context = {
            **self.admin_site.each_context(request),
            "title": _("新建补读"),
            "opts": self.opts,
            "form": form,
            "longest": backfill.LONGEST.days,
            "most": backfill.MOST_NUMBERS,
        }
        return TemplateResponse(request, "tower/backfill_form.html", context)

    @staticmethod
    def _begun(request: HttpRequest, form: BeginForm) -> Backfill | None:
        """`None`, with the sentence on the form, where it cannot be read like this."""
        said = form.cleaned_data
        try:
            return backfill.begin(
                said["connection"],
                start=said["start"],
                end=said["end"],
                numbers=said["numbers"],
                cause=by_person(request),
            )
        except backfill.Refused as error:
            form.add_error(None, str(error))
            return None

    def stop_view(self, request: HttpRequest, backfill_id: int) -> HttpResponse:
        row: Backfill = self.own_row(request, backfill_id)
        insist_on_work(request)
        if backfill.stop(row.pk, cause=by_person(request)):
            messages.success(request, _("已停止，读到的都保留"))
        else:
            messages.error(request, _("这次补读已经结束"))
        return HttpResponseRedirect(reverse("admin:integrations_backfill_change", args=[row.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row: Backfill = self.own_row(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{row.connection} · {self.what(row)}",
            "opts": self.opts,
            "row": row,
            "what": self.what(row),
            "percent": percent_of(row),
            "missing": row.cursor.get("missing", []),
            "who": person_name(row.asked_by) if row.asked_by else "",
            "may_stop": may_work(request) and row.state == Backfill.State.RUNNING,
        }
        return TemplateResponse(request, "tower/backfill.html", context)

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("范围"))
    def what(self, row: Backfill) -> str:
        if row.numbers:
            return _("%(count)d 个订单号") % {"count": len(row.numbers)}
        return f"{words.exact(row.start)[:16]} – {words.exact(row.end)[:16]}"

    @admin.display(description=gettext_lazy("状态"))
    def state_shown(self, row: Backfill) -> SafeString:
        return words.state_badge(row)

    @admin.display(description=gettext_lazy("读到"))
    def progress(self, row: Backfill) -> SafeString | str:
        percent = percent_of(row)
        if percent is None or row.state != Backfill.State.RUNNING:
            return str(row.seen)
        return format_html('{} <progress class="tower-progress" max="100" value="{}"></progress>', row.seen, percent)

    @admin.display(description=gettext_lazy("发起人"))
    def asked(self, row: Backfill) -> str:
        return person_name(row.asked_by) if row.asked_by else "-"


def percent_of(row: Backfill) -> int | None:
    return None if row.share is None else int(row.share * 100)
