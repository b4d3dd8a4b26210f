"""Silence detection on simulated weeks (模拟): false alarms a day, and how soon a planted outage at peak is found.

`python -m bench.silence [seeds]`: for each seed twenty edges, four weeks learned and four weeks heard, with a promotion
evening and a flash sale that nobody announced. Seeds from 100 on; those of the tests are not among them.
"""

import os
import random
import sys
import time

import django


def main(seeds: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordertower.settings")
    django.setup()
    # The simulation reads the tower's statistics, which need its settings.
    from tests.integrations.silence import simulated

    started, alarms = time.process_time(), 0
    found: dict[str, list[float]] = {}
    false_by_kind: dict[str, int] = {}
    for seed in range(100, 100 + seeds):
        for edge in simulated.seller():
            dice = random.Random(f"{seed} {edge.name}")
            simulated.taught(edge, dice)
            heard = simulated.listen(edge, dice, outage_at=simulated.at_peak)
            alarms += len(heard.false_alarms)
            false_by_kind[edge.kind] = false_by_kind.get(edge.kind, 0) + len(heard.false_alarms)
            peak = edge.by_hour()[20]
            busy = "≥ 10/min" if peak >= 10 else "2–10/min" if peak >= 2 else "< 2/min"
            name = f"{edge.kind:<8} {busy} at 20:00"
            found.setdefault(name, []).extend(3601.0 if one is None else one for one in heard.found_after)
    edges, days = len(simulated.seller()), simulated.DAYS * seeds
    print(f"模拟: {seeds} seeds from 100 on, {edges} edges; {simulated.DAYS} days learned, as many heard")
    print(f"false alarms: {alarms} in {days} days = {alarms / days:.2f} a day (goal ≤ 1); by kind {false_by_kind}")
    print("outages between 20:00 and 22:00, seconds from the last message to the alarm (looks every 20 s):")
    for name, seconds in sorted(found.items()):
        never = sum(one > 3600 for one in seconds)
        median, worst = (simulated.quantile(seconds, share) for share in (0.5, 0.99))
        shown = f"p50 {median:5.0f}  p99 {'> 1 h' if worst > 3600 else f'{worst:.0f}'}"
        print(f"  {name:<30} n {len(seconds):5}  {shown}  not within an hour {never}")
    print(f"{time.process_time() - started:.0f} s of processor time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
