"""Alerts that went out, and the rules that sent them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from alerts import intake
from alerts.models import Alert, Rule
from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, WithHistory, column
from orders.admin.registers import order_link
from orders.selectors.timeline import VERBS

LEVELS: dict[str, tuple[Any, str]] = {
    "critical": (_("紧急"), "red"),
    "warning": (_("注意"), "amber"),
    "info": (_("知会"), "blue"),
}


def level_badge(level: str) -> SafeString:
    return words.badge(*LEVELS.get(level, (level, "grey")))


class LevelFilter(SimpleListFilter):
    title = _("级别")
    parameter_name = "level"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(level, label) for level, (label, _tone) in LEVELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        return queryset.filter(level=self.value()) if self.value() in LEVELS else queryset


@admin.register(Alert)
class AlertAdmin(ReadOnly, TowerAdmin):
    list_display = ("at", "level_shown", "title", "order_shown", "rule_shown", "delivered")
    rule_shown = column("rule", _("规则"))
    list_select_related = ("order", "rule")
    list_filter = (LevelFilter,)
    ordering = ("-id",)
    sortable_by = ()
    fields = readonly_fields = ("title", "level_shown", "order_shown", "rule_shown", "lines_shown", "delivered_at")

    @admin.display(description=_("时间"))
    def at(self, alert: Alert) -> SafeString | str:
        return words.ago(alert.created_at)

    @admin.display(description=_("级别"))
    def level_shown(self, alert: Alert) -> SafeString:
        return level_badge(alert.level)

    @admin.display(description=_("订单"))
    def order_shown(self, alert: Alert) -> SafeString | str:
        return order_link(alert.order)

    @admin.display(description=_("内容"))
    def lines_shown(self, alert: Alert) -> SafeString:
        return format_html_join("", "{}<br>", ((line,) for line in alert.lines))

    @admin.display(description=_("送达"))
    def delivered(self, alert: Alert) -> SafeString | str:
        return words.ago(alert.delivered_at) if alert.delivered_at else words.badge(_("未送达"), "amber")


@admin.register(Rule)
class RuleAdmin(TowerAdmin, WithHistory):
    list_display = ("name", "verb_shown", "hold_reason", "role", "level_shown", "mode", "company")
    list_select_related = ("company",)
    list_filter = ("mode", "role")
    ordering = ("company", "name")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        choices = {
            "verb": [(verb, str(label)) for verb, label in VERBS.items() if verb in intake.VERBS],
            "level": [(level, str(label)) for level, (label, _tone) in LEVELS.items()],
        }.get(db_field.name)
        if choices and field is not None:
            field.widget = UnfoldAdminSelectWidget(choices=choices)
        return field

    @admin.display(description=_("事件"))
    def verb_shown(self, rule: Rule) -> str:
        return str(VERBS.get(rule.verb, rule.verb))

    @admin.display(description=_("级别"))
    def level_shown(self, rule: Rule) -> SafeString:
        return level_badge(rule.level)
