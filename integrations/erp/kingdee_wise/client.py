"""One call to K3 WISE's K3API. Raises only `integrations.errors`.

Source: the K3API of K3 WISE 14.3 and later: `GET K3API/Token/Create?authorityCode=…`, every other call with the token
in its query string. Tokens are kept per process, by address and code.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations import bodies, preferences
from integrations.adapter import Access
from integrations.erp.kingdee_wise.preferences import Bill, Preferences
from integrations.errors import Permanent, Temporary, Unauthorised, Unreadable
from integrations.http import call as http_call
from orders import clock

SUCCESS, NOT_ALLOWED = "200", "401"
# A token this near to its end is not begun with.
SPARE = timedelta(seconds=60)
# By address and code: the token and when it ends. Two threads may fetch one each; a dead one is found out by its use.
_tokens: dict[str, tuple[str, datetime]] = {}


class TokenLost(Temporary):
    """They do not know the token any more: it is forgotten here, so that the next call asks for another."""


def rows(access: Access, bill: Bill, fields: Sequence[str], where: str, *, order: str, page: int) -> list[Any]:
    """One page of a list, counted from 1; asked once more where the token was lost meanwhile."""
    wishes = Preferences(access.settings)
    asked = {
        "Top": str(wishes.pages() * wishes.page_size()),
        "PageSize": str(wishes.page_size()),
        "PageIndex": str(page),
        "SelectPage": wishes.text("select_page", "2"),
        "Fields": ",".join(dict.fromkeys(field for field in fields if field)),
        "Filter": where,
        "OrderBy": order,
    }
    try:
        answer = post(access, bill, "GetList", asked)
    except TokenLost:
        try:
            answer = post(access, bill, "GetList", asked)
        except TokenLost as error:
            raise Unauthorised(f"K3API 不认可刚取得的令牌：{error}", code=error.code) from error
    return _rows_in(answer, wishes.text("list_rows").split("."))


def post(access: Access, bill: Bill, service: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """One attempt, with the token at hand or a new one."""
    token = _token(access)
    sent = json.dumps({"Data": data}, ensure_ascii=False).encode(errors="replace")
    try:
        return _answered(access, "POST", f"{bill.name}/{service}", {"token": token}, sent)
    except Unauthorised as error:
        if _tokens.get(_key(access), ("",))[0] == token:
            _tokens.pop(_key(access), None)
        raise TokenLost(str(error), code=error.code) from error


def _answered(
    access: Access, method: str, path: str, params: Mapping[str, str], data: bytes | None = None
) -> Mapping[str, Any]:
    """The answer, where it says that it is a success."""
    url = f"{access.base_url.rstrip('/')}/K3API/{path}"
    headers = {"Content-Type": "application/json; charset=utf-8"} if data else {}
    try:
        response = http_call(method, url, params=params, data=data, headers=headers)
    except Permanent as error:
        if error.code == NOT_ALLOWED:
            raise Unauthorised("K3API 拒绝授权", code=NOT_ALLOWED) from error
        raise
    try:
        answer = bodies.read(response.content)
    except Unreadable as error:
        text = "K3API 的回答不是 JSON；如果开启了返回加密，请关闭：本连接器不支持"
        raise Temporary(text, code="unreadable_answer") from error
    if not isinstance(answer, dict) or "StatusCode" not in answer:
        raise Temporary("K3API 的回答里没有 StatusCode", code="unreadable_answer")
    code, said = str(answer["StatusCode"])[:40], str(answer.get("Message") or "")[:200]
    if code == SUCCESS:
        return answer
    if code == NOT_ALLOWED:
        raise Unauthorised(f"K3API 拒绝授权：{said}", code=code)
    again = code in Preferences(access.settings).text("retry_codes").replace(" ", "").split(",")
    raise (Temporary if again else Permanent)(f"K3API 拒绝：{said or code}", code=code)


def _rows_in(answer: Mapping[str, Any], path: Sequence[str]) -> list[Any]:
    """The rows, where the settings say that they stand; `null` on the way is a list of nothing."""
    found: Any = answer
    for step in path:
        if found is None:
            return []
        if isinstance(found, str):
            raise Permanent("K3API 的返回是加密的，请关闭返回加密：本连接器不支持", code="encrypted")
        if not isinstance(found, dict) or step not in found:
            raise Temporary(f"K3API 的回答里没有 {'.'.join(path)}", code="unreadable_answer")
        found = found[step]
    if found is None:
        return []
    if not isinstance(found, list):
        raise Temporary(f"K3API 回答里的 {'.'.join(path)} 不是列表", code="unreadable_answer")
    return found


# Tokens -------------------------------------------------------------------------------------------------------------


def _token(access: Access) -> str:
    key, now = _key(access), clock.now()
    known, ends = _tokens.get(key, ("", now))
    if now + SPARE < ends:
        return known
    answer = _answered(access, "GET", "Token/Create", {"authorityCode": _code(access)})
    data = answer.get("Data")
    if not isinstance(data, dict):
        raise Temporary("K3API 没有返回令牌", code="unreadable_answer")
    if data.get("Code") == "N":
        raise Unauthorised(f"授权码不对：{str(answer.get('Message') or '')[:200]}", code="N")
    token, validity = data.get("Token"), str(data.get("Validity"))
    if not isinstance(token, str) or not token or not re.fullmatch("[0-9]{1,9}", validity):
        raise Temporary("K3API 没有返回令牌和有效期", code="unreadable_answer")
    _tokens[key] = (token, now + timedelta(seconds=int(validity)))
    return token


def _key(access: Access) -> str:
    joined = "\x00".join((str(access.connection_id), access.base_url, _code(access)))
    return hashlib.sha256(joined.encode(errors="replace")).hexdigest()


def _code(access: Access) -> str:
    code = preferences.first(access.secrets, "authority_code")
    if not code:
        raise Unauthorised("没有配置授权码", code="no_authority_code")
    return code
