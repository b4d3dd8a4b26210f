"""The catalogues hold every word: ours in English, and in Chinese what the packages below us lack."""

import re
from pathlib import Path

import polib  # type: ignore[import-untyped]
import pytest
from django.utils import translation

from ordertower.localisation import (
    CATALOGUES,
    Message,
    NotLiteral,
    borrowed_messages,
    in_python,
    in_template,
    messages_under,
    own_messages,
)

HINT = "run `manage.py messages`, translate what it lists, and run it again"
PLACEHOLDER = re.compile(r"%\([^)]+\)[sdr]|%[sdr]|\{\w*\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")


def translated(language: str) -> dict[tuple[str, str], polib.POEntry]:
    return {
        (entry.msgid, entry.msgctxt or ""): entry
        for entry in polib.pofile(str(CATALOGUES[language]))
        if entry.translated() and not entry.obsolete
    }


def content(path: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """What a catalogue says, whether it is text or compiled."""
    entries = polib.mofile(str(path)) if path.suffix == ".mo" else polib.pofile(str(path))
    said = {
        (entry.msgid, entry.msgctxt or ""): (entry.msgstr, *(said for _, said in sorted(entry.msgstr_plural.items())))
        for entry in entries
    }
    return {key: texts for key, texts in said.items() if any(texts)}


@pytest.mark.parametrize(("language", "wanted"), [("en", own_messages), ("zh_Hans", borrowed_messages)])
def test_no_text_is_without_its_translation(language: str, wanted: object) -> None:
    known = translated(language)
    lacking = [
        f"{message.place}: {message.text!r}"
        for message in wanted()  # type: ignore[operator]
        if (message.text, message.context) not in known
        or (message.plural and not known[message.text, message.context].msgid_plural)
    ]
    assert not lacking, f"{language} lacks {len(lacking)} texts ({HINT}):\n" + "\n".join(lacking)


@pytest.mark.parametrize("language", CATALOGUES)
def test_the_compiled_catalogue_says_what_the_text_says(language: str) -> None:
    path = CATALOGUES[language]
    assert content(path.with_suffix(".mo")) == content(path), HINT


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_translation_keeps_the_placeholders_of_its_text(language: str) -> None:
    wrong = [
        entry.msgid
        for entry in translated(language).values()
        for said in ([*entry.msgstr_plural.values()] if entry.msgid_plural else [entry.msgstr])
        if sorted(PLACEHOLDER.findall(said)) != sorted(PLACEHOLDER.findall(entry.msgid))
    ]
    assert not wrong


def test_the_english_catalogue_speaks_english() -> None:
    entries = translated("en").values()
    assert not [
        entry.msgid for entry in entries if CHINESE.search(entry.msgstr + "".join(entry.msgstr_plural.values()))
    ]


def test_people_see_the_words_of_their_language() -> None:
    with translation.override("en"):
        assert translation.gettext("待支付") == "Pending payment"
        assert translation.gettext("Type to search") == "Type to search"
    with translation.override("zh-hans"):
        assert translation.gettext("待支付") == "待支付"
        assert translation.gettext("Type to search") == "输入关键字搜索"


def test_calls_in_python_are_found_however_they_are_named() -> None:
    source = (
        'a = _("甲" "乙")\nb = translation.gettext_lazy("丙")\nc = ngettext("%d 单", "%d 单s", count)\n'
        'd = pgettext_lazy("动词", "打开")\ne = _(variable)\nf = other("丁")\n'
    )
    assert list(in_python(source, "a.py")) == [
        Message("甲乙", place="a.py:1"),
        Message("丙", place="a.py:2"),
        Message("%d 单", "%d 单s", place="a.py:3"),
        Message("打开", context="动词", place="a.py:4"),
    ]


def test_a_text_put_together_before_translation_is_refused() -> None:
    with pytest.raises(NotLiteral, match=r"a\.py:1"):
        list(in_python('x = _(f"共 {count} 单")', "a.py"))


def test_tags_in_templates_are_found() -> None:
    source = (
        "{% load i18n %}{% trans '甲' %}{% translate \"乙's\" as x %}{% translate '打开' context '动词' %}"
        "{% blocktranslate trimmed count n=n %}\n  {{ n }} 单\n{% plural %}\n  {{ n }} 单s\n{% endblocktranslate %}"
        "{{ _('丙') }}{% comment %}{% trans '丁' %}{% endcomment %}"
    )
    assert list(in_template(source, "a.html")) == [
        Message("甲", place="a.html"),
        Message("乙's", place="a.html"),
        Message("打开", context="动词", place="a.html"),
        Message("%(n)s 单", "%(n)s 单s", place="a.html"),
        Message("丙", place="a.html"),
    ]


def test_one_text_in_two_places_is_one_message_and_keeps_its_plural(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('_("%d 单")\n_("甲")')
    (tmp_path / "b.py").write_text('ngettext("%d 单", "%d 单s", 2)\n_("甲")')
    assert messages_under([tmp_path], relative_to=tmp_path) == [
        Message("%d 单", "%d 单s", place="b.py:1"),
        Message("甲", place="a.py:2"),
    ]
