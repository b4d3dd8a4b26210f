"""Whose orders these are: companies, their shops and warehouses, and who may do what where."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from orders.lifecycle import Role


class Company(models.Model):
    """A seller, or a subsidiary of one. Also the head of the company's own event stream (keys, rules, connections)."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, verbose_name=_("上级公司"))
    name = models.CharField(_("名称"), max_length=100)
    code = models.SlugField(_("编码"), max_length=30, unique=True)
    event_seq = models.BigIntegerField(default=0, editable=False)
    event_head = models.CharField(max_length=64, default="", editable=False)

    class Meta:
        verbose_name = _("公司")
        verbose_name_plural = _("公司")

    def __str__(self) -> str:
        return self.name

    @property
    def stream(self) -> str:
        return f"company:{self.pk}"


class Warehouse(models.Model):
    class Mode(models.TextChoices):
        GUARDING = "guarding", _("拦截")
        OBSERVING = "observing", _("只看不拦")

    class Printer(models.TextChoices):
        TOWER = "tower", _("指挥塔")
        WMS = "wms", _("仓库系统")
        ERP = "erp", _("ERP")
        PLATFORM = "platform", _("平台打单工具")

    company = models.ForeignKey(Company, models.PROTECT, verbose_name=_("公司"))
    name = models.CharField(_("名称"), max_length=100)
    code = models.CharField(_("编码"), max_length=50)
    mode = models.CharField(_("模式"), max_length=10, choices=Mode.choices, default=Mode.GUARDING)
    printed_by = models.CharField(_("谁打印面单"), max_length=10, choices=Printer.choices, default=Printer.TOWER)
    label_first = models.BooleanField(_("先打单后拣货"), default=False)
    default_carrier = models.CharField(_("默认快递"), max_length=20, default="yto")
    # Only where a person of standing said so does the warehouse's own "packed" count as 仓管组长's confirmation.
    accepts_wms_pack = models.BooleanField(_("认可仓库系统的打包确认"), default=False)
    accepts_wms_pack_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("由谁设定")
    )
    manages_stock = models.BooleanField(_("推送前预留库存"), default=False)
    checks_lines = models.BooleanField(_("打包前逐件验货"), default=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("仓库")
        verbose_name_plural = _("仓库")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="one_warehouse_per_code"),
            models.CheckConstraint(
                condition=models.Q(accepts_wms_pack=False) | models.Q(accepts_wms_pack_by__isnull=False),
                name="someone_answers_for_wms_pack",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WarehouseOperator(models.Model):
    """A WMS's operator code that stands for a person with a role here, so that its report counts as theirs."""

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, verbose_name=_("仓库"))
    code = models.CharField(_("仓库系统工号"), max_length=50)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("人员"))

    class Meta:
        verbose_name = _("仓库系统工号")
        verbose_name_plural = _("仓库系统工号")
        constraints = [models.UniqueConstraint(fields=["warehouse", "code"], name="one_person_per_operator_code")]

    def __str__(self) -> str:
        return self.code


class Shop(models.Model):
    class Uploader(models.TextChoices):
        TOWER = "tower", _("指挥塔")
        ERP = "erp", _("ERP")
        WMS = "wms", _("仓库系统")

    company = models.ForeignKey(Company, models.PROTECT, verbose_name=_("公司"))
    # The adapter's name: taobao, jd, douyin …
    platform = models.CharField(_("平台"), max_length=20)
    name = models.CharField(_("店铺"), max_length=100)
    code = models.CharField(_("平台店铺编号"), max_length=100)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, blank=True, verbose_name=_("默认仓库"))
    uploads_waybills = models.CharField(
        _("谁回传单号"), max_length=10, choices=Uploader.choices, default=Uploader.TOWER
    )
    auto_release = models.BooleanField(_("自动推送仓库"), default=True)
    stops_on_note = models.BooleanField(_("有买家留言时先锁单"), default=False)
    requires_mapping = models.BooleanField(_("商品必须先对应货品"), default=True)
    # What the shop promises where its platform names no time: hours from payment, and from shipping to the pick-up.
    ship_hours = models.PositiveSmallIntegerField(_("承诺发货时限(小时)"), default=48)
    pickup_hours = models.PositiveSmallIntegerField(_("承诺揽收时限(小时)"), default=24)
    active = models.BooleanField(_("启用"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("店铺")
        verbose_name_plural = _("店铺")
        constraints = [models.UniqueConstraint(fields=["platform", "code"], name="one_shop_per_platform_code")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in a company, for all of it or for one warehouse."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("人员"))
    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, null=True, blank=True, verbose_name=_("仓库"))
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "company", "warehouse", "role"], name="one_membership_each", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Preference(models.Model):
    """A person's own settings; the language of the screen first of all."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preference")
    language = models.CharField(_("语言"), max_length=10, choices=settings.LANGUAGES, blank=True, default="")

    class Meta:
        verbose_name = _("个人设置")
        verbose_name_plural = _("个人设置")

    def __str__(self) -> str:
        return str(self.user_id)
