"""The emulated K3 Cloud's door: sessions, signed headers, bodies in both styles, and the envelope of every answer."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from integrations.emulation import Answer, Request, json_answer

CODE = b"0054f397c6234378b09ca7d3e5debce7"[:24]
SESSION = "kdservice-sessionid"
LOST = "会话信息已丢失，请重新登录"


class Refused(Exception):
    """A no in the envelope. `code` is MsgCode."""

    def __init__(self, code: int, text: str, field_name: str | None = None) -> None:
        super().__init__(text)
        self.code, self.text, self.field_name = code, text, field_name


def status(*, refused: Refused | None = None, done: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A `ResponseStatus`."""
    if refused is None:
        return {
            "ErrorCode": 0,
            "IsSuccess": True,
            "Errors": [],
            "SuccessEntitys": list(done),
            "SuccessMessages": [],
            "MsgCode": 0,
        }
    return {
        "ErrorCode": 500,
        "IsSuccess": False,
        "Errors": [{"FieldName": refused.field_name, "Message": refused.text, "DIndex": 0}],
        "SuccessEntitys": [],
        "SuccessMessages": [],
        "MsgCode": refused.code,
    }


def envelope(*, refused: Refused | None = None, done: Sequence[Mapping[str, Any]] = (), **more: Any) -> dict[str, Any]:
    return {"Result": {"ResponseStatus": status(refused=refused, done=done), **more}}


def arguments(request: Request) -> dict[str, Any]:
    """The body as `{"formid", "opNumber", "data", "parameters"}`, in the SDK's style or the classic client's."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise Refused(8, "请求不是 JSON") from error
    if not isinstance(body, dict):
        raise Refused(8, "请求不是 JSON 对象")
    if "parameters" not in body:
        return {**body, "data": _opened(body.get("data"))}
    parameters = _opened(body["parameters"])
    if not isinstance(parameters, list):
        raise Refused(8, "parameters 不是列表")
    found: dict[str, Any] = {"parameters": parameters}
    if len(parameters) == 1:
        found["data"] = _opened(parameters[0])
    elif len(parameters) == 2:
        found |= {"formid": parameters[0], "data": _opened(parameters[1])}
    elif len(parameters) == 3:
        found |= {"formid": parameters[0], "opNumber": parameters[1], "data": _opened(parameters[2])}
    return found


def _opened(value: Any) -> Any:
    """Objects may come as JSON inside a text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


@dataclass
class Doorkeeper:
    """Who may come in: one user of one data centre, by signature or session."""

    acct_id: str
    user: str
    password: str
    app_id: str
    app_secret: str
    passport: str
    chance: random.Random
    idle: timedelta
    skew: timedelta = timedelta(minutes=15)
    # Session → when it was last used.
    sessions: dict[str, datetime] = field(default_factory=dict)

    def admit(self, request: Request, path: str, now: datetime) -> None:
        """Raise `Refused` unless the caller is known."""
        session = request.headers.get(SESSION, "") or _cookies(request).get(SESSION, "")
        if session:
            used = self.sessions.get(session)
            if used is None or now - used > self.idle:
                self.sessions.pop(session, None)
                raise Refused(1, LOST)
            self.sessions[session] = now
            return
        if not self._signed(request, path, now):
            raise Refused(1, LOST)

    def _signed(self, request: Request, path: str, now: datetime) -> bool:
        told = request.headers
        stamp, nonce = told.get("x-api-timestamp", ""), told.get("x-api-nonce", "")
        if not stamp.isdigit() or told.get("X-Kd-Appkey", "") != self.app_id:
            return False
        # The Python SDK counts seconds, the Java SDK milliseconds.
        seconds = int(stamp) / 1000 if len(stamp) >= 13 else int(stamp)
        if abs(now.timestamp() - seconds) > self.skew.total_seconds():
            return False
        text = f"POST\n{quote(path, safe='')}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{stamp}\n"
        try:
            data = base64.b64decode(told.get("X-Kd-Appdata", ""), validate=True).decode()
        except ValueError:
            return False
        expected = (_hex64(self._client_secret(), text), _hex64(self.app_secret, self.app_id + data))
        given = (told.get("X-Api-Signature", ""), told.get("X-Kd-Signature", ""))
        known = data.split(",")[:2] == [self.acct_id, self.user]
        return known and hmac.compare_digest("\n".join(expected).encode(), "\n".join(given).encode())

    def _client_secret(self) -> str:
        hidden = self.app_id.partition("_")[2]
        if len(hidden) != 32:
            return ""
        raw = base64.b64decode(hidden)
        return base64.b64encode(bytes(raw[place] ^ CODE[place] for place in range(24))).decode()

    # The login services -----------------------------------------------------------------------------------------
    def log_in(self, service: str, parameters: Sequence[Any], now: datetime) -> Answer:
        texts = [str(one) for one in parameters]
        answered = self._wrong(service, texts, now)
        if answered is not None:
            return json_answer({"LoginResultType": answered[0], "Message": answered[1], "KDSVCSessionId": ""})
        session = f"{self.chance.getrandbits(128):032x}"
        self.sessions[session] = now
        context = {"DBid": self.acct_id, "SessionId": session, "UserName": self.user, "DataCenterName": "演示账套"}
        body = {
            "Message": None,
            "MessageCode": "",
            "LoginResultType": 1,
            "Context": context,
            "KDSVCSessionId": session,
            "FormId": None,
            "AccessToken": None,
            "IsSuccessByAPI": True,
        }
        answer = json_answer(body)
        headers = {"Set-Cookie": f"{SESSION}={session}; path=/; HttpOnly"}
        return Answer(body=answer.body, headers=headers)

    def _wrong(self, service: str, told: list[str], now: datetime) -> tuple[int, str] | None:
        """`LoginResultType` and message of a failed login."""
        if service == "LoginBySimplePassport":
            return None if told[:1] == [self.passport] and len(told) == 2 else (-1, "passport 不正确")
        wanted = {
            "ValidateUser": (4, self.password),
            "ValidateUser2": (5, self.password),
            "LoginByAppSecret": (5, self.app_id, self.app_secret),
            "LoginByAppSecret2": (6, self.app_id, self.app_secret),
            "LoginBySign": (6, self.app_id),
        }.get(service)
        if wanted is None or len(told) != wanted[0]:
            return (-1, "登录参数不正确")
        if told[0] != self.acct_id:
            return (-1, LOST)
        if told[1] != self.user or told[2 : 1 + len(wanted)] != list(wanted[1:]):
            return (0, "用户名或密码错误")
        if service == "LoginBySign":
            words = sorted((self.acct_id, self.user, self.app_id, self.app_secret, told[3]))
            fresh = told[3].isdigit() and abs(now.timestamp() - int(told[3])) <= self.skew.total_seconds()
            right = told[4] == hashlib.sha256("".join(words).encode()).hexdigest()
            return None if fresh and right else (-1, "签名不正确")
        return None


def _cookies(request: Request) -> dict[str, str]:
    pairs = (pair.strip().partition("=") for pair in request.headers.get("Cookie", "").split(";"))
    return {name: value for name, _, value in pairs if name}


def _hex64(secret: str, text: str) -> str:
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()
