from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class OrderTowerConfig(AppConfig):
    name = "ordertower"
    verbose_name = _("订单指挥塔")


class TowerAdminConfig(AdminConfig):
    """Django admin as the back office; doors of the four rooms register themselves."""

    default_site = "ordertower.admin_site.TowerAdminSite"
