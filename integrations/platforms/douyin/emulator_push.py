"""The emulated push service: signed arrays, sent again until the shop's system says that it has them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from integrations.emulation import Faults
from integrations.errors import OutsideError
from integrations.http import call as http_call
from orders import clock

# How long the platform waits before it tries again is not public.
RETRY_AFTER = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
AT_ONCE = 20
TEST_BODY = b'[{"tag":"0","msg_id":"0","data":"2020-09-10T16:27:56.52842897+08:00"}]'


@dataclass
class Waiting:
    tag: str
    message_id: str
    data: str
    due: datetime
    tries: int = 0

    def shown(self) -> dict[str, str]:
        return {"tag": self.tag, "msg_id": self.message_id, "data": self.data}


class Pushes:
    """What is to be told, and to whom. Nothing is kept where nobody listens."""

    def __init__(self, *, app_key: str, sign: Callable[[bytes, str], str], note: Callable[..., None]) -> None:
        self.app_key = app_key
        self.sign = sign
        self.note = note
        self.url = ""
        self.sign_method = "md5"
        self.waiting: list[Waiting] = []
        self._count = 10_000

    def put(self, tag: str, data: dict[str, Any], *, at: int, faults: Faults) -> None:
        """Queue a message, as well as this platform does it today."""
        self._count += 1
        if not self.url:
            return
        message_id = f"{data.get('p_id', 0)}:{tag}:{at}:{self._count}"
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        message = Waiting(tag, message_id, text, clock.now())
        if faults.hits("drop"):
            self.note("push_dropped", tag=tag, msg_id=message_id)
            return
        if faults.hits("delay"):
            message.due += timedelta(seconds=faults.delay_seconds)
        place = faults.chance.randrange(len(self.waiting) + 1) if faults.hits("reorder") else len(self.waiting)
        self.waiting.insert(place, message)
        if faults.hits("repeat"):
            self.waiting.append(replace(message, due=message.due + timedelta(seconds=2)))

    def due(self) -> list[Waiting]:
        """The next batch, taken out; `put_back` or forget it when it was sent."""
        now = clock.now()
        batch = [message for message in self.waiting if message.due <= now][:AT_ONCE]
        self.waiting = [message for message in self.waiting if not any(message is one for one in batch)]
        return batch

    def put_back(self, batch: list[Waiting]) -> None:
        for message in batch:
            if message.tries < len(RETRY_AFTER):
                message.due = clock.now() + RETRY_AFTER[message.tries]
                message.tries += 1
                self.waiting.append(message)
            else:
                self.note("push_given_up", tag=message.tag, msg_id=message.message_id)

    def send(self, batch: list[Waiting]) -> bool:
        """Without the emulator's lock. Whether the other side has it."""
        body = json.dumps([message.shown() for message in batch], ensure_ascii=False).encode()
        return self.send_body(body, tags=[message.tag for message in batch])

    def headers(self, body: bytes, *, sign: str | None = None) -> dict[str, str]:
        return {
            "Content-Type": "application/json;charset=UTF-8",
            "app-id": self.app_key,
            "event-sign": self.sign(body, self.sign_method) if sign is None else sign,
            "sign-method": self.sign_method,
        }

    def send_body(self, body: bytes, *, tags: list[str], sign: str | None = None) -> bool:
        said = ""
        try:
            response = http_call("POST", self.url, data=body, headers=self.headers(body, sign=sign))
            said = response.text[:500]
            reply = json.loads(said)
            good = isinstance(reply, dict) and reply.get("code") == 0
        except (OutsideError, ValueError) as error:
            said, good = said or f"{type(error).__name__}: {error}", False
        self.note("pushed", tags=tags, accepted=good, said=said)
        return good
