"""A text as the robot's message: markdown, or plain text where somebody must be called who cannot be in markdown.

Limits are UTF-8 bytes: 4096 for markdown, 2048 for text (WeCom document path/91770). The link is never cut off.
"""

import re
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from alerts.channels import Text
from integrations.errors import Permanent

MARKDOWN_BYTES, TEXT_BYTES, TITLE_BYTES = 4096, 2048, 384
COLOURS = {"info": "info", "warning": "warning", "critical": "warning"}
MOBILE = re.compile(r"\+?\d{11,15}")
EVERYBODY = "@all"

# Their markdown has no escape sign, and `<@name>` calls people even in plain text: so what would be markup becomes
# its full-width twin, which Unicode keeps at this distance, and which is mere text under any renderer.
_TWINS = {ord(mark): ord(mark) + 0xFEE0 for mark in "<>[]`*#"}


def of(text: Text) -> dict[str, Any]:
    """The message body. One message per alert, so that a retry never repeats half of it."""
    # Markdown can mention a user id, but neither a mobile number nor everybody.
    if any(name == EVERYBODY or MOBILE.fullmatch(name) for name in text.mentions):
        return _plain(text)
    return {"msgtype": "markdown", "markdown": {"content": _markdown(text)}}


def _markdown(text: Text) -> str:
    title = cut(escape(_headline(text)), TITLE_BYTES)
    head = f'### <font color="{COLOURS[text.level]}">{title}</font>'
    tail = "".join(f"<@{escape(name)}>" for name in text.mentions)
    if text.link:
        tail += f"\n[{_('查看详情')}]({link(text.link)})"
    lines = [f"> {escape(line)}" for line in text.lines]
    return _fitted(head, lines, tail.strip("\n"), MARKDOWN_BYTES)


def _plain(text: Text) -> dict[str, Any]:
    content = _fitted(
        cut(escape(_headline(text)), TITLE_BYTES), [escape(line) for line in text.lines], link(text.link), TEXT_BYTES
    )
    mobiles = [name for name in text.mentions if MOBILE.fullmatch(name)]
    names = [name for name in text.mentions if name not in mobiles]
    return {
        "msgtype": "text",
        "text": {"content": content, "mentioned_list": names, "mentioned_mobile_list": mobiles},
    }


def _headline(text: Text) -> str:
    return _("【紧急】%(title)s") % {"title": text.title} if text.level == "critical" else text.title


def _fitted(head: str, lines: list[str], tail: str, limit: int) -> str:
    """Head, as many lines as fit, and tail; a cut is visible."""
    whole = "\n".join(part for part in (head, *lines, tail) if part)
    if len(whole.encode()) <= limit:
        return whole
    note = _("…（内容过长，已截断）")
    room = limit - len("\n".join(part for part in (head, note, tail) if part).encode())
    if room < 0:
        raise Permanent("title and link alone are longer than a message may be", code="link_too_long")
    # One byte of the room is the line break after the lines.
    kept = cut("\n".join(lines), max(room - 1, 0))
    return "\n".join(part for part in (head, kept, note, tail) if part)


def cut(text: str, limit: int) -> str:
    """The longest beginning of `text` that is at most `limit` bytes, never half a character."""
    return text.encode()[:limit].decode(errors="ignore")


def escape(text: str) -> str:
    """Somebody's words on one line, without any markup of theirs: no link, no colour, no mention."""
    return " ".join(text.split()).translate(_TWINS)


def link(address: str) -> str:
    """An address that cannot end its own brackets."""
    return quote(address, safe=":/?#@!$&'*+,;=%~-._")
