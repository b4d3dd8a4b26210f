"""What 顺丰 says of a parcel, in the tower's words. Pure; dictionaries first, unlisted words become `unknown`.

The table of op codes is the published part of about 150: the list of sf-express-sdk-go together with what was seen in
production (SFTRACKINGLITE, 3,865 pushed rows). Pushed rows have the op code alone, pulled rows a status as well, which
goes before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations import records, routes
from integrations.adapter import Fetch, Message, Said
from integrations.bodies import once, strict_object
from integrations.carriers.sf import reading, renumbering
from integrations.carriers.sf.words import CARRIER, ORDER_STATE
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from orders.vocabulary import TrackPoint

# Op code → (what it is, stage).
OP_CODES = {
    "50": ("已收件", "picked_up"),
    "54": ("上门收件", "picked_up"),
    "51": ("子件收件", "picked_up"),
    "43": ("入仓", "picked_up"),
    "607": ("代理收件", "picked_up"),
    "655": ("合作点收件", "picked_up"),
    "700": ("拍照收件", "picked_up"),
    "950": ("快速收件", "picked_up"),
    "30": ("装车", "in_transit"),
    "31": ("到达", "in_transit"),
    "36": ("封车", "in_transit"),
    "10": ("航空运输", "in_transit"),
    "11": ("航空运输", "in_transit"),
    "105": ("航空运输", "in_transit"),
    "106": ("航空运输", "in_transit"),
    "302": ("运输", "in_transit"),
    "304": ("运输", "in_transit"),
    "3036": ("运输", "in_transit"),
    "310": ("运输", "in_transit"),
    "15": ("清关", "in_transit"),
    "17": ("清关", "in_transit"),
    "18": ("清关", "in_transit"),
    "605": ("清关", "in_transit"),
    "608": ("清关", "in_transit"),
    "626": ("转交其他快递", "in_transit"),
    "627": ("转交其他快递", "in_transit"),
    "44": ("派送", "out_for_delivery"),
    "204": ("派送", "out_for_delivery"),
    "630": ("派送", "out_for_delivery"),
    "634": ("派送", "out_for_delivery"),
    "880": ("派送", "out_for_delivery"),
    "123": ("待自取", "at_pickup_point"),
    "125": ("放入丰巢柜", "at_pickup_point"),
    "130": ("到店", "at_pickup_point"),
    "642": ("上架待取", "at_pickup_point"),
    "678": ("到驿站", "at_pickup_point"),
    "218": ("待自取", "at_pickup_point"),
    # The courier took it out of the locker again: nobody has it.
    "126": ("快递员从柜中取出", "exception"),
    "128": ("客户取件", "signed"),
    "679": ("驿站取件", "signed"),
    "80": ("签收", "signed"),
    "8000": ("签收", "signed"),
    "935": ("签收", "signed"),
    "97": ("签收", "signed"),
    "33": ("派件异常", "exception"),
    "70": ("派件不成功", "exception"),
    "72": ("派件异常", "exception"),
    "77": ("滞留", "exception"),
    "66": ("滞留", "exception"),
    "34": ("异常", "exception"),
    # A new address, or back to the sender: `stage_of` tells which.
    "99": ("转寄", "in_transit"),
    "648": ("已退回或转寄，新单号", "returning"),
    "631": ("新单退回", "returning"),
    "660": ("退回", "returning"),
    "215": ("退回", "returning"),
}
# firstStatusCode of a pulled row → (what it is, stage).
FIRST_STATUS = {
    "1": ("已揽收", "picked_up"),
    "2": ("运送中", "in_transit"),
    "3": ("派送中", "out_for_delivery"),
    "4": ("已签收", "signed"),
    "5": ("已取消", "cancelled"),
    "11": ("待取件", "at_pickup_point"),
    "13": ("待再派", "exception"),
}
# (Op code, reason code) → stage, where the reason says more than the code.
REASONS = {
    ("70", "46"): "cancelled",
    # The receiver comes for it: no mishap.
    ("70", "83"): "in_transit",
    ("70", "85"): "in_transit",
    ("33", "83"): "in_transit",
    ("33", "85"): "in_transit",
    # Lost, destroyed.
    ("8000", "6"): "exception",
    ("8000", "2"): "exception",
    ("99", "2"): "returning",
}
# Codes whose meaning a first status would hide.
OP_GOES_FIRST = frozenset({"126", "99", "648", "631", "660", "215"})
_BACK = ("退回", "退件", "退还")
_REFUSED = ("拒收", "拒签")
_LOCKER, _TAKEN = "自助柜", ("取出", "取件", "领取", "取走")


def parse(message: Message) -> Sequence[Said | Fetch]:
    """Every row as a fact, oldest first, once. What cannot be read or believed: `Unreadable` in words for people."""
    body = strict_object(message.body)
    if message.kind == routes.NOTICE:
        raise Unreadable(records.word(body, "reason") or "顺丰的提示没有内容")
    if message.kind == ORDER_STATE:
        # The states of an order at 顺丰 are not published; the parcel's own routes tell what matters.
        return []
    rows = reading.rows(body, "rows")
    if not rows:
        return []
    waybill = reading.number(body, "waybill")
    return once(_said(waybill, rows))


def _said(waybill: str, rows: Sequence[Any]) -> Iterator[Said]:
    for row in reading.ROUTES.oldest_first(rows):
        doubts = Doubts("sf")
        yield _fact(waybill, row, stage_of(row, doubts), doubts)


def stage_of(row: Mapping[str, Any], doubts: Doubts) -> str:
    """By status and code, reason and remark. What stands in no table is `unknown`, and doubted."""
    code, first = records.word(row, "opCode"), records.word(row, "firstStatusCode")
    remark, reason = records.word(row, "remark"), records.word(row, "reasonCode")
    stage = doubts.meaning(FIRST_STATUS, first, "一级状态", ("", ""))[1] if first else ""
    if code in OP_GOES_FIRST or not stage:
        stage = doubts.meaning(OP_CODES, code, "路由操作码", ("", "unknown"))[1]
    return _by_words(code, reason, remark, stage)


def _by_words(code: str, reason: str, remark: str, stage: str) -> str:
    """What the reason and the remark add to the codes."""
    if by_reason := REASONS.get((code, reason)):
        return by_reason
    if code == "99" and any(word in remark for word in _BACK):
        return "returning"
    if code == "648" and "转寄" in remark and not any(word in remark for word in _BACK):
        return "in_transit"
    if stage == "exception" and code in ("33", "70") and any(word in remark for word in _REFUSED):
        return "refused"
    if stage == "signed":
        if _LOCKER in remark and not any(word in remark for word in _TAKEN):
            return "at_pickup_point"
        if any(word in remark for word in _BACK):
            return "returned"
    return stage


def _fact(waybill: str, row: Mapping[str, Any], stage: str, doubts: Doubts) -> Said:
    at, code = reading.ROUTES.moment(row), records.word(row, "opCode")
    remark = records.word(row, "remark") or OP_CODES.get(code, ("",))[0]
    reason = records.word(row, "reasonName")
    said = f"{remark}（{reason}）" if reason and reason not in remark else remark
    onward, formerly = renumbering.other_number(waybill, code, remark)
    point = TrackPoint(
        carrier=CARRIER,
        waybill=waybill,
        stage=stage,
        at=at,
        text=reading.ROUTES.text(said, f"[{code[:12]}]" if stage == "unknown" else ""),
        onward=onward,
        formerly=formerly,
    )
    return doubts.said(key=routes.key(waybill, at, code, stage, said), subject=waybill, snapshot=point)
