"""状态不一致: where two systems cannot both be right, for how long, who likely is wrong, and what was tried."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy

from integrations.admin.troubles import level_badge
from integrations.models import Contradiction
from orders.admin import words
from orders.admin.base import DefaultStateFilter, column
from orders.admin.registers import Register
from orders.contradictions.table import BY_CODE

STANDING = (Contradiction.State.OPEN, Contradiction.State.CURING, Contradiction.State.ESCALATED)


class StateFilter(DefaultStateFilter):
    """What stands, by its own index; what is only watched is shown when somebody asks for it."""

    states = Contradiction.State
    default_label = gettext_lazy("未结束")

    def by_default(self, queryset: QuerySet[Contradiction]) -> QuerySet[Contradiction]:
        return queryset.filter(state__in=STANDING)


@admin.register(Contradiction)
class ContradictionAdmin(Register):
    list_display = (
        "what", "state_shown", "level_shown", "wrong", "order_shown", "detail", "age", "cure_shown", "tries"
    )  # fmt: skip
    list_display_links = ("what",)
    list_select_related = ("order",)
    list_filter = (StateFilter, "likely_wrong", "level")
    age = column("since", gettext_lazy("自"))
    fields = (
        "what", "why", "wrong", "order_shown", "subject", "detail", "waybill", "state_shown", "level_shown", "since",
        "opened_at", "cure_shown", "cure_at", "tries", "note", "proven_at", "closed_at",
    )  # fmt: skip
    readonly_fields = fields

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("状态不一致"))
    def what(self, row: Contradiction) -> str:
        return title_of(row)

    @admin.display(description=gettext_lazy("为什么"))
    def why(self, row: Contradiction) -> str:
        pair = BY_CODE.get(row.code)
        return (pair.why_en if in_english() else pair.why) if pair else "-"

    @admin.display(description=gettext_lazy("级别"))
    def level_shown(self, row: Contradiction) -> SafeString:
        return level_badge(row)

    @admin.display(description=gettext_lazy("多半不对的一方"))
    def wrong(self, row: Contradiction) -> str:
        return row.get_likely_wrong_display()

    @admin.display(description=gettext_lazy("处理办法"))
    def cure_shown(self, row: Contradiction) -> SafeString | str:
        if not row.cure:
            return "-"
        return format_html("{} {}", row.get_cure_display(), words.ago(row.cure_at))


def in_english() -> bool:
    return (get_language() or "").startswith("en")


def title_of(row: Contradiction) -> str:
    """In the words of the table; a pair that was taken out of it keeps its code."""
    pair = BY_CODE.get(row.code)
    return (pair.title_en if in_english() else pair.title) if pair else row.code


def standing_of(order_id: int) -> list[Contradiction]:
    """What stands about one order, for its page; the worst first."""
    rows = Contradiction.objects.filter(order=order_id, closed_at__isnull=True, state__in=STANDING)
    return sorted(rows, key=lambda row: (row.level != "critical", row.pk))
