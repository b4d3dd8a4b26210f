"""字段映射: how a source without a connector is described, tried on a sample, tried on the source, and saved.

Sample and trial store nothing. A saved mapping is one revision more and leaves an event with the names of what changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import budget
from integrations.admin.connection_form import known_adapter
from integrations.admin.mapping_form import MappingForm, initial_of
from integrations.errors import OutsideError, Unreadable
from integrations.feeds import kept, paths, preferences, reading
from integrations.feeds.connector import FeedAdapter
from integrations.feeds.plan import Plan
from integrations.models import Connection, Trouble
from orders import clock
from orders.admin import words
from orders.admin.base import by_person
from orders.services.company_trail import lock_company, note_company_event
from orders.vocabulary import OrderSnapshot, PrintReport, WarehouseReport

MOST_SHOWN = 20
MOST_ITEMS = 10


@dataclass
class Shown:
    """One record as it would be recorded, or why it would not be."""

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    error: str = ""


@dataclass
class Preview:
    """What a sample or a trial gives under a mapping."""

    found: int = 0
    good: int = 0
    records: list[Shown] = field(default_factory=list)
    unlisted: dict[str, int] = field(default_factory=dict)
    leaves: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


class FeedPages:
    """For the connection's admin: one page more where its adapter is described by a mapping."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "<int:connection_id>/mapping/",
            self.admin_site.admin_view(self.mapping_view),
            name="integrations_connection_mapping",
        )
        return [page, *super().get_urls()]  # type: ignore[misc]

    @staticmethod
    def is_feed(connection: Connection | None) -> bool:
        return connection is not None and isinstance(known_adapter(connection.adapter), FeedAdapter)

    def mapping_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = self._own_feed(request, connection_id)
        adapter = cast(FeedAdapter, known_adapter(connection.adapter))
        stored = connection.settings.get("mapping") or {}
        if request.method != "POST":
            form = MappingForm(adapter.shape, initial=initial_of(stored, adapter.shape))
            return self._page(request, connection, form, None)
        form = MappingForm(adapter.shape, request.POST, request.FILES)
        good, wish = form.is_valid(), request.POST.get("do", "preview")
        preview = None
        if wish == "save" and good and self._save(request, connection, form):
            messages.success(request, _("字段映射已保存"))
            return HttpResponseRedirect(_address(connection))
        if wish == "try" and good and form.plan is not None:
            preview = tried(connection, adapter, form.mapping(), form.plan)
        elif wish == "preview":
            preview = sampled(connection, adapter, form)
        return self._page(request, connection, form, preview)

    @staticmethod
    def _save(request: HttpRequest, connection: Connection, form: MappingForm) -> bool:
        """False, with a word on the form, where somebody else has saved in between."""
        with transaction.atomic():
            company = lock_company(connection.company_id)
            row = Connection.objects.select_for_update().get(pk=connection.pk)
            before = row.settings.get("mapping") or {}
            mapping = form.mapping()
            if int(before.get("revision") or 0) != mapping["revision"]:
                form.add_error(None, _("已被他人修改，请刷新"))
                return False
            mapping["revision"] += 1
            row.settings = {**row.settings, "mapping": mapping}
            # Everything may be read again by the new mapping: what it does not change has no second effect.
            row.save(update_fields=["settings"])
            changed = sorted(name for name in {*before, *mapping} if before.get(name) != mapping.get(name))
            note_company_event(
                company,
                "connection_changed",
                cause=by_person(request),
                key=f"connection:{row.pk}",
                facts={"connection": row.pk, "adapter": row.adapter, "fields": [f"mapping.{name}" for name in changed]},
            )
            open_ones = Trouble.objects.filter(
                connection=row, kind=Trouble.Kind.UNLISTED, closed_at__isnull=True, company=company
            )
            # What is still not listed opens again with the next message.
            open_ones.update(closed_at=clock.now())
        return True

    def _own_feed(self, request: HttpRequest, connection_id: int) -> Connection:
        connection: Connection | None = self.get_object(request, str(connection_id))  # type: ignore[attr-defined]
        if connection is None or not self.is_feed(connection):
            raise Http404
        if not self.has_change_permission(request, connection):  # type: ignore[attr-defined]
            raise PermissionDenied
        return connection

    def _page(
        self, request: HttpRequest, connection: Connection, form: MappingForm, preview: Preview | None
    ) -> HttpResponse:
        adapter = cast(FeedAdapter, known_adapter(connection.adapter))
        context = {
            **self.admin_site.each_context(request),
            "title": _("字段映射 · %(name)s") % {"name": connection.name},
            "opts": self.opts,
            "connection": connection,
            "form": form,
            "preview": preview,
            "can_try": adapter.can("poll", connection.settings),
            "folder": _watched(connection, adapter),
        }
        response = TemplateResponse(request, "tower/mapping.html", context)
        # The sample may hold people's names and addresses.
        response.headers["Cache-Control"] = "no-store"
        return response

    def mapping_link(self, connection: Connection) -> SafeString | str:
        if not connection.pk or not self.is_feed(connection):
            return "-"
        text = _("编辑字段映射") if connection.settings.get("mapping") else _("还没有映射，现在设置")
        return format_html('<a class="tower-link" href="{}">{}</a>', _address(connection), text)

    mapping_link.short_description = gettext_lazy("字段映射")  # type: ignore[attr-defined]


def sampled(connection: Connection, adapter: FeedAdapter, form: MappingForm) -> Preview:
    """What the pasted text or the chosen file gives; its paths too, where the mapping is not good yet."""
    file = form.cleaned_data.get("file")
    body = file.read() if file else str(form.cleaned_data.get("sample") or "").encode(errors="replace")
    preview = Preview()
    if not body.strip():
        preview.error = _("先粘贴一份样例，或选择文件")
        return preview
    try:
        wishes = preferences.understood(connection.settings)
        header_row = form.cleaned_data.get("header_row") or 1
        # A pasted text is UTF-8, whatever the source writes.
        encoding = wishes.encoding if file else "utf-8"
        document = reading.read(body, format=wishes.format, encoding=encoding, header_row=header_row)
        preview.leaves = paths.leaves(document.content[0] if document.table and document.content else document.content)
        if document.table:
            preview.leaves = [(name.removeprefix("$."), text) for name, text in preview.leaves]
        if form.plan is not None:
            records = reading.records(document, form.plan.records, form.plan.grouping)
            _fill(preview, adapter, records, form.plan)
    except (Unreadable, preferences.WrongSetting) as error:
        preview.error = str(error)
    return preview


def tried(connection: Connection, adapter: FeedAdapter, mapping: dict[str, Any], plan: Plan) -> Preview:
    """Read once from the source itself, by the mapping as it stands in the form; nothing is stored or remembered."""
    preview = Preview()
    opened = Connection.objects.get(pk=connection.pk)
    opened.settings = {**opened.settings, "mapping": mapping}
    try:
        with budget.spending_for(connection):
            found = adapter.trial(opened.open(clock.now()))
        records = [kept.opened(message.body)["record"] for message in found if message.kind == plan.shape.name]
        _fill(preview, adapter, records, plan)
        for message in found:
            if message.kind != plan.shape.name:
                preview.found += 1
                preview.records.append(Shown(title=_("整份文件"), error=_reason(adapter, message, opened.settings)))
    except (OutsideError, Unreadable) as error:
        preview.error = str(error)
    return preview


def _reason(adapter: FeedAdapter, message: Any, settings: dict[str, Any]) -> str:
    try:
        adapter.parse_kept(message, settings=settings, at=clock.now())
    except Unreadable as error:
        return str(error)
    return ""


def _fill(preview: Preview, adapter: FeedAdapter, records: Sequence[Any], plan: Plan) -> None:
    preview.found = len(records)
    for record in records:
        understood = adapter.understand(record, plan, at=clock.now())
        preview.good += not understood.error
        for label, value in understood.doubts:
            text = f"{label}：{value}"
            preview.unlisted[text] = preview.unlisted.get(text, 0) + 1
        if len(preview.records) < MOST_SHOWN:
            subject = kept.subject_of(record, plan)
            preview.records.append(
                Shown(title=subject or "?", error=understood.error)
                if understood.error
                else _shown(subject, [said.snapshot for said in understood.says])
            )


def _shown(subject: str, snapshots: Sequence[Any]) -> Shown:
    shown = Shown(title=subject)
    for snapshot in snapshots:
        if isinstance(snapshot, OrderSnapshot):
            _show_order(shown, snapshot)
        elif isinstance(snapshot, WarehouseReport):
            _show_report(shown, snapshot)
        elif isinstance(snapshot, PrintReport):
            shown.items.append(_("已打印 %(waybill)s") % {"waybill": snapshot.waybill})
    shown.facts = [(label, value) for label, value in shown.facts if value]
    return shown


def _show_order(shown: Shown, order: OrderSnapshot) -> None:
    to = order.receiver
    shown.facts = [
        (_("状态"), f"{words.CLAIMS.get(order.status, order.status)}（{order.platform_status}）"),
        (_("下单时间"), words.exact(order.placed_at)),
        (_("付款时间"), words.exact(order.paid_at)),
        (_("修改时间"), words.exact(order.modified_at)),
        (_("金额"), f"¥{order.amount}"),
        (_("收件人"), f"{to.name} {to.phone}".strip()),
        (_("地址"), "".join((to.province, to.city, to.district, to.town, to.address))),
        (_("买家留言"), order.buyer_note),
        (_("卖家备注"), order.seller_note),
        (_("标记"), "、".join(sorted(order.flags))),
        (_("退款"), "、".join(f"{refund.refund_id} {refund.status}" for refund in order.refunds)),
    ]
    shown.items += [f"{line.sku} × {line.quantity} ¥{line.price} {line.title}" for line in order.lines[:MOST_ITEMS]]


def _show_report(shown: Shown, report: WarehouseReport) -> None:
    shown.facts = [
        (_("状态"), f"{words.CLAIMS.get(report.stage, report.stage)}（{report.platform_status}）"),
        (_("时间"), words.exact(report.reported_at)),
        (_("单据"), "、".join(number for kind, number in report.documents if kind != "order")),
        (_("操作人"), report.operator),
        (_("说明"), report.note),
    ]
    shown.items += [
        f"{words.CARRIERS.get(parcel.carrier, parcel.carrier)} {parcel.waybill}"
        for parcel in report.parcels[:MOST_ITEMS]
    ]


def _watched(connection: Connection, adapter: FeedAdapter) -> str:
    try:
        return adapter.watched(connection.open(clock.now()))
    except OutsideError as error:
        return str(error)


def _address(connection: Connection) -> str:
    return reverse("admin:integrations_connection_mapping", args=[connection.pk])
