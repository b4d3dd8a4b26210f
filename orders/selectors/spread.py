"""Mean and percentiles of a span of time, computed in the database and the same on both engines.

A percentile is a value that really occurred (nearest rank): the smallest one that at least so many of a hundred do not
exceed. Rows whose end lies before their beginning (two clocks) tell nothing and are only counted.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Spread:
    """In seconds. `mean` and the percentiles are `None` where there is nothing to measure."""

    count: int = 0
    left_out: int = 0
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


def spreads(rows: QuerySet[Any], start: str, end: str, *, by: str = "") -> dict[Any, Spread]:
    """Two queries. One spread for each value of `by`; without it one, under the key 0."""
    group = F(by) if by else Value(0)
    spans = rows.filter(**{f"{start}__isnull": False, f"{end}__isnull": False}).annotate(
        group=group, span=ExpressionWrapper(F(end) - F(start), output_field=DurationField())
    )
    backwards = spans.filter(span__lt=timedelta(0)).order_by().values_list("group").annotate(found=Count("pk"))
    left_out: dict[Any, int] = dict(backwards)
    found: dict[Any, dict[str, Any]] = {}
    for name, span, place, count, mean in _at_percentiles(spans.filter(span__gte=timedelta(0))):
        figures = found.setdefault(name, {"count": count, "mean": _seconds(mean)})
        figures |= {f"p{percent}": _seconds(span) for percent in PERCENTILES if place == _rank(percent, count)}
    keys = found.keys() | left_out.keys() or ({0} if not by else set())
    return {key: Spread(left_out=left_out.get(key, 0), **found.get(key, {})) for key in keys}


def _at_percentiles(spans: QuerySet[Any]) -> QuerySet[Any, tuple[Any, ...]]:
    """The rows that stand at a percentile of their group, with the group's size and mean."""
    partition = [F("group")]
    count = F("members")
    standing = Q()
    for percent in PERCENTILES:
        standing |= Q(place=_rank(percent, count))
    return (
        spans.order_by()
        .annotate(
            place=Window(RowNumber(), partition_by=partition, order_by=F("span").asc()),
            members=Window(Count("pk"), partition_by=partition),
            mean=Window(Avg("span"), partition_by=partition),
        )
        .filter(standing)
        .values_list("group", "span", "place", "members", "mean")
    )


def _rank(percent: int, count: Any) -> Any:
    """⌈percent · count ÷ 100⌉, in whole numbers; in Python and, with `F`, in SQL."""
    return (count * percent + 99) // 100 if isinstance(count, int) else (count * percent + 99) / 100


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)
