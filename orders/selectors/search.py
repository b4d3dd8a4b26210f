"""One box for every number a person may hold in their hand: order, waybill, ERP or WMS document, phone, last four.

A fixed number of queries, each on an index, each bounded: never a search through all orders.
"""

import re
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from orders import sealing
from orders.models import DocumentLink, Label, Order, ParcelLine
from orders.selectors.scope import company_ids

# So many hits of one kind are kept, and so many pasted numbers are looked for at once.
HITS = 200
NUMBERS = 500
_SHORTEST_PREFIX = 4
_PHONE = re.compile(r"1\d{10}")


def orders_by_number(user: Any, text: str) -> set[int]:
    """Ids of the person's orders that one of the numbers in `text` means.

    A single number that means nothing by itself is taken for the beginning of an order's number.
    """
    numbers = re.split(r"[\s,，;；、]+", text.strip())[:NUMBERS]
    numbers = [number for number in numbers if number]
    if not numbers:
        return set()
    companies = company_ids(user)
    mine = Order.objects.all() if companies is None else Order.objects.filter(company__in=companies)
    found: set[int] = set()
    for field in ("platform_order_id", "number"):
        found.update(_ids(mine.filter(**{f"{field}__in": numbers})))
    found.update(_by_waybill(numbers, companies))
    found.update(_by_parcel(numbers, companies))
    found.update(_by_document(numbers, companies))
    found.update(_by_phone(mine, numbers))
    if not found and len(numbers) == 1 and len(numbers[0]) >= _SHORTEST_PREFIX:
        for field in ("platform_order_id", "number"):
            found.update(_ids(mine.filter(starts_with(field, numbers[0]))))
    return found


def _ids(orders: QuerySet[Order]) -> list[int]:
    return list(orders.order_by().values_list("pk", flat=True)[:HITS])


def starts_with(field: str, text: str) -> Q:
    """A prefix that an index can answer. SQLite's LIKE ignores its indexes, so there the prefix is a range."""
    if connection.vendor == "sqlite":
        return Q(**{f"{field}__gte": text, f"{field}__lt": text + "\U0010ffff"})
    return Q(**{f"{field}__startswith": text})


def _by_waybill(numbers: list[str], companies: list[int] | None) -> list[int]:
    labels = Label.objects.filter(waybill__in=numbers).exclude(waybill="")
    if companies is not None:
        labels = labels.filter(parcel__company__in=companies)
    lines = ParcelLine.objects.filter(parcel__in=labels.values("parcel_id"))
    return list(lines.order_by().values_list("order_line__order_id", flat=True).distinct()[:HITS])


def _by_parcel(numbers: list[str], companies: list[int] | None) -> list[int]:
    """By the code under which a warehouse knows the parcel."""
    lines = ParcelLine.objects.filter(parcel__number__in=numbers)
    if companies is not None:
        lines = lines.filter(parcel__company__in=companies)
    return list(lines.order_by().values_list("order_line__order_id", flat=True).distinct()[:HITS])


def _by_document(numbers: list[str], companies: list[int] | None) -> list[int]:
    links = DocumentLink.objects.filter(document__number__in=numbers)
    if companies is not None:
        links = links.filter(order__company__in=companies)
    return list(links.order_by().values_list("order_id", flat=True)[:HITS])


def _by_phone(mine: QuerySet[Order], numbers: list[str]) -> list[int]:
    """Through the blind indexes: the database is never told the digits (law 13)."""
    phones = [sealing.blind("phone", number) for number in numbers if _PHONE.fullmatch(number)]
    tails = [sealing.blind("last4", number) for number in numbers if re.fullmatch(r"\d{4}", number)]
    found: list[int] = []
    for field, values in (("phone_index", phones), ("last_four_index", tails)):
        if values:
            rows = mine.exclude(**{field: ""}).filter(**{f"{field}__in": values})
            found += rows.order_by("-pk").values_list("pk", flat=True)[:HITS]
    return found
