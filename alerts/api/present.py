"""How figures go out as JSON."""

from datetime import datetime
from typing import Any

from alerts.kpis import Figure
from orders.api.fields import beijing_time


def part_json(figure: Figure, name: str = "") -> dict[str, Any]:
    spread, money = figure.spread, figure.definition.unit == "yuan"

    def measured(value: Any) -> Any:
        return value if value is None or not money else f"{value:.2f}"

    return {
        "part": figure.part,
        "part_name": name,
        "numerator": measured(figure.numerator),
        "denominator": figure.denominator,
        "value": measured(figure.value),
        "unknown": str(figure.unknown),
        "p50": spread.p50 if spread else None,
        "p95": spread.p95 if spread else None,
        "p99": spread.p99 if spread else None,
        "left_out": spread.left_out if spread else 0,
    }


def figure_json(figure: Figure, part_names: dict[Any, str]) -> dict[str, Any]:
    definition = figure.definition
    goal = definition.goal
    return {
        **part_json(figure),
        "key": definition.key,
        "name": str(definition.name),
        "definition": str(definition.text),
        "unit": definition.unit,
        "goal": f"{goal.sign} {goal.limit:g}" if goal else "",
        "met": figure.met,
        "at_most": figure.at_most,
        "beside": dict(figure.beside),
        "parts": [part_json(part, part_names.get(part.part, "")) for part in figure.parts],
    }


def kpis_json(start: datetime, end: datetime, shop_id: int | None, figures: list[dict[str, Any]]) -> dict[str, Any]:
    return {"from": beijing_time(start), "to": beijing_time(end), "shop": shop_id, "figures": figures}
