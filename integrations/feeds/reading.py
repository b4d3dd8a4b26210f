"""Bytes from a source to its records: JSON, XML, CSV or XLSX, told apart by their first bytes where nothing is agreed.

JSON numbers stay the text they were written as: an order number of 18 digits loses none, and money is never a float.
A table's rows of one order become one record: its first row, with all of them under `$rows`.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.errors import Unreadable
from integrations.feeds import decoding, paths, workbook, xml
from integrations.feeds.values import written

LARGEST_BODY = 8 * 1024 * 1024
MOST_RECORDS = 20_000
FORMATS = ("auto", "json", "xml", "csv", "xlsx")
ROWS = "$rows"
# How spreadsheets are talked into keeping a number as text: ="0012", '0012.
FORMULA_TEXT = re.compile(r'="?(.*?)"?')
DELIMITERS = ",\t;|"


@dataclass(frozen=True)
class Document:
    """What was read. A table's `content` is a list of rows by their column names."""

    content: Any
    table: bool = False
    columns: tuple[str, ...] = ()


def read(body: bytes, *, format: str = "auto", encoding: str = decoding.AUTO, header_row: int = 1) -> Document:
    """The document in `body`; `Unreadable` with a reason for people where there is none."""
    if len(body) > LARGEST_BODY:
        raise Unreadable(f"内容超过 {LARGEST_BODY // 1024 // 1024} MB")
    if not body.strip():
        raise Unreadable("内容为空")
    kind = format if format in FORMATS and format != "auto" else _kind_of(body)
    if kind == "xlsx":
        return _table(workbook.rows(body), header_row)
    if kind == "xml":
        return Document(xml.read(body, encoding))
    text = decoding.text_of(body, encoding)
    if kind == "json":
        return Document(_json(text))
    return _table(_csv_rows(text), header_row)


def _kind_of(body: bytes) -> str:
    if body.startswith(workbook.MAGIC):
        return "xlsx"
    if body.startswith(workbook.OLD_MAGIC):
        raise Unreadable("旧版 Excel（.xls）读不了，请另存为 .xlsx 或 CSV")
    start = body[:200]
    for mark, codec in decoding.MARKS:
        if start.startswith(mark):
            start = start[len(mark) :].decode(codec, "ignore").encode()
    start = start.lstrip()
    if start[:14].lower() == b"<!doctype html" or start[:5].lower() == b"<html":
        raise Unreadable("收到的是网页，不是数据")
    return "xml" if start.startswith(b"<") else "json" if start[:1] in (b"{", b"[") else "csv"


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable("不是 JSON") from error


def _csv_rows(text: str) -> Iterator[list[str]]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            if number > workbook.MOST_ROWS:
                raise Unreadable(f"表格超过 {workbook.MOST_ROWS} 行")
            if len(row) > workbook.MOST_COLUMNS:
                raise Unreadable(f"表格超过 {workbook.MOST_COLUMNS} 列")
            yield [_cell(cell) for cell in row]
    except csv.Error as error:
        raise Unreadable(f"CSV 格式错误：{error}") from error


def _cell(text: str) -> str:
    text = text.strip()
    if text.startswith("=") and (found := FORMULA_TEXT.fullmatch(text)):
        return found.group(1).strip()
    return text[1:] if text[:1] == "'" and text[1:].isdigit() else text


def _table(rows: Iterable[list[str]], header_row: int) -> Document:
    """Rows by the names in the header row; the first filled row at or behind `header_row` is the header."""
    names: list[str] = []
    table: list[dict[str, str]] = []
    for number, row in enumerate(rows, start=1):
        if number < header_row or not any(row):
            continue
        if not names:
            names = _names(row)
        else:
            table.append({name: row[place] if place < len(row) else "" for place, name in enumerate(names) if name})
    if not names:
        raise Unreadable("表格里没有表头")
    return Document(table, table=True, columns=tuple(name for name in names if name))


def _names(row: list[str]) -> list[str]:
    """A name that comes twice gets its number: 备注, 备注_2."""
    names: list[str] = []
    for text in row:
        name, place = text, 1
        while name and name in names:
            place += 1
            name = f"{text}_{place}"
        names.append(name)
    return names


def records(document: Document, at: paths.Steps, grouping: Sequence[paths.Steps]) -> list[Any]:
    """The orders in a document: one for each entry of the list `at`, or for rows of a table that agree in `grouping`.

    `Unreadable` where nothing stands there: an answer that says only "error" is no answer without orders.
    """
    if document.table:
        if not document.content and not _has_any(document.columns, grouping):
            # A sentence such as "please log in" is also a table: of one column and no rows.
            raise Unreadable("没有数据行，表头里也没有映射所用的列")
        return _grouped(document.content, grouping)
    found = paths.find(document.content, at)
    if found is paths.MISSING:
        raise Unreadable("按“记录位置”找不到数据，请检查映射")
    if found is None or found == "":
        return []
    listed = found if isinstance(found, list) else [found]
    if len(listed) > MOST_RECORDS:
        raise Unreadable(f"一次超过 {MOST_RECORDS} 条，请设置分页")
    return listed


def _has_any(columns: Sequence[str], wanted: Sequence[paths.Steps]) -> bool:
    header = dict.fromkeys(columns, "")
    return any(paths.find(header, steps) is not paths.MISSING for steps in wanted)


def _grouped(rows: list[dict[str, str]], grouping: Sequence[paths.Steps]) -> list[Any]:
    """A row without a number belongs to the order above it, as in sheets with merged cells."""
    groups: dict[tuple[str, ...], list[Mapping[str, str]]] = {}
    last: tuple[str, ...] = ()
    for row in rows:
        told = tuple("" if (found := paths.find(row, steps)) is paths.MISSING else written(found) for steps in grouping)
        last = told if told[0] or not last else last
        groups.setdefault(last, []).append(row)
    if len(groups) > MOST_RECORDS:
        raise Unreadable(f"一次超过 {MOST_RECORDS} 单")
    return [{**group[0], ROWS: group} for group in groups.values()]
