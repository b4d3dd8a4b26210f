"""K3 Cloud's ways to say no, in the tower's two kinds of no. Pure.

HTTP is 200 also on failure: an answer is a success only where every `ResponseStatus` says `IsSuccess: true`. A query
wraps its error as `[[{"Result": {"ResponseStatus": …}}]]`. Sources: the error codes of the public Java client and the
WebAPI manual. What neither code nor text knows is final (`Permanent`), with its code kept for a person to see.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary, Throttled, Unauthorised
from integrations.records import rows


class SessionLost(Temporary):
    """The session or signature was not recognised. A read may be repeated at once; a write may have landed before."""


class NotEditable(Permanent):
    """The bill is audited: this field cannot be changed there."""


class Locked(Temporary):
    """网控: somebody else is at work on the same bill."""


@dataclass(frozen=True)
class Meaning:
    kind: type[OutsideError]
    wait: float | None = None


# MsgCode → what it means. 0 says nothing: the text decides.
CODES: dict[str, Meaning] = {
    "1": Meaning(SessionLost),
    "2": Meaning(ConnectionAtFault),
    "3": Meaning(ConnectionAtFault),
    "4": Meaning(Temporary),
    "5": Meaning(ConnectionAtFault),
    "6": Meaning(Temporary),
    # Licences are counted by who works just now, so that another time may succeed.
    "7": Meaning(Temporary, 300.0),
    "8": Meaning(Permanent),
    "9": Meaning(ConnectionAtFault),
    "10": Meaning(Permanent),
    "11": Meaning(Permanent),
    "12": Meaning(Permanent),
    "13": Meaning(Locked, 5.0),
    "14": Meaning(Throttled, 60.0),
    "15": Meaning(Unauthorised),
}
# Words in the text → what they mean, asked in this order, and before the code: 4 (exception) and 11 (validation) are
# used for everything.
WORDS: tuple[tuple[tuple[str, ...], Meaning], ...] = (
    (("会话信息已丢失", "请重新登录", "上下文丢失"), Meaning(SessionLost)),
    (("已审核，不允许修改", "已审核,不允许修改"), Meaning(NotEditable)),
    (("是必录字段", "是必填项"), Meaning(Permanent)),
    (("网络控制", "网控"), Meaning(Locked, 5.0)),
    (("调用次数", "频繁", "限流"), Meaning(Throttled, 60.0)),
    (("的字段不存在", "业务对象不存在"), Meaning(ConnectionAtFault)),
    (("没有该功能的操作权限", "操作权限"), Meaning(ConnectionAtFault)),
    (("死锁", "超时", "deadlock", "timeout", "timed out"), Meaning(Temporary)),
)
ERROR_TEXT = "response_error:"
# How deep an envelope lies in an answer at most: [[{"Result": {"ResponseStatus": …}}]].
DEEPEST = 4


def check(answer: Any) -> None:
    """Raise what a failed answer means; silent where nothing in it failed."""
    for status in statuses(answer):
        if status.get("IsSuccess") is not True:
            raise refusal(status)


def statuses(answer: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every `ResponseStatus` of an answer, wherever its envelope lies; rows of a query are not searched."""
    if depth > DEEPEST:
        return
    if isinstance(answer, list):
        # An error is alone in its list: thousands of rows need not be looked through.
        if len(answer) == 1:
            yield from statuses(answer[0], depth + 1)
    elif isinstance(answer, Mapping):
        for name in ("ResponseStatus", "ConvertResponseStatus"):
            if isinstance(found := answer.get(name), Mapping):
                yield found
        yield from statuses(answer.get("Result"), depth + 1)


def refusal(status: Mapping[str, Any]) -> OutsideError:
    """The error to raise for a failed `ResponseStatus`."""
    code = str(status.get("MsgCode", ""))
    errors = [row for row in rows(status, "Errors") if row.get("Message")]
    said = "；".join(_named(row) for row in errors[:5])
    meaning = meaning_of(said, code)
    return meaning.kind(said[:400] or "金蝶拒绝了请求", code=code or "ResponseStatus", retry_after=meaning.wait)


def text_refusal(text: str) -> OutsideError:
    """The error for a body that begins with `response_error:`. A text without a known word is their trouble."""
    said = text.removeprefix(ERROR_TEXT).strip()
    meaning = _by_words(said) or Meaning(Temporary)
    return meaning.kind(said[:400] or "金蝶返回错误", code="response_error", retry_after=meaning.wait)


def meaning_of(text: str, code: str) -> Meaning:
    return _by_words(text) or CODES.get(code) or Meaning(Permanent)


def _by_words(text: str) -> Meaning | None:
    low = text.casefold()
    return next((meaning for words, meaning in WORDS if any(word in low for word in words)), None)


def _named(row: Mapping[str, Any]) -> str:
    field = row.get("FieldName")
    return f"{field}：{row['Message']}" if field else str(row["Message"])
