"""XML that strangers wrote. The one place where it is parsed.

Refused: document types, entities, deep nests and crowds of elements. Reading stops at the first breach, so a hostile
body costs no more than a look. How large a body may be, and in which encodings, is its reader's to say.
"""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from integrations.errors import Unreadable

DEEPEST_NEST = 32

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,200}\?>")
DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml\b[^>]{0,100}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree and counts while it does."""

    def __init__(self, most_elements: int) -> None:
        super().__init__()
        self.depth = 0
        self.elements = 0
        self.most_elements = most_elements

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self.depth += 1
        self.elements += 1
        if self.depth > DEEPEST_NEST:
            raise Unreadable(f"XML 嵌套超过 {DEEPEST_NEST} 层")
        if self.elements > self.most_elements:
            raise Unreadable(f"XML 元素超过 {self.most_elements} 个")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        self.depth -= 1
        return super().end(tag)


def declared_encoding(body: bytes) -> str:
    """What the document says of its own encoding; "" where it says nothing."""
    declared = DECLARED_ENCODING.match(body.removeprefix(BYTE_ORDER_MARK))
    return declared.group(1).decode() if declared else ""


def parsed(text: str, *, most_elements: int) -> Element:
    """The root of a decoded document; `Unreadable` with a Chinese reason where it is none, or a hostile one."""
    parser = XMLParser(target=_Builder(most_elements), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(DECLARATION.sub("", text, count=1).strip())
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise Unreadable(f"XML 含有不允许的声明（{type(error).__name__}）") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise Unreadable(f"XML 格式错误：{error}") from error
    return root
