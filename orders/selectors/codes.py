"""What a scanned code is: by exact match on an index, within what the caller may see, in a fixed number of queries.

A code of another company or of another warehouse and one that nobody knows look the same.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, CharField, F, Q, QuerySet, Value, When

from orders.lifecycle import ParcelState
from orders.models import Barcode, DocumentLink, ExternalDocument, Goods, Label, Order, Parcel, ParcelLine
from orders.models.label import DEAD
from orders.selectors.access import Access

# Shorter pieces are the beginning of too many codes to say which one was meant.
_SHORTEST_PART = 6
# So many codes that begin alike are looked at; more of them say nothing.
_ALIKE = 50
# The marks of a Code 128, with FNC1 in front and without, as scanners transmit them (ISO/IEC 15424).
_SYMBOLOGIES = ("]C1", "]C0")
_HALF_WIDTH: dict[int, str | int] = {0x3000: " ", **{sign: sign - 0xFEE0 for sign in range(0xFF01, 0xFF5F)}}
_DEAD_PARCELS = (ParcelState.VOIDED, ParcelState.RETURNED)

# Parcel → the orders that travel in it, ascending; only parcels whose every order is the caller's to see.
Parcels = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class Found:
    """`kind` is waybill, parcel, order, goods, wave or unknown. Several parcels: a person has to choose."""

    kind: str
    code: str
    parcels: Parcels = field(default_factory=dict)
    goods: tuple[int, ...] = ()
    # Of an order's number: itself, whether or not anything of it lies in a warehouse.
    orders: tuple[int, ...] = ()


class _Hit(NamedTuple):
    kind: str
    name: str
    row: int
    state: str


def cleaned(text: str) -> str:
    """Half-width, without what scanners add: symbology, separators, ends of line, blanks around."""
    visible = "".join(sign for sign in text.translate(_HALF_WIDTH) if sign.isprintable()).strip()
    return visible[len(_SYMBOLOGIES[0]) :].strip() if visible.upper().startswith(_SYMBOLOGIES) else visible


def spellings(code: str) -> tuple[str, ...]:
    """As scanned, and in capitals, which a keyboard setting may have lost."""
    return tuple(dict.fromkeys(name for name in (code, code.upper()) if name))


def find(access: Access, text: str) -> Found:
    """Everything that the code may be: a parcel's code before a wave's number, and that before goods."""
    code = cleaned(text)
    hits = _hits(access, spellings(code))
    found = _of_parcels(access, {code: hits})[0]
    if found.kind != "unknown":
        return found
    waves = [hit.row for hit in hits if hit.kind == "wave"]
    if waves and (members := _members(access, waves)):
        return Found("wave", code, members)
    goods = _my_goods(access, {hit.row for hit in hits if hit.kind == "goods"})
    return Found("goods" if goods else "unknown", code, goods=goods)


def find_many(access: Access, texts: Collection[str]) -> list[Found]:
    """For parcels that were collected one by one: each code once, all of them in a fixed number of queries."""
    codes = dict.fromkeys(code for text in texts if (code := cleaned(text)))
    hits: dict[str, list[_Hit]] = {}
    for hit in _hits(access, [name for code in codes for name in spellings(code)]):
        hits.setdefault(hit.name, []).append(hit)
    return _of_parcels(
        access, {code: [hit for name in spellings(code) for hit in hits.get(name, ())] for code in codes}
    )


def parcel_if_visible(access: Access, parcel_id: int) -> Parcels:
    """The parcel that a device has open."""
    return _visible(access, {parcel_id})[0]


def courier_of(access: Access, parcel_id: int) -> str:
    """The courier on the label of a parcel that a device has open; empty where nobody knows, or may not."""
    if not parcel_if_visible(access, parcel_id):
        return ""
    living = Label.objects.filter(parcel=parcel_id).exclude(state__in=DEAD)
    return living.values_list("carrier", flat=True).first() or ""


def goods_by_code(access: Access, text: str) -> tuple[int, ...]:
    """Goods by one of their barcodes, or by the ERP's code of them."""
    names = spellings(cleaned(text))
    if not names:
        return ()
    barcodes = Barcode.objects.filter(code__in=names).order_by().values_list("goods_id")
    mine = Goods.objects.filter(code__in=names, company__in=access.all_companies).order_by().values_list("pk")
    return _my_goods(access, {row for (row,) in barcodes.union(mine)})


def goods_names(goods: Collection[int]) -> list[tuple[str, str]]:
    return list(Goods.objects.filter(pk__in=goods).order_by("code").values_list("code", "name"))


def is_part(access: Access, text: str) -> bool:
    """Whether something of the caller's begins with this code: then the scanner caught only half of it.

    Each query reads at most a few rows of an index, in the order of any collation.
    """
    code = cleaned(text)
    return len(code) >= _SHORTEST_PART and any(_begins(access, name) for name in spellings(code))


# One query for all kinds ---------------------------------------------------------------------------------------------


def _hits(access: Access, names: Collection[str]) -> list[_Hit]:
    """Rows by their exact code. Those of others are among them: what would name a company here, and in the same
    statement, planners take for a better index than the code's."""
    if not names:
        return []
    parts = [
        _part("waybill", Label.objects.filter(waybill__in=names).exclude(waybill=""), "waybill", "parcel_id", "state"),
        _part("parcel", Parcel.objects.filter(number__in=names), "number"),
        _part("order", Order.objects.filter(number__in=names), "number"),
        _part("order", Order.objects.filter(platform_order_id__in=names), "platform_order_id"),
        _part("wave", ExternalDocument.objects.filter(number__in=names, kind="wave"), "number"),
        _part("goods", Goods.objects.filter(code__in=names, company__in=access.all_companies), "code"),
        _part("goods", Barcode.objects.filter(code__in=names), "code", "goods_id"),
    ]
    return [_Hit(*row) for row in parts[0].union(*parts[1:])]


def _part(kind: str, rows: QuerySet[Any], name: str, row: str = "pk", state: str = "") -> QuerySet[Any]:
    word = CharField()
    found = rows.order_by().annotate(
        hit_kind=Value(kind, word), hit_name=F(name), hit_row=F(row), hit_state=F(state) if state else Value("", word)
    )
    return found.values_list("hit_kind", "hit_name", "hit_row", "hit_state")


def _of_parcels(access: Access, hits: dict[str, list[_Hit]]) -> list[Found]:
    """What each code means among parcels, for all codes at once."""
    everything = [hit for mine in hits.values() for hit in mine]
    orders = _my_orders(access, {hit.row for hit in everything if hit.kind == "order"})
    parcels = {hit.row for hit in everything if hit.kind in ("waybill", "parcel")} | _carriers_of(orders)
    visible, dead = _visible(access, parcels)
    return [_among(code, mine, orders, visible, dead) for code, mine in hits.items()]


def _among(code: str, hits: list[_Hit], known: set[int], visible: Parcels, dead: set[int]) -> Found:
    """A number that lives on one label does not mean the parcels where it is dead; an order means its live parcels."""
    labels = [hit for hit in hits if hit.kind == "waybill" and hit.row in visible]
    living = {hit.row for hit in labels if hit.state not in DEAD}
    by_waybill = living or {hit.row for hit in labels}
    by_number = {hit.row for hit in hits if hit.kind == "parcel" and hit.row in visible}
    orders = {hit.row for hit in hits if hit.kind == "order"} & known
    by_order = {parcel for parcel, members in visible.items() if orders & set(members)}
    by_order = by_order - dead or by_order
    kinds = [kind for kind, rows in (("waybill", by_waybill), ("parcel", by_number), ("order", orders)) if rows]
    if not kinds:
        return Found("unknown", code)
    parcels = {parcel: visible[parcel] for parcel in sorted(by_waybill | by_number | by_order)}
    return Found(kinds[0], code, parcels, orders=tuple(sorted(orders)))


def _members(access: Access, waves: Collection[int]) -> Parcels:
    """The parcels of a wave: those that were named, else every live one of its orders."""
    links = DocumentLink.objects.filter(access.to_orders("order__"), document__in=waves)
    rows = list(links.values_list("order", "parcel"))
    named = {parcel for _, parcel in rows if parcel is not None}
    visible, dead = _visible(access, named | _carriers_of({order for order, parcel in rows if parcel is None}))
    return {parcel: orders for parcel, orders in visible.items() if parcel not in dead}


def _my_orders(access: Access, orders: Collection[int]) -> set[int]:
    rows = Order.objects.filter(access.to_orders(), pk__in=orders)
    return set(rows.values_list("pk", flat=True)) if orders else set()


def _my_goods(access: Access, goods: Collection[int]) -> tuple[int, ...]:
    rows = Goods.objects.filter(pk__in=goods, company__in=access.all_companies).order_by("pk")
    return tuple(rows.values_list("pk", flat=True)) if goods else ()


def _carriers_of(orders: Collection[int]) -> set[int]:
    """The parcels in which these orders travel."""
    lines = ParcelLine.objects.filter(order_line__order__in=orders)
    return set(lines.values_list("parcel", flat=True)) if orders else set()


def _visible(access: Access, parcels: Collection[int]) -> tuple[Parcels, set[int]]:
    """Those of the parcels that lie before the caller's eyes, and which of them are voided or returned."""
    if not parcels:
        return {}, set()
    here = Q(parcel__company__in=access.companies)
    if access.warehouses:
        here |= Q(parcel__warehouse__in=access.warehouses)
        here |= Q(parcel__warehouse__isnull=True, parcel__company__in=access.warehouse_companies)
    mine = access.to_orders("order_line__order__") & here
    rows = ParcelLine.objects.filter(parcel__in=parcels).annotate(
        mine=Case(When(mine, then=True), default=False, output_field=BooleanField())
    )
    orders: dict[int, set[int]] = {}
    hidden, dead = set(), set()
    for parcel, state, order, seen in rows.values_list("parcel", "parcel__state", "order_line__order", "mine"):
        orders.setdefault(parcel, set()).add(order)
        if not seen:
            hidden.add(parcel)
        if state in _DEAD_PARCELS:
            dead.add(parcel)
    return {parcel: tuple(sorted(orders[parcel])) for parcel in sorted(orders.keys() - hidden)}, dead


# Half a code ---------------------------------------------------------------------------------------------------------


def _begins(access: Access, name: str) -> bool:
    labels = _alike(Label.objects.exclude(waybill=""), "waybill", name, "parcel")
    if _visible(access, {*labels, *_alike(Parcel.objects.all(), "number", name)})[0]:
        return True
    orders = {row for column in ("platform_order_id", "number") for row in _alike(Order.objects.all(), column, name)}
    if _my_orders(access, orders):
        return True
    barcodes = _alike(Barcode.objects.all(), "code", name, "goods")
    mine = _alike(Goods.objects.filter(company__in=access.all_companies), "code", name)
    return bool(_my_goods(access, {*barcodes, *mine}))


def _alike(rows: QuerySet[Any], column: str, name: str, value: str = "pk") -> Iterable[int]:
    """A range, as SQLite's LIKE ignores its indexes and PostgreSQL's needs one of its own."""
    between = rows.filter(**{f"{column}__gt": name, f"{column}__lt": name + "zzzzzz"}).order_by(column)
    found = between.values_list(column, value)[:_ALIKE]
    return [row for text, row in found if text.upper().startswith(name.upper())]
