"""What a connection's settings say, read in one place. No document names the bills, fields and status values of K3
WISE, and every account set may have its own: all of them are settings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from integrations.preferences import WrongSetting, number, table, text

# What a bill's status may mean.
STAGES = ("other", "accepted", "shipped_part", "shipped", "cancelled")
TELL_NAMES = ("status", "packed", "shipped", "picked_up", "signed", "warehouse", "waybill", "correction")
TELL_WORDS: Mapping[str, str] = {
    "packed": "已打包",
    "shipped": "已出库",
    "picked_up": "已揽收",
    "signed": "已签收",
    "correction": "【指挥塔】已出库，请勿重推",
}
# Made like SQL, as the one published example is.
WINDOW = "[{field}]>='{start:%Y-%m-%d %H:%M:%S}' and [{field}]<'{end:%Y-%m-%d %H:%M:%S}'"


@dataclass(frozen=True)
class Bill:
    """How one kind of bill is called, and its fields."""

    name: str
    number: str
    changed: str
    status: str
    # What it is about: of a sale order the platform's number, of an out-stock bill the sale order's.
    about: str


class Preferences:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.order = self._bill("order", "platform")
        self.out = self._bill("out", "sale_order")
        # Out-stock bills are read only where they are named.
        self.bills = (self.order, self.out) if self.out.name else (self.order,)

    def _bill(self, kind: str, about: str) -> Bill:
        names = (self.text(f"{kind}_{name}_field") for name in ("changed", "status", about))
        return Bill(self.text(f"{kind}_bill"), self.text(f"{kind}_number_field", "FBillNo"), *names)

    def statuses(self, bill: Bill) -> Mapping[str, str]:
        return self._known("out_statuses" if bill == self.out else "order_statuses", values=STAGES)

    def is_cancelled(self, status: str) -> bool:
        return self.statuses(self.order).get(status) == "cancelled"

    def tell_fields(self) -> Mapping[str, str]:
        """What is written → the field; nothing where the tower does not write."""
        return {name: field for name, field in self._known("tell_fields", keys=TELL_NAMES).items() if field}

    def tell_words(self) -> Mapping[str, str]:
        return {**TELL_WORDS, **self._known("tell_words", keys=tuple(TELL_WORDS))}

    def carriers(self) -> Mapping[str, str]:
        return self._known("carriers")

    def window_filter(self, field: str, start: datetime, end: datetime) -> str:
        """`start` and `end` by the server's wall clock."""
        try:
            return self.text("window_filter", WINDOW).format(field=field, start=start, end=end)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise WrongSetting("window_filter", "里只能用 {field} {start} {end}") from error

    def text(self, name: str, default: str = "") -> str:
        return text(self.settings, name, default)

    def page_size(self) -> int:
        return number(self.settings, "page_size", 100, most=1000)

    def pages(self) -> int:
        """So many whole pages lie within `Top`, which is never exceeded over all pages."""
        return number(self.settings, "most_rows", 10000, least=self.page_size(), most=1_000_000) // self.page_size()

    def _known(self, name: str, *, keys: tuple[str, ...] = (), values: tuple[str, ...] = ()) -> Mapping[str, str]:
        """An object of texts, given as such or as JSON text, with none but these keys and values."""
        told = {key: str(word or "").strip() for key, word in table(self.settings, name).items()}
        for words, allowed in ((told.keys(), keys), (told.values(), values)):
            if allowed and (strange := sorted(set(words) - set(allowed))):
                raise WrongSetting(name, f"里没有 {'、'.join(strange)[:80]}，只能是 {'、'.join(allowed)}")
        return told


def problems(settings: Mapping[str, Any]) -> Iterator[WrongSetting]:
    """Everything in these settings that would show only when it is used."""
    wishes, moment = Preferences(settings), datetime(2026, 1, 1, tzinfo=UTC)
    looks: list[Callable[[], object]] = [partial(wishes.statuses, bill) for bill in wishes.bills]
    looks += [wishes.tell_fields, wishes.tell_words, wishes.carriers, wishes.pages]
    looks += [partial(wishes.window_filter, "F", moment, moment)]
    for look in looks:
        try:
            look()
        except WrongSetting as error:
            yield error
    for name in ("changed_field", "status_field", "statuses", "sale_order_field") if wishes.out.name else ():
        if not settings.get(f"out_{name}"):
            yield WrongSetting(f"out_{name}", "在读取出库单时必填")
