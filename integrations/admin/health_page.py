"""对接健康: every connection with what is wrong, what failed there, and a second chance for one or for many."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from integrations import health, replaying
from integrations.admin.connection_form import known_adapter
from integrations.admin.jobs import kind_words
from integrations.admin.receipts import may_work
from integrations.models import Connection, Job, Receipt
from orders import clock
from orders.admin.base import by_person
from orders.selectors.scope import within

# Rows of each list; what is behind them comes up when these are done, or by "all of this connection".
SHOWN = 100


@require_safe
def page(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    if not request.user.has_perm("integrations.view_connection"):
        raise PermissionDenied
    healths = health.in_detail(request.user, now=clock.now())
    chosen = _chosen(request.GET.get("connection", ""), [row.connection for row in healths])
    receipts = _parked(request, chosen) if request.user.has_perm("integrations.view_receipt") else []
    jobs = _failed(request, chosen) if request.user.has_perm("integrations.view_job") else []
    names = {row.connection.pk: row.connection.name for row in healths}
    context = {
        **site_context,
        "title": _("对接健康"),
        "healths": [(row, known_adapter(row.connection.adapter)) for row in healths],
        "chosen": chosen,
        "receipts": [(row, names.get(row.connection_id, "")) for row in receipts[:SHOWN]],
        "more_receipts": len(receipts) > SHOWN,
        "jobs": [(row, kind_words(row)) for row in jobs[:SHOWN]],
        "more_jobs": len(jobs) > SHOWN,
        "shown": SHOWN,
        "most": replaying.MOST,
        "may_replay": may_work(request),
    }
    return TemplateResponse(request, "tower/health.html", context)


@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Read again and try again what was ticked; who and how many stays on the company's trail."""
    if not request.user.has_perm("integrations.view_connection") or not may_work(request):
        raise PermissionDenied
    chosen = within(Connection.objects.filter(pk__in=_numbers(request, "connection")), request.user).first()
    back = reverse("admin:health")
    if chosen is not None:
        back = f"{back}?{urlencode({'connection': chosen.pk})}"
    receipt_ids, job_ids, all_of = _numbers(request, "receipts"), _numbers(request, "jobs"), request.POST.get("all_of")
    if all_of == "receipts":
        receipt_ids = list(_parked_rows(request, chosen).values_list("pk", flat=True)[: replaying.MOST])
    elif all_of == "jobs":
        job_ids = list(_failed_rows(request, chosen).values_list("pk", flat=True)[: replaying.MOST])
    if not receipt_ids and not job_ids:
        messages.error(request, _("请先勾选要重新处理的记录"))
        return HttpResponseRedirect(back)
    cause = by_person(request)
    try:
        done = replaying.replay_receipts(receipt_ids, user=request.user, cause=cause)
        done += replaying.retry_jobs(job_ids, user=request.user, cause=cause)
    except replaying.TooMany as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已安排重新处理 %(count)d 条，几秒后刷新看结果") % {"count": done})
    return HttpResponseRedirect(back)


def _numbers(request: HttpRequest, name: str) -> list[int]:
    """Ids as a form sends them; whose rows they are, is the service's to see."""
    return [int(text) for text in request.POST.getlist(name) if text.isascii() and text.isdigit() and len(text) < 19]


def _chosen(text: str, connections: list[Connection]) -> Connection | None:
    return next((row for row in connections if str(row.pk) == text), None)


def _parked_rows(request: HttpRequest, chosen: Connection | None) -> QuerySet[Receipt]:
    rows = replaying.own_receipts(request.user).filter(state=Receipt.State.PARKED)
    return (rows.filter(connection_id=chosen.pk) if chosen else rows).order_by("-at")


def _failed_rows(request: HttpRequest, chosen: Connection | None) -> QuerySet[Job]:
    rows = replaying.own_jobs(request.user).filter(state=Job.State.FAILED)
    return (rows.filter(connection=chosen) if chosen else rows).order_by("-created_at")


def _parked(request: HttpRequest, chosen: Connection | None) -> list[Receipt]:
    return list(_parked_rows(request, chosen)[: SHOWN + 1])


def _failed(request: HttpRequest, chosen: Connection | None) -> list[Job]:
    return list(_failed_rows(request, chosen).select_related("connection")[: SHOWN + 1])
