"""A record and a plan → values, field by field. What a table does not list is noted and never a crash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.errors import Unreadable
from integrations.feeds import paths, values
from integrations.feeds.plan import Plan, Rule, Section
from integrations.feeds.reading import ROWS
from integrations.feeds.shapes import CARRIERS

MOST_ENTRIES = 1000
LONGEST_NOTED = 60


@dataclass
class Doubts:
    """(label, value) of everything that no table lists."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def note(self, label: str, value: str) -> None:
        self.found.append((label, value[:LONGEST_NOTED]))


@dataclass(frozen=True)
class Filler:
    """Fills the fields of one section from one entry. Every complaint names the field as staff know it."""

    plan: Plan
    section: Section
    entry: Any
    doubts: Doubts

    def raw(self, name: str) -> tuple[Rule | None, Any]:
        rule = self.section.rules.get(name)
        if rule is None:
            return None, None
        found = paths.find(self.entry, rule.steps) if rule.steps else paths.MISSING
        return rule, None if found is paths.MISSING else found

    def text(self, name: str) -> str:
        """Their text, or the default; values that are listed are already ours."""
        rule, value = self.raw(name)
        if rule is None:
            return ""
        try:
            found = values.written(value)
        except Unreadable as error:
            raise Unreadable(f"“{rule.label}”{error}") from error
        if not found:
            return rule.default
        ours = listed(rule, found)
        return found if ours is None else ours

    def identity(self, name: str) -> str:
        return str(self._checked(name, lambda text, rule: values.identity(text, longest=rule.wanted.longest)) or "")

    def words(self, name: str) -> str:
        rule = self.section.rules.get(name)
        return self.text(name)[: rule.wanted.longest] if rule else ""

    def money(self, name: str) -> Decimal | None:
        found = self._checked(name, lambda text, _rule: values.money(text, in_fen=self.plan.in_fen))
        return found if isinstance(found, Decimal) else None

    def count(self, name: str) -> int | None:
        found = self._checked(name, lambda text, _rule: values.count(text))
        return found if isinstance(found, int) else None

    def time(self, name: str) -> datetime | None:
        def read(text: str, rule: Rule) -> datetime | None:
            return values.moment(text, format=rule.format or self.plan.time_format, zone=self.plan.zone)

        found = self._checked(name, read)
        return found if isinstance(found, datetime) else None

    def choice(self, name: str) -> tuple[str, str]:
        """Ours, and theirs as they wrote it."""
        rule, value = self.raw(name)
        if rule is None:
            return "", ""
        theirs = self._written(rule, value)
        if not theirs:
            return rule.default, ""
        return self._ours(rule, theirs), theirs

    def choices(self, name: str) -> frozenset[str]:
        rule, value = self.raw(name)
        if rule is None:
            return frozenset()
        many = value if isinstance(value, list) else self._written(rule, value).replace("，", ",").split(",")
        theirs = [text for one in many if (text := self._written(rule, one).strip())]
        found = {self._ours(rule, text) for text in theirs} if theirs else {rule.default}
        return frozenset(found & set(rule.wanted.choices))

    def yes(self, name: str) -> bool:
        text = self.text(name).lower()
        rule = self.section.rules.get(name)
        if rule and text not in values.YES | values.NO:
            self.doubts.note(rule.label, text)
        return text in values.YES

    def carrier(self, name: str) -> str:
        """By the connection's own table, else by the name that every courier's names begin with."""
        rule, value = self.raw(name)
        if rule is None:
            return ""
        theirs = self._written(rule, value)
        if not theirs:
            return rule.default
        named = listed(rule, theirs) or next(
            (code for code, label in CARRIERS.items() if theirs.lower() == code or theirs.startswith(label)), ""
        )
        if not named:
            self.doubts.note(rule.label, theirs)
        return named or values.identity(theirs, longest=20).lower()

    def entries(self, section: Section) -> list[Any]:
        """The entries of a part with a list; without a path the table's rows, or the record itself."""
        record: Any = self.entry
        found = paths.find(record, section.steps or (ROWS,))
        if found is paths.MISSING:
            found = record if not section.steps else None
        if found in (None, "", [], {}):
            return []
        listed_entries = found if isinstance(found, list) else [found]
        if len(listed_entries) > MOST_ENTRIES:
            raise Unreadable(f"“{section.part.label}”超过 {MOST_ENTRIES} 条")
        if not all(isinstance(entry, Mapping) for entry in listed_entries):
            raise Unreadable(f"“{section.part.label}”里不是对象")
        return listed_entries

    def within(self, section: Section, entry: Any) -> "Filler":
        return Filler(self.plan, section, entry, self.doubts)

    def _ours(self, rule: Rule, theirs: str) -> str:
        found = listed(rule, theirs)
        if found is not None:
            return found
        if not rule.values and theirs in rule.wanted.choices:
            return theirs
        self.doubts.note(rule.label, theirs)
        return rule.wanted.otherwise

    def _written(self, rule: Rule, value: Any) -> str:
        try:
            return values.written(value)
        except Unreadable as error:
            raise Unreadable(f"“{rule.label}”{error}") from error

    def _checked(self, name: str, read: Any) -> Any:
        """The field read by `read`; `None` where it is empty. A complaint is told with the field's name."""
        rule = self.section.rules.get(name)
        text = self.text(name)
        if rule is None or not text:
            return None
        try:
            return read(text, rule)
        except Unreadable as error:
            raise Unreadable(f"“{rule.label}”{error}") from error


def listed(rule: Rule, theirs: str) -> str | None:
    """What the rule's table says of a value, whatever its case."""
    if theirs in rule.values:
        return rule.values[theirs]
    low = theirs.lower()
    return next((ours for text, ours in rule.values.items() if text.lower() == low), None)
