"""Orders that wait for a goods map that is there by now. The open holds are the queue (law 9): nothing can be lost.

Whoever writes a map, at whatever door, need not know which orders wait; a sweep that dies half-way finds the rest.
"""

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Concat, Left

from orders.lifecycle import CauseKind, HoldReason
from orders.models import Hold, SkuMap
from orders.services.record import look_again
from orders.vocabulary import Cause

MAPPED = Cause(kind=CauseKind.SYSTEM, source="商品对应")


def look_again_where_mapped(*, limit: int = 200) -> int:
    """Look again at orders held for a SKU that has a map now, each in a transaction of its own; how many."""
    key = Left(Concat(Value("sku:"), "sku", output_field=CharField()), 100)
    mine = Q(shop=OuterRef("order__shop")) | Q(shop__isnull=True)
    maps = SkuMap.objects.annotate(ground=key).filter(
        mine, company=OuterRef("order__company"), ground=OuterRef("key"), valid_to__isnull=True
    )
    waiting = Hold.objects.filter(Exists(maps), reason=HoldReason.SKU_UNMAPPED, state=Hold.State.OPEN)
    orders = list(waiting.order_by("order").values_list("order", flat=True).distinct()[:limit])
    for order_id in orders:
        look_again(order_id, cause=MAPPED)
    return len(orders)
