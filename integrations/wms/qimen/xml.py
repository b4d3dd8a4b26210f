"""Reading XML that strangers wrote, and writing ours.

Reading refuses what no Qimen message needs: document types, entities, foreign encodings, more than a megabyte, deep
nests and crowds of elements. It stops at the first breach, so a hostile body costs no more than a look.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from integrations.errors import Unreadable

LARGEST_BODY = 1024 * 1024
DEEPEST_NEST = 32
MOST_ELEMENTS = 50_000

# GB18030 reads everything that its older relatives wrote.
CODECS = {"": "utf-8", "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii"} | dict.fromkeys(
    ("gbk", "gb2312", "gb18030"), "gb18030"
)
DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*?\?>")
DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What XML 1.0 cannot carry; buyers' notes hold it now and then.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Content = str | int | None | Mapping[str, Any] | Sequence[Any]


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree and counts while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self.depth += 1
        self.elements += 1
        if self.depth > DEEPEST_NEST:
            raise Unreadable(f"XML 嵌套超过 {DEEPEST_NEST} 层")
        if self.elements > MOST_ELEMENTS:
            raise Unreadable(f"XML 元素超过 {MOST_ELEMENTS} 个")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        self.depth -= 1
        return super().end(tag)


def read(body: bytes) -> Element:
    """The root of a document from outside; `Unreadable` with a Chinese reason where it is none, or a hostile one."""
    if len(body) > LARGEST_BODY:
        raise Unreadable(f"报文超过 {LARGEST_BODY // 1024} KB")
    text = _decoded(body).lstrip()
    if not text:
        raise Unreadable("报文为空")
    if not text.startswith("<"):
        raise Unreadable("报文不是 XML")
    parser = XMLParser(target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(DECLARATION.sub("", text, count=1))
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise Unreadable(f"XML 含有不允许的声明（{type(error).__name__}）") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise Unreadable(f"XML 格式错误：{error}") from error
    return root


def _decoded(body: bytes) -> str:
    body = body.removeprefix(BYTE_ORDER_MARK)
    declared = DECLARED_ENCODING.match(body)
    name = declared.group(1).decode().lower() if declared else ""
    codec = CODECS.get(name)
    if codec is None:
        raise Unreadable(f"不支持的编码：{name}")
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        raise Unreadable(f"报文不是声明的编码 {name or 'utf-8'}") from error


def text(element: Element | None, path: str) -> str:
    """The trimmed text at `path`; empty where there is none."""
    return (element.findtext(path) or "").strip() if element is not None else ""


def every(element: Element | None, path: str) -> Iterator[Element]:
    """Each element at `path`; none where the list was left out."""
    return element.iterfind(path) if element is not None else iter(())


def write(root: str, content: Mapping[str, Content]) -> bytes:
    """A document from nested mappings; a list repeats its tag, `None` and "" are left out."""
    element = Element(root)
    _fill(element, content)
    return to_bytes(element)


def to_bytes(element: Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>' + ElementTree.tostring(element, encoding="unicode").encode()


def _fill(parent: Element, content: Mapping[str, Content]) -> None:
    for tag, value in content.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if item is None or item == "":
                continue
            child = ElementTree.SubElement(parent, tag)
            if isinstance(item, Mapping):
                _fill(child, item)
            else:
                child.text = UNWRITABLE.sub("", str(item))
