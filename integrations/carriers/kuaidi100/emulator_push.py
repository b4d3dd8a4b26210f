"""What the emulated 快递100 pushes: the whole way at every step, three times more where the answer is not theirs."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from integrations.carriers.kuaidi100 import emulator_wire as wire
from integrations.carriers.kuaidi100.emulator_parcels import Parcel, Row, Subscription
from orders import clock

if TYPE_CHECKING:
    from integrations.carriers.kuaidi100.emulator import Kuaidi100Emulator

MOST_TRIES = 4


class Messenger:
    """Sends by `emulator.send_later`, so never under the lock, and misbehaves as `emulator.faults` says."""

    def __init__(self, emulator: "Kuaidi100Emulator") -> None:
        self.emulator = emulator
        self.undelivered = 0

    def tell(self, parcel: Parcel) -> None:
        """Queue a push of what is known now, with this world's accidents."""
        subscription = parcel.subscription
        if subscription is None or subscription.status != "polling":
            return
        if parcel.has_ended:
            subscription.status, subscription.ended_at = "shutdown", clock.now()
        param = self.param(parcel, subscription)
        faults = self.emulator.faults
        if faults.hits("bad_signature"):
            self.forge(parcel, subscription)
        if faults.hits("drop"):
            self.emulator.journal.write("dropped", waybill=parcel.number)
            return
        at = clock.now()
        if faults.hits("delay"):
            at += timedelta(seconds=faults.delay_seconds)
        if faults.hits("reorder"):
            pace = float(self.emulator.options["step_seconds"])
            at += timedelta(seconds=pace * faults.chance.uniform(1.5, 3))
        self.queue(parcel.number, subscription, param, at=at)
        if faults.hits("repeat"):
            self.queue(parcel.number, subscription, param, at=at + timedelta(seconds=faults.chance.uniform(0, 3)))

    def param(self, parcel: Parcel, subscription: Subscription, message: str = "") -> str:
        """The JSON text of a push; with the fault `repeat_rows` three quarters of its rows are in it twice."""
        result = parcel.result(subscription.resultv2)
        rows = result["data"]
        if rows and self.emulator.faults.hits("repeat_rows"):
            result["data"] = rows + rows[: max(1, len(rows) * 3 // 4)]
        changed = bool(parcel.company_before)
        return wire.compact(
            {
                "status": subscription.status,
                "billstatus": "check" if parcel.has_ended else "got",
                "message": message,
                "autoCheck": "1" if changed else "0",
                "comOld": parcel.company_before,
                "comNew": parcel.company if changed else "",
                "lastResult": result,
            }
        )

    def forge(self, parcel: Parcel, subscription: Subscription) -> None:
        """Somebody who knows the address but not the salt says that the parcel was signed for."""
        forged = Parcel(parcel.number, parcel.company, [*parcel.rows, Row(clock.now(), "301", "已签收，签收人：本人")])
        param = self.param(forged, subscription)
        wrong = Subscription(subscription.callback, f"{subscription.salt or ''}-wrong", subscription.resultv2)
        self.queue(parcel.number, wrong, param, forged=True)

    def queue(
        self,
        number: str,
        subscription: Subscription,
        param: str,
        *,
        at: datetime | None = None,
        forged: bool = False,
    ) -> None:
        self.undelivered += 1
        self._later(number, subscription, param, attempt=1, at=at or clock.now(), forged=forged)

    def _later(
        self, number: str, subscription: Subscription, param: str, *, attempt: int, at: datetime, forged: bool
    ) -> None:
        self.emulator.send_later(lambda: self._send(number, subscription, param, attempt=attempt, forged=forged), at)

    def _send(self, number: str, subscription: Subscription, param: str, *, attempt: int, forged: bool) -> None:
        answer = self._post(subscription, param)
        done = answer["outcome"] == "ok"
        # What a forgery gets is written down and not tried again.
        last = done or forged or attempt >= MOST_TRIES
        self.emulator.journal.write(
            "forged" if forged else "sent", waybill=number, attempt=attempt, done=done, param=param, **answer
        )
        with self.emulator.lock:
            if last:
                self.undelivered -= 1
                if not done and not forged:
                    self.emulator.journal.write("given_up", waybill=number)
                return
            wait = timedelta(seconds=float(self.emulator.options["retry_seconds"]))
            self._later(number, subscription, param, attempt=attempt + 1, at=clock.now() + wait, forged=forged)

    def _post(self, subscription: Subscription, param: str) -> dict[str, Any]:
        fields = {"param": param}
        if subscription.salt is not None:
            fields["sign"] = wire.md5(param, subscription.salt)
        try:
            response = wire.send(subscription.callback, fields)
        except requests.RequestException as error:
            return {"outcome": type(error).__name__}
        outcome = "ok" if response.status_code == 200 and response.content == wire.GOT_IT else "refused"
        return {"outcome": outcome, "http": response.status_code, "answer": response.text[:300]}
