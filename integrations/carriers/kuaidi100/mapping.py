"""What 快递100 says of a parcel, in the tower's words. Pure; dictionaries first, unlisted words become `unknown`.

`data` is the parcel's whole way each time: every row is a fact of its own, which stays the same when it comes again.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.adapter import Fetch, Message, Said
from integrations.carriers.kuaidi100 import reading
from integrations.carriers.kuaidi100.words import CARRIERS, NOTICE, QUERY
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from orders.clock import BEIJING
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

LONGEST_TEXT = 300
# Couriers write people into their texts; what the tower keeps unsealed must not name them.
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})-?\d{3,4}(\d{4})(?!\d)")
_PERSON = re.compile(
    r"((?:签收人|收件人|派件员|派送员|快递员|业务员|收件员|揽收员|联系人|小哥)"
    r"(?:(?:是|为|[:：])\s*[【\[（(]?|[【\[（(])\s*)"
    r"([\u4e00-\u9fff])[\u4e00-\u9fff]{1,3}?(?=[【\[（(】\]）)，,。；;、:：\s\d]|电话|手机|$)"
)
_NOBODY = ("本人", "家人", "家属", "亲", "邻居", "同事", "门卫", "保安", "前台", "物业", "代收", "驿站", "柜")


def parse(message: Message) -> Sequence[Said | Fetch]:
    """Every row as a fact, oldest first, once. What cannot be read or believed: `Unreadable` in words for people."""
    body = reading.read_object(message.body)
    if message.kind == NOTICE:
        raise Unreadable(reading.word(body, "reason") or "快递100 的提示没有内容")
    last = body if message.kind == QUERY else reading.part(body, "lastResult")
    results = [last] if message.kind == QUERY else [last, reading.part(body, "destResult")]
    if not any(reading.rows(result) for result in results):
        return []
    waybill = reading.number(last)
    facts = {said.key: said for result in results for said in _said(result, waybill)}
    return list(facts.values())


def _said(result: Mapping[str, Any], waybill: str) -> Iterator[Said]:
    """The rows of one courier. A parcel that is signed for on its way back is signed for by the sender."""
    company = reading.word(result, "com")
    turned_back = False
    for row, code in _oldest_first(result):
        doubts = Doubts("kuaidi100")
        stage = stage_of(row, code, doubts)
        turned_back = turned_back or stage == "returning"
        if turned_back and stage == "signed":
            stage = "returned"
        yield _fact(company, waybill, row, code, stage, doubts)


def _oldest_first(result: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Rows with their codes. A row without any status of its own has the parcel's, if it is the newest."""
    found = []
    for row in reversed(reading.rows(result)):
        if not isinstance(row, dict):
            raise Unreadable("轨迹里有一行不是对象")
        try:
            found.append((reading.moment(row), row))
        except ValueError as error:
            raise Unreadable("轨迹里有一行的时间无法识别") from error
    found.sort(key=lambda pair: pair[0])
    coded = [(row, reading.word(row, "statusCode")) for _, row in found]
    if coded and not coded[-1][1] and not reading.word(coded[-1][0], "status"):
        coded[-1] = (coded[-1][0], reading.word(result, "state"))
    return coded


def stage_of(row: Mapping[str, Any], code: str, doubts: Doubts) -> str:
    """By code, or by name where there is no code. A code that is not listed is `unknown`, whatever its name."""
    if code:
        return doubts.meaning(STAGES, code, "轨迹状态码", "unknown")
    if name := reading.word(row, "status"):
        return doubts.meaning(STAGES_BY_NAME, name, "轨迹状态", "unknown")
    return "unknown"


def _fact(company: str, waybill: str, row: Mapping[str, Any], code: str, stage: str, doubts: Doubts) -> Said:
    at = reading.moment(row)
    context = reading.word(row, "context") or reading.word(row, "status")
    # Everything that the fact consists of is in its key, so that the same row read otherwise (a new table, another
    # courier) is news and never a contradiction.
    digest = hashlib.sha256("\n".join((company, code, stage, context)).encode()).hexdigest()[:24]
    time = at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
    text = without_people(context[: 2 * LONGEST_TEXT])
    if stage == "unknown" and code:
        text = f"[{code[:12]}] {text}"
    return doubts.said(
        key=f"track:{waybill}:{time}:{digest}",
        subject=waybill,
        snapshot=TrackPoint(
            carrier=CARRIERS.get(company, company[:20]),
            waybill=waybill,
            stage=stage,
            at=at,
            text=text[:LONGEST_TEXT],
        ),
    )


def without_people(text: str) -> str:
    """A courier's sentence without telephone numbers and names."""
    text = _LANDLINE.sub(r"\1****\2", _MOBILE.sub(r"\1****\2", text))
    return _PERSON.sub(_first_letter, text)


def _first_letter(found: re.Match[str]) -> str:
    name = found.group(0)[len(found.group(1)) :]
    return found.group(0) if any(place in name for place in _NOBODY) else f"{found.group(1)}{found.group(2)}**"
