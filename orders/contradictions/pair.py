"""What one entry of the table is: two systems that cannot both be right, who likely is wrong, and what to do first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from orders.contradictions.picture import Picture


class Side(TextChoices):
    PLATFORM = "platform", _("平台")
    ERP = "erp", "ERP"
    WMS = "wms", _("仓库系统")
    COURIER = "courier", _("快递")
    TOWER = "tower", _("指挥塔")


class Level(StrEnum):
    # Goods or money are at risk now.
    CRITICAL = "critical"
    WARNING = "warning"


class Cure(TextChoices):
    """What is tried before a person is asked."""

    READ_PLATFORM = "read_platform", _("重新读取平台订单")
    ASK_WAREHOUSE = "ask_warehouse", _("查询仓库")
    ASK_ERP = "ask_erp", _("查询 ERP")
    ASK_COURIER = "ask_courier", _("查询快递轨迹")
    DELIVER_AGAIN = "deliver_again", _("重新下发仓库")
    TELL_PLATFORM = "tell_platform", _("重新回传平台")
    TELL_ERP = "tell_erp", _("重新告知 ERP")
    CORRECT_ERP = "correct_erp", _("更正 ERP：已出库，不要重推")
    CANCEL_DELIVERY = "cancel_delivery", _("取消出库单")
    PEND = "pend", _("通知仓库暂停")
    RECYCLE = "recycle", _("回收面单号")
    INTERCEPT = "intercept", _("快递拦截")


CURES_IN_ENGLISH = {
    Cure.READ_PLATFORM: "read the order at the platform again",
    Cure.ASK_WAREHOUSE: "ask the warehouse again",
    Cure.ASK_ERP: "ask the ERP again",
    Cure.ASK_COURIER: "ask the courier again",
    Cure.DELIVER_AGAIN: "send it to the warehouse again",
    Cure.TELL_PLATFORM: "tell the platform again",
    Cure.TELL_ERP: "tell the ERP again",
    Cure.CORRECT_ERP: "correct the ERP: shipped already, do not push",
    Cure.CANCEL_DELIVERY: "cancel the delivery at the warehouse",
    Cure.PEND: "pend it at the warehouse",
    Cure.RECYCLE: "give the waybill number back",
    Cure.INTERCEPT: "ask the courier to stop it",
}


@dataclass(frozen=True, kw_only=True)
class Sight:
    """The contradiction as it stands in one picture. `subject` tells two of one kind apart."""

    subject: str
    since: datetime
    # In Chinese: numbers and words that make the title concrete.
    detail: str = ""
    parcel: int | None = None
    waybill: str = ""
    carrier: str = ""
    # Where the seller's own promise decides how long it may stand.
    grace: timedelta | None = None


Seeing = Callable[[Picture], Iterator[Sight]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    code: str
    title: str
    title_en: str
    # Who says what, in the words of claims.
    one: tuple[Side, str]
    other: tuple[Side, str]
    wrong: Side
    why: str
    why_en: str
    level: Level
    # How long it may stand before it counts: most words that are missing are only on their way.
    grace: timedelta
    cures: tuple[Cure, ...]
    proof: str
    sees: Seeing
    # The lock that the same facts open (`orders.services.implied`): reason, and how its key begins.
    hold: tuple[str, str] | None = None

    def sentence(self, detail: str = "") -> str:
        """For the person who must decide."""
        concrete = f"（{detail}）" if detail else ""
        return f"{self.title}{concrete}。多半是{self.wrong.label}不对：{self.why}"


def pair(
    code: str,
    *,
    title: str,
    title_en: str,
    one: tuple[Side, str],
    other: tuple[Side, str],
    wrong: Side,
    why: str,
    why_en: str,
    grace: timedelta,
    proof: str,
    cures: tuple[Cure, ...] = (),
    level: Level = Level.WARNING,
    hold: tuple[str, str] | None = None,
) -> Callable[[Seeing], Pair]:
    """Put above the condition: the two together are an entry of the table."""

    def made(sees: Seeing) -> Pair:
        return Pair(
            code=code,
            title=title,
            title_en=title_en,
            one=one,
            other=other,
            wrong=wrong,
            why=why,
            why_en=why_en,
            level=level,
            grace=grace,
            cures=cures,
            proof=proof,
            hold=hold,
            sees=sees,
        )

    return made


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def hours(count: int) -> timedelta:
    return timedelta(hours=count)
