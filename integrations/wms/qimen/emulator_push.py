"""What the emulated warehouse tells the tower: signed anew each time, repeated until the answer says success."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import requests

from integrations.wms.qimen import emulator_wire as wire
from orders import clock

if TYPE_CHECKING:
    from integrations.emulation import Emulator

LONGEST_WAIT = 300
UNCONNECTED = timedelta(seconds=2)


class Messenger:
    """Sends by `emulator.send_later`, so never under the lock, and misbehaves as `emulator.faults` says."""

    def __init__(self, emulator: "Emulator") -> None:
        self.emulator = emulator
        self.undelivered = 0

    def tell(self, method: str, content: dict[str, Any], order: str) -> None:
        """Queue a message, with this world's accidents: lost for ever, late, overtaken by the next ones, sent twice."""
        body = wire.document("request", content)
        faults = self.emulator.faults
        if faults.hits("drop"):
            self.emulator.journal.write("dropped", method=method, order=order)
            return
        at = clock.now()
        if faults.hits("delay"):
            at += timedelta(seconds=faults.delay_seconds)
        if faults.hits("reorder"):
            pace = float(self.emulator.options.get("step_seconds", 4))
            at += timedelta(seconds=pace * faults.chance.uniform(1.5, 3))
        self.queue(method, body, order, at=at)
        if faults.hits("repeat"):
            self.queue(method, body, order, at=at + timedelta(seconds=faults.chance.uniform(0, 3)))

    def queue(self, method: str, body: bytes, order: str, *, at: datetime | None = None, wrong: bool = False) -> None:
        self.undelivered += 1
        self._later(method, body, order, attempt=1, at=at or clock.now(), wrong=wrong)

    def _later(self, method: str, body: bytes, order: str, *, attempt: int, at: datetime, wrong: bool) -> None:
        self.emulator.send_later(lambda: self._send(method, body, order, attempt=attempt, wrong=wrong), at)

    def _send(self, method: str, body: bytes, order: str, *, attempt: int, wrong: bool) -> None:
        options = self.emulator.options
        hook = str(options.get("tower_hook") or "")
        if not hook:
            # Nobody to tell yet: the messages wait for `connect`.
            self._later(method, body, order, attempt=attempt, at=clock.now() + UNCONNECTED, wrong=wrong)
            return
        answer = self._post(hook, method, body, wrong=wrong)
        # What a wrong signature gets is written down and not tried again.
        done = answer["outcome"] == "success" or wrong
        self.emulator.journal.write(
            "sent", method=method, order=order, attempt=attempt, done=done, body=body.decode(errors="replace"), **answer
        )
        with self.emulator.lock:
            if done:
                self.undelivered -= 1
                return
            wait = min(2**attempt, LONGEST_WAIT)
            self._later(method, body, order, attempt=attempt + 1, at=clock.now() + timedelta(seconds=wait), wrong=wrong)

    def signed(self, hook: str, method: str, body: bytes, *, wrong: bool = False) -> str:
        options = self.emulator.options
        secret = str(options.get("app_secret", ""))
        return wire.signed_url(
            hook,
            method,
            body,
            app_key=str(options.get("app_key", "")),
            customer_id=str(options.get("customer_id", "")),
            secret=secret + "-wrong" if wrong else secret,
        )

    def _post(self, hook: str, method: str, body: bytes, *, wrong: bool) -> dict[str, Any]:
        try:
            url = self.signed(hook, method, body, wrong=wrong)
            response = wire.send("POST", url, data=body, headers={"Content-Type": wire.XML})
        except requests.RequestException as error:
            return {"outcome": type(error).__name__}
        return {"outcome": _flag(response), "status": response.status_code, "answer": response.text[:500]}


def _flag(response: requests.Response) -> str:
    if response.status_code != 200:
        return f"HTTP {response.status_code}"
    try:
        return wire.word(wire.read(response.content), "flag") or "没有 flag"
    except (wire.Refused, ElementTree.ParseError):
        return "答复不是 XML"
