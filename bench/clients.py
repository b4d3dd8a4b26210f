"""Clients in processes of their own, as several workers would be: each starts Django, waits for the others, and acts.

`python -m bench.clients <what> <JSON>`; the answer is JSON on standard output.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

Asked = dict[str, Any]


def together(what: str, asks: Sequence[Asked]) -> list[Any]:
    """Start a process for each, let them begin at the same moment, and give their answers."""
    command = [sys.executable, "-m", "bench.clients", what]
    started = [
        subprocess.Popen([*command, json.dumps(ask)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for ask in asks
    ]
    for process in started:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"a client of {what} did not start")
    return [_answer(process, what) for process in _go(started)]


def _go(started: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
    return started


def _answer(process: subprocess.Popen[str], what: str) -> Any:
    assert process.stdout is not None
    text = process.stdout.read()
    if process.wait() != 0:
        raise RuntimeError(f"a client of {what} failed")
    return json.loads(text)


# In the process of a client -----------------------------------------------------------------------------------------
def print_labels(ask: Asked) -> Callable[[], Any]:
    """`threads` printers ask for prints of random parcels until each has asked `tries` times."""
    from django.db import OperationalError, connection

    from orders.services.labels import request_print
    from ordertower.filler.lives import SYSTEM

    counted: Counter[str] = Counter()
    times: list[float] = []

    def printer(number: int) -> None:
        mine = random.Random(ask["seed"] * 1000 + number)
        for _ in range(ask["tries"]):
            began = time.perf_counter()
            try:
                outcome = request_print(mine.choice(ask["parcels"]), cause=SYSTEM, station=f"S{number}")
            except OperationalError:
                # It waited for the order's lock as long as it may; a door answers 503 busy, and nothing is printed.
                counted["busy"] += 1
                continue
            times.append(time.perf_counter() - began)
            counted["granted" if outcome.ok else outcome.code] += 1
        connection.close()

    return lambda: {**_in_threads(printer, ask["threads"]), "counted": counted, "times": times}


def sell(ask: Asked) -> Callable[[], Any]:
    """New paid orders at a steady pace; says how many it managed."""
    from bench.intake import facts_of
    from orders.services.record import record
    from orders.vocabulary import Cause
    from ordertower.filler.lives import sellers

    facts = list(facts_of(sellers(1)[0], ask["pace"] * ask["seconds"]))

    def work() -> Any:
        started = time.perf_counter()
        done = 0
        for index, fact in enumerate(facts):
            time.sleep(max(started + index / ask["pace"] - time.perf_counter(), 0))
            if time.perf_counter() - started > ask["seconds"]:
                break
            record(fact, cause=Cause(kind=fact.system, source="bench"))
            done += 1
        return {"done": done, "seconds": time.perf_counter() - started}

    return work


def ship(ask: Asked) -> Callable[[], Any]:
    """Hand parcels over at a steady pace, as a shipper at the gate does; the time of each verdict."""
    from orders.lifecycle import CauseKind, Move
    from orders.services.move import move_parcel
    from orders.vocabulary import Cause

    cause = Cause(kind=CauseKind.PERSON, user_id=ask["user"], source="扫描台")
    times: list[float] = []
    codes: Counter[str] = Counter()

    def work() -> Any:
        started = time.perf_counter()
        for index, parcel in enumerate(ask["parcels"]):
            time.sleep(max(started + index / ask["pace"] - time.perf_counter(), 0))
            began = time.perf_counter()
            outcome = move_parcel(parcel, Move.SHIP, cause=cause)
            times.append(time.perf_counter() - began)
            codes[outcome.code] += 1
        return {"times": times, "codes": codes}

    return work


def _in_threads(work: Callable[[int], None], count: int) -> dict[str, Any]:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": time.perf_counter() - started}


CLIENTS: dict[str, Callable[[Asked], Callable[[], Any]]] = {"print_labels": print_labels, "sell": sell, "ship": ship}


def main(what: str, text: str) -> int:
    import django

    django.setup()
    work = CLIENTS[what](json.loads(text))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(work()))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
