"""A shop with every system behind it, and orders brought along their way as rows: what services would have written."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from integrations import ledger
from integrations.models import Connection, Job, LedgerBucket, LedgerGap, LedgerGrace
from orders import clock
from orders.models import Claim, CommitMark, Hold, Label, Order, Parcel, raise_commit_counter, settled_mark
from tests.orders import factories

GRACE = {"erp": 10, "wms": 5, "printed": 10, "handed_over": 15, "picked_up": 20}


class Road:
    """JD lists its orders (a generic source does not), Kingdee is read, Qimen takes them, 快递100 tells of couriers."""

    def __init__(self, *, erp: bool = True, wms: bool = True, courier: bool = True, numbers: bool = True) -> None:
        self.company = factories.company()
        self.warehouse = factories.warehouse(self.company)
        self.shop = factories.shop(self.company, platform="jd", warehouse=self.warehouse)
        self.platform = self._connect("jd" if numbers else "generic", shop=self.shop)
        self.erp = self._connect("kingdee", last_poll_at=clock.now()) if erp else None
        self.wms = self._connect("qimen", warehouse=self.warehouse) if wms else None
        self.courier = self._connect("kuaidi100") if courier else None
        LedgerGrace.objects.create(company=self.company, **GRACE)

    def _connect(self, adapter: str, **fields: Any) -> Connection:
        made = Connection.objects.create(
            company=self.company, adapter=adapter, name=adapter, base_url="http://127.0.0.1:9", **fields
        )
        # An hour old, so that the present bucket has a whole one of its own.
        Connection.objects.filter(pk=made.pk).update(created_at=clock.now() - timedelta(hours=1))
        made.refresh_from_db()
        return made

    # What happens on the way ----------------------------------------------------------------------------------------
    def enters(
        self, number: str = "", *, placed_at: datetime | None = None, via: str = "webhook", **fields: Any
    ) -> Order:
        now = clock.now()
        fields = {"created_at": now, "paid_at": now, **fields}
        if number:
            fields["platform_order_id"] = number
        order = factories.order(self.shop, placed_at=placed_at or now, **fields)
        factories.happens(order, "order_seen", facts={"via": via})
        return self.touched(order)

    def in_erp(self, order: Order) -> None:
        self._claims(order, "erp", order.number, 10)

    def released(self, order: Order) -> Parcel:
        parcel = factories.parcel(order, warehouse=self.warehouse, created_at=clock.now(), carrier="yto")
        self.touched(order)
        return parcel

    def in_wms(self, order: Order) -> None:
        """The warehouse answered our sending: a job that is done, and nothing on the order itself."""
        for parcel in self.parcels(order) or [self.released(order)]:
            Job.objects.create(
                kind="deliver_parcel",
                key=f"deliver:{parcel.pk}",
                order_id=order.pk,
                payload={"parcel": parcel.pk},
                state="done",
                result={"code": "done"},
                done_at=clock.now(),
            )

    def printed(self, order: Order) -> None:
        for parcel in self.parcels(order):
            Label.objects.create(
                parcel=parcel,
                state="printed",
                printed_at=clock.now(),
                waybill=f"YT{parcel.pk:010}",
                carrier="yto",
            )
        self.touched(order)

    def handed_over(self, order: Order) -> None:
        for parcel in self.parcels(order):
            Parcel.objects.filter(pk=parcel.pk).update(state="shipped", shipped_at=clock.now())
        self.touched(order)

    def picked_up(self, order: Order) -> None:
        for label in Label.objects.filter(parcel__in=self.parcels(order)):
            self._claims(order, "courier", label.waybill, 30)

    def parcels(self, order: Order) -> list[Parcel]:
        return list(Parcel.objects.filter(lines__order_line__order=order).distinct())

    def held(self, order: Order) -> Hold:
        hold = Hold.objects.create(order=order, reason="manual")
        self.touched(order, held=True)
        return hold

    def lifted(self, order: Order) -> None:
        Hold.objects.filter(order=order).update(state="lifted", decided_at=clock.now())
        factories.happens(order, "hold_lifted")
        self.touched(order, held=False)

    def _claims(self, order: Order, system: str, subject: str, furthest: int) -> None:
        Claim.objects.create(
            order=order, system=system, subject=subject, status="told", stage="told", at=clock.now(),
            received_at=clock.now(), furthest=furthest, seen={f"stage:{furthest}": clock.now().isoformat()},
        )  # fmt: skip
        self.touched(order)

    def touched(self, order: Order, **fields: Any) -> Order:
        """As every service leaves an order that it changed: with its place in commit order."""
        with transaction.atomic():
            raise_commit_counter()
            Order.objects.filter(pk=order.pk).update(mark=CommitMark(), **fields)
        order.refresh_from_db()
        return order

    # What the ledger says --------------------------------------------------------------------------------------------
    def look(self) -> int:
        if self.erp is not None:
            Connection.objects.filter(pk=self.erp.pk).update(last_poll_at=clock.now())
        wait_until_settled()
        return ledger.run(now=clock.now())

    def bucket(self, order: Order | None = None) -> LedgerBucket:
        rows = LedgerBucket.objects.filter(shop=self.shop)
        return (
            rows.get(start__lte=order.placed_at, start__gt=order.placed_at - timedelta(minutes=5))
            if order
            else rows.get()
        )

    def gaps(self) -> set[tuple[str, str]]:
        rows = LedgerGap.objects.filter(bucket__shop=self.shop, closed_at__isnull=True)
        return set(rows.values_list("hop", "number"))


def wait_until_settled() -> None:
    """A test in another process may keep an older transaction open, behind which nobody reads."""
    factories.settle()
    newest = Order.objects.aggregate(mark=Max("mark"))["mark"] or 0
    deadline = time.monotonic() + 600
    while settled_mark() <= newest:
        assert time.monotonic() < deadline, "an older transaction does not end"
        time.sleep(0.02)
