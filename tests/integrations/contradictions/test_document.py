"""docs/contradictions.md lists the table, whoever reads it."""

from django.utils import translation

from orders.contradictions.table import PAIRS
from ordertower.contradictions_document import document


def test_it_lists_every_pair_once_in_any_language() -> None:
    text = document()
    assert [pair.code for pair in PAIRS if text.count(f"### `{pair.code}` {pair.title}") != 1] == []
    with translation.override("en"):
        assert document() == text
