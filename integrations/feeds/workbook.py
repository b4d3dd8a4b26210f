"""The first sheet of an XLSX file as rows of text, with every limit checked before anything is unpacked.

Excel itself keeps 15 digits of a number: a long order number in a cell that is no text is already wrong in the file.
What is visibly so (1.23E+17) keeps its E, and `values.identity` refuses it; other programs write all digits, and those
stay.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook

from integrations.errors import Unreadable

MAGIC = b"PK\x03\x04"
# Of Excel 97: another format altogether.
OLD_MAGIC = b"\xd0\xcf\x11\xe0"
MOST_ENTRIES = 500
LARGEST_UNPACKED = 48 * 1024 * 1024
# Formats are few in an honest file, and dear to read.
LARGEST_STYLES = 2 * 1024 * 1024
# Sheets of the same row over and over shrink to a fiftieth at most.
HIGHEST_RATIO = 150
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 50_000, 200, 1_000_000
LONGEST_CELL = 32_767
EXACT_DIGITS = 15


def rows(body: bytes) -> Iterator[list[str]]:
    """Each row of the first sheet, cut behind its last filled cell; `Unreadable` where it is none or too much."""
    _check_package(body)
    cells = 0
    for number, row in enumerate(_raw_rows(body), start=1):
        filled = [_text(value) for value in row]
        while filled and not filled[-1]:
            filled.pop()
        cells += len(filled)
        if filled and number > MOST_ROWS:
            raise Unreadable(f"表格超过 {MOST_ROWS} 行")
        if cells > MOST_CELLS:
            raise Unreadable(f"表格超过 {MOST_CELLS} 个单元格")
        yield filled


def _check_package(body: bytes) -> None:
    """By the package's own list of contents: `zipfile` never gives more of an entry than the list says."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Unreadable("不是 XLSX 文件") from error
    if len(entries) > MOST_ENTRIES:
        raise Unreadable("XLSX 里的文件太多")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("XLSX 有密码")
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise Unreadable(f"XLSX 解开后超过 {LARGEST_UNPACKED // 1024 // 1024} MB")
    for entry in entries:
        if entry.file_size > 1024 * 1024 and entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1):
            raise Unreadable("XLSX 压缩比异常")
        if entry.filename.endswith("styles.xml") and entry.file_size > LARGEST_STYLES:
            raise Unreadable("XLSX 的格式太多")
    if "[Content_Types].xml" not in {entry.filename for entry in entries}:
        raise Unreadable("不是 XLSX 文件")


def _raw_rows(body: bytes) -> Iterator[tuple[Any, ...]]:
    try:
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
        try:
            if not book.worksheets:
                raise Unreadable("XLSX 里没有工作表")
            sheet = book.worksheets[0]
            # What the file says of its own size is not to be believed.
            sheet.reset_dimensions()
            yield from sheet.iter_rows(max_col=MOST_COLUMNS, max_row=1_048_576, values_only=True)
        finally:
            book.close()
    except (Unreadable, GeneratorExit):
        raise
    except Exception as error:
        # The reader meets a broken file with whatever error is nearest; to us they all say the same.
        raise Unreadable(f"XLSX 读不出来（{type(error).__name__}）") from error


def _text(value: Any) -> str:
    """A cell as a person reads it: money without the noise of binary fractions, dates in ISO order."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | time | timedelta):
        return str(value)
    text = str(value)
    if len(text) > LONGEST_CELL:
        raise Unreadable("单元格内容过长")
    return text.strip()


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 10**EXACT_DIGITS:
        return str(int(value))
    text = format(value, f".{EXACT_DIGITS}g")
    return text if "e" not in text or abs(value) >= 1 else format(value, ".12f").rstrip("0")
