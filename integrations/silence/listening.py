"""Which edges are silent: learned once an hour, judged at every look, told as a trouble, ended by the first message."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils.timezone import localtime

from integrations.models import Edge, EdgeCount, EdgeCursor, Promotion, Trouble
from integrations.silence import counting
from integrations.silence.rhythm import (
    LEARN_FROM,
    SLOT,
    WINDOWS,
    Recent,
    Rhythm,
    Season,
    factor_at,
    is_silent,
    learn,
    level,
    recent,
    slot_of,
)
from integrations.troubles import end_trouble, raise_trouble

LEARN_EVERY = timedelta(hours=1)
# A few edges learn in one look, so that no look is long.
LEARN_AT_ONCE = 5
# Counts older than what is learned from serve nobody.
KEPT = LEARN_FROM + timedelta(days=2)
# The poll brought so many orders that the push should have told: it is silent whatever its rhythm is.
TOLD_BY_POLL, PUSH_MAY_LAG = 5, timedelta(seconds=120)
# Who looked away for longer begins to listen anew.
LONGEST_ABSENCE = timedelta(minutes=3)
# Behind somebody who has hardly anything to say.
LEAST_FED = 3
# People rest; systems do not.
RESTING = (Edge.Kind.PRINT, Edge.Kind.PICKUP)
# Their silence says nothing where nothing was given to them.
FED = (Edge.Kind.WMS, Edge.Kind.PRINT, Edge.Kind.PICKUP)


def listen(*, now: datetime) -> int:
    """One look at all edges; how many are silent."""
    caught_up = counting.count(now=now)
    since = _listening_since(now)
    if not caught_up:
        # The newest messages are not counted yet: whoever seems silent may have spoken.
        return 0
    _learn_some(now)
    edges = list(Edge.objects.select_related("connection").order_by("company_id", "pk"))
    seasons = _seasons(now)
    slots = _recent_slots(edges, now)
    silent = 0
    for company_id, mine in _by_company(edges).items():
        own = {edge.pk: _recent(edge, slots[edge.pk]) for edge in mine}
        for edge in mine:
            others = [recent_ for pk, recent_ in own.items() if pk != edge.pk and recent_]
            silent += _judge(edge, own[edge.pk], others, seasons[company_id], since, now)
    return silent


def _listening_since(now: datetime) -> datetime:
    """From when on messages could come in without a break: a tower that was down does not blame the others."""
    row, made = EdgeCursor.objects.get_or_create(
        source="listening", defaults={"reached": int(now.timestamp()), "at": now}
    )
    if not made:
        if row.at is None or now - row.at > LONGEST_ABSENCE:
            row.reached = int(now.timestamp())
        row.at = now
        row.save(update_fields=["reached", "at"])
    return datetime.fromtimestamp(row.reached, tz=UTC)


def _by_company(edges: Sequence[Edge]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        found[edge.company_id].append(edge)
    return found


def _seasons(now: datetime) -> dict[int, list[Season]]:
    found: dict[int, list[Season]] = defaultdict(list)
    for row in Promotion.objects.filter(end__gt=now - LEARN_FROM):
        found[row.company_id].append(Season(row.start, row.end, row.factor))
    return found


def _recent_slots(edges: Sequence[Edge], now: datetime) -> dict[int, list[tuple[datetime, int]]]:
    """The last hour before each edge's gap: all in one query, as far back as the newest gaps need."""
    found: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    open_edges = [edge for edge in edges if edge.last_at is not None and edge.rhythm]
    if not open_edges:
        return found
    oldest = min(edge.last_at for edge in open_edges if edge.last_at) - WINDOWS[0] - SLOT
    since = max(slot_of(oldest), slot_of(now - timedelta(hours=12)))
    rows = EdgeCount.objects.filter(edge__in=open_edges, start__gte=since).order_by("start")
    for edge_id, start, count in rows.values_list("edge_id", "start", "count"):
        found[edge_id].append((start, count))
    return found


def _recent(edge: Edge, slots: list[tuple[datetime, int]]) -> Recent | None:
    rhythm = Rhythm.from_json(edge.rhythm)
    return recent(rhythm, slots, edge.last_at) if rhythm and edge.last_at else None


def _judge(
    edge: Edge,
    own: Recent | None,
    others: Sequence[Recent],
    seasons: Sequence[Season],
    since: datetime,
    now: datetime,
) -> bool:
    rhythm = Rhythm.from_json(edge.rhythm)
    if edge.last_at is None:
        return False
    # While nobody listened, nobody was silent.
    begins = max(edge.last_at, since)
    told_by_poll = edge.kind == Edge.Kind.WEBHOOK and edge.fed >= TOLD_BY_POLL and now - begins >= PUSH_MAY_LAG
    silent = told_by_poll
    if edge.connection is not None and not edge.connection.enabled:
        # Switched off by a person: it has nothing to say.
        return _rest(edge)
    if rhythm is not None and own is not None:
        # What is usual of the others in their last hours; many quiet edges together are a quiet day.
        seen, usual = sum(row.seen[0] for row in others), sum(row.usual[0] for row in others)
        today = level(own, others=(seen + 20) / (usual + 20), factor=factor_at(seasons, now))
        unlikely, edge.expected, edge.chance = is_silent(rhythm, last_at=begins, now=now, level=today)
        heard_enough = edge.kind not in FED or edge.fed >= LEAST_FED
        silent = silent or (unlikely and heard_enough)
    if silent and edge.silent_since is None:
        edge.silent_since = edge.last_at
        _tell(edge, rhythm, now)
    elif edge.silent_since is not None and edge.last_at > edge.silent_since:
        _over(edge)
    edge.save(update_fields=["expected", "chance", "silent_since"])
    return edge.silent_since is not None


def _key(edge: Edge) -> str:
    return f"edge:{edge.pk}"


def _tell(edge: Edge, rhythm: Rhythm | None, now: datetime) -> None:
    since = localtime(edge.last_at).strftime("%m-%d %H:%M:%S") if edge.last_at else ""
    text = f"{Edge.Kind(edge.kind).label} {edge.name}：{since} 之后没有任何消息"
    if rhythm is not None:
        text += f"，平时此刻每分钟约 {rhythm.rate(now):.1f} 条"
    if edge.kind == Edge.Kind.WEBHOOK and edge.fed:
        text += f"；其间轮询读到 {edge.fed} 个新订单"
    raise_trouble(
        edge.company_id,
        Trouble.Kind.SILENCE,
        _key(edge),
        text,
        level=Trouble.Level.CRITICAL if edge.kind in (Edge.Kind.WEBHOOK, Edge.Kind.WMS) else Trouble.Level.WARNING,
        connection=edge.connection,
        facts={"edge": edge.pk, "kind": edge.kind, "expected": f"{edge.expected or 0:.1f}"},
    )


def _rest(edge: Edge) -> bool:
    if edge.silent_since is not None:
        _over(edge)
        edge.save(update_fields=["silent_since"])
    return False


def _over(edge: Edge) -> None:
    """The first new message ends it; the time of silence is left out of what is learned."""
    edge.silent_since = None
    end_trouble(edge.company_id, Trouble.Kind.SILENCE, _key(edge))


# Learning -----------------------------------------------------------------------------------------------------------
def _learn_some(now: datetime) -> None:
    stale = Edge.objects.filter(learned_at__isnull=True) | Edge.objects.filter(learned_at__lte=now - LEARN_EVERY)
    for edge in stale.order_by("learned_at", "pk")[:LEARN_AT_ONCE]:
        learn_edge(edge, now=now)


def learn_edge(edge: Edge, *, now: datetime) -> None:
    counts = dict(EdgeCount.objects.filter(edge=edge, start__gte=now - KEPT).values_list("start", "count"))
    rests = edge.kind in RESTING
    found = learn(
        counts,
        first=edge.first_at,
        now=now,
        seasons=_seasons(now)[edge.company_id],
        silences=[] if rests else _silences(edge, now),
        rests=rests,
    )
    EdgeCount.objects.filter(edge=edge, start__lt=now - KEPT).delete()
    edge.rhythm, edge.learned_at = found.as_json() if found else {}, now
    edge.save(update_fields=["rhythm", "learned_at"])


def _silences(edge: Edge, now: datetime) -> list[tuple[datetime, datetime]]:
    rows = Trouble.objects.filter(
        company=edge.company_id, kind=Trouble.Kind.SILENCE, key=_key(edge), opened_at__gte=now - KEPT
    )
    return [(row.opened_at, row.closed_at or now) for row in rows]
