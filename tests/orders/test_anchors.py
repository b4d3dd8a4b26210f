"""Anchors: made when due, one at a time, outside the database before they count, and whole again after a crash."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from orders import clock
from orders.models import Anchor, Order
from orders.models.walls import lower_walls
from orders.services import anchors
from orders.services.anchors import anchor, is_signed, public_key
from orders.services.verification import Kind, verify_trail
from tests.orders import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.fixture(autouse=True)
def lines(anchor_file):
    """The lines of the file, read anew at each call."""
    return lambda: anchor_file.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def order() -> Order:
    made = factories.order()
    factories.happens(made, "order_seen", "paid")
    return made


def next_anchor() -> Anchor | None:
    factories.settle()
    return anchor(now=clock.now())


def problems() -> list[str]:
    return [finding.text for finding in verify_trail().findings]


# When ---------------------------------------------------------------------------------------------------------------


def test_nothing_is_anchored_where_nothing_happened(anchor_file):
    assert next_anchor() is None
    assert not anchor_file.exists()


def test_the_first_events_are_anchored_at_once(order, lines):
    made = next_anchor()
    assert made
    assert (made.seq, made.streams, made.events, made.prev_hash) == (1, 1, 2, "")
    (line,) = map(json.loads, lines())
    assert list(line) == ["seq", "at", "mark", "prev_hash", "hash", "signature", "public_key", "streams"]
    assert line["streams"] == [[order.stream, 2, order.event_head]]
    assert (line["hash"], line["signature"]) == (made.hash, made.signature)


def test_nothing_new_makes_no_anchor_however_late_it_is(order, clock):
    assert next_anchor()
    clock.advance(days=1)
    assert next_anchor() is None


def test_the_next_one_waits_five_minutes_and_follows_the_first(order, clock, lines):
    first = next_anchor()
    factories.happens(order, "released")
    clock.advance(minutes=4, seconds=59)
    assert next_anchor() is None
    clock.advance(seconds=1)
    second = next_anchor()
    assert first
    assert second
    assert (second.seq, second.prev_hash, second.events) == (2, first.hash, 1)
    assert json.loads(lines()[1])["streams"] == [[order.stream, 3, Order.objects.get(pk=order.pk).event_head]]
    assert problems() == []


def test_many_events_do_not_wait_and_are_shared_among_anchors(order, monkeypatch):
    assert next_anchor()
    monkeypatch.setattr(anchors, "EVENTS", 3)
    others = [factories.order(order.shop) for _ in range(4)]
    for other in others[:2]:
        factories.happens(other, "order_seen")
    assert next_anchor() is None
    for other in others[2:]:
        factories.happens(other, "order_seen")
    made = next_anchor()
    assert made
    assert (made.streams, made.events) == (3, 3)
    assert next_anchor() is None
    assert problems() == []


def test_two_processes_at_once_make_one_anchor(order, lines):
    factories.settle()
    now = clock.now()

    def make(_: int) -> bool:
        try:
            return anchor(now=now) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))
    assert made.count(True) == 1
    assert Anchor.objects.count() == len(lines()) == 1
    assert problems() == []


def test_an_event_that_commits_late_is_not_passed_over(order, clock, lines):
    """Its mark is older than that of an event which was committed, and could have been anchored, before it."""
    late = factories.order(order.shop)
    written, may_commit = Event(), Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                factories.happens(late, "order_seen")
                written.set()
                assert may_commit.wait(20)
        finally:
            connection.close()

    assert next_anchor()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_slowly)
        assert written.wait(20)
        if connection.vendor == "postgresql":
            # SQLite has one writer at a time.
            factories.happens(order, "released")
        clock.advance(minutes=5)
        assert anchor(now=clock.now()) is None
        may_commit.set()
        writing.result(timeout=20)
    assert next_anchor()
    assert [late.stream, 1] in [entry[:2] for entry in json.loads(lines()[1])["streams"]]
    assert problems() == []


# The signature ------------------------------------------------------------------------------------------------------


def test_the_signature_is_of_the_install_s_own_key(order, settings):
    made = next_anchor()
    assert made
    assert is_signed(made.hash, made.signature, [public_key()])
    assert not is_signed(made.hash, made.signature[::-1], [public_key()])
    assert not is_signed(made.hash, "no signature", [public_key(), "no key"])
    before = public_key()
    settings.TOWER_ANCHOR_KEY = "another"
    assert not is_signed(made.hash, made.signature, [public_key()])
    assert [finding.kind for finding in verify_trail().findings] == [Kind.ANCHOR, Kind.ANCHOR_FILE, Kind.ANCHOR_FILE]
    assert verify_trail(public_keys=[before]).is_clean


# A crash between the line and the row -------------------------------------------------------------------------------


class PowerCut(Exception):
    pass


def crash_after_the_line(monkeypatch) -> None:
    append = anchors._append

    def append_and_die(path, text):
        append(path, text)
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(anchors, "_append", append_and_die)
        with pytest.raises(PowerCut):
            next_anchor()


def test_a_line_without_its_row_is_superseded_by_the_next(order, monkeypatch, clock, lines):
    crash_after_the_line(monkeypatch)
    assert Anchor.objects.count() == 0
    assert len(lines()) == 1
    assert problems() == []
    factories.happens(order, "released")
    clock.advance(minutes=1)
    made = next_anchor()
    assert made
    assert [json.loads(line)["seq"] for line in lines()] == [1, 1]
    assert problems() == []


def test_a_superseded_line_still_bears_witness(order, monkeypatch):
    crash_after_the_line(monkeypatch)
    lower_walls(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders_event")
    order.delete()
    assert [finding.kind for finding in verify_trail().findings] == [Kind.ANCHORED_EVENT_GONE]


@pytest.mark.parametrize("left", [1, 7, 9, 200])
def test_a_line_cut_off_in_the_middle_is_ended_and_the_anchor_made_again(order, monkeypatch, lines, anchor_file, left):
    crash_after_the_line(monkeypatch)
    anchor_file.write_bytes(anchor_file.read_bytes()[:left])
    assert problems() == []
    assert next_anchor()
    assert len(lines()) == 2
    assert problems() == []


# File against table -------------------------------------------------------------------------------------------------


@pytest.fixture
def three_anchors(order, clock) -> Order:
    for verb in ("released", "packed", "shipped"):
        factories.happens(order, verb)
        assert next_anchor()
        clock.advance(minutes=5)
    assert problems() == []
    return order


def rewrite(anchor_file, change) -> None:
    lines = anchor_file.read_text(encoding="utf-8").splitlines(keepends=True)
    anchor_file.write_text("".join(change(lines)), encoding="utf-8")


def test_a_lost_file_is_one_finding(three_anchors, anchor_file):
    anchor_file.unlink()
    (found,) = verify_trail().findings
    assert (found.kind, "of 3 anchors is missing" in found.text) == (Kind.ANCHOR_FILE, True)


def test_a_line_that_was_taken_out_is_found(three_anchors, anchor_file):
    rewrite(anchor_file, lambda lines: lines[:1] + lines[2:])
    assert problems() == [f"the line of anchor 2 is missing from {anchor_file}"]


def test_a_line_that_was_edited_is_found(three_anchors, anchor_file):
    rewrite(anchor_file, lambda lines: [lines[0], lines[1].replace(three_anchors.stream, "order:0"), lines[2]])
    assert Kind.ANCHOR_FILE in {finding.kind for finding in verify_trail().findings}


def test_a_line_that_cannot_be_read_is_found(three_anchors, anchor_file):
    rewrite(anchor_file, lambda lines: [lines[0], "dog\n", *lines[1:]])
    assert problems() == [f"line 2 of {anchor_file} cannot be read"]


@pytest.mark.parametrize("seq", [1, 2])
def test_an_anchor_that_was_taken_out_of_the_table_is_found(three_anchors, seq):
    lower_walls(connection)
    Anchor.objects.filter(seq=seq).delete()
    assert f"the table jumps from anchor {seq - 1} to {seq + 1}" in problems()


def test_the_end_of_the_table_cut_off_is_found(three_anchors, anchor_file):
    lower_walls(connection)
    Anchor.objects.filter(seq__gt=1).delete()
    assert problems() == [f"line 3 of {anchor_file}: anchor 3 is missing from the table"]


def test_an_edited_anchor_is_found(three_anchors):
    lower_walls(connection)
    Anchor.objects.filter(seq=2).update(at=clock.now() + timedelta(days=1))
    assert any("anchor 2 was edited" in text for text in problems())
