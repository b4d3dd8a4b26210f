"""Which words of ours go through gettext, so that none is forgotten in the English catalogue.

Our own code writes Chinese; `locale/en` holds its English. `locale/zh_Hans` holds the Chinese of the packages that come
without it. `manage.py messages` adds what is missing to the catalogues, `tests/test_locale.py` says so in CI.
"""

import ast
import gettext
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
OWN_PACKAGES = ("orders", "integrations", "alerts", "ordertower")
# Packages whose words people see, and which come without all of their Chinese.
BORROWED_PACKAGES = (
    "unfold",
    "simple_history",
    "import_export",
    "axes",
    "django_filters",
    "django_fsm",
    "rest_framework",
    "django.contrib.admin",
    "django.contrib.auth",
)
CATALOGUES = {language: ROOT / "locale" / language / "LC_MESSAGES" / "django.po" for language in ("en", "zh_Hans")}

# Function → which of its arguments are context, message and plural.
_PLAIN, _PLURAL, _CONTEXT, _CONTEXT_PLURAL = (None, 0, None), (None, 0, 1), (0, 1, None), (0, 1, 2)
_FUNCTIONS = {
    name + suffix: places
    for name, places in [
        ("gettext", _PLAIN),
        ("ngettext", _PLURAL),
        ("pgettext", _CONTEXT),
        ("npgettext", _CONTEXT_PLURAL),
    ]
    for suffix in ("", "_lazy", "_noop")
} | {"_": _PLAIN}
_TEMPLATE_CALL = re.compile(r"\b(_|n?p?gettext)\(((?:\s*u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*,?)+)")
_TEMPLATES = {".html", ".txt", ".xml"}


@dataclass(frozen=True, order=True)
class Message:
    """One text to be translated; `place` is where it was found first."""

    text: str
    plural: str = ""
    context: str = ""
    place: str = ""


class NotLiteral(ValueError):
    """A text is put together before it is translated, so no catalogue can hold it."""


def own_messages() -> list[Message]:
    """Every text of our own code and templates, once, sorted."""
    return messages_under(ROOT / package for package in OWN_PACKAGES)


def borrowed_messages() -> list[Message]:
    """Every text of the packages we stand on that has no Chinese of their own."""
    folders = [_folder(package) for package in BORROWED_PACKAGES]
    shipped = [*(folder / "locale" for folder in folders), _folder("django.conf") / "locale"]
    catalogues = [
        gettext.translation("django", localedir=folder, languages=["zh_Hans"])
        for folder in shipped
        if (folder / "zh_Hans" / "LC_MESSAGES" / "django.mo").exists()
    ]
    found = [
        message for folder in folders for message in messages_under([folder], relative_to=folder.parent, strict=False)
    ]
    without = [message for message in found if not any(_translates(catalogue, message) for catalogue in catalogues)]
    return sorted({(message.text, message.context): message for message in without}.values())


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent


def _translates(catalogue: gettext.NullTranslations, message: Message) -> bool:
    if message.context:
        return catalogue.pgettext(message.context, message.text) != message.text
    if message.plural:
        return catalogue.ngettext(message.text, message.plural, 1) != message.text
    return catalogue.gettext(message.text) != message.text


def messages_under(folders: Iterable[Path], *, relative_to: Path = ROOT, strict: bool = True) -> list[Message]:
    """Every text in the Python files and templates under `folders`. Raises `NotLiteral` where strict."""
    found: dict[tuple[str, str], Message] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            place = path.relative_to(relative_to).as_posix()
            for message in _in_file(path, place, strict):
                known = found.get((message.text, message.context))
                # The same text with a plural elsewhere is one entry, and the plural is the one to keep.
                if known is None or (message.plural and not known.plural):
                    found[message.text, message.context] = message
    return sorted(found.values())


def _in_file(path: Path, place: str, strict: bool) -> Iterator[Message]:
    if path.suffix == ".py":
        yield from in_python(path.read_text(encoding="utf-8"), place, strict=strict)
    elif path.suffix in _TEMPLATES and "templates" in path.parts:
        yield from in_template(path.read_text(encoding="utf-8"), place)


def in_python(source: str, place: str, *, strict: bool = True) -> Iterator[Message]:
    """The texts of gettext calls. A variable is passed over: its text is marked where it is written."""
    for node in ast.walk(ast.parse(source, place)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _FUNCTIONS:
            continue
        where = f"{place}:{node.lineno}"
        if strict and any(isinstance(argument, ast.JoinedStr) for argument in node.args):
            raise NotLiteral(f"{where}: an f-string cannot be translated; use _('… %(name)s') % {{…}}")
        values = [_literal(argument) for argument in node.args]
        message = _message(name, values, where)
        if message:
            yield message


def in_template(source: str, place: str) -> Iterator[Message]:
    """The texts of `trans`, `translate`, `blocktrans`, `blocktranslate` and `_()` in a template."""
    for call in _TEMPLATE_CALL.finditer(templatize(source, place)):
        values = ast.literal_eval(f"({call[2].rstrip().rstrip(',')},)")
        message = _message(call[1], list(values), place)
        if message:
            yield message


def _literal(argument: ast.expr) -> str | None:
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def _message(function: str, values: list[str | None], where: str) -> Message | None:
    def argument(place: int | None) -> str:
        return (values[place] if place is not None and place < len(values) else None) or ""

    context, text, plural = (argument(place) for place in _FUNCTIONS[function])
    return Message(text, plural, context, where) if text else None
