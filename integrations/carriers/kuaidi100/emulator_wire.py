"""The emulated 快递100's own reading and writing of the protocol; shares no code with the connector it tests."""

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
# The one answer to a push that ends its retries.
GOT_IT = '{"result":true,"returnCode":"200","message":"成功"}'.encode()
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"


class Refused(Exception):
    """A no in the protocol's words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def md5(*parts: str) -> str:
    found = hashlib.md5(usedforsecurity=False)
    for part in parts:
        found.update(part.encode("utf-8"))
    return found.hexdigest().upper()


def form(request: Request) -> dict[str, str]:
    """Only a form that was posted counts."""
    if request.method != "POST" or "x-www-form-urlencoded" not in str(request.headers.get("Content-Type", "")):
        raise Refused("400", "提交的数据不完整，或者不是 form 表单提交")
    return {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


def param(text: str, *, code: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Refused(code, "param 不是 JSON") from error
    if not isinstance(found, dict):
        raise Refused(code, "param 不是 JSON 对象")
    return found


def refusal(error: Refused) -> Answer:
    return json_answer({"result": False, "returnCode": error.code, "message": str(error)})


def html(status: int = 200) -> Answer:
    return Answer(body=HTML, status=status, content_type="text/html")


def compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def local(moment: datetime) -> str:
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def send(url: str, fields: Mapping[str, str]) -> requests.Response:
    """One push to the tower; the machine's proxies are none of an emulator's business."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, data=dict(fields), timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False)
