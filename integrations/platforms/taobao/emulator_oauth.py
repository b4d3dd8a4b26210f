"""The emulated authorisation service: a page with a button for each shop, codes that serve once, and sessions.

A code lives ten minutes and belongs to the return address for which it was made.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from integrations.emulation import Answer, Request, json_answer
from integrations.platforms.taobao.emulator_gateway import Gate, Session, service_error
from orders import clock

PAGE, TOKEN = "/oauth/authorize", "/oauth/token"
CODE_LIVES = timedelta(minutes=10)
VIEWS = ("web", "tmall", "wap")


@dataclass
class Code:
    seller: str
    redirect_uri: str
    expires: datetime
    used: bool = False


class Authorising:
    def __init__(self, gate: Gate, *, chance: random.Random, life: timedelta, note: Callable[..., None]) -> None:
        self.gate = gate
        self.chance = chance
        self.life = life
        self.note = note
        self.codes: dict[str, Code] = {}
        # Refresh token → seller.
        self.refresh_tokens: dict[str, str] = {}

    def handle(self, request: Request) -> Answer | None:
        """An answer where the path is one of this service."""
        path = request.path.rstrip("/")
        if path == PAGE:
            return self._asked(request)
        if path == TOKEN and request.method == "POST":
            return self._token(dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)))
        return None

    def _asked(self, request: Request) -> Answer:
        query = dict(request.query())
        if query.get("response_type") != "code" or query.get("client_id") != self.gate.app_key:
            return _page("<p>应用不存在，或 response_type 不是 code。</p>", 400)
        if not query.get("redirect_uri", "").startswith(("http://", "https://")):
            return _page("<p>缺少 redirect_uri。</p>", 400)
        sellers = list(dict.fromkeys(session.seller for session in self.gate.sessions.values()))
        if request.method != "POST":
            buttons = "".join(
                f'<button name="seller" value="{escape(seller)}">以“{escape(seller)}”登录并授权</button> '
                for seller in sellers
            )
            app = escape(query["client_id"])
            return _page(f'<p>应用 {app} 申请读取店铺的订单和退款。</p><form method="post">{buttons}</form>')
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if form.get("seller") not in sellers:
            return _page("<p>没有这个店铺。</p>", 400)
        code = self._word(24)
        self.codes[code] = Code(form["seller"], query["redirect_uri"], clock.now() + CODE_LIVES)
        self.note("authorised", seller=form["seller"])
        joiner = "&" if "?" in query["redirect_uri"] else "?"
        back = urlencode({"code": code, "state": query.get("state", "")})
        return Answer(body=b"", status=302, headers={"Location": f"{query['redirect_uri']}{joiner}{back}"})

    def _token(self, form: dict[str, str]) -> Answer:
        if form.get("client_id") != self.gate.app_key or form.get("client_secret") != self.gate.app_secret:
            return self._refused("invalid_client", "client_id 或 client_secret 不正确")
        if form.get("grant_type") != "authorization_code" or form.get("view") not in VIEWS:
            return self._refused("unsupported_grant_type", "grant_type 或 view 不正确")
        code = self.codes.get(form.get("code", ""))
        if code is None or code.used or code.expires <= clock.now():
            return self._refused("invalid_grant", "授权码不存在、已使用或已过期")
        if form.get("redirect_uri") != code.redirect_uri:
            return self._refused("invalid_grant", "redirect_uri 与申请授权码时不一致")
        code.used = True
        self.note("token_given", seller=code.seller)
        return json_answer(self._granted(code.seller))

    def _refused(self, error: str, text: str) -> Answer:
        self.note("token_refused", error=error)
        return json_answer({"error": error, "error_description": text})

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """`taobao.top.auth.token.refresh`: the answer's fields stand in a text."""
        seller = self.refresh_tokens.get(refresh_token)
        if seller is None:
            raise service_error("isv.invalid-refresh-token", "refresh_token 无效或已过期")
        self.note("token_refreshed", seller=seller)
        return {"token_result": json.dumps(self._granted(seller), ensure_ascii=False)}

    def _granted(self, seller: str) -> dict[str, Any]:
        """A new session beside those that still live."""
        session, fresh, seconds = f"6100{self._word(40)}", f"6101{self._word(40)}", int(self.life.total_seconds())
        self.gate.sessions[session] = Session(seller, clock.now() + self.life)
        self.refresh_tokens[fresh] = seller
        return {
            "access_token": session,
            "token_type": "Bearer",
            "expires_in": seconds,
            "refresh_token": fresh,
            "re_expires_in": seconds,
            "r1_expires_in": seconds,
            "r2_expires_in": seconds,
            "w1_expires_in": seconds,
            "w2_expires_in": seconds,
            "taobao_user_id": "1",
            "taobao_user_nick": seller,
        }

    def _word(self, length: int) -> str:
        return f"{self.chance.randrange(16**length):0{length}x}"


def _page(content: str, status: int = 200) -> Answer:
    title = "淘宝授权（仿真）"
    head = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
    body = f"{head}<h1>{title}</h1>{content}"
    return Answer(body=body.encode(), status=status, content_type="text/html; charset=utf-8")
