"""A verdict at the gate while orders come in: a parcel is handed over by a person, 50 new orders a second beside it."""

from datetime import timedelta
from threading import Thread
from typing import Any

from django.contrib.auth import get_user_model

from bench.clients import together
from bench.report import Figure, milliseconds, percentile
from bench.stage import Stage
from orders import clock
from orders.lifecycle import Role
from orders.models import Company, Parcel
from orders.services.roles import grant
from ordertower.filler.fill import fill
from ordertower.filler.lives import Kind, Life

TITLE = "Scan verdict under intake"
PACE, GATES, GATE_PACE = 50, 2, 2
GOAL_SECONDS = 0.15
READY = Kind((Life.paid, Life.released, Life.accepted, Life.packed, Life.labelled), 1)


def run(stage: Stage) -> list[Figure]:
    seconds = stage.size["scan_seconds"]
    each = GATE_PACE * seconds
    fill(2 * GATES * each, now=clock.now(), spread=timedelta(hours=1), shops=1, kinds=(READY,))
    shipper = get_user_model().objects.create_user("bench-shipper")
    grant(shipper, Company.objects.get(code="filled"), Role.SHIPPER)
    parcels = list(Parcel.objects.filter(state="packed").order_by("pk").values_list("pk", flat=True))
    quiet = _gates(shipper.pk, parcels[: GATES * each], each)
    sold: list[Any] = []
    intake = Thread(target=lambda: sold.extend(together("sell", [{"pace": PACE // 2, "seconds": seconds + 5}] * 2)))
    intake.start()
    busy = _gates(shipper.pk, parcels[GATES * each :], each)
    intake.join()
    pace = sum(answer["done"] for answer in sold) / max(answer["seconds"] for answer in sold)
    p95 = percentile(busy, 95)
    return [
        Figure("verdicts, alone: p50", milliseconds(percentile(quiet, 50)), "ms"),
        Figure("verdicts, alone: p95", milliseconds(percentile(quiet, 95)), "ms"),
        Figure("intake beside", round(pace, 1), "orders/s", f"{PACE}/s", pace >= PACE * 0.98),
        Figure("verdicts under intake: p50", milliseconds(percentile(busy, 50)), "ms"),
        Figure("verdicts under intake: p95", milliseconds(p95), "ms", "≤ 150 ms", p95 <= GOAL_SECONDS),
    ]


def _gates(user: int, parcels: list[int], each: int) -> list[float]:
    asks = [
        {"user": user, "pace": GATE_PACE, "parcels": parcels[gate * each : (gate + 1) * each]} for gate in range(GATES)
    ]
    answers = together("ship", asks)
    refused = {code: number for answer in answers for code, number in answer["codes"].items() if code != "done"}
    if refused:
        raise RuntimeError(f"hand-overs were refused: {refused}")
    return [time for answer in answers for time in answer["times"]]
