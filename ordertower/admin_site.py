"""The back office's site: the theme's, with a home page, a review queue and a page of health of our own.

The pages register themselves on this site while they are imported, so it may name them only when it is asked.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class TowerAdminSite(UnfoldAdminSite):
    site_title = _("订单指挥塔")
    site_header = _("订单指挥塔")
    index_title = _("首页")

    def extra_urls(self) -> list[URLPattern]:
        from integrations.admin import health_page
        from orders.admin import review

        return [
            path("review/", self.admin_view(self.review), name="review"),
            path("review/<int:hold_id>/", self.admin_view(review.decide), name="review_decide"),
            path("integrations/health/", self.admin_view(self.health), name="health"),
            path("integrations/health/replay/", self.admin_view(health_page.replay), name="health_replay"),
        ]

    def review(self, request: HttpRequest) -> HttpResponse:
        from orders.admin import review

        return review.queue(request, self.each_context(request))

    def health(self, request: HttpRequest) -> HttpResponse:
        from integrations.admin import health_page

        return health_page.page(request, self.each_context(request))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from ordertower import home

        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": self.index_title,
            "subtitle": None,
            **home.figures(request.user),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "tower/home.html", context)
