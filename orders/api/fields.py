"""Fields that take what the schema says and nothing that merely looks like it; and how values go out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from orders.clock import BEIJING

LARGEST_ID = 2**63 - 1


class Strict(serializers.Serializer):
    """An input that refuses fields it does not know, so that a typing mistake is not silently nothing."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(str(name) for name in data if name not in self.fields)):
            raise serializers.ValidationError({name: [_("没有这个字段")] for name in unknown})
        return super().to_internal_value(data)


class Shape(serializers.Serializer):
    """The shape of an answer, for the schema; answers are made by `present`, and tests hold them against it."""


class Text(serializers.CharField):
    """A string and only a string: numbers of platforms are longer than a JSON number is exact."""

    default_error_messages = {"invalid": _("必须是字符串")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


def optional_text(longest: int) -> Text:
    return Text(required=False, allow_blank=True, default="", max_length=longest)


class Number(serializers.IntegerField):
    """An integer and only an integer."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


def identity(**options: Any) -> Number:
    return Number(min_value=1, max_value=LARGEST_ID, **options)


class Money(serializers.DecimalField):
    """Yuan as a string, such as "128.50"."""

    default_error_messages = {"text": _('金额必须是字符串，例如 "128.50"')}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 12, "decimal_places": 2, "min_value": Decimal(0), **options})

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("text")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A time with its offset; a time without one could be anywhere."""

    default_error_messages = {"moment": _("必须是带时区的 ISO 8601 时间，例如 2026-11-11T00:00:05+08:00")}

    def to_internal_value(self, value: Any) -> datetime:
        moment = read_moment(value) if isinstance(value, str) else None
        if moment is None:
            self.fail("moment")
        return moment


def read_moment(text: str) -> datetime | None:
    """ISO 8601 with an offset, within this century; `None` for anything else."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or not 2000 < moment.year < 2100:
        return None
    return moment.astimezone(UTC)


class Word(serializers.ChoiceField):
    """One of a known set of words; `name` is the set's own name in the schema."""

    default_error_messages = {"invalid_choice": _("不是可用的值")}

    def __init__(self, name: str, words: type[TextChoices] | Iterable[str], **options: Any) -> None:
        self.component = name
        values = list(words.values) if isinstance(words, type) else [str(word) for word in words]
        super().__init__(choices=values, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice")
        return str(super().to_internal_value(data))


def beijing_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(BEIJING).isoformat()


def yuan_text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{Decimal(amount):.2f}"
