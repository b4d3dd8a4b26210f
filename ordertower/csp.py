"""The back office alone may evaluate strings: its theme's Alpine does. Inline scripts stay forbidden there too."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

BACK_OFFICE = "/admin/"


class BackOfficePolicy:
    """Middleware; stands below `csp.middleware.CSPMiddleware`, which writes the header from what is said here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(BACK_OFFICE):
            response._csp_update = {"script-src": ["'unsafe-eval'"]}  # type: ignore[attr-defined]
        return response
