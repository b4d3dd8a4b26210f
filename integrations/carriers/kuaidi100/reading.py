"""How 快递100 writes a parcel's way and its number."""

from collections.abc import Mapping
from typing import Any

from integrations import routes

TRACK = routes.Way(name="轨迹", unit="行", times=("ftime", "time"), again="的推送或查询", titles=("揽收员",))


def rows(result: Mapping[str, Any]) -> list[Any]:
    return TRACK.rows(result.get("data"), "data")


def number(result: Mapping[str, Any]) -> str:
    return routes.number(result, "nu")
