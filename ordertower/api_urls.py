"""Everything under `/api/`: the REST API, its OpenAPI description, and the page that shows it."""

from django.urls import include, path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from orders.api.views import Missing

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include("orders.api.urls")),
    path("v1/", include("alerts.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # The split view brings its script as a file of its own: no inline script (CSP).
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api_docs"),
    # Last: what is not there is a problem too, not a page.
    re_path(r"^v1/", Missing.as_view()),
]
