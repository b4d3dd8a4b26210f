"""Stock that the tower reserves at release, and transfers between warehouses."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField

from orders import clock
from orders.models.goods import Goods
from orders.models.order import OrderLine
from orders.models.tenancy import Company, Warehouse


class Stock(models.Model):
    warehouse = models.ForeignKey(Warehouse, models.PROTECT)
    goods = models.ForeignKey(Goods, models.PROTECT)
    on_hand = models.IntegerField(_("在库"), default=0)
    reserved = models.PositiveIntegerField(_("已预留"), default=0)
    source_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("库存")
        verbose_name_plural = _("库存")
        constraints = [models.UniqueConstraint(fields=["warehouse", "goods"], name="one_stock_row_each")]

    def __str__(self) -> str:
        return f"{self.goods_id} @ {self.warehouse_id}: {self.on_hand} − {self.reserved}"


class Reservation(models.Model):
    stock = models.ForeignKey(Stock, models.PROTECT, related_name="reservations")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="reservations")
    quantity = models.PositiveIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stock", "order_line"],
                condition=models.Q(released_at__isnull=True),
                name="one_open_reservation_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} × {self.quantity}"


class TransferState(models.TextChoices):
    DRAFT = "draft", _("草稿")
    APPROVED = "approved", _("已批准")
    SENT = "sent", _("已下发")
    IN_TRANSIT = "in_transit", _("在途")
    RECEIVED = "received", _("已收货")
    CANCELLED = "cancelled", _("已取消")


class Transfer(models.Model):
    """跨仓调拨: goods move from one warehouse to another so that orders waiting there can leave."""

    company = models.ForeignKey(Company, models.PROTECT)
    from_warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="transfers_out")
    to_warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="transfers_in")
    number = models.CharField(_("调拨单号"), max_length=60, unique=True)
    state = FSMField(default=TransferState.DRAFT, choices=TransferState.choices, protected=True, max_length=12)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("调拨单")
        verbose_name_plural = _("调拨单")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(from_warehouse=models.F("to_warehouse")), name="a_transfer_goes_elsewhere"
            ),
            models.CheckConstraint(condition=models.Q(state__in=TransferState.values), name="transfer_state_is_known"),
        ]

    def __str__(self) -> str:
        return self.number


class TransferLine(models.Model):
    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="lines")
    goods = models.ForeignKey(Goods, models.PROTECT)
    quantity = models.PositiveIntegerField(_("数量"))
    received = models.PositiveIntegerField(_("实收"), null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transfer", "goods"], name="one_transfer_line_each")]

    def __str__(self) -> str:
        return f"{self.goods_id} × {self.quantity}"
