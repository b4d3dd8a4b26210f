"""Which language a request is answered in: the user's setting, else the cookie, else Chinese.

`Accept-Language` is asked by the API alone: an English browser must not turn a Chinese warehouse English.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header
from django.views.decorators.http import require_POST

API = "/api/"
ONE_YEAR = 365 * 24 * 3600


class ChosenLanguage:
    """Middleware; it must come after the authentication middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language" if request.path_info.startswith(API) else "Cookie"])
        return response


def language_of(request: HttpRequest) -> str:
    """The language code, always one of `settings.LANGUAGES`."""
    if request.path_info.startswith(API):
        return _accepted(request.headers.get("Accept-Language", ""))
    for wanted in (_preferred(request), request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)):
        if wanted in dict(settings.LANGUAGES):
            return str(wanted)
    return str(settings.LANGUAGE_CODE)


def _preferred(request: HttpRequest) -> str | None:
    # Without a session there is no user to ask, and asking would cost webhooks and health checks a query.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    preference = getattr(getattr(request, "user", None), "preference", None)
    return getattr(preference, "language", None)


def _accepted(header: str) -> str:
    for wanted, _quality in parse_accept_lang_header(header):
        try:
            return get_supported_language_variant(wanted)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the wanted language in the cookie and go back to `next`, which must be a page of ours.

    Who has set a language for themselves changes that too, or the switch would do nothing.
    """
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest(_("没有这种语言"))
    preference = getattr(getattr(request, "user", None), "preference", None)
    if preference is not None:
        preference.language = language
        preference.save(update_fields=["language"])
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(back if ours else "/")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE or ONE_YEAR,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE or request.is_secure(),
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE or "Lax",
    )
    return response
