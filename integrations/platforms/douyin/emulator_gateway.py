"""The emulated gateway: what Douyin checks before any method runs, its tokens, and how it says no. Signs by itself."""

import hashlib
import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.emulation import Answer, Request, json_answer
from orders.clock import BEIJING

TOLERANCE = timedelta(minutes=10)
LAST_HOUR = timedelta(hours=1)
REFRESHABLE = timedelta(days=7)
MESSAGES = {
    10001: "业务部分失败",
    20000: "服务不可用",
    30001: "应用无权限",
    40001: "缺少参数",
    40002: "缺少参数",
    40003: "参数不合法",
    40004: "参数不合法",
    50001: "生成授权失败",
    50002: "业务处理失败",
    60000: "请求被限流",
}


class Refused(Exception):
    """A no in the platform's envelope."""

    def __init__(self, code: int, sub_code: str, text: str) -> None:
        super().__init__(sub_code)
        self.code, self.sub_code, self.text = code, sub_code, text


def business(number: int, text: str) -> Refused:
    return Refused(50002, f"isv.business-failed:{number}", text)


def bad_parameter(number: int, text: str) -> Refused:
    return Refused(40004, f"isv.parameter-invalid:{number}", text)


@dataclass
class Grant:
    """The shop's authorisation. An old access token lives one hour longer than its refresh."""

    access_token: str
    refresh_token: str
    expires: datetime
    life: timedelta
    former: str = ""
    former_until: datetime | None = None
    closed: bool = False


@dataclass
class Gate:
    """The app that may call, its secret, and the shop that authorised it."""

    app_key: str
    app_secret: str
    shop_id: int
    shop_name: str
    grant: Grant
    chance: random.Random
    banned_until: datetime | None = None
    paths: frozenset[str] = field(default_factory=frozenset)

    def admit(self, request: Request, query: Mapping[str, str], now: datetime) -> None:
        """App, method, time, signature and token of a call; raises `Refused` with the gateway's own words."""
        for name in ("app_key", "method", "timestamp", "v", "sign"):
            if not query.get(name):
                raise Refused(40001, f"isv.missing-parameter:{name}", f"缺少参数 {name}")
        if query["app_key"] != self.app_key:
            raise Refused(40003, "isv.app-id-invalid", "app_key 不存在")
        if query["method"] != request.path.strip("/").replace("/", ".") or query["v"] != "2":
            raise Refused(40003, "isv.parameter-format-invalid", "method 与地址不一致")
        self._check_time(query["timestamp"], now)
        if not hmac.compare_digest(query["sign"], self.digest(query, request.body)):
            raise Refused(40003, "isv.signature-invalid", "签名校验失败")
        if self.banned_until and now < self.banned_until:
            raise Refused(60000, "isv.request-limited", "请求过于频繁，请稍后再试")
        if not request.path.startswith("/token/"):
            self._check_token(query.get("access_token", ""), now)

    def digest(self, query: Mapping[str, str], body: bytes) -> str:
        pairs = {"app_key": query["app_key"], "method": query["method"], "timestamp": query["timestamp"], "v": "2"}
        texts = {name: value.encode() for name, value in pairs.items()} | {"param_json": body}
        secret = self.app_secret.encode()
        joined = secret + b"".join(name.encode() + texts[name] for name in sorted(texts)) + secret
        if query.get("sign_method") == "hmac-sha256":
            return hmac.new(secret, joined, hashlib.sha256).hexdigest()
        return hashlib.md5(joined).hexdigest()

    def push_sign(self, body: bytes, method: str) -> str:
        text = self.app_key.encode() + body + self.app_secret.encode()
        if method == "hmac-sha256":
            return hmac.new(self.app_secret.encode(), text, hashlib.sha256).hexdigest()
        return hashlib.md5(text).hexdigest()

    def refresh(self, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """New tokens within the last hour of the old ones, before that the same again."""
        grant = self.grant
        if asked.get("grant_type") != "refresh_token":
            raise Refused(50001, "dop.token-generate-failed:grant-type-invalid", "grant_type 不正确")
        if grant.closed:
            raise Refused(30001, "dop.authorization-closed", "店铺已取消授权")
        if asked.get("refresh_token") != grant.refresh_token:
            raise Refused(50001, "dop.token-generate-failed:token-invalid", "refresh_token 不存在")
        if now > grant.expires + REFRESHABLE:
            raise Refused(50001, "dop.token-generate-failed:token-expired", "refresh_token 已过期")
        if grant.expires - now <= LAST_HOUR:
            self.authorise(now)
        return self.shown(now)

    def create(self, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """An app for a seller's own use authorises itself."""
        if asked.get("grant_type") != "authorization_self" or str(asked.get("shop_id")) != str(self.shop_id):
            raise Refused(50001, "dop.token-generate-failed:no-authorization", "店铺没有授权")
        if self.grant.expires - now <= LAST_HOUR:
            self.authorise(now)
        self.grant.closed = False
        return self.shown(now)

    def authorise(self, now: datetime) -> None:
        grant = self.grant
        grant.former, grant.former_until = grant.access_token, now + LAST_HOUR
        grant.access_token, grant.refresh_token = self._word(), self._word()
        grant.expires = now + grant.life

    def _check_token(self, token: str, now: datetime) -> None:
        grant = self.grant
        if grant.closed:
            raise Refused(30001, "dop.authorization-closed", "店铺已取消授权")
        if token == grant.access_token:
            if grant.expires <= now:
                raise Refused(40003, "isv.access-token-expired", "access_token 已过期")
        elif token != grant.former or grant.former_until is None or grant.former_until <= now:
            raise Refused(40003, "isv.access-token-no-existed", "access_token 不存在")

    def shown(self, now: datetime) -> dict[str, Any]:
        return {
            "access_token": self.grant.access_token,
            "refresh_token": self.grant.refresh_token,
            "expires_in": int((self.grant.expires - now).total_seconds()),
            "scope": "SCOPE",
            "shop_id": self.shop_id,
            "shop_name": self.shop_name,
            "authority_id": str(self.shop_id),
            "auth_subject_type": "",
        }

    def _word(self) -> str:
        return f"{self.chance.randrange(16**32):032x}"

    @staticmethod
    def _check_time(text: str, now: datetime) -> None:
        try:
            moment = (
                datetime.fromtimestamp(int(text), tz=BEIJING)
                if text.isdigit()
                else datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
            )
        except (ValueError, OverflowError, OSError):
            moment = None
        if moment is None or abs(now - moment) > TOLERANCE:
            raise Refused(40003, "isv.timestamp-invalid", "时间戳不合法")


def answered(request: Request, data: Any, code: int = 10000) -> Answer:
    """An answer in the envelope that the caller's header asks for."""
    if _wants_new(request):
        msg = "success" if code == 10000 else MESSAGES.get(code, "失败")
        envelope = {"code": code, "msg": msg, "sub_code": "", "sub_msg": "", "log_id": "emulator"}
        return json_answer({**envelope, "data": data})
    return json_answer({"err_no": 0, "message": "success", "log_id": "emulator", "data": data})


def refused(request: Request, no: Refused) -> Answer:
    if _wants_new(request):
        envelope = {"code": no.code, "msg": MESSAGES.get(no.code, "失败"), "sub_code": no.sub_code, "sub_msg": no.text}
        return json_answer({**envelope, "log_id": "emulator", "data": {}})
    number = no.sub_code.rpartition(":")[2]
    return json_answer({"err_no": int(number) if number.isdigit() else no.code, "message": no.text, "data": None})


def _wants_new(request: Request) -> bool:
    return str(request.headers.get("x-open-no-old-err-code", "")) == "1"
