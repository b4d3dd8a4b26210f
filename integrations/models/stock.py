"""What each warehouse system says of its stock, beside what the tower itself believes (`orders.Stock`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection
from orders import clock


class StockClaim(models.Model):
    """The newest count of one goods code, and what changed since: the same words in any order, the same row."""

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("连接"))
    # Their own code of the warehouse; one connection may speak for several.
    place = models.CharField(_("仓库编码"), max_length=64, blank=True, default="")
    code = models.CharField(_("货品编码"), max_length=64)
    # ZP 正品, CC 残次 …
    grade = models.CharField(_("类型"), max_length=20, blank=True, default="")
    # Everything that was there at the count, promised pieces included; unknown before the first count.
    counted = models.BigIntegerField(_("盘点数"), null=True, blank=True)
    locked = models.BigIntegerField(_("其中冻结"), null=True, blank=True)
    counted_at = models.DateTimeField(_("盘点时间"), null=True, blank=True)
    # The sum of the changes after the count.
    changed = models.BigIntegerField(_("此后变化"), default=0)
    said_at = models.DateTimeField(_("最近时间"), null=True, blank=True)
    received_at = models.DateTimeField(_("收到时间"), default=clock.now)

    class Meta:
        verbose_name = _("仓库库存")
        verbose_name_plural = _("仓库库存")
        constraints = [
            models.UniqueConstraint(fields=["connection", "place", "code", "grade"], name="one_stock_claim_each")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.grade} @ {self.place}: {self.total}"

    @property
    def total(self) -> int | None:
        return None if self.counted is None else self.counted + self.changed


class StockChange(models.Model):
    """A change that no count has taken in yet; one that has is dropped."""

    claim = models.ForeignKey(StockClaim, models.CASCADE, related_name="changes")
    key = models.CharField(max_length=180)
    quantity = models.BigIntegerField(_("数量"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "key"], name="one_effect_per_stock_change")]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.quantity:+}"
