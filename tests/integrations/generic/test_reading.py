"""What sources send, in all its formats: every digit survives, and too much is refused before it is unpacked."""

import csv
import io
import json
import random
import zipfile
from datetime import datetime

import pytest
from openpyxl import Workbook

from integrations.errors import Unreadable
from integrations.feeds import paths, reading, workbook

NUMBER = "320260311000000017"
HEAD = ["订单号", "商家编码", "数量", "备注"]


def xlsx(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(body: bytes, old: bytes, new: bytes) -> bytes:
    """The file with something else in its sheet than our own writer would write."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                assert old in content
                content = content.replace(old, new)
            package.writestr(entry.filename, content)
    return file.getvalue()


def table(rows: list[list[str]], encoding: str, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def test_a_long_number_in_json_keeps_its_digits_and_money_is_never_a_float() -> None:
    body = b'{"list": [{"tid": 320260311000000017, "amount": 0.1, "paid": true}]}'
    assert reading.read(body).content == {"list": [{"tid": NUMBER, "amount": "0.1", "paid": True}]}


def test_a_long_number_in_a_sheet_keeps_its_digits_where_the_file_has_them() -> None:
    written = xlsx([list(HEAD), [777, "A", 2, "x"], [NUMBER, "B", 1.0, None]])
    content = reading.read(rewritten(written, b"<v>777</v>", f"<v>{NUMBER}</v>".encode())).content
    assert [row["订单号"] for row in content] == [NUMBER, NUMBER]
    assert [row["数量"] for row in content] == ["2", "1"]
    assert content[1]["备注"] == ""


def test_a_number_that_a_spreadsheet_shortened_stays_visibly_so() -> None:
    [row] = reading.read(xlsx([list(HEAD), [3.2026031100000001e17, "A", 1, ""]])).content
    assert row["订单号"] == "3.20260311e+17"


def test_cells_read_as_people_see_them() -> None:
    moment = datetime(2026, 11, 11, 0, 0, 5)  # noqa: DTZ001 - a sheet knows no zones
    [row] = reading.read(xlsx([["a", "b", "c", "d"], [moment, 19.989999999999998, True, "=1+1"]])).content
    assert (row["a"], row["b"], row["c"]) == ("2026-11-11 00:00:05", "19.99", "true")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_table_is_read_in_every_usual_encoding_and_with_every_usual_delimiter(encoding: str, delimiter: str) -> None:
    body = table([HEAD, [NUMBER, "面霜,50", "1", "请 快 发"]], encoding, delimiter)
    assert reading.read(body).content == [{"订单号": NUMBER, "商家编码": "面霜,50", "数量": "1", "备注": "请 快 发"}]


def test_the_tricks_that_keep_a_number_text_are_taken_off() -> None:
    rows = reading.read(f"订单号,备注\n=\"{NUMBER}\",a\n'{NUMBER},'tis\n\t{NUMBER}\t,c\n".encode()).content
    assert [row["订单号"] for row in rows] == [NUMBER] * 3
    assert rows[1]["备注"] == "'tis"


def test_the_header_may_stand_lower_and_name_a_column_twice() -> None:
    content = reading.read(table([["导出报表"], [], ["单号", "备注", "备注"], ["1", "a", "b"]], "utf-8"), header_row=2)
    assert content.content == [{"单号": "1", "备注": "a", "备注_2": "b"}]


def test_rows_of_one_order_are_one_record_and_a_row_without_a_number_belongs_to_the_one_above() -> None:
    body = table([HEAD, ["1", "A", "1", ""], ["", "B", "2", ""], ["2", "C", "1", ""], ["1", "D", "1", ""]], "utf-8")
    first, second = reading.records(reading.read(body), (), [("订单号",)])
    assert [row["商家编码"] for row in first["$rows"]] == ["A", "B", "D"]
    assert (second["订单号"], len(second["$rows"])) == ("2", 1)


def test_xml_becomes_objects_with_attributes_lists_and_text_and_its_declared_encoding_is_believed() -> None:
    text = '<?xml version="1.0" encoding="gbk"?><r xmlns="urn:x"><o id="1"><n>张三</n><i>A</i><i>B</i></o></r>'
    content = reading.read(text.encode("gbk")).content
    assert content == {"o": {"@id": "1", "n": "张三", "i": ["A", "B"]}}
    assert paths.find(content, paths.parse("$.o[0].i[1]")) == "B"
    assert reading.records(reading.Document(content), paths.parse("$.o"), []) == [content["o"]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "内容为空"),
        (b"  \n ", "内容为空"),
        (b"{", "不是 JSON"),
        (b"[" * 200_000, "不是 JSON"),
        (b"<!DOCTYPE html><html></html>", "网页"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', "不允许的声明"),
        (b'<r>' + b"<a>" * 100 + b"</a>" * 100 + b"</r>", "嵌套超过"),
        (b"<r>" + b"<a/>" * 200_001 + b"</r>", "元素超过"),
        (b"<r>", "XML 格式错误"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 600, "另存为 .xlsx"),
        (b"PK\x03\x04" + b"0" * 600, "不是 XLSX"),
        (b"a,b\n" + b"x," * 300, "列"),
        (b"a\n" * 50_002, "行"),
        (b'a,"' + b"x" * 140_000, "CSV 格式错误"),
        (b"\x81\xff\xff\xff", "不是"),
        (b"x" * (8 * 1024 * 1024 + 1), "超过 8 MB"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        reading.read(body)


def packed(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries:
            package.writestr(name, content)
    return file.getvalue()


TYPES = ("[Content_Types].xml", b"<Types/>")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (packed(TYPES, ("xl/worksheets/sheet1.xml", b"<c/>" * 5_000_000)), "压缩比异常"),
        (packed(TYPES, *((f"x{place}", b"0") for place in range(600))), "文件太多"),
        (packed(TYPES, *((f"x{place}", bytes(10**6)) for place in range(60))), "解开后超过"),
        (packed(TYPES, ("xl/styles.xml", random.Random(1).randbytes(2_200_000))), "格式太多"),
        (packed(("word/document.xml", b"<w/>")), "不是 XLSX"),
        (packed(TYPES, ("xl/workbook.xml", b"<x")), "读不出来"),
    ],
)
def test_a_package_is_judged_before_it_is_unpacked(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        reading.read(body)


def test_a_sheet_that_claims_to_be_endless_costs_no_more_than_what_is_in_it() -> None:
    """Its size, as it tells it, is not believed, and a cell far to the right is cut off."""
    endless = rewritten(xlsx([["a", "b"], ["1", "2"]]), b"A1:B2", b"A1:XFD1048576")
    assert reading.read(rewritten(endless, b'r="B2"', b'r="XFD2"')).content == [{"a": "1", "b": ""}]


def test_a_sheet_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with pytest.raises(Unreadable, match="3 行"):
        reading.read(xlsx([["a"], ["1"], ["2"], ["3"]]))


def test_an_answer_that_only_says_no_is_not_an_answer_without_orders() -> None:
    at = paths.parse("$.data.list")
    with pytest.raises(Unreadable, match="记录位置"):
        reading.records(reading.Document({"code": "500"}), at, [])
    assert reading.records(reading.Document({"data": {"list": None}}), at, []) == []


@pytest.mark.parametrize("path", ["$.a", "$['a b'].c[0]", '$["x.y"]', "$", "列 名", "$rows", "$.@id", "$[0]"])
def test_a_path_is_read(path: str) -> None:
    paths.parse(path)


@pytest.mark.parametrize("path", ["$.", "$..a", "$.a[", "$.a[x]", "$[-1]", "$.a b", "$" + ".a" * 40, "x" * 300])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="路径"):
        paths.parse(path)


def test_the_fields_of_a_sample_are_listed_as_paths_that_find_them() -> None:
    content = json.loads('{"list": [{"tid": "1", "a b": {"x.y": "2"}, "items": [{"sku": "A"}]}]}')
    found = dict(paths.leaves(content))
    assert found["$.list[0].items[0].sku"] == "A"
    assert all(paths.find(content, paths.parse(path)) is not paths.MISSING for path in found)
