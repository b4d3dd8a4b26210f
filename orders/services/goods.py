"""From what was sold to what goes into the box: SkuMap, bundles, gifts; and reservations of stock."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from orders import clock
from orders.models import BundlePart, GiftRule, Goods, OrderLine, PackLine, Parcel, Reservation, SkuMap, Stock
from orders.services.dossier import Dossier


def current_maps(dossier: Dossier) -> dict[str, SkuMap]:
    """SKU → its map today; the shop's own map goes before the company's. Read once for each dossier."""
    if dossier.sku_maps is None or not {line.sku for line in dossier.lines} <= dossier.sku_maps.keys():
        load_maps([dossier])
    return {sku: row for sku, row in (dossier.sku_maps or {}).items() if row is not None}


def load_maps(dossiers: Iterable[Dossier]) -> None:
    """The maps of many dossiers, in a query for each company; an unmapped SKU has `None`."""
    by_company: dict[int, list[Dossier]] = {}
    for dossier in dossiers:
        by_company.setdefault(dossier.order.company_id, []).append(dossier)
    for company_id, those in by_company.items():
        skus = {line.sku for dossier in those for line in dossier.lines}
        rows = SkuMap.objects.select_related("goods").filter(company=company_id, sku__in=skus, valid_to__isnull=True)
        found = {(row.shop_id, row.sku): row for row in rows}
        for dossier in those:
            shop_id = dossier.order.shop_id
            dossier.sku_maps = {
                line.sku: found.get((shop_id, line.sku)) or found.get((None, line.sku)) for line in dossier.lines
            }


def unmapped_skus(dossier: Dossier) -> tuple[str, ...]:
    """SKUs of open lines that no map knows, each once; empty where the shop does not ask for a map."""
    if not dossier.order.shop.requires_mapping:
        return ()
    maps = current_maps(dossier)
    return tuple(dict.fromkeys(line.sku for line in dossier.lines if not line.closed and line.sku not in maps))


def write_pack_lines(dossier: Dossier, parcel: Parcel, lines: Iterable[tuple[OrderLine, int]]) -> None:
    """Explode sold lines into pack lines: mapped goods, parts of bundles, and gifts that a rule adds."""
    lines = list(lines)
    maps = current_maps(dossier)
    goods_ids = {row.goods_id for row in maps.values()}
    parts: dict[int, list[BundlePart]] = {}
    for part in BundlePart.objects.filter(bundle__in=goods_ids):
        parts.setdefault(part.bundle_id, []).append(part)
    packed: list[PackLine] = []

    def put(line: OrderLine, goods_id: int, quantity: int, source: str) -> None:
        packed.append(PackLine(parcel=parcel, order_line=line, goods_id=goods_id, quantity=quantity, source=source))

    gifts = _gift_rules(dossier, [line.sku for line, _ in lines])
    for line, quantity in lines:
        sold_as = PackLine.Source.PLATFORM_GIFT if line.gift else PackLine.Source.SOLD
        if mapped := maps.get(line.sku):
            pieces = quantity * mapped.quantity
            if mapped.goods_id in parts:
                for part in parts[mapped.goods_id]:
                    put(line, part.part_id, pieces * part.quantity, PackLine.Source.BUNDLE)
            else:
                put(line, mapped.goods_id, pieces, sold_as)
        for gift in gifts.get(line.sku, []):
            put(line, gift.goods_id, quantity * gift.quantity, PackLine.Source.RULE_GIFT)
    PackLine.objects.bulk_create(packed)


def _gift_rules(dossier: Dossier, skus: list[str]) -> dict[str, list[GiftRule]]:
    order, at = dossier.order, dossier.order.placed_at
    rows = GiftRule.objects.filter(
        Q(shop=order.shop_id) | Q(shop__isnull=True),
        Q(valid_to__isnull=True) | Q(valid_to__gt=at),
        company=order.company_id,
        sku__in=skus,
        valid_from__lte=at,
    )
    found: dict[str, list[GiftRule]] = {}
    for row in rows:
        found.setdefault(row.sku, []).append(row)
    return found


def reserve(dossier: Dossier, warehouse_id: int) -> tuple[str, ...]:
    """Reserve stock for every open line, all or none; the SKUs that are short, empty when it is done.

    The order's lock is held; stock rows are locked after it, in (warehouse, goods) order (law 8).
    """
    maps = current_maps(dossier)
    wanted: dict[int, list[tuple[OrderLine, int]]] = {}
    for line in dossier.lines:
        if not line.closed and line.sku in maps:
            row = maps[line.sku]
            wanted.setdefault(row.goods_id, []).append((line, line.quantity * row.quantity))
    stocks = {
        stock.goods_id: stock
        for stock in Stock.objects.select_for_update()
        .filter(warehouse=warehouse_id, goods__in=wanted)
        .order_by("warehouse_id", "goods_id")
    }
    short = []
    for goods_id, needs in wanted.items():
        stock = stocks.get(goods_id)
        if stock is None or stock.on_hand - stock.reserved < sum(quantity for _, quantity in needs):
            short.append(needs[0][0].sku)
    if short:
        return tuple(short)
    for goods_id, needs in wanted.items():
        total = sum(quantity for _, quantity in needs)
        Stock.objects.filter(pk=stocks[goods_id].pk).update(reserved=F("reserved") + total)
        Reservation.objects.bulk_create(
            Reservation(stock=stocks[goods_id], order_line=line, quantity=quantity) for line, quantity in needs
        )
    return ()


def release_reservations(dossier: Dossier) -> None:
    """The goods do not leave: give their reservations back."""
    rows = Reservation.objects.filter(order_line__in=dossier.lines, released_at__isnull=True).order_by(
        "stock__warehouse_id", "stock__goods_id"
    )
    for row in list(rows):
        Stock.objects.filter(pk=row.stock_id).update(reserved=F("reserved") - row.quantity)
        Reservation.objects.filter(pk=row.pk).update(released_at=clock.now())


def map_sku(*, company_id: int, sku: str, goods: Goods, shop_id: int | None = None, quantity: int = 1) -> SkuMap:
    """Say which goods a SKU means from now on: a new version, and the old one ends. Orders that wait for it are
    looked at again by the next sweep (`orders.services.waiting`)."""
    now: datetime = clock.now()
    with transaction.atomic():
        current = SkuMap.objects.select_for_update().filter(
            company=company_id, shop=shop_id, sku=sku, valid_to__isnull=True
        )
        version = 0
        for row in current:
            version = row.version
            row.valid_to = now
            row.save(update_fields=["valid_to"])
        try:
            return SkuMap.objects.create(
                company_id=company_id,
                shop_id=shop_id,
                sku=sku,
                goods=goods,
                quantity=quantity,
                version=version + 1,
                valid_from=now,
            )
        except IntegrityError as error:
            raise ValueError(f"{sku} was mapped by somebody else at the same moment") from error
