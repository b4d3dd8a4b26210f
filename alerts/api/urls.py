"""More paths under `/api/v1/`: a promise to other people's scripts."""

from django.urls import path

from alerts.api import kpis

urlpatterns = [
    path("kpis/", kpis.Kpis.as_view()),
]
