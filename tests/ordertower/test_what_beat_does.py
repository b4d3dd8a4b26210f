"""One mistake of ours about one row stops none of the others that beat looks at; no company feeds another's edge."""

from datetime import timedelta

import pytest

from integrations import contradictions, ledger, silence
from integrations.ledger import buckets
from integrations.models import Contradiction, Edge, EdgeCursor, LedgerBucket, bucket_start
from orders.models import Company, Order
from tests.integrations.ledger.road import wait_until_settled
from tests.laws.cast import seller

pytestmark = pytest.mark.django_db(transaction=True)


def contradicts(order: Order, since: timedelta) -> Contradiction:
    return Contradiction.objects.create(
        company_id=order.company_id, order=order, code="made_up", subject="order", likely_wrong="wms", level="warning",
        since=order.created_at - since, due_at=order.created_at - since,
    )  # fmt: skip


def test_an_order_that_cannot_be_looked_at_keeps_no_other_contradiction_waiting(clock, monkeypatch):
    shop = seller()
    bad, good = shop.sells(), shop.sells()
    first, second = contradicts(bad, timedelta(hours=2)), contradicts(good, timedelta(hours=1))
    examine = contradictions.examine

    def stumbles(order: Order) -> list[Contradiction]:
        if order.pk == bad.pk:
            raise ValueError("a mistake of ours")
        return examine(order)

    monkeypatch.setattr(contradictions, "examine", stumbles)
    assert contradictions.sweep(now=clock.now()) == 1
    assert not Contradiction.objects.filter(pk=second.pk).exists()
    first.refresh_from_db()
    assert first.due_at == clock.now() + contradictions.AFTER_A_MISTAKE
    # Its turn comes again when it is mended.
    monkeypatch.setattr(contradictions, "examine", examine)
    clock.advance(seconds=600)
    assert contradictions.sweep(now=clock.now()) == 1
    assert not Contradiction.objects.exists()


def test_a_bucket_that_cannot_be_looked_at_keeps_no_other_waiting(clock, monkeypatch):
    shop = seller()
    start = bucket_start(clock.now() - timedelta(hours=1))
    rows = [
        LedgerBucket.objects.create(
            company=shop.shop.company, shop=shop.shop, start=start + timedelta(minutes=5 * place),
            next_look_at=start + timedelta(minutes=5 * place),
        )
        for place in range(2)
    ]  # fmt: skip
    look = buckets.look

    def stumbles(bucket: LedgerBucket, systems: object, **options: object) -> None:
        if bucket.pk == rows[0].pk:
            raise ValueError("a mistake of ours")
        look(bucket, systems, **options)

    monkeypatch.setattr(buckets, "look", stumbles)
    assert ledger.run(now=clock.now()) == 2
    for row in rows:
        row.refresh_from_db()
    assert rows[0].looked_at is None
    assert rows[0].next_look_at > clock.now()
    assert rows[1].looked_at == clock.now()


def test_what_one_company_hands_over_feeds_no_edge_of_another(clock):
    wait_until_settled()
    silence.listen(now=clock.now())
    assert EdgeCursor.objects.filter(source="events").exists()
    shop = seller()
    stranger = Company.objects.create(name="别家", code="elsewhere")
    mine, theirs = (
        Edge.objects.create(company=company, kind=Edge.Kind.WMS, key="connection:1", name="WMS", first_at=clock.now())
        for company in (shop.shop.company, stranger)
    )
    clock.advance(seconds=20)
    shop.released()
    wait_until_settled()
    clock.advance(seconds=20)
    silence.listen(now=clock.now())
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.fed, theirs.fed) == (1, 0)
