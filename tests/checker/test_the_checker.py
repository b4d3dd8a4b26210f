"""Every planted fault is found under its invariant, and clean trails give no alarm."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from . import planted_against_journals, planted_against_tables, planted_in_orders
from .__main__ import main
from .checking import Checking, Inputs
from .clean_lives import ALLOWED
from .findings import Findings
from .planting import FAULTS, Fault
from .published import REACH, VERBS
from .small_shop import PUBLIC_KEY, Files, clean_shop
from .tampering import ANCHOR_ATTACKS, TRAIL_ATTACKS


def checked(files: Files, **wishes: Any) -> Findings:
    wishes = {"journals": files.journals, "anchors": files.anchors, "drained": True, **wishes}
    return Checking(Inputs(files.trail, public_keys=frozenset((PUBLIC_KEY,)), **wishes)).run()


def broken(findings: Findings) -> set[str]:
    return {violation.invariant for violation in findings.violations}


def in_words(findings: Findings) -> str:
    return "\n".join(map(str, findings.violations))


def asked_of(files: Files, *more: str) -> int:
    return main([str(files.trail), "--journals", str(files.journals), "--anchors", str(files.anchors), *more])


def test_a_clean_trail_gives_no_alarm_and_everything_is_checked(tmp_path: Path) -> None:
    findings = checked(clean_shop(5).write(tmp_path))
    assert in_words(findings) == ""
    assert {invariant for invariant, times in findings.checked.items() if times} == {f"I{n}" for n in range(1, 15)}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_product_is_found_under_its_invariant(name: str, tmp_path: Path) -> None:
    invariant, plant = FAULTS[name]
    shop = clean_shop()
    plant(shop)
    findings = checked(shop.write(tmp_path))
    assert invariant in broken(findings), in_words(findings) or "nothing was found"
    assert "I11" not in broken(findings)


@pytest.mark.parametrize("name", TRAIL_ATTACKS)
def test_a_hand_in_the_trail_is_found_by_the_chain_and_the_anchors(name: str, tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path, trail=lambda lines: (TRAIL_ATTACKS[name](lines), None)[1])
    assert "I11" in broken(checked(files))


@pytest.mark.parametrize("name", ANCHOR_ATTACKS)
def test_a_hand_in_the_anchors_is_found(name: str, tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path, anchors=lambda lines: (ANCHOR_ATTACKS[name](lines), None)[1])
    assert "I11" in broken(checked(files))


def test_a_cut_tail_without_anchors_shows_in_the_journals(tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path, cut=3)
    assert broken(checked(files, anchors=None)) == {"I14"}
    assert "I11" in broken(checked(files))


def test_an_anchors_file_that_signs_with_a_key_of_its_own_is_not_trusted(tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path)
    findings = Checking(Inputs(files.trail, anchors=files.anchors, public_keys=frozenset(("22" * 32,)))).run()
    assert broken(findings) == {"I11"}


def test_a_superseded_anchor_and_the_beginning_of_a_line_are_what_a_crash_leaves(tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path, anchors=lambda lines: lines.insert(1, lines[1]))
    with files.anchors.open("a", encoding="utf-8") as more:
        more.write('{"seq":3,"at":"20')
    assert in_words(checked(files)) == ""


# What is allowed must not alarm


@pytest.mark.parametrize("happen", ALLOWED, ids=lambda happen: happen.__name__)
def test_what_is_allowed_gives_no_alarm(happen: Fault, tmp_path: Path) -> None:
    shop = clean_shop()
    happen(shop)
    assert in_words(checked(shop.write(tmp_path))) == ""


def test_a_hundred_faults_and_more_are_planted() -> None:
    assert len(FAULTS) >= 100
    assert {invariant for invariant, plant in FAULTS.values()} == {f"I{n}" for n in range(1, 15)} - {"I11"}


@pytest.mark.parametrize(
    "happen", [planted_against_tables.a_hold_closed_in_other_words, planted_against_tables.a_lift_of_another_hold]
)
def test_what_did_not_end_a_hold_leaves_the_order_held(happen: Fault, tmp_path: Path) -> None:
    shop = clean_shop()
    happen(shop)
    assert broken(checked(shop.write(tmp_path))) == {"I2", "I5"}


DOCS = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_published_verbs_and_reports_are_what_the_documents_say() -> None:
    """Who changes the documents changes published.py by hand."""
    text = DOCS.read_text(encoding="utf-8")
    verbs = text.split("## Verbs of the trail", 1)[1].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", verbs, re.MULTILINE)) == VERBS
    table = text.split("## What other systems' reports move", 1)[1].partition("\n## ")[0]
    rows = [re.findall(r"`(\w+)`", line) for line in table.splitlines() if line.startswith("|")]
    reports = {(system, word): state for state, system, *told in filter(None, rows) for word in told}
    assert reports == REACH


def test_what_is_too_young_in_a_running_world_is_noted_and_not_judged(tmp_path: Path) -> None:
    shop = clean_shop()
    shop.entry("taobao", "sold", tid="900009")
    files = shop.write(tmp_path)
    young = checked(files, drained=False)
    assert in_words(young) == ""
    assert any("too young" in note for note in young.notes)
    assert broken(checked(files)) == {"I8"}


def test_an_order_sold_long_ago_is_lost_even_in_a_running_world(tmp_path: Path) -> None:
    shop = clean_shop()
    shop.entry("taobao", "sold", tid="900009")
    shop.tick(400)
    shop.until(4, "printed")
    assert broken(checked(shop.write(tmp_path), drained=False)) == {"I8"}


def test_a_repeated_push_with_the_same_answer_is_a_retry_where_connections_broke(tmp_path: Path) -> None:
    shop = clean_shop()
    planted_against_journals.a_delivery_is_pushed_twice(shop)
    assert in_words(checked(shop.write(tmp_path), retries=True)) == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("900001", True),
        ("900077", False),
        ('{"tid": "900002"}', True),
        ('{"order": 3, "version": 4}', True),
        ('{"order": 3, "version": 400}', False),
        ('{"order": 44}', False),
        ('{"key": "confirm:T-1-1:M-1"}', True),
        ('{"key": "confirm:T-3-1:M-3"}', False),
    ],
)
def test_what_clients_were_answered_must_be_in_the_trail(line: str, found: bool, tmp_path: Path) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text(line + "\n", encoding="utf-8")
    findings = checked(clean_shop().write(tmp_path), acknowledged=answers)
    assert broken(findings) == (set() if found else {"I8"})


# The command


def test_the_command_ends_zero_when_clean_and_says_what_it_did_not_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = clean_shop().write(tmp_path)
    assert asked_of(files, "--drained") == 0
    assert main([str(files.trail)]) == 0
    said = capsys.readouterr().out
    assert "I8   not checked: no --journals" in said
    assert "not checked: I11 anchors" in said


def test_the_command_ends_one_on_violations_and_prints_each_on_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = clean_shop()
    planted_in_orders.a_second_print_is_granted(shop)
    assert asked_of(shop.write(tmp_path), "--drained") == 1
    assert "I3 order=3 seq=" in capsys.readouterr().out.splitlines()[0]


def test_the_command_speaks_json_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = clean_shop()
    planted_in_orders.a_label_is_printed_while_held(shop)
    assert asked_of(shop.write(tmp_path), "--drained", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["violations"][0]["invariant"] == "I6"
    assert told["checked"]["I1"] == told["events"] - 3


@pytest.mark.parametrize("text", ["{", "[]", '{"seq": 1}', "\n"])
def test_the_command_ends_two_on_a_trail_it_cannot_read(text: str, tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path)
    with files.trail.open("a", encoding="utf-8") as more:
        more.write(text)
    assert asked_of(files) == 2


def test_the_command_ends_two_where_a_file_is_missing(tmp_path: Path) -> None:
    files = clean_shop().write(tmp_path)
    files.anchors.unlink()
    assert asked_of(files) == 2
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert main([str(files.trail), "--journals", str(tmp_path / "none")]) == 2


def test_the_command_ends_two_on_a_journal_it_cannot_read_but_takes_a_line_still_being_written(
    tmp_path: Path,
) -> None:
    files = clean_shop().write(tmp_path)
    with (files.journals / "erp.jsonl").open("a", encoding="utf-8") as more:
        more.write('{"kind": "rep')
    assert asked_of(files, "--drained") == 0
    with (files.journals / "erp.jsonl").open("a", encoding="utf-8") as more:
        more.write("\n")
    assert asked_of(files, "--drained") == 2
