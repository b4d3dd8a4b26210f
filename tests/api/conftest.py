"""A company with a shop and a warehouse, programs with keys, people with sessions; every answer held to the schema."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache as counters
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from orders.lifecycle import CauseKind, ParcelState, Role
from orders.models import Company, Label, Order, Parcel, Shop, Warehouse
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.labels import waybill_issued
from orders.vocabulary import Cause
from tests.orders import factories

_ids = count(1)


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def hold_to_schema(method: str, path: str, answer: Any) -> None:
    """The status, the content type and the body are what the schema says of this operation."""
    for template, operations in schema()["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", r"\\d+", re.escape(template))
        if re.fullmatch(pattern, path.partition("?")[0]) and method in operations:
            said = operations[method]["responses"]
            assert str(answer.status_code) in said, f"{method} {path} answered {answer.status_code}, not in the schema"
            content = said[str(answer.status_code)]["content"]
            assert answer["Content-Type"] in content
            shape = {**content[answer["Content-Type"]]["schema"], "components": schema()["components"]}
            Draft202012Validator(shape).validate(answer.json())
            return


@dataclass
class Caller:
    """Somebody who calls the API, by key or by session."""

    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def get(self, path: str, **query: Any) -> Any:
        return self._held("get", path, self.client.get(self.url(path), query, headers=self.headers))

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        text = json.dumps({} if body is None else body)
        answer = self.client.post(self.url(path), text, content_type="application/json", headers=headers)
        return self._held("post", path, answer)

    def _held(self, method: str, path: str, answer: Any) -> Any:
        hold_to_schema(method, self.url(path), answer)
        return answer

    @staticmethod
    def url(path: str) -> str:
        return path if path.startswith("/") else f"/api/v1/{path}"


def program(company: Company, **options: Any) -> Caller:
    """A program with a key; every scope if nothing else is said."""
    _, text = create_key(company, "ERP", **{"scopes": ALL_SCOPES, **options})
    return Caller({"Authorization": f"Bearer {text}"})


def person(user: User) -> Caller:
    caller = Caller()
    caller.client.force_login(user)
    return caller


@dataclass
class World:
    company: Company
    warehouse: Warehouse
    shop: Shop
    program: Caller

    def member(self, role: Role) -> User:
        return factories.user(role, self.company)

    def as_a(self, role: Role) -> Caller:
        """A program that speaks for a person with this role."""
        return program(self.company, acts_as=CauseKind.PERSON, user=self.member(role))

    def body(self, **fields: Any) -> dict[str, Any]:
        return {
            "shop": self.shop.pk,
            "platform_order_id": f"2026111100{next(_ids):06}",
            "state": "paid",
            "placed_at": "2026-11-11T00:00:05+08:00",
            "paid_at": "2026-11-11T00:00:09+08:00",
            "amount": "128.50",
            "receiver": {
                "name": "王小明",
                "phone": "13800001234",
                "province": "浙江省",
                "city": "杭州市",
                "district": "西湖区",
                "address": "文三路 1 号",
            },
            "lines": [
                {"platform_line_id": "1", "sku": "CREAM-50", "title": "面霜", "quantity": 1, "price": "128.50"},
            ],
            **fields,
        }

    def order(self, **fields: Any) -> Order:
        answer = self.program.post("orders/", self.body(**fields))
        assert answer.status_code == 201, answer.content
        return Order.objects.get(pk=answer.json()["id"])

    def parcel(self) -> Parcel:
        """A released order's parcel, to pick."""
        order = self.order()
        released = self.program.post(f"orders/{order.pk}/moves/", {"move": "release"})
        assert released.status_code == 200, released.content
        return Parcel.objects.get(pk=released.json()["parcels"][0]["id"])

    def printable(self) -> Parcel:
        """A packed parcel with a live label."""
        parcel = self.parcel()
        packed = self.as_a(Role.WAREHOUSE_LEAD).post(f"parcels/{parcel.pk}/moves/", {"move": "pack"})
        assert packed.status_code == 200, packed.content
        asked = self.program.post(f"parcels/{parcel.pk}/waybill/", {"carrier": "sf"})
        assert asked.status_code == 202, asked.content
        courier = Cause(kind=CauseKind.SYSTEM, source="取号")
        waybill = f"SF{next(_ids):010}"
        waybill_issued(Label.objects.get(parcel=parcel).pk, carrier="sf", waybill=waybill, cause=courier)
        parcel.refresh_from_db()
        assert parcel.state == ParcelState.PACKED
        return parcel


def a_world() -> World:
    company = factories.company()
    warehouse = factories.warehouse(company)
    shop = factories.shop(company, warehouse=warehouse, requires_mapping=False)
    return World(company, warehouse, shop, program(company))


@pytest.fixture
def world(transactional_db: None) -> World:
    return a_world()


@pytest.fixture
def stranger(transactional_db: None) -> World:
    """Another company, with rows of its own."""
    return a_world()


@pytest.fixture(autouse=True)
def _counters_begin_at_nothing() -> None:
    counters.clear()


@pytest.fixture
def state_of() -> Callable[[Order], tuple[str, int]]:
    def read(order: Order) -> tuple[str, int]:
        fresh = Order.objects.get(pk=order.pk)
        return str(fresh.state), fresh.version

    return read
