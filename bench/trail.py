"""`verify_trail`: a million events, every hash computed again."""

from bench.report import Figure
from bench.stage import Stage
from orders import clock
from orders.models import Event
from orders.services.verification import verify_trail
from ordertower.filler.fill import fill

TITLE = "verify_trail"
GOAL_SECONDS = 60
EVENTS_PER_ORDER = 9.5
MILLION = 1_000_000


def run(stage: Stage) -> list[Figure]:
    wanted = stage.size["trail_events"]
    fill(int(wanted / EVENTS_PER_ORDER), now=clock.now())
    report = verify_trail()
    a_million = report.seconds * MILLION / max(report.events, 1)
    met = a_million <= GOAL_SECONDS if report.events >= MILLION * 0.9 else None
    return [
        Figure("events", Event.objects.count()),
        Figure("verified in", round(report.seconds, 1), "s"),
        Figure("for 1,000,000 events", round(a_million, 1), "s", f"≤ {GOAL_SECONDS} s", met),
        Figure("findings", len(report.findings), "", "0", report.is_clean),
    ]
