"""对接问题: what is wrong between the tower and others, the open first; closed by hand where nothing else does it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import troubles
from integrations.admin.receipts import insist_on_work, may_work
from integrations.models import Trouble
from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, TowerChangeList, by_person, column
from orders.admin.registers import order_link
from orders.models import Order
from orders.selectors.scope import within

LEVELS = {"critical": "red", "warning": "amber", "info": "blue"}


class OpenFilter(SimpleListFilter):
    """The open ones without a choice, by their own index."""

    title = gettext_lazy("状态")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("closed", gettext_lazy("已结束")), ("all", gettext_lazy("全部"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": gettext_lazy("未结束")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Trouble]) -> QuerySet[Trouble]:
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() != "closed")


class TroubleChangeList(TowerChangeList):
    """One query more for the whole page: the orders that are spoken of."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        named = {row.order_id for row in self.result_list if row.order_id}
        orders = within(Order.objects.filter(pk__in=named), request.user).in_bulk() if named else {}
        for row in self.result_list:
            row.order = orders.get(row.order_id)


@admin.register(Trouble)
class TroubleAdmin(ReadOnly, TowerAdmin):
    list_display = ("said", "kind_shown", "level_shown", "times", "place", "order_shown", "since", "latest")
    list_display_links = ("said",)
    list_select_related = ("connection",)
    list_filter = (OpenFilter, "kind", "level")
    ordering = ("-opened_at", "-id")
    sortable_by = ()
    since = column("opened_at", gettext_lazy("开始"))
    latest = column("seen_at", gettext_lazy("最近"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TroubleChangeList]:
        return TroubleChangeList

    def get_urls(self) -> list[URLPattern]:
        close = path(
            "<int:trouble_id>/close/", self.admin_site.admin_view(self.close_view), name="integrations_trouble_close"
        )
        return [close, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        trouble: Trouble = self.own_row(request, object_id)
        by_itself = trouble.kind in troubles.END_BY_THEMSELVES
        orders = within(Order.objects.filter(pk=trouble.order_id), request.user) if trouble.order_id else None
        context = {
            **self.admin_site.each_context(request),
            "title": trouble.get_kind_display(),
            "opts": self.opts,
            "trouble": trouble,
            "level": self.level_shown(trouble),
            "order": orders.first() if orders is not None else None,
            "by_itself": by_itself,
            "may_close": may_work(request) and trouble.closed_at is None and not by_itself,
        }
        return TemplateResponse(request, "tower/trouble.html", context)

    def close_view(self, request: HttpRequest, trouble_id: int) -> HttpResponse:
        trouble: Trouble = self.own_row(request, trouble_id)
        insist_on_work(request)
        page = reverse("admin:integrations_trouble_change", args=[trouble.pk])
        reason = request.POST.get("reason", "").strip()[:500]
        if not reason:
            messages.error(request, _("请填写原因后再处理"))
            return HttpResponseRedirect(page)
        if not troubles.close_by_hand(trouble.pk, reason=reason, cause=by_person(request)):
            messages.error(request, _("这个问题已经结束，或由系统自己判断何时结束"))
            return HttpResponseRedirect(page)
        messages.success(request, _("已关闭；再次发生会作为新问题出现"))
        return HttpResponseRedirect(reverse("admin:integrations_trouble_changelist"))

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("说明"))
    def said(self, trouble: Trouble) -> SafeString:
        return format_html('<span class="tower-long">{}</span>', trouble.text)

    @admin.display(description=gettext_lazy("连接"))
    def place(self, trouble: Trouble) -> SafeString | str:
        if trouble.connection is None:
            return "-"
        page = reverse("admin:integrations_connection_setup", args=[trouble.connection_id])
        return format_html('<a class="tower-link" href="{}">{}</a>', page, trouble.connection)

    @admin.display(description=gettext_lazy("类型"))
    def kind_shown(self, trouble: Trouble) -> str:
        return str(trouble.get_kind_display())

    @admin.display(description=gettext_lazy("级别"))
    def level_shown(self, trouble: Trouble) -> SafeString:
        badge = level_badge(trouble)
        if trouble.closed_at is None:
            return badge
        return format_html("{} {}", badge, words.badge(_("已结束"), "grey", title=words.exact(trouble.closed_at)))

    @admin.display(description=gettext_lazy("订单"))
    def order_shown(self, trouble: Trouble) -> SafeString | str:
        return order_link(getattr(trouble, "order", None))


def level_badge(row: Any) -> SafeString:
    """Of anything that has one of a trouble's levels."""
    return words.badge(row.get_level_display(), LEVELS.get(row.level, "grey"))
