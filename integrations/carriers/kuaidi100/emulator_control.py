"""A test's or the demo's hand in the emulated 快递100: what people, couriers and forgers do there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations.carriers.kuaidi100 import emulator_wire as wire
from integrations.carriers.kuaidi100.emulator_parcels import Couriers, Parcel, Subscription
from integrations.carriers.kuaidi100.emulator_push import Messenger
from orders import clock


class Hand:
    """Commands by name; each takes `waybill` and answers with the parcel as it is then."""

    def __init__(self, couriers: Couriers, messenger: Messenger, options: dict[str, Any]) -> None:
        self.couriers = couriers
        self.messenger = messenger
        self.options = options
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "parcels": lambda _: [summary(parcel) for parcel in couriers.parcels.values()],
            "ship": lambda wanted: self._ship(wanted, wait_seconds=float(options["step_seconds"])),
            "pick_up": lambda wanted: self._ship(wanted, wait_seconds=0),
            "variant": self._variant,
            "pause": self._pause,
            "say": self._say,
            "push": self._push,
            "abort": self._abort,
            "company": self._company,
            "forge": self._forge,
            "raw": self._raw,
        }

    def act(self, command: str, data: dict[str, Any]) -> Any:
        return self.commands[command](data)

    def _ship(self, data: dict[str, Any], *, wait_seconds: float) -> dict[str, Any]:
        """The seller ordered a courier; `pick_up`: who comes at once."""
        parcel = self.couriers.parcel(str(data["waybill"]), str(data.get("company") or ""))
        self.couriers.begin(parcel, wait_seconds=wait_seconds, variant=str(data.get("variant") or ""))
        self.couriers.work()
        return summary(parcel)

    def _variant(self, data: dict[str, Any]) -> dict[str, Any]:
        parcel = self._known(data)
        self.couriers.change(parcel, str(data["variant"]))
        return summary(parcel)

    def _pause(self, data: dict[str, Any]) -> dict[str, Any]:
        """It stands still until `ship` or `variant`."""
        parcel = self._known(data)
        parcel.next_at = None
        return summary(parcel)

    def _say(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any row: `code`, `context`, `time` (ISO 8601 with an offset)."""
        parcel = self.couriers.parcel(str(data["waybill"]))
        at = datetime.fromisoformat(str(data["time"])) if "time" in data else None
        if at is not None and at.tzinfo is None:
            raise ValueError("time needs an offset")
        self.couriers.add(parcel, str(data["code"]), str(data.get("context") or "快件状态更新"), at=at)
        return summary(parcel)

    def _push(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is known now once more, `repeat` times, whatever the state of the subscription."""
        parcel, subscription = self._subscribed(data)
        for _ in range(int(data.get("repeat", 1))):
            self.messenger.queue(parcel.number, subscription, self.messenger.param(parcel, subscription))
        return summary(parcel)

    def _abort(self, data: dict[str, Any]) -> dict[str, Any]:
        parcel, subscription = self._subscribed(data)
        subscription.status, subscription.ended_at, parcel.next_at = "abort", clock.now(), None
        param = self.messenger.param(parcel, subscription, str(data.get("message") or "3天查询无记录"))
        self.messenger.queue(parcel.number, subscription, param)
        return summary(parcel)

    def _company(self, data: dict[str, Any]) -> dict[str, Any]:
        """They found out that the number belongs to another courier."""
        parcel = self._known(data)
        parcel.company_before, parcel.company = parcel.company, str(data["company"])
        self.messenger.tell(parcel)
        return summary(parcel)

    def _forge(self, data: dict[str, Any]) -> dict[str, Any]:
        parcel, subscription = self._subscribed(data)
        self.messenger.forge(parcel, subscription)
        return summary(parcel)

    def _raw(self, data: dict[str, Any]) -> dict[str, Any]:
        """An honest signature over any `param` at all."""
        parcel, subscription = self._subscribed(data)
        self.messenger.queue(parcel.number, subscription, str(data["param"]))
        return summary(parcel)

    def _known(self, data: dict[str, Any]) -> Parcel:
        found = self.couriers.parcels.get(str(data["waybill"]).upper())
        if found is None:
            raise ValueError(f"no parcel {data['waybill']}")
        return found

    def _subscribed(self, data: dict[str, Any]) -> tuple[Parcel, Subscription]:
        parcel = self._known(data)
        if parcel.subscription is None:
            raise ValueError(f"nobody subscribed {parcel.number}")
        return parcel, parcel.subscription


def summary(parcel: Parcel) -> dict[str, Any]:
    newest = parcel.newest
    return {
        "waybill": parcel.number,
        "company": parcel.company,
        "variant": parcel.variant,
        "subscription": parcel.subscription.status if parcel.subscription else "",
        "rows": len(parcel.rows),
        "code": newest.code if newest else "",
        "time": wire.local(newest.at) if newest else "",
        "context": newest.context if newest else "",
    }
