"""The emulated message service (TMC): a queue per group that repeats what nobody confirmed."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from integrations.emulation import Faults
from integrations.platforms.taobao.emulator_gateway import written
from orders import clock

KEPT = timedelta(hours=24)
REPEAT_AFTER = timedelta(seconds=2)
FIRST_ID = 7_160_600_025_862


@dataclass
class Queued:
    id: int
    group: str
    topic: str
    content: str
    seller: str
    born: datetime
    visible_at: datetime
    delivered: bool = False

    def shown(self, app_key: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "topic": self.topic,
            "content": self.content,
            "pub_time": written(self.born),
            "pub_app_key": app_key,
            "user_id": 1,
            "user_nick": self.seller,
        }


class MessageQueue:
    """Messages wait here until they are confirmed, for at most a day."""

    def __init__(self, *, redeliver_seconds: float, note: Callable[..., None]) -> None:
        self.redeliver = timedelta(seconds=redeliver_seconds)
        self.note = note
        self.waiting: list[Queued] = []
        self._last_id = FIRST_ID

    def put(self, *, group: str, topic: str, content: dict[str, Any], seller: str, faults: Faults) -> None:
        """Queue a message, as well as this platform does it today."""
        now = clock.now()
        self._last_id += 1
        text = json.dumps(content, ensure_ascii=False)
        message = Queued(self._last_id, group, topic, text, seller, born=now, visible_at=now)
        if faults.hits("drop"):
            self.note("tmc_dropped", id=message.id, topic=topic, tid=content.get("tid"))
            return
        if faults.hits("delay"):
            message.visible_at = now + timedelta(seconds=faults.delay_seconds)
        place = faults.chance.randrange(len(self.waiting) + 1) if faults.hits("reorder") else len(self.waiting)
        self.waiting.insert(place, message)
        if faults.hits("repeat"):
            self.waiting.append(replace(message, visible_at=message.visible_at + REPEAT_AFTER))

    def consume(self, group: str, quantity: int) -> list[Queued]:
        """What is due. It comes again later unless it is confirmed."""
        now = clock.now()
        self.waiting = [message for message in self.waiting if now - message.born < KEPT]
        due = [message for message in self.waiting if message.group == group and message.visible_at <= now][:quantity]
        for message in due:
            message.delivered = True
            message.visible_at = now + self.redeliver
        return due

    def confirm(self, group: str, ids: Iterable[int]) -> int:
        """Forget what was delivered; a planted second copy that waits for its turn stays."""
        wanted = set(ids)
        before = len(self.waiting)
        self.waiting = [
            message
            for message in self.waiting
            if not (message.delivered and message.group == group and message.id in wanted)
        ]
        return before - len(self.waiting)

    def backlog(self, group: str) -> int:
        return sum(message.group == group for message in self.waiting)
