"""Who gets in, with which scope, and that other companies' rows do not exist."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from alerts.api import urls as alerts_urls
from orders import clock
from orders.api import urls as orders_urls
from orders.lifecycle import CauseKind, Role
from orders.models import ApiKey, Event, Order
from orders.services.keys import ALL_SCOPES, BadKey, create_key, find_key, forget_answers, revoke
from tests.api.conftest import Caller, World, person, program, schema
from tests.orders import factories


def test_a_key_is_shown_once_and_kept_as_a_digest(world: World) -> None:
    row, text = create_key(world.company, "ERP", scopes=["orders:read"])
    assert text.startswith(f"ot_{row.prefix}_")
    assert text not in str(ApiKey.objects.filter(pk=row.pk).values().get())
    found = find_key(text)
    assert found is not None
    assert found.pk == row.pk


def test_making_and_revoking_a_key_is_on_the_companys_trail(world: World) -> None:
    row, text = create_key(world.company, "ERP", scopes=["orders:read"])
    assert revoke(row)
    assert not revoke(row)
    assert find_key(text) is None
    events = Event.objects.filter(stream=world.company.stream, key=f"api_key:{row.pk}").order_by("seq")
    assert [event.verb for event in events] == ["api_key_created", "api_key_revoked"]
    assert text.split("_")[2] not in str(list(events.values()))


def test_a_typing_mistake_costs_no_query(world: World, django_assert_num_queries: Callable[..., Any]) -> None:
    _, text = create_key(world.company, "ERP", scopes=["orders:read"])
    wrong = text[:-1] + ("a" if text[-1] != "a" else "b")
    with django_assert_num_queries(0):
        assert find_key(wrong) is None


@pytest.mark.parametrize(
    "options",
    [{"scopes": ["orders:all"]}, {"scopes": [], "acts_as": CauseKind.PERSON}, {"scopes": [], "acts_as": "god"}],
)
def test_a_key_of_nonsense_is_not_made(world: World, options: dict) -> None:
    with pytest.raises(BadKey):
        create_key(world.company, "ERP", **options)


def test_a_key_cannot_be_limited_to_a_strangers_shop(world: World, stranger: World) -> None:
    with pytest.raises(BadKey):
        create_key(world.company, "ERP", scopes=[], shops=[stranger.shop])


def _expired(world: World) -> str:
    return create_key(world.company, "ERP", scopes=ALL_SCOPES, expires_at=clock.now() - timedelta(seconds=1))[1]


def _revoked(world: World) -> str:
    row, text = create_key(world.company, "ERP", scopes=ALL_SCOPES)
    revoke(row)
    return text


def _of_somebody_who_left(world: World) -> str:
    user = world.member(Role.CS)
    _, text = create_key(world.company, "ERP", scopes=ALL_SCOPES, acts_as=CauseKind.PERSON, user=user)
    user.is_active = False
    user.save()
    return text


@pytest.mark.parametrize("make", [_expired, _revoked, _of_somebody_who_left, lambda world: "ot_x_y", lambda world: "é"])
def test_a_key_that_opens_nothing_answers_401(world: World, make: Callable[[World], str]) -> None:
    answer = Caller({"Authorization": f"Bearer {make(world)}"}).get("orders/")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_without_key_and_session_there_is_nothing(world: World) -> None:
    assert Caller().get("orders/").status_code == 401
    assert Caller().post("orders/", world.body()).status_code == 401
    assert not Order.objects.exists()


SCOPED = [
    ("get", "orders/", "orders:read"),
    ("post", "orders/", "orders:write"),
    ("post", "orders/bulk/", "orders:write"),
    ("get", "orders/{order}/", "orders:read"),
    ("get", "orders/{order}/timeline/", "orders:read"),
    ("post", "orders/{order}/moves/", "moves:write"),
    ("post", "orders/{order}/holds/", "holds:write"),
    ("get", "parcels/{parcel}/", "orders:read"),
    ("post", "parcels/{parcel}/moves/", "moves:write"),
    ("post", "parcels/{parcel}/waybill/", "labels:write"),
    ("post", "parcels/{parcel}/print-requests/", "labels:print"),
    ("post", "print-requests/{attempt}/result/", "labels:print"),
    ("get", "holds/", "holds:read"),
    ("post", "holds/{hold}/lift/", "holds:write"),
    ("post", "holds/{hold}/confirm/", "holds:write"),
    ("post", "events/", "events:write"),
    ("get", "kpis/", "kpis:read"),
    ("post", "scans/", "scans:write"),
    ("get", "companies/", "tenancy:read"),
    ("get", "shops/", "tenancy:read"),
    ("get", "warehouses/", "tenancy:read"),
]


def rows_of(world: World) -> dict[str, int]:
    """One of everything that a path can name."""
    parcel = world.printable()
    attempt = world.as_a(Role.SHIPPER).post(f"parcels/{parcel.pk}/print-requests/", {"station": "A3"}).json()["id"]
    order_id = parcel.lines.get().order_line.order_id
    hold = world.program.post(f"orders/{order_id}/holds/", {"note": "等一等"}).json()["id"]
    return {"order": order_id, "parcel": parcel.pk, "attempt": attempt, "hold": hold}


BODIES = {
    "orders/{order}/moves/": {"move": "cancel", "reason": "x"},
    "orders/{order}/holds/": {"note": "x"},
    "parcels/{parcel}/moves/": {"move": "unpack", "reason": "x"},
    "print-requests/{attempt}/result/": {"outcome": "failed"},
    "holds/{hold}/lift/": {"reason": "x"},
    "holds/{hold}/confirm/": {"reason": "x"},
}


def test_every_operation_of_the_schema_is_in_the_matrix() -> None:
    named = {
        (method, path.removeprefix("/api/v1/").replace("_id}", "}"))
        for path, operations in schema()["paths"].items()
        for method in operations
        if path.startswith("/api/v1/")
    }
    assert named >= {(method, path) for method, path, _ in SCOPED}
    mine = {str(pattern.pattern) for pattern in [*orders_urls.urlpatterns, *alerts_urls.urlpatterns]}
    assert len({path for _, path, _ in SCOPED}) == len(mine)


@pytest.mark.parametrize(("method", "path", "scope"), SCOPED)
def test_a_key_without_the_scope_is_refused(world: World, method: str, path: str, scope: str) -> None:
    others = program(world.company, scopes=[known for known in ALL_SCOPES if known != scope])
    answer = getattr(others, method)(path.format(order=1, parcel=1, attempt=1, hold=1))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_rows_of_another_company_do_not_exist_in_any_path_and_nothing_happens_to_them(
    world: World, stranger: World
) -> None:
    rows = rows_of(world)
    before = (Event.objects.count(), Order.objects.filter(pk=rows["order"]).values().get())
    callers = [
        stranger.program,
        stranger.as_a(Role.OPS_MANAGER),
        person(stranger.member(Role.OPS_MANAGER)),
        program(world.company, shops=[factories.shop(world.company)]),
    ]
    events = Event.objects.count()
    for caller in callers:
        for method, path, _ in SCOPED:
            if "{" in path:
                body = [BODIES.get(path, {})] if method == "post" else []
                answer = getattr(caller, method)(path.format(**rows), *body)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
                missing = getattr(caller, method)(path.format(**dict.fromkeys(rows, 10**12)), *body)
                assert missing.json() == answer.json(), "what is not there and what is not yours must look the same"
    assert Event.objects.count() == events
    assert Order.objects.filter(pk=rows["order"]).values().get() == before[1]


def test_lists_and_searches_show_the_callers_own_rows_only(world: World, stranger: World) -> None:
    rows_of(world)
    order = Order.objects.get()
    for caller in (stranger.program, person(stranger.member(Role.CS))):
        for path in ("orders/", "holds/"):
            assert caller.get(path).json()["results"] == []
        for text in (order.platform_order_id, order.number, "13800001234", "1234"):
            assert world.program.get("orders/", q=text).json()["results"], text
            assert caller.get("orders/", q=text).json()["results"] == []
        assert caller.get("orders/", shop=world.shop.pk).json()["results"] == []
        assert [row["id"] for row in caller.get("companies/").json()["results"]] == [stranger.company.pk]
        assert [row["id"] for row in caller.get("shops/").json()["results"]] == [stranger.shop.pk]
        assert [row["id"] for row in caller.get("warehouses/").json()["results"]] == [stranger.warehouse.pk]


def test_nobody_reports_orders_for_a_strangers_shop(world: World, stranger: World) -> None:
    for shop_id in (world.shop.pk, 10**12):
        answer = stranger.program.post("orders/", stranger.body(shop=shop_id))
        assert answer.json()["errors"].keys() == {"shop"}
    assert not Order.objects.exists()


def test_a_key_for_one_shop_sees_and_reports_nothing_else(world: World) -> None:
    other = factories.shop(world.company, warehouse=world.warehouse)
    limited = program(world.company, shops=[world.shop])
    mine, theirs = world.order(), world.order(shop=other.pk)
    assert [row["id"] for row in limited.get("orders/").json()["results"]] == [mine.pk]
    assert limited.get(f"orders/{theirs.pk}/").status_code == 404
    assert limited.post("orders/", world.body(shop=other.pk)).status_code == 422


def test_who_works_for_one_warehouse_sees_its_orders_and_parcels(world: World) -> None:
    far = factories.warehouse(world.company)
    near_order, far_order = world.order(), factories.order(factories.shop(world.company, warehouse=far))
    worker = person(factories.user(Role.PICKER, warehouse=far))
    assert [row["id"] for row in worker.get("orders/").json()["results"]] == [far_order.pk]
    assert worker.get(f"orders/{near_order.pk}/").status_code == 404
    assert [row["id"] for row in worker.get("warehouses/").json()["results"]] == [far.pk]


def test_who_works_nowhere_gets_nothing(transactional_db: None) -> None:
    answer = person(factories.user()).get("orders/")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_a_session_needs_the_csrf_token_to_act(world: World) -> None:
    order = world.order()
    caller = Caller(client=Client(enforce_csrf_checks=True))
    caller.client.force_login(world.member(Role.CS))
    assert caller.get(f"orders/{order.pk}/").status_code == 200
    answer = caller.post(f"orders/{order.pk}/moves/", {"move": "release"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_answers_that_nobody_will_ask_for_again_are_forgotten(world: World) -> None:
    world.program.post("orders/", world.body(), key="k1")
    assert forget_answers(now=clock.now()) == 0
    assert forget_answers(now=clock.now() + timedelta(days=8)) == 1
