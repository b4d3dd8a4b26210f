"""Taking a platform's picture of an order: the newest by the source's time wins, ties by content, never by arrival."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orders import sealing
from orders.models import AfterSale, Event, Order, OrderLine, Shop, raise_commit_counter, take_ids
from orders.services import address, claims
from orders.services.dossier import Dossier
from orders.vocabulary import UNNUMBERED, Cause, Fact, LineSnapshot, OrderSnapshot, RefundSnapshot

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
    changed_notes = _changed_notes(order, snapshot) if newest and before[0] is not None else []
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
    if changed_notes:
        dossier.note(
            "note_changed",
            result=Event.Result.OBSERVED,
            changes=False,
            key=fact.key,
            facts={"changed": changed_notes, "flag": order.seller_flag},
            source_at=snapshot.modified_at,
        )
    return newest or news, facts


def _changed_notes(order: Order, snapshot: OrderSnapshot) -> list[str]:
    """Which of buyer's note, seller's memo and flag a newer picture shows otherwise; never what they say (law 13)."""
    told = {
        "buyer_note": snapshot.buyer_note,
        "seller_note": snapshot.seller_note,
        "seller_flag": snapshot.seller_flag[:10],
    }
    return [name for name, text in told.items() if getattr(order, name) != text]


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
    """Join one word about a refund into its after-sale; True where it is news.

    The state is the newest word's. Kind, amount and deadline are those of the newest word that the refund itself gave:
    an order mentions a refund in passing. One without a number gives way to a numbered one of its line.
    """
    at = refund.updated_at or seen_at
    row = next((sale for sale in dossier.aftersales if sale.refund_id == refund.refund_id), None)
    line = next((row for row in dossier.lines if row.platform_line_id == refund.platform_line_id), None)
    others = [sale for sale in dossier.aftersales if line is not None and sale.line_id == line.pk and sale is not row]
    if refund.refund_id.startswith(UNNUMBERED):
        if any(not sale.refund_id.startswith(UNNUMBERED) for sale in others):
            return False
    elif row is None and (stand_in := next((s for s in others if s.refund_id.startswith(UNNUMBERED)), None)):
        _start(stand_in, refund, at)
        stand_in.refund_id = refund.refund_id
        dossier.touch(stand_in)
        return True
    if row is None:
        row = AfterSale(order=dossier.order, line=line)
        row.refund_id = refund.refund_id
        _start(row, refund, at)
        row.save()
        dossier.aftersales.append(row)
        return True
    changed = False
    requested = refund.requested_at or at
    if requested < row.requested_at:
        row.requested_at, changed = requested, True
    ranked = (refund.status == "withdrawn", at, _REFUND_RANK.index(refund.status))
    newest = ranked > (row.state == "withdrawn", row.source_at, _REFUND_RANK.index(row.state))
    if newest:
        row.state, row.source_at, changed = refund.status, at, True
    if _says_more(row, refund, at, newest=newest):
        _take_details(row, refund, at)
        changed = True
    row.line = row.line or line
    if changed:
        dossier.touch(row)
    return changed


def _start(row: AfterSale, refund: RefundSnapshot, at: datetime) -> None:
    row.requested_at, row.state, row.source_at = refund.requested_at or at, refund.status, at
    _take_details(row, refund, at)


def _take_details(row: AfterSale, refund: RefundSnapshot, at: datetime) -> None:
    row.kind, row.amount, row.answer_by = refund.kind, refund.amount, refund.answer_by
    row.detailed_at = None if refund.in_passing else at


def _says_more(row: AfterSale, refund: RefundSnapshot, at: datetime, *, newest: bool) -> bool:
    """Whether kind, amount and deadline are better known from this word, whichever came first."""
    if refund.in_passing:
        return newest and row.detailed_at is None
    known = row.detailed_at
    return known is None or _detail(at, refund) > _detail(known, row)


def _detail(at: datetime, told: RefundSnapshot | AfterSale) -> tuple[Any, ...]:
    """A word without a sum says less than any with one; of two at the same time the content decides."""
    sum_known, waits = told.amount is not None, told.answer_by is not None
    return (sum_known, at, waits, told.answer_by or at, str(told.kind), told.amount or 0)


def take_refund(dossier: Dossier, fact: Fact, refund: RefundSnapshot) -> tuple[bool, dict[str, Any]]:
    at = refund.updated_at or refund.requested_at or dossier.order.placed_at
    news = _join_refund(dossier, refund, at)
    return news, {"refund": refund.refund_id, "status": refund.status}
