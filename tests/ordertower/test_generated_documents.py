"""The documents that the code writes are what the code does, and `--check` notices when they are not."""

from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command

from ordertower.management.commands import contradiction_docs, lifecycle_docs

DOCUMENTS = [(lifecycle_docs, "待拣货", "拣货中"), (contradiction_docs, "grace 4 h", "grace 5 h")]


def named(command: ModuleType) -> str:
    return command.__name__.rpartition(".")[2]


@pytest.mark.parametrize("command", [command for command, *_ in DOCUMENTS], ids=named)
def test_the_document_is_not_stale(command: ModuleType) -> None:
    call_command(named(command), "--check")


@pytest.mark.parametrize(("command", "words", "others"), DOCUMENTS)
def test_a_stale_or_missing_document_fails_the_check_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: ModuleType, words: str, others: str
) -> None:
    path = tmp_path / "document.md"
    monkeypatch.setattr(command, "PATH", path)
    with pytest.raises(CommandError, match="stale"):
        call_command(named(command), "--check")
    call_command(named(command), verbosity=0)
    call_command(named(command), "--check")
    text = path.read_text(encoding="utf-8")
    assert words in text
    path.write_text(text.replace(words, others), encoding="utf-8")
    with pytest.raises(CommandError, match="stale"):
        call_command(named(command), "--check")
