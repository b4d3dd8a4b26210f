"""指标: every figure of the business, defined once. What nobody can know yet is unknown, and says why.

All are over the orders that were placed on their platform in the window, and what is recorded of them until now.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders.selectors.access import Access
from orders.selectors.figures import Placed, Stops
from orders.selectors.spread import Spread

LONGEST = timedelta(days=31)


@dataclass(frozen=True)
class Goal:
    """`sign` stands between the value and the limit."""

    sign: str
    limit: float

    def met_by(self, value: float) -> bool:
        return {">=": value >= self.limit, "<=": value <= self.limit, "<": value < self.limit}[self.sign]


@dataclass(frozen=True, kw_only=True)
class Definition:
    key: str
    name: Any
    # ratio · seconds · yuan
    unit: str
    text: Any
    goal: Goal | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure, or one part of it (a shop, a stage). A `value` of `None` is not known: see `unknown`."""

    definition: Definition
    part: Any = None
    numerator: float | Decimal | None = None
    denominator: int | None = None
    value: float | Decimal | None = None
    unknown: Any = ""
    # Where the whole truth is unknown but cannot be better than this.
    at_most: float | None = None
    spread: Spread | None = None
    # Counted beside it, not in it.
    beside: dict[str, int] = field(default_factory=dict)
    parts: tuple["Figure", ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; `None` where that is not known, or there is none."""
        goal = self.definition.goal
        if goal is None:
            return None
        if self.value is not None:
            return goal.met_by(float(self.value))
        return False if self.at_most is not None and goal.sign == ">=" and self.at_most < goal.limit else None


INTERCEPTION = Definition(
    key="interception_rate",
    name=_("异常拦截率"),
    unit="ratio",
    goal=Goal(">=", 0.85),
    text=_(
        "系统在货物离开前锁住、经人确认的次数 ÷（这些次数 + 已发出才发现的次数）。人工锁单另计，未复核的不算。"
        "分母目前只有“锁单期间发货”经确认的次数，退货、投诉等事后发现的还没有来源"
    ),
)
PROCESSING = Definition(
    key="processing_time",
    name=_("平均处理时效"),
    unit="seconds",
    goal=Goal("<=", 480),
    text=_("平台下单 → 指挥塔第一次记录该订单状态，平均值；另有中位数、95 和 99 百分位。分子是总秒数，分母是订单数"),
)
MANUAL = Definition(
    key="manual_share",
    name=_("人工干预比例"),
    unit="ratio",
    goal=Goal("<", 0.05),
    text=_("至少有一次人工决定（不含打包、打印、取号、交接等日常操作和被拒绝的操作）的订单数 ÷ 全部订单数"),
)
WRONG = Definition(
    key="wrong_parcel_rate",
    name=_("错发率"),
    unit="ratio",
    text=_("错发的包裹数 ÷ 已交接的包裹数"),
)
SYNC = Definition(
    key="sync_delay",
    name=_("同步延迟"),
    unit="seconds",
    goal=Goal("<=", 180),
    text=_("平台变更时间 → 在指挥塔可见，99 百分位，分店铺。只算经系统连接（推送或轮询）收到的变更；分母是变更数"),
)
CYCLE = Definition(
    key="fulfilment_cycle",
    name=_("履约周期"),
    unit="seconds",
    text=_("各环节的平均用时：下单 → 付款 → 推送仓库 → 打包 → 发货 → 签收。分母是走完该环节的订单数或包裹数"),
)
LOSS = Definition(
    key="avoided_loss",
    name=_("避免损失"),
    unit="yuan",
    text=_("异常拦截率分子中每次拦截的预计损失之和，金额来自商家自己的成本表。分母是这些拦截的次数"),
)
STAGES = {
    "paid": _("下单 → 付款"),
    "released": _("付款 → 推送仓库"),
    "packed": _("推送仓库 → 打包"),
    "shipped": _("打包 → 发货"),
    "signed": _("发货 → 签收"),
}
NO_LATE_FINDINGS = _("事后发现的错误（退货、投诉）还没有来源，实际值不会高于 at_most")
NO_ORDERS = _("这段时间没有订单")
NOTHING_MEASURED = _("这段时间没有可计算的记录")


def figures(access: Access, *, start: datetime, end: datetime, shop_id: int | None = None) -> tuple[Figure, ...]:
    """Every figure over the caller's orders placed in [start, end), in a fixed number of queries."""
    placed = Placed(access, start, end, shop_id)
    orders, stops = placed.count(), placed.stops()
    overall, by_shop = placed.sync_delay()
    return (
        _interception(stops),
        _mean(PROCESSING, placed.processing(), nothing=NO_ORDERS),
        _manual(placed.decided_by_people(), orders),
        Figure(
            definition=WRONG,
            denominator=placed.handed_over(),
            unknown=_("错发要由退货、投诉和盘点说明，这些还没有来源"),
        ),
        _sync(overall, by_shop),
        Figure(
            definition=CYCLE,
            unknown=_("各环节分别计算，见 parts"),
            parts=tuple(replace(_mean(CYCLE, spread), part=stage) for stage, spread in placed.stages().items()),
        ),
        _loss(stops),
    )


def _interception(stops: Stops) -> Figure:
    """Never 100 % because nobody has looked: the known part is a bound, not the value."""
    known = stops.confirmed + stops.breaches
    return Figure(
        definition=INTERCEPTION,
        numerator=stops.confirmed,
        denominator=known,
        unknown=NO_LATE_FINDINGS if known else NOTHING_MEASURED,
        at_most=_ratio(stops.confirmed, known),
        beside={"undecided": stops.undecided, "false_alarms": stops.false_alarms, "by_people": stops.by_people},
    )


def _manual(decided: int, orders: int) -> Figure:
    value = _ratio(decided, orders)
    unknown = "" if orders else NO_ORDERS
    return Figure(definition=MANUAL, numerator=decided, denominator=orders, value=value, unknown=unknown)


def _mean(definition: Definition, spread: Spread, *, nothing: Any = NOTHING_MEASURED) -> Figure:
    total = None if spread.mean is None else round(spread.mean * spread.count, 3)
    return Figure(
        definition=definition,
        numerator=total,
        denominator=spread.count,
        value=spread.mean,
        unknown="" if spread.count else nothing,
        spread=spread,
    )


def _sync(overall: Spread, by_shop: dict[int, Spread]) -> Figure:
    """Its value is the 99th percentile, which the goal speaks of."""
    whole, *parts = (
        replace(_mean(SYNC, spread), value=spread.p99, part=shop)
        for shop, spread in [(None, overall), *sorted(by_shop.items())]
    )
    if not overall.count:
        whole = replace(whole, unknown=_("这段时间没有经系统连接收到的平台变更"))
    return replace(whole, parts=tuple(parts))


def _loss(stops: Stops) -> Figure:
    known = stops.without_amount == 0
    return Figure(
        definition=LOSS,
        numerator=stops.loss if known else None,
        denominator=stops.confirmed,
        value=stops.loss if known else None,
        unknown="" if known else _("有拦截没有金额：成本表还没有维护"),
        beside={"without_amount": stops.without_amount},
    )


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
