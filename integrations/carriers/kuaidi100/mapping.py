"""What 快递100 says of a parcel, in the tower's words. Pure; dictionaries first, unlisted words become `unknown`.

`data` is the parcel's whole way each time: every row is a fact of its own, which stays the same when it comes again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations import routes
from integrations.adapter import Fetch, Message, Said
from integrations.bodies import once, strict_object
from integrations.carriers.kuaidi100 import reading
from integrations.carriers.kuaidi100.words import CARRIERS
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from integrations.records import part, word
from orders.vocabulary import TrackPoint

# Advanced status codes (resultv2 ≥ 4) → (their name, stage). The first digit is no basic code: 101 and 102 are not
# picked up, 210 and 401 are cancelled.
ADVANCED = {
    "101": ("已下单", "label_created"),
    "102": ("待揽收", "label_created"),
    "103": ("已揽收", "picked_up"),
    "1001": ("到达派件城市", "in_transit"),
    "1002": ("干线", "in_transit"),
    "1003": ("转递", "in_transit"),
    "201": ("超时未签收", "exception"),
    "202": ("超时未更新", "exception"),
    "203": ("拒收", "refused"),
    "204": ("派件异常", "exception"),
    "205": ("柜或驿站超时未取", "exception"),
    "206": ("无法联系", "exception"),
    "207": ("超区", "exception"),
    "208": ("滞留", "exception"),
    "209": ("破损", "exception"),
    "210": ("销单", "cancelled"),
    "301": ("本人签收", "signed"),
    "302": ("派件异常后签收", "signed"),
    "303": ("代签", "signed"),
    "304": ("投柜或站签收", "signed"),
    "401": ("已销单", "cancelled"),
    "501": ("投柜或驿站", "at_pickup_point"),
}
# Basic status codes. 4 is a return that the sender signed for.
BASIC = {
    "0": ("在途", "in_transit"),
    "1": ("揽收", "picked_up"),
    "2": ("疑难", "exception"),
    "3": ("签收", "signed"),
    "4": ("退签", "returned"),
    "5": ("派件", "out_for_delivery"),
    "6": ("退回", "returning"),
    "7": ("转投", "in_transit"),
    "8": ("清关", "in_transit"),
    "10": ("待清关", "in_transit"),
    "11": ("清关中", "in_transit"),
    "12": ("已清关", "in_transit"),
    "13": ("清关异常", "exception"),
    "14": ("拒签", "refused"),
}
STAGES = {code: stage for code, (_, stage) in (ADVANCED | BASIC).items()}
# With resultv2=1 a row has the name alone.
STAGES_BY_NAME = dict((*ADVANCED.values(), *BASIC.values()))


def parse(message: Message) -> Sequence[Said | Fetch]:
    """Every row as a fact, oldest first, once. What cannot be read or believed: `Unreadable` in words for people."""
    body = strict_object(message.body)
    if message.kind == routes.NOTICE:
        raise Unreadable(word(body, "reason") or "快递100 的提示没有内容")
    last = body if message.kind == routes.QUERY else part(body, "lastResult")
    results = [last] if message.kind == routes.QUERY else [last, part(body, "destResult")]
    if not any(reading.rows(result) for result in results):
        return []
    waybill = reading.number(last)
    return once(said for result in results for said in _said(result, waybill))


def _said(result: Mapping[str, Any], waybill: str) -> Iterator[Said]:
    """The rows of one courier."""
    company = word(result, "com")
    for row, code in _oldest_first(result):
        doubts = Doubts("kuaidi100")
        yield _fact(company, waybill, row, code, stage_of(row, code, doubts), doubts)


def _oldest_first(result: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Rows with their codes. A row without any status of its own has the parcel's, if it is the newest."""
    rows = reading.TRACK.oldest_first(reversed(reading.rows(result)))
    coded = [(row, word(row, "statusCode")) for row in rows]
    if coded and not coded[-1][1] and not word(coded[-1][0], "status"):
        coded[-1] = (coded[-1][0], word(result, "state"))
    return coded


def stage_of(row: Mapping[str, Any], code: str, doubts: Doubts) -> str:
    """By code, or by name where there is no code. A code that is not listed is `unknown`, whatever its name."""
    if code:
        return doubts.meaning(STAGES, code, "轨迹状态码", "unknown")
    if name := word(row, "status"):
        return doubts.meaning(STAGES_BY_NAME, name, "轨迹状态", "unknown")
    return "unknown"


def _fact(company: str, waybill: str, row: Mapping[str, Any], code: str, stage: str, doubts: Doubts) -> Said:
    at = reading.TRACK.moment(row)
    context = word(row, "context") or word(row, "status")
    return doubts.said(
        key=routes.key(waybill, at, company, code, stage, context),
        subject=waybill,
        snapshot=TrackPoint(
            carrier=CARRIERS.get(company, company[:20]),
            waybill=waybill,
            stage=stage,
            at=at,
            text=reading.TRACK.text(context, f"[{code[:12]}]" if stage == "unknown" and code else ""),
        ),
    )
