"""`manage.py messages`: bring the catalogues up to date with the code and compile them. Needs polib (development)."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polib  # type: ignore[import-untyped]
from django.core.management.base import BaseCommand

from ordertower.localisation import CATALOGUES, Message, borrowed_messages, own_messages

HEADERS = {
    "en": {"Language": "en", "Plural-Forms": "nplurals=2; plural=(n != 1);"},
    "zh_Hans": {"Language": "zh_Hans", "Plural-Forms": "nplurals=1; plural=0;"},
}
COMMON = {"MIME-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit"}


class Command(BaseCommand):
    help = "Add missing texts to locale/*/LC_MESSAGES/django.po with an empty translation, and compile all of them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prune", action="store_true", help="also remove what no code says any more")

    def handle(self, *args: Any, **options: Any) -> None:
        for language, wanted in (("en", own_messages()), ("zh_Hans", borrowed_messages())):
            path = CATALOGUES[language]
            catalogue = opened(path, language)
            added = add_missing(catalogue, wanted)
            stale = unused(catalogue, wanted)
            for entry in stale if options["prune"] else []:
                catalogue.remove(entry)
            write(catalogue, path)
            empty = [entry.msgid for entry in catalogue if not entry.translated()]
            self.stdout.write(f"{language}: {len(catalogue)} texts, {added} added, {len(stale)} unused")
            for text in empty:
                self.stdout.write(f"  not translated: {text!r}")


def opened(path: Path, language: str) -> polib.POFile:
    catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile()
    catalogue.metadata = {**COMMON, **HEADERS[language]}
    catalogue.wrapwidth = 120
    return catalogue


def add_missing(catalogue: polib.POFile, wanted: Iterable[Message]) -> int:
    """Add what the catalogue lacks, untranslated; how many that were."""
    known = {(entry.msgid, entry.msgctxt or "") for entry in catalogue}
    # Without line numbers, which would change with every edit of the code.
    missing = [message for message in wanted if (message.text, message.context) not in known]
    for message in missing:
        catalogue.append(
            polib.POEntry(
                msgid=message.text,
                msgctxt=message.context or None,
                msgid_plural=message.plural,
                msgstr_plural=dict.fromkeys(range(_plurals(catalogue)), "") if message.plural else {},
                occurrences=[(message.place.partition(":")[0], "")],
            )
        )
    return len(missing)


def unused(catalogue: polib.POFile, wanted: Iterable[Message]) -> list[polib.POEntry]:
    texts = {(message.text, message.context) for message in wanted}
    return [entry for entry in catalogue if (entry.msgid, entry.msgctxt or "") not in texts]


def write(catalogue: polib.POFile, path: Path) -> None:
    """Save the text and the compiled file, sorted, so that two branches seldom touch the same lines."""
    catalogue.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    catalogue.save_as_mofile(str(path.with_suffix(".mo")))


def _plurals(catalogue: polib.POFile) -> int:
    return int(catalogue.metadata["Plural-Forms"].partition("nplurals=")[2][0])
