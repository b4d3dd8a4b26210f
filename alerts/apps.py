from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    name = "alerts"
    verbose_name = _("告警")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("alerts.delivery")
