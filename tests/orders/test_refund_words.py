"""Words about a refund, whole ones and ones in passing, end in one after-sale whatever their order (law 3)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from orders.models import AfterSale, Hold
from orders.services.record import record
from orders.vocabulary import Fact, RefundSnapshot, unnumbered
from tests.orders.test_new_orders_together import PLATFORM, shop, sold

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


def told(shop: Any, clock: Any, order: str, key: str, refund: RefundSnapshot) -> Fact:
    return replace(sold(shop, order, clock), key=f"{order}:{key}", body_hash=key.ljust(32, "0"), snapshot=refund)


def ends(shop: Any, clock: Any, order: str, words: list[tuple[str, RefundSnapshot]]) -> list[Any]:
    assert record(sold(shop, order, clock), cause=PLATFORM).ok
    for key, refund in words:
        assert record(told(shop, clock, order, key, refund), cause=PLATFORM).ok
    holds = Hold.objects.filter(order__platform_order_id=order, state="open", reason="refund_requested")
    fields = ("refund_id", "kind", "state", "amount", "requested_at", "source_at", "answer_by", "detailed_at")
    rows = AfterSale.objects.filter(order__platform_order_id=order).order_by("refund_id")
    return [list(rows.values_list(*fields, "line__platform_line_id")), sorted(holds.values_list("key", flat=True))]


def test_a_refund_told_twice_is_one_after_sale_in_every_order_of_arrival(shop, clock):
    at = clock.now()
    whole = {"refund_id": "89", "platform_line_id": "1", "requested_at": at}
    words = [
        ("a", RefundSnapshot(**whole, kind="return_refund", status="open", updated_at=at, amount=Decimal("9.90"),
                             answer_by=at + timedelta(days=2))),
        ("b", RefundSnapshot(**whole, kind="return_refund", status="open", updated_at=at + timedelta(minutes=2),
                             amount=Decimal("8.80"), answer_by=at + timedelta(days=3))),
        ("c", RefundSnapshot(refund_id="89", platform_line_id="1", kind="refund_only", status="open",
                             updated_at=at + timedelta(minutes=5), in_passing=True)),
        ("d", RefundSnapshot(refund_id=unnumbered("1"), platform_line_id="1", kind="refund_only", status="open",
                             updated_at=at + timedelta(minutes=7), in_passing=True)),
    ]  # fmt: skip
    found = [ends(shop, clock, f"N{place}", list(order)) for place, order in enumerate(permutations(words))]
    assert all(one == found[0] for one in found)
    [[sale], holds] = found[0]
    assert sale[:4] == ("89", "return_refund", "open", Decimal("8.80"))
    assert sale[4:7] == (at, at + timedelta(minutes=5), at + timedelta(days=3))
    assert holds == ["refund:89"]


def test_a_withdrawal_wins_and_ends_the_hold_in_every_order_of_arrival(shop, clock):
    at = clock.now()
    words = [
        ("a", RefundSnapshot(refund_id="89", platform_line_id="1", status="open", requested_at=at, updated_at=at,
                             amount=Decimal("9.90"))),
        ("b", RefundSnapshot(refund_id="89", platform_line_id="1", status="withdrawn", requested_at=at,
                             updated_at=at + timedelta(minutes=2), amount=Decimal("9.90"))),
        ("c", RefundSnapshot(refund_id="89", platform_line_id="1", status="open",
                             updated_at=at + timedelta(minutes=1), in_passing=True)),
    ]  # fmt: skip
    found = [ends(shop, clock, f"N{place}", list(order)) for place, order in enumerate(permutations(words))]
    assert all(one == found[0] for one in found)
    assert (found[0][0][0][2], found[0][1]) == ("withdrawn", [])


def test_a_mention_alone_holds_the_line_until_a_number_takes_its_place(shop, clock):
    at = clock.now()
    mention = RefundSnapshot(refund_id=unnumbered("1"), platform_line_id="1", updated_at=at, in_passing=True)
    [[sale], holds] = ends(shop, clock, "N1", [("a", mention)])
    assert (sale[0], sale[2], sale[7], holds) == ("line:1", "open", None, ["refund:line:1"])
    whole = RefundSnapshot(
        refund_id="89", platform_line_id="1", requested_at=at, updated_at=at, amount=Decimal(1), status="refused"
    )
    assert record(told(shop, clock, "N1", "b", whole), cause=PLATFORM).ok
    assert list(AfterSale.objects.values_list("refund_id", "state")) == [("89", "refused")]
    assert not Hold.objects.filter(state="open", reason="refund_requested").exists()
