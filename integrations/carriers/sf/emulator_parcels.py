"""The emulated 顺丰's vans: what happens to a parcel from pick-up to signature, one route at a time."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.carriers.sf import emulator_wire as wire
from orders import clock


@dataclass(frozen=True)
class Step:
    """Op code, words, and the status which only a query shows."""

    code: str
    remark: str
    first: str = ""
    first_name: str = ""
    second: str = ""
    reason: str = ""
    reason_name: str = ""


_ROAD = (
    Step("50", "顺丰速运 已收取快件（收派员：{name}，电话：{phone}）", "1", "已揽收", "101"),
    Step("30", "快件在【{origin}集散中心】完成分拣，准备发往【{hub}】", "2", "运送中", "201"),
    Step("36", "快件已在【{hub}】封车", "2", "运送中", "201"),
    Step("31", "快件到达【{city}营业点】", "2", "运送中", "201"),
    Step("44", "快件交给{name}，正在派送途中（联系电话：{phone}）", "3", "派送中", "301"),
)
_SIGNED = Step("80", "已签收，签收人：本人，感谢使用顺丰", "4", "已签收", "401")
_TURN = Step("99", "应寄方要求，快件正在退回", reason="2", reason_name="退回")
_NEW = Step("648", "快件已退回，新单号为：{new_number}")
# The way back is a parcel of its own, with a number of its own.
_BACK = (
    Step("631", "新单退回，原单号：{old_number}"),
    Step("30", "快件在【{city}集散中心】完成分拣，准备发往【{origin}】", "2", "运送中", "201"),
    Step("80", "退回件已由寄件人签收", "4", "已签收", "401"),
)
PLANS: dict[str, tuple[Step, ...]] = {
    "signed": (*_ROAD, _SIGNED),
    "pickup_point": (
        *_ROAD,
        Step("125", "快件已放入丰巢柜，请及时取件", "11", "待取件", "1101"),
        Step("128", "快件已由客户从柜中取出", "4", "已签收", "401"),
    ),
    "refused": (
        *_ROAD,
        Step("70", "收件人拒收快件", "3", "派送中", "301", "26", "拒收"),
        _TURN,
        _NEW,
    ),
    "exception": (*_ROAD, Step("33", "电话无法接通，派件不成功", "13", "待再派", "1301", "4", "电话无法接通")),
    "lost": _ROAD[:3],
    "cancelled": (Step("33", "订单已取消", "5", "已取消", "501"),),
    "back": _BACK,
    # What an interception makes of the rest.
    "stopped": (_TURN, _NEW),
    "redirected": (
        Step("99", "应寄方要求，快件正在转寄至【{new_city}】"),
        Step("31", "快件到达【{new_city}营业点】", "2", "运送中", "201"),
        _ROAD[-1],
        _SIGNED,
    ),
}
ENDS = frozenset({"80", "8000", "128", "679"})
PICKED_UP = frozenset({"50", "54", "631"})
HUBS, CITIES, PEOPLE = ("嘉兴", "武汉", "郑州"), ("成都市", "深圳市", "青岛市"), ("王强", "李军", "赵敏")


@dataclass(frozen=True)
class Route:
    id: str
    at: datetime
    step: Step
    remark: str
    place: str

    def pushed(self, waybill: str, order_id: str) -> dict[str, str]:
        """A pushed route says nothing of the status."""
        return {
            "id": self.id,
            "mailno": waybill,
            "orderid": order_id,
            "acceptTime": wire.local(self.at),
            "acceptAddress": self.place,
            "remark": self.remark,
            "opCode": self.step.code,
            "reasonCode": self.step.reason,
            "reasonName": self.step.reason_name,
        }

    def pulled(self) -> dict[str, str]:
        return {
            "acceptTime": wire.local(self.at),
            "acceptAddress": self.place,
            "remark": self.remark,
            "opCode": self.step.code,
            "firstStatusCode": self.step.first,
            "firstStatusName": self.step.first_name,
            "secondaryStatusCode": self.step.second,
            "secondaryStatusName": self.step.first_name,
        }


@dataclass
class Parcel:
    number: str
    order_id: str = ""
    # The ends of the phones of sender and receiver.
    phones: tuple[str, ...] = ()
    routes: list[Route] = field(default_factory=list)
    plan: Sequence[Step] = PLANS["signed"]
    variant: str = "signed"
    step: int = 0
    # It stands still where there is none.
    next_at: datetime | None = None
    words: dict[str, str] = field(default_factory=dict)
    # What was asked of it on the way: "" · stopped · redirected · too_late
    intercepted: str = ""
    cancelled: bool = False

    @property
    def is_picked_up(self) -> bool:
        return any(route.step.code in PICKED_UP for route in self.routes)

    @property
    def has_ended(self) -> bool:
        return any(route.step.code in ENDS for route in self.routes)

    @property
    def newest(self) -> Route | None:
        return self.routes[-1] if self.routes else None


class Vans:
    """All parcels on the road. `tell` is called for every new route."""

    def __init__(
        self,
        *,
        chance: random.Random,
        options: dict[str, Any],
        tell: Callable[[Parcel, Route], None],
        note: Callable[..., None],
    ) -> None:
        self.parcels: dict[str, Parcel] = {}
        self.chance = chance
        self.options = options
        self.tell = tell
        self.note = note
        self._ids = 0

    def new_number(self) -> str:
        while (number := f"SF7{self.chance.randrange(10**12):012d}") in self.parcels:
            pass
        return number

    def parcel(self, number: str) -> Parcel:
        """The parcel of this number, made where it is new: not every parcel was ordered here."""
        key = number.upper()
        if key not in self.parcels:
            self.parcels[key] = Parcel(key, words=self._words())
        return self.parcels[key]

    def begin(self, parcel: Parcel, *, wait_seconds: float, variant: str = "") -> None:
        """From here on it travels by itself."""
        if variant:
            self.change(parcel, variant)
        if parcel.next_at is None and not parcel.cancelled and parcel.step < len(parcel.plan):
            parcel.next_at = clock.now() + timedelta(seconds=wait_seconds)

    def change(self, parcel: Parcel, variant: str) -> None:
        """It goes another way: the steps which both have are not taken again."""
        if variant not in PLANS:
            raise ValueError(f"variant must be one of {', '.join(PLANS)}")
        before, after, same = parcel.plan, PLANS[variant], 0
        while same < min(parcel.step, len(after)) and before[same] == after[same]:
            same += 1
        parcel.plan, parcel.variant, parcel.step = after, variant, same

    def intercept(self, parcel: Parcel, outcome: str, new_city: str) -> None:
        """The wish was taken; what becomes of it shows on the way."""
        parcel.intercepted = outcome
        if outcome == "too_late":
            return
        parcel.words["new_city"] = new_city
        parcel.plan, parcel.variant, parcel.step = PLANS[outcome], outcome, 0
        parcel.next_at = clock.now() + timedelta(seconds=float(self.options["step_seconds"]))

    def work(self) -> None:
        """Take every step whose time has come."""
        now = clock.now()
        for parcel in list(self.parcels.values()):
            if parcel.next_at is not None and parcel.next_at <= now:
                parcel.next_at = None
                self.take_step(parcel)
                if parcel.step < len(parcel.plan):
                    parcel.next_at = now + timedelta(seconds=float(self.options["step_seconds"]))

    def take_step(self, parcel: Parcel) -> None:
        step = parcel.plan[parcel.step]
        parcel.step += 1
        if step is _NEW:
            self._send_back(parcel)
        self.add(parcel, step)

    def add(self, parcel: Parcel, step: Step, *, at: datetime | None = None) -> Route:
        self._ids += 1
        remark = step.remark.format(**parcel.words) if "{" in step.remark else step.remark
        route = Route(f"{self._ids:015d}", at or clock.now(), step, remark, parcel.words["city"])
        parcel.routes.append(route)
        self.note(
            "row",
            waybill=parcel.number,
            order=parcel.order_id,
            code=step.code,
            time=wire.local(route.at),
            remark=remark,
        )
        self.tell(parcel, route)
        return route

    def _send_back(self, parcel: Parcel) -> None:
        back = self.parcel(self.new_number())
        back.order_id, back.phones, back.plan, back.variant = parcel.order_id, parcel.phones, PLANS["back"], "back"
        back.words = parcel.words | {"old_number": parcel.number}
        back.next_at = clock.now() + timedelta(seconds=float(self.options["step_seconds"]))
        parcel.words["new_number"] = back.number

    def _words(self) -> dict[str, str]:
        return {
            "origin": "杭州市",
            "hub": self.chance.choice(HUBS),
            "city": self.chance.choice(CITIES),
            "new_city": "南京市",
            "new_number": "",
            "old_number": "",
            "name": self.chance.choice(PEOPLE),
            # 1990000 is no range in use.
            "phone": f"1990000{self.chance.randrange(10_000):04d}",
        }
