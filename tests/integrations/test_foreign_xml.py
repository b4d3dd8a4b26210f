"""XML of strangers: hostile documents end at the first breach."""

import pytest

from integrations.errors import Unreadable
from integrations.foreign_xml import DEEPEST_NEST, declared_encoding, parsed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML 含有不允许的声明"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "XML 含有不允许的声明"),
        ("<a>" * (DEEPEST_NEST + 1), f"XML 嵌套超过 {DEEPEST_NEST} 层"),
        ("<a>" + "<b/>" * 40, "XML 元素超过 40 个"),
        ("<a>", "XML 格式错误"),
        ("<a>\x00</a>", "XML 格式错误"),
        ("", "XML 格式错误"),
    ],
)
def test_a_hostile_document_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parsed(text, most_elements=40)


def test_a_document_is_read_whatever_encoding_it_claims_once_it_is_text() -> None:
    root = parsed('\n<?xml version="1.0" encoding="GBK"?>\n<a><b>包</b></a>\n', most_elements=2)
    assert root.findtext("b") == "包"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'<?xml version="1.0" encoding="GBK"?><a/>', "GBK"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a/>", "utf-8"),
        (b"<a encoding='x'/>", ""),
    ],
)
def test_the_declared_encoding_is_found(body: bytes, name: str) -> None:
    assert declared_encoding(body) == name
