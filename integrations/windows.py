"""Reading by windows of time: where a connection begins, how far a window reaches, how its ends are written."""

from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access
from integrations.preferences import WrongSetting
from orders.clock import BEIJING

SECOND = timedelta(seconds=1)
FIRST_LOOK = timedelta(days=1)


def moment(told: Any) -> datetime | None:
    """A time in a cursor, a setting or an answer; without a zone it is Beijing's. `ValueError` where it is none."""
    if not told:
        return None
    found = datetime.fromisoformat(str(told))
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


def start_of(access: Access) -> datetime:
    """Where this connection begins to read."""
    try:
        return moment(access.settings.get("start")) or access.now - FIRST_LOOK
    except ValueError as error:
        raise WrongSetting("start", "不是时间") from error


def since_when(reached: datetime, read_at: datetime, overlap: timedelta) -> datetime:
    """Where the next window begins: an overlap, counted from the moment of the last read, catches what came late."""
    return max(min(reached, read_at - overlap), reached - overlap)


def last_second(begin: datetime, end: datetime) -> datetime:
    """The last second of [begin, end), for servers that count whole seconds and include both ends."""
    last = end - SECOND if end.microsecond == 0 else end
    return max(last, begin)


def beijing_text(at: datetime) -> str:
    """A time as Chinese servers write it; they count whole seconds."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def share_of(start: datetime, end: datetime, reached: datetime) -> float:
    """How much of [start, end) lies behind: 0 to 1."""
    return min(max((reached - start) / (end - start), 0.0), 1.0) if end > start else 1.0
