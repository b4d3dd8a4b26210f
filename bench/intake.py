"""How fast orders come in: by the service, by HTTP one at a time, by HTTP a thousand at a time; beside the floor."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from django.test import Client

from bench.floor import Floor, copy_again
from bench.report import Figure, milliseconds
from bench.stage import Stage, forget_connections, timed
from orders import clock
from orders.api.reports import TOGETHER
from orders.clock import FixedClock
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.record import record, record_new_orders
from orders.vocabulary import Cause
from ordertower.filler.lives import Life, Seller, sellers

TITLE = "Intake of new paid orders"
GOAL = 25


def run(stage: Stage) -> list[Figure]:
    seller = sellers(1)[0]
    _, key = create_key(seller.shop.company, "bench", scopes=ALL_SCOPES)
    return [
        *_measured(stage, "service record()", stage.size["intake_orders"], _by_service(stage, seller)),
        *_measured(stage, "record_new_orders()", stage.size["bulk_orders"], _by_service_together(stage, seller)),
        *_measured(stage, "POST orders/", stage.size["http_orders"], _by_post(stage, seller, key)),
        *_measured(stage, "POST orders/bulk/", stage.size["bulk_orders"], _by_bulk(stage, seller, key)),
    ]


def _measured(stage: Stage, name: str, orders: int, work: Any) -> list[Figure]:
    forget_connections()
    with stage.twin("floor") as empty:
        busy = time.process_time()
        seconds = timed(work)
        busy = time.process_time() - busy
        floor = _floor(stage, empty)
    tower, bare = orders / seconds, orders / floor.seconds
    share = round(100 * tower / bare, 2)
    stage.notes[f"{name}: rows per order"] = {
        table: round(rows / orders, 2) for table, rows in sorted(floor.by_table.items(), key=lambda item: -item[1])
    }
    return [
        Figure(f"{name}, one process", round(tower, 1), "orders/s"),
        Figure(f"{name}: processor time of Python", milliseconds(busy / orders), "ms an order"),
        Figure(f"{name}: COPY of the same {floor.rows / orders:.1f} rows an order", round(bare, 1), "orders/s"),
        Figure(f"{name}: share of the floor", share, "%", f"≥ {GOAL} % in bulk", share >= GOAL),
    ]


def _floor(stage: Stage, empty: Any) -> Floor:
    import psycopg

    with psycopg.connect(f"{stage.server}/{stage.database}", autocommit=True) as written:
        return copy_again(written, empty)


def facts_of(seller: Seller, count: int) -> Iterator[Any]:
    for _ in range(count):
        life = Life(seller, FixedClock(clock.now()), lines=1)
        life.paid_at = life.placed_at
        yield life.picture("paid")


def _by_service(stage: Stage, seller: Seller) -> Any:
    facts = list(facts_of(seller, stage.size["intake_orders"]))

    def work() -> None:
        for fact in facts:
            record(fact, cause=Cause(kind=fact.system, source="bench"))

    return work


def _by_service_together(stage: Stage, seller: Seller) -> Any:
    facts = list(facts_of(seller, stage.size["bulk_orders"]))

    def work() -> None:
        for start in range(0, len(facts), TOGETHER):
            taken = record_new_orders(facts[start : start + TOGETHER], cause=Cause(kind=facts[0].system))
            if not all(taken):
                raise RuntimeError("an order was not taken in with the others")

    return work


def _body(seller: Seller) -> dict[str, Any]:
    now = clock.now().isoformat()
    return {
        "shop": seller.shop.pk,
        "platform_order_id": f"8{secrets.randbelow(10**17):017}",
        "state": "paid",
        "placed_at": now,
        "paid_at": now,
        "modified_at": now,
        "amount": "128.50",
        "receiver": {
            "name": "王小明",
            "phone": "13800001111",
            "province": "浙江省",
            "city": "杭州市",
            "district": "西湖区",
            "address": "文三路 1 号",
        },
        "lines": [
            {"platform_line_id": "1", "sku": "CREAM-50", "title": "面霜 50g", "quantity": 1, "price": "128.50"},
        ],
    }


def _post(client: Client, key: str, path: str, body: Any) -> Any:
    answer = client.post(
        f"/api/v1/{path}", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    if answer.status_code not in (200, 201):
        raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content[:500]!r}")
    return answer.json()


def _by_post(stage: Stage, seller: Seller, key: str) -> Any:
    bodies = [json.dumps(_body(seller)) for _ in range(stage.size["http_orders"])]
    client = Client(SERVER_NAME="localhost")

    def work() -> None:
        for body in bodies:
            _post(client, key, "orders/", body)

    return work


def _by_bulk(stage: Stage, seller: Seller, key: str) -> Any:
    orders = [_body(seller) for _ in range(stage.size["bulk_orders"])]
    bodies = [json.dumps({"orders": orders[start : start + 1000]}) for start in range(0, len(orders), 1000)]
    client = Client(SERVER_NAME="localhost")

    def work() -> None:
        for body in bodies:
            results = _post(client, key, "orders/bulk/", body)["results"]
            if bad := [item for item in results if item["status"] != 201]:
                raise RuntimeError(f"not created: {bad[:3]}")

    return work
