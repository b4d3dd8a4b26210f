"""What the emulated 顺丰 pushes: each route by itself, again where the answer is not theirs."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from integrations.carriers.sf import emulator_wire as wire
from integrations.carriers.sf.emulator_parcels import Parcel, Route
from orders import clock

if TYPE_CHECKING:
    from integrations.carriers.sf.emulator import SfEmulator

# Their own schedule is not published.
MOST_TRIES = 4


class Messenger:
    """Sends by `emulator.send_later`, so never under the lock, and misbehaves as `emulator.faults` says."""

    def __init__(self, emulator: "SfEmulator") -> None:
        self.emulator = emulator
        self.undelivered = 0

    def tell(self, parcel: Parcel, route: Route) -> None:
        """Queue a push of one route, with this world's accidents. Without an address nothing is pushed."""
        if not self.emulator.options["push_url"]:
            return
        faults = self.emulator.faults
        if faults.hits("drop"):
            self.emulator.journal.write("dropped", waybill=parcel.number, code=route.step.code)
            return
        at = clock.now()
        if faults.hits("delay"):
            at += timedelta(seconds=faults.delay_seconds)
        if faults.hits("reorder"):
            pace = float(self.emulator.options["step_seconds"])
            at += timedelta(seconds=pace * faults.chance.uniform(1.5, 3))
        text = body([route.pushed(parcel.number, parcel.order_id)])
        self.queue(parcel.number, text, at=at)
        if faults.hits("repeat"):
            # Of real rows three quarters come again, four times on average.
            for _ in range(faults.chance.randint(1, 4)):
                self.queue(parcel.number, text, at=at + timedelta(seconds=faults.chance.uniform(0, 3)))

    def queue(self, number: str, text: str, *, at: datetime | None = None) -> None:
        self.undelivered += 1
        self._later(number, text, attempt=1, at=at or clock.now())

    def _later(self, number: str, text: str, *, attempt: int, at: datetime) -> None:
        self.emulator.send_later(lambda: self._send(number, text, attempt=attempt), at)

    def _send(self, number: str, text: str, *, attempt: int) -> None:
        answer = self._post(text)
        done = answer["outcome"] == "ok"
        self.emulator.journal.write("sent", waybill=number, attempt=attempt, done=done, body=text, **answer)
        with self.emulator.lock:
            if done or attempt >= MOST_TRIES:
                self.undelivered -= 1
                if not done:
                    self.emulator.journal.write("given_up", waybill=number)
                return
            wait = timedelta(seconds=float(self.emulator.options["retry_seconds"]))
            self._later(number, text, attempt=attempt + 1, at=clock.now() + wait)

    def _post(self, text: str) -> dict[str, Any]:
        try:
            response = wire.send(str(self.emulator.options["push_url"]), text)
            said = response.json().get("return_code") if response.status_code == 200 else ""
        except (requests.RequestException, ValueError, AttributeError) as error:
            return {"outcome": type(error).__name__}
        outcome = "ok" if said == wire.GOT_IT else "refused"
        return {"outcome": outcome, "http": response.status_code, "answer": response.text[:300]}


def body(rows: list[dict[str, str]]) -> str:
    return wire.compact({"Body": {"WaybillRoute": rows}})
