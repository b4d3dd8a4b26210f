"""What arrives but cannot be used as it stands, found while the time of arrival is at hand (a mapping has no clock).

Rows from the future, from another year, or without a time are taken out of the list. They come again with every later
push or query, and count from the moment at which they can be true. What a person must see becomes a notice: a message
of its own, which `mapping.parse` parks with the reason written in it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Message
from integrations.carriers.kuaidi100 import reading
from integrations.carriers.kuaidi100.words import NOTICE

# A terminal's clock may be a little fast.
EARLIEST_FUTURE = timedelta(minutes=10)
# Couriers use a number again after some months: older rows are another parcel's way.
LONGEST_PAST = timedelta(days=180)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def sift(result: dict[str, Any], *, now: datetime) -> list[tuple[str, Any]]:
    """Take the doubtful rows out of `result`; they come back with their reasons."""
    doubtful, kept = [], []
    for row in reading.rows(result):
        if reason := doubt(row, now=now):
            doubtful.append((reason, row))
        else:
            kept.append(row)
    if doubtful:
        result["data"] = kept
    return doubtful


def doubt(row: Any, *, now: datetime) -> str:
    """Why a row cannot be believed now; empty where it can."""
    if not isinstance(row, dict):
        return "轨迹里有一行不是对象，未采用"
    try:
        at = reading.moment(row)
    except ValueError:
        return "轨迹时间无法识别，未采用"
    if at > now + EARLIEST_FUTURE:
        return "轨迹时间晚于收到时间 10 分钟以上，未采用；到时间后的推送或查询会再带上它"
    if at < now - LONGEST_PAST:
        return "轨迹早于收到时间 180 天以上，可能是同一单号的上一个包裹，未采用"
    return ""


def notice(kind: str, reason: str, **facts: Any) -> Message:
    """A message that is nothing but its reason. The same facts again are the same message."""
    body = to_bytes({"reason": reason, **facts})
    return Message(kind=NOTICE, key=f"{kind}:{digest(body)}", body=body)


def notices_of_rows(waybill: str, doubtful: list[tuple[str, Any]]) -> list[Message]:
    """One notice for each reason, so that a push with many such rows fills no list."""
    reasons = dict.fromkeys(reason for reason, _ in doubtful)
    return [
        notice("rows", f"{waybill}：{reason}", waybill=waybill, rows=[row for why, row in doubtful if why == reason])
        for reason in reasons
    ]


def notices_of_watch(envelope: Mapping[str, Any], waybill: str) -> list[Message]:
    """Their watch ended without an end of the parcel, or they found another courier than the tower had named."""
    found = []
    if reading.word(envelope, "status") == "abort":
        said = reading.word(envelope, "message") or "没有说明"
        reason = f"快递100 已停止跟踪 {waybill}：{said[:80]}，请核对单号和快递公司"
        found.append(notice("abort", reason, waybill=waybill, message=said))
    before, after = reading.word(envelope, "comOld"), reading.word(envelope, "comNew")
    if after and after != before:
        reason = f"快递100 认为 {waybill} 的快递公司是 {after[:20]}，不是 {before[:20] or '订阅时所填'}，请核对面单"
        found.append(notice("company", reason, waybill=waybill, before=before, after=after))
    return found


def notice_of_verdict(envelope: Mapping[str, Any]) -> Message:
    """A courier calls back about an interception, in a form that nobody has published: the track tells what is true."""
    waybill, said = reading.word(envelope, "kuaidinum")[:40], reading.word(envelope, "message")[:80] or "没有说明"
    reason = f"快递100 回复了 {waybill} 的拦截：{said}。以物流轨迹为准"
    return notice("intercept", reason, waybill=waybill, envelope=envelope)


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """As ASCII, which carries even half characters unharmed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
