"""The emulated couriers: what happens to a parcel from the order to the signature, one row at a time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.carriers.kuaidi100 import emulator_wire as wire
from orders import clock

# Advanced code → (its name, the basic state that goes with it, the basic name).
WORDS = {
    "101": ("已下单", "0", "在途"),
    "103": ("已揽收", "1", "揽收"),
    "1002": ("干线", "0", "在途"),
    "1001": ("到达派件城市", "0", "在途"),
    "1003": ("转递", "0", "在途"),
    "5": ("派件", "5", "派件"),
    "203": ("拒收", "14", "拒签"),
    "204": ("派件异常", "2", "疑难"),
    "206": ("无法联系", "2", "疑难"),
    "301": ("本人签收", "3", "签收"),
    "302": ("派件异常后签收", "3", "签收"),
    "304": ("投柜或站签收", "3", "签收"),
    "401": ("已销单", "0", "在途"),
    "501": ("投柜或驿站", "5", "派件"),
    "6": ("退回", "6", "退回"),
    "4": ("退签", "4", "退签"),
}
_ROAD = (
    ("101", "您的订单已下单，等待快递员上门揽收"),
    ("103", "【{origin}】快件已被揽收，揽收员：{name}，电话：{phone}"),
    ("1002", "【{origin}】快件已发往【{hub}转运中心】"),
    ("1002", "【{hub}转运中心】快件已发往【{city}】"),
    ("1001", "快件已到达【{city}】"),
    ("5", "【{city}】派件员：{name}（{phone}）正在派件"),
)
_BACK = (
    ("6", "【{city}】快件正在退回寄件方"),
    ("1002", "【{hub}转运中心】退回件已发往【{origin}】"),
    ("4", "【{origin}】退回件已由寄件人签收"),
)
PLANS: dict[str, tuple[tuple[str, str], ...]] = {
    "signed": (*_ROAD, ("301", "【{city}】已签收，签收人：本人")),
    "pickup_point": (*_ROAD, ("501", "快件已存放至【{city}】驿站"), ("304", "已从驿站取出，签收人：家人")),
    "refused": (*_ROAD, ("203", "【{city}】收件人拒收"), *_BACK),
    "returning": (*_ROAD[:4], *_BACK),
    "redirected": (
        *_ROAD[:4],
        ("1003", "【{hub}转运中心】快件按寄件方要求转寄新地址"),
        *_ROAD[4:],
        ("301", "【{city}】已签收，签收人：本人"),
    ),
    "exception": (*_ROAD, ("206", "【{city}】电话无法接通，派件失败")),
    "signed_after_exception": (
        *_ROAD,
        ("204", "【{city}】收件人要求改日派送"),
        _ROAD[-1],
        ("302", "【{city}】已签收，签收人：本人"),
    ),
    "cancelled": (_ROAD[0], ("401", "订单已销单")),
    "lost": _ROAD[:4],
}
LAST_CODES = frozenset({"3", "301", "302", "303", "304", "4"})
HUBS = ("嘉兴", "武汉", "郑州", "南昌")
CITIES = ("成都市", "深圳市", "青岛市", "北京市", "西安市")
PEOPLE = ("王强", "李军", "赵敏", "陈刚")


@dataclass(frozen=True)
class Row:
    at: datetime
    code: str
    context: str
    place: str = ""

    def shown(self, resultv2: str) -> dict[str, str]:
        """As their answers show it: names and codes only to those who asked for them."""
        found = {"time": wire.local(self.at), "ftime": wire.local(self.at), "context": self.context}
        name, _, state_name = WORDS.get(self.code, ("", "", ""))
        if resultv2 == "1":
            found |= {"areaCode": "", "areaName": self.place, "status": state_name}
        elif resultv2 not in ("", "0"):
            found |= {"areaCode": "", "areaName": self.place, "location": self.place}
            found |= {"status": name, "statusCode": self.code}
        return found


@dataclass
class Subscription:
    callback: str
    # `None`: no salt was named, so pushes carry no sign. The empty text signs.
    salt: str | None
    resultv2: str
    # polling · shutdown · abort
    status: str = "polling"
    ended_at: datetime | None = None


@dataclass
class Parcel:
    number: str
    company: str
    rows: list[Row] = field(default_factory=list)
    variant: str = "signed"
    # How many steps of the plan were taken; it stands still where `next_at` is None.
    step: int = 0
    next_at: datetime | None = None
    words: dict[str, str] = field(default_factory=dict)
    subscription: Subscription | None = None
    subscribed_at: list[datetime] = field(default_factory=list)
    asked_at: datetime | None = None
    company_before: str = ""
    # What an interception made of it: "" · returning · redirected · too_late
    intercepted: str = ""

    @property
    def newest(self) -> Row | None:
        return max(reversed(self.rows), key=lambda row: row.at, default=None)

    @property
    def has_ended(self) -> bool:
        return any(row.code in LAST_CODES for row in self.rows)

    def result(self, resultv2: str) -> dict[str, Any]:
        """The whole way, newest row first."""
        newest = self.newest
        state = WORDS.get(newest.code, ("", newest.code, ""))[1] if newest else "0"
        # Of two rows of one second the later told stands first.
        told = sorted(enumerate(self.rows), key=lambda pair: (pair[1].at, pair[0]), reverse=True)
        return {
            "message": "ok",
            "nu": self.number,
            "ischeck": "1" if state == "3" else "0",
            "com": self.company,
            "status": "200",
            "state": state,
            "condition": "F00",
            "data": [row.shown(resultv2) for _, row in told],
        }


class Couriers:
    """All parcels on the road. `tell` is called after every new row."""

    def __init__(
        self,
        *,
        chance: random.Random,
        options: dict[str, Any],
        tell: Callable[[Parcel], None],
        note: Callable[..., None],
        row_time: Callable[[], datetime],
    ) -> None:
        self.parcels: dict[str, Parcel] = {}
        self.chance = chance
        self.options = options
        self.tell = tell
        self.note = note
        self.row_time = row_time

    def parcel(self, number: str, company: str = "") -> Parcel:
        """The parcel of this number, made where it is new."""
        found = self.parcels.get(number.upper())
        if found is None:
            found = self.parcels[number.upper()] = Parcel(number, company or "yuantong", words=self._words())
        elif company and not found.rows:
            found.company = company
        return found

    def begin(self, parcel: Parcel, *, wait_seconds: float, variant: str = "") -> None:
        """已下单 now, and the rest by itself. A parcel that is on its way already goes on as it does."""
        if variant:
            parcel.variant = known_plan(variant)
        if parcel.step == 0:
            self._take_step(parcel)
        if parcel.next_at is None and not self._is_done(parcel):
            parcel.next_at = clock.now() + timedelta(seconds=wait_seconds)

    def change(self, parcel: Parcel, variant: str) -> None:
        """From here on it goes another way: the steps which both have are not taken again."""
        before, after = PLANS[parcel.variant], PLANS[known_plan(variant)]
        same = 0
        while same < min(parcel.step, len(after)) and before[same] == after[same]:
            same += 1
        parcel.variant, parcel.step = variant, same
        parcel.next_at = clock.now() + timedelta(seconds=float(self.options["step_seconds"]))

    def work(self) -> None:
        """Take every step whose time has come."""
        now = clock.now()
        for parcel in list(self.parcels.values()):
            if parcel.next_at is not None and parcel.next_at <= now:
                parcel.next_at = None
                self._take_step(parcel)
                if not self._is_done(parcel):
                    parcel.next_at = now + timedelta(seconds=float(self.options["step_seconds"]))

    def add(self, parcel: Parcel, code: str, context: str, *, at: datetime | None = None) -> Row:
        row = Row(at or self.row_time(), code, context, parcel.words["city"])
        parcel.rows.append(row)
        self.note("row", waybill=parcel.number, code=code, time=wire.local(row.at), context=context)
        self.tell(parcel)
        return row

    def _take_step(self, parcel: Parcel) -> None:
        code, context = PLANS[parcel.variant][parcel.step]
        parcel.step += 1
        self.add(parcel, code, context.format(**parcel.words))

    def _is_done(self, parcel: Parcel) -> bool:
        return parcel.step >= len(PLANS[parcel.variant])

    def _words(self) -> dict[str, str]:
        return {
            "origin": "杭州市",
            "hub": self.chance.choice(HUBS),
            "city": self.chance.choice(CITIES),
            "name": self.chance.choice(PEOPLE),
            # 1990000 is no range in use.
            "phone": f"1990000{self.chance.randrange(10_000):04d}",
        }


def known_plan(variant: str) -> str:
    if variant not in PLANS:
        raise ValueError(f"variant must be one of {', '.join(PLANS)}")
    return variant
