"""Every pair of the table is planted as facts, seen as what it is, and not seen where all is well."""

import pytest

from integrations.contradictions import sweep
from integrations.models import Contradiction, Trouble
from orders.clock import FixedClock
from orders.contradictions.pair import Cure, Pair, Side
from orders.contradictions.table import BY_CODE, PAIRS
from orders.models import Hold
from ordertower import dispatch
from tests.integrations.contradictions import more_plants
from tests.integrations.contradictions.plants import PLANTS, Plant
from tests.integrations.contradictions.scene import Scene, scene

pytestmark = pytest.mark.django_db
assert more_plants


def stage(clock: FixedClock, plant: Plant) -> Scene:
    return scene(clock, **plant.scene)


def test_every_pair_has_a_story_and_there_are_at_least_forty():
    assert set(PLANTS) == {pair.code for pair in PAIRS}
    assert len(PAIRS) == len(BY_CODE) >= 40


@pytest.mark.parametrize("code", sorted(PLANTS))
def test_a_planted_contradiction_is_what_it_is_and_nothing_else_and_ends_with_a_person(code, clock):
    on = stage(clock, PLANTS[code])
    PLANTS[code].tell(on, False)
    found = on.found()
    assert {one.pair.code for one in found} == {code, *PLANTS[code].companions}
    [sight] = [one.sight for one in found if one.pair.code == code]
    assert sight.since <= clock.now()
    pair = BY_CODE[code]
    if pair.hold:
        reason, key = pair.hold
        holds = Hold.objects.filter(order=on.order, reason=reason, key__startswith=key, state="open")
        assert holds.exists(), list(Hold.objects.values_list("reason", "key", "state"))
    insist_on_its_way(on, pair)


@pytest.mark.parametrize("code", sorted(PLANTS))
def test_the_same_order_where_all_is_well_shows_nothing(code, clock):
    on = stage(clock, PLANTS[code])
    PLANTS[code].tell(on, True)
    assert [one.pair.code for one in on.found()] == []


def insist_on_its_way(on: Scene, pair: Pair) -> None:
    """Watched for its grace, then cured as often as the table says, then told with the likely wrong side."""
    clock = on.clock
    dispatch.drain_all()
    row = Contradiction.objects.get(order=on.order, code=pair.code)
    assert (row.state == "watching") == bool(pair.grace), row.state
    if pair.grace:
        assert row.due_at is not None
        assert row.due_at >= row.since + pair.grace
        clock.moment = row.due_at
        sweep(now=clock.now())
        row.refresh_from_db()
    assert row.likely_wrong == pair.wrong
    assert row.state == ("curing" if pair.cures else "escalated")
    for _try in pair.cures:
        clock.moment = row.due_at or clock.moment
        sweep(now=clock.now())
        row.refresh_from_db()
    assert row.state == "escalated"
    told = Trouble.objects.get(kind="contradiction", facts__code=pair.code)
    assert pair.title in told.text
    assert f"多半是{Side(pair.wrong).label}不对" in told.text
    assert told.level == str(pair.level)


def test_every_entry_of_the_table_says_all_that_a_person_needs():
    for pair in PAIRS:
        texts = (pair.title, pair.title_en, pair.why, pair.why_en, pair.proof, pair.one[1], pair.other[1])
        assert all(texts), pair.code
        assert pair.wrong in Side.values
        assert all(cure in Cure.values for cure in pair.cures)
    assert len({pair.title for pair in PAIRS}) == len(PAIRS)
