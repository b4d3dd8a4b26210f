"""Reading without being told: K3 WISE pushes nothing, so the poll is all there is.

A window of time is read in pages of changed bills, first sale orders, then out-stock bills; what each page's orders
look like now is kept. A step is one page. A bill that changes meanwhile leaves the window and moves all behind it up,
out of the pages that are still to come; so a window of several pages is walked to its end, and read on the way back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.erp.kingdee_wise import reading
from integrations.erp.kingdee_wise.preferences import Preferences
from integrations.errors import Permanent
from integrations.preferences import number
from integrations.windows import moment, share_of, start_of
from orders.clock import BEIJING

SHORTEST = timedelta(seconds=2)


@dataclass(frozen=True)
class _Window:
    """What is being read: bills of one form, changed in [since, until), and the page at hand."""

    since: datetime
    until: datetime
    form: int = 0
    page: int = 1
    back: bool = False
    # Where it was cut short: up to where it must still be read.
    end: datetime | None = None

    def kept(self) -> dict[str, Any]:
        return {name: _text(value) for name, value in asdict(self).items()}


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    reached = moment(cursor.get("reached")) or _floor(min(start_of(access), access.now))
    window = _open(cursor) or _next(access, reached, _floor(access.now))
    found, following = _step(access, window)
    return _polled(found, reached, window, following, _floor(access.now))


def slice_of(access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
    reached = moment(cursor.get("reached")) or start
    if reached >= end:
        return Polled(messages=[], cursor={"reached": end.isoformat()})
    # The server's times may show whole seconds only.
    window = _open(cursor) or replace(_next(access, reached, end), since=_floor(reached))
    found, following = _step(access, window)
    step = _polled(found, reached, window, following, end)
    return replace(step, share=share_of(start, end, moment(step.cursor["reached"]) or start))


def _polled(
    found: list[Message], reached: datetime, window: _Window, following: _Window | None, end: datetime
) -> Polled:
    if following:
        cursor = {"reached": reached.isoformat(), "window": following.kept()}
        return Polled(messages=found, cursor=cursor, more=True)
    return Polled(messages=found, cursor={"reached": window.until.isoformat()}, more=window.until < end)


def numbers(access: Access, start: datetime, end: datetime) -> Sequence[str]:
    """The platform orders of the sale orders made in [start, end) and not cancelled: what this ERP says it has."""
    wishes = Preferences(access.settings)
    created = wishes.text("order_created_field")
    where = wishes.window_filter(created, _wall(_floor(start)), _wall(_ceiling(end)))
    found: dict[str, None] = {}
    for page in range(1, wishes.pages() + 1):
        rows = reading.page(access, wishes.order, created, where, page)
        live = [row for row in rows if not wishes.is_cancelled(reading.cell(row, wishes.order.status))]
        found |= dict.fromkeys(reading.subjects_of(access, wishes.order, live))
        if len(rows) < wishes.page_size():
            return list(found)
    raise Permanent("时间段内的销售订单超过 Top，请缩短时间段", code="too_many")


def _step(access: Access, window: _Window) -> tuple[list[Message], _Window | None]:
    """One page: its messages, and what is to be read next of this window; `None` where it is done."""
    wishes = Preferences(access.settings)
    bill = wishes.bills[window.form]
    where = wishes.window_filter(bill.changed, _wall(window.since), _wall(_ceiling(window.until)))
    rows = reading.page(access, bill, bill.changed, where, window.page)
    if len(rows) >= wishes.page_size() and not window.back:
        return [], replace(window, page=window.page + 1) if window.page < wishes.pages() else _halved(window)
    found = reading.messages(access, reading.subjects_of(access, bill, rows))
    if window.page > 1:
        return found, replace(window, page=window.page - 1, back=True)
    if window.form + 1 < len(wishes.bills):
        return found, replace(window, form=window.form + 1, page=1, back=False)
    if window.end and window.end > window.until:
        return found, _Window(since=window.until, until=window.end)
    return found, None


def _halved(window: _Window) -> _Window:
    """More bills than `Top` lets through: first the first half, from its beginning."""
    half = (window.until - window.since) / 2
    if half < SHORTEST:
        raise Permanent("几秒内变动的单据超过 Top，请调大每次最多行数", code="too_many")
    return _Window(since=window.since, until=_floor(window.since + half), end=window.end or window.until)


# Time ---------------------------------------------------------------------------------------------------------------


def _open(cursor: Mapping[str, Any]) -> _Window | None:
    if not (kept := cursor.get("window")):
        return None
    times = {name: datetime.fromisoformat(kept[name]) for name in ("since", "until", "end") if kept.get(name)}
    return _Window(**times, form=int(kept["form"]), page=int(kept["page"]), back=bool(kept["back"]))


def _next(access: Access, reached: datetime, end: datetime) -> _Window:
    """From a little before where the last one ended: bills are dated when they begin to be saved."""
    length = timedelta(minutes=number(access.settings, "window_minutes", 1440, most=10080))
    overlap = timedelta(seconds=number(access.settings, "overlap_seconds", 300, least=0, most=3600))
    until = min(reached + length, end)
    return _Window(since=min(reached, until) - overlap, until=until)


def _floor(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    return _floor(moment + timedelta(microseconds=999_999))


def _wall(moment: datetime) -> datetime:
    return moment.astimezone(BEIJING)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
