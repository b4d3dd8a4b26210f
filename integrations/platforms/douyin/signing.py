"""How the Douyin shop platform (抖店) signs: pure functions, proved by `samples/signing.json`.

Source: the official Go SDK (`utils/sign_util.go`) for calls; its message module and the public Python SDK for pushes.
"""

import hashlib
import hmac
import json
from typing import Any

MD5, HMAC_SHA256 = "md5", "hmac-sha256"
METHODS = (MD5, HMAC_SHA256)


def written(parameters: Any) -> str:
    """Business parameters as the text that is signed and sent: compact, keys sorted at every level, Chinese as it is.

    `ValueError` for what JSON cannot say (NaN) and for half characters.
    """
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text.encode()
    return text


def sign(method: str, param_json: str, timestamp: str, *, app_key: str, secret: str, sign_method: str) -> str:
    """The signature of a call. `access_token` and `sign_method` are not signed."""
    pairs = f"app_key{app_key}method{method}param_json{param_json}timestamp{timestamp}v2"
    return _digest(f"{secret}{pairs}{secret}".encode(), secret, sign_method)


def sign_push(body: bytes, *, app_key: str, secret: str, sign_method: str) -> str:
    """`event-sign` of a push, over the raw bytes. Of its HMAC form there are secondary sources only."""
    return _digest(app_key.encode() + body + secret.encode(), secret, sign_method)


def _digest(text: bytes, secret: str, sign_method: str) -> str:
    """`ValueError` for another method."""
    if sign_method == MD5:
        return hashlib.md5(text).hexdigest()
    if sign_method == HMAC_SHA256:
        return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    raise ValueError(f"unknown sign_method {sign_method!r}")
