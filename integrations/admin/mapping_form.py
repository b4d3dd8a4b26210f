"""The form of a mapping: for each of the tower's fields where it stands, what its values mean, and a default.

Values are written one a line, `theirs=ours`; ours is the tower's word or what staff call it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from integrations.feeds import values
from integrations.feeds.plan import GENERAL, MONEY_UNITS, ZONE, Plan, WrongMapping, understand
from integrations.feeds.reading import LARGEST_BODY
from integrations.feeds.shapes import CARRIER, CHOICE, CHOICES, YES, Part, Shape, Wanted

LONGEST_SAMPLE = 400_000
FULL_WIDTH_EQUALS = "\uff1d"
WITH_VALUES = (CHOICE, CHOICES, CARRIER, YES)


@dataclass(frozen=True)
class Row:
    """One field of the tower's with the three inputs that say where it comes from."""

    wanted: Wanted
    path: forms.BoundField
    values: forms.BoundField | None
    default: forms.BoundField


@dataclass(frozen=True)
class Group:
    part: Part
    list_path: forms.BoundField | None
    rows: list[Row]


class MappingForm(forms.Form):
    """Bound to a shape; `mapping()` is what it says, as it is stored."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, shape: Shape, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.shape = shape
        self.plan: Plan | None = None
        self.fields["records"] = _line(_("订单列表的位置"), _("如 $.data.list；整份数据就是列表时留空；表格不用填"))
        self.fields["header_row"] = forms.IntegerField(label=_("表头在第几行（表格）"), min_value=1, max_value=100)
        units = dict(zip(MONEY_UNITS, (_("元"), _("分")), strict=True))
        self.fields["money"] = forms.ChoiceField(label=_("金额单位"), choices=list(units.items()))
        self.fields["time_format"] = _line(
            _("时间格式"), _("auto 自动识别，或 unix、unix_ms、%(example)s") % {"example": "%Y-%m-%d %H:%M:%S"}
        )
        self.fields["time_zone"] = _line(_("时区"), ZONE)
        for part in shape.parts:
            if part.many:
                self.fields[f"{part.name}.path"] = _line(part.label, _("列表的位置；表格或没有列表时留空"))
            for wanted in part.fields:
                for name, field in _inputs(wanted):
                    self.fields[f"{part.name}.{wanted.name}.{name}"] = field
        hint = _("粘贴一份真实的数据：JSON、XML 或 CSV。只用来预览，不会保存")
        self.fields["sample"] = forms.CharField(
            label=_("样例"),
            help_text=hint,
            required=False,
            strip=False,
            max_length=LONGEST_SAMPLE,
            widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        )
        self.fields["file"] = forms.FileField(label=_("或选择文件（XLSX、CSV …）"), required=False)

    @property
    def general(self) -> list[forms.BoundField]:
        return [self[name] for name in ("records", "header_row", "money", "time_format", "time_zone")]

    @property
    def groups(self) -> Iterator[Group]:
        for part in self.shape.parts:
            rows = [
                Row(
                    wanted=wanted,
                    path=self[f"{part.name}.{wanted.name}.path"],
                    values=self[name] if (name := f"{part.name}.{wanted.name}.values") in self.fields else None,
                    default=self[f"{part.name}.{wanted.name}.default"],
                )
                for wanted in part.fields
            ]
            yield Group(part, self[f"{part.name}.path"] if part.many else None, rows)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > LARGEST_BODY:
            raise forms.ValidationError(_("文件过大"))
        return file

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.plan = understand(self.mapping(), self.shape)
            except WrongMapping as error:
                for mistake in error.mistakes:
                    self.add_error(None, mistake)
        return said

    def mapping(self) -> dict[str, Any]:
        """As it is stored; empty fields are left out."""
        said = self.cleaned_data
        mapping: dict[str, Any] = {
            "revision": said["revision"],
            "records": said["records"],
            "header_row": said["header_row"],
            "money": said["money"],
            "time": {"format": said["time_format"] or values.AUTO, "zone": said["time_zone"] or ZONE},
        }
        for part in self.shape.parts:
            rules = {wanted.name: rule for wanted in part.fields if (rule := self._rule(part, wanted))}
            if part.many and (path := said[f"{part.name}.path"]):
                rules = {"path": path, **rules}
            if rules:
                mapping[part.name] = rules
        return mapping

    def _rule(self, part: Part, wanted: Wanted) -> Any:
        prefix = f"{part.name}.{wanted.name}"
        path, default = self.cleaned_data[f"{prefix}.path"], self.cleaned_data[f"{prefix}.default"]
        table = dict(_pairs(self.cleaned_data.get(f"{prefix}.values") or ""))
        rule = {"path": path, "values": table, "default": default}
        kept = {name: value for name, value in rule.items() if value}
        return path if list(kept) == ["path"] else kept


def initial_of(mapping: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """A stored mapping as the form shows it; whatever was written strangely is left out."""
    time = mapping.get("time") if isinstance(mapping.get("time"), Mapping) else {}
    initial: dict[str, Any] = {
        **{name: mapping.get(name) for name in GENERAL if name != "time"},
        "revision": mapping.get("revision") or 0,
        "header_row": mapping.get("header_row") or 1,
        "time_format": (time or {}).get("format") or values.AUTO,
        "time_zone": (time or {}).get("zone") or ZONE,
    }
    for part in shape.parts:
        rules = mapping.get(part.name)
        if not isinstance(rules, Mapping):
            continue
        if part.many:
            initial[f"{part.name}.path"] = rules.get("path", "")
        for wanted in part.fields:
            rule = rules.get(wanted.name)
            rule = {"path": rule} if isinstance(rule, str) else rule
            if isinstance(rule, Mapping):
                initial[f"{part.name}.{wanted.name}.path"] = rule.get("path", "")
                initial[f"{part.name}.{wanted.name}.default"] = rule.get("default", "")
                table = rule.get("values")
                if isinstance(table, Mapping):
                    lines = [f"{theirs}={ours}" for theirs, ours in table.items()]
                    initial[f"{part.name}.{wanted.name}.values"] = "\n".join(lines)
    return initial


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Lines of `theirs=ours`; JSON may be pasted as well."""
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            found = {}
        if isinstance(found, Mapping):
            yield from ((str(theirs), str(ours)) for theirs, ours in found.items())
        return
    for line in text.replace("；", "\n").splitlines():
        theirs, equals, ours = line.replace(FULL_WIDTH_EQUALS, "=").rpartition("=")
        if equals:
            yield theirs.strip(), ours.strip()
        elif line.strip():
            # Without a meaning it is refused with a sentence of its own.
            yield line.strip(), line.strip()


def _inputs(wanted: Wanted) -> Iterator[tuple[str, forms.Field]]:
    label = wanted.label
    path = forms.TextInput(attrs={"aria-label": _("%(field)s 的位置") % {"field": label}, "list": "paths"})
    yield "path", forms.CharField(label=label, required=False, max_length=200, widget=path)
    if wanted.kind in WITH_VALUES:
        example = "\n".join(f"{text}={word}" for word, text in list(wanted.choices.items())[:2])
        attributes = {
            "rows": 3,
            "aria-label": _("%(field)s 的对照") % {"field": label},
            "placeholder": example,
        }
        yield "values", forms.CharField(required=False, max_length=20_000, widget=forms.Textarea(attrs=attributes))
    default = forms.TextInput(attrs={"aria-label": _("%(field)s 的默认值") % {"field": label}})
    yield "default", forms.CharField(required=False, max_length=120, widget=default)


def _line(label: str, hint: str) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=False, max_length=200, widget=forms.TextInput(attrs={"list": "paths"})
    )
