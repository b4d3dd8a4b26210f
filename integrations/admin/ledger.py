"""订单对账: five minutes of a shop by its platform's placing time, and what is missing at which hop, by number."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.receipts import insist_on_work, may_work
from integrations.ledger import read_again
from integrations.ledger.buckets import BEHIND
from integrations.ledger.systems import Systems
from integrations.models import Hop, LedgerBucket, LedgerGap, LedgerGrace
from orders.admin import words
from orders.admin.base import ReadOnly, ShopFilter, TowerAdmin

WAYS: dict[str, Any] = {
    "webhook": gettext_lazy("推送"),
    "poll": gettext_lazy("轮询"),
    "backfill": gettext_lazy("补读"),
    "fetch": gettext_lazy("单独读取"),
    "ledger": gettext_lazy("对账补拉"),
    "api": gettext_lazy("API"),
    "person": gettext_lazy("人工"),
    "other": gettext_lazy("其他"),
}
REASONS: dict[str, Any] = {
    "cancelled": gettext_lazy("已取消"),
    "refunded": gettext_lazy("已退款"),
    "unpaid": gettext_lazy("未付款"),
    "held": gettext_lazy("锁单中"),
    "left_out": gettext_lazy("不走本仓"),
    "presale": gettext_lazy("预售未到期"),
    "refund": gettext_lazy("退款中"),
    "by_hand": gettext_lazy("等待人工推送"),
}
CURES: dict[str, Any] = {
    "fetch_order": gettext_lazy("已自动补拉"),
    "deliver_parcel": gettext_lazy("查看下发任务"),
}
MOST_GAPS = 500


class GapFilter(SimpleListFilter):
    title = gettext_lazy("差异")
    parameter_name = "gaps"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("有差异"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LedgerBucket]) -> QuerySet[LedgerBucket]:
        return queryset.filter(gap_count__gt=0) if self.value() == "open" else queryset


def hop_cell(bucket: LedgerBucket, hop: str) -> SafeString | str:
    """Present of expected, red where something is missing; 不适用 and 未知 are words, never a 0."""
    told = bucket.counts(hop)
    if not told:
        return "-"
    if told["state"] == "na":
        return words.badge(_("不适用"), "grey")
    present, missing, unknown = (told.get(name, 0) for name in ("present", "missing", "unknown"))
    beside = _("未到时限 %(waiting)d，未到上一环节 %(before)d") % {
        "waiting": told.get("waiting", 0),
        "before": told.get("before", 0),
    }
    if missing:
        return words.badge(f"{present}/{present + missing}", "red", title=beside)
    if unknown:
        return words.badge(_("%(present)d，未知 %(unknown)d") % {"present": present, "unknown": unknown}, "amber")
    return format_html('<span title="{}">{}</span>', beside, present)


def hop_column(hop: Hop) -> Callable[[Any, LedgerBucket], SafeString | str]:
    @admin.display(description=hop.label)
    def shown(self: Any, bucket: LedgerBucket) -> SafeString | str:
        return hop_cell(bucket, hop)

    return shown


def platform_cell(bucket: LedgerBucket) -> SafeString | str:
    if bucket.platform_state == LedgerBucket.Platform.NOT_APPLICABLE:
        return words.badge(_("不适用"), "grey")
    if bucket.platform_state == LedgerBucket.Platform.UNKNOWN or bucket.platform_count is None:
        return words.badge(_("未知"), "amber", title=bucket.ask_error)
    return str(bucket.platform_count)


def reason_list(found: dict[str, int]) -> list[tuple[str, int]]:
    return [(str(REASONS.get(name, name)), count) for name, count in sorted(found.items(), key=lambda pair: -pair[1])]


def way_list(bucket: LedgerBucket) -> list[tuple[str, int]]:
    return [(str(words_), bucket.ways[name]) for name, words_ in WAYS.items() if bucket.ways.get(name)]


@admin.register(LedgerBucket)
class LedgerBucketAdmin(ReadOnly, TowerAdmin):
    list_display = (
        "period", "shop", "platform", "tower", "parked_shown", "erp", "wms", "printed", "handed_over", "picked_up",
        "reasoned", "gaps_shown", "looked",
    )  # fmt: skip
    list_select_related = ("shop",)
    list_filter = (GapFilter, ShopFilter)
    erp, wms, printed, handed_over, picked_up = map(hop_column, BEHIND)
    ordering = ("-start", "shop_id")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        again = path(
            "<int:bucket_id>/again/<int:gap_id>/",
            self.admin_site.admin_view(self.again_view),
            name="integrations_ledgerbucket_again",
        )
        return [again, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One bucket: every hop with its counts and reasons, and each difference as an order."""
        bucket: LedgerBucket = self.own_row(request, object_id)
        found = LedgerGap.objects.filter(bucket=bucket).order_by(F("closed_at").desc(nulls_first=True), "since", "pk")
        gaps = list(found[: MOST_GAPS + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": f"{bucket.shop.name} {self.period(bucket)}",
            "opts": self.opts,
            "bucket": bucket,
            "platform": platform_cell(bucket),
            "ways": way_list(bucket),
            "hops": [(hop.label, hop_cell(bucket, hop), bucket.counts(hop)) for hop in BEHIND],
            "reasons": reason_list(bucket.counts("any").get("reasons", {})),
            "gaps": [_shown(gap) for gap in gaps[:MOST_GAPS]],
            "more": len(gaps) > MOST_GAPS,
            "most": MOST_GAPS,
            "may_read_again": may_work(request),
        }
        return TemplateResponse(request, "tower/ledger.html", context)

    def again_view(self, request: HttpRequest, bucket_id: int, gap_id: int) -> HttpResponse:
        """再拉一次: read one missing order from its platform again."""
        bucket: LedgerBucket = self.own_row(request, bucket_id)
        insist_on_work(request)
        gap = LedgerGap.objects.filter(bucket=bucket, pk=gap_id).first()
        if gap is None:
            raise Http404
        connection = Systems(bucket.company_id).platform(bucket.shop_id)
        if connection is not None and read_again(gap, connection):
            messages.success(request, _("已安排重新读取 %(number)s") % {"number": gap.number})
        else:
            messages.error(request, _("这个订单现在不能重新读取"))
        return HttpResponseRedirect(reverse("admin:integrations_ledgerbucket_change", args=[bucket.pk]))

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("下单时段"))
    def period(self, bucket: LedgerBucket) -> str:
        start, end = timezone.localtime(bucket.start), timezone.localtime(bucket.end)
        return f"{start:%m-%d %H:%M}-{end:%H:%M}"

    @admin.display(description=gettext_lazy("平台"))
    def platform(self, bucket: LedgerBucket) -> SafeString | str:
        return platform_cell(bucket)

    @admin.display(description=gettext_lazy("指挥塔"))
    def tower(self, bucket: LedgerBucket) -> SafeString | str:
        if not bucket.ways:
            return str(bucket.orders)
        ways = "，".join(f"{name} {count}" for name, count in way_list(bucket))
        return format_html('{} <span class="tower-quiet">{}</span>', bucket.orders, ways)

    @admin.display(description=gettext_lazy("待处理报文"))
    def parked_shown(self, bucket: LedgerBucket) -> SafeString | str:
        if not bucket.parked:
            return "-"
        page = reverse("admin:integrations_receipt_changelist")
        return format_html('<a class="tower-link" href="{}">{}</a>', page, len(bucket.parked))

    @admin.display(description=gettext_lazy("有原因"))
    def reasoned(self, bucket: LedgerBucket) -> SafeString | str:
        told = bucket.counts("any")
        if not told.get("reasoned"):
            return "-"
        why = "，".join(f"{name} {count}" for name, count in reason_list(told.get("reasons", {})))
        return format_html('<span title="{}">{}</span>', why, told["reasoned"])

    @admin.display(description=gettext_lazy("差异"))
    def gaps_shown(self, bucket: LedgerBucket) -> SafeString | str:
        if bucket.gap_count:
            return words.badge(bucket.gap_count, "red")
        return words.badge(_("平"), "green") if bucket.closed_at else "-"

    @admin.display(description=gettext_lazy("核对"))
    def looked(self, bucket: LedgerBucket) -> SafeString | str:
        return words.ago(bucket.looked_at)


def _shown(gap: LedgerGap) -> dict[str, Any]:
    return {
        "gap": gap,
        "hop": Hop(gap.hop).label,
        "cure": CURES.get(gap.cure, gap.cure),
        "can_read": gap.hop == Hop.PLATFORM and gap.closed_at is None,
    }


@admin.register(LedgerGrace)
class LedgerGraceAdmin(TowerAdmin):
    """对账时限: how long each hop may take; what is empty has its usual time."""

    list_display = ("company", "shop", "warehouse", "erp", "wms", "printed", "handed_over", "picked_up")
    list_select_related = ("company", "shop", "warehouse")
    ordering = ("company", "pk")
    sortable_by = ()
    fields = ("company", "shop", "warehouse", "erp", "wms", "printed", "handed_over", "picked_up")
