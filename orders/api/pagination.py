"""Pages by keyset: a signed cursor says after (or before) which row a page begins. No COUNT, no OFFSET."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from orders.api.problems import invalid

_signer = Signer(salt="orders.api.cursor")


@dataclass(frozen=True)
class Ordering:
    """How a list runs: by which columns (unique together), and whether the newest come first."""

    name: str
    columns: tuple[str, ...] = ("pk",)
    descending: bool = False


NEWEST_FIRST = Ordering("newest", descending=True)
BY_ID = Ordering("id")
BY_SEQUENCE = Ordering("seq", ("seq",))
# As rows were committed: a follower who reads on from here misses none.
BY_COMMIT = Ordering("commit", ("mark", "pk"))


@dataclass(frozen=True)
class Cursor:
    order: str
    position: tuple[int, ...]
    backwards: bool = False

    @property
    def text(self) -> str:
        return _signer.sign_object([self.order, list(self.position), self.backwards])


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None
    # Behind the last row, also where there is no next page yet.
    end: Cursor | None


def read_cursor(text: str, order: Ordering, *, field: str = "cursor") -> Cursor:
    try:
        name, position, backwards = _signer.unsign_object(text)
    except (BadSignature, ValueError) as error:
        raise invalid(field, _("游标无效")) from error
    if name != order.name:
        raise invalid(field, _("游标无效"))
    return Cursor(name, tuple(position), backwards)


def page_of(rows: QuerySet[Any], order: Ordering, *, cursor: Cursor | None, size: int) -> Page:
    """One query."""
    backwards = cursor is not None and cursor.backwards
    falling = order.descending != backwards
    if cursor is not None:
        rows = rows.filter(_beyond(order.columns, cursor.position, falling=falling))
    found = list(rows.order_by(*(f"-{name}" if falling else name for name in order.columns))[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Page(
        rows=found,
        next=_at(order, found[-1]) if found and has_next else None,
        previous=_at(order, found[0], backwards=True) if found and has_previous else None,
        end=_at(order, found[-1]) if found else cursor,
    )


def _beyond(columns: tuple[str, ...], position: tuple[int, ...], *, falling: bool) -> Q:
    beyond = "lt" if falling else "gt"
    condition, same = Q(), Q()
    for column, value in zip(columns, position, strict=True):
        condition |= same & Q(**{f"{column}__{beyond}": value})
        same &= Q(**{column: value})
    # Said once more for the first column alone, so that an index can begin there.
    return Q(**{f"{columns[0]}__{beyond}e": position[0]}) & condition


def _at(order: Ordering, row: Model, *, backwards: bool = False) -> Cursor:
    return Cursor(order.name, tuple(getattr(row, name) for name in order.columns), backwards)


def list_body(request: Request, page: Page, results: list[Any]) -> dict[str, Any]:
    return {"results": results, "next": _link(request, page.next), "previous": _link(request, page.previous)}


def _link(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    asked = {**request.query_params.dict(), "cursor": cursor.text}
    return str(request.build_absolute_uri(f"{request.path}?{urlencode(asked)}"))
