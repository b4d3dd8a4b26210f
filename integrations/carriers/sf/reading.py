"""How 顺丰 writes a parcel's way and its number."""

from collections.abc import Mapping
from typing import Any

from integrations import routes

ROUTES = routes.Way(name="路由", unit="条", times=("acceptTime",), again="主动查询", titles=("收派员", "快件交给"))


def rows(of: Mapping[str, Any], name: str) -> list[Any]:
    """A list; one object alone, as some gateways write it, is a list of one."""
    value = of.get(name)
    return ROUTES.rows([value] if isinstance(value, dict) else value, name)


def number(of: Mapping[str, Any], name: str) -> str:
    """A parcel's number in capitals; `Unreadable` for what cannot be one."""
    return routes.number(of, name).upper()
