"""docs/contradictions.md is what the table says, and `contradiction_docs --check` notices when it is not."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from orders.contradictions.table import PAIRS
from ordertower.contradictions_document import document
from ordertower.management.commands import contradiction_docs


def test_the_document_is_not_stale() -> None:
    call_command("contradiction_docs", "--check")


def test_a_stale_or_missing_document_fails_the_check_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "contradictions.md"
    monkeypatch.setattr(contradiction_docs, "PATH", path)
    with pytest.raises(CommandError, match="stale"):
        call_command("contradiction_docs", "--check")
    call_command("contradiction_docs", verbosity=0)
    call_command("contradiction_docs", "--check")
    path.write_text(path.read_text(encoding="utf-8").replace("grace 4 h", "grace 5 h"), encoding="utf-8")
    with pytest.raises(CommandError, match="stale"):
        call_command("contradiction_docs", "--check")


def test_it_lists_every_pair_once_in_any_language() -> None:
    text = document()
    assert [pair.code for pair in PAIRS if text.count(f"### `{pair.code}` {pair.title}") != 1] == []
    with translation.override("en"):
        assert document() == text
