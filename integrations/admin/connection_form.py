"""A connection's form, bound to the adapter that was chosen before."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations.adapter import Adapter, Field, check_settings
from integrations.admin.outside_form import SECRET, SETTING, OutsideForm
from integrations.models import Connection
from integrations.registry import UnknownAdapter, adapter_named


class ConnectionForm(OutsideForm):
    class Meta:
        model = Connection
        fields = ("company", "shop", "warehouse", "name", "base_url", "enabled", "poll_seconds")

    adapter_name = ""

    @property
    def adapter(self) -> Adapter | None:
        return known_adapter(self.instance.adapter or self.adapter_name)

    def outside_fields(self) -> Sequence[Field]:
        return form_fields(self.adapter) if self.adapter else ()

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        company = said.get("company") or getattr(self.instance, "company", None)
        for name in ("shop", "warehouse"):
            if company and said.get(name) and said[name].company_id != company.pk:
                self.add_error(name, _("不属于该公司"))
        if self.adapter is not None and not self.errors:
            for error in check_settings(self.adapter, self.new_settings(), self.new_secrets()):
                prefix = SECRET if SECRET + error.field in self.fields else SETTING
                name = prefix + error.field
                self.add_error(name if name in self.fields else None, error.text)
        return said


def form_fields(adapter: Adapter) -> Sequence[Field]:
    """The adapter's fields that belong into a connection's form."""
    return [field for field in adapter.fields if not field.elsewhere]


def known_adapter(name: str) -> Adapter | None:
    try:
        return adapter_named(name)
    except UnknownAdapter:
        return None
