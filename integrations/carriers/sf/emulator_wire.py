"""The emulated 丰桥's own reading and writing of the protocol; shares no code with the connector it tests."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import requests

from integrations.emulation import Answer, Request, json_answer
from orders import clock

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
# The answer to a push that ends its retries.
GOT_IT = "0000"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_")


class Refused(Exception):
    """The gateway says no: the call reaches no service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotDone(Exception):
    """The service was reached and says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def url_encoded(text: str) -> str:
    """Sign by sign as `java.net.URLEncoder` does it."""
    pieces = []
    for sign in text:
        if sign in _BARE:
            pieces.append(sign)
        elif sign == " ":
            pieces.append("+")
        else:
            pieces += [f"%{byte:02X}" for byte in sign.encode("utf-8")]
    return "".join(pieces)


def digest(*parts: str) -> str:
    encoded = url_encoded("".join(parts))
    return base64.b64encode(hashlib.new("md5", encoded.encode(), usedforsecurity=False).digest()).decode()


def form(request: Request) -> dict[str, str]:
    """Only a form that was posted counts."""
    if request.method != "POST" or "x-www-form-urlencoded" not in str(request.headers.get("Content-Type", "")):
        raise Refused("A1001", "必传参数不可为空")
    found = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    for name in ("partnerID", "requestID", "serviceCode", "timestamp", "msgData", "msgDigest"):
        if not found.get(name):
            raise Refused("A1001", f"必传参数不可为空：{name}")
    return found


def message(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise NotDone("S0001", "传入参数有误：不是 JSON") from error
    if not isinstance(found, dict):
        raise NotDone("S0001", "传入参数有误：不是 JSON 对象")
    return found


def done(content: Any) -> Answer:
    return _reached({"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": content})


def not_done(error: NotDone) -> Answer:
    return _reached({"success": False, "errorCode": error.code, "errorMsg": str(error), "msgData": None})


def refusal(error: Refused) -> Answer:
    return json_answer(
        {"apiErrorMsg": str(error), "apiResponseID": "", "apiResultCode": error.code, "apiResultData": None}
    )


def html(status: int = 200) -> Answer:
    return Answer(body=HTML, status=status, content_type="text/html")


def _reached(inside: Mapping[str, Any]) -> Answer:
    text = json.dumps(inside, ensure_ascii=False)
    return json_answer({"apiErrorMsg": "", "apiResponseID": "000000", "apiResultCode": "A1000", "apiResultData": text})


def compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def local(moment: datetime) -> str:
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def send(url: str, text: str) -> requests.Response:
    """One push to the tower; the machine's proxies are none of an emulator's business."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(
            url,
            data=text.encode(),
            headers={"Content-Type": "application/json;charset=UTF-8"},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
