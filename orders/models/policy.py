"""TransitionPolicy: who may make a move and what it needs, changed by 运营主管 without code, every version kept."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from orders.lifecycle import DEFAULT_POLICIES, CauseKind, Need, Role
from orders.models.tenancy import Company, Warehouse

SUBJECT_MOVES = {f"{subject}.{move}": (subject, str(move)) for subject, move in DEFAULT_POLICIES}


def act_choices() -> list[tuple[str, str]]:
    from orders.lifecycle import MOVE_LABELS, Move

    subjects = {"order": _("订单"), "parcel": _("包裹"), "label": _("面单"), "hold": _("锁单"), "case": _("申请")}
    return [(key, f"{subjects[subject]} · {MOVE_LABELS[Move(move)]}") for key, (subject, move) in SUBJECT_MOVES.items()]


class TransitionPolicy(models.Model):
    """Replaces the default of one act in one company, or in one of its warehouses."""

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, null=True, blank=True, verbose_name=_("仓库"))
    act = models.CharField(_("动作"), max_length=30, choices=act_choices)
    roles = models.JSONField(_("允许的角色"), default=list, blank=True)
    causes = models.JSONField(_("允许的系统"), default=list, blank=True)
    needs = models.JSONField(_("条件"), default=list, blank=True)
    second_person = models.BooleanField(_("需要第二人同意"), default=False)
    enabled = models.BooleanField(_("启用"), default=True)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("修改人")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("操作权限")
        verbose_name_plural = _("操作权限")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "warehouse", "act"], name="one_policy_per_act", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return str(self.get_act_display())

    def clean(self) -> None:
        for name, allowed in (("roles", Role.values), ("causes", CauseKind.values), ("needs", Need.values)):
            values = getattr(self, name)
            if not isinstance(values, list) or set(values) - set(allowed):
                raise ValidationError({name: _("含有未知的值")})
        if self.warehouse_id and self.warehouse and self.warehouse.company_id != self.company_id:
            raise ValidationError({"warehouse": _("仓库不属于该公司")})
