"""仓库库存: what warehouse systems say they have, beside what the tower believes. Looked at only."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integrations.models import StockClaim
from orders.admin.base import ReadOnly, TowerAdmin, column
from orders.models import Stock


@admin.register(StockClaim)
class StockClaimAdmin(ReadOnly, TowerAdmin):
    company_path = "connection__company"
    list_display = ("code", "grade", "connection", "place", "total_shown", "locked", "ours", "counted_ago", "said_ago")
    list_select_related = ("connection",)
    list_filter = ("grade",)
    search_fields = ("code",)
    search_help_text = _("货品编码")
    ordering = ("code", "id")
    sortable_by = ()
    fields = readonly_fields = (
        "code", "grade", "connection", "place", "total_shown", "ours", "counted", "locked", "counted_at", "changed",
        "said_at", "received_at",
    )  # fmt: skip
    counted_ago = column("counted_at", _("盘点时间"))
    said_ago = column("said_at", _("最近时间"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockClaim]:
        mine = Stock.objects.filter(
            warehouse=OuterRef("connection__warehouse"),
            goods__company=OuterRef("connection__company"),
            goods__code=OuterRef("code"),
        )
        return super().get_queryset(request).annotate(on_hand=Subquery(mine.values("on_hand")[:1]))

    @admin.display(description=_("仓库系统"))
    def total_shown(self, claim: StockClaim) -> Any:
        return "-" if claim.total is None else claim.total

    @admin.display(description=_("指挥塔"))
    def ours(self, claim: Any) -> Any:
        return "-" if claim.on_hand is None else claim.on_hand
