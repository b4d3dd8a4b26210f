"""The whole street in one process: the emulated platform, warehouse and chat on loopback, the tower's hook beside them.

Time runs fast for all of them alike, so that the waits of a real day take seconds.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import connection as database

from alerts.models import Channel, Rule
from integrations.emulate import Host, build_world, serving
from integrations.emulation import Emulator
from integrations.models import Connection, Job
from orders import clock
from orders.lifecycle import HoldReason, Role
from orders.models import Order
from ordertower import dispatch, tasks
from tests.laws.cast import Seller, seller

ROBOT = "693a91f6-7aaa-4bc4-97a0-0ec251fa5aaa"
SPEED = 20.0
PACKAGES = ("integrations.platforms", "integrations.wms", "integrations.carriers", "alerts.channels")


@dataclass
class Street:
    host: Host
    seller: Seller
    shop: Connection
    wms: Connection
    # What the tower sent, by path, and whether a transaction was open then.
    sent: list[tuple[str, bool]] = field(default_factory=list)

    def emulator(self, name: str) -> Emulator:
        return self.host.world.emulators[name]

    def does(self, name: str, command: str, **data: Any) -> Any:
        emulator = self.emulator(name)
        with emulator.lock:
            return emulator.control(command, data)

    def sells(self, **data: Any) -> str:
        return str(self.does("taobao", "sell", **data)["tid"])

    def journal(self, name: str, kind: str) -> list[dict[str, Any]]:
        return self.emulator(name).journal.entries(kind)

    def beat(self) -> None:
        """One round of what beat starts; nothing else moves the tower here."""
        tasks.poll_connections()
        tasks.process_receipts()
        # One process does everything here: it need not let others in between.
        dispatch.drain(budget_seconds=1)
        tasks.run_urgent_jobs()
        tasks.run_ingest_jobs()
        tasks.run_sync_jobs()
        tasks.run_bulk_jobs()
        tasks.sweep_deadlines()

    def live(self, until: Callable[[], bool], *, seconds: float = 600) -> None:
        """Let beat do its rounds until something is so; who waits in vain says what is left."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, self.left()
            self.beat()
            time.sleep(0.02)

    def settle(self, *, rounds: int = 8) -> None:
        """Let what is under way come to its end."""
        for _round in range(rounds):
            self.beat()
            time.sleep(0.1)

    def left(self) -> str:
        jobs = Job.objects.exclude(state="done").values_list("kind", "state", "attempts", "error")
        states = Order.objects.values_list("platform_order_id", "state", "held")
        held = Order.objects.filter(held=True).values_list("platform_order_id", "holds__reason", "holds__note")
        shop = Connection.objects.get(pk=self.shop.pk)
        stopped = [(row["order"], row["status"], row["stopped"]) for row in self.does("qimen", "orders")]
        said = f"orders: {list(states)}\nheld: {list(held)}\njobs: {list(jobs)}\nshop: {shop.last_error}"
        return f"{said}\nwarehouse: {stopped}"

    def state(self, tid: str) -> str:
        return str(Order.objects.filter(platform_order_id=tid).values_list("state", flat=True).first() or "")

    def platform(self, tid: str) -> dict[str, Any]:
        return next(row for row in self.does("taobao", "orders") if row["tid"] == tid)


@contextmanager
def street(tower_url: str, **warehouse: Any) -> Iterator[Street]:
    """Everything wired together, honest and quick; `does(…, "faults")` makes it otherwise."""
    world = build_world(
        PACKAGES,
        options={
            "taobao": {"ban_seconds": 1},
            "qimen": {"step_seconds": 1, "prints": warehouse.get("printed_by", "tower")},
            "erp": {"repush_every": 0},
            "kuaidi100": {"step_seconds": 10},
        },
    )
    fast = clock.FastClock(clock.now().replace(microsecond=0), SPEED)
    with clock.running_on(fast), serving(world, tick_seconds=0.04) as host, pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "TOWER_URL", tower_url)
        found = _wired(host, tower_url, warehouse)
        _listen(patch, found)
        yield found


def _wired(host: Host, tower_url: str, warehouse: dict[str, Any]) -> Street:
    sells = seller(**warehouse)
    shop = sells.taobao(base_url=f"{host.url}/taobao", poll_seconds=5)
    shop.settings["start"] = clock.now().isoformat()
    shop.save()
    wms = sells.qimen(base_url=f"{host.url}/qimen/router/qimen/service")
    wms.settings |= {"pickup_method": "orderprocess.report", "pickup_status": "GOT"}
    wms.save()
    courier = Connection.objects.create(
        company=sells.shop.company,
        adapter="kuaidi100",
        name="快递100",
        base_url=f"{host.url}/kuaidi100",
        settings={"customer": "EMULATORCUSTOMER0001"},
    )
    courier.set_secrets({"key": "EMULATORkey0001", "salt": "emulator-salt"})
    courier.save()
    channel = Channel.objects.create(
        company=sells.shop.company,
        kind="wecom",
        name="运营群机器人",
        role=Role.OPS_MANAGER,
        settings={"base_url": f"{host.url}/wecom"},
    )
    channel.set_secrets({"key": ROBOT})
    channel.save()
    Rule.objects.create(company=sells.shop.company, name="重复打单", hold_reason=HoldReason.DUPLICATE_PRINT)
    made = Street(host, sells, shop, wms)
    made.does("qimen", "connect", tower_hook=f"{tower_url}/hooks/qimen/{wms.key}/")
    return made


def _listen(patch: pytest.MonkeyPatch, found: Street) -> None:
    """Law 10: see of every request of the tower's own thread whether a transaction was open."""
    request, mine = requests.Session.request, threading.get_ident()

    def listened(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        if threading.get_ident() == mine:
            found.sent.append((url.removeprefix(found.host.url), database.in_atomic_block))
        return request(self, method, url, **options)

    patch.setattr(requests.Session, "request", listened)
