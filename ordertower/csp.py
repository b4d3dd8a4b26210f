"""What single pages may do beyond the common policy, and below it. Inline scripts stay forbidden everywhere."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# The back office's theme evaluates strings: its Alpine does. The scan page decodes pictures in WebAssembly, and has
# no style of its own inside its HTML.
UPDATES = {
    "/admin/": {"script-src": ["'unsafe-eval'"]},
    "/scan/": {"script-src": ["'wasm-unsafe-eval'"]},
}
REPLACEMENTS = {"/scan/": {"style-src": ["'self'"]}}


class PagePolicies:
    """Middleware; stands below `csp.middleware.CSPMiddleware`, which writes the header from what is said here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for attribute, policies in (("_csp_update", UPDATES), ("_csp_replace", REPLACEMENTS)):
            for prefix, policy in policies.items():
                if request.path_info.startswith(prefix):
                    setattr(response, attribute, policy)
        return response
