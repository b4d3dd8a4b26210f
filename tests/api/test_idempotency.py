"""`Idempotency-Key`: same key and body, same answer; and never a second effect."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from orders import clock
from orders.api import orders as views
from orders.lifecycle import Role
from orders.models import Event, Hold, IdempotencyKey, Order
from tests.api.conftest import World, person, program


def test_the_same_key_and_body_get_the_first_answer_again(world: World) -> None:
    order = world.order()
    path, body = f"orders/{order.pk}/holds/", {"reason": "manual", "note": "等一等"}
    first = world.program.post(path, body, key="h1")
    again = world.program.post(path, body, key="h1")
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Hold.objects.count() == 1


def test_without_a_key_the_act_is_done_again(world: World) -> None:
    order = world.order()
    for _ in range(2):
        world.program.post(f"orders/{order.pk}/holds/", {"reason": "manual", "note": "等一等"})
    assert Hold.objects.count() == 2


def test_another_body_or_path_under_the_same_key_is_refused(world: World) -> None:
    order, other = world.order(), world.order()
    world.program.post(f"orders/{order.pk}/holds/", {"note": "一"}, key="h1")
    for path, body in ((f"orders/{order.pk}/holds/", {"note": "二"}), (f"orders/{other.pk}/holds/", {"note": "一"})):
        answer = world.program.post(path, body, key="h1")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Hold.objects.count() == 1


def test_keys_are_each_callers_own(world: World, stranger: World) -> None:
    order = world.order()
    body = {"note": "等一等"}
    world.program.post(f"orders/{order.pk}/holds/", body, key="h1")
    assert stranger.program.post(f"orders/{order.pk}/holds/", body, key="h1").status_code == 404
    colleague = person(world.member(Role.CS)).post(f"orders/{order.pk}/holds/", body, key="h1")
    assert "Idempotent-Replayed" not in colleague


def test_a_refusal_is_repeated_too(world: World) -> None:
    order = world.order()
    path, body = f"orders/{order.pk}/moves/", {"move": "release", "version": 99}
    first = world.program.post(path, body, key="m1")
    again = world.program.post(path, body, key="m1")
    assert (first.status_code, first.json()["code"]) == (409, "stale")
    assert (again.status_code, again.json()) == (409, first.json())
    assert again["Content-Type"] == "application/problem+json"
    assert Event.objects.filter(order_id=order.pk, result="refused").count() == 1


def test_while_the_first_is_running_the_second_is_told_to_wait(world: World) -> None:
    body = world.body()
    world.program.post("orders/", body, key="o1")
    IdempotencyKey.objects.update(status=0, answer={})
    answer = world.program.post("orders/", body, key="o1")
    assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
    assert answer["Retry-After"] == "1"


def test_after_a_crash_between_commit_and_answer_a_repeat_has_no_second_effect(world: World) -> None:
    body = world.body()
    first = world.program.post("orders/", body, key="o1")
    IdempotencyKey.objects.update(status=0, answer={}, created_at=clock.now() - timedelta(hours=1))
    again = world.program.post("orders/", body, key="o1")
    assert again.status_code == 200
    assert again.json()["version"] == first.json()["version"]
    assert Order.objects.count() == 1


def test_our_own_failure_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = world.order()

    def fails(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("the disk is full")

    world.program.client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(views, "place_hold", fails)
        broken = world.program.post(f"orders/{order.pk}/holds/", {"note": "等一等"}, key="h1")
    assert (broken.status_code, broken.json()["code"]) == (500, "internal")
    assert "disk" not in broken.content.decode()
    assert world.program.post(f"orders/{order.pk}/holds/", {"note": "等一等"}, key="h1").status_code == 201


def test_a_key_that_is_too_long_is_422(world: World) -> None:
    answer = world.program.post("orders/", world.body(), key="k" * 256)
    assert answer.json()["errors"].keys() == {"Idempotency-Key"}
    assert world.program.post("orders/", world.body(), key="k" * 255).status_code == 201


def test_the_same_request_many_times_at_once_has_one_effect(world: World) -> None:
    order = world.order()
    caller = program(world.company)

    def ask(_: int) -> tuple[int, str]:
        try:
            answer = caller.post(f"orders/{order.pk}/holds/", {"note": "等一等"}, key="h1")
            return answer.status_code, answer.json().get("code", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert set(answers) <= {(201, ""), (409, "in_progress")}
    assert (201, "") in answers
    assert Hold.objects.count() == 1
