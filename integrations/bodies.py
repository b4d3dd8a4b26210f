"""Bodies in JSON: those that others wrote, and ours in one text for one content. Pure.

A message is read by `read_object`, the answer to a call by `answer_object`: its nonsense is worth another try. Both
leave fractions as text, because money is never a float. `strict_object` refuses besides what two readers could take
differently.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from integrations.errors import Temporary, Unreadable

LARGEST_STRICT = 1024 * 1024


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


Keyed = TypeVar("Keyed", bound=_Keyed)


def read(text: bytes | str, what: str = "报文") -> Any:
    """Any JSON; `what` names it for people."""
    try:
        return json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what}不是 JSON") from error


def read_object(text: bytes | str, what: str = "报文") -> dict[str, Any]:
    found = read(text, what)
    if not isinstance(found, dict):
        raise Unreadable(f"{what}不是 JSON 对象")
    return found


def answer(text: bytes | str, what: str) -> Any:
    try:
        return read(text, what)
    except Unreadable as error:
        raise Temporary(str(error), code="unreadable_answer") from error


def answer_object(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        return read_object(text, what)
    except Unreadable as error:
        raise Temporary(str(error), code="unreadable_answer") from error


def strict_object(body: bytes) -> dict[str, Any]:
    """One object in UTF-8, every number as its text (a parcel's number keeps its digits), no name twice."""
    if len(body) > LARGEST_STRICT:
        raise Unreadable(f"报文过大（{len(body)} 字节）")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("报文编码不是 UTF-8") from error
    if not text.strip():
        raise Unreadable("报文是空的")
    try:
        found = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=no_number, object_pairs_hook=without_doubles
        )
    except RecursionError as error:
        raise Unreadable("报文嵌套过深") from error
    except ValueError as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def no_number(word: str) -> str:
    raise Unreadable(f"报文里有非法数字 {word}")


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name: nobody could say which of them is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("报文里同一个字段出现两次")
    return found


# Ours ---------------------------------------------------------------------------------------------------------------


def canonical(content: Any) -> bytes:
    """One text for one content, whatever the order in which the server wrote the fields."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(errors="replace")


def canonical_ascii(content: Any) -> bytes:
    """The same as ASCII, which carries even half characters unharmed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def digest(body: bytes, length: int) -> str:
    """The first `length` signs of the hash that names a content."""
    return hashlib.sha256(body).hexdigest()[:length]


def once(found: Iterable[Keyed]) -> list[Keyed]:
    """Each key once: the last of it, at the place of the first."""
    return list({one.key: one for one in found}.values())
