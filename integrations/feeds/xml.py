"""XML as nested objects: `{"order": [{"@id": "1", "sku": "A"}]}`; the root's name is left out."""

from typing import Any
from xml.etree.ElementTree import Element

from integrations import foreign_xml
from integrations.feeds import decoding

MOST_ELEMENTS = 200_000


def read(body: bytes, encoding: str = decoding.AUTO) -> Any:
    """The document inside its root element; `Unreadable` with a Chinese reason where it is none, or a hostile one."""
    if encoding in ("", decoding.AUTO):
        encoding = foreign_xml.declared_encoding(body) or decoding.AUTO
    return plain(foreign_xml.parsed(decoding.text_of(body, encoding), most_elements=MOST_ELEMENTS))


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
