"""Words of a message that stand in no table: collected while it is read, so that a person hears of them (Doubtful)."""

import logging
from collections.abc import Mapping
from typing import TypeVar

from integrations.adapter import Doubtful, Said, Unlisted
from orders.vocabulary import Snapshot

log = logging.getLogger(__name__)

Meaning = TypeVar("Meaning")

LONGEST_WORD = 40


def unlisted(what: str, word: str) -> Unlisted:
    """A whole message of a kind that stands in no table."""
    return Unlisted(words=_in_words(what, word))


def _in_words(what: str, word: str) -> str:
    return f"{what}“{word[:LONGEST_WORD]}”不在对照表里"


class Doubts:
    """Of one message. An unlisted word is taken as unknown, noted once, and told with what the message says."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.found: dict[str, None] = {}

    def meaning(self, table: Mapping[str, Meaning], word: str, what: str, otherwise: Meaning) -> Meaning:
        """What the table says of the word; `otherwise`, and a doubt, where it says nothing."""
        if word not in table:
            self.note(what, word)
        return table.get(word, otherwise)

    def note(self, what: str, word: str) -> None:
        log.warning("%s: unlisted: %s %.40r", self.system, what, word)
        self.found[_in_words(what, word)] = None

    def said(self, *, key: str, subject: str, snapshot: Snapshot) -> Said:
        """What the message says of one subject, with everything doubted so far."""
        unlisted, self.found = tuple(self.found), {}
        if unlisted:
            return Doubtful(key=key, subject=subject, snapshot=snapshot, unlisted=unlisted)
        return Said(key=key, subject=subject, snapshot=snapshot)
