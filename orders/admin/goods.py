"""Goods with barcodes and bundle parts, which SKU means which goods, and who gets gifts."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from orders.admin.base import SavedByService, TowerAdmin, WithHistory, choices_of, column
from orders.models import Barcode, BundlePart, GiftRule, Goods, SkuMap
from orders.services.goods import map_sku


class BarcodeInline(TabularInline):
    model = Barcode
    extra = 0
    tab = False


class BundlePartInline(TabularInline):
    model = BundlePart
    fk_name = "bundle"
    extra = 0
    fields = ("part", "quantity")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if (choices := choices_of(db_field.related_model, request)) is not None:
            kwargs["queryset"] = choices
            kwargs["label"] = _("货品")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Goods)
class GoodsAdmin(TowerAdmin):
    list_display = ("code", "name", "weight_grams", "company_shown")
    company_shown = column("company", _("公司"))
    list_select_related = ("company",)
    search_fields = ("code", "name", "barcodes__code")
    fields = ("company", "code", "name", "weight_grams")
    inlines = (BarcodeInline, BundlePartInline)


@admin.register(SkuMap)
class SkuMapAdmin(SavedByService, TowerAdmin):
    """A change is a new version: add the same SKU again. Orders that waited for it are looked at again."""

    list_display = ("sku", "shop", "goods", "quantity", "version_shown", "begins", "ends")
    version_shown = column("version", _("版本"))
    begins = column("valid_from", _("生效"))
    ends = column("valid_to", _("失效"))
    list_select_related = ("shop", "goods")
    search_fields = ("sku__startswith",)
    search_help_text = _("商家编码")
    ordering = ("-id",)
    fields = ("company", "shop", "sku", "goods", "quantity")
    shown_fields = ("company_shown", "shop", "sku", "goods", "quantity", "version_shown", "begins", "ends")
    company_shown = column("company", _("公司"))
    autocomplete_fields = ("goods",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: SkuMap | None = None) -> Any:
        return self.shown_fields if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: SkuMap | None = None) -> Any:
        return self.shown_fields if obj else ()

    def save_model(self, request: HttpRequest, obj: SkuMap, form: Any, change: bool) -> None:
        made = map_sku(
            company_id=obj.company_id, sku=obj.sku, goods=obj.goods, shop_id=obj.shop_id, quantity=obj.quantity
        )
        obj.pk, obj.version = made.pk, made.version
        messages.info(request, _("旧的对应关系已结束，新的从现在起生效"))


@admin.register(GiftRule)
class GiftRuleAdmin(TowerAdmin, WithHistory):
    list_display = ("sku", "goods", "quantity", "shop_shown", "begins", "ends")
    shop_shown = column("shop", _("店铺"))
    begins = column("valid_from", _("生效"))
    ends = column("valid_to", _("失效"))
    list_select_related = ("goods", "shop")
    search_fields = ("sku__startswith",)
    autocomplete_fields = ("goods",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and (label := {"valid_from": _("生效"), "valid_to": _("失效")}.get(db_field.name)):
            field.label = label
        return field
