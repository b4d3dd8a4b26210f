"""A test's or the demo's hand in the emulated 顺丰: what people and vans do there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations.carriers.sf import emulator_wire as wire
from integrations.carriers.sf.emulator_parcels import Parcel, Step, Vans
from integrations.carriers.sf.emulator_push import Messenger, body


class Hand:
    """Commands by name; each takes `waybill` and answers with the parcel as it is then."""

    def __init__(self, vans: Vans, messenger: Messenger, options: dict[str, Any]) -> None:
        self.vans = vans
        self.messenger = messenger
        self.options = options
        self.commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "parcels": lambda _: [summary(parcel) for parcel in vans.parcels.values()],
            "ship": self._ship,
            "variant": self._variant,
            "pause": self._pause,
            "say": self._say,
            "push": self._push,
            "raw": self._raw,
        }

    def act(self, command: str, data: dict[str, Any]) -> Any:
        return self.commands[command](data)

    def _ship(self, data: dict[str, Any]) -> dict[str, Any]:
        """Picked up now, and the rest by itself."""
        parcel = self.vans.parcel(str(data["waybill"]))
        parcel.phones = tuple(map(str, data.get("phones") or parcel.phones))
        self.vans.begin(parcel, wait_seconds=0, variant=str(data.get("variant") or ""))
        self.vans.work()
        return summary(parcel)

    def _variant(self, data: dict[str, Any]) -> dict[str, Any]:
        parcel = self._known(data)
        self.vans.change(parcel, str(data["variant"]))
        self.vans.begin(parcel, wait_seconds=float(self.options["step_seconds"]))
        return summary(parcel)

    def _pause(self, data: dict[str, Any]) -> dict[str, Any]:
        """It stands still until `ship` or `variant`."""
        parcel = self._known(data)
        parcel.next_at = None
        return summary(parcel)

    def _say(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any route: `code`, `remark`, `first`, `reason`, `time` (ISO 8601 with an offset)."""
        parcel = self.vans.parcel(str(data["waybill"]))
        at = datetime.fromisoformat(str(data["time"])) if "time" in data else None
        if at is not None and at.tzinfo is None:
            raise ValueError("time needs an offset")
        words = {name: str(data.get(name) or "") for name in ("first", "first_name", "second", "reason", "reason_name")}
        remark = str(data.get("remark") or "快件状态更新").replace("{", "（").replace("}", "）")
        self.vans.add(parcel, Step(str(data["code"]), remark, **words), at=at)
        return summary(parcel)

    def _push(self, data: dict[str, Any]) -> dict[str, Any]:
        """Every route once more, together, `repeat` times."""
        parcel = self._known(data)
        rows = [route.pushed(parcel.number, parcel.order_id) for route in parcel.routes]
        for _ in range(int(data.get("repeat", 1))):
            self.messenger.queue(parcel.number, body(rows))
        return summary(parcel)

    def _raw(self, data: dict[str, Any]) -> dict[str, Any]:
        """Any text at all to the push address."""
        self.messenger.queue("", str(data["text"]))
        return {"ok": True}

    def _known(self, data: dict[str, Any]) -> Parcel:
        found = self.vans.parcels.get(str(data["waybill"]).upper())
        if found is None:
            raise ValueError(f"no parcel {data['waybill']}")
        return found


def summary(parcel: Parcel) -> dict[str, Any]:
    newest = parcel.newest
    return {
        "waybill": parcel.number,
        "order": parcel.order_id,
        "variant": parcel.variant,
        "intercepted": parcel.intercepted,
        "cancelled": parcel.cancelled,
        "routes": len(parcel.routes),
        "code": newest.step.code if newest else "",
        "time": wire.local(newest.at) if newest else "",
        "remark": newest.remark if newest else "",
    }
