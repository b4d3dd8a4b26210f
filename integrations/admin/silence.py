"""静默监测: how every edge does against its rhythm; and 大促日历, which says when it may be busier."""

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.models import Edge, Promotion
from integrations.silence.rhythm import HOURS, Rhythm
from orders import clock
from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin

DAYS = (
    gettext_lazy("周一"), gettext_lazy("周二"), gettext_lazy("周三"), gettext_lazy("周四"), gettext_lazy("周五"),
    gettext_lazy("周六"), gettext_lazy("周日"),
)  # fmt: skip


@admin.register(Edge)
class EdgeAdmin(ReadOnly, TowerAdmin):
    list_display = ("name", "kind_shown", "state_shown", "last", "usual_now", "expected_shown", "learned")
    list_select_related = ("connection",)
    list_filter = ("kind",)
    search_fields = ("name",)
    # The silent ones first, whatever a database thinks of nothing.
    ordering = (F("silent_since").desc(nulls_last=True), "kind", "name")
    sortable_by = ()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        edge: Edge | None = self.get_object(request, object_id)
        if edge is None or not self.has_view_permission(request, edge):
            return super().change_view(request, object_id, form_url, extra_context)
        rhythm = Rhythm.from_json(edge.rhythm)
        context = {
            **self.admin_site.each_context(request),
            "title": edge.name,
            "opts": self.opts,
            "edge": edge,
            "state": self.state_shown(edge),
            "rhythm": _table(rhythm) if rhythm else [],
            "hours": range(24),
            "usual": self.usual_now(edge),
        }
        return TemplateResponse(request, "tower/edge.html", context)

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("类型"))
    def kind_shown(self, edge: Edge) -> str:
        return str(Edge.Kind(edge.kind).label)

    @admin.display(description=gettext_lazy("状况"))
    def state_shown(self, edge: Edge) -> SafeString:
        if edge.silent_since is not None:
            return words.badge(_("静默"), "red", title=words.exact(edge.silent_since))
        if not edge.rhythm:
            return words.badge(_("学习中"), "grey")
        return words.badge(_("正常"), "green")

    @admin.display(description=gettext_lazy("最近消息"))
    def last(self, edge: Edge) -> SafeString | str:
        return words.ago(edge.last_at)

    @admin.display(description=gettext_lazy("平时此刻(每分钟)"))
    def usual_now(self, edge: Edge) -> str:
        rhythm = Rhythm.from_json(edge.rhythm)
        return f"{rhythm.rate(clock.now()):.1f}" if rhythm else _("未知")

    @admin.display(description=gettext_lazy("最近消息之后应有"))
    def expected_shown(self, edge: Edge) -> str:
        return _("未知") if edge.expected is None else f"{edge.expected:.1f}"

    @admin.display(description=gettext_lazy("学习"))
    def learned(self, edge: Edge) -> SafeString | str:
        return words.ago(edge.learned_at)


def _table(rhythm: Rhythm) -> list[tuple[Any, list[str]]]:
    """A row for each day of the week, a cell for each hour: messages an hour."""
    cells = [f"{mean * 60:.0f}" for mean in rhythm.means]
    return [(day, cells[place : place + 24]) for day, place in zip(DAYS, range(0, HOURS, 24), strict=True)]


@admin.register(Promotion)
class PromotionAdmin(TowerAdmin):
    list_display = ("name", "company", "start", "end", "factor")
    list_select_related = ("company",)
    ordering = ("-start",)
    sortable_by = ()
    fields = ("company", "name", "start", "end", "factor")
