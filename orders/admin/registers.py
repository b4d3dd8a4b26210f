"""What services write and people only look up: parcels, labels, print attempts, holds, events, anchors."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin
from orders.models import Anchor, Event, Hold, Label, Order, Parcel, ParcelLine, PrintAttempt
from orders.selectors.search import orders_by_number
from orders.selectors.timeline import entry_of


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


class ParcelLineInline(admin.TabularInline):
    model = ParcelLine
    extra = 0
    can_delete = False
    fields = readonly_fields = ("order_line", "quantity")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Parcel)
class ParcelAdmin(Register):
    list_display = ("number", "state_shown", "kind", "warehouse", "carrier", "packed_shown", "shipped_shown")
    list_filter = ("state", "kind")
    list_select_related = ("warehouse",)
    fields = readonly_fields = (
        "number", "state_shown", "kind", "company", "warehouse", "carrier", "weight_grams", "reason",
        "packed_at", "packed_by", "shipped_at", "signed_at", "orders_shown",
    )  # fmt: skip

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        lines = ParcelLine.objects.filter(order_line__order__in=order_ids)
        return {"pk__in": lines.values("parcel_id")}

    @admin.display(description=_("打包时间"))
    def packed_shown(self, parcel: Parcel) -> SafeString | str:
        return words.ago(parcel.packed_at)

    @admin.display(description=_("发货时间"))
    def shipped_shown(self, parcel: Parcel) -> SafeString | str:
        return words.ago(parcel.shipped_at)

    @admin.display(description=_("订单"))
    def orders_shown(self, parcel: Parcel) -> SafeString:
        orders = Order.objects.filter(lines__parcel_lines__parcel=parcel).distinct().order_by("pk")
        return format_html("{}", " ".join(order.platform_order_id for order in orders))


@admin.register(Label)
class LabelAdmin(Register):
    company_path = "parcel__company"
    list_display = (
        "waybill_shown",
        "state_shown",
        "carrier",
        "issuer",
        "parcel",
        "generation",
        "copy",
        "printed_shown",
    )
    list_filter = ("state", "issuer")
    list_select_related = ("parcel",)
    fields = readonly_fields = (
        "parcel", "state_shown", "issuer", "carrier", "waybill", "generation", "copy", "address_version", "error",
        "requested_at", "live_at", "claimed_at", "printed_at",
    )  # fmt: skip

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        return {"parcel__in": ParcelLine.objects.filter(order_line__order__in=order_ids).values("parcel_id")}

    @admin.display(description=_("运单号"))
    def waybill_shown(self, label: Label) -> str:
        return label.waybill or "-"

    @admin.display(description=_("打印时间"))
    def printed_shown(self, label: Label) -> SafeString | str:
        return words.ago(label.printed_at)


@admin.register(PrintAttempt)
class PrintAttemptAdmin(Register):
    company_path = "order__company"
    list_display = (
        "at_shown",
        "outcome_shown",
        "result_shown",
        "order_shown",
        "waybill",
        "source",
        "station",
        "printer",
    )
    list_filter = ("outcome", "result")
    list_select_related = ("order",)
    fields = readonly_fields = (
        "order_shown", "parcel", "label", "outcome", "result", "at", "waybill", "user", "source", "station", "printer",
    )  # fmt: skip

    @admin.display(description=_("时间"))
    def at_shown(self, attempt: PrintAttempt) -> SafeString | str:
        return words.ago(attempt.at)

    @admin.display(description=_("放行"))
    def outcome_shown(self, attempt: PrintAttempt) -> SafeString:
        return words.badge(attempt.get_outcome_display(), words.TONES.get(attempt.outcome, "grey"))

    @admin.display(description=_("结果"))
    def result_shown(self, attempt: PrintAttempt) -> SafeString:
        return words.badge(attempt.get_result_display(), words.TONES.get(attempt.result, "grey"))

    @admin.display(description=_("订单"))
    def order_shown(self, attempt: PrintAttempt) -> SafeString | str:
        return order_link(attempt.order)


@admin.register(Hold)
class HoldAdmin(Register):
    company_path = "order__company"
    list_display = ("reason_shown", "state_shown", "order_shown", "opened_shown", "opened_by", "decided_by", "outcome")
    list_filter = ("state", "reason", "outcome")
    list_select_related = ("order", "decided_by")
    fields = readonly_fields = (
        "order_shown", "parcel", "reason", "state_shown", "note", "opened_at", "opened_by", "due_at",
        "estimated_loss", "four_eyes", "decided_by", "decided_at", "outcome", "decision",
    )  # fmt: skip

    @admin.display(description=_("原因"))
    def reason_shown(self, hold: Hold) -> str:
        return str(hold.get_reason_display())

    @admin.display(description=_("订单"))
    def order_shown(self, hold: Hold) -> SafeString | str:
        return order_link(hold.order)

    @admin.display(description=_("锁定时间"))
    def opened_shown(self, hold: Hold) -> SafeString | str:
        return words.ago(hold.opened_at)


@admin.register(Event)
class EventAdmin(Register):
    company_path = "company_id"
    list_display = ("at_shown", "words_shown", "result_shown", "stream", "seq", "actor_shown", "reason")
    list_filter = ("result",)
    fields = readonly_fields = (
        "stream", "seq", "words_shown", "from_state", "to_state", "version", "actor", "actor_name", "role", "cause",
        "key", "result", "reason", "act_id", "facts", "source_at", "at", "prev_hash", "hash",
    )  # fmt: skip

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        return {"stream__in": [f"order:{pk}" for pk in order_ids]}

    @admin.display(description=_("时间"))
    def at_shown(self, event: Event) -> SafeString | str:
        return words.ago(event.at)

    @admin.display(description=_("动作"))
    def words_shown(self, event: Event) -> str:
        return entry_of(event).words

    @admin.display(description=_("结果"))
    def result_shown(self, event: Event) -> SafeString:
        return words.badge(event.get_result_display(), words.TONES.get(event.result, "green"))

    @admin.display(description=_("由谁"))
    def actor_shown(self, event: Event) -> str:
        return event.actor_name or event.actor


@admin.register(Anchor)
class AnchorAdmin(ReadOnly, TowerAdmin):
    list_display = ("seq", "at", "streams", "events", "hash")
    ordering = ("-id",)
    sortable_by = ()
    fields = readonly_fields = ("seq", "at", "mark", "streams", "events", "prev_hash", "hash", "signature")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Anchor]:
        """Anchors belong to the whole install: they hold hashes alone."""
        return Anchor.objects.all()
