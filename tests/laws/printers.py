"""Many real processes that all want to print the same parcel at the same moment; started by `test_law_05_one_print`.

`python -m tests.laws.printers '{"parcel": …}'` prints what each attempt was answered, as JSON. Django is set up once
and the process forks before anything is connected, so that the attempts and not the start-up take the time.
"""

import json
import multiprocessing
import sys
import threading
from collections.abc import Callable
from typing import Any

import django
from django.urls import get_resolver

WAIT_SECONDS = 60


def main(order: dict[str, Any]) -> None:
    django.setup()
    # Every view is imported here, once; nothing is connected yet.
    for patterns in get_resolver().url_patterns:
        list(getattr(patterns, "url_patterns", ()))
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(order["processes"] * order["each"])
    answers = fork.SimpleQueue()
    children = [
        fork.Process(target=attempt_all, args=(order, number, barrier, answers)) for number in range(order["processes"])
    ]
    for child in children:
        child.start()
    told = [answer for _ in children for answer in answers.get()]
    for child in children:
        child.join()
    json.dump(told, sys.stdout)


def attempt_all(order: dict[str, Any], process: int, barrier: Any, answers: Any) -> None:
    told: list[Any] = []

    def run(number: int) -> None:
        from django.db import connection

        attempt = work(order, process * order["each"] + number)
        barrier.wait(WAIT_SECONDS)
        try:
            told.append(attempt())
        except Exception as error:
            told.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(order["each"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(told)


def work(order: dict[str, Any], number: int) -> Callable[[], Any]:
    """Every second attempt asks the API; where the warehouse prints by itself, the others report that it did."""
    from django.test import Client

    from integrations import inbox
    from integrations.models import Connection
    from tests.laws.cast import send_report, step

    client = Client(raise_request_exception=False, SERVER_NAME="localhost")

    def asks() -> Any:
        response = client.post(
            f"/api/v1/parcels/{order['parcel']}/print-requests/",
            {"station": f"工位{number}", "printer": "P1"},
            content_type="application/json",
            headers={"Authorization": f"Bearer {order['api_key']}"},
        )
        return [response.status_code, response.json().get("code", "")]

    def reports() -> Any:
        wms = Connection.objects.get(pk=order["connection"])
        # Another minute is another print.
        body = step("PRINT", order["number"], waybill=order["waybill"], minute=-number)
        status = send_report(client, wms, body).status_code
        inbox.process_due(limit=5)
        return [status, "reported"]

    return reports if order.get("connection") and number % 2 else asks


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
