"""顺丰 (SF Express) directly, by its open platform 丰桥: numbers, routes, interception.

The tower takes waybill numbers on the seller's own monthly card where the connection is allowed to, is pushed each
route, asks where pushes fall silent, and asks for a parcel to be sent back or elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    Fetch,
    FieldError,
    Incoming,
    InterceptWish,
    Message,
    Reply,
    Said,
    TrackWish,
    Waybill,
    WaybillWish,
)
from integrations.carriers.sf import client, intercepting, mapping, ordering, preferences, webhook
from integrations.carriers.sf.words import CARRIER
from integrations.preferences import is_yes

__all__ = ["SfAdapter", "adapter"]


class SfAdapter(Adapter):
    name = "sf"
    title = "顺丰（丰桥）"
    system = "courier"
    capabilities = frozenset({"webhook", "query", "waybill", "intercept"})
    carriers = frozenset({CARRIER})
    fields = preferences.FIELDS

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        """Numbers only where the seller wants them from here and not from the platform."""
        return super().can(capability, settings) and (
            capability != "waybill" or is_yes(settings.get("issues_waybills"))
        )

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Sequence[FieldError]:
        return preferences.problems(settings)

    def verify(self, access: Access, incoming: Incoming) -> None:
        webhook.verify(access, incoming)

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        return webhook.unpack(access, incoming)

    def accepted(self, incoming: Incoming) -> Reply:
        return webhook.accepted()

    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        return webhook.refused()

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

    def query(self, access: Access, wish: TrackWish) -> Message:
        return client.query(access, wish)

    def issue_waybill(self, access: Access, wish: WaybillWish) -> Waybill:
        return ordering.issue(access, wish)

    def cancel_waybill(self, access: Access, carrier: str, waybill: str, object_id: str = "") -> None:
        ordering.cancel(access, waybill, object_id)

    def intercept(self, access: Access, wish: InterceptWish) -> Mapping[str, Any]:
        return intercepting.intercept(access, wish)


adapter = SfAdapter()
