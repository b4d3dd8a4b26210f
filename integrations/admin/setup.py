"""接入: one page that takes a connection from its authorisation to its first order, each step told from facts."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import setting_up
from integrations.admin.connection_form import known_adapter
from integrations.errors import OutsideError
from integrations.models import Connection
from integrations.setting_up import FASTEST_POLL, SLOWEST_POLL, Step
from orders import clock
from orders.admin import words
from orders.admin.base import by_person, person_of

# The person stays this long on the platform's page at most.
LONGEST_AWAY = 15 * 60
_SALT = "integrations.authorise"
# In the session: the connections for which this browser has set out, by the nonce of their state.
_SET_OUT = "authorising"

TITLES: dict[str, Any] = {
    "authorise": gettext_lazy("授权"),
    "callback": gettext_lazy("填写回调地址"),
    "topics": gettext_lazy("勾选消息"),
    "interval": gettext_lazy("轮询间隔"),
    "message": gettext_lazy("收到测试消息"),
    "order": gettext_lazy("看到第一个订单"),
}
STATES: dict[str, tuple[Any, str]] = {
    setting_up.DONE: (gettext_lazy("已完成"), "green"),
    setting_up.TODO: (gettext_lazy("待完成"), "amber"),
    setting_up.FAILED: (gettext_lazy("有问题"), "red"),
    setting_up.NOT_NEEDED: (gettext_lazy("不需要"), "grey"),
}
# What a door's refusal means to a person who can mend it; the adapters' own words are for programmers.
REFUSALS: dict[str, Any] = {
    "the signature does not fit": gettext_lazy("签名对不上，请核对密钥"),
    "signature differs": gettext_lazy("签名对不上，请核对密钥"),
    "no secret is set": gettext_lazy("这里还没有填写密钥"),
    "no sign": gettext_lazy("请求里没有签名"),
    "another app key": gettext_lazy("对方用的是另一个应用的 App Key"),
    "unknown sign method": gettext_lazy("对方用了不支持的签名方式"),
    "another sign method": gettext_lazy("对方用了不支持的签名方式"),
    "the time is more than ten minutes off": gettext_lazy("请求时间相差十分钟以上，请核对两边的时钟"),
    "timestamp is outside the window": gettext_lazy("请求时间相差太多，请核对两边的时钟"),
    "timestamp is missing or unreadable": gettext_lazy("请求里没有时间，或看不懂"),
    "a parameter is given twice": gettext_lazy("请求里有重复的参数"),
    "a field is given twice": gettext_lazy("请求里有重复的参数"),
    "too many fields": gettext_lazy("请求里的参数太多"),
    "the sender's address is not allowed": gettext_lazy("对方的 IP 不在允许的名单里"),
    "the token does not fit": gettext_lazy("令牌对不上，请核对密钥"),
    "param is missing": gettext_lazy("请求里缺少内容"),
    "not a POST": gettext_lazy("对方没有用 POST"),
}


class IntervalForm(forms.Form):
    poll_seconds = forms.IntegerField(min_value=FASTEST_POLL, max_value=SLOWEST_POLL, label=gettext_lazy("轮询间隔"))


class SetupPages:
    """For the connection's admin: its set-up page, its buttons, and the door to which platforms send people back."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        def own(address: str, view: Any, name: str) -> URLPattern:
            return path(address, self.admin_site.admin_view(view), name=f"integrations_connection_{name}")

        pages = [
            own("authorised/", self.authorised_view, "authorised"),
            own("<int:connection_id>/setup/", self.setup_view, "setup"),
            own("<int:connection_id>/setup/authorise/", self.authorise_view, "authorise"),
            own("<int:connection_id>/setup/topics/", self.topics_view, "topics"),
            own("<int:connection_id>/setup/interval/", self.interval_view, "interval"),
            own("<int:connection_id>/setup/poll/", self.poll_view, "poll_soon"),
        ]
        return [*pages, *super().get_urls()]  # type: ignore[misc]

    def setup_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = self._own(request, connection_id)
        now = clock.now()
        steps = setting_up.steps_of(connection, now=now)
        needed = [step for step in steps if step.state != setting_up.NOT_NEEDED]
        adapter = known_adapter(connection.adapter)
        paused = connection.paused_until
        context = {
            **self.admin_site.each_context(request),
            "title": _("接入 · %(name)s") % {"name": connection.name},
            "opts": self.opts,
            "connection": connection,
            "adapter": adapter,
            "steps": [_shown(step) for step in steps],
            "done": sum(step.state == setting_up.DONE for step in needed),
            "needed": len(needed),
            "may_change": self._may_change(request, connection),
            "return_url": connection.open(now).return_url,
            "fastest": FASTEST_POLL,
            "slowest": SLOWEST_POLL,
            "paused_until": paused if paused and paused > now else None,
        }
        return TemplateResponse(request, "tower/setup.html", context)

    # Authorising ------------------------------------------------------------------------------------------------
    def authorise_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """To the platform's page. A link, not a form: the page's policy lets no form leave this site."""
        connection = self._changeable(request, connection_id)
        nonce = secrets.token_urlsafe(16)
        claim = {"connection": connection.pk, "person": person_of(request).pk, "nonce": nonce}
        try:
            page = setting_up.page_to_authorise(connection, signing.dumps(claim, salt=_SALT))
        except OutsideError as error:
            messages.error(request, _("不能去授权：%(reason)s") % {"reason": error})
            return HttpResponseRedirect(_address(connection))
        if urlsplit(page).scheme not in ("http", "https"):
            messages.error(request, _("不能去授权：%(reason)s") % {"reason": page[:100]})
            return HttpResponseRedirect(_address(connection))
        request.session[_SET_OUT] = [*request.session.get(_SET_OUT, []), nonce][-5:]
        return HttpResponseRedirect(page)

    def authorised_view(self, request: HttpRequest) -> HttpResponse:
        """The platform sends the person back here, with a code. Only who set out with this browser is let in, once."""
        connection = self._returning(request)
        if connection is None:
            messages.error(request, _("授权没有完成：这个链接已失效，或不是从这里发起的，请重新开始"))
            return HttpResponseRedirect(reverse("admin:integrations_connection_changelist"))
        code = request.GET.get("code", "")
        if not code:
            said = request.GET.get("error_description") or request.GET.get("error") or _("平台没有给出授权码")
            messages.error(request, _("授权没有完成：%(reason)s") % {"reason": said[:200]})
            return HttpResponseRedirect(_address(connection))
        try:
            fresh = setting_up.authorise(connection, code, cause=by_person(request))
        except OutsideError as error:
            messages.error(request, _("授权没有完成：%(reason)s") % {"reason": error})
        else:
            messages.success(
                request, _("授权成功，有效期到 %(until)s") % {"until": words.exact(fresh.token_expires_at)}
            )
        return HttpResponseRedirect(_address(connection))

    def _returning(self, request: HttpRequest) -> Connection | None:
        try:
            claim = signing.loads(request.GET.get("state", ""), salt=_SALT, max_age=LONGEST_AWAY)
        except signing.BadSignature:
            return None
        set_out = list(request.session.get(_SET_OUT, []))
        if claim["person"] != person_of(request).pk or claim["nonce"] not in set_out:
            return None
        set_out.remove(claim["nonce"])
        request.session[_SET_OUT] = set_out
        return self._changeable(request, claim["connection"])

    # The other buttons ------------------------------------------------------------------------------------------
    def topics_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = self._changeable(request, connection_id, post=True)
        setting_up.remember_topics(connection, request.POST.getlist("topic"), cause=by_person(request))
        messages.success(request, _("已记下勾选的消息"))
        return HttpResponseRedirect(_address(connection))

    def interval_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = self._changeable(request, connection_id, post=True)
        form = IntervalForm(request.POST)
        if form.is_valid():
            setting_up.set_interval(connection, form.cleaned_data["poll_seconds"], cause=by_person(request))
            messages.success(request, _("轮询间隔已保存"))
        else:
            limits = {"fastest": FASTEST_POLL, "slowest": SLOWEST_POLL}
            messages.error(request, _("轮询间隔要在 %(fastest)d 到 %(slowest)d 秒之间") % limits)
        return HttpResponseRedirect(_address(connection))

    def poll_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        connection = self._changeable(request, connection_id, post=True)
        try:
            setting_up.poll_soon(connection, now=clock.now())
        except setting_up.Wrong as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("已安排立即轮询，几秒后刷新本页看结果"))
        return HttpResponseRedirect(_address(connection))

    def _own(self, request: HttpRequest, connection_id: int) -> Connection:
        connection: Connection = self.own_row(request, connection_id)  # type: ignore[attr-defined]
        if known_adapter(connection.adapter) is None:
            raise Http404
        return connection

    def _changeable(self, request: HttpRequest, connection_id: int, *, post: bool = False) -> Connection:
        connection = self._own(request, connection_id)
        if not self._may_change(request, connection):
            raise PermissionDenied
        if post and request.method != "POST":
            raise Http404
        return connection

    def _may_change(self, request: HttpRequest, connection: Connection) -> bool:
        return bool(self.has_change_permission(request, connection))  # type: ignore[attr-defined]

    def setup_link(self, connection: Connection) -> SafeString | str:
        if not connection.pk or known_adapter(connection.adapter) is None:
            return "-"
        return format_html('<a class="tower-link" href="{}">{}</a>', _address(connection), _("打开接入步骤"))

    setup_link.short_description = gettext_lazy("接入")  # type: ignore[attr-defined]


def _shown(step: Step) -> dict[str, Any]:
    word, tone = STATES[step.state]
    return {
        "step": step,
        "title": TITLES[step.name],
        "badge": words.badge(word, tone),
        "tone": tone,
        "details": [REFUSALS.get(text, text) for text in step.details],
        "refusal": REFUSALS.get(step.facts.get("refusal", ""), step.facts.get("refusal", "")),
    }


def _address(connection: Connection) -> str:
    return reverse("admin:integrations_connection_setup", args=[connection.pk])
