"""An adapter for a source that is described in the back office: a folder only gives it a name, a system and a shape."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from integrations.adapter import (
    Access,
    Adapter,
    Doubtful,
    Fetch,
    FieldError,
    Incoming,
    Message,
    Polled,
    Said,
)
from integrations.errors import BadSignature, Permanent, Unreadable, Unsupported
from integrations.feeds import folders, kept, orders, preferences, pulling, reading, reports, signing
from integrations.feeds.filling import Doubts
from integrations.feeds.plan import Plan, WrongMapping, understand
from integrations.feeds.shapes import Shape
from integrations.preferences import listed

# Of one record: more is no help to anybody.
MOST_UNLISTED = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Understood:
    """What one record says under a mapping: facts, or why there are none; and the values that no table lists."""

    says: Sequence[Said]
    doubts: Sequence[tuple[str, str]]
    error: str = ""


class FeedAdapter(Adapter):
    capabilities = frozenset({"webhook", "poll", "fetch", "slice"})
    fields = preferences.FIELDS
    shape: ClassVar[Shape]

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        pull = settings.get("pull") or "none"
        if capability == "poll":
            return pull != "none"
        if capability == "slice":
            return pull == "http" and bool(settings.get("since_parameter"))
        if capability == "fetch":
            return pull == "http" and bool(settings.get("one_path"))
        return super().can(capability, settings)

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Sequence[FieldError]:
        found = preferences.problems(settings, secrets)
        if mapping := settings.get("mapping"):
            try:
                understand(mapping, self.shape)
            except WrongMapping as error:
                found = [*found, FieldError("mapping", str(error))]
        return found

    # Pushed ------------------------------------------------------------------------------------------------------
    def verify(self, access: Access, incoming: Incoming) -> None:
        try:
            wishes = preferences.understood(access.settings)
        except preferences.WrongSetting as error:
            raise BadSignature(f"setting {error.field} cannot be used") from error
        signing.verify(
            wishes.scheme,
            listed(access.secrets, "push_secret"),
            headers=incoming.headers,
            query=incoming.query_string,
            body=incoming.body,
            now=access.now,
        )

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        plan = self._plan(access)
        return kept.messages(self._records(incoming.body, access.settings, plan), plan)

    # Read --------------------------------------------------------------------------------------------------------
    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        """Nothing where the connection only listens: it is looked at all the same, and is not silent."""
        wishes = self._wishes(access)
        if wishes.pull == "none":
            return Polled(messages=[], cursor=cursor)
        plan = self._plan_to_ask_with(access)
        if wishes.pull == "folder":
            return folders.poll(access, wishes, plan, cursor)
        return pulling.poll(access, wishes, plan, cursor)

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        self._insist("slice", access)
        return pulling.slice_of(access, self._wishes(access), self._plan_to_ask_with(access), start, end, cursor)

    def fetch(self, access: Access, subject: str) -> Message:
        self._insist("fetch", access)
        return pulling.fetch(access, self._wishes(access), self._plan_to_ask_with(access), subject)

    def watched(self, access: Access) -> str:
        """The folder that is watched, for people; empty where none is."""
        wishes = self._wishes(access)
        return str(folders.folder_of(access.connection_id, wishes)) if wishes.pull == "folder" else ""

    def trial(self, access: Access) -> Sequence[Message]:
        """What reading once would bring now, from the beginning of what is offered; nothing is remembered."""
        wishes, plan = self._wishes(access), self._plan_to_ask_with(access)
        if wishes.pull == "folder":
            return folders.look(access, wishes, plan)[1]
        if wishes.pull == "http":
            return pulling.poll(access, wishes, plan, {}).messages
        raise Permanent("没有设置主动读取：只能等对方推送", code="settings")

    # Understood --------------------------------------------------------------------------------------------------
    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        """By the mapping in the message itself, as in the samples; a connection's messages come by `parse_kept`."""
        return self.parse_kept(message, settings={}, at=None)

    def parse_kept(
        self, message: Message, *, settings: Mapping[str, Any], at: datetime | None
    ) -> Sequence[Said | Fetch]:
        """By the connection's mapping as it is now: what was parked is read again once the mapping is corrected."""
        if message.kind == kept.WHOLE:
            plan = kept.plan_of(settings.get("mapping"), self.shape)
            records = self._records(message.body, settings, plan)
        elif message.kind == kept.REFUSED:
            raise Unreadable(kept.reason_in(message.body))
        elif message.kind == self.shape.name:
            content = kept.opened(message.body)
            plan = kept.plan_of(settings.get("mapping") or content.get("mapping"), self.shape)
            records = [content["record"]]
        else:
            raise Unreadable(f"没有这种报文：{message.kind[:40]}")
        says: list[Said] = []
        for record in records:
            understood = self.understand(record, plan, at=at)
            if understood.error:
                name = kept.subject_of(record, plan) if len(records) > 1 else ""
                raise Unreadable(f"{name} {understood.error}".strip())
            says += understood.says
        return says

    def understand(self, record: Any, plan: Plan, *, at: datetime | None) -> Understood:
        """One record under a plan; never raises for what the record holds."""
        doubts = Doubts()
        try:
            snapshots: Sequence[Any] = (
                [orders.read(record, plan, doubts, seen_at=at)]
                if self.shape.name == "order"
                else reports.read(record, plan, doubts, seen_at=at)
            )
        except Unreadable as error:
            return Understood([], doubts.found, str(error))
        for label, value in doubts.found:
            log.warning("%s: unlisted value %.60r of %s", self.name, value, label)
        unlisted = tuple(dict.fromkeys(f"“{label}”没有对照的值“{value}”" for label, value in doubts.found))[
            :MOST_UNLISTED
        ]
        key = kept.one(record, plan).key
        says: list[Said] = []
        for place, snapshot in enumerate(snapshots):
            subject = snapshot.platform_order_id if self.shape.name == "order" else snapshot.order
            if unlisted and not place:
                says.append(Doubtful(key=key, subject=subject, snapshot=snapshot, unlisted=unlisted))
            else:
                says.append(Said(key=f"{key}:{place}" if place else key, subject=subject, snapshot=snapshot))
        return Understood(says, doubts.found)

    def _records(self, body: bytes, settings: Mapping[str, Any], plan: Plan) -> list[Any]:
        try:
            wishes = preferences.understood(settings)
        except preferences.WrongSetting as error:
            raise Unreadable(f"设置 {error.field} 不对：{error}") from error
        document = reading.read(body, format=wishes.format, encoding=wishes.encoding, header_row=plan.header_row)
        return reading.records(document, plan.records, plan.grouping)

    def _wishes(self, access: Access) -> preferences.Preferences:
        try:
            return preferences.understood(access.settings)
        except preferences.WrongSetting as error:
            raise Permanent(f"设置 {error.field} 不对：{error}", code="settings") from error

    def _plan(self, access: Access) -> Plan:
        return kept.plan_of(access.settings.get("mapping"), self.shape)

    def _plan_to_ask_with(self, access: Access) -> Plan:
        try:
            return self._plan(access)
        except Unreadable as error:
            raise Permanent(str(error), code="mapping") from error

    def _insist(self, capability: str, access: Access) -> None:
        if not self.can(capability, access.settings):
            raise Unsupported("这个连接没有设置这种读取方式", code="settings")
