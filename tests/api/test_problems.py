"""Every no is a problem in JSON with a stable code; nothing inside shows."""

from typing import Any

import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from orders.api import orders as views
from orders.api import throttling
from orders.lifecycle import Role
from tests.api.conftest import Caller, World


def raw(caller: Caller, path: str, text: bytes | str, content_type: str = "application/json") -> Any:
    return caller.client.generic("POST", caller.url(path), text, content_type=content_type, headers=caller.headers)


@pytest.mark.parametrize(
    "text", ["{", "", "NaN", '{"shop": NaN}', "[" * 100_000, b"\xff\xfe", "1" * 5000], ids=lambda text: str(text[:9])
)
def test_what_is_no_json_is_400(world: World, text: bytes | str) -> None:
    answer = raw(world.program, "orders/", text)
    if text == "":
        # No body at all is an empty one.
        assert answer.status_code in (400, 422)
        return
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("text", ["[]", "1", "null", '"order"'])
def test_json_that_is_no_object_is_422(world: World, text: str) -> None:
    answer = raw(world.program, "orders/", text)
    assert (answer.status_code, answer.json()["errors"].keys()) == (422, {"body"})


def test_another_media_type_is_415(world: World) -> None:
    assert raw(world.program, "orders/", "shop=1", "application/x-www-form-urlencoded").json()["code"] == "media_type"
    assert raw(world.program, "orders/", b"{}", "application/json; charset=rot13").status_code == 422


def test_a_body_that_is_too_large_is_413(world: World, settings: Any) -> None:
    settings.TOWER_API_BYTES = 1000
    answer = world.program.post("orders/", world.body(buyer_note="长" * 2000), key="large")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_another_method_is_405_and_no_path_is_404(world: World) -> None:
    client, headers = world.program.client, world.program.headers
    for answer, code in [
        (client.delete("/api/v1/orders/", headers=headers), "method"),
        (client.options("/api/v1/orders/", headers=headers), "method"),
        (client.get("/api/v1/nothing/", headers=headers), "not_found"),
        (client.post("/api/v1/orders/1/state/", headers=headers), "not_found"),
        (client.get("/api/v1/orders", headers=headers), "not_found"),
    ]:
        assert answer.json()["code"] == code
        assert answer["Content-Type"] == "application/problem+json"


def test_a_number_that_no_row_can_have_is_404(world: World) -> None:
    for path in ("orders/{}/", "orders/{}/timeline/", "parcels/{}/"):
        for number in (10**12, 2**63, 10**40):
            assert world.program.get(path.format(number)).json()["code"] == "not_found"
    assert world.program.post(f"print-requests/{10**40}/result/", {"outcome": "printed"}).status_code == 404
    assert world.program.post(f"holds/{10**40}/lift/", {"reason": "x"}).status_code == 404


def test_head_is_get_without_a_body(world: World) -> None:
    answer = world.program.client.head("/api/v1/orders/", headers=world.program.headers)
    assert (answer.status_code, answer.content) == (200, b"")


def test_whatever_is_accepted_json_is_answered(world: World) -> None:
    headers = {**world.program.headers, "Accept": "text/html"}
    assert world.program.client.get("/api/v1/orders/", headers=headers).status_code == 200


def test_a_held_order_says_why_and_which_hold(world: World) -> None:
    order = world.order()
    hold = world.program.post(f"orders/{order.pk}/holds/", {"note": "等一等"}).json()["id"]
    answer = world.program.post(f"orders/{order.pk}/moves/", {"move": "release"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["holds"]) == (409, "held", [hold])
    assert "not_held" in [reason["code"] for reason in problem["reasons"]]
    assert problem["event"]
    assert problem["version"] == world.program.get(f"orders/{order.pk}/").json()["version"]


def test_an_old_version_is_stale_and_a_wrong_state_is_illegal(world: World, state_of: Any) -> None:
    order = world.order()
    stale = world.program.post(f"orders/{order.pk}/moves/", {"move": "release", "version": order.version + 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    illegal = world.as_a(Role.OPS_MANAGER).post(f"orders/{order.pk}/moves/", {"move": "pay", "reason": "补款"})
    assert (illegal.status_code, illegal.json()["code"]) == (409, "illegal_move")
    assert state_of(order)[0] == "paid"


def test_too_many_requests_are_429_with_retry_after(world: World, settings: Any) -> None:
    settings.TOWER_API_PER_MINUTE = 2
    statuses = [world.program.get("shops/").status_code for _ in range(3)]
    if statuses != [200, 200, 429]:
        # The minute turned between two of them.
        statuses = [world.program.get("shops/").status_code for _ in range(3)]
    assert statuses[-1] == 429
    answer = world.program.get("shops/")
    assert answer.json()["code"] == "throttled"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert world.as_a(Role.CS).get("shops/").status_code in (200, 403)


def test_a_busy_database_is_503_and_can_be_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = world.order()

    def busy(*arguments: Any, **named: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(views, "move", busy)
    answer = world.program.post(f"orders/{order.pk}/moves/", {"move": "release"})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "busy", "1")
    assert "locked" not in answer.content.decode()


def test_answers_are_not_kept_on_the_way(world: World) -> None:
    assert world.program.get("orders/")["Cache-Control"] == "no-store"


def test_while_the_cache_is_away_nobody_is_counted_and_everybody_is_answered(world: World, monkeypatch: Any) -> None:
    """A killed Redis must not stop the warehouse's printer: it counts callers, it holds no truth."""

    def gone(*arguments: Any, **options: Any) -> None:
        raise RedisConnectionError("Connection refused")

    monkeypatch.setattr(throttling.cache, "add", gone)
    assert world.program.get("orders/").status_code == 200
