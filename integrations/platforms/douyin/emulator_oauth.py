"""The emulated service market page (服务市场): a button that sends the seller back with a code.

Where to is registered with the app beforehand (`return_url`), not said in the request. A code lives ten minutes.
"""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from integrations.emulation import Answer, Request
from integrations.platforms.douyin.emulator_gateway import Gate, Refused
from orders import clock

PAGE = "/authorize"
CODE_LIVES = timedelta(minutes=10)


class Authorising:
    def __init__(
        self, gate: Gate, *, service_id: str, return_url: str, chance: random.Random, note: Callable[..., None]
    ) -> None:
        self.gate = gate
        self.service_id = service_id
        self.return_url = return_url
        self.chance = chance
        self.note = note
        # Code → when it ends; a used one ended at the beginning of time.
        self.codes: dict[str, datetime | None] = {}

    def handle(self, request: Request) -> Answer | None:
        """An answer where the path is this page's."""
        if request.path.rstrip("/") != PAGE:
            return None
        query = dict(request.query())
        if query.get("service_id") != self.service_id:
            return _page("<p>服务不存在。</p>", 404)
        if not self.return_url:
            return _page("<p>应用没有登记回调地址（return_url）。</p>", 400)
        if request.method != "POST":
            button = f"<button>以“{escape(self.gate.shop_name)}”登录并授权</button>"
            return _page(f'<p>服务申请读取店铺的订单和售后单。</p><form method="post">{button}</form>')
        code = f"{self.chance.randrange(16**24):024x}"
        self.codes[code] = clock.now() + CODE_LIVES
        self.note("authorised", shop=self.gate.shop_name)
        words = urlencode({"code": code, "state": query.get("state", "")})
        joiner = "&" if "?" in self.return_url else "?"
        return Answer(body=b"", status=302, headers={"Location": f"{self.return_url}{joiner}{words}"})

    def create(self, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """`/token/create`: by a code, or by itself for an app of the seller's own."""
        if asked.get("grant_type") != "authorization_code":
            return self.gate.create(asked, now)
        code = str(asked.get("code") or "")
        if code not in self.codes:
            raise Refused(50001, "dop.token-generate-failed:code-invalid", "code 不存在")
        expires, self.codes[code] = self.codes[code], None
        if expires is None or expires <= now:
            raise Refused(50001, "dop.token-generate-failed:code-expired", "code 已使用或已过期")
        self.gate.grant.closed = False
        self.gate.authorise(now)
        self.note("token_given", shop=self.gate.shop_name)
        return self.gate.shown(now)


def _page(content: str, status: int = 200) -> Answer:
    title = "抖店服务市场授权（仿真）"
    head = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
    return Answer(
        body=f"{head}<h1>{title}</h1>{content}".encode(), status=status, content_type="text/html; charset=utf-8"
    )
