"""What arrives but cannot be used as it stands: doubtful rows, and words that a person must see."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.adapter import Message
from integrations.carriers.kuaidi100 import reading
from integrations.records import word
from integrations.routes import Doubtful, notice


def sift(result: dict[str, Any], *, now: datetime) -> Doubtful:
    """Take the doubtful rows out of `result`; they come back with their reasons."""
    kept, doubtful = reading.TRACK.sift(reading.rows(result), now=now)
    if doubtful:
        result["data"] = kept
    return doubtful


def notices_of_watch(envelope: Mapping[str, Any], waybill: str) -> list[Message]:
    """Their watch ended without an end of the parcel, or they found another courier than the tower had named."""
    found = []
    if word(envelope, "status") == "abort":
        said = word(envelope, "message") or "没有说明"
        reason = f"快递100 已停止跟踪 {waybill}：{said[:80]}，请核对单号和快递公司"
        found.append(notice("abort", reason, waybill=waybill, message=said))
    before, after = word(envelope, "comOld"), word(envelope, "comNew")
    if after and after != before:
        reason = f"快递100 认为 {waybill} 的快递公司是 {after[:20]}，不是 {before[:20] or '订阅时所填'}，请核对面单"
        found.append(notice("company", reason, waybill=waybill, before=before, after=after))
    return found


def notice_of_verdict(envelope: Mapping[str, Any]) -> Message:
    """A courier calls back about an interception, in a form that nobody has published: the track tells what is true."""
    waybill, said = word(envelope, "kuaidinum")[:40], word(envelope, "message")[:80] or "没有说明"
    reason = f"快递100 回复了 {waybill} 的拦截：{said}。以物流轨迹为准"
    return notice("intercept", reason, waybill=waybill, envelope=envelope)
