"""Goods: what lies on the shelf. A shop's SKU leads to it through a versioned map."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from orders import clock
from orders.models.tenancy import Company, Shop


class Goods(models.Model):
    company = models.ForeignKey(Company, models.PROTECT)
    # The ERP's code of the goods.
    code = models.CharField(_("货品编码"), max_length=100)
    name = models.CharField(_("名称"), max_length=300)
    weight_grams = models.PositiveIntegerField(_("理论重量(克)"), default=0)
    parts = models.ManyToManyField("self", through="BundlePart", symmetrical=False, related_name="bundles")

    class Meta:
        verbose_name = _("货品")
        verbose_name_plural = _("货品")
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="one_goods_per_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Barcode(models.Model):
    goods = models.ForeignKey(Goods, models.CASCADE, related_name="barcodes")
    code = models.CharField(_("条码"), max_length=60, db_index=True)

    class Meta:
        verbose_name = _("条码")
        verbose_name_plural = _("条码")
        constraints = [models.UniqueConstraint(fields=["goods", "code"], name="one_barcode_each")]

    def __str__(self) -> str:
        return self.code


class BundlePart(models.Model):
    """套装: `quantity` pieces of `part` in one `bundle`."""

    bundle = models.ForeignKey(Goods, models.CASCADE, related_name="bundle_parts")
    part = models.ForeignKey(Goods, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("数量"), default=1)

    class Meta:
        verbose_name = _("套装组成")
        verbose_name_plural = _("套装组成")
        constraints = [
            models.UniqueConstraint(fields=["bundle", "part"], name="one_part_each"),
            models.CheckConstraint(condition=~models.Q(bundle=models.F("part")), name="no_bundle_of_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} × {self.quantity}"


class SkuMap(models.Model):
    """商品对应: which goods a shop's SKU means from a moment on. A change is a new version, never an edit."""

    company = models.ForeignKey(Company, models.PROTECT)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, verbose_name=_("店铺"))
    sku = models.CharField(_("商家编码"), max_length=100)
    goods = models.ForeignKey(Goods, models.PROTECT, verbose_name=_("货品"))
    quantity = models.PositiveIntegerField(_("每件含"), default=1)
    version = models.PositiveIntegerField(default=1)
    valid_from = models.DateTimeField(default=clock.now)
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("商品对应")
        verbose_name_plural = _("商品对应")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "shop", "sku"],
                condition=models.Q(valid_to__isnull=True),
                name="one_current_map_per_sku",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku} → {self.goods_id}"


class GiftRule(models.Model):
    """赠品规则: who buys `sku` gets `goods` as well."""

    company = models.ForeignKey(Company, models.PROTECT)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True)
    sku = models.CharField(_("购买商家编码"), max_length=100)
    goods = models.ForeignKey(Goods, models.PROTECT, verbose_name=_("赠品"))
    quantity = models.PositiveIntegerField(_("数量"), default=1)
    valid_from = models.DateTimeField(default=clock.now)
    valid_to = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("赠品规则")
        verbose_name_plural = _("赠品规则")

    def __str__(self) -> str:
        return f"{self.sku} + {self.goods_id}"
