"""Sign in, scan, sign out. Everything a scan does goes through the API; these views only hand out the page."""

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from orders.models import Membership
from orders.scan.acts import acts_of
from orders.scan.words import words

JSON = "application/json"


def works_somewhere(user: Any) -> bool:
    return Membership.objects.filter(user=user.pk).exists()


class SignInForm(AuthenticationForm):
    """Anybody active who works somewhere; no right to the back office is asked."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("用户名或密码不对"),
        "nowhere": _("这个账号没有在任何公司任职，请找系统管理员"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Names are written as they are, and a password manager knows the fields by these.
        for name, hint in (("username", "username"), ("password", "current-password")):
            attributes = {"autocomplete": hint, "autocapitalize": "none", "spellcheck": "false", "required": True}
            self.fields[name].widget.attrs.update(attributes)
        self.fields["username"].label, self.fields["password"].label = _("用户名"), _("密码")

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not works_somewhere(user):
            raise forms.ValidationError(self.error_messages["nowhere"], code="nowhere")


@method_decorator(never_cache, name="dispatch")
class SignIn(LoginView):
    """A form for who comes, and JSON for the page that was signed out while scans are still waiting in it."""

    form_class = SignInForm
    template_name = "scan/sign_in.html"
    next_page = "scan:page"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and works_somewhere(request.user):
            return redirect("scan:page")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        nowhere = self.request.user.is_authenticated
        return super().get_context_data(**kwargs) | {"nowhere": SignInForm.error_messages["nowhere"] if nowhere else ""}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        if getattr(request, "axes_locked_out", False):
            # Too many wrong passwords: said on this page, in words, and not on axes' bare one.
            request.axes_locked_out = False  # type: ignore[attr-defined]
            return self._refused(str(_("密码错了太多次，请等几分钟再试")), status=429)
        return response

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        return JsonResponse({"username": form.get_user().get_username()}) if self._wants_json() else response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if self._wants_json():
            return self._refused(" ".join(map(str, form.non_field_errors())) or str(_("用户名或密码不对")), status=400)
        return super().form_invalid(form)

    def _refused(self, reason: str, *, status: int) -> HttpResponse:
        if self._wants_json():
            return JsonResponse({"detail": reason}, status=status)
        context = self.get_context_data(form=self.form_class(self.request)) | {"nowhere": reason}
        return render(self.request, self.template_name, context, status=status)

    def _wants_json(self) -> bool:
        return self.request.headers.get("Accept") == JSON


@never_cache
@ensure_csrf_cookie
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page, with the jobs of this person; whoever works nowhere is sent to the sign-in, which says so."""
    person = request.user
    acts = acts_of(person.pk) if isinstance(person, User) else []
    if not isinstance(person, User) or not acts:
        return redirect("scan:sign_in")
    name = f"{person.last_name}{person.first_name}" or person.get_username()
    setup = {"username": person.get_username(), "acts": acts}
    return render(request, "scan/page.html", {"name": name, "setup": setup, "words": words()})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    """The page has already thrown away what it kept on the device."""
    logout(request)
    return HttpResponseRedirect(reverse_lazy("scan:sign_in"))
