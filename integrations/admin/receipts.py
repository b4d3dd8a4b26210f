"""待处理报文: what came and could not be used yet, why, and a second try once the reason is gone."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import inbox, replaying
from integrations.models import Connection, Receipt
from orders import sealing
from orders.admin import words
from orders.admin.base import DefaultStateFilter, OwnFilter, ReadOnly, TowerAdmin, by_person, column
from orders.services.company_trail import lock_company, note_company_event

WAITING_FOR_PEOPLE = (Receipt.State.PARKED, Receipt.State.WAITING)
LONGEST_SHOWN = 200_000


class StateFilter(DefaultStateFilter):
    states = Receipt.State
    default_label = gettext_lazy("待处理与等待订单")

    def by_default(self, queryset: QuerySet[Receipt]) -> QuerySet[Receipt]:
        """Each by its own partial index: there are few of them among millions."""
        parked, waiting = (Receipt.objects.filter(state=state).values("pk") for state in WAITING_FOR_PEOPLE)
        return queryset.filter(Q(pk__in=parked) | Q(pk__in=waiting))


class ConnectionFilter(OwnFilter):
    title = gettext_lazy("连接")
    parameter_name = "connection"
    model = Connection


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly, TowerAdmin):
    list_display = ("came", "kind", "subject", "state_shown", "reason", "size_shown", "tries")
    tries = column("attempts", gettext_lazy("次数"))
    list_filter = (StateFilter, ConnectionFilter)
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        return replaying.own_receipts(request.user)

    def get_urls(self) -> list[URLPattern]:
        def own(address: str, view: Any, name: str) -> URLPattern:
            return path(
                f"<int:receipt_id>/{address}/", self.admin_site.admin_view(view), name=f"integrations_receipt_{name}"
            )

        return [own("raw", self.raw_view, "raw"), own("replay", self.replay_view, "replay"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self._page(request, self.own_row(request, object_id), {})

    def raw_view(self, request: HttpRequest, receipt_id: int) -> HttpResponse:
        """The body in the clear: behind a right, asked for by POST, and left on the company's trail."""
        receipt: Receipt = self.own_row(request, receipt_id)
        if not request.user.has_perm("orders.see_raw_messages"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(_page_of(receipt))
        connection = Connection.objects.get(pk=receipt.connection_id)
        _leave_record(request, receipt, connection)
        try:
            body = inbox.open_receipt(receipt).decode("utf-8", errors="replace")
        except sealing.CannotOpen:
            messages.error(request, _("原始报文已按期销毁，无法再查看"))
            return HttpResponseRedirect(_page_of(receipt))
        return self._page(request, receipt, {"body": body[:LONGEST_SHOWN], "cut": len(body) > LONGEST_SHOWN})

    def replay_view(self, request: HttpRequest, receipt_id: int) -> HttpResponse:
        """Take the message again; its facts' own keys keep it from a second effect (law 2)."""
        receipt: Receipt = self.own_row(request, receipt_id)
        insist_on_work(request)
        taken = replaying.replay_receipts([receipt.pk], user=request.user, cause=by_person(request))
        # At once, so that the answer is on the next page.
        state = inbox.process(receipt.pk) if taken else ""
        if not state:
            messages.error(request, _("这条报文现在不需要重新处理"))
        elif state in (Receipt.State.DONE, Receipt.State.IGNORED):
            messages.success(request, _("重新处理成功：%(state)s") % {"state": Receipt.State(state).label})
        else:
            messages.warning(request, _("重新处理后仍未成功：%(state)s") % {"state": Receipt.State(state).label})
        return HttpResponseRedirect(_page_of(receipt))

    def _page(self, request: HttpRequest, receipt: Receipt, more: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{receipt.kind} {receipt.subject}",
            "opts": self.opts,
            "receipt": receipt,
            "connection": Connection.objects.filter(pk=receipt.connection_id).first(),
            "may_see": request.user.has_perm("orders.see_raw_messages"),
            "may_replay": may_work(request) and receipt.state in (*WAITING_FOR_PEOPLE, Receipt.State.IGNORED),
            **more,
        }
        response = TemplateResponse(request, "tower/receipt.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("收到时间"))
    def came(self, receipt: Receipt) -> SafeString | str:
        return words.ago(receipt.at)

    @admin.display(description=gettext_lazy("状态"))
    def state_shown(self, receipt: Receipt) -> SafeString:
        return words.state_badge(receipt)

    @admin.display(description=gettext_lazy("大小"))
    def size_shown(self, receipt: Receipt) -> str:
        return f"{receipt.size / 1024:.1f} KB"


def may_work(request: HttpRequest) -> bool:
    """Who may set connections up, or holds the right to read what came through them, may have it read again."""
    user = request.user
    return bool(user.has_perm("integrations.change_connection") or user.has_perm("orders.see_raw_messages"))


def insist_on_work(request: HttpRequest) -> None:
    """At the door behind a button: it was pressed, and by somebody who may."""
    if request.method != "POST":
        raise Http404
    if not may_work(request):
        raise PermissionDenied


def _page_of(receipt: Receipt) -> str:
    return reverse("admin:integrations_receipt_change", args=[receipt.pk])


def _leave_record(request: HttpRequest, receipt: Receipt, connection: Connection) -> None:
    """Seeing personal data leaves a record before it is shown (law 13)."""
    with transaction.atomic(durable=True):
        note_company_event(
            lock_company(connection.company_id),
            "raw_message_seen",
            cause=by_person(request),
            key=f"receipt:{receipt.pk}",
            facts={"receipt": receipt.pk, "connection": connection.pk, "kind": receipt.kind},
        )
