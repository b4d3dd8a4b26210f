"""The courier's entries in Kuaidi100's own words: waybill `nu`, `state` 3 is 签收 and 301 to 304 are kinds of it.

退签, 退回 and 拒签 are not judged: who ends up with the parcel is not said by the number alone.
"""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs

SIGNED = frozenset(("3", "301", "302", "303", "304", "signed", "sign", "签收"))


def tracks_in(value: object) -> Iterator[tuple[str, str]]:
    """Every waybill with its state, however deep it stands: in objects, in text of JSON, in a form's `param`."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, dict):
        return
    state = value.get("state", value.get("kind") if value.get("kind") in SIGNED else None)
    waybill = value.get("nu") or value.get("waybill")
    if waybill and isinstance(state, str | int):
        yield str(waybill), str(state)
    for each in value.values():
        yield from tracks_in(each)


def _parsed(text: str) -> object:
    if "param=" in text:
        text = next(iter(parse_qs(text).get("param", [""])))
    try:
        return json.loads(text) if text.lstrip().startswith("{") else None
    except ValueError:
        return None


def speaks_of_signing(entry: dict[str, object]) -> bool:
    """An entry without a track that may tell of a signature all the same, in words that are not known here."""
    text = json.dumps(entry, ensure_ascii=False)
    return any(word in text for word in ("签收", "signed", "%E7%AD%BE%E6%94%B6"))
