"""A body of `POST orders/` as a fact: what somebody says that a platform says."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from orders import clock
from orders.api.order_shapes import STATUS
from orders.api.problems import invalid
from orders.lifecycle import CauseKind
from orders.models import Shop
from orders.selectors.access import Access, visible_shops
from orders.selectors.facts import last_said
from orders.selectors.orders import is_known
from orders.services.outcome import Outcome, Reason, Refused
from orders.services.record import record, record_new_orders
from orders.vocabulary import AddressSnapshot, Cause, Fact, LineSnapshot, OrderSnapshot

# So many new orders are one transaction: more would keep others waiting for its locks.
TOGETHER = 200


class Reporter:
    """Records orders for one caller; the shops it names are looked up once."""

    def __init__(self, access: Access, cause: Cause, owner: str) -> None:
        self._access, self._cause, self._source = access, cause, source_of(owner)
        self._shops: dict[int, Shop | None] = {}

    def report(self, body: dict[str, Any]) -> tuple[Outcome, bool]:
        """The outcome, and whether the order was new. Each order is a transaction of its own."""
        shop = self._shop(body["shop"])
        new = not is_known(shop, body["platform_order_id"])
        outcome = record(fact_of(body, shop, source=self._source), cause=self._cause)
        outcome.event_or_raise()
        return outcome, new

    def report_new(self, bodies: Sequence[dict[str, Any]]) -> list[Outcome | None]:
        """Take in together those that bring new orders, a transaction a batch; `None` for each that needs `report`."""
        outcomes: list[Outcome | None] = [None] * len(bodies)
        facts: dict[int, Fact] = {}
        for place, body in enumerate(bodies):
            # What is wrong with its shop is said when it has its own turn.
            with suppress(ValidationError, Refused):
                facts[place] = fact_of(body, self._shop(body["shop"]), source=self._source)
        places = list(facts)
        for start in range(0, len(places), TOGETHER):
            batch = places[start : start + TOGETHER]
            found = record_new_orders([facts[place] for place in batch], cause=self._cause)
            for place, outcome in zip(batch, found, strict=True):
                outcomes[place] = outcome
        return outcomes

    def _shop(self, shop_id: int) -> Shop:
        if shop_id not in self._shops:
            self._shops[shop_id] = visible_shops(self._access).filter(pk=shop_id).first()
        shop = self._shops[shop_id]
        if shop is None:
            raise invalid("shop", _("没有这个店铺"))
        if not self._access.may_report_for(shop):
            detail = str(_("没有上报订单的权限，请找运营主管处理"))
            raise Refused(Outcome(ok=False, code="role", detail=detail, reasons=(Reason("role", detail),)))
        return shop


def source_of(owner: str) -> str:
    """Whose word a fact is: "api:3", "user:5"."""
    return owner.replace("key:", "api:")


def fact_of(body: dict[str, Any], shop: Shop, *, source: str) -> Fact:
    """The same content is the same fact, however it was written; another content is another one."""
    digest = hashlib.sha256(canonical(body)).hexdigest()
    return Fact(
        source=source,
        key=_key_of(body, digest, source),
        body_hash=digest[:32],
        subject=body["platform_order_id"],
        snapshot=snapshot_of(body),
        system=CauseKind.PLATFORM,
        company_id=shop.company_id,
        shop_id=shop.pk,
    )


def _key_of(body: dict[str, Any], digest: str, source: str) -> str:
    """With the platform's time the content says it all: whenever it comes, it is the same fact (law 3).

    Without it the time of the request counts, so that only what is said twice running is a repeat: after A and B
    another A is news.
    """
    if body["modified_at"] is not None:
        return f"order:{body['platform_order_id']}:{digest[:16]}"
    name = hashlib.sha256(f"{body['shop']}:{body['platform_order_id']}".encode()).hexdigest()[:24]
    last = last_said(source, f"order-now:{name}:")
    if last is not None and last.body_hash == digest[:32]:
        return last.key
    return f"order-now:{name}:{last.place if last else 0}:{digest[:16]}"


def snapshot_of(body: dict[str, Any]) -> OrderSnapshot:
    modified_at = body["modified_at"] or clock.now()
    return OrderSnapshot(
        platform_order_id=body["platform_order_id"],
        status=STATUS[body["state"]],
        platform_status=body["state"],
        modified_at=modified_at,
        placed_at=body["placed_at"],
        paid_at=body["paid_at"],
        closed_at=modified_at if body["state"] == "cancelled" else None,
        amount=body["amount"],
        lines=tuple(LineSnapshot(**line) for line in body["lines"]),
        receiver=AddressSnapshot(**body["receiver"]),
        buyer_note=body["buyer_note"],
        seller_note=body["seller_note"],
        ship_by=body["ship_by"],
    )


def canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
