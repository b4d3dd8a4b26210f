"""转单: orders that an ERP handed to a warehouse through the tower, and what became of each. Looked at only."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integrations.models import Passage
from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, column

COLOURS = {
    Passage.State.CLAIMED: "blue",
    Passage.State.PASSED: "green",
    Passage.State.REFUSED: "amber",
    Passage.State.UNKNOWN: "red",
    Passage.State.CANCELLED: "grey",
}


@admin.register(Passage)
class PassageAdmin(ReadOnly, TowerAdmin):
    company_path = "connection__company"
    list_display = ("code", "connection", "state_shown", "orders_shown", "number", "answer", "claimed_ago")
    list_select_related = ("connection",)
    list_filter = ("state",)
    search_fields = ("code",)
    search_help_text = _("出库单号")
    ordering = ("-id",)
    sortable_by = ()
    fields = readonly_fields = (
        "code", "connection", "state_shown", "orders_shown", "number", "answer", "claimed_at", "ended_at",
    )  # fmt: skip
    claimed_ago = column("claimed_at", _("收到时间"))

    @admin.display(description=_("状态"))
    def state_shown(self, passage: Passage) -> SafeString:
        return words.badge(passage.get_state_display(), COLOURS[Passage.State(passage.state)])

    @admin.display(description=_("平台订单号"))
    def orders_shown(self, passage: Passage) -> Any:
        return "、".join(dict.fromkeys(str(line[0]) for line in passage.lines)) or "-"
