"""Companies, shops, warehouses, people and orders as rows, for tests that need them to exist and nothing more."""

import time
from datetime import datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from orders import clock
from orders.lifecycle import OrderState, Role
from orders.models import (
    Company,
    Event,
    Order,
    OrderLine,
    Parcel,
    ParcelLine,
    Shop,
    Warehouse,
    raise_commit_counter,
    settled_mark,
)
from orders.services.roles import grant
from orders.services.trail import chain

_numbers = count(1)
PASSWORD = "夜里十二点开抢"


def company(**fields: Any) -> Company:
    number = next(_numbers)
    return Company.objects.create(**{"name": f"山里果园{number}", "code": f"orchard-{number}", **fields})


def warehouse(of: Company | None = None, **fields: Any) -> Warehouse:
    number = next(_numbers)
    return Warehouse.objects.create(
        **{"company": of or company(), "name": f"杭州仓{number}", "code": f"HZ{number}", **fields}
    )


def shop(of: Company | None = None, **fields: Any) -> Shop:
    number = next(_numbers)
    return Shop.objects.create(
        **{
            "company": of or company(),
            "platform": "taobao",
            "name": f"山里果园旗舰店{number}",
            "code": f"shop-{number}",
            **fields,
        }
    )


def user(role: Role | None = None, of: Company | None = None, *, warehouse: Warehouse | None = None) -> User:
    """A person; with a role, in the given company (or warehouse), or in a new one."""
    name = f"{role.value if role else 'nobody'}-{next(_numbers)}"
    person = User.objects.create_user(username=name, password=PASSWORD, first_name="三", last_name="张")
    if role is not None:
        employer = warehouse.company if warehouse else of or company()
        grant(person, employer, role, warehouse=warehouse)
    return person


def order(of: Shop | None = None, *, lines: int = 1, **fields: Any) -> Order:
    """An order with `lines` lines, `paid` if nothing else is said, without any event."""
    sold_by = of or shop()
    number = next(_numbers)
    made = Order.objects.create(
        **{
            "company": sold_by.company,
            "shop": sold_by,
            "platform_order_id": f"20261111{number:08}",
            "number": f"T{number:010}",
            "state": OrderState.PAID,
            "placed_at": clock.now(),
            "paid_at": clock.now(),
            "amount": "29.90",
            **fields,
        }
    )
    for line in range(1, lines + 1):
        OrderLine.objects.create(
            order=made, platform_line_id=str(line), sku="APPLE-5", title="苹果 5斤", quantity=1, price="29.90"
        )
    return made


def parcel(of: Order, **fields: Any) -> Parcel:
    """A parcel that carries every line of an order."""
    made = Parcel.objects.create(
        **{"company": of.company, "warehouse": of.warehouse, "number": f"{of.number}-{next(_numbers)}", **fields}
    )
    for line in of.lines.all():
        ParcelLine.objects.create(parcel=made, order_line=line, quantity=line.quantity)
    return made


def happens(row: Order | Company, *verbs: str, at: datetime | None = None, **fields: Any) -> list[Event]:
    """Events on a stream, one per verb, written as the services do: under the row's lock, in one transaction."""
    with transaction.atomic():
        raise_commit_counter()
        locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
        company_id, order_id = (locked.company_id, locked.pk) if isinstance(locked, Order) else (locked.pk, None)
        events = [
            Event(
                **{
                    "company_id": company_id,
                    "order_id": order_id,
                    "verb": verb,
                    "actor": "system",
                    "facts": {"说明": "苹果 5斤", "quantity": 1, "nested": {"b": [1, "2"], "a": None}},
                    "at": at or clock.now(),
                    **fields,
                }
            )
            for verb in verbs
        ]
        chain(locked, events)
        Event.objects.bulk_create(events)
        type(row)._default_manager.filter(pk=row.pk).update(event_seq=locked.event_seq, event_head=locked.event_head)
    row.event_seq, row.event_head = locked.event_seq, locked.event_head
    return events


def settle() -> None:
    """Wait until every event is known to be settled: a test in another process may keep an older transaction open."""
    newest = Event.objects.aggregate(mark=Max("mark"))["mark"] or 0
    deadline = time.monotonic() + 600
    while settled_mark() <= newest:
        assert time.monotonic() < deadline, "an older transaction does not end"
        time.sleep(0.02)
