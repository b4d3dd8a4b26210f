"""The buttons of an order's page: each posts here, one service is called, and its answer becomes a message.

Views of their own, not `save_model`: the service is the outermost transaction, so no door rolls a refusal back.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from orders.admin.base import by_person
from orders.lifecycle import MOVE_LABELS, ORDER_MOVES, PARCEL_MOVES, HoldReason, Move
from orders.models import Hold, Order
from orders.selectors.scope import within
from orders.services import holds, labels, move
from orders.services.decide import member_orders
from orders.services.outcome import Outcome


class ActForm(forms.Form):
    """What a button's form may carry. `version` is the order's version that the person saw."""

    version = forms.IntegerField(min_value=0)
    reason = forms.CharField(max_length=500, required=False, strip=True, label=gettext_lazy("原因"))
    parcel = forms.IntegerField(required=False)
    hold = forms.IntegerField(required=False)
    carrier = forms.CharField(max_length=20, required=False)
    station = forms.CharField(max_length=60, required=False)
    printer = forms.CharField(max_length=60, required=False)
    weight_grams = forms.IntegerField(min_value=0, max_value=1_000_000, required=False)
    hold_reason = forms.ChoiceField(choices=HoldReason.choices, required=False)
    outcome = forms.ChoiceField(choices=Hold.Outcome.choices, required=False)


@require_POST
def act(request: HttpRequest, order_id: int, subject: str, move: str) -> HttpResponse:
    """Carry out one act on an order of the person's companies and say what came of it."""
    if not request.user.has_perm("orders.view_order"):
        raise PermissionDenied
    order = within(Order.objects.filter(pk=order_id), request.user).first()
    perform = ACTS.get((subject, move))
    if order is None or perform is None:
        raise Http404
    back = HttpResponseRedirect(reverse("admin:orders_order_change", args=[order.pk]))
    form = ActForm(request.POST)
    if not form.is_valid():
        wrong = "；".join(str(text) for errors in form.errors.values() for text in errors)
        messages.error(request, _("没有执行：%(wrong)s") % {"wrong": wrong})
        return back
    said = form.cleaned_data
    _insist_that_it_is_the_orders(order, said)
    tell(request, str(MOVE_LABELS[Move(move)]), perform(request, order, said))
    return back


@require_POST
def report_print(request: HttpRequest, order_id: int, attempt_id: int, outcome: str) -> HttpResponse:
    """Somebody stands at the printer and says what came out of it."""
    if not request.user.has_perm("orders.view_order"):
        raise PermissionDenied
    order = within(Order.objects.filter(pk=order_id, print_attempts=attempt_id), request.user).first()
    if order is None:
        raise Http404
    tell(request, _("打印结果"), labels.print_result(attempt_id, outcome=outcome, cause=by_person(request)))
    return HttpResponseRedirect(reverse("admin:orders_order_change", args=[order.pk]))


def tell(request: HttpRequest, act_label: str, outcome: Outcome) -> None:
    """An Outcome in words: done, or refused with every reason. What is refused stays on the time line."""
    if outcome.ok:
        done = _("%(act)s：已完成") if outcome.code == "done" else _("%(act)s：之前已经做过，没有变化")
        messages.success(request, done % {"act": act_label})
    elif outcome.code == "stale":
        messages.error(request, _("%(act)s没有执行：已被他人修改，请核对刷新后的页面再操作") % {"act": act_label})
    else:
        messages.error(request, _("%(act)s被拒绝：%(detail)s") % {"act": act_label, "detail": outcome.detail})


def _insist_that_it_is_the_orders(order: Order, said: dict[str, Any]) -> None:
    if said["parcel"] is not None and order.pk not in member_orders(said["parcel"]):
        raise Http404
    if said["hold"] is not None and not Hold.objects.filter(pk=said["hold"], order=order).exists():
        raise Http404


def _seen(order: Order, said: dict[str, Any]) -> int | None:
    """A parcel act compares the version of its first member order; of a shared parcel's others it cannot."""
    first = min(member_orders(_parcel(said))) == order.pk
    return int(said["version"]) if first else None


def _move_order(name: str) -> Callable[..., Outcome]:
    def perform(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
        return move.move(order.pk, name, cause=by_person(request), version=said["version"], reason=said["reason"])

    return perform


def _move_parcel(name: str) -> Callable[..., Outcome]:
    def perform(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
        return move.move_parcel(
            _parcel(said),
            name,
            cause=by_person(request),
            version=_seen(order, said),
            reason=said["reason"],
            weight_grams=said["weight_grams"],
        )

    return perform


def _request_waybill(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
    return labels.request_waybill(
        _parcel(said),
        cause=by_person(request),
        carrier=said["carrier"],
        version=_seen(order, said),
        reason=said["reason"],
    )


def _request_print(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
    return labels.request_print(
        _parcel(said),
        cause=by_person(request),
        station=said["station"],
        printer=said["printer"],
        version=_seen(order, said),
        reason=said["reason"],
    )


def _place_hold(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
    return holds.place_hold(
        order.pk,
        reason=said["hold_reason"] or HoldReason.MANUAL,
        note=said["reason"],
        cause=by_person(request),
        parcel_id=said["parcel"],
        version=said["version"],
    )


def _lift(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
    return holds.lift(
        _hold(said),
        reason=said["reason"],
        cause=by_person(request),
        outcome=said["outcome"] or Hold.Outcome.FALSE_ALARM,
    )


def _confirm(request: HttpRequest, order: Order, said: dict[str, Any]) -> Outcome:
    return holds.confirm(_hold(said), reason=said["reason"], cause=by_person(request))


def _parcel(said: dict[str, Any]) -> int:
    if said["parcel"] is None:
        raise Http404
    return int(said["parcel"])


def _hold(said: dict[str, Any]) -> int:
    if said["hold"] is None:
        raise Http404
    return int(said["hold"])


ACTS: dict[tuple[str, str], Callable[..., Outcome]] = {
    **{("order", str(name)): _move_order(str(name)) for name in ORDER_MOVES},
    **{("parcel", str(name)): _move_parcel(str(name)) for name in PARCEL_MOVES},
    ("label", str(Move.WAYBILL)): _request_waybill,
    ("label", str(Move.PRINT)): _request_print,
    ("hold", str(Move.HOLD)): _place_hold,
    ("hold", str(Move.LIFT)): _lift,
    ("hold", str(Move.CONFIRM)): _confirm,
}
