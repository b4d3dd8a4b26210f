"""What warehouses say of their stock, as a join: the newest count and the changes after it, by their times (law 3).

Beside it stands what the tower believes. Where both speak of the same goods and differ, a person is told.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from integrations.adapter import StockWord
from integrations.models import Connection, StockChange, StockClaim, Trouble
from integrations.troubles import end_trouble, raise_trouble
from orders import clock
from orders.models import PackLine, Stock

# The only grade that can be sold, and so the only one the tower has a number of.
SELLABLE = ("ZP", "")


def take_stock(connection: Connection, word: StockWord) -> StockClaim:
    """Join one word into its claim, and compare with what the tower believes. A repeat changes nothing."""
    with transaction.atomic():
        claim, _ = StockClaim.objects.get_or_create(
            connection=connection, place=word.warehouse, code=word.code, grade=word.grade
        )
        claim = StockClaim.objects.select_for_update().get(pk=claim.pk)
        _join(claim, word)
        claim.save()
    if word.total is not None and claim.grade in SELLABLE and connection.warehouse_id:
        compare(connection, claim.code)
    return claim


def _join(claim: StockClaim, word: StockWord) -> None:
    if word.total is not None:
        # Of two counts of the same moment the larger one stands, whichever came first.
        if claim.counted_at is None or (word.at, word.total) > (claim.counted_at, claim.counted or 0):
            claim.counted, claim.locked, claim.counted_at = word.total, word.locked, word.at
            claim.changes.filter(at__lte=word.at).delete()
    elif claim.counted_at is None or word.at > claim.counted_at:
        StockChange.objects.get_or_create(claim=claim, key=word.key, defaults={"quantity": word.change, "at": word.at})
    claim.changed = claim.changes.aggregate(sum=Sum("quantity"))["sum"] or 0
    if claim.said_at is None or word.at > claim.said_at:
        claim.said_at = word.at
    claim.received_at = clock.now()


def compare(connection: Connection, code: str) -> int | None:
    """How many pieces the warehouse counted more than the tower expects; `None` where one of them has no number."""
    # Only what was counted: whether a warehouse also reports as a change what it sends out differs from one to another.
    claims = StockClaim.objects.filter(connection=connection, code=code, grade__in=SELLABLE)
    told = list(claims.exclude(counted_at=None).values_list("counted", "counted_at"))
    stock = Stock.objects.filter(
        warehouse=connection.warehouse_id,
        goods__company=connection.company_id,
        goods__code=code,
        source_at__isnull=False,
    ).first()
    if stock is None or not told:
        return None
    theirs = sum(counted or 0 for counted, _ in told)
    ours = _expected(stock, max(at for _, at in told if at))
    key = f"stock:{connection.warehouse_id}:{code}"
    if theirs == ours:
        end_trouble(connection.company_id, Trouble.Kind.STOCK_DRIFT, key)
    else:
        raise_trouble(
            connection.company_id,
            Trouble.Kind.STOCK_DRIFT,
            key,
            f"{connection.name}：货品 {code} 仓库系统 {theirs} 件，指挥塔应有 {ours} 件，差 {theirs - ours:+}",
            connection=connection,
            facts={"code": code, "theirs": theirs, "ours": ours},
        )
    return theirs - ours


def _expected(stock: Stock, at: datetime) -> int:
    """What should be there at that moment: the number that was told to the tower, and what left before or after."""
    told_at = stock.source_at or at
    early, late = min(told_at, at), max(told_at, at)
    left = PackLine.objects.filter(
        goods=stock.goods_id,
        parcel__warehouse=stock.warehouse_id,
        parcel__shipped_at__gt=early,
        parcel__shipped_at__lte=late,
    )
    pieces = left.aggregate(sum=Sum("quantity"))["sum"] or 0
    return stock.on_hand - pieces if at >= told_at else stock.on_hand + pieces
