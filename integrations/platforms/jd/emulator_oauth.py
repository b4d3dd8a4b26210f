"""The emulated authorisation service: a page with a button, codes that serve once and for ten minutes, and tokens."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from integrations.emulation import Answer, Request, json_answer
from integrations.platforms.jd.emulator_gateway import Gate
from orders import clock

PAGE, TOKEN, REFRESH = "/oauth2/to_login", "/oauth2/access_token", "/oauth2/refresh_token"
CODE_LIVES = timedelta(minutes=10)


class Authorising:
    def __init__(self, gate: Gate, *, shop: str, chance: random.Random, note: Callable[..., None]) -> None:
        self.gate = gate
        self.shop = shop
        self.chance = chance
        self.note = note
        # Code → when it ends; used ones are gone.
        self.codes: dict[str, datetime] = {}

    def handle(self, request: Request) -> Answer | None:
        """An answer where the path is one of this service."""
        path, query = request.path.rstrip("/"), dict(request.query())
        if path == PAGE:
            return self._asked(request, query)
        if path in (TOKEN, REFRESH):
            form = query | dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
            answer = self._token(form) if path == TOKEN else self.gate.refresh(form, clock.now())
            kind = "token_given" if path == TOKEN else "token_refresh"
            self.note(kind, outcome=answer.get("msg", "ok"))
            return json_answer(answer)
        return None

    def _asked(self, request: Request, query: Mapping[str, str]) -> Answer:
        if query.get("app_key") != self.gate.app_key or query.get("response_type") != "code":
            return _page("<p>应用不存在，或 response_type 不是 code。</p>", 400)
        back = query.get("redirect_uri", "")
        if not back.startswith(("http://", "https://")):
            return _page("<p>缺少 redirect_uri。</p>", 400)
        if request.method != "POST":
            button = f"<button>以“{escape(self.shop)}”登录并授权</button>"
            return _page(f'<p>应用申请读取店铺的订单和退款单。</p><form method="post">{button}</form>')
        code = f"{self.chance.randrange(16**24):024x}"
        self.codes[code] = clock.now() + CODE_LIVES
        self.note("authorised", shop=self.shop)
        words = urlencode({"code": code, "state": query.get("state", "")})
        return Answer(body=b"", status=302, headers={"Location": f"{back}{'&' if '?' in back else '?'}{words}"})

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        now = clock.now()
        if form.get("app_key") != self.gate.app_key or form.get("app_secret") != self.gate.app_secret:
            return self._no(401, "app_key 或 app_secret 不正确")
        if form.get("grant_type") != "authorization_code":
            return self._no(400, "grant_type 不正确")
        expires = self.codes.pop(form.get("code", ""), None)
        if expires is None or expires <= now:
            return self._no(404, "code 无效、已使用或已过期")
        self.gate.authorise(now)
        return self.gate.shown(now)

    def _no(self, code: int, text: str) -> dict[str, Any]:
        return {"code": code, "msg": text, "requestId": f"{self.chance.randrange(16**8):08x}"}


def _page(content: str, status: int = 200) -> Answer:
    title = "京东授权（仿真）"
    head = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
    return Answer(
        body=f"{head}<h1>{title}</h1>{content}".encode(), status=status, content_type="text/html; charset=utf-8"
    )
