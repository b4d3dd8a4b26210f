"""The public surface (DESIGN 6). Paths here are a promise to other people's scripts."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from integrations.hooks import hook
from ordertower.health import healthz, metrics, readyz
from ordertower.language import set_language

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/"), name="home"),
    path("admin/", admin.site.urls),
    path("scan/", include("orders.scan.urls")),
    path("language/", set_language, name="set_language"),
    path("hooks/<slug:adapter_name>/<str:key>/", hook, name="hook"),
    path("api/", include("ordertower.api_urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
