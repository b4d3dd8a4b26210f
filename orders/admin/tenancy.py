"""Companies, shops, warehouses, and the codes under which a warehouse system knows our people."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from orders.admin.base import TowerAdmin, WithHistory, column, person_of
from orders.models import Company, Device, Shop, Warehouse, WarehouseOperator

# The names of the platforms' adapters, as staff call them.
PLATFORMS: dict[str, Any] = {
    "taobao": _("淘宝/天猫"),
    "jd": _("京东"),
    "douyin": _("抖音小店"),
    "pdd": _("拼多多"),
    "kuaishou": _("快手小店"),
    "xiaohongshu": _("小红书"),
    "other": _("其他"),
}


@admin.register(Company)
class CompanyAdmin(TowerAdmin):
    company_path = "pk"
    list_display = ("name", "code", "parent")
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    fields = ("name", "code", "parent")


@admin.register(Shop)
class ShopAdmin(TowerAdmin, WithHistory):
    list_display = ("name", "platform_shown", "company", "warehouse", "auto_release", "active")
    list_select_related = ("company", "warehouse")
    list_filter = ("active",)
    search_fields = ("name", "code")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "platform" and field is not None:
            field.widget = UnfoldAdminSelectWidget(choices=list(PLATFORMS.items()))
        return field

    @admin.display(description=_("平台"))
    def platform_shown(self, shop: Shop) -> str:
        return str(PLATFORMS.get(shop.platform, shop.platform))


@admin.register(Warehouse)
class WarehouseAdmin(TowerAdmin, WithHistory):
    list_display = ("name", "code", "company", "mode", "printed_by", "label_first", "accepts_wms_pack")
    list_select_related = ("company",)
    list_filter = ("mode", "printed_by")
    search_fields = ("name", "code")
    readonly_fields = ("accepts_wms_pack_by",)
    fieldsets = (
        (None, {"fields": ("company", "name", "code", "default_carrier")}),
        (_("控制"), {"fields": ("mode", "printed_by", "label_first", "checks_lines", "manages_stock")}),
        (_("仓库系统的打包确认"), {"fields": ("accepts_wms_pack", "accepts_wms_pack_by")}),
    )

    def save_model(self, request: HttpRequest, obj: Warehouse, form: Any, change: bool) -> None:
        """Whoever lets the warehouse's word count as 仓管组长's answers for it by name."""
        if not obj.accepts_wms_pack:
            obj.accepts_wms_pack_by = None
        elif "accepts_wms_pack" in form.changed_data or obj.accepts_wms_pack_by_id is None:
            obj.accepts_wms_pack_by = person_of(request)
        super().save_model(request, obj, form, change)


@admin.register(WarehouseOperator)
class WarehouseOperatorAdmin(TowerAdmin):
    company_path = "warehouse__company"
    list_display = ("code", "user", "warehouse")
    list_select_related = ("user", "warehouse")
    search_fields = ("code", "user__username")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A person who has left must not be stood for any more."""
        return bool(request.user.has_perm("orders.delete_warehouseoperator"))


@admin.register(Device)
class DeviceAdmin(TowerAdmin):
    """Devices register themselves at the scan page; here they are looked up and revoked."""

    list_display = ("name", "company_shown", "warehouse_shown", "made", "revoked")
    company_shown = column("company", _("公司"))
    warehouse_shown = column("warehouse", _("仓库"))
    made = column("created_at", _("登记时间"))
    revoked = column("revoked_at", _("停用时间"))
    list_select_related = ("company", "warehouse")
    search_fields = ("name",)
    fields = ("name", "company_shown", "warehouse_shown", "made", "revoked_at")
    readonly_fields = ("company_shown", "warehouse_shown", "made")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "revoked_at" and field is not None:
            field.label = _("停用时间")
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
