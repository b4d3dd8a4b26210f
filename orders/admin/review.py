"""复核队列: open holds, the most urgent first, each decided in one click and a reason."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orders import clock
from orders.admin.acts import tell
from orders.admin.base import by_person, person_of
from orders.admin.evidence import readable
from orders.admin.order_page import role_names
from orders.lifecycle import MOVE_LABELS, Move
from orders.models import Hold
from orders.selectors import review
from orders.selectors.scope import within
from orders.services import holds
from orders.services.allowed import Standing

# Words that most decisions need; a person may write their own.
COMMON_REASONS = (
    gettext_lazy("已核实，面单未出纸"),
    gettext_lazy("已找回多余的面单并销毁"),
    gettext_lazy("已与买家确认"),
    gettext_lazy("退款已撤销"),
    gettext_lazy("商品已对应"),
    gettext_lazy("确实重复，已处理"),
)


class DecisionForm(forms.Form):
    act = forms.ChoiceField(choices=[("lift", gettext_lazy("解封")), ("confirm", gettext_lazy("确认异常"))])
    reason = forms.CharField(max_length=500, strip=True, label=gettext_lazy("原因"))
    outcome = forms.ChoiceField(choices=Hold.Outcome.choices, required=False)


@require_safe
def queue(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    if not request.user.has_perm("orders.view_hold"):
        raise PermissionDenied
    reason = request.GET.get("reason", "")
    found = review.open_holds(request.user, now=clock.now(), reason=reason)
    standings: dict[int, Standing] = {}
    context = {
        **site_context,
        "title": _("复核队列"),
        "items": [_item(request, hold, standings) for hold in found[: review.PAGE]],
        "more": len(found) > review.PAGE,
        "page": review.PAGE,
        "reasons": review.open_by_reason(request.user),
        "chosen": reason,
        "common_reasons": COMMON_REASONS,
        "now": clock.now(),
    }
    return TemplateResponse(request, "tower/review.html", context)


@require_POST
def decide(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Lift or confirm one hold; who may is the service's to say, four eyes too."""
    if not request.user.has_perm("orders.view_hold"):
        raise PermissionDenied
    hold = within(Hold.objects.filter(pk=hold_id), request.user, "order__company").first()
    if hold is None:
        raise Http404
    back = reverse("admin:review")
    if chosen := request.POST.get("chosen", ""):
        back = f"{back}?{urlencode({'reason': chosen})}"
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请填写原因后再处理"))
        return HttpResponseRedirect(f"{back}#hold-{hold.pk}")
    said = form.cleaned_data
    cause = by_person(request)
    if said["act"] == "lift":
        outcome = holds.lift(
            hold.pk, reason=said["reason"], cause=cause, outcome=said["outcome"] or Hold.Outcome.FALSE_ALARM
        )
    else:
        outcome = holds.confirm(hold.pk, reason=said["reason"], cause=cause)
    tell(request, str(MOVE_LABELS[Move(said["act"])]), outcome)
    return HttpResponseRedirect(back)


def _item(request: HttpRequest, hold: Hold, standings: dict[int, Standing]) -> dict[str, Any]:
    """One hold with its evidence and whether this person may decide it. Two queries per company, not per hold."""
    company_id, me = hold.order.company_id, person_of(request).pk
    if company_id not in standings:
        standings[company_id] = Standing.of(me, company_id)
    standing = standings[company_id]
    order = hold.order
    warehouse_id = (hold.parcel.warehouse_id if hold.parcel else None) or order.warehouse_id or order.shop.warehouse_id
    policy = standing.policy("hold", Move.LIFT, warehouse_id)
    return {
        "hold": hold,
        "order": order,
        "evidence": readable(hold.evidence),
        "permitted": bool(standing.roles(warehouse_id) & policy.roles),
        "helpers": role_names(policy.roles),
        "barred": hold.four_eyes and me in (hold.first_by_id, hold.caused_by_id),
        "confirmed": hold.outcome == Hold.Outcome.CONFIRMED,
    }
