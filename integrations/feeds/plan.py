"""A mapping as a person wrote it, understood once: rules by part and field, or every mistake in a sentence of its own.

    {"records": "$.orders", "header_row": 1, "money": "yuan", "revision": 3,
     "time": {"format": "auto", "zone": "Asia/Shanghai"},
     "order": {"platform_order_id": "$.tid", "status": {"path": "$.status", "values": {"已付款": "paid"}}},
     "receiver": {"name": "$.to.name"},
     "lines": {"path": "$.items", "sku": "$.sku", "quantity": {"path": "$.count", "default": "1"}}}

A rule is a path, or an object of `path`, `values` (theirs → ours), `default` and, for times, `format`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.errors import Unreadable
from integrations.feeds import paths, values
from integrations.feeds.shapes import CARRIER, CHOICE, CHOICES, COUNT, ID, MONEY, TIME, YES, Part, Shape, Wanted

ZONE = "Asia/Shanghai"
MONEY_UNITS = ("yuan", "fen")
GENERAL = ("records", "header_row", "money", "time", "revision")
RULE_NAMES = ("path", "values", "default", "format")
# What a default of these kinds must be readable as.
READERS: Mapping[str, Callable[[str], Any]] = {
    ID: lambda text: values.identity(text, longest=LONGEST_VALUE),
    MONEY: lambda text: values.money(text, in_fen=False),
    COUNT: values.count,
    TIME: lambda text: values.moment(text, format=values.AUTO, zone=UTC),
}
MOST_VALUES = 500
LONGEST_VALUE = 120
# A later mapping of the same record is newer by so many microseconds; sources count seconds or milliseconds.
MOST_REVISIONS = 999


class WrongMapping(ValueError):
    """It cannot be used; `mistakes` are sentences for the person who wrote it."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("；".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Rule:
    """How one field is filled. No steps: it is always the default."""

    wanted: Wanted
    label: str
    steps: paths.Steps
    values: Mapping[str, str]
    default: str
    format: str


@dataclass(frozen=True)
class Section:
    """The rules of a part; `steps` lead to its list, where it has one."""

    part: Part
    steps: paths.Steps
    rules: Mapping[str, Rule]


@dataclass(frozen=True)
class Plan:
    shape: Shape
    records: paths.Steps
    header_row: int
    in_fen: bool
    time_format: str
    zone: ZoneInfo
    revision: int
    sections: Mapping[str, Section]

    @property
    def grouping(self) -> list[paths.Steps]:
        """What tells one record's rows from another's in a table; the first names its subject."""
        rules = [self.sections[part].rules.get(name) for part, name in self.shape.grouping]
        return [self.identity.steps, *(rule.steps for rule in rules if rule and rule.steps)]

    @property
    def identity(self) -> Rule:
        """The rule that names a record's subject."""
        for part, name in self.shape.identities:
            if rule := self.sections[part].rules.get(name):
                return rule
        raise LookupError("a plan has an identity, or it would not have been made")


def understand(mapping: Any, shape: Shape) -> Plan:
    """The plan of a mapping; `WrongMapping` with every mistake at once."""
    mistakes: list[str] = []
    if not isinstance(mapping, Mapping) or not mapping:
        raise WrongMapping(["映射要写成 JSON 对象"])
    for name in mapping:
        if name not in GENERAL and shape.part(str(name)) is None:
            known = "、".join([*GENERAL, *(part.name for part in shape.parts)])
            mistakes.append(f"映射里没有“{str(name)[:40]}”这一部分，只有：{known}")
    time = mapping.get("time") or {}
    if not isinstance(time, Mapping):
        mistakes.append('time 要写成 {"format": …, "zone": …}')
        time = {}
    plan = Plan(
        shape=shape,
        records=_steps(mapping.get("records"), "记录位置", mistakes),
        header_row=_whole(mapping.get("header_row"), "表头所在行", 1, 100, 1, mistakes),
        in_fen=_one_of(mapping.get("money"), "金额单位", MONEY_UNITS, mistakes) == "fen",
        time_format=_time_format(time.get("format"), "时间格式", mistakes) or values.AUTO,
        zone=_zone(time.get("zone"), mistakes),
        revision=_whole(mapping.get("revision"), "版本", 0, 10**9, 0, mistakes),
        sections={part.name: _section(part, mapping.get(part.name), mistakes) for part in shape.parts},
    )
    named = [rule for part, name in shape.identities if (rule := plan.sections[part].rules.get(name))]
    mistakes += [f"“{rule.label}”要写从哪里读，不能只有默认值" for rule in named if not rule.steps]
    if not named:
        part, name = shape.identities[0]
        wanted = plan.sections[part].part.field(name)
        mistakes.append(f"缺少“{wanted.label if wanted else name}”从哪里读")
    if mistakes:
        raise WrongMapping(list(dict.fromkeys(mistakes)))
    return plan


def _section(part: Part, written: Any, mistakes: list[str]) -> Section:
    if written in (None, "", {}):
        written = {}
    if not isinstance(written, Mapping):
        mistakes.append(f"“{part.label}”要写成 JSON 对象")
        written = {}
    used = bool(written)
    steps = _steps(written.get("path"), f"{part.label}的列表位置", mistakes) if part.many else ()
    rules = {}
    for name, rule in written.items():
        if name == "path" and part.many:
            continue
        wanted = part.field(str(name))
        if wanted is None:
            mistakes.append(f"“{part.label}”里没有字段“{str(name)[:40]}”")
        elif (understood := _rule(part, wanted, rule, mistakes)) is not None:
            rules[wanted.name] = understood
    for wanted in part.fields:
        first = wanted.required and (used or not part.optional)
        if first and wanted.name not in rules:
            mistakes.append(f"缺少“{part.label}·{wanted.label}”从哪里读")
    return Section(part, steps, rules)


def _rule(part: Part, wanted: Wanted, written: Any, mistakes: list[str]) -> Rule | None:
    label = f"{part.label}·{wanted.label}"
    if isinstance(written, str):
        written = {"path": written}
    if not isinstance(written, Mapping):
        mistakes.append(f"“{label}”要写成路径，或 JSON 对象")
        return None
    for name in written:
        if name not in RULE_NAMES:
            mistakes.append(f"“{label}”不认识“{str(name)[:40]}”，只有：{'、'.join(RULE_NAMES)}")
    default = written.get("default")
    default = "" if default is None else str(default)
    rule = Rule(
        wanted=wanted,
        label=label,
        steps=_steps(written.get("path"), label, mistakes),
        values=dict(_values(wanted, label, written.get("values"), mistakes)),
        default=_default(wanted, label, default, mistakes),
        format=_time_format(written.get("format"), label, mistakes) if wanted.kind == TIME else "",
    )
    return rule if rule.steps or rule.default else None


def _values(wanted: Wanted, label: str, written: Any, mistakes: list[str]) -> Iterator[tuple[str, str]]:
    """Theirs → ours. Ours may be given as the tower's word or as staff call it."""
    if written in (None, "", {}):
        return
    if not isinstance(written, Mapping) or len(written) > MOST_VALUES:
        mistakes.append(f"“{label}”的对照要写成“对方的值 → 指挥塔的值”，最多 {MOST_VALUES} 个")
        return
    for theirs, ours in written.items():
        if len(str(theirs)) > LONGEST_VALUE or not isinstance(ours, str | int | bool):
            mistakes.append(f"“{label}”的对照“{str(theirs)[:40]}”写法不对")
        elif (known := known_value(wanted, str(ours))) is None:
            mistakes.append(f"“{label}”的对照里，“{str(ours)[:40]}”不是指挥塔的值，可以写：{_choices(wanted)}")
        else:
            yield str(theirs).strip(), known


def known_value(wanted: Wanted, text: str) -> str | None:
    """The tower's word for `text`, which may be its label; `None` where it is neither."""
    text = text.strip()
    if wanted.kind == YES:
        low = text.lower()
        return "true" if low in values.YES else "false" if low in values.NO else None
    if wanted.kind not in (CHOICE, CHOICES, CARRIER):
        return text[:LONGEST_VALUE]
    if text in wanted.choices:
        return text
    by_label = next((word for word, label in wanted.choices.items() if label == text), None)
    # A courier may be one that nobody here knows; a flag that means nothing is left out on purpose.
    free = (wanted.kind == CARRIER and text.isascii() and text.isalnum()) or (wanted.kind == CHOICES and not text)
    return by_label or (text.lower() if free else None)


def _default(wanted: Wanted, label: str, default: str, mistakes: list[str]) -> str:
    default = default.strip()[:LONGEST_VALUE]
    if not default:
        return ""
    known = known_value(wanted, default)
    if known is None:
        mistakes.append(f"“{label}”的默认值“{default[:40]}”不是指挥塔的值，可以写：{_choices(wanted)}")
        return ""
    try:
        if wanted.kind in READERS:
            READERS[wanted.kind](known)
    except Unreadable as error:
        mistakes.append(f"“{label}”的默认值{error}")
        return ""
    return known


def _choices(wanted: Wanted) -> str:
    if wanted.kind == YES:
        return "是、否"
    return "、".join(f"{word} {label}" for word, label in wanted.choices.items())


def _steps(written: Any, label: str, mistakes: list[str]) -> paths.Steps:
    if written in (None, ""):
        return ()
    try:
        if not isinstance(written, str):
            raise ValueError("路径要写成文字")
        return paths.parse(written)
    except ValueError as error:
        mistakes.append(f"“{label}”：{error}")
        return ()


def _time_format(written: Any, label: str, mistakes: list[str]) -> str:
    text = str(written or "").strip()
    if text in ("", values.AUTO, values.UNIX, values.UNIX_MILLISECONDS):
        return text
    # It must read what it writes.
    sample = datetime(2026, 11, 11, 23, 59, 58, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(text), text)  # noqa: DTZ007 - only its date is looked at
        good = len(text) <= 60 and read.date() == sample.date()
    except (ValueError, re.error):
        good = False
    if not good:
        mistakes.append(f"“{label}”的时间格式“{text[:40]}”不对，例如 %Y-%m-%d %H:%M:%S、unix、unix_ms 或 auto")
        return ""
    return text


def _zone(written: Any, mistakes: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(str(written or ZONE))
    except (ValueError, OSError, LookupError):
        mistakes.append(f"没有时区“{str(written)[:40]}”，例如 {ZONE}")
    return ZoneInfo(ZONE)


def _one_of(written: Any, label: str, choices: tuple[str, ...], mistakes: list[str]) -> str:
    text = str(written or choices[0])
    if text not in choices:
        mistakes.append(f"{label}只能是 {'、'.join(choices)}")
    return text


def _whole(written: Any, label: str, least: int, most: int, default: int, mistakes: list[str]) -> int:
    text = str(default if written in (None, "") else written)
    if not (text.isascii() and text.isdigit() and len(text) < 11 and least <= int(text) <= most):
        mistakes.append(f"{label}要是 {least} 到 {most} 的整数")
        return default
    return int(text)
