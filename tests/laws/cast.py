"""A seller with people, goods, a shop and a warehouse, and orders brought to where a law begins: by services only."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError
from django.http import HttpResponse
from django.test import Client

from integrations.inbox import short_hash
from integrations.models import Connection
from orders import clock
from orders.lifecycle import CauseKind, Move, Role
from orders.models import Goods, Label, Order, OrderLine, Parcel, ParcelLine, Shop, SkuMap, Warehouse
from orders.services.labels import request_waybill, waybill_issued
from orders.services.move import move, move_parcel
from orders.services.record import record
from orders.vocabulary import AddressSnapshot, Cause, Fact, LineSnapshot, OrderSnapshot, wording
from tests.integrations.qimen.street import SENDER, process_report, signed
from tests.orders import factories

_numbers = count(1)
SYSTEM = Cause(kind=CauseKind.SYSTEM, source="自动流程")
SECRET = "qimen-demo-secret"
RECEIVER = AddressSnapshot(
    name="王小明", phone="13800001111", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
)
T = TypeVar("T")


@dataclass
class Seller:
    shop: Shop
    warehouse: Warehouse
    lead: User

    @property
    def company_id(self) -> int:
        return self.shop.company_id

    def user(self, *roles: Role) -> User:
        person = factories.user(roles[0], self.shop.company)
        for role in roles[1:]:
            factories.grant(person, self.shop.company, role)
        return person

    def sells(self, *skus: str, order_id: str = "", **fields: Any) -> Order:
        """A paid order, as its platform tells of it."""
        number = order_id or f"20261111{next(_numbers):010}"
        snapshot = self.snapshot(number, *skus, **fields)
        outcome = record(self.fact(f"sold:{number}", number, snapshot), cause=SYSTEM)
        assert outcome.ok, outcome
        return Order.objects.get(shop=self.shop, platform_order_id=number)

    def snapshot(self, number: str, *skus: str, **fields: Any) -> OrderSnapshot:
        now = clock.now()
        return OrderSnapshot(
            **{
                "platform_order_id": number,
                "status": "paid",
                "platform_status": "WAIT_SELLER_SEND_GOODS",
                "modified_at": now,
                "placed_at": now - timedelta(seconds=10),
                "paid_at": now - timedelta(seconds=5),
                "amount": Decimal("128.50"),
                "receiver": RECEIVER,
                "lines": tuple(
                    LineSnapshot(
                        platform_line_id=str(place), sku=sku, title="面霜", quantity=1, price=Decimal("128.50")
                    )
                    for place, sku in enumerate(skus or ("CREAM-50",), start=1)
                ),
                **fields,
            }
        )

    def fact(self, key: str, subject: str, snapshot: Any, system: CauseKind = CauseKind.PLATFORM) -> Fact:
        return Fact(
            source=f"test:{system}",
            key=key,
            body_hash=short_hash(wording(snapshot).encode()),
            subject=subject,
            snapshot=snapshot,
            system=system,
            company_id=self.company_id,
            shop_id=self.shop.pk,
            warehouse_id=self.warehouse.pk,
        )

    def released(self, *skus: str) -> Parcel:
        order = self.sells(*skus)
        outcome = move(order.pk, Move.RELEASE, cause=SYSTEM)
        assert outcome.ok, outcome
        return Parcel.objects.get(pk=outcome.made["parcel"])

    def packed(self, *skus: str) -> Parcel:
        parcel = self.released(*skus)
        outcome = move_parcel(parcel.pk, Move.PACK, cause=person(self.lead))
        assert outcome.ok, outcome
        return Parcel.objects.get(pk=parcel.pk)

    def labelled(self, *skus: str) -> Label:
        """A packed parcel's live label, ready for its one print."""
        return self.label_for(self.packed(*skus))

    def label_for(self, parcel: Parcel) -> Label:
        asked = request_waybill(parcel.pk, cause=SYSTEM)
        assert asked.ok, asked
        issued = waybill_issued(asked.made["label"], carrier="yto", waybill=f"YT{next(_numbers):013}", cause=SYSTEM)
        assert issued.ok, issued
        return Label.objects.get(pk=asked.made["label"])

    def merged(self, *orders: Order) -> Parcel:
        """One parcel with a line of each order, besides their own."""
        parcel = Parcel.objects.create(
            company_id=self.company_id, warehouse=self.warehouse, number=f"M{next(_numbers)}", carrier="yto"
        )
        for order in orders:
            ParcelLine.objects.create(parcel=parcel, order_line=OrderLine.objects.filter(order=order)[0], quantity=1)
        return parcel

    def qimen(self, **fields: Any) -> Connection:
        """The warehouse's connection, whose reports `reports` signs."""
        made = Connection.objects.create(
            **{
                "company_id": self.company_id,
                "warehouse": self.warehouse,
                "adapter": "qimen",
                "name": "奇门 杭州仓",
                "base_url": "http://127.0.0.1:9/qimen/router/qimen/service",
                "settings": {
                    "app_key": "12345678",
                    "customer_id": "WMS001",
                    "owner_code": "OWN1",
                    "sender": SENDER,
                },
                **fields,
            }
        )
        made.set_secrets({"app_secret": SECRET})
        made.save()
        return made

    def taobao(self, **fields: Any) -> Connection:
        made = Connection.objects.create(
            **{
                "company_id": self.company_id,
                "shop": self.shop,
                "adapter": "taobao",
                "name": "淘宝 旗舰店",
                "base_url": "http://127.0.0.1:9/taobao",
                "settings": {
                    "app_key": "21000001",
                    "seller_nick": "测试旗舰店",
                    "sender": {
                        "name": "发货员",
                        "mobile": "19900000000",
                        "address": {
                            "province": "浙江省",
                            "city": "杭州市",
                            "district": "余杭区",
                            "detail": "仓库路1号",
                        },
                    },
                    "template_url": "http://cloudprint.cainiao.com/template/standard/101",
                    "user_id": "12",
                },
                **fields,
            }
        )
        made.set_secrets({"app_secret": "emulator-secret", "session": "6100emulator"})
        made.save()
        return made


def seller(**warehouse: Any) -> Seller:
    """A seller whose warehouse prints through the tower, if nothing else is said."""
    company = factories.company()
    lead = factories.user(Role.WAREHOUSE_LEAD, company)
    place = factories.warehouse(company, **warehouse)
    for code, sku in (("CR50", "CREAM-50"), ("SE30", "SERUM-30"), ("LP01", "LIP-01"), ("MK10", "MASK-10")):
        goods = Goods.objects.create(company=company, code=code, name=sku, weight_grams=100)
        SkuMap.objects.create(company=company, sku=sku, goods=goods)
    return Seller(factories.shop(company, warehouse=place), place, lead)


def person(user: User, station: str = "") -> Cause:
    return Cause(kind=CauseKind.PERSON, user_id=user.pk, source=user.username, station=station)


def order_of(parcel: Parcel) -> Order:
    return Order.objects.filter(lines__parcel_lines__parcel=parcel).distinct().get()


def send_report(
    client: Client, to: Connection, body: bytes, method: str = "orderprocess.report", *, secret: str = SECRET
) -> HttpResponse:
    """A warehouse's call to the hook, signed as the gateway signs."""
    call = signed(body, method, secret=secret, at=clock.now())
    response: Any = client.post(
        f"/hooks/qimen/{to.key}/?{call.query_string}", data=body, content_type="text/xml;charset=utf-8"
    )
    return response


def step(status: str, order: str, *, waybill: str = "", minute: int = 0) -> bytes:
    at = (clock.now() + timedelta(minutes=minute)).astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return process_report(status, order=order, at=at, waybill=waybill)


class Killed(BaseException):
    """The process dies here: nothing that catches `Exception` may notice."""


@contextmanager
def commits_fail() -> Iterator[None]:
    """The database goes away at the moment of COMMIT."""

    def commit(self: BaseDatabaseWrapper) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "_commit", commit)
        yield


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Do everything at the same moment, each in a thread of its own (a pool lends eight connections); the first error
    is raised."""
    barrier = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def run(place: int, work: Callable[[], T]) -> None:
        try:
            barrier.wait(30)
            results[place] = work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    return results


def elsewhere(look: Callable[[], T]) -> T:
    """What another connection sees: what is committed."""
    return at_once([look])[0]
