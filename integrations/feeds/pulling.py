"""Asking a source over HTTP: all of it, page by page, or by its own cursor, from the last time on.

The cursor of a poll: `{"since", "until", "page", "next", "last"}`. A round reads everything changed in [since, until);
its end becomes the next round's beginning, less the overlap. Pages are read until one is empty or comes a second time:
a source that gives fewer than were asked for, or that knows no pages, is read to its end all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from integrations.adapter import Access, Message, Polled
from integrations.bodies import digest
from integrations.errors import Permanent, Temporary, Unauthorised, Unreadable
from integrations.feeds import kept, paths, reading
from integrations.feeds.plan import Plan
from integrations.feeds.preferences import Preferences
from integrations.feeds.values import written
from integrations.http import call
from integrations.preferences import first
from integrations.windows import FIRST_LOOK

MOST_PAGES = 5000
LONGEST_CURSOR = 500


def poll(access: Access, wishes: Preferences, plan: Plan, cursor: Mapping[str, Any]) -> Polled:
    """One page, and where to go on."""
    since = _time(cursor.get("since")) or wishes.start or access.now - FIRST_LOOK
    until = _time(cursor.get("until")) or access.now
    polled = _step(access, wishes, plan, cursor, since, until)
    if polled.more:
        return polled
    # The round is over: the next begins where this one ended.
    overlap = timedelta(seconds=wishes.overlap_seconds)
    return Polled(messages=polled.messages, cursor={"since": (until - overlap).isoformat()})


def slice_of(
    access: Access, wishes: Preferences, plan: Plan, start: datetime, end: datetime, cursor: Mapping[str, Any]
) -> Polled:
    """One page of everything changed in [start, end), or since `start` where no end can be asked for."""
    return _step(access, wishes, plan, cursor, start, end)


def fetch(access: Access, wishes: Preferences, plan: Plan, subject: str) -> Message:
    """One order by its number."""
    url = access.base_url.rstrip("/") + wishes.one_path.replace("{id}", quote(subject, safe=""))
    for record in _records(_ask(access, wishes, url, dict(wishes.parameters)), wishes, plan, alone=True):
        if kept.subject_of(record, plan) == subject:
            return kept.one(record, plan)
    raise Permanent("对方没有这个单号", code="not_found")


def _step(
    access: Access,
    wishes: Preferences,
    plan: Plan,
    cursor: Mapping[str, Any],
    since: datetime,
    until: datetime,
) -> Polled:
    parameters = dict(wishes.parameters)
    if wishes.since_parameter:
        parameters[wishes.since_parameter] = wishes.time_text(since)
    if wishes.until_parameter:
        parameters[wishes.until_parameter] = wishes.time_text(until)
    page = int(cursor.get("page") or wishes.first_page)
    following = str(cursor.get("next") or "")
    if wishes.paging != "none" and wishes.size_parameter:
        parameters[wishes.size_parameter] = str(wishes.page_size)
    if wishes.paging == "page":
        parameters[wishes.page_parameter] = str(page)
    elif wishes.paging == "cursor" and following:
        parameters[wishes.page_parameter] = following
    body = _ask(access, wishes, access.base_url, parameters)
    document = _document(body, wishes, plan)
    records = _records(body, wishes, plan, document=document)
    mark = digest(body, 32)
    place = {"since": since.isoformat(), "until": until.isoformat(), "page": page + 1, "last": mark}
    ended = not records or mark == cursor.get("last") or page - wishes.first_page >= MOST_PAGES
    more = wishes.paging == "page" and not ended
    if wishes.paging == "cursor":
        place["next"] = _next(document, wishes)
        more = bool(place["next"]) and place["next"] != following and page - wishes.first_page < MOST_PAGES
    return Polled(messages=kept.messages(records, plan), cursor=place if more else {}, more=more)


def _ask(access: Access, wishes: Preferences, url: str, parameters: dict[str, str]) -> bytes:
    """The answer's bytes. A token may stand in a header, or among the parameters."""
    headers = {"Accept": "*/*"}
    if token := first(access.secrets, "pull_token"):
        if wishes.token_parameter:
            parameters = {**parameters, wishes.token_parameter: token}
        else:
            headers[wishes.token_header] = token
    try:
        if wishes.method == "POST":
            return call("POST", url, json=parameters, headers=headers).content
        return call("GET", url, params=parameters, headers=headers).content
    except Permanent as error:
        if error.code in ("401", "403"):
            raise Unauthorised("对方不认可读取令牌", code=error.code) from error
        raise
    except UnicodeEncodeError as error:
        raise Permanent("令牌里有请求头不能写的字符", code="settings") from error


def _document(body: bytes, wishes: Preferences, plan: Plan) -> reading.Document:
    try:
        return reading.read(body, format=wishes.format, encoding=wishes.encoding, header_row=plan.header_row)
    except Unreadable as error:
        raise Temporary(f"对方的回答读不懂：{error}", code="unreadable_answer") from error


def _records(
    body: bytes, wishes: Preferences, plan: Plan, *, alone: bool = False, document: reading.Document | None = None
) -> list[Any]:
    """The records of an answer. An answer about one order may hold it without the list around it."""
    document = document or _document(body, wishes, plan)
    try:
        return reading.records(document, plan.records, plan.grouping)
    except Unreadable as error:
        if alone and isinstance(document.content, Mapping):
            return [document.content]
        raise Temporary(f"对方的回答读不懂：{error}", code="unreadable_answer") from error


def _next(document: reading.Document, wishes: Preferences) -> str:
    found = paths.find(document.content, paths.parse(wishes.cursor_path))
    try:
        text = "" if found is paths.MISSING else written(found)
    except Unreadable as error:
        raise Temporary("下一页游标不是文字", code="unreadable_answer") from error
    if len(text) > LONGEST_CURSOR:
        raise Temporary("下一页游标过长", code="unreadable_answer")
    return "" if text in ("0", "false") else text


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
