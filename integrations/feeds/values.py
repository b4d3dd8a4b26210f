"""Single values of a strange record: clean text, ids, money, times, counts. `Unreadable` says what is wrong."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.errors import Unreadable
from integrations.records import clean
from orders.vocabulary import yuan

AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
# 1.23E+17 in an id: a spreadsheet has shortened it, and its last digits are gone.
SHORTENED = re.compile(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]{1,3}")
WHOLE = re.compile(r"([0-9]{1,9})(\.0{1,6})?")
MONEY_SIGNS = str.maketrans("", "", "¥￥, ，元\u00a0")
# How "not yet" is written.
NO_TIMES = ("0", "0000-00-00", "0001-01-01", "1970-01-01", "-", "/")
YES = frozenset({"1", "true", "yes", "y", "是", "√", "on"})
NO = frozenset({"", "0", "false", "no", "n", "否", "×", "off"})
# The usual ways, tried in this order where no format is set.
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%Y%m%d%H%M%S", "%Y%m%d", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日",
)  # fmt: skip
AUTO, UNIX, UNIX_MILLISECONDS = "auto", "unix", "unix_ms"
EARLIEST, LATEST = 2000, 2100
SHOWN = 40


def written(value: Any) -> str:
    """A value as clean text: no NUL and no half characters, which a database would refuse."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, Mapping) and "#text" in value:
        value = value["#text"]
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | Decimal):
        raise Unreadable("不是文字或数字，而是对象或列表")
    if isinstance(value, int) and abs(value) >= 10**64:
        raise Unreadable("数字过长")
    return clean(str(value))


def identity(text: str, *, longest: int) -> str:
    """An id exactly as written. Never cut: half an id is another one."""
    if SHORTENED.fullmatch(text):
        raise Unreadable(f"编号 {text[:SHOWN]} 被表格软件改成了科学计数法，末几位已丢失；请把该列设为文本再导出")
    if len(text) > longest:
        raise Unreadable(f"编号超过 {longest} 个字符")
    if not text.isprintable():
        raise Unreadable("编号里有不可见的字符")
    return text


def money(text: str, *, in_fen: bool) -> Decimal:
    plain = text.translate(MONEY_SIGNS)
    if not AMOUNT.fullmatch(plain):
        raise Unreadable(f"不是金额：{text[:SHOWN]!r}")
    amount = yuan(plain)
    if in_fen:
        if amount != amount.to_integral_value():
            raise Unreadable(f"不是整数分：{text[:SHOWN]!r}")
        amount /= 100
    amount = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if not 0 <= amount < 10**10:
        raise Unreadable(f"金额不在范围内：{text[:SHOWN]!r}")
    return amount


def count(text: str, *, most: int = 10**6) -> int:
    found = WHOLE.fullmatch(text)
    if found is None or int(found.group(1)) > most:
        raise Unreadable(f"不是数量：{text[:SHOWN]!r}")
    return int(found.group(1))


def moment(text: str, *, format: str, zone: tzinfo) -> datetime | None:
    """A time in UTC, or `None` where it has not come yet. A format that is set is tried first, then ISO as always."""
    if not text or text in NO_TIMES or text.startswith(NO_TIMES[1:4]):
        return None
    try:
        found = _moment(text, format)
        found = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable(f"不是时间：{text[:SHOWN]!r}") from error
    if not EARLIEST <= found.year < LATEST:
        raise Unreadable(f"时间不在 {EARLIEST} 至 {LATEST} 年之间：{text[:SHOWN]!r}")
    return found


def _moment(text: str, format: str) -> datetime:
    """As written, with a zone only where one is written; `ValueError` for no time."""
    if format in (UNIX, UNIX_MILLISECONDS):
        if not (text.isascii() and text.isdigit() and len(text) <= 13):
            raise ValueError(text)
        return datetime.fromtimestamp(int(text) / (1000 if format == UNIX_MILLISECONDS else 1), UTC)
    own = () if format in ("", AUTO) else (format,)
    if not own and text.isascii() and text.isdigit() and len(text) in (10, 13):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    for candidate in (*own, *TIME_FORMATS):
        try:
            return datetime.strptime(text, candidate)  # noqa: DTZ007 - the caller knows the zone
        except ValueError:
            continue
    return datetime.fromisoformat(text)
