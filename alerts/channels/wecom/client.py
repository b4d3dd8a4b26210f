"""The robot's one call. It answers HTTP 200 to almost everything: only `errcode` says whether the message went out.

WeCom document path/91770: 20 messages per minute per robot, then 45009; 93000 for a wrong or removed key.
"""

from collections.abc import Mapping
from typing import Any

from integrations import http
from integrations.errors import OutsideError, Permanent, Temporary

BUSY = -1
TOO_OFTEN = 45009
# Their window is a minute, and they do not say when it began.
WINDOW_SECONDS = 60.0


def send(base_url: str, key: str, message: Mapping[str, Any]) -> str:
    """Send one message. Robots give messages no id, so the answer is ""."""
    failure: OutsideError | None = None
    try:
        response = http.call(
            "POST", f"{base_url.rstrip('/')}/cgi-bin/webhook/send", params={"key": key}, json=dict(message)
        )
    except OutsideError as error:
        # Raised anew below, outside this block: what hangs on the original as its cause has the key in its text.
        failure = type(error)(str(error), code=error.code, retry_after=error.retry_after)
    if failure:
        raise failure
    try:
        answer = response.json()
        code, words = int(answer["errcode"]), str(answer.get("errmsg", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Temporary("the answer is not the robot's", code="unreadable") from None
    judge(code, words.replace(key, "…")[:200])
    return ""


def judge(code: int, words: str) -> None:
    """Raise what `errcode` means; 0 is the only yes."""
    if code == 0:
        return
    said = f"errcode {code}: {words}"
    if code == TOO_OFTEN:
        raise Temporary(said, code=str(code), retry_after=WINDOW_SECONDS)
    if code == BUSY:
        raise Temporary(said, code=str(code))
    raise Permanent(said, code=str(code))
