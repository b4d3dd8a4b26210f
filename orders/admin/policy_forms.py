"""The forms of 操作权限: first which act of which company, then its check boxes."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from orders.lifecycle import CauseKind, Need, Role
from orders.models import Company, Warehouse
from orders.models.policy import act_choices
from orders.selectors.scope import within
from orders.services.policy_changes import PolicyValues

# A person is not among them: people are let in by their role.
SYSTEM_CAUSES = [(kind.value, kind.label) for kind in CauseKind if kind != CauseKind.PERSON]


class PolicyForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("允许的角色"),
        choices=Role.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    causes = forms.MultipleChoiceField(
        label=gettext_lazy("允许的系统"),
        choices=SYSTEM_CAUSES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("没有人操作时，哪些系统可以自己做"),
    )
    needs = forms.MultipleChoiceField(
        label=gettext_lazy("条件"),
        choices=Need.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "每一项写的是不满足时员工看到的话。锁单的订单除取消、作废、退回拣货外一律不能操作，这一条不能关闭"
        ),
    )
    second_person = forms.BooleanField(
        label=gettext_lazy("需要第二人同意"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    enabled = forms.BooleanField(
        label=gettext_lazy("启用"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=gettext_lazy("停用后按系统默认"),
    )
    reason = forms.CharField(
        label=gettext_lazy("修改原因"), max_length=100, strip=True, widget=UnfoldAdminTextInputWidget
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def values(self) -> PolicyValues:
        said = self.cleaned_data
        return PolicyValues(
            roles=tuple(sorted(said["roles"])),
            causes=tuple(sorted(said["causes"])),
            # In the order of the vocabulary, so that the same choice is the same value.
            needs=tuple(need for need in Need.values if need in said["needs"]),
            second_person=said["second_person"],
            enabled=said["enabled"],
        )


class WhichForm(forms.Form):
    """Which act of which company, before its check boxes are shown."""

    company = forms.ModelChoiceField(
        Company.objects.none(), label=gettext_lazy("公司"), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    warehouse = forms.ModelChoiceField(
        Warehouse.objects.none(),
        label=gettext_lazy("仓库"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label=gettext_lazy("全公司"),
    )
    act = forms.ChoiceField(label=gettext_lazy("动作"), choices=act_choices, widget=UnfoldAdminSelectWidget)

    def __init__(self, *arguments: Any, user: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["company"].queryset = within(Company.objects.order_by("name"), user, "pk")  # type: ignore[attr-defined]
        self.fields["warehouse"].queryset = within(Warehouse.objects.order_by("name"), user)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        warehouse, company = said.get("warehouse"), said.get("company")
        if warehouse and company and warehouse.company_id != company.pk:
            self.add_error("warehouse", _("仓库不属于该公司"))
        return said
