"""Law 3: any permutation, repetition or delay of the same facts ends the same."""

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from math import factorial

import pytest
from django.db import transaction

from orders.models import Company, Shop
from orders.vocabulary import Fact
from tests.properties.cast import NEW, OLD, Stage, refund, stage

Life = Callable[[Stage], list[Fact]]
_numbers = count(1)


def a_plain_life(on: Stage) -> list[Fact]:
    return [
        on.picture("unpaid", 0, "unpaid"),
        on.picture("paid", 1, "paid"),
        on.prints(3),
        on.report("packed", 4),
        on.leaves(5),
        on.tracks("signed", 60),
    ]


def a_long_life(on: Stage) -> list[Fact]:
    return [*a_plain_life(on), on.report("accepted", 2)]


def a_refund_before_leaving(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.picture("refund", 6, "paid", refunds=(refund("open", 6),)),
        on.prints(3),
        on.leaves(9),
        on.tracks("picked_up", 20),
    ]


def a_refund_withdrawn(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.picture("refund", 6, "paid", refunds=(refund("open", 6),)),
        on.picture("withdrawn", 7, "paid", refunds=(refund("withdrawn", 7),)),
        on.report("packed", 8),
        on.leaves(9),
    ]


def an_address_change_after_the_label(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.prints(3),
        on.picture("changed", 6, "paid", receiver=NEW),
        on.picture("noted", 7, "paid", receiver=NEW, seller_note="加急"),
        on.report("packed", 8),
    ]


def an_address_changed_there_and_back(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.picture("changed", 4, "paid", receiver=NEW),
        on.picture("back", 6, "paid", receiver=OLD),
        on.report("packed", 8),
    ]


def a_second_print(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.prints(3),
        on.prints(9, waybill="YT2"),
        on.leaves(12),
        on.tracks("signed", 60),
    ]


def closed_before_leaving(on: Stage) -> list[Fact]:
    return [
        on.picture("unpaid", 0, "unpaid"),
        on.picture("paid", 1, "paid"),
        on.report("accepted", 2),
        on.report("packed", 4),
        on.picture("closed", 6, "closed"),
    ]


def closed_and_gone_all_the_same(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.report("packed", 4),
        on.picture("closed", 6, "closed"),
        on.leaves(9),
    ]


def a_shortage_that_was_made_good(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.lacks(3),
        on.report("packed", 6),
        on.leaves(9),
    ]


def a_shortage_found_after_packing(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.lacks(3),
        on.report("packed", 6),
        on.lacks(7),
        on.report("accepted", 2),
    ]


def a_print_told_with_and_without_its_number(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.prints(3),
        on.prints_without_its_number(3),
        on.report("packed", 4),
        on.leaves(5),
    ]


def left_in_two_packages(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.prints(3),
        on.report("packed", 4),
        on.leaves_in_two(5),
        on.tracks("signed", 60),
    ]


def came_back_under_a_new_number(on: Stage) -> list[Fact]:
    return [
        on.picture("paid", 1, "paid"),
        on.leaves(5),
        on.tracks("returning", 60, onward="SF9"),
        on.tracks("in_transit", 70, "SF9"),
        on.tracks("signed", 80, "SF9"),
    ]


def came_back_after_it_lay_in_a_locker(on: Stage) -> list[Fact]:
    """The courier called it signed when it lay in the locker; the sender signed later."""
    return [
        on.picture("paid", 1, "paid"),
        on.leaves(5),
        on.tracks("signed", 50),
        on.tracks("returning", 60, "SF9", formerly="YT1"),
        on.tracks("signed", 80, "SF9"),
    ]


LIVES: list[Life] = [
    a_plain_life,
    a_refund_before_leaving,
    a_refund_withdrawn,
    an_address_change_after_the_label,
    an_address_changed_there_and_back,
    a_second_print,
    closed_before_leaving,
    closed_and_gone_all_the_same,
    a_shortage_that_was_made_good,
    a_shortage_found_after_packing,
    a_print_told_with_and_without_its_number,
    left_in_two_packages,
    came_back_under_a_new_number,
    came_back_after_it_lay_in_a_locker,
]


def end_of(on: Stage, life: Life, places: Iterable[int] | None = None) -> dict[str, object]:
    """Live the life on a new order, its facts in the given order of arrival; the end, with numbers made alike."""
    fresh, facts = begun(on, life)
    for place in places if places is not None else range(len(facts)):
        fresh.hears(facts[place])
    return fresh.end()


def begun(on: Stage, life: Life) -> tuple[Stage, list[Fact]]:
    fresh = Stage(on.shop, order_id=f"2026{next(_numbers):012}")
    return fresh, life(fresh)


def difference(one: dict[str, object], other: dict[str, object]) -> dict[str, tuple[object, object]]:
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def insist_on_one_end(life: Life, arranged: Iterable[tuple[int, ...]]) -> None:
    on = stage()
    wanted = end_of(on, life)
    assert wanted["waiting"] == 0
    for places in arranged:
        found = end_of(on, life, places)
        assert difference(wanted, found) == {}, [life(on)[place].key for place in places]


def insist_on_one_end_of_all_that_begin_with(first: int, life: Life) -> None:
    on = stage()
    wanted = end_of(on, life)
    assert wanted["waiting"] == 0
    fresh, facts = begun(on, life)
    fresh.hears(facts[first])
    others = [fact for fact in facts if fact is not facts[first]]
    lived = 0
    for keys, found in every_end(fresh, others):
        assert difference(wanted, found) == {}, [facts[first].key, *keys]
        lived += 1
    assert lived == factorial(len(facts) - 1)


def every_end(on: Stage, left: Sequence[Fact]) -> Iterator[tuple[list[str], dict[str, object]]]:
    """The end of every permutation of what is left to hear. What permutations begin with alike is lived once: each
    goes on from there in a savepoint, and is undone.
    """
    if not left:
        yield [], on.end()
    for fact in left:
        here, waiting = transaction.savepoint(), [*on.waiting]
        on.hears(fact)
        for keys, end in every_end(on, [other for other in left if other is not fact]):
            yield [fact.key, *keys], end
        transaction.savepoint_rollback(here)
        transaction.savepoint_commit(here)
        on.waiting = waiting


def size_of(life: Life) -> int:
    return len(life(Stage(Shop(pk=0, company=Company(pk=0)))))


# By what comes first, so that several workers share the permutations of one life.
BEGINNINGS = [
    pytest.param(life, first, id=f"{life.__name__}-{first}") for life in LIVES for first in range(size_of(life))
]


@pytest.mark.django_db
@pytest.mark.parametrize(("life", "first"), BEGINNINGS)
def test_law_03_every_permutation_ends_the_same(life: Life, first: int, clock: object) -> None:
    insist_on_one_end_of_all_that_begin_with(first, life)


@pytest.mark.django_db
@pytest.mark.parametrize("life", [*LIVES, a_long_life], ids=lambda life: life.__name__)
def test_law_03_each_fact_doubled_in_any_order_ends_the_same(life: Life, clock: object) -> None:
    chance, size = random.Random(11), size_of(life)
    insist_on_one_end(life, [tuple(chance.sample([*range(size)] * 2, size * 2)) for _ in range(20)])


# Minutes of what the shorter lives show as well: for a night, and for who changes how facts are taken in.
@pytest.mark.django_db
@pytest.mark.parametrize("first", range(7))
@pytest.mark.skipif(os.environ.get("TOWER_TORTURE") != "1", reason="5,040 permutations: not run, `make torture` does")
def test_law_03_every_permutation_of_a_long_life_ends_the_same(first: int, clock: object) -> None:
    insist_on_one_end_of_all_that_begin_with(first, a_long_life)


@pytest.mark.django_db
def test_law_03_the_lives_end_as_people_expect(clock: object) -> None:
    ends = {}
    for life in LIVES:
        on = stage()
        ends[life.__name__] = end_of(on, life)
    reasons = {name: [reason for reason, _ in end["holds"]] for name, end in ends.items()}  # type: ignore[attr-defined]
    assert ends["a_plain_life"]["order"] == "signed"
    assert reasons["a_plain_life"] == []
    assert reasons["a_refund_before_leaving"] == ["refund_requested", "shipped_while_held", "system_conflict"]
    assert reasons["a_refund_withdrawn"] == []
    assert reasons["an_address_change_after_the_label"] == ["address_conflict"]
    assert ends["an_address_changed_there_and_back"]["address"][0] == 3  # type: ignore[index]
    assert set(reasons["a_second_print"]) >= {"duplicate_print", "foreign_waybill", "shipped_while_held"}
    assert reasons["a_shortage_that_was_made_good"] == []
    assert reasons["a_shortage_found_after_packing"] == ["stock_short"]
    assert reasons["a_print_told_with_and_without_its_number"] == []
    assert (ends["left_in_two_packages"]["order"], reasons["left_in_two_packages"]) == ("signed", [])
    assert ends["came_back_under_a_new_number"]["order"] == "returned"
    assert ends["came_back_after_it_lay_in_a_locker"]["order"] == "returned"
    assert ends["closed_before_leaving"]["order"] == "cancelled"
    assert ends["closed_and_gone_all_the_same"]["order"] == "shipped"


@pytest.mark.django_db
def test_law_03_a_stale_picture_is_recorded_and_moves_nothing(clock: object) -> None:
    on = stage()
    on.hears(on.picture("paid", 5, "paid", seller_note="新"))
    before = on.end()
    old = on.picture("older", 3, "paid", seller_note="旧")
    assert on.hears(old).code == "stale_fact"
    assert difference(before, {**on.end(), "claims": before["claims"]}) == {}


@pytest.mark.django_db
def test_law_02_a_repeat_has_no_effect_and_another_body_is_a_conflict(clock: object) -> None:
    on = stage()
    paid = on.picture("paid", 1, "paid")
    on.hears(paid)
    before = on.end()
    assert on.hears(paid).code == "repeat"
    assert on.hears(replace(paid, body_hash="another")).code == "conflicting_body"
    assert on.end() == before
