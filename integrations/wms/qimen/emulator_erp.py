"""An ERP (模拟) that now and then misses the warehouse's 已出库 and pushes an already printed order to printing again.

Options: `repush_every` seconds (45; 0 never), `recent_seconds` (600), `tower_api` and `api_key` where its own differ
from the warehouse's. Every order is pushed again once at most by itself; control `repush` {"order"} does it at once.

Where the tower stands between it and the warehouse (`topology` "between"): `tower_hook`, `secret`, `app_key`,
`customer_id`, `repeat` (share of orders that are sent twice), `takes_orders` (every paid order of the shop becomes a
delivery). Control: `create`, `batch`, `cancel`, `heard`; the warehouse's reports come to `/erp/…`.
"""

import random
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from integrations.emulation import Answer, Emulator, Journal, Request, World, json_answer
from integrations.wms.qimen.emulator_erp_orders import OrderDesk
from integrations.wms.qimen.emulator_orders import WarehouseOrder
from integrations.wms.qimen.emulator_tower import TowerApi, refusal_words
from orders import clock

if TYPE_CHECKING:
    from integrations.wms.qimen.emulator import QimenEmulator

REASON = "未收到已出库，重新推送打印"


class ErpEmulator(Emulator):
    name = "erp"
    title = "ERP (模拟)"

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        super().__init__(world, journal, **options)
        self.chance = random.Random(f"erp-{world.seed}")
        self.pushed_again: dict[str, int] = {}
        self.next_at: datetime | None = None
        self.desk = OrderDesk(self, self.journal.write)

    @property
    def is_behind_tower(self) -> bool:
        return str(self.options.get("topology", "")) == "between"

    @property
    def warehouse(self) -> "QimenEmulator | None":
        return self.world.emulators.get("qimen")  # type: ignore[return-value]

    def handle(self, request: Request) -> Answer:
        if self.is_behind_tower and request.method == "POST":
            return self.desk.hear(request)
        self.journal.write("received", method=request.method, path=request.path)
        return json_answer({"detail": "这个 ERP 没有接口"}, status=404)

    def tick(self) -> None:
        if self.is_behind_tower:
            self.desk.work()
        every = float(self.options.get("repush_every", 45))
        if every <= 0:
            return
        now = clock.now()
        if self.next_at is None:
            self.next_at = now + timedelta(seconds=every)
        if now < self.next_at or not (missed := self._missed()):
            return
        self.next_at = now + timedelta(seconds=every)
        self.repush(self.chance.choice(missed))

    def _missed(self) -> list[WarehouseOrder]:
        """Orders whose label came out not long ago and which this ERP still believes to be waiting."""
        if self.warehouse is None:
            return []
        since = clock.now() - timedelta(seconds=float(self.options.get("recent_seconds", 600)))
        with self.warehouse.lock:
            return [
                order
                for order in self.warehouse.floor.orders.values()
                if order.prints
                and order.printed_at
                and order.printed_at >= since
                and not order.cancelled
                and order.code not in self.pushed_again
            ]

    def repush(self, order: WarehouseOrder) -> None:
        """The mistake itself: to the tower where the tower prints, to the warehouse where the warehouse does."""
        warehouse = self.warehouse
        if warehouse is None:
            raise LookupError("no warehouse on this street")
        self.pushed_again[order.code] = self.pushed_again.get(order.code, 0) + 1
        if warehouse.floor.asks_tower(order):
            for parcel in list(order.printed_parcels):
                self.send_later(partial(self._ask_tower, order, parcel))
            return
        step = warehouse.reprint(order.code)
        self.journal.write("repushed", order=order.code, to="wms", printed_at=step.at.isoformat(), reason=REASON)

    def _ask_tower(self, order: WarehouseOrder, parcel: str) -> None:
        warehouse = self.warehouse
        tower = TowerApi({**(warehouse.options if warehouse else {}), **self.options})
        try:
            response = tower.call(
                "POST",
                f"parcels/{parcel}/print-requests/",
                {"station": "ERP", "printer": "P9", "reason": REASON},
                idempotency_key=f"erp-{order.code}-{parcel}-{self.pushed_again[order.code]}",
            )
        except requests.RequestException as error:
            self.journal.write("repush_unanswered", order=order.code, parcel=parcel, reason=type(error).__name__)
            return
        granted = response.status_code == 201
        self.journal.write(
            # A grant would be the very accident the tower exists to prevent.
            "repush_granted" if granted else "repush_refused",
            order=order.code,
            parcel=parcel,
            status=response.status_code,
            answer=response.text[:500],
            reason="" if granted else refusal_words(response),
        )

    def control(self, command: str, data: dict[str, Any]) -> Any:
        if command == "connect":
            self.options.update(data)
            return {"ok": True}
        if self.is_behind_tower and command in ("create", "batch", "cancel", "heard"):
            return self._order(command, data)
        if command == "repush":
            order = self.warehouse.floor.orders.get(data["order"]) if self.warehouse else None
            if order is None:
                raise ValueError(f"仓库里没有订单 {data['order']}")
            with self.lock:
                self.repush(order)
            return {"ok": True}
        return super().control(command, data)

    def _order(self, command: str, data: dict[str, Any]) -> Any:
        with self.lock:
            if command == "create":
                return {"code": self.desk.create(data)}
            if command == "heard":
                return self.desk.heard
            if command == "batch":
                self.desk.batch(data["orders"])
            else:
                self.desk.cancel(data["code"])
            return {"ok": True}

    def page(self) -> str:
        every = self.options.get("repush_every", 45)
        return (
            f"<p>约每 {every} 秒漏收一次“已出库”，把已打印的订单再推去打印；"
            f"已重推 {sum(self.pushed_again.values())} 次</p>{super().page()}"
        )


ERP_EMULATOR = ErpEmulator
