"""The emulated gateway: what JD checks before any method runs, its tokens, and how it says no. Signs by itself."""

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from orders.clock import BEIJING

TOLERANCE = timedelta(minutes=6)
# A refresh whose answer was lost may be asked again for so long.
GRACE = timedelta(seconds=60)
STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d{3}\+0800)?")


class Refused(Exception):
    """An `error_response`."""

    def __init__(self, code: str, chinese: str, english: str) -> None:
        super().__init__(code)
        self.envelope = {"code": code, "zh_desc": chinese, "en_desc": english}


class NotDone(Exception):
    """A no inside the method's own answer."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.text, self.code = text, code


@dataclass
class Grant:
    """One seller's authorisation."""

    access_token: str
    refresh_token: str
    expires: datetime
    life: timedelta
    previous: str = ""
    refreshed_at: datetime | None = None


@dataclass
class Gate:
    """The app that may call, its secret, and the seller who authorised it."""

    app_key: str
    app_secret: str
    grant: Grant
    chance: random.Random
    banned_until: datetime | None = None
    methods: frozenset[str] = field(default_factory=frozenset)

    def admit(self, form: Mapping[str, str], now: datetime) -> None:
        """Method, version, time, signature and token of a call; raises `Refused` with the gateway's own codes."""
        if not form.get("method"):
            raise Refused("14", "缺少方法名参数", "Missing Method")
        if form["method"] not in self.methods:
            raise Refused("15", "不存在的方法名", "Invalid Method")
        if form.get("v") != "2.0":
            raise Refused("5" if form.get("v") else "4", "不支持的版本号", "Unsupported Version")
        self._check_time(form.get("timestamp", ""), now)
        if not form.get("sign"):
            raise Refused("11", "缺少签名参数", "Missing Signature")
        if form.get("app_key") != self.app_key or form["sign"] != self.digest(form):
            raise Refused("12", "无效签名", "Invalid Signature")
        if not form.get("access_token"):
            raise Refused("18", "缺少access_token参数", "Missing access_token")
        if form["access_token"] != self.grant.access_token or self.grant.expires <= now:
            raise Refused("19", "无效access_token", "Invalid access_token")
        if self.banned_until and now < self.banned_until:
            raise Refused("32", "操作太频繁，请稍后再试", "App Call Limited")

    def digest(self, form: Mapping[str, str]) -> str:
        joined = "".join(f"{name}{form[name]}" for name in sorted(form) if name != "sign")
        return hashlib.md5(f"{self.app_secret}{joined}{self.app_secret}".encode()).hexdigest().upper()

    def refresh(self, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """A new pair of tokens. What is already over cannot be refreshed."""
        grant = self.grant
        if query.get("grant_type") != "refresh_token":
            return {"code": 400, "msg": "grant_type 不正确", "requestId": self._word(8)}
        if query.get("app_key") != self.app_key or query.get("app_secret") != self.app_secret:
            return {"code": 401, "msg": "app_key 或 app_secret 不正确", "requestId": self._word(8)}
        again = query.get("refresh_token") == grant.previous and grant.refreshed_at is not None
        if again and grant.refreshed_at is not None and now - grant.refreshed_at <= GRACE:
            return self.shown(now)
        if query.get("refresh_token") != grant.refresh_token:
            return {"code": 402, "msg": "refresh_token 无效", "requestId": self._word(8)}
        if grant.expires <= now:
            return {"code": 403, "msg": "refresh_token 已过期，请重新授权", "requestId": self._word(8)}
        grant.previous, grant.refreshed_at = grant.refresh_token, now
        self.authorise(now)
        return self.shown(now)

    def authorise(self, now: datetime) -> None:
        """New tokens, as after a person authorised again."""
        grant = self.grant
        grant.access_token, grant.refresh_token = self._word(32), self._word(32)
        grant.expires = now + grant.life

    def shown(self, now: datetime) -> dict[str, Any]:
        grant = self.grant
        return {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "expires_in": int((grant.expires - now).total_seconds()),
            "time": int(now.timestamp() * 1000),
            "token_type": "bearer",
            "open_id": "oEmulator",
            "xid": "o*EmulatorXid",
            "scope": "snsapi_base",
        }

    def _word(self, length: int) -> str:
        return f"{self.chance.randrange(16**length):0{length}x}"

    @staticmethod
    def _check_time(text: str, now: datetime) -> None:
        if not text:
            raise Refused("7", "缺少时间戳参数", "Missing Timestamp")
        found = STAMP.fullmatch(text)
        moment = read_time(found[1]) if found else None
        if moment is None or abs(now - moment) > TOLERANCE:
            raise Refused("8", "非法的时间戳参数", "Invalid Timestamp")


def written(moment: datetime | None) -> str:
    """A time as JD writes it; what has not come yet is in the year 1."""
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if moment else "0001-01-01 00:00:00"


def read_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
