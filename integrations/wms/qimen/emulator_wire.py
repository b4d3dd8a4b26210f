"""The emulated warehouse's own reading and writing of the protocol; shares no code with the connector it tests."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import defusedxml.ElementTree
import requests

from integrations.emulation import Answer, Request
from orders import clock

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
XML = "text/xml;charset=utf-8"
CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0


class Refused(Exception):
    """The warehouse's own no: goes out as flag failure."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class GatewayError(Exception):
    """The gateway's no: goes out as a TOP error_response."""

    def __init__(self, code: int, message: str, sub_code: str = "", sub_message: str = "") -> None:
        super().__init__(message)
        self.code, self.sub_code, self.sub_message = code, sub_code, sub_message


def markup(content: Any) -> str:
    """Nested dictionaries as XML; a list repeats its tag."""
    if isinstance(content, Mapping):
        parts = []
        for tag, value in content.items():
            for item in value if isinstance(value, list) else [value]:
                if item is not None:
                    parts.append(f"<{tag}>{markup(item)}</{tag}>")
        return "".join(parts)
    return escape(str(content))


def document(root: str, content: Mapping[str, Any]) -> bytes:
    return f"{HEAD}<{root}>{markup(content)}</{root}>".encode()


def success(content: Mapping[str, Any] | None = None) -> Answer:
    return Answer(
        body=document("response", {"flag": "success", "code": "0", "message": "ok", **(content or {})}),
        content_type=XML,
    )


def failure(code: str, message: str) -> Answer:
    return Answer(body=document("response", {"flag": "failure", "code": code, "message": message}), content_type=XML)


def gateway_error(error: GatewayError) -> Answer:
    found = {
        "code": error.code,
        "msg": str(error),
        "sub_code": error.sub_code or None,
        "sub_msg": error.sub_message or None,
        "request_id": "emulated",
    }
    return Answer(body=document("error_response", found), content_type=XML)


def read(body: bytes) -> ElementTree.Element:
    try:
        root: ElementTree.Element = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ElementTree.ParseError, ValueError) as error:
        raise Refused("30033", "报文不是 XML") from error
    return root


def caller_signature(parameters: Mapping[str, str], body: bytes, secret: str, *, skip_empty: bool = True) -> str:
    """What an honest caller would have written, by the method which the request names."""
    joined = b"".join(
        f"{name}{parameters[name]}".encode()
        for name in sorted(parameters)
        if name and name != "sign" and (parameters[name] or not skip_empty)
    )
    signed, key = joined + body, secret.encode()
    match parameters.get("sign_method", "md5"):
        case "md5":
            return hashlib.md5(key + signed + key).hexdigest().upper()
        case "hmac":
            return hmac.digest(key, signed, "md5").hex().upper()
        case "hmac-sha256":
            return hmac.digest(key, signed, "sha256").hex().upper()
    raise GatewayError(43, "Invalid sign_method")


def check(request: Request, *, app_key: str, secret: str) -> dict[str, str]:
    """The query of an honest, punctual request; the gateway's own error for any other."""
    parameters = dict(request.query())
    if "method" not in parameters:
        raise GatewayError(21, "Missing method")
    if parameters.get("app_key") != app_key:
        raise GatewayError(29, "Invalid app Key", "isv.appkey-not-exists", "无效的 app_key")
    # Callers skip empty values; a receiver's own rule takes them as they came. Both are honest.
    right = [caller_signature(parameters, request.body, secret, skip_empty=skip) for skip in (True, False)]
    if not any(hmac.compare_digest(parameters.get("sign", "").encode(), sign.encode()) for sign in right):
        raise GatewayError(25, "Invalid signature", "isv.invalid-signature", "签名错误")
    try:
        sent = datetime.strptime(parameters.get("timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.BEIJING)
    except ValueError as error:
        raise GatewayError(31, "Invalid timestamp") from error
    if abs((clock.now() - sent).total_seconds()) > 600:
        raise GatewayError(31, "Invalid timestamp", "isv.invalid-timestamp", "时间戳超出 10 分钟")
    return parameters


def signed_url(hook: str, method: str, body: bytes, *, app_key: str, customer_id: str, secret: str) -> str:
    """The hook's URL as the gateway would call it: prefix dropped, signed with the receiver's secret, empties kept."""
    parameters = {
        "method": method,
        "v": "2.0",
        "app_key": app_key,
        "customerId": customer_id,
        "timestamp": local(clock.now()),
        "format": "xml",
        "sign_method": "md5",
        "session": "",
    }
    joined = "".join(name + parameters[name] for name in sorted(parameters)).encode()
    key = secret.encode()
    parameters["sign"] = hashlib.md5(key + joined + body + key).hexdigest().upper()
    return f"{hook}?{urlencode(parameters)}"


def local(moment: datetime) -> str:
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def word(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def send(method: str, url: str, **arguments: Any) -> requests.Response:
    """One request to the tower; the machine's proxies are none of an emulator's business."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=(CONNECT_SECONDS, READ_SECONDS), **arguments)
