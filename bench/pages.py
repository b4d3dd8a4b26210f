"""The back office and the API over a million orders: server time, number of queries, and what each query reads."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.report import Figure, milliseconds, percentile
from bench.stage import Stage, timed
from orders import clock
from orders.lifecycle import Role
from orders.models import Company, Label, Order
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.roles import grant
from ordertower.filler.fill import fill

TITLE = "Pages over a million orders, server time without the network"
GOAL_SECONDS = 0.3
# A scan of a table with more rows than this is a scan of the table that grows.
LARGE = 5_000
Ask = Callable[[int], Any]


def run(stage: Stage) -> list[Figure]:
    count = stage.size["million"]
    seconds = timed(lambda: stage.notes.update(filled=str(fill(count, now=clock.now()))))
    figures = [
        Figure("orders", count),
        Figure("seed_orders", round(count / seconds), "orders/s", "≥ 2,000/s", count / seconds >= 2000),
    ]
    stage.notes["plans"] = {}
    for name, ask in _pages().items():
        times = [_time(ask, index) for index in range(stage.size["requests"] + 5)][5:]
        queries, problems = _look(ask)
        stage.notes["plans"][name] = problems
        p95 = percentile(times, 95)
        figures += [
            Figure(f"{name}: p50", milliseconds(percentile(times, 50)), "ms"),
            Figure(f"{name}: p95", milliseconds(p95), "ms", "≤ 300 ms", p95 <= GOAL_SECONDS),
            Figure(f"{name}: queries", queries),
            Figure(f"{name}: scans, counts, offsets", len(problems), "", "0", not problems),
        ]
    return figures


def _time(ask: Ask, index: int) -> float:
    started = time.perf_counter()
    answer = ask(index)
    seconds = time.perf_counter() - started
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"answered {answer.status_code}: {answer.content[:300]!r}")
    return seconds


def _pages() -> dict[str, Ask]:
    company = Company.objects.get(code="filled")
    manager = get_user_model().objects.create_user("bench-manager", is_staff=True)
    grant(manager, company, Role.OPS_MANAGER)
    office = Client(SERVER_NAME="localhost")
    office.force_login(manager)
    _, key = create_key(company, "bench", scopes=ALL_SCOPES)
    program = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {key}"})
    newest = Order.objects.latest("pk").pk
    some = list(Order.objects.filter(pk__gt=newest - 5_000).order_by("pk")[:200])
    waybills = list(Label.objects.exclude(waybill="").order_by("-pk").values_list("waybill", flat=True)[:200])
    shop = some[0].shop_id

    def admin(query: str = "") -> Any:
        return office.get(f"/admin/orders/order/{query}")

    def api(query: str = "") -> Any:
        return program.get(f"/api/v1/orders/{query}")

    deep = {"cursor": ""}

    def next_page(_index: int) -> Any:
        """Page after page: the depth must not matter."""
        answer = program.get(deep["cursor"] or "/api/v1/orders/?page_size=200")
        deep["cursor"] = answer.json()["next"]
        return answer

    week_ago = (clock.now() - timedelta(days=7)).isoformat().replace("+", "%2B")
    phone = "139{:08}"
    return {
        "admin list": lambda _: admin(),
        "admin list, state=paid": lambda _: admin("?state=paid"),
        "admin list, shop and state": lambda _: admin(f"?shop={shop}&state=signed"),
        "admin list, held": lambda _: admin("?hold=any"),
        "admin list, a rare hold reason": lambda _: admin("?hold=duplicate_print"),
        "admin list, page 20": lambda _: admin("?p=20"),
        "admin search, order number": lambda i: admin(f"?q={some[i % 200].platform_order_id}"),
        "admin search, waybill": lambda i: admin(f"?q={waybills[i % 200]}"),
        "admin search, phone": lambda i: admin(f"?q={phone.format(some[i % 200].pk % 10**8)}"),
        "admin search, last four": lambda i: admin(f"?q={some[i % 200].pk % 10000:04}"),
        "admin search, beginning of a number": lambda i: admin(f"?q={some[i % 200].platform_order_id[:-1]}"),
        "admin search, nothing found": lambda i: admin(f"?q=7{i:017}"),
        "admin order page": lambda i: office.get(f"/admin/orders/order/{some[i % 200].pk}/change/"),
        "admin home": lambda _: office.get("/admin/"),
        "API list": lambda _: api(),
        "API list, 200 a page, ever deeper": next_page,
        "API list, state and shop": lambda _: api(f"?state=paid&shop={shop}"),
        "API list, held": lambda _: api("?held=true"),
        "API list, q": lambda i: api(f"?q={waybills[i % 200]}"),
        "API list, updated_after, first call": lambda _: api(f"?updated_after={week_ago}"),
        "API order": lambda i: program.get(f"/api/v1/orders/{some[i % 200].pk}/"),
        "API timeline": lambda i: program.get(f"/api/v1/orders/{some[i % 200].pk}/timeline/"),
    }


# What the queries read ----------------------------------------------------------------------------------------------
def _look(ask: Ask) -> tuple[int, list[str]]:
    """How many queries a page makes, and each plan that reads a large table whole or counts it."""
    with CaptureQueriesContext(connection) as captured:
        ask(7)
    problems = []
    for query in captured.captured_queries:
        text = query["sql"]
        if re.match(r"SELECT COUNT\(\*\)", text) and "LIMIT" not in text and "orders_order" in text:
            problems.append(f"COUNT(*): {text[:300]}")
        if text.startswith("SELECT") and 'FROM "django_session"' not in text:
            problems += [f"{found}: {text[:300]}" for found in _large_reads(text)]
    return len(captured), problems


def _large_reads(text: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + text.replace("%", "%%"))
        [[[plan]]] = cursor.fetchall()
    return list(_walk(plan["Plan"], 1))


def _walk(node: dict[str, Any], loops: int) -> list[str]:
    removed = node.get("Rows Removed by Filter", 0) * node.get("Actual Loops", 1)
    read = node.get("Actual Rows", 0) * node.get("Actual Loops", 1) + removed
    found = []
    if "Scan" in node["Node Type"] and read > LARGE:
        found.append(f"{node['Node Type']} of {node.get('Relation Name', '?')} reads {read:.0f} rows")
    for child in node.get("Plans", ()):
        found += _walk(child, loops)
    return found
