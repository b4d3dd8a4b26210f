"""How K3 Cloud calls are signed: pure functions, proved by `samples/signing.json`.

Sources: the official Python SDK `kingdee.cdp.webapi.sdk` 8.2.0 and the official Java SDK 8.2.0 for the headers,
which need no login; the public Java client of `LoginBySign` for the signed login.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

# The SDK's own code, with which the second half of an AppId hides the client secret; a tenant may have another.
XOR_CODE = "0054f397c6234378b09ca7d3e5debce7"
HIDDEN_LENGTH, CODE_BYTES = 32, 24
# The path begins at the first slash behind `https://` and at least two letters of the host.
PATH_FROM = 10


def client_secret(app_id: str, xor_code: str = XOR_CODE) -> str:
    """The secret hidden in `<client id>_<part 2>`; empty where part 2 has not its 32 characters. `ValueError` where
    it cannot be unwrapped."""
    hidden = app_id.partition("_")[2]
    if len(hidden) != HIDDEN_LENGTH:
        return ""
    code = xor_code.encode()[:CODE_BYTES]
    if len(code) < CODE_BYTES:
        raise ValueError("the XOR code is shorter than 24 bytes")
    try:
        raw = base64.b64decode(hidden, validate=True)
    except binascii.Error as error:
        raise ValueError("part 2 of the AppId is not base64") from error
    if len(raw) != CODE_BYTES:
        raise ValueError("part 2 of the AppId does not hold 24 bytes")
    return base64.b64encode(bytes(one ^ other for one, other in zip(raw, code, strict=True))).decode()


def path_of(url: str) -> str:
    """The part of a URL that is signed."""
    place = url.find("/", PATH_FROM)
    return url[place:] if place >= 0 else ""


def string_to_sign(path: str, *, nonce: str, timestamp: str) -> str:
    return f"POST\n{quote(path, safe='')}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"


def headers(
    url: str,
    *,
    app_id: str,
    app_secret: str,
    app_data: str,
    timestamp: str,
    nonce: str,
    xor_code: str = XOR_CODE,
) -> Mapping[str, str]:
    """Every header of a signed call. `app_data` is `<data centre>,<user>,<language>,<organisation>`."""
    text = string_to_sign(path_of(url), nonce=nonce, timestamp=timestamp)
    return {
        "X-Api-ClientID": app_id.partition("_")[0],
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": timestamp,
        "x-api-nonce": nonce,
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": _signature(client_secret(app_id, xor_code), text),
        "X-Kd-Appkey": app_id,
        "X-Kd-Appdata": base64.b64encode(app_data.encode()).decode(),
        "X-Kd-Signature": _signature(app_secret, app_id + app_data),
    }


def login_sign(*, acct_id: str, user: str, app_id: str, app_secret: str, timestamp: str) -> str:
    """The `sign` of `LoginBySign`: the five words sorted by code point and joined without anything between them."""
    return hashlib.sha256("".join(sorted((acct_id, user, app_id, app_secret, timestamp))).encode()).hexdigest()


def _signature(secret: str, text: str) -> str:
    """Base64 of the hexadecimal *text*, not of the digest's bytes."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()
