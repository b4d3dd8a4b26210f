"""The trail cannot be rewritten unnoticed: refused at the door, and found by the proof where the door was broken."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from orders import clock
from orders.models import Event, Order
from orders.models.walls import lower_walls
from orders.selectors.trail import exported_events, one_moment
from orders.services.anchors import anchor, public_key
from orders.services.trail import canonical, hash_of
from orders.services.verification import Kind, digest_of, verify_trail
from tests.orders import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock", "anchor_file")]


@pytest.fixture
def orders() -> list[Order]:
    """Three orders with three events each, all of it anchored."""
    shop = factories.shop()
    made = [factories.order(shop) for _ in range(3)]
    for order in made:
        factories.happens(order, "order_seen", "paid", "released", source_at=clock.now() - timedelta(seconds=3))
    factories.happens(shop.company, "rule_changed")
    factories.settle()
    assert anchor(now=clock.now())
    assert kinds() == set()
    return made


def kinds() -> set[Kind]:
    return {finding.kind for finding in verify_trail().findings}


def sql(text: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return int(cursor.rowcount)


def refused(text: str, *values: Any) -> bool:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        sql(text, *values)
    return True


# The walls ---------------------------------------------------------------------------------------------------------


def test_the_database_refuses_to_change_an_event(orders):
    assert refused("UPDATE orders_event SET actor = 'system' WHERE seq = 1")
    assert refused("UPDATE orders_event SET mark = mark")
    assert kinds() == set()


def test_the_database_refuses_to_delete_an_event(orders):
    assert refused("DELETE FROM orders_event WHERE stream = %s", orders[0].stream)
    assert Event.objects.filter(stream=orders[0].stream).count() == 3


def test_the_database_refuses_to_change_or_delete_an_anchor(orders):
    assert refused("UPDATE orders_anchor SET hash = ''")
    assert refused("DELETE FROM orders_anchor")


@pytest.mark.postgres
def test_the_database_refuses_to_truncate_the_trail_or_a_month_of_it(orders):
    assert refused("TRUNCATE orders_event")
    assert refused("TRUNCATE orders_event_default")
    assert refused("TRUNCATE orders_anchor")


def test_the_database_does_not_replace_an_event_by_inserting_it_again(orders):
    if connection.vendor == "postgresql":
        text = "INSERT INTO orders_event SELECT * FROM orders_event ON CONFLICT (id, at) DO UPDATE SET actor = 'me'"
    else:
        text = "INSERT OR REPLACE INTO orders_event SELECT * FROM orders_event"
    assert refused(text)


# The proof, with the walls down ------------------------------------------------------------------------------------


@pytest.fixture
def walls_down(orders) -> None:
    lower_walls(connection)


@pytest.mark.parametrize(
    "change",
    ["actor = 'person:9'", "verb = 'lifted'", "reason = '误操作'", "version = 9", "parcel_id = 1", "to_state = 'paid'"],
)
def test_an_edited_event_is_found(orders, walls_down, change):
    assert sql(f"UPDATE orders_event SET {change} WHERE stream = %s AND seq = 2", orders[0].stream) == 1
    findings = verify_trail().findings
    assert [(found.kind, found.stream, found.seq) for found in findings] == [(Kind.EDITED, orders[0].stream, 2)]


def test_edited_facts_are_found(orders, walls_down):
    assert sql("UPDATE orders_event SET facts = %s WHERE stream = %s AND seq = 1", "{}", orders[0].stream) == 1
    assert kinds() == {Kind.EDITED}


def test_an_edited_event_with_a_hash_to_match_is_found(orders, walls_down):
    event = Event.objects.get(stream=orders[0].stream, seq=2)
    event.actor = "person:9"
    sql(
        "UPDATE orders_event SET actor = %s, hash = %s WHERE id = %s",
        event.actor,
        hash_of(event, event.prev_hash),
        event.pk,
    )
    assert kinds() == {Kind.BROKEN_LINK}


def test_a_deleted_event_is_found(orders, walls_down):
    sql("DELETE FROM orders_event WHERE stream = %s AND seq = 2", orders[0].stream)
    assert kinds() == {Kind.GAP, Kind.BROKEN_LINK}


def test_an_inserted_event_is_found(orders, walls_down):
    event = Event.objects.get(stream=orders[0].stream, seq=2)
    event.pk, event.verb = None, "lifted"
    event.hash = hash_of(event, event.prev_hash)
    event.save(force_insert=True)
    assert Kind.REPEATED in kinds()


def test_two_swapped_events_are_found(orders, walls_down):
    one, two = Event.objects.filter(stream=orders[0].stream, seq__in=[1, 2]).order_by("seq")
    sql("UPDATE orders_event SET seq = %s WHERE id = %s", 2, one.pk)
    sql("UPDATE orders_event SET seq = %s WHERE id = %s", 1, two.pk)
    assert kinds() >= {Kind.EDITED, Kind.BROKEN_LINK}


def test_a_cut_tail_is_found_by_the_row(orders, walls_down):
    sql("DELETE FROM orders_event WHERE stream = %s AND seq = 3", orders[0].stream)
    assert kinds() == {Kind.WRONG_HEAD, Kind.ANCHORED_EVENT_GONE}


def test_a_cut_tail_with_a_row_to_match_is_found_by_the_anchor(orders, walls_down):
    sql("DELETE FROM orders_event WHERE stream = %s AND seq = 3", orders[0].stream)
    head = Event.objects.get(stream=orders[0].stream, seq=2).hash
    sql("UPDATE orders_order SET event_seq = 2, event_head = %s WHERE id = %s", head, orders[0].pk)
    findings = verify_trail().findings
    assert [(found.kind, found.stream, found.seq) for found in findings] == [
        (Kind.ANCHORED_EVENT_GONE, orders[0].stream, 3)
    ]


def test_all_events_of_an_order_deleted_are_found_by_the_row(orders, walls_down):
    sql("DELETE FROM orders_event WHERE stream = %s", orders[0].stream)
    assert kinds() == {Kind.NO_EVENTS, Kind.ANCHORED_EVENT_GONE}


def test_a_whole_stream_deleted_with_its_order_is_found_by_the_anchor(orders, walls_down):
    stream = orders[0].stream
    sql("DELETE FROM orders_event WHERE stream = %s", stream)
    orders[0].delete()
    findings = verify_trail().findings
    assert [(found.kind, found.stream) for found in findings] == [(Kind.ANCHORED_EVENT_GONE, stream)]


def test_an_order_deleted_without_its_stream_is_found(orders, walls_down):
    orders[0].delete()
    assert kinds() == {Kind.NO_STREAM_ROW}


def test_a_wholly_rewritten_chain_is_found_by_the_anchor(orders, walls_down):
    head = ""
    for event in Event.objects.filter(stream=orders[0].stream).order_by("seq"):
        event.actor, event.prev_hash = "person:9", head
        event.hash = head = hash_of(event, head)
        event.save()
    sql("UPDATE orders_order SET event_head = %s WHERE id = %s", head, orders[0].pk)
    findings = verify_trail().findings
    assert [(found.kind, found.stream) for found in findings] == [(Kind.ANCHORED_EVENT_GONE, orders[0].stream)]


def test_a_stream_slipped_in_behind_the_anchor_is_found(orders, walls_down):
    forged = factories.order()
    factories.happens(forged, "order_seen")
    sql("UPDATE orders_event SET mark = 0 WHERE stream = %s", forged.stream)
    assert kinds() == {Kind.NOT_ANCHORED}


def test_events_after_the_anchor_need_none_yet(orders):
    factories.happens(orders[0], "packed")
    assert kinds() == set()


# Counting and exporting --------------------------------------------------------------------------------------------


def test_the_report_counts_what_it_read(orders):
    report = verify_trail()
    assert (report.events, report.streams, report.anchors, report.is_clean) == (10, 4, 1, True)


def test_the_fast_hash_is_the_hash_of_the_trail(orders):
    for event in Event.objects.all():
        values = [getattr(event, name) for name in sorted(json.loads(canonical(event)))]
        assert digest_of(values, event.prev_hash).hex() == event.hash == hash_of(event, event.prev_hash)


@pytest.fixture
def outsider(orders, anchor_file, tmp_path, monkeypatch) -> Callable[[], None]:
    """Runs the program that docs/trail.md prints, which uses nothing of the tower, on an export and the anchors."""
    text = Path("docs/trail.md").read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0].replace('"…"', f'"{public_key()}"', 1)
    call_command("export_trail", out=tmp_path / "trail.jsonl", stdout=io.StringIO())
    monkeypatch.chdir(tmp_path)
    return lambda: exec(compile(program, "docs/trail.md", "exec"), {})


def test_an_outsider_verifies_the_export_and_the_anchors_by_the_book(outsider):
    outsider()


@pytest.mark.parametrize(("file", "words"), [("trail.jsonl", "was edited"), ("anchors.jsonl", "was edited")])
def test_an_outsider_sees_an_edited_file(outsider, file, words):
    path = Path(file)
    path.write_text(path.read_text(encoding="utf-8").replace('"order:', '"order:9', 1), encoding="utf-8")
    with pytest.raises(AssertionError, match=words):
        outsider()


def test_an_outsider_sees_that_a_stream_is_gone(outsider, orders):
    path = Path("trail.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if f'"{orders[0].stream}"' not in line), encoding="utf-8")
    with pytest.raises(AssertionError, match=f"{orders[0].stream} 3 is gone"):
        outsider()


def test_the_export_has_the_promised_fields_and_can_begin_later(orders, clock):
    clock.advance(hours=1)
    factories.happens(orders[0], "packed")
    (event,) = exported_events(since=clock.now())
    promised = "seq order parcel verb from to version actor role cause key result facts prev_hash hash at"
    assert " ".join(event).startswith(f"{promised} ")
    assert (event["seq"], event["verb"], event["at"]) == (4, "packed", "2026-11-10T17:00:00.000000+00:00")


def test_the_export_goes_to_a_new_file(orders, tmp_path):
    target = tmp_path / "trail.jsonl"
    call_command("export_trail", out=target, stdout=io.StringIO())
    assert len(target.read_text(encoding="utf-8").splitlines()) == 10
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_trail", out=target)


def test_the_command_ends_well_where_all_is_as_it_was(orders):
    out = io.StringIO()
    call_command("verify_trail", stdout=out)
    assert "10 events in 4 streams, 1 anchors" in out.getvalue()
    assert "all as it was" in out.getvalue()


def test_the_command_lists_what_it_found_and_exits_with_1(orders, walls_down):
    sql("UPDATE orders_event SET actor = 'person:9' WHERE stream = %s AND seq = 2", orders[0].stream)
    out = io.StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("verify_trail", stdout=out)
    assert raised.value.returncode == 1
    assert f"event 2 of {orders[0].stream}" in out.getvalue()


def test_reading_the_trail_keeps_no_writer_waiting_and_sees_one_moment(tmp_path):
    order = factories.order()
    factories.happens(order, "order_seen", "paid")
    with one_moment():
        before = list(exported_events())
        in_another_thread(lambda: factories.happens(order, "released"))
        assert list(exported_events()) == before
    assert len(list(exported_events())) == 3


def in_another_thread(act: Callable[[], object]) -> None:
    """Run on another connection, and fail here where it fails there."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result(timeout=20)
