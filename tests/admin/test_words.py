"""Words on the screen: everything that a service writes on the trail, and everything a system says, has its Chinese."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orders.admin import words
from orders.admin.keys import SCOPES as SCOPE_WORDS
from orders.lifecycle import Move
from orders.selectors.timeline import VERBS
from orders.services.claims import TIE_RANK
from orders.services.keys import SCOPES

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)


def verbs_written() -> set[str]:
    """Every verb that stands in a call of `dossier.note` or `note_company_event`."""
    found: set[str] = set()
    for path in [*ROOT.glob("orders/**/*.py"), *ROOT.glob("integrations/*/*.py"), *ROOT.glob("alerts/*/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = {"note": 0, "note_company_event": 1}.get(name)
            if place is None or len(node.args) <= place:
                continue
            for part in ast.walk(node.args[place]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
                if isinstance(part, ast.Attribute) and getattr(part.value, "id", "") == "Move":
                    found.add(str(Move[part.attr]))
    return found


def test_every_verb_of_the_trail_has_its_words() -> None:
    written = verbs_written()
    assert {"hold_opened", "waybill_issued", "policy_changed", "print"} <= written
    assert written <= VERBS.keys()


def test_every_word_of_an_outside_system_has_ours() -> None:
    assert TIE_RANK.keys() <= words.CLAIMS.keys()


def test_every_scope_of_a_key_is_explained() -> None:
    assert SCOPES.keys() <= SCOPE_WORDS.keys()


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (NOW - timedelta(seconds=2), "刚刚"),
        (NOW - timedelta(seconds=40), "40 秒前"),
        (NOW - timedelta(minutes=12, seconds=50), "12 分钟前"),
        (NOW - timedelta(hours=47), "47 小时前"),
        (NOW - timedelta(days=3), "3 天前"),
        (NOW + timedelta(hours=2), "2 小时后"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(moment: datetime, shown: str) -> None:
    assert words.relative(moment, NOW) == shown


def test_the_exact_time_is_beijing_time() -> None:
    assert words.exact(NOW) == "2026-11-11 20:00:00"
