"""The trail as it stands: every event with its facts and hashes, and the anchors. Nobody changes a letter of it."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import words
from orders.admin.base import ReadOnly, TowerAdmin, column
from orders.admin.registers import Register
from orders.models import Anchor, Event
from orders.selectors.timeline import entry_of


class ResultFilter(SimpleListFilter):
    title = _("结果")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Event.Result.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(result=self.value()) if self.value() in Event.Result.values else queryset


@admin.register(Event)
class EventAdmin(Register):
    company_path = "company_id"
    list_display = ("happened", "words_shown", "result_shown", "stream_shown", "number", "actor_shown", "reason")
    list_filter = (ResultFilter,)
    fields = readonly_fields = (
        "stream_shown", "number", "words_shown", "step_shown", "result_shown", "actor_shown", "role_shown", "cause",
        "reason", "facts_shown", "source_time", "at", "key_shown", "act", "hash_before", "own_hash",
    )  # fmt: skip
    happened = column("at", _("时间"))
    number = column("seq", _("序号"))
    source_time = column("source_at", _("来源时间"))
    key_shown = column("key", _("编号"))
    act = column("act_id", _("同一操作"))
    hash_before = column("prev_hash", _("上一条哈希"))
    own_hash = column("hash", _("本条哈希"))

    def of_orders(self, order_ids: set[int]) -> dict[str, Any]:
        return {"stream__in": [f"order:{pk}" for pk in order_ids]}

    @admin.display(description=_("对象"))
    def stream_shown(self, event: Event) -> SafeString | str:
        if event.order_id is None:
            return str(_("公司"))
        page = reverse("admin:orders_order_change", args=[event.order_id])
        return format_html('<a class="tower-link" href="{}">{} {}</a>', page, _("订单"), event.order_id)

    @admin.display(description=_("动作"))
    def words_shown(self, event: Event) -> str:
        return entry_of(event).words

    @admin.display(description=_("状态变化"))
    def step_shown(self, event: Event) -> str:
        return entry_of(event).step or "-"

    @admin.display(description=_("结果"))
    def result_shown(self, event: Event) -> SafeString:
        return words.badge(event.get_result_display(), words.TONES.get(event.result, "green"))

    @admin.display(description=_("由谁"))
    def actor_shown(self, event: Event) -> str:
        return event.actor_name or event.actor

    @admin.display(description=_("角色"))
    def role_shown(self, event: Event) -> str:
        return entry_of(event).roles or "-"

    @admin.display(description=_("内容"))
    def facts_shown(self, event: Event) -> SafeString:
        text = json.dumps(event.facts, ensure_ascii=False, indent=1, sort_keys=True)
        return format_html('<pre class="tower-raw">{}</pre>', text)


@admin.register(Anchor)
class AnchorAdmin(ReadOnly, TowerAdmin):
    list_display = ("number", "made", "many", "covered", "own_hash")
    ordering = ("-id",)
    sortable_by = ()
    fields = readonly_fields = ("number", "made", "many", "covered", "hash_before", "own_hash", "signed")
    number = column("seq", _("序号"))
    made = column("at", _("时间"))
    many = column("streams", _("对象数"))
    covered = column("events", _("事件数"))
    hash_before = column("prev_hash", _("上一条哈希"))
    own_hash = column("hash", _("本条哈希"))
    signed = column("signature", _("签名"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Anchor]:
        """Anchors belong to the whole install: they hold hashes alone."""
        return Anchor.objects.all()
