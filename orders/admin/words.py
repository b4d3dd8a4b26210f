"""How times, money and states look in the back office: relative with the exact time behind it, yuan, and badges."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import clock

# State → tone of its badge. The text always says the same, so that colour alone tells nothing.
TONES = {
    "pending_payment": "grey",
    "paid": "blue",
    "to_pick": "amber",
    "packed": "violet",
    "shipped": "green",
    "signed": "green",
    "cancelled": "grey",
    "returned": "grey",
    "voided": "grey",
    "requested": "amber",
    "live": "blue",
    "claimed": "violet",
    "printed": "green",
    "unknown": "red",
    "failed": "red",
    "void": "grey",
    "refused": "red",
    "observed": "amber",
    "granted": "green",
    "parked": "red",
    "waiting": "amber",
    "ready": "blue",
    "running": "violet",
    "done": "green",
    "ignored": "grey",
    "open": "red",
    "curing": "violet",
    "cured": "green",
    "escalated": "red",
    "lifted": "green",
    "withdrawn": "grey",
    "expired": "grey",
    "too_late": "red",
    "stopped": "grey",
}

# The seller's answer to a customer's request.
ANSWERS: dict[str, Any] = {
    "accept": gettext_lazy("同意"),
    "refuse": gettext_lazy("拒绝"),
    "recall": gettext_lazy("追回"),
}

# What an outside system last said, in the words of staff. Its own word stands beside it.
CLAIMS: dict[str, Any] = {
    "unknown": gettext_lazy("未知"),
    "other": gettext_lazy("其他"),
    "unpaid": gettext_lazy("待付款"),
    "paid": gettext_lazy("已付款"),
    "label_created": gettext_lazy("已取号"),
    "accepted": gettext_lazy("已接单"),
    "printed": gettext_lazy("已打印"),
    "picking": gettext_lazy("拣货中"),
    "checked": gettext_lazy("已验货"),
    "packed": gettext_lazy("已打包"),
    "weighed": gettext_lazy("已称重"),
    "staged": gettext_lazy("待交接"),
    "shipped_part": gettext_lazy("部分发货"),
    "shipped": gettext_lazy("已发货"),
    "picked_up": gettext_lazy("已揽收"),
    "in_transit": gettext_lazy("运输中"),
    "out_for_delivery": gettext_lazy("派送中"),
    "at_pickup_point": gettext_lazy("到驿站"),
    "exception": gettext_lazy("异常"),
    "cancel_failed": gettext_lazy("取消失败"),
    "refused": gettext_lazy("拒收"),
    "returning": gettext_lazy("退回途中"),
    "signed": gettext_lazy("已签收"),
    "returned": gettext_lazy("已退回"),
    "finished": gettext_lazy("交易完成"),
    "rejected": gettext_lazy("拒单"),
    "cancelled": gettext_lazy("已取消"),
    "closed": gettext_lazy("已关闭"),
}

CARRIERS: dict[str, Any] = {
    "sf": gettext_lazy("顺丰"),
    "yto": gettext_lazy("圆通"),
    "zto": gettext_lazy("中通"),
    "sto": gettext_lazy("申通"),
    "yunda": gettext_lazy("韵达"),
    "jt": gettext_lazy("极兔"),
    "ems": gettext_lazy("邮政 EMS"),
    "jd": gettext_lazy("京东物流"),
    "deppon": gettext_lazy("德邦"),
}


def badge(text: Any, tone: str = "grey", *, title: str = "") -> SafeString:
    return format_html('<span class="tower-badge is-{}" title="{}">{}</span>', tone, title, text)


def badges(found: Iterable[SafeString]) -> SafeString:
    """Several side by side, which wrap on a phone."""
    return format_html('<span class="tower-badges">{}</span>', format_html_join(" ", "{}", ((one,) for one in found)))


def state_badge(instance: Any) -> SafeString:
    """The badge of anything that has a state with choices."""
    return badge(instance.get_state_display(), TONES.get(instance.state, "grey"))


def exact(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def duration(span: timedelta) -> str:
    """The largest unit alone: 40 秒, 12 分钟, 3 小时, 5 天."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return _("%(count)d 秒") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)d 分钟") % {"count": seconds // 60}
    if seconds < 48 * 3600:
        return _("%(count)d 小时") % {"count": seconds // 3600}
    return _("%(count)d 天") % {"count": seconds // 86400}


def relative(moment: datetime, now: datetime) -> str:
    if abs(now - moment) < timedelta(seconds=5):
        return _("刚刚")
    if moment > now:
        return _("%(span)s后") % {"span": duration(moment - now)}
    return _("%(span)s前") % {"span": duration(now - moment)}


def ago(moment: datetime | None) -> SafeString | str:
    """How long ago or ahead, with the exact time on hover."""
    if moment is None:
        return "-"
    shown = relative(moment, clock.now())
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), shown)


def deadline(moment: datetime | None) -> SafeString | str:
    """A time to keep: red when it has passed, amber in its last two hours."""
    if moment is None:
        return "-"
    left = moment - clock.now()
    if left < timedelta(0):
        return badge(_("超时 %(span)s") % {"span": duration(-left)}, "red", title=exact(moment))
    tone = "amber" if left < timedelta(hours=2) else "plain"
    return badge(_("剩 %(span)s") % {"span": duration(left)}, tone, title=exact(moment))


def yuan(amount: Decimal | None) -> str:
    return "-" if amount is None else f"¥{amount:,.2f}"
