"""What the emulated K3 Cloud understands of a query: FilterString as SQL-like text or as an array, and OrderString.

Comparisons `= <> > >= < <=`, `like`, `in`, `not in`, `is null`, joined by `and`, `or` and parentheses. Anything else is
refused, as is a field that the form does not have.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.erp.kingdee.emulator_wire import Refused

Test = Callable[[Mapping[str, Any]], bool]
TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign><>|!=|>=|<=|=|>|<|\(|\)|,)"
    r"|(?P<word>[A-Za-z_][\w.]*))"
)
SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}


def condition(told: Any, known: Callable[[str], bool]) -> Test:
    """A test for rows. `known` says whether the form has a field."""
    if isinstance(told, list):
        told = _joined(told)
    text = str(told or "").strip()
    if not text:
        return lambda row: True
    return _Parser(text, known).parse()


def _joined(parts: Sequence[Any]) -> str:
    """The array form as the text form."""
    written = []
    for place, part in enumerate(parts):
        if not isinstance(part, Mapping):
            raise Refused(8, "过滤条件不正确")
        value = str(part.get("Value", "")).replace("'", "''")
        logic = str(part.get("Logic") or "AND") if place + 1 < len(parts) else ""
        words = (part.get("Left"), part.get("FieldName"), part.get("Compare"), f"'{value}'", part.get("Right"), logic)
        written += [str(word or "") for word in words]
    return " ".join(written)


class _Parser:
    def __init__(self, text: str, known: Callable[[str], bool]) -> None:
        self.known = known
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = TOKEN.match(text, place)
            if not found:
                raise Refused(8, f"过滤条件有语法错误：{text[place : place + 30]}")
            self.tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            place = found.end()
        self.place = 0

    def parse(self) -> Test:
        test = self._any()
        if self.place != len(self.tokens):
            raise Refused(8, "过滤条件有多余的内容")
        return test

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self.place += 1
        return token

    def _takes(self, word: str) -> bool:
        if self._peek()[1].casefold() == word and self._peek()[0] != "text":
            self.place += 1
            return True
        return False

    def _needs(self, word: str) -> None:
        if not self._takes(word):
            raise Refused(8, f"过滤条件缺少 {word}")

    def _any(self) -> Test:
        tests = [self._all()]
        while self._takes("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._takes("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._takes("("):
            inner = self._any()
            self._needs(")")
            return inner
        kind, field = self._next()
        if kind != "word":
            raise Refused(8, "过滤条件缺少字段")
        if not self.known(field):
            raise Refused(9, f"元数据中标识为{field}的字段不存在")
        return self._comparison(field)

    def _comparison(self, field: str) -> Test:
        negated = self._takes("not")
        if self._takes("in"):
            values = self._list()
            return lambda row: any(_same(row.get(field), value) for value in values) is not negated
        if self._takes("like"):
            pattern = self._value()
            return lambda row: _like(row.get(field), str(pattern)) is not negated
        if self._takes("is"):
            wanted = not self._takes("not")
            self._needs("null")
            return lambda row: (row.get(field) in (None, "")) is wanted
        kind, sign = self._next()
        if negated or kind != "sign" or sign not in SIGNS:
            raise Refused(8, f"过滤条件的比较符不正确：{sign}")
        value = self._value()
        return lambda row: _compare(sign, row.get(field), value)

    def _list(self) -> list[Any]:
        self._needs("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._needs(")")
        return values

    def _value(self) -> Any:
        kind, written = self._next()
        if kind == "text":
            return written[1:-1].replace("''", "'")
        if kind == "number":
            return float(written)
        raise Refused(8, "过滤条件缺少值")


def _compare(sign: str, cell: Any, value: Any) -> bool:
    """Nothing is like NULL: it fulfils no comparison."""
    if cell is None:
        return False
    one, other = _alike(cell, value)
    return SIGNS[sign](one, other)


def _same(cell: Any, value: Any) -> bool:
    return _compare("=", cell, value)


def _alike(cell: Any, value: Any) -> tuple[Any, Any]:
    """Numbers as numbers, times in one spelling, everything else as text."""
    if isinstance(cell, int | float):
        try:
            return float(cell), float(value)
        except ValueError:
            return str(cell), str(value)
    one, other = str(cell), str(value)
    if re.match(r"\d{4}-\d\d-\d\dT", one):
        # A day is its first second; a fraction counts.
        other = other.replace(" ", "T")
        other = f"{other}T00:00:00" if len(other) == 10 else other
    return one, other


def _like(cell: Any, pattern: str) -> bool:
    if cell is None:
        return False
    # As in SQL Server: case does not matter.
    written = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(written, str(cell), re.IGNORECASE | re.DOTALL) is not None


def ordered(rows: list[dict[str, Any]], told: Any, known: Callable[[str], bool]) -> list[dict[str, Any]]:
    """By OrderString; without one, in the order in which they are stored."""
    for part in reversed([one.strip() for one in str(told or "").split(",") if one.strip()]):
        field, _, direction = part.partition(" ")
        if not known(field):
            raise Refused(9, f"元数据中标识为{field}的字段不存在")
        rows = sorted(rows, key=lambda row: _place(row.get(field)), reverse=direction.strip().upper() == "DESC")
    return rows


def _place(cell: Any) -> tuple[int, float, str]:
    if cell is None:
        return (0, 0.0, "")
    if isinstance(cell, int | float):
        return (1, float(cell), "")
    return (2, 0.0, str(cell))
