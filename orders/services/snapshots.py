"""Taking a platform's picture of an order: the newest by the source's time wins, ties by content, never by arrival."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orders import sealing
from orders.models import AfterSale, Order, OrderLine, Shop, raise_commit_counter, take_ids
from orders.services import address, claims
from orders.services.dossier import Dossier
from orders.vocabulary import Cause, Fact, LineSnapshot, OrderSnapshot, RefundSnapshot

# Of two words about one refund at the same time the later in this list wins; a withdrawal wins over all.
_REFUND_RANK = ("open", "refused", "done", "withdrawn")
_STATUS_RANK = ("unknown", "unpaid", "paid", "shipped_part", "shipped", "signed", "finished", "closed")


def new_dossiers(facts: Sequence[Fact], *, cause: Cause) -> list[Dossier]:
    """Dossiers of orders that are seen for the first time; their content comes with `take_order`.

    Their rows have their ids and are written once, when the dossiers close. Nothing needs to be locked or loaded:
    nobody else can see them yet, and a second maker of the same order fails at its unique constraint.
    """
    raise_commit_counter()
    snapshots = [fact.snapshot for fact in facts if isinstance(fact.snapshot, OrderSnapshot)]
    ids = iter(take_ids(Order, len(snapshots)))
    lines = iter(take_ids(OrderLine, sum(len(snapshot.lines) for snapshot in snapshots)))
    shops = _shops_of(facts)
    dossiers = []
    for fact, snapshot in zip(facts, snapshots, strict=True):
        order = Order(
            pk=next(ids),
            company_id=fact.company_id,
            shop=shops[fact.company_id, fact.shop_id],
            platform_order_id=snapshot.platform_order_id,
            number=f"T{fact.shop_id}-{snapshot.platform_order_id}",
            placed_at=snapshot.placed_at,
            amount=snapshot.amount,
        )
        address.give_data_key(order)
        dossier = Dossier(order, cause)
        for line in snapshot.lines:
            row = OrderLine(pk=next(lines), order=order, **_line_fields(line))
            dossier.lines.append(row)
            dossier.touch(row)
        dossiers.append(dossier)
    return dossiers


def _shops_of(facts: Sequence[Fact]) -> dict[tuple[int, int | None], Shop]:
    if any(fact.shop_id is None for fact in facts):
        raise ValueError("an order comes from a shop, and this connection speaks for none")
    found = Shop.objects.select_related("warehouse").in_bulk({fact.shop_id for fact in facts})
    shops: dict[tuple[int, int | None], Shop] = {(shop.company_id, pk): shop for pk, shop in found.items()}
    for fact in facts:
        if (fact.company_id, fact.shop_id) not in shops:
            raise Shop.DoesNotExist(f"company {fact.company_id} has no shop {fact.shop_id}")
    return shops


def take_order(dossier: Dossier, fact: Fact, snapshot: OrderSnapshot) -> tuple[bool, dict[str, Any]]:
    order = dossier.order
    rank = f"{_STATUS_RANK.index(snapshot.status):02d}:{fact.body_hash}"
    before = (order.source_modified_at, order.source_rank)
    newest = before[0] is None or (snapshot.modified_at, rank) > before
    # These only grow or shrink to a first time, so an old picture may still add to them.
    news = _first_time(order, "paid_at", snapshot.paid_at)
    news = _first_time(order, "finished_at", snapshot.finished_at) or news
    news = _first_time(order, "closed_at", _closed(snapshot)) or news
    if newest:
        order.source_modified_at, order.source_rank = snapshot.modified_at, rank
        _take_newest(dossier, snapshot)
    at = snapshot.modified_at
    news = address.learn(dossier, snapshot.receiver, at, source=str(fact.system), newest=newest) or news
    for refund in snapshot.refunds:
        news = _join_refund(dossier, refund, snapshot.modified_at) or news
    claims.hear(
        dossier,
        system=str(fact.system),
        subject=snapshot.platform_order_id,
        stage=snapshot.status,
        source_status=snapshot.platform_status,
        at=snapshot.modified_at,
    )
    facts = {
        "status": snapshot.status,
        "platform_status": snapshot.platform_status,
        "address_version": order.address_version,
        "lines": len(snapshot.lines),
    }
    return newest or news, facts


def _closed(snapshot: OrderSnapshot) -> datetime | None:
    return (snapshot.closed_at or snapshot.modified_at) if snapshot.status == "closed" else None


def _first_time(order: Order, name: str, value: datetime | None) -> bool:
    known = getattr(order, name)
    if value is None or (known is not None and known <= value):
        return False
    setattr(order, name, value)
    return True


def _take_newest(dossier: Dossier, snapshot: OrderSnapshot) -> None:
    order = dossier.order
    order.placed_at, order.amount = snapshot.placed_at, snapshot.amount
    order.buyer_note, order.seller_note = snapshot.buyer_note, snapshot.seller_note
    order.seller_flag, order.platform_status = snapshot.seller_flag[:10], snapshot.platform_status[:40]
    order.ship_by, order.ship_by_promised, order.presale_until = snapshot.ship_by, False, snapshot.presale_until
    order.flags, order.origin = sorted(snapshot.flags), dict(snapshot.origin)
    order.buyer_index = sealing.blind("buyer", snapshot.buyer)
    known = {line.platform_line_id: line for line in dossier.lines}
    for line in snapshot.lines:
        row = known.get(line.platform_line_id)
        if row is None:
            row = OrderLine.objects.create(order=order, **_line_fields(line))
            dossier.lines.append(row)
        elif any(getattr(row, name) != value for name, value in _line_fields(line).items()):
            for name, value in _line_fields(line).items():
                setattr(row, name, value)
            dossier.touch(row)


def _line_fields(line: LineSnapshot) -> dict[str, Any]:
    return {
        "platform_line_id": line.platform_line_id,
        "sku": line.sku,
        "title": line.title[:300],
        "quantity": line.quantity,
        "price": line.price,
        "gift": line.gift,
        "closed": line.closed,
    }


def _join_refund(dossier: Dossier, refund: RefundSnapshot, seen_at: datetime) -> bool:
    at = refund.updated_at or seen_at
    line = next((row for row in dossier.lines if row.platform_line_id == refund.platform_line_id), None)
    requested = refund.requested_at or at
    row = next((sale for sale in dossier.aftersales if sale.refund_id == refund.refund_id), None)
    if row is None:
        row = AfterSale.objects.create(
            order=dossier.order,
            line=line,
            refund_id=refund.refund_id,
            kind=refund.kind,
            state=refund.status,
            amount=refund.amount,
            requested_at=requested,
            source_at=at,
        )
        dossier.aftersales.append(row)
        return True
    changed = False
    if requested < row.requested_at:
        row.requested_at, changed = requested, True
    ranked = (refund.status == "withdrawn", at, _REFUND_RANK.index(refund.status))
    if ranked > (row.state == "withdrawn", row.source_at, _REFUND_RANK.index(row.state)):
        row.state, row.source_at, row.kind, row.amount = refund.status, at, refund.kind, refund.amount
        changed = True
    row.line = row.line or line
    if changed:
        dossier.touch(row)
    return changed


def take_refund(dossier: Dossier, fact: Fact, refund: RefundSnapshot) -> tuple[bool, dict[str, Any]]:
    at = refund.updated_at or refund.requested_at or dossier.order.placed_at
    news = _join_refund(dossier, refund, at)
    return news, {"refund": refund.refund_id, "status": refund.status}
