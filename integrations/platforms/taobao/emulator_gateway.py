"""The emulated gateway: what TOP checks before any method runs, and how it says no. Signs with code of its own."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from orders.clock import BEIJING

TOLERANCE = timedelta(minutes=10)


class Refused(Exception):
    """An `error_response`."""

    def __init__(self, code: int, text: str, sub_code: str = "", sub_text: str = "") -> None:
        super().__init__(sub_code or str(code))
        self.envelope: dict[str, Any] = {"code": code, "msg": text}
        if sub_code:
            self.envelope |= {"sub_code": sub_code, "sub_msg": sub_text or text}


def service_error(sub_code: str, text: str) -> Refused:
    """Code 15: the service behind the gateway refused."""
    return Refused(15, "Remote service error", sub_code, text)


def invalid(name: str, text: str = "") -> Refused:
    return Refused(41, "Invalid Arguments", f"isv.invalid-parameter:{name}", text or f"参数 {name} 不正确")


@dataclass
class Session:
    """One seller's authorisation."""

    seller: str
    expires: datetime | None = None


@dataclass
class Gate:
    """The app that may call, its secret, and the sellers who authorised it."""

    app_key: str
    app_secret: str
    sessions: dict[str, Session] = field(default_factory=dict)
    banned_until: datetime | None = None

    def admit(self, form: Mapping[str, str], now: datetime) -> None:
        """Key, format, time and signature of a call; raises `Refused` with the gateway's own codes."""
        if not form.get("app_key"):
            raise Refused(28, "Missing App Key")
        if form["app_key"] != self.app_key:
            raise Refused(29, "Invalid App Key")
        if form.get("v") != "2.0":
            raise Refused(33 if form.get("v") else 32, "Invalid Version")
        if form.get("format") != "json":
            raise Refused(23, "Invalid Format")
        self._check_time(form.get("timestamp", ""), now)
        if not form.get("sign"):
            raise Refused(24, "Missing Signature")
        if not self._is_signed(form):
            raise Refused(25, "Invalid Signature", "isv.invalid-signature", "签名不正确")

    def seller(self, form: Mapping[str, str], now: datetime) -> str:
        """Whose session this is."""
        given = form.get("session", "")
        if not given:
            raise Refused(26, "Missing Session")
        session = self.sessions.get(given)
        if session is None:
            raise Refused(27, "Invalid session", "invalid-sessionkey", "session 不存在")
        if session.expires and session.expires <= now:
            raise Refused(27, "Invalid session", "session-expired", "session 已过期")
        return session.seller

    def check_ban(self, now: datetime) -> None:
        if self.banned_until and now < self.banned_until:
            left = max(1, round((self.banned_until - now).total_seconds()))
            raise Refused(
                7,
                "App Call Limited",
                "accesscontrol.limited-by-app-access-count",
                f"This ban will last for {left} more seconds",
            )

    def _check_time(self, text: str, now: datetime) -> None:
        if not text:
            raise Refused(30, "Missing Timestamp")
        try:
            moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError:
            raise Refused(31, "Invalid Timestamp") from None
        if abs(now - moment) > TOLERANCE:
            raise Refused(31, "Invalid Timestamp", "isv.invalid-timestamp", "时间戳与服务器相差超过 10 分钟")

    def _is_signed(self, form: Mapping[str, str]) -> bool:
        # How empty values are signed is not agreed among the platform's own SDKs: both ways are taken.
        everything = "".join(name + form[name] for name in sorted(form) if name != "sign")
        filled = "".join(name + form[name] for name in sorted(form) if name != "sign" and form[name])
        return form["sign"] in {
            self.digest(text.encode(), form.get("sign_method", "md5")) for text in (everything, filled)
        }

    def digest(self, text: bytes, sign_method: str) -> str:
        key = self.app_secret.encode()
        if sign_method == "md5":
            return hashlib.md5(key + text + key).hexdigest().upper()
        algorithm = {"hmac": "md5", "hmac-sha256": "sha256"}.get(sign_method)
        if algorithm is None:
            raise Refused(25, "Invalid Signature", "isv.invalid-sign-method", "签名方法不支持")
        return hmac.new(key, text, algorithm).hexdigest().upper()


def written(moment: datetime) -> str:
    """A time as TOP writes it."""
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def read_time(text: str, name: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        raise invalid(name, "日期格式不正确") from None
