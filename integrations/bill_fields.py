"""What an ERP's bill must hold about parcels, where all parcels of an order share its fields. Pure.

Nothing is written that is there, and nothing that would take it back: waybills and warehouses are collected, the latest
time and the furthest stage stay. So the same news may come twice, and in any order.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from integrations.adapter import Telling
from integrations.windows import beijing_text, moment

STAGES = ("packed", "shipped", "picked_up", "signed")
CORRECTION = "shipped_already"
# How several numbers stand in one field.
SEPARATORS = re.compile(r"[,，;；|、/\s]+")


def numbers_in(text: str) -> list[str]:
    """The numbers in a field, in their order, each once."""
    return [one for one in dict.fromkeys(SEPARATORS.split(text)) if one]


def changes(
    news: Telling,
    there: Mapping[str, str],
    words: Mapping[str, str],
    *,
    warehouses: Sequence[str],
    waybills: Sequence[str],
) -> dict[str, str]:
    """What is to be written, by `status`, the stage's own name, `warehouse` and `waybill`.

    `there` is what the bill holds under these names, `words` how a stage is called there.
    """
    wanted: dict[str, str] = {}
    reached = next((place for place, stage in enumerate(STAGES) if words[stage] == there.get("status", "")), -1)
    if STAGES.index(news.stage) > reached:
        wanted["status"] = words[news.stage]
    known = _time(there.get(news.stage, ""))
    if known is None or news.at.replace(microsecond=0) > known:
        wanted[news.stage] = beijing_text(news.at)
    for name, word, held in (("warehouse", news.warehouse, warehouses), ("waybill", news.waybill, waybills)):
        if word and word not in held:
            wanted[name] = ",".join((*held, word))
    return wanted


def _time(told: str) -> datetime | None:
    """What stands there as a time; anything else is overwritten."""
    try:
        return moment(told)
    except ValueError:
        return None
