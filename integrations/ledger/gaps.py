"""Gaps as rows: opened when an order is missing somewhere, closed when it came; and the trouble that speaks of many."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from integrations.models import BUCKET, Hop, LedgerBucket, LedgerGap, Trouble
from integrations.troubles import end_trouble, raise_trouble
from orders.models import Shop

# Numbers in a trouble's facts; the page has them all.
MOST_NUMBERS = 50


@dataclass(frozen=True)
class Missing:
    """An order that should be at a hop since then."""

    number: str
    since: datetime
    order_id: int | None = None
    cure: str = ""


def sync(
    bucket: LedgerBucket, hop: str, missing: Mapping[str, Missing], *, unsure: set[str], now: datetime
) -> tuple[int, int]:
    """Bring the open gaps of a hop to what is missing now: (opened, closed). Unsure ones stay as they are."""
    known = {gap.number: gap for gap in LedgerGap.objects.filter(bucket=bucket, hop=hop, closed_at__isnull=True)}
    gone = [gap.pk for number, gap in known.items() if number not in missing and number not in unsure]
    new = [
        LedgerGap(
            bucket=bucket,
            hop=hop,
            number=row.number,
            order_id=row.order_id,
            since=row.since,
            opened_at=now,
            cure=row.cure,
        )
        for number, row in missing.items()
        if number not in known
    ]
    if gone:
        LedgerGap.objects.filter(pk__in=gone, closed_at__isnull=True).update(closed_at=now)
    LedgerGap.objects.bulk_create(new, ignore_conflicts=True)
    return len(new), len(gone)


def tell_troubles(*, now: datetime) -> int:
    """One trouble for a shop and hop whose gaps are older than a bucket, with their number; ended when all are gone."""
    rows = LedgerGap.objects.filter(closed_at__isnull=True, opened_at__lte=now - BUCKET).order_by("since", "pk")
    found: dict[tuple[int, str], list[tuple[str, datetime]]] = defaultdict(list)
    for shop_id, hop, number, since in rows.values_list("bucket__shop_id", "hop", "number", "since"):
        found[(shop_id, hop)].append((number, since))
    told = {(row.company_id, row.key): row for row in Trouble.objects.filter(kind="ledger", closed_at__isnull=True)}
    shops = {shop.pk: shop for shop in Shop.objects.filter(pk__in={shop_id for shop_id, _ in found})}
    still = set()
    for (shop_id, hop), gaps in found.items():
        shop, key = shops[shop_id], f"shop:{shop_id}:{hop}"
        still.add((shop.company_id, key))
        text = _text(shop, hop, gaps)
        known = told.get((shop.company_id, key))
        # Said again only where something changed: the row counts how often it was said.
        if known is None or known.text != text:
            raise_trouble(shop.company_id, Trouble.Kind.LEDGER, key, text, facts=_facts(shop_id, hop, gaps))
    for company_id, key in told.keys() - still:
        end_trouble(company_id, Trouble.Kind.LEDGER, key)
    return len(found)


def _text(shop: Shop, hop: str, gaps: list[tuple[str, datetime]]) -> str:
    first = localtime(gaps[0][1]).strftime("%m-%d %H:%M")
    some = "、".join(number for number, _ in gaps[:3])
    return f"{shop.name}：{len(gaps)} 个订单应{Hop(hop).label}而没有（最早 {first}）：{some}"


def _facts(shop_id: int, hop: str, gaps: list[tuple[str, datetime]]) -> dict[str, Any]:
    return {"shop": shop_id, "hop": hop, "count": len(gaps), "numbers": [number for number, _ in gaps[:MOST_NUMBERS]]}
