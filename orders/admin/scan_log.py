"""扫码记录: every scan of a worker, the refused ones too: who, when, where, what came of it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import words
from orders.admin.base import column
from orders.admin.registers import Register
from orders.models import Scan
from orders.selectors.order_page import person_name

ACTS: dict[str, Any] = {
    "look": _("查件"),
    "check": _("验货"),
    "pack": _("打包确认"),
    "print": _("打面单"),
    "ship": _("交接"),
}
VERDICTS: dict[str, tuple[Any, str]] = {
    "pass": (_("通过"), "green"),
    "attention": (_("注意"), "amber"),
    "wrong": (_("扫错"), "amber"),
    "stop": (_("停发"), "red"),
    "same": (_("重复"), "grey"),
}
LONGEST_CODE = 60


class WordFilter(SimpleListFilter):
    """One of a column's words."""

    words: dict[str, Any] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.words.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Scan]) -> QuerySet[Scan]:
        if self.value() not in self.words:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})


class VerdictFilter(WordFilter):
    title = _("结果")
    parameter_name = "verdict"
    words = {name: word for name, (word, _tone) in VERDICTS.items()}


class ActFilter(WordFilter):
    title = _("动作")
    parameter_name = "act"
    words = ACTS


@admin.register(Scan)
class ScanAdmin(Register):
    list_display = ("scanned", "who", "act_shown", "verdict_shown", "code_shown", "order_shown", "station", "reason")
    list_display_links = ("scanned",)
    list_select_related = ("order", "user")
    list_filter = (VerdictFilter, ActFilter)
    fields = readonly_fields = (
        "scanned", "received", "who", "act_shown", "verdict_shown", "reason", "code", "order_shown", "parcel_shown",
        "station", "device",
    )  # fmt: skip
    scanned = column("scanned_at", _("扫描时间"))
    received = column("received_at", _("收到时间"))
    parcel_shown = column("parcel", _("包裹"))

    @admin.display(description=_("人员"))
    def who(self, scan: Scan) -> str:
        return person_name(scan.user) if scan.user else "-"

    @admin.display(description=_("动作"))
    def act_shown(self, scan: Scan) -> str:
        return str(ACTS.get(scan.act, scan.act))

    @admin.display(description=_("结果"))
    def verdict_shown(self, scan: Scan) -> SafeString:
        word, tone = VERDICTS.get(scan.verdict, (scan.verdict, "grey"))
        return words.badge(word, tone)

    @admin.display(description=_("扫到"))
    def code_shown(self, scan: Scan) -> str:
        return scan.code if len(scan.code) <= LONGEST_CODE else f"{scan.code[:LONGEST_CODE]}…"
