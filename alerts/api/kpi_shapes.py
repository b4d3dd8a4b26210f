"""What figures can be asked for, and how they come out."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers
from rest_framework.fields import empty

from alerts.kpis import LONGEST
from orders import clock
from orders.api.fields import LARGEST_ID, Moment, Number, Shape, Strict, Text, Word, read_moment
from orders.clock import BEIJING

_DAY = timedelta(days=1)


class DayOrMoment(serializers.CharField):
    """A day in Beijing (2026-11-11), or a time with its offset."""

    default_error_messages = {"moment": _("必须是日期（2026-11-11）或带时区的时间")}

    def run_validation(self, data: Any = empty) -> date | datetime:
        text = str(super().run_validation(data))
        try:
            day = date.fromisoformat(text) if re.fullmatch(r"20\d\d-\d\d-\d\d", text) else None
        except ValueError:
            day = None
        # An offset's plus sign arrives as a space where it was not quoted.
        found = day or read_moment(re.sub(r" (\d\d:\d\d)$", r"+\1", text))
        if found is None:
            self.fail("moment")
        return found


class KpiQuery(Strict):
    to = DayOrMoment(
        required=False, max_length=40, help_text="A day is meant with all its hours. Without it: the end of today."
    )
    shop = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=1, max_value=LARGEST_ID)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's own.
        said = "A day in Beijing, or a time with its offset. Without it: the beginning of the day of `to`."
        return {"from": DayOrMoment(required=False, max_length=40, help_text=said), **super().get_fields()}

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        today = clock.now().astimezone(BEIJING).date()
        end = _moment_of(asked.get("to", today), after=True)
        last_day = (end - timedelta(microseconds=1)).astimezone(BEIJING).date()
        start = _moment_of(asked.get("from", last_day))
        if start >= end:
            raise serializers.ValidationError({"to": [_("结束必须在开始之后")]})
        if end - start > LONGEST:
            raise serializers.ValidationError({"from": [_("一次最多看 31 天")]})
        return {"start": start, "end": end, "shop": asked["shop"]}


def _moment_of(asked: date | datetime, *, after: bool = False) -> datetime:
    if isinstance(asked, datetime):
        return asked
    return datetime.combine(asked + _DAY if after else asked, time(), BEIJING)


class Measure(serializers.Field):
    """A number; of money the yuan as a string."""


class AsMeasured(OpenApiSerializerFieldExtension):
    target_class = "alerts.api.kpi_shapes.Measure"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"oneOf": [{"type": "number"}, {"type": "string"}]}


class KpiPart(Shape):
    part = Measure(allow_null=True, help_text="The id of a shop, or the name of a stage.")
    part_name = Text()
    numerator = Measure(allow_null=True)
    denominator = Number(allow_null=True)
    value = Measure(
        allow_null=True, help_text="A ratio from 0 to 1, seconds, or yuan as a string; null: see `unknown`."
    )
    unknown = Text(help_text="Why there is no value; else empty.")
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)
    left_out = Number(help_text="Rows whose two clocks contradict each other (the end before the beginning).")


class KpiFigure(KpiPart):
    key = Text()
    name = Text()
    definition = Text()
    unit = Word("KpiUnit", ("ratio", "seconds", "yuan"))
    goal = Text(help_text="Such as `>= 0.85`; empty where there is none.")
    met = serializers.BooleanField(allow_null=True, help_text="null: not known.")
    at_most = serializers.FloatField(
        allow_null=True, help_text="Where the whole truth is unknown: it cannot be better than this."
    )
    beside = serializers.DictField(child=Number(), help_text="Counted beside the figure, not in it.")
    parts = KpiPart(many=True)


class Kpis(Shape):
    to = Moment()
    shop = Number(allow_null=True)
    figures = KpiFigure(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": Moment(), **super().get_fields()}
