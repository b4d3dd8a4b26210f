"""What services write and people only look up: parcels, labels, print attempts and holds."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, column
from orders.models import Hold, Label, Order, Parcel, ParcelLine, PrintAttempt
from orders.selectors.search import orders_by_number


def order_link(order: Order | None) -> SafeString | str:
    if order is None:
        return "-"
    page = reverse("admin:orders_order_change", args=[order.pk])
    return format_html('<a class="tower-link" href="{}">{}</a>', page, order.platform_order_id)


class Register(ReadOnly, TowerAdmin):
    """Newest first by the primary key; searched by the same numbers as orders. `order_path` leads to the order's id."""

    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("id",)
    search_help_text = _("订单号、运单号、ERP/仓库单号")
    order_path = "order"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(**self.of_orders(orders_by_number(request.user, search_term))), False

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        return {f"{self.order_path}__in": order_ids}

    @admin.display(description=_("状态"))
    def state_shown(self, row: Any) -> SafeString:
        return words.state_badge(row)

    @admin.display(description=_("快递"))
    def carrier_shown(self, row: Any) -> str:
        return str(words.CARRIERS.get(row.carrier, row.carrier)) or "-"

    @admin.display(description=_("订单"))
    def order_shown(self, row: Any) -> SafeString | str:
        return order_link(row.order)


@admin.register(Parcel)
class ParcelAdmin(Register):
    list_display = ("number", "state_shown", "kind", "warehouse", "carrier_shown", "packed", "shipped")
    list_filter = ("state", "kind")
    list_select_related = ("warehouse",)
    fields = readonly_fields = (
        "number", "state_shown", "kind", "company_shown", "warehouse", "carrier_shown", "weight_grams", "reason",
        "packed_at", "packer", "shipped_at", "signed_at", "orders_shown",
    )  # fmt: skip
    company_shown = column("company", _("公司"))
    packer = column("packed_by", _("打包人"))
    packed = column("packed_at", _("打包时间"))
    shipped = column("shipped_at", _("发货时间"))

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        return {"pk__in": ParcelLine.objects.filter(order_line__order__in=order_ids).values("parcel_id")}

    @admin.display(description=_("订单"))
    def orders_shown(self, parcel: Parcel) -> SafeString:
        orders = Order.objects.filter(lines__parcel_lines__parcel=parcel).distinct().order_by("pk")
        return format_html_join(" ", "{}", ((order_link(order),) for order in orders))


@admin.register(Label)
class LabelAdmin(Register):
    company_path = "parcel__company"
    list_display = (
        "waybill_shown", "state_shown", "carrier_shown", "issuer", "parcel_shown", "generation", "printed",
    )  # fmt: skip
    list_filter = ("state", "issuer")
    list_select_related = ("parcel",)
    fields = readonly_fields = (
        "parcel_shown", "state_shown", "issuer", "carrier_shown", "waybill", "generation", "copy", "address_version",
        "error", "requested", "went_live", "claimed", "printed_at",
    )  # fmt: skip
    parcel_shown = column("parcel", _("包裹"))
    waybill_shown = column("waybill", _("运单号"))
    requested = column("requested_at", _("申请时间"))
    went_live = column("live_at", _("取号时间"))
    claimed = column("claimed_at", _("放行打印时间"))
    printed = column("printed_at", _("打印时间"))

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        return {"parcel__in": ParcelLine.objects.filter(order_line__order__in=order_ids).values("parcel_id")}


@admin.register(PrintAttempt)
class PrintAttemptAdmin(Register):
    company_path = "order__company"
    list_display = ("made", "outcome_shown", "result_shown", "order_shown", "waybill", "source", "station")
    list_filter = ("outcome", "result")
    list_select_related = ("order",)
    fields = readonly_fields = (
        "order_shown", "parcel_shown", "outcome_shown", "result_shown", "at", "waybill", "who", "source", "station",
        "printer",
    )  # fmt: skip
    parcel_shown = column("parcel", _("包裹"))
    who = column("user", _("人员"))
    made = column("at", _("时间"))

    @admin.display(description=_("放行"))
    def outcome_shown(self, attempt: PrintAttempt) -> SafeString:
        return words.badge(attempt.get_outcome_display(), words.TONES.get(attempt.outcome, "grey"))

    @admin.display(description=_("结果"))
    def result_shown(self, attempt: PrintAttempt) -> SafeString:
        return words.badge(attempt.get_result_display(), words.TONES.get(attempt.result, "grey"))


@admin.register(Hold)
class HoldAdmin(Register):
    company_path = "order__company"
    list_display = ("reason_shown", "state_shown", "order_shown", "opened", "opened_by", "decided_by", "outcome")
    list_filter = ("state", "reason", "outcome")
    list_select_related = ("order", "decided_by")
    fields = readonly_fields = (
        "order_shown", "parcel", "reason", "state_shown", "note", "opened_at", "opened_by", "due_at",
        "estimated_loss", "four_eyes", "decided_by", "decided_at", "outcome", "decision",
    )  # fmt: skip
    opened = column("opened_at", _("锁定时间"))

    @admin.display(description=_("原因"))
    def reason_shown(self, hold: Hold) -> str:
        return str(hold.get_reason_display())
