"""Reading XML that strangers wrote, and writing ours.

Reading refuses what no Qimen message needs: foreign encodings, more than a megabyte, and what the house refuses of any
XML (`integrations.foreign_xml`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from integrations import foreign_xml
from integrations.errors import Unreadable

LARGEST_BODY = 1024 * 1024
MOST_ELEMENTS = 50_000

# GB18030 reads everything that its older relatives wrote.
CODECS = {"": "utf-8", "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii"} | dict.fromkeys(
    ("gbk", "gb2312", "gb18030"), "gb18030"
)
# What XML 1.0 cannot carry; buyers' notes hold it now and then.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Content = str | int | None | Mapping[str, Any] | Sequence[Any]


def read(body: bytes) -> Element:
    """The root of a document from outside; `Unreadable` with a Chinese reason where it is none, or a hostile one."""
    if len(body) > LARGEST_BODY:
        raise Unreadable(f"报文超过 {LARGEST_BODY // 1024} KB")
    text = _decoded(body).lstrip()
    if not text:
        raise Unreadable("报文为空")
    if not text.startswith("<"):
        raise Unreadable("报文不是 XML")
    return foreign_xml.parsed(text, most_elements=MOST_ELEMENTS)


def _decoded(body: bytes) -> str:
    name = foreign_xml.declared_encoding(body).lower()
    codec = CODECS.get(name)
    if codec is None:
        raise Unreadable(f"不支持的编码：{name}")
    try:
        return body.removeprefix(foreign_xml.BYTE_ORDER_MARK).decode(codec)
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
