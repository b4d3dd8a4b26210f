"""JD's ways to say no, in the tower's two kinds of no. Pure.

Sources: the public list of gateway codes (2 to 15) and the codes seen in integrations (18, 19, 24, 32, 62); JD's whole
list is not published, so that the Chinese text decides where a code stands in no table. What neither table nor text
knows is final (`Permanent`) with its code kept, so that a person can see it.
"""

from collections.abc import Mapping
from typing import Any

from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary, Throttled, Unauthorised

# Gateway code → seconds to wait. Code 2 counts failed calls over a long time.
THROTTLES = {"2": 600.0, "24": 60.0, "32": 60.0}
# 18 missing, 19 invalid or expired access_token
TOKEN_CODES = frozenset({"18", "19"})
# 4, 5 version · 7, 8 timestamp · 11, 12 signature · 14, 15 method
CALLER_CODES = frozenset({"4", "5", "7", "8", "11", "12", "14", "15"})
# 62: the service behind the gateway.
TEMPORARY_CODES = frozenset({"62"})
# What a business answer says when it is worth another try (shipping; seen in public integrations).
RETRY_CODES = frozenset({"999999", "99999999"})

# Words in the text → what they mean, asked in this order.
WORDS: tuple[tuple[type[OutsideError], tuple[str, ...]], ...] = (
    (Throttled, ("频繁", "超限", "限流", "流控", "调用次数", "limited", "too many")),
    (Unauthorised, ("access_token", "token", "授权", "unauthorized")),
)
CALLER_WORDS = ("签名", "app_key", "appkey", "权限", "permission", "signature")
TEMPORARY_WORDS = ("不可用", "超时", "稍后", "系统异常", "系统错误", "系统繁忙", "timeout", "unavailable")
# "The application cannot be judged so, perhaps it was judged already": read it again.
ANSWERED_ALREADY = "是否已审核"


def gateway_refusal(envelope: Mapping[str, Any]) -> OutsideError:
    """The error to raise for the inside of an `error_response`."""
    code = str(envelope.get("code", ""))
    said = str(envelope.get("zh_desc") or envelope.get("en_desc") or envelope.get("msg") or "")
    wait = THROTTLES.get(code)
    if code in THROTTLES:
        kind: type[OutsideError] = Throttled
    elif code in TOKEN_CODES:
        kind = Unauthorised
    elif code in CALLER_CODES:
        kind = ConnectionAtFault
    elif code in TEMPORARY_CODES:
        kind = Temporary
    else:
        kind = _by_words(f"{said} {envelope.get('en_desc') or ''}", business=False)
    return kind(said or "京东拒绝了请求", code=code or "error_response", retry_after=wait)


def business_refusal(code: str, text: str) -> OutsideError:
    """The error for a no inside the answer itself (`apiResult`, `sopjosshipment_result`, `replyResult`)."""
    kind = Temporary if code in RETRY_CODES else _by_words(text, business=True)
    return kind(text or "京东没有接受", code=code or "business")


def token_refusal(code: str, text: str) -> OutsideError:
    """The error for a token that could not be refreshed: unless they are only busy, a person must authorise again."""
    kind = _by_words(text, business=True)
    return (kind if issubclass(kind, Temporary) else Unauthorised)(text or "京东没有续期授权", code=code or "oauth")


def _by_words(text: str, *, business: bool) -> type[OutsideError]:
    """What a text means. In a business answer words such as 授权 or 权限 are about the data, not about the caller."""
    low = text.casefold()
    for kind, words in WORDS:
        if (kind is Throttled or not business) and any(word in low for word in words):
            return kind
    if not business and any(word in low for word in CALLER_WORDS):
        return ConnectionAtFault
    return Temporary if any(word in low for word in TEMPORARY_WORDS) else Permanent
