"""改址 · 拦截申请 · 售后单: what customers ask of orders under way; two of them are answered, here or at the order."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.admin import words
from orders.admin.acts import tell
from orders.admin.base import DefaultStateFilter, by_person, column, person_of
from orders.admin.order_page import SYSTEMS, asked_of
from orders.admin.registers import Register
from orders.lifecycle import MOVE_LABELS, Move
from orders.models import AddressChange, AfterSale, InterceptRequest
from orders.models.address import Case
from orders.services import cases
from orders.services.policies import Standing


class AnswerForm(forms.Form):
    """A no without its reason helps neither the customer nor the platform."""

    answer = forms.ChoiceField(choices=[("accept", ""), ("refuse", "")])
    reason = forms.CharField(max_length=500, required=False, strip=True)
    version = forms.IntegerField(min_value=0, required=False)
    # Where the button stood.
    back = forms.ChoiceField(choices=[("order", ""), ("case", "")], required=False)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("answer") == "refuse" and not said.get("reason"):
            self.add_error("reason", _("拒绝要写明原因"))
        return said


class CaseFilter(DefaultStateFilter):
    states, default = Case.State, Case.State.OPEN


class CaseAdmin(Register):
    """One kind of case. `kind` is its name for the service."""

    kind = ""
    company_path = "order__company"
    list_display = (
        "asked", "order_shown", "state_shown", "due", "channel_shown", "answered", "answered_by", "page_shown",
    )  # fmt: skip
    list_display_links = ("asked",)
    list_select_related = ("order__shop", "entered_by")
    list_filter = (CaseFilter,)
    asked = column("asked_at", gettext_lazy("申请时间"))
    answered_by = column("entered_by", gettext_lazy("答复人"))

    def get_urls(self) -> list[URLPattern]:
        answer = path(
            "<int:case_id>/answer/",
            self.admin_site.admin_view(self.answer_view),
            name=f"orders_{self.opts.model_name}_answer",
        )
        return [answer, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        case: Any = self.own_row(request, object_id)
        order = case.order
        standing = Standing.of(person_of(request).pk, order.company_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{self.opts.verbose_name} {order.platform_order_id}",
            "opts": self.opts,
            "order": order,
            "item": asked_of(case, order, standing),
            "back": "case",
        }
        return TemplateResponse(request, "tower/case.html", context)

    def answer_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        """The seller's yes or no; who may is the service's to say. A job carries it to the platform."""
        case: Any = self.own_row(request, case_id)
        if request.method != "POST":
            raise Http404
        form = AnswerForm(request.POST)
        good = form.is_valid()
        said = form.cleaned_data
        page = self._page_of(case)
        if said.get("back") == "order" and request.user.has_perm("orders.view_order"):
            page = reverse("admin:orders_order_change", args=[case.order_id])
        if not good:
            wrong = "；".join(str(text) for errors in form.errors.values() for text in errors)
            messages.error(request, _("没有执行：%(wrong)s") % {"wrong": wrong})
            return HttpResponseRedirect(page)
        outcome = cases.answer_request(
            self.kind,
            case.pk,
            accepted=said["answer"] == "accept",
            reason=said["reason"],
            cause=by_person(request),
            version=said["version"],
        )
        tell(request, str(MOVE_LABELS[Move.ANSWER]), outcome)
        return HttpResponseRedirect(page)

    def _page_of(self, case: Case) -> str:
        return reverse(f"admin:orders_{self.opts.model_name}_change", args=[case.pk])

    # Columns ----------------------------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("期限"))
    def due(self, case: Case) -> SafeString | str:
        return words.deadline(case.deadline) if case.state == Case.State.OPEN else words.ago(case.deadline)

    @admin.display(description=gettext_lazy("处理"))
    def page_shown(self, case: Case) -> SafeString:
        waits = case.state == Case.State.OPEN and not case.act
        text = _("去答复") if waits else _("查看")
        return format_html('<a class="tower-link" href="{}">{}</a>', self._page_of(case), text)

    @admin.display(description=gettext_lazy("渠道"))
    def channel_shown(self, case: Case) -> str:
        return str(SYSTEMS.get(case.channel, case.channel))

    @admin.display(description=gettext_lazy("答复"))
    def answered(self, case: Case) -> str:
        return str(words.ANSWERS.get(case.act, case.act)) or "-"


@admin.register(AddressChange)
class AddressChangeAdmin(CaseAdmin):
    kind = "address"


@admin.register(InterceptRequest)
class InterceptRequestAdmin(CaseAdmin):
    kind = "intercept"


class AfterSaleFilter(DefaultStateFilter):
    states, default = AfterSale.State, AfterSale.State.OPEN


@admin.register(AfterSale)
class AfterSaleAdmin(Register):
    company_path = "order__company"
    list_display = ("refund_id", "kind", "state_shown", "order_shown", "amount_shown", "asked", "due")
    list_select_related = ("order",)
    list_filter = (AfterSaleFilter, "kind")
    fields = readonly_fields = (
        "order_shown", "line_shown", "refund_id", "kind", "state_shown", "amount_shown", "asked", "newest", "due",
        "reship_shown",
    )  # fmt: skip
    asked = column("requested_at", gettext_lazy("申请时间"))
    newest = column("source_at", gettext_lazy("最近变化"))
    line_shown = column("line", gettext_lazy("商品"))
    reship_shown = column("reship", gettext_lazy("补发包裹"))

    @admin.display(description=gettext_lazy("金额"))
    def amount_shown(self, sale: AfterSale) -> str:
        return words.yuan(sale.amount)

    @admin.display(description=gettext_lazy("平台期限"))
    def due(self, sale: AfterSale) -> SafeString | str:
        return words.deadline(sale.answer_by) if sale.state == AfterSale.State.OPEN else words.ago(sale.answer_by)
