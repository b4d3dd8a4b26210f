"""对外任务: what must reach somebody else's server, the failed ones first, each with a second chance."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import replaying
from integrations.admin.receipts import insist_on_work, may_work
from integrations.models import Job
from orders.admin import words
from orders.admin.base import DefaultStateFilter, by_person, column
from orders.admin.registers import Register
from orders.models import Order

KINDS: dict[str, Any] = {
    "release_order": gettext_lazy("自动推送仓库"),
    "request_waybill": gettext_lazy("申请面单号"),
    "fetch_order": gettext_lazy("重新读取订单"),
    "issue_waybill": gettext_lazy("取面单号"),
    "cancel_waybill": gettext_lazy("回收面单号"),
    "deliver_parcel": gettext_lazy("下发到仓库"),
    "cancel_delivery": gettext_lazy("取消出库单"),
    "pend_parcel": gettext_lazy("通知仓库暂停"),
    "restore_parcel": gettext_lazy("通知仓库恢复"),
    "tell_platform": gettext_lazy("回传运单号"),
    "send_alert": gettext_lazy("发送告警"),
    "ask_courier": gettext_lazy("查询快递轨迹"),
    "stop_at_warehouse": gettext_lazy("请仓库先停"),
    "tell_system": gettext_lazy("通知 ERP/仓库"),
    "answer_platform": gettext_lazy("答复平台"),
    "follow_parcel": gettext_lazy("跟踪包裹"),
    "follow_delivery": gettext_lazy("跟踪出库单"),
    "intercept_parcel": gettext_lazy("快递拦截"),
    "refresh_token": gettext_lazy("续期授权"),
    "backfill": gettext_lazy("补读"),
    "pass_report": gettext_lazy("转交仓库回传"),
    "settle_passage": gettext_lazy("核实转单结果"),
    "note_cancel": gettext_lazy("核实转单结果"),
    "ledger_numbers": gettext_lazy("对账读取平台单号"),
}


class StateFilter(DefaultStateFilter):
    """The failed ones by default, by their own index."""

    states, default = Job.State, Job.State.FAILED


@admin.register(Job)
class JobAdmin(Register):
    order_path = "order_id"
    list_display = ("kind_shown", "state_shown", "place", "error", "attempts", "made", "next_try")
    place = column("connection", gettext_lazy("连接"))
    list_select_related = ("connection",)
    list_filter = (StateFilter, "lane")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return replaying.own_jobs(request.user)

    def get_urls(self) -> list[URLPattern]:
        retry = path("<int:job_id>/retry/", self.admin_site.admin_view(self.retry_view), name="integrations_job_retry")
        return [retry, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job: Job = self.own_row(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": kind_words(job),
            "opts": self.opts,
            "job": job,
            "order": Order.objects.filter(pk=job.order_id).first() if job.order_id else None,
            "tries": job.tries.order_by("-number")[:50],
            "may_retry": may_work(request) and job.state == Job.State.FAILED,
        }
        return TemplateResponse(request, "tower/job.html", context)

    def retry_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        job: Job = self.own_row(request, job_id)
        insist_on_work(request)
        if replaying.retry_jobs([job.pk], user=request.user, cause=by_person(request)):
            messages.success(request, _("已安排重新执行"))
        else:
            messages.error(request, _("只有失败的任务可以重新执行"))
        return HttpResponseRedirect(reverse("admin:integrations_job_change", args=[job.pk]))

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("类型"))
    def kind_shown(self, job: Job) -> str:
        return kind_words(job)

    @admin.display(description=gettext_lazy("创建"))
    def made(self, job: Job) -> SafeString | str:
        return words.ago(job.created_at)

    @admin.display(description=gettext_lazy("下次执行"))
    def next_try(self, job: Job) -> SafeString | str:
        return words.ago(job.not_before) if job.state == Job.State.READY else "-"


def kind_words(job: Job) -> str:
    return str(KINDS.get(job.kind, job.kind))
