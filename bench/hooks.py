"""A warehouse's webhook: from the moment it was due to its 200, at a steady pace whatever the answers do."""

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import psycopg

from bench.report import Figure, milliseconds, percentile
from bench.stage import Stage
from integrations.models import Connection
from orders import clock
from ordertower.filler.lives import Seller, sellers
from tests.engines import free_port
from tests.integrations.qimen.street import process_report, signed

TITLE = "Webhook → receipt committed → 200"
PACE = 150
SENDERS = 32
SECRET = "bench-secret"
GOAL_SECONDS = 0.5


def run(stage: Stage) -> list[Figure]:
    connection = _connection(sellers(1)[0])
    seconds = stage.size["hook_seconds"]
    with _web() as port:
        _send(port, connection, 5, "warm")
        latencies, bad = _send(port, connection, seconds, "bench")
    floor = _floor(stage, connection, min(len(latencies), 1000))
    sent, p99 = len(latencies), percentile(latencies, 99)
    stage.notes["senders"] = f"{SENDERS} connections, open loop: a late answer does not delay the next message"
    return [
        Figure("messages sent, pace", f"{sent} at {PACE}/s", "", f"{PACE}/s for 30 min", None),
        Figure("not answered 200", bad, "", "0", bad == 0),
        Figure("latency p50", milliseconds(percentile(latencies, 50)), "ms"),
        Figure("latency p95", milliseconds(percentile(latencies, 95)), "ms"),
        Figure("latency p99", milliseconds(p99), "ms", "≤ 500 ms", p99 <= GOAL_SECONDS),
        Figure("floor: the same rows, a commit each, p50", milliseconds(percentile(floor, 50)), "ms"),
        Figure("floor, p99", milliseconds(percentile(floor, 99)), "ms"),
        Figure("latency p50 ÷ floor p50", round(percentile(latencies, 50) / percentile(floor, 50), 1), "times"),
    ]


def _connection(seller: Seller) -> Connection:
    made = Connection.objects.create(
        company=seller.shop.company,
        warehouse=seller.warehouse,
        adapter="qimen",
        name="奇门 压测仓",
        base_url="http://127.0.0.1:9/",
        settings={"app_key": "12345678", "customer_id": "WMS001", "owner_code": "OWN1", "sender": {}},
    )
    made.set_secrets({"app_secret": SECRET})
    made.save()
    return made


@contextmanager
def _web() -> Iterator[int]:
    """The web process as the Procfile starts it: two workers of four threads."""
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "2", "--blocking-threads", "4", "ordertower.wsgi:application",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the web process did not start")
            time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        ask = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        ask.request("GET", "/healthz", headers={"Host": "localhost"})
        return ask.getresponse().status == 200
    except OSError:
        return False


def _send(port: int, connection: Connection, seconds: int, name: str) -> tuple[list[float], int]:
    """Every message has its moment; the latency counts from there, so that a queue in front of us is not hidden."""
    calls: SimpleQueue[tuple[float, str, bytes]] = SimpleQueue()
    started = time.perf_counter() + 1
    for index in range(seconds * PACE):
        now = clock.now()
        body = process_report(
            "ACCEPT", order=f"{name}{index}", at=now.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        )
        call = signed(body, secret=SECRET, at=now)
        calls.put((started + index / PACE, f"/hooks/qimen/{connection.key}/?{call.query_string}", body))
    latencies: list[float] = []
    bad: list[int] = []

    def sender() -> None:
        ask = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            try:
                moment, path, body = calls.get_nowait()
            except Empty:
                return
            time.sleep(max(moment - time.perf_counter(), 0))
            ask.request("POST", path, body, {"Content-Type": "text/xml;charset=utf-8", "Host": "localhost"})
            answer = ask.getresponse()
            text = answer.read()
            latencies.append(time.perf_counter() - moment)
            if answer.status != 200 or b"success" not in text:
                bad.append(answer.status)

    threads = [threading.Thread(target=sender) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies, len(bad)


def _floor(stage: Stage, connection: Connection, count: int) -> list[float]:
    """The two rows and the one update of a message, by one connection, with a commit each."""
    latencies = []
    address = f"{stage.server}/{stage.database}"
    with psycopg.connect(address) as bare:
        columns = _receipt_columns(bare)
        for index in range(count):
            started = time.perf_counter()
            bare.execute(
                "INSERT INTO orders_factkey (connection, key, body_hash) VALUES (%s, %s, %s)",
                [f"floor:{connection.pk}", f"floor:{index}", "0" * 32],
            )
            bare.execute(
                f"INSERT INTO integrations_receipt ({columns}) SELECT {columns} FROM integrations_receipt"
                " WHERE id = (SELECT MAX(id) FROM integrations_receipt)"
            )
            bare.execute("UPDATE integrations_connection SET last_message_at = now() WHERE id = %s", [connection.pk])
            bare.commit()
            latencies.append(time.perf_counter() - started)
    return latencies


def _receipt_columns(bare: psycopg.Connection[Any]) -> str:
    rows = bare.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'integrations_receipt'"
        " AND column_name <> 'id' AND table_schema = current_schema()"
    )
    return ", ".join(name for (name,) in rows.fetchall())
