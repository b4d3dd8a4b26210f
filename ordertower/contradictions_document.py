"""`docs/contradictions.md`, from the table itself: it cannot list what the code does not know."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import translation

from integrations.cures import TIME
from orders.contradictions.pair import CURES_IN_ENGLISH, Cure, Pair, Side
from orders.contradictions.table import PAIRS

PATH = Path(settings.BASE_DIR) / "docs" / "contradictions.md"
# Whose group a pair stands in: the sides in the order in which the table goes through them.
NAMES = {
    Side.PLATFORM: "platform",
    Side.ERP: "ERP",
    Side.WMS: "warehouse (WMS)",
    Side.COURIER: "courier",
    Side.TOWER: "tower",
}


def document() -> str:
    """The whole text, the same whatever language the command runs in."""
    with translation.override("zh-hans"):
        return "\n".join([*_lines(), ""])


def _lines() -> Iterator[str]:
    yield "# Contradictions between systems 状态不一致"
    yield ""
    yield "Written by `manage.py contradiction_docs` from `orders/contradictions/`; not by hand."
    yield ""
    yield f"Two systems that cannot both be right, {len(PAIRS)} kinds of it. Each is a pure function over one order's"
    yield "picture: the last word of every system about every parcel, the tower's states, labels, payment, refunds and"
    yield "addresses. A kind that needs a word which is missing counts only where that system is connected."
    yield ""
    yield "What is seen is watched for its grace, because most missing words are only on their way. Then the cures are"
    yield "tried one after the other, each once, as jobs; a cure is proven when the picture is consistent again, and"
    yield "the case closes itself. After the last cure, or where there is none, a person is told (对接问题 · 系统矛盾)"
    yield "with the sentence of this table. Kinds with a lock open it at once, by the same facts"
    yield "(`orders/services/implied.py`): the lock stops goods, this table says who is likely wrong and what to do."
    yield ""
    yield "| cure | waits for its proof |"
    yield "|---|---|"
    for cure in Cure:
        yield f"| {cure.label} `{cure}`: {CURES_IN_ENGLISH[cure]} | {_span(TIME[cure])} |"
    for side in (Side.PLATFORM, Side.TOWER, Side.ERP, Side.WMS, Side.COURIER):
        mine = [pair for pair in PAIRS if pair.wrong == side]
        yield ""
        yield f"## Likely wrong: {NAMES[side]} {side.label}"
        for pair in mine:
            yield ""
            yield from _entry(pair)


def _entry(pair: Pair) -> Iterator[str]:
    yield f"### `{pair.code}` {pair.title}"
    yield ""
    yield f"{pair.title_en}."
    yield ""
    yield f"- {NAMES[pair.one[0]]} says: {pair.one[1]}; {NAMES[pair.other[0]]} says: {pair.other[1]}"
    yield f"- likely wrong: {NAMES[pair.wrong]}; {pair.why_en} ({pair.why})"
    yield f"- {pair.level}, grace {_span(pair.grace)}"
    cures = ", then ".join(CURES_IN_ENGLISH[cure] for cure in pair.cures)
    yield f"- cure: {f'{cures}, then a person' if cures else 'a person'}"
    yield f"- proof: {pair.proof}"
    if pair.hold:
        reason, key = pair.hold
        yield f"- lock: `{reason}` (`{key}`)"


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if not minutes:
        return "none"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
