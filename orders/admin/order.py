"""Orders: the list that finds by any number, and the one page that says what stops an order and what to do first."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList as DjangoChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import acts, order_page, words
from orders.admin.base import ReadOnly, ShopFilter, TowerAdmin, TowerChangeList, WithHistory
from orders.lifecycle import HoldReason, OrderState
from orders.models import Hold, Order
from orders.selectors import listing
from orders.selectors.search import orders_by_number
from orders.selectors.timeline import VERBS


class StateFilter(SimpleListFilter):
    title = _("状态")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(OrderState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(state=self.value()) if self.value() in OrderState.values else queryset


class HoldFilter(SimpleListFilter):
    title = _("锁单")
    parameter_name = "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("已锁单")), ("none", _("未锁单")), *HoldReason.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        value = self.value()
        if value in ("any", "none"):
            return queryset.filter(held=value == "any")
        if value in HoldReason.values:
            open_ones = Hold.objects.filter(state=Hold.State.OPEN, reason=value)
            return queryset.filter(held=True, pk__in=open_ones.values("order_id"))
        return queryset


class OrderChangeList(TowerChangeList):
    """Two queries more than Django's own, whatever the page holds: open holds and parcels of the rows shown."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        found = listing.beside(self.result_list)
        for row in self.result_list:
            row.beside = found[row.pk]


@admin.register(Order)
class OrderAdmin(ReadOnly, TowerAdmin, WithHistory):
    list_display = ("order", "state_shown", "shop", "held_shown", "amount_shown", "parcels", "placed", "leave_by")
    list_display_links = ("order",)
    list_filter = (StateFilter, HoldFilter, ShopFilter)
    list_select_related = ("shop",)
    ordering = ("-id",)
    # A million rows can be sorted by their index alone.
    sortable_by = ()
    # Only switches the box on: `get_search_results` knows what to look for.
    search_fields = ("platform_order_id",)
    search_help_text = _("订单号、运单号、ERP/仓库单号、手机号、手机后四位；可粘贴多个")
    list_fullwidth = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DjangoChangeList]:
        return OrderChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=orders_by_number(request.user, search_term)), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A number that means one order opens it."""
        response = super().changelist_view(request, extra_context)
        changes = getattr(response, "context_data", {}).get("cl")
        if changes is not None and changes.query and not changes.has_active_filters and changes.result_count == 1:
            return HttpResponseRedirect(reverse("admin:orders_order_change", args=[changes.result_list[0].pk]))
        return response

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "<int:order_id>/acts/<str:subject>/<str:move>/",
                self.admin_site.admin_view(acts.act),
                name="orders_order_act",
            ),
            path(
                "<int:order_id>/prints/<int:attempt_id>/<str:outcome>/",
                self.admin_site.admin_view(acts.report_print),
                name="orders_order_print_result",
            ),
            path(
                "<int:order_id>/timeline/",
                self.admin_site.admin_view(self.timeline_view),
                name="orders_order_timeline",
            ),
        ]
        return own + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        order = self.get_object(request, unquote(object_id))
        if order is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, order):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **order_page.context(request, order),
            "title": order.platform_order_id,
            "opts": self.opts,
            "original": order,
            "is_fullwidth": "1",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "tower/order.html", context)

    def reason_in_words(self, reason: str) -> str:
        """A row of an order's history is written by the events of one commit."""
        return "、".join(str(VERBS.get(verb, verb)) for verb in reason.split(",") if verb)

    def timeline_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        """Older entries, a page at a time, for the button at the end of the time line."""
        order = self.get_object(request, str(order_id))
        if order is None:
            raise Http404
        if not self.has_view_permission(request, order):
            raise PermissionDenied
        before = request.GET.get("before", "")
        context = {
            **self.admin_site.each_context(request),
            **order_page.timeline_context(order, int(before) if before.isdigit() else None),
            "order": order,
            "title": order.platform_order_id,
            "opts": self.opts,
        }
        return TemplateResponse(request, "tower/timeline_page.html", context)

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=_("平台订单号"))
    def order(self, order: Order) -> str:
        return order.platform_order_id

    @admin.display(description=_("状态"))
    def state_shown(self, order: Order) -> SafeString:
        return words.state_badge(order)

    @admin.display(description=_("锁单"))
    def held_shown(self, order: Order) -> SafeString | str:
        holds = order.beside.holds  # type: ignore[attr-defined]
        reasons = dict.fromkeys(str(hold.get_reason_display()) for hold in holds)
        return words.badges(words.badge(reason, "red") for reason in reasons) if holds else ""

    @admin.display(description=_("金额"))
    def amount_shown(self, order: Order) -> str:
        return words.yuan(order.amount)

    @admin.display(description=_("包裹"))
    def parcels(self, order: Order) -> str:
        progress = order.beside.progress  # type: ignore[attr-defined]
        if not progress.total:
            return "-"
        return f"{progress.reached}/{progress.total} {OrderState(progress.furthest).label}"

    @admin.display(description=_("下单时间"))
    def placed(self, order: Order) -> SafeString | str:
        return words.ago(order.placed_at)

    @admin.display(description=_("最晚发货"))
    def leave_by(self, order: Order) -> SafeString | str:
        waiting = order.state in (OrderState.PAID, OrderState.TO_PICK, OrderState.PACKED)
        return words.deadline(order.ship_by) if waiting else format_html("{}", words.ago(order.ship_by))
