"""XML that strangers wrote, as nested objects: `{"order": [{"@id": "1", "sku": "A"}]}`; the root's name is left out.

Refused: document types, entities, deep nests and crowds of elements. Reading stops at the first breach, so a hostile
body costs no more than a look.
"""

import re
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from integrations.errors import Unreadable
from integrations.feeds import decoding

DEEPEST_NEST = 32
MOST_ELEMENTS = 200_000

DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,200}\?>")
DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml\b[^>]{0,100}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


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


def read(body: bytes, encoding: str = decoding.AUTO) -> Any:
    """The document inside its root element; `Unreadable` with a Chinese reason where it is none, or a hostile one."""
    declared = DECLARED_ENCODING.match(body.removeprefix(decoding.MARKS[0][0]))
    if declared and encoding in ("", decoding.AUTO):
        encoding = declared.group(1).decode()
    text = DECLARATION.sub("", decoding.text_of(body, encoding), count=1)
    parser = XMLParser(target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(text.strip())
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise Unreadable(f"XML 含有不允许的声明（{type(error).__name__}）") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise Unreadable(f"XML 格式错误：{error}") from error
    return plain(root)


def plain(element: Element) -> Any:
    """An element in the terms of JSON: text, or an object where it has children or attributes."""
    found: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, inside = _local(child.tag), plain(child)
        if name not in found:
            found[name] = inside
        elif isinstance(found[name], list):
            found[name].append(inside)
        else:
            found[name] = [found[name], inside]
    text = (element.text or "").strip()
    if not found:
        return text
    if text:
        found["#text"] = text
    return found


def _local(name: str) -> str:
    return name.rpartition("}")[2]
