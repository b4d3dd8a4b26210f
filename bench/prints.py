"""The print guard under 64 clients: how many decisions a second, and that no label is granted twice (law 5)."""

from datetime import timedelta
from typing import Any

from bench.clients import together
from bench.report import Figure, milliseconds, percentile
from bench.stage import Stage
from orders import clock
from orders.models import Label, PrintAttempt
from ordertower.filler.fill import fill
from ordertower.filler.lives import Kind, Life

TITLE = "Print guard: 64 clients, by the service"
PROCESSES, THREADS = 8, 8
GOAL = 800
# Packed, with a number, not printed.
READY = Kind((Life.paid, Life.released, Life.accepted, Life.packed, Life.numbered), 1)


def run(stage: Stage) -> list[Figure]:
    count = stage.size["labels"]
    fill(count + 1, now=clock.now(), spread=timedelta(hours=1), shops=1, kinds=(READY,))
    *parcels, one = Label.objects.filter(state="live").order_by("pk").values_list("parcel_id", flat=True)
    tries = max(4 * count // (PROCESSES * THREADS), 1)
    stage.notes["clients"] = f"{PROCESSES} processes of {THREADS} threads, {tries} tries each at random labels"
    return [*_measured(stage, "many labels", parcels, tries), *_measured(stage, "one label", [one], tries)]


def _measured(stage: Stage, name: str, parcels: list[int], tries: int) -> list[Figure]:
    asks = [{"parcels": parcels, "tries": tries, "threads": THREADS, "seed": seed} for seed in range(1, PROCESSES + 1)]
    answers = together("print_labels", asks)
    times = [time for answer in answers for time in answer["times"]]
    rate = len(times) / max(answer["seconds"] for answer in answers)
    counted: dict[str, int] = {}
    for answer in answers:
        for code, number in answer["counted"].items():
            counted[code] = counted.get(code, 0) + number
    stage.notes[f"{name}: outcomes"] = counted
    doubles = _doubles(parcels)
    goal = {"goal": f"≥ {GOAL}/s", "met": rate >= GOAL} if len(parcels) > 1 else {}
    return [
        Figure(f"{name}: decisions", round(rate, 1), "a second", **goal),
        Figure(f"{name}: decision p50", milliseconds(percentile(times, 50)), "ms"),
        Figure(f"{name}: decision p99", milliseconds(percentile(times, 99)), "ms"),
        Figure(f"{name}: granted / refused", f"{counted.get('granted', 0)} / {len(times) - counted.get('granted', 0)}"),
        Figure(f"{name}: labels granted twice", doubles, "", "0", doubles == 0),
    ]


def _doubles(parcels: list[int]) -> int:
    granted = PrintAttempt.objects.filter(parcel__in=parcels, outcome="granted").values_list("label_id", flat=True)
    found: list[Any] = list(granted)
    return len(found) - len(set(found))
