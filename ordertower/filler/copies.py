"""From the rows of one order to a pattern, and from the pattern to any number of orders like it.

Every value that is the order's own becomes a place to fill: ids, the platform's number (and all that is made of it),
times, the receiver, keys, hashes. What is the same for all stays as it was written.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import models

from orders import sealing
from orders.models import (
    AddressVersion,
    AfterSale,
    Claim,
    DocumentLink,
    Event,
    ExternalDocument,
    FactKey,
    Hold,
    Label,
    Order,
    OrderLine,
    PackLine,
    Parcel,
    ParcelLine,
    PrintAttempt,
)
from orders.services.address import context_of, masked, written
from orders.services.trail import HASHED
from orders.vocabulary import AddressSnapshot
from ordertower.filler.lives import Model

History: Any = Order.history.model
# In an order that foreign keys allow.
COPIED: tuple[type[models.Model], ...] = (
    Order, OrderLine, AddressVersion, Parcel, ParcelLine, PackLine, Label, PrintAttempt, Claim, AfterSale, Hold,
    ExternalDocument, DocumentLink, FactKey, Event, History,
)  # fmt: skip
# Plain numbers that are ids all the same.
_PLAIN_IDS: dict[tuple[type[models.Model], str], type[models.Model]] = {
    (Event, "order_id"): Order,
    (Event, "parcel_id"): Parcel,
    (History, "id"): Order,
}
# So the services name rows inside keys and facts.
_NAMED: dict[str, type[models.Model]] = {"label": Label, "attempt": PrintAttempt, "hold": Hold}
# Columns that are made anew for each order's own receiver and key.
_PERSONAL = {
    (Order, "wrapped_key"), (Order, "phone_index"), (Order, "last_four_index"),
    (AddressVersion, "sealed"), (AddressVersion, "masked"), (AddressVersion, "fingerprint"),
}  # fmt: skip
# A place while it is still inside a text: `PLACE name END`, or with the sign of a number, whose quotes go.
_OPEN, _NUMBER, _CLOSE = "\ue000", "#", "\ue001"
_BARE = re.compile(f'"{_OPEN}{_NUMBER}([a-z0-9_]+){_CLOSE}"')
_PLACE = re.compile(f"{_OPEN}{_NUMBER}?([a-z0-9_]+){_CLOSE}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)")
_NAMED_IN_TEXT = re.compile(rf"\b({'|'.join(_NAMED)}):(\d+)\b")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
Values = dict[str, Any]


def place(name: str, *, number: bool = False) -> str:
    return f"{_OPEN}{_NUMBER if number else ''}{name}{_CLOSE}"


def to_format(text: str) -> str:
    """A text with places as a %-format."""
    return _PLACE.sub(r"%(\1)s", _BARE.sub(rf"{_OPEN}\1{_CLOSE}", text).replace("%", "%%"))


@dataclass(frozen=True)
class Column:
    field: "models.Field[Any, Any]"
    # A %-format, or None for NULL.
    format: str | None


@dataclass
class Pattern:
    """One order's rows: per model a list of rows of columns; and how its chain is hashed."""

    rows: dict[type[models.Model], list[list[Column]]]
    canonical: list[str]
    times: dict[timedelta, str]
    acts: dict[str, str]
    ids: dict[tuple[type[models.Model], Any], str]
    counts: Counter[type[models.Model]] = field(default_factory=Counter)

    def values(self, first_ids: Mapping[type[models.Model], int], begun_at: datetime) -> Values:
        """What stands in the places of one more order."""
        order_id = first_ids[Order]
        number = f"{begun_at:%Y%m%d}{order_id:010}"
        values: Values = {"number": number}
        taken = dict(first_ids)
        for (model, _pk), name in self.ids.items():
            values[name] = taken[model]
            taken[model] += 1
        for delta, name in self.times.items():
            values[name] = (begun_at + delta).isoformat(timespec="microseconds")
        act = uuid4().hex[:24]
        for index, name in enumerate(self.acts.values()):
            values[name] = f"{act}{index:08x}"
        values.update(_person(order_id))
        head = ""
        for index, text in enumerate(self.canonical):
            head = hashlib.sha256(f"{head}\n{text % values}".encode()).hexdigest()
            values[f"hash{index}"] = head
        return values


def _person(order_id: int) -> Values:
    """A receiver of their own, under a key of their own."""
    receiver = AddressSnapshot(
        name=f"{_SURNAMES[order_id % len(_SURNAMES)]}小{_SURNAMES[order_id // 20 % len(_SURNAMES)]}",
        phone=f"139{order_id % 10**8:08}",
        province="浙江省",
        city="杭州市",
        district="西湖区",
        address=f"文三路 {order_id % 999 + 1} 号",
    )
    key, text = sealing.new_key(), written(receiver)
    return {
        "wrapped_key": sealing.wrap(key, context=f"order:{order_id}:key").hex(),
        "phone_index": sealing.blind("phone", receiver.phone),
        "last_four_index": sealing.blind("last4", receiver.phone[-4:]),
        "sealed": sealing.seal(key, text.encode(), context=context_of(order_id)).hex(),
        "masked": masked(receiver),
        "fingerprint": sealing.fingerprint(key, text),
    }


def pattern_of(model: Model) -> Pattern:
    return _Reader(model).read()


def rows_of(order_id: int, platform_order_id: str) -> Iterator[models.Model]:
    """Every row that the services wrote for an order, but for the tasks of its events, which are done."""
    queries: dict[type[models.Model], dict[str, Any]] = {
        Order: {"pk": order_id},
        Parcel: {"lines__order_line__order": order_id},
        ParcelLine: {"order_line__order": order_id},
        PackLine: {"order_line__order": order_id},
        Label: {"parcel__lines__order_line__order": order_id},
        ExternalDocument: {"documentlink__order": order_id},
        FactKey: {"key__endswith": f":{platform_order_id}"},
        Event: {"stream": f"order:{order_id}"},
        History: {"id": order_id},
    }
    for table in COPIED:
        wanted = queries.get(table, {"order": order_id})
        order_by = "seq" if table is Event else "pk"
        yield from table._default_manager.filter(**wanted).distinct().order_by(order_by)


class _Reader:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.found = list(rows_of(model.order_id, model.platform_order_id))
        self.times: dict[timedelta, str] = {}
        self.acts: dict[str, str] = {}
        self.ids: dict[tuple[type[models.Model], Any], str] = {}
        counts: Counter[type[models.Model]] = Counter()
        for row in self.found:
            table = type(row)
            self.ids[(table, row.pk)] = f"{table._meta.model_name}{counts[table]}"
            counts[table] += 1
        self.counts = counts

    def read(self) -> Pattern:
        rows: dict[type[models.Model], list[list[Column]]] = {table: [] for table in COPIED}
        canonical = []
        for row in self.found:
            if isinstance(row, Event):
                canonical.append(self.hashed(row))
            rows[type(row)].append([self.column(row, each) for each in type(row)._meta.concrete_fields])
        return Pattern(rows, canonical, self.times, self.acts, self.ids, self.counts)

    def hashed(self, event: Event) -> str:
        """The text that the chain covers (`orders.services.trail`), with places."""
        covered = {name: self.value(type(event), name, getattr(event, name)) for name in HASHED}
        return to_format(json.dumps(covered, ensure_ascii=False, sort_keys=True, separators=(",", ":")))

    def column(self, row: models.Model, column: "models.Field[Any, Any]") -> Column:
        value = self.value(type(row), column.attname, getattr(row, column.attname))
        if isinstance(row, Event) and column.attname in ("hash", "prev_hash"):
            value = self.link(row.seq - (column.attname == "prev_hash"))
        elif isinstance(row, Order) and column.attname == "event_head":
            value = self.link(row.event_seq)
        elif column.attname == "mark":
            value = place("mark")
        elif target := column.remote_field:
            value = self.identity(target.model, value)
        elif column.primary_key:
            value = self.identity(type(row), row.pk)
        if value is None:
            return Column(column, None)
        if isinstance(column, models.JSONField):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        elif isinstance(value, bytes | memoryview):
            value = bytes(value).hex()
        elif isinstance(value, bool):
            value = int(value)
        return Column(column, to_format(str(value)))

    def link(self, seq: int) -> str:
        return place(f"hash{seq - 1}") if seq else ""

    def identity(self, table: Any, value: Any, *, number: bool = False) -> Any:
        name = self.ids.get((table, value))
        return place(name, number=number) if name else value

    def value(self, table: type[models.Model], name: str, value: Any) -> Any:
        if (table, name) in _PERSONAL and value:
            return place(name)
        if (table, name) in _PLAIN_IDS:
            return self.identity(_PLAIN_IDS[table, name], value, number=True)
        if name == "act_id":
            return place(self.acts.setdefault(value, f"act{len(self.acts)}")) if value else value
        if name == "stream":
            return f"order:{place(self.ids[Order, self.model.order_id])}"
        return self.inside(value)

    def inside(self, value: Any, key: str = "") -> Any:
        """A value with places, however deep it lies in JSON."""
        if isinstance(value, datetime):
            return place(self.times.setdefault(value - self.model.begun_at, f"t{len(self.times)}"))
        if isinstance(value, dict):
            return {self.inside(name): self.inside(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.inside(item, key) for item in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int) and key in _NAMED:
            return self.identity(_NAMED[key], value, number=True)
        return value

    def text(self, text: str) -> str:
        text = text.replace(self.model.platform_order_id, place("number"))
        text = _TIME.sub(lambda found: str(self.inside(datetime.fromisoformat(found[0]).astimezone(UTC))), text)
        return _NAMED_IN_TEXT.sub(lambda found: f"{found[1]}:{self.identity(_NAMED[found[1]], int(found[2]))}", text)
