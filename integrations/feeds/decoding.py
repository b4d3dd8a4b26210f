"""Bytes to text: the marks at the beginning, then what was agreed, then what Chinese systems write."""

import codecs

from integrations.errors import Unreadable

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# GB18030 reads everything that its older relatives wrote.
CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "utf-16": "utf-16",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
AUTO = "auto"


def text_of(body: bytes, encoding: str = AUTO) -> str:
    """The text of `body`; `Unreadable` where it is in no encoding that was agreed or is usual."""
    for mark, codec in MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], (codec,))
    if encoding in ("", AUTO):
        # Text in GBK is almost never valid UTF-8; the other way round it often is.
        return _decoded(body, ("utf-8", "gb18030"))
    codec = CODECS.get(encoding.strip().lower(), "")
    if not codec:
        raise Unreadable(f"不支持的编码：{encoding[:40]}")
    return _decoded(body, (codec,))


def _decoded(body: bytes, codecs_to_try: tuple[str, ...]) -> str:
    for codec in codecs_to_try:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    raise Unreadable(f"内容不是 {' 或 '.join(codecs_to_try)} 文字")
