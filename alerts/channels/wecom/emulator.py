"""The other side of a 企业微信 group robot, strict where the real one is (WeCom document path/91770).

Options: `keys`, a list of the robots' keys; without it every key that looks like one is a robot.
Control: `remove_key` {"key"} withdraws a robot; `faults` with throttle (45009), drop (-1, system busy),
fail (HTTP 500, nothing shown) and lose_answer (shown, but HTTP 502).
"""

import json
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from integrations.emulation import Answer, Emulator, Journal, Request, World, json_answer
from orders import clock

PER_MINUTE = 20
WINDOW = timedelta(minutes=1)
LONGEST = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ERRORS = {
    -1: "system busy",
    40008: "invalid message type",
    40058: "content exceed max length",
    43002: "require POST method",
    44004: "content is empty",
    45009: "api freq out of limit",
    47001: "data format error",
    93000: "invalid webhook url",
}


@dataclass(frozen=True)
class Shown:
    at: datetime
    robot: str
    kind: str
    content: str
    mentioned: tuple[str, ...]


class WeComEmulator(Emulator):
    name = "wecom"
    title = "企业微信群 (模拟)"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        keys = options.get("keys")
        self.keys: set[str] | None = {keys} if isinstance(keys, str) else set(keys) if keys else None
        self.removed: set[str] = set()
        self.sent: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self.shown: deque[Shown] = deque(maxlen=300)

    def handle(self, request: Request) -> Answer:
        if request.path.strip("/") != "cgi-bin/webhook/send":
            return json_answer({"errcode": 404, "errmsg": "not found"}, 404)
        key = dict(request.query()).get("key", "")
        if self.faults.hits("fail"):
            self.journal.write("refused", robot=key[-8:], errcode=None, status=500)
            return Answer(body=b"", status=500, content_type="text/plain")
        code, message = self.judge(request, key)
        if code:
            self.journal.write("refused", robot=key[-8:], errcode=code)
            return json_answer({"errcode": code, "errmsg": f"{ERRORS[code]}, hint: [emulated]"})
        self.show(key, message)
        if self.faults.hits("lose_answer"):
            return Answer(body=b"", status=502, content_type="text/plain")
        return json_answer({"errcode": 0, "errmsg": "ok"})

    def judge(self, request: Request, key: str) -> tuple[int, dict[str, Any]]:
        """The errcode, 0 for yes, and the message that was read."""
        if request.method != "POST":
            return 43002, {}
        if not self.is_robot(key):
            return 93000, {}
        if self.faults.hits("drop"):
            return -1, {}
        if self.faults.hits("throttle") or self.sent_lately(key) >= PER_MINUTE:
            return 45009, {}
        try:
            message = json.loads(request.body)
        except ValueError:
            return 47001, {}
        kind = message.get("msgtype") if isinstance(message, dict) else None
        if kind not in LONGEST:
            return 40008, {}
        part = message.get(kind)
        content = part.get("content") if isinstance(part, dict) else None
        if not isinstance(content, str) or not content.strip():
            return 44004, {}
        if len(content.encode()) > LONGEST[kind]:
            return 40058, {}
        return 0, message

    def is_robot(self, key: str) -> bool:
        if key in self.removed:
            return False
        return key in self.keys if self.keys is not None else bool(KEY.fullmatch(key))

    def sent_lately(self, key: str) -> int:
        sent = self.sent[key]
        while sent and sent[0] <= clock.now() - WINDOW:
            sent.popleft()
        return len(sent)

    def show(self, key: str, message: dict[str, Any]) -> None:
        kind = message["msgtype"]
        part = message[kind]
        mentioned = tuple(map(str, [*part.get("mentioned_list", ()), *part.get("mentioned_mobile_list", ())]))
        self.sent[key].append(clock.now())
        self.shown.append(Shown(clock.now(), key[-8:], kind, part["content"], mentioned))
        self.journal.write("message", robot=key[-8:], msgtype=kind, content=part["content"], mentioned=mentioned)

    def control(self, command: str, data: dict[str, Any]) -> Any:
        if command == "remove_key":
            self.removed.add(str(data.get("key", "")))
            return {"ok": True}
        return super().control(command, data)

    def page(self) -> str:
        bubbles = "".join(_bubble(shown) for shown in reversed(self.shown))
        counts = "".join(
            f"<li>机器人 …{escape(key[-8:])}: 一分钟内 {self.sent_lately(key)} 条（上限 {PER_MINUTE}）</li>"
            for key in sorted(self.sent)
        )
        return f'{_STYLE}<ul>{counts}</ul><div class="chat">{bubbles or "<p>群里还没有消息。</p>"}</div>'


def _bubble(shown: Shown) -> str:
    at = shown.at.astimezone(clock.BEIJING)
    content = render(shown.content) if shown.kind != "text" else escape(shown.content).replace("\n", "<br>")
    called = "".join(f'<b class="at">@{escape(name.lstrip("@"))}</b> ' for name in shown.mentioned)
    return (
        f'<article><div class="who">机器人 …{escape(shown.robot)} · {at:%m-%d %H:%M:%S}</div>'
        f'<div class="bubble">{content}{called and f"<p>{called}</p>"}</div></article>'
    )


def render(markdown: str) -> str:
    """The robot's small markdown as HTML. Everything is escaped first; then only what is known becomes markup."""
    return "".join(_line(escape(line)) for line in markdown.split("\n"))


def _line(line: str) -> str:
    if heading := re.fullmatch(r"#{1,6} (.*)", line):
        return f"<h3>{_inline(heading[1])}</h3>"
    if quoted := re.fullmatch(r"&gt; ?(.*)", line):
        return f"<blockquote>{_inline(quoted[1])}</blockquote>"
    return f"<p>{_inline(line)}</p>" if line else ""


def _inline(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"\[([^\]]*)\]\((https?://[^)\s]+)\)", r'<a href="\2" rel="noreferrer" target="_blank">\1</a>', text)
    text = re.sub(
        r"&lt;font color=&quot;(info|comment|warning)&quot;&gt;(.*?)&lt;/font&gt;", r'<span class="\1">\2</span>', text
    )
    return re.sub(r"&lt;@([^&<>\s]+)&gt;", r'<b class="at">@\1</b>', text)


_STYLE = """<style>
.chat{display:flex;flex-direction:column;gap:14px}.chat .who{font-size:12px;opacity:.7;margin-bottom:3px}
.chat .bubble{background:#fff;color:#1f2430;border:1px solid #e4e7ec;border-radius:4px 12px 12px 12px;padding:8px 14px;
max-width:560px;overflow-wrap:anywhere}.chat h3{font-size:16px;margin:4px 0}.chat p{margin:4px 0}
.chat blockquote{margin:2px 0;padding-left:10px;border-left:3px solid #d0d5dd;color:#475467}.chat a{color:#1d5fd0}
.chat .info{color:#0a7d33}.chat .comment{color:#667085}.chat .warning{color:#b54708}.chat .at{color:#1d5fd0}
</style>"""

EMULATOR = WeComEmulator
