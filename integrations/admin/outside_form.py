"""The form of anything that reaches outside: its own fields, then those that its folder asks for.

Secrets go in and never come out: the form says only that one is set.
"""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from integrations.adapter import Field

SETTING, SECRET = "setting_", "secret_"


class OutsideForm(forms.ModelForm):
    """For a model with `settings`, `secrets()` and `set_secrets()`; a subclass says which fields the outside needs."""

    def outside_fields(self) -> Sequence[Field]:
        raise NotImplementedError

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.kept: dict[str, Any] = self.instance.secrets() if self.instance.pk else {}
        for field in self.outside_fields():
            self.fields[_name(field)] = self._secret(field) if field.secret else self._setting(field)

    def _secret(self, field: Field) -> forms.Field:
        known = bool(self.kept.get(field.name))
        return forms.CharField(
            label=field.label,
            required=field.required and not known,
            help_text="。".join(filter(None, (field.help, _("已设置，留空表示不修改") if known else ""))),
            widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False),
        )

    def _setting(self, field: Field) -> forms.Field:
        value = (self.instance.settings or {}).get(field.name, field.default)
        return forms.CharField(
            label=field.label,
            required=field.required,
            help_text=field.help,
            initial=_shown(value),
            widget=UnfoldAdminTextInputWidget,
        )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        for field in self.outside_fields():
            try:
                _read(str(said.get(_name(field)) or ""), field.default)
            except ValueError:
                self.add_error(_name(field), _("不是有效的 JSON"))
        return said

    def new_settings(self) -> dict[str, Any]:
        """The settings as the form says, over whatever else was set elsewhere."""
        settings = dict(self.instance.settings or {})
        for field in self.outside_fields():
            if not field.secret:
                settings[field.name] = _read(str(self.cleaned_data.get(_name(field)) or ""), field.default)
        return settings

    def new_secrets(self) -> dict[str, Any]:
        """What was kept, with what was typed: two may live while one is replaced, new one first, a comma between."""
        secrets = dict(self.kept)
        for field in self.outside_fields():
            typed = str(self.cleaned_data.get(_name(field)) or "") if field.secret else ""
            parts = [part.strip() for part in typed.split(",") if part.strip()]
            if parts:
                secrets[field.name] = parts if len(parts) > 1 else parts[0]
        return secrets


def names_of(fields: Sequence[Field]) -> tuple[str, ...]:
    """The form's names of these fields, for fieldsets."""
    return tuple(_name(field) for field in fields)


def _name(field: Field) -> str:
    return (SECRET if field.secret else SETTING) + field.name


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else str(value)


def _read(text: str, default: Any) -> Any:
    """In the kind of value that the default has; `ValueError` for JSON that is none."""
    text = text.strip()
    if text[:1] in ("{", "["):
        return json.loads(text)
    if isinstance(default, bool):
        return text.lower() in ("true", "1", "yes", "on")
    if isinstance(default, int) and text.lstrip("-").isdigit():
        return int(text)
    return default if isinstance(default, dict | list) and not text else text
