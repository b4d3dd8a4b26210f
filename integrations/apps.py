from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("系统对接")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # A broken adapter or two handlers for one job kind stop startup, not the first order.
        for module in (
            "acts",
            "backfill",
            "carrying",
            "contradictions",
            "deliveries",
            "intercepts",
            "ledger",
            "passages",
            "telling",
            "tokens",
            "tracking",
            "waybills",
        ):
            import_module(f"integrations.{module}")
