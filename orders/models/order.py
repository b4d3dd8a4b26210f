"""The order and its lines: what was sold, its life, and the head of its chained events."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE, FSMField, transition
from simple_history.models import HistoricalRecords

from orders import clock
from orders.lifecycle import OrderState
from orders.models.base import FSMSafeModel
from orders.models.check import Check, all_needs, may
from orders.models.tenancy import Company, Shop, Warehouse

_S = OrderState
AFLOAT = [_S.TO_PICK, _S.PACKED, _S.SHIPPED, _S.SIGNED, _S.RETURNED]


class Order(FSMSafeModel):
    """One platform order. Only `orders.services` writes it, under its row lock (law 8)."""

    company = models.ForeignKey(Company, models.PROTECT, verbose_name=_("公司"))
    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("店铺"))
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, blank=True, verbose_name=_("仓库"))
    platform_order_id = models.CharField(_("平台订单号"), max_length=64)
    # The code under which other systems get this order from the tower.
    number = models.CharField(_("订单编号"), max_length=80, unique=True)
    state = FSMField(_("状态"), default=_S.PENDING_PAYMENT, choices=_S.choices, protected=True, max_length=20)
    version = models.PositiveIntegerField(_("版本"), default=0)
    # Raised when all parcels were voided and the order starts again.
    generation = models.PositiveSmallIntegerField(default=1)
    held = models.BooleanField(_("已锁单"), default=False)
    # The customer asked something of it, so there are cases to look at.
    has_cases = models.BooleanField(default=False, editable=False)

    placed_at = models.DateTimeField(_("下单时间"))
    paid_at = models.DateTimeField(_("付款时间"), null=True, blank=True)
    ship_by = models.DateTimeField(_("最晚发货"), null=True, blank=True)
    # The platform named no time: it was computed from the shop's promise.
    ship_by_promised = models.BooleanField(default=False, editable=False)
    presale_until = models.DateTimeField(_("预售发货时间"), null=True, blank=True)
    # 交易完成 is the platform's fact, 已签收 the courier's: two facts, two times.
    finished_at = models.DateTimeField(_("交易完成时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("平台关闭时间"), null=True, blank=True)
    amount = models.DecimalField(_("金额"), max_digits=12, decimal_places=2)
    buyer_note = models.TextField(_("买家留言"), blank=True, default="")
    seller_note = models.TextField(_("卖家备注"), blank=True, default="")
    seller_flag = models.CharField(_("旗标"), max_length=10, blank=True, default="")
    # What keeps an order out of the line, and where it came from (live room, 达人, campaign).
    flags = models.JSONField(_("标记"), default=list, blank=True)
    origin = models.JSONField(_("来源"), default=dict, blank=True)
    platform_status = models.CharField(_("平台状态"), max_length=40, blank=True, default="")
    # The newest word of the platform: its time, and its rank where the time is the same (law 3).
    source_modified_at = models.DateTimeField(null=True, blank=True)
    source_rank = models.CharField(max_length=80, blank=True, default="")

    # Personal data (law 13): the key that opens it, the blind indexes, the current address version.
    wrapped_key = models.BinaryField(null=True, editable=False)
    buyer_index = models.CharField(max_length=32, blank=True, default="", editable=False)
    phone_index = models.CharField(max_length=32, blank=True, default="", editable=False)
    last_four_index = models.CharField(max_length=32, blank=True, default="", editable=False)
    address_version = models.PositiveSmallIntegerField(_("地址版本"), default=0)

    event_seq = models.PositiveIntegerField(default=0, editable=False)
    event_head = models.CharField(max_length=64, blank=True, default="", editable=False)
    mark = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("进入指挥塔"), default=clock.now)
    updated_at = models.DateTimeField(_("最近变化"), default=clock.now)

    history = HistoricalRecords(
        excluded_fields=[
            "company", "shop", "platform_order_id", "number", "placed_at", "paid_at", "ship_by", "presale_until",
            "finished_at", "closed_at", "amount", "flags", "origin", "platform_status", "source_modified_at",
            "source_rank", "wrapped_key", "buyer_index", "phone_index", "last_four_index", "event_seq", "event_head",
            "mark", "created_at", "updated_at", "generation", "has_cases", "address_version", "seller_flag",
            "buyer_note", "ship_by_promised",
        ],
        no_db_index=["warehouse", "state"],
        history_change_reason_field=models.CharField(max_length=120, null=True),
        cascade_delete_history=False,
    )  # fmt: skip

    # Set by the service before a move is asked or made.
    check_of_move: ClassVar[Check] = Check()

    class Meta:
        verbose_name = _("订单")
        verbose_name_plural = _("订单")
        constraints = [
            models.UniqueConstraint(fields=["shop", "platform_order_id"], name="one_order_per_platform_id"),
            models.CheckConstraint(condition=models.Q(state__in=_S.values), name="order_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["company", "state", "-id"], name="orders_by_state"),
            models.Index(fields=["company", "-id"], condition=models.Q(held=True), name="orders_held"),
            models.Index(fields=["mark", "id"], name="orders_in_commit_order"),
            models.Index(fields=["shop", "-id"], name="orders_by_shop"),
            models.Index(fields=["company", "placed_at"], name="orders_by_placing"),
            # Equal ones and beginnings; a plain index of PostgreSQL answers no LIKE.
            models.Index(fields=["platform_order_id"], opclasses=["varchar_pattern_ops"], name="orders_by_platform_id"),
            models.Index(fields=["phone_index"], condition=~models.Q(phone_index=""), name="orders_by_phone"),
            models.Index(fields=["last_four_index"], condition=~models.Q(last_four_index=""), name="orders_by_last4"),
        ]
        permissions = [
            ("reveal_receiver", _("查看收件人明文")),
            ("see_raw_messages", _("查看原始报文")),
        ]

    def __str__(self) -> str:
        return self.platform_order_id

    @property
    def stream(self) -> str:
        return f"order:{self.pk}"

    @transition(field=state, source=_S.PENDING_PAYMENT, target=_S.PAID, conditions=all_needs(), permission=may)
    def pay(self) -> None: ...

    @transition(field=state, source=_S.PAID, target=_S.TO_PICK, conditions=all_needs(), permission=may)
    def release(self) -> None: ...

    @transition(
        field=state,
        source=[_S.PENDING_PAYMENT, _S.PAID, _S.TO_PICK, _S.PACKED],
        target=_S.CANCELLED,
        conditions=all_needs(),
        permission=may,
    )
    def cancel(self) -> None: ...

    @transition(field=state, source=[_S.SHIPPED, _S.SIGNED], target=_S.RETURNED, conditions=all_needs(), permission=may)
    def return_(self) -> None: ...

    @transition(
        field=state, source=AFLOAT, target=RETURN_VALUE(_S.PAID, *AFLOAT), conditions=all_needs(), permission=may
    )
    def follow_parcels(self, least_advanced: str) -> str:
        """No door asks for this: the order is where its least advanced live parcel is; all void → back at paid."""
        return least_advanced

    @transition(field=state, source=_S.CANCELLED, target=_S.TO_PICK, conditions=all_needs(), permission=may)
    def reappear(self) -> None:
        """Observed only: goods of a cancelled order left after all, and the order must show it."""


class OrderLine(models.Model):
    """What was sold. What goes into the box are the pack lines."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    platform_line_id = models.CharField(_("子订单号"), max_length=64)
    sku = models.CharField(_("商家编码"), max_length=100)
    title = models.CharField(_("商品"), max_length=300)
    quantity = models.PositiveIntegerField(_("数量"))
    price = models.DecimalField(_("单价"), max_digits=12, decimal_places=2)
    gift = models.BooleanField(_("赠品"), default=False)
    closed = models.BooleanField(_("已关闭"), default=False)

    class Meta:
        verbose_name = _("订单行")
        verbose_name_plural = _("订单行")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "platform_line_id"], name="one_line_per_platform_line"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="line_quantity_is_positive"),
        ]
        indexes = [models.Index(fields=["sku"], name="lines_by_sku")]

    def __str__(self) -> str:
        return f"{self.title} × {self.quantity}"


class ExternalDocument(models.Model):
    """A number that another system gave: ERP order, WMS order, waybill. Many-to-many, as ERPs merge and split."""

    company = models.ForeignKey(Company, models.CASCADE)
    system = models.CharField(_("系统"), max_length=10)
    kind = models.CharField(_("单据"), max_length=20)
    number = models.CharField(_("单号"), max_length=80)
    orders = models.ManyToManyField(Order, through="DocumentLink", related_name="documents")

    class Meta:
        verbose_name = _("外部单据")
        verbose_name_plural = _("外部单据")
        constraints = [
            models.UniqueConstraint(fields=["company", "system", "kind", "number"], name="one_document_per_number")
        ]
        indexes = [models.Index(fields=["number"], name="documents_by_number")]

    def __str__(self) -> str:
        return self.number


class DocumentLink(models.Model):
    document = models.ForeignKey(ExternalDocument, models.CASCADE)
    order = models.ForeignKey(Order, models.CASCADE)
    parcel = models.ForeignKey("orders.Parcel", models.CASCADE, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "order", "parcel"], name="one_link_each", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.document_id} → {self.order_id}"


class Claim(models.Model):
    """各系统状态: the last word of one outside system about one subject, kept as a join of all it ever said (law 3)."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="claims")
    system = models.CharField(_("系统"), max_length=10)
    # What it speaks of: the order, a warehouse order code, a waybill.
    subject = models.CharField(_("对象"), max_length=80)
    status = models.CharField(_("状态"), max_length=40)
    stage = models.CharField(max_length=30)
    # The system's own word, for people.
    source_status = models.CharField(_("原始状态"), max_length=60, blank=True, default="")
    at = models.DateTimeField(_("时间"))
    rank = models.PositiveSmallIntegerField(default=0)
    # The furthest stage this system ever reported, and when it first did: progress never goes back.
    furthest = models.PositiveSmallIntegerField(default=0)
    # Stage rank → first time reported; waybill → first time and carrier; whether a leader's word packed it.
    seen = models.JSONField(default=dict)
    received_at = models.DateTimeField(_("收到"), default=clock.now)

    class Meta:
        verbose_name = _("各系统状态")
        verbose_name_plural = _("各系统状态")
        constraints = [
            models.UniqueConstraint(fields=["order", "system", "subject"], name="one_claim_per_system_and_subject")
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.status}"
