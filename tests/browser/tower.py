"""The tower behind the browser: the emulated platform sells, the chat shows, and work is done when a test says so."""

import time
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth.models import User

from alerts.models import Channel, Rule
from integrations import inbox, jobs, sync
from integrations.adapter import Message
from integrations.emulate import Host
from integrations.models import Connection, Receipt
from orders.lifecycle import HoldReason, Role
from orders.models import Order, Parcel, PrintAttempt
from orders.services.keys import create_key
from ordertower import dispatch
from tests.laws.cast import Seller, seller

PACKAGES = ("integrations.platforms", "integrations.carriers", "alerts.channels")
ROBOT = "693a91f6-7aaa-4bc4-97a0-0ec251fa5bbb"
NAMES = {
    Role.OPS_MANAGER: "主管",
    Role.CS: "客服",
    Role.WAREHOUSE_LEAD: "组长",
    Role.PICKER: "仓管",
    Role.SHIPPER: "发货",
}


@dataclass
class Tower:
    url: str
    host: Host
    seller: Seller
    shop: Connection

    def hires(self, *roles: Role) -> User:
        person = self.seller.user(*roles)
        person.last_name, person.first_name = "王", "".join(NAMES.get(role, "") for role in roles)
        person.save()
        return person

    def sells(self, **data: Any) -> str:
        """A paid order on the platform; the tower does not know of it yet."""
        return str(self._does("taobao", "sell", **data)["tid"])

    def asks_money_back(self, tid: str) -> None:
        self._does("taobao", "refund", tid=tid)

    def puzzles(self) -> None:
        """A message arrives that nobody here understands: it waits for a person."""
        message = Message(kind="tmc:taobao_unheard_of", key="tmc:1", body=b"{}")
        inbox.park(self.shop, message, "不认识的消息")

    def works(self) -> None:
        """What beat starts, again and again, until there is nothing left to do."""
        for _round in range(40):
            done = sync.poll(self.shop) + inbox.process_due() + dispatch.drain_all()
            done += sum(jobs.run_lane(lane) for lane in settings.LANES)
            self.shop.refresh_from_db()
            if not done:
                return
        raise AssertionError("the tower does not come to rest")

    def receives(self, **data: Any) -> Order:
        """An order from its sale to where a person is wanted: in the warehouse, waiting to be packed."""
        tid = self.sells(**data)
        self.works()
        return self.order(tid)

    def order(self, tid: str) -> Order:
        return Order.objects.get(shop=self.seller.shop, platform_order_id=tid)

    def parcel(self, order: Order) -> Parcel:
        return Parcel.objects.distinct().get(lines__order_line__order=order)

    def printer_says(self, outcome: str, order: Order) -> None:
        """The print station reports what became of the grant, by the API as it does in a warehouse."""
        _, key = create_key(order.company, "打印组件", scopes=["labels:print"])
        granted = PrintAttempt.objects.get(order=order, outcome=PrintAttempt.Outcome.GRANTED)
        answer = requests.post(
            f"{self.url}/api/v1/print-requests/{granted.pk}/result/",
            json={"outcome": outcome},
            headers={"Authorization": f"Bearer {key}"},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text

    def messages(self) -> list[str]:
        """What the 企业微信 group has seen."""
        return [entry["content"] for entry in self.host.world.emulators["wecom"].journal.entries("message")]

    def platform_says(self, order: Order) -> str:
        rows = self._does("taobao", "orders")
        return str(next(row["status"] for row in rows if row["tid"] == order.platform_order_id))

    def courier_says(self, waybill: str, code: str, words: str) -> None:
        """A row of the courier's track, pushed to the tower and taken in."""
        seen = Receipt.objects.count()
        self._does("kuaidi100", "say", waybill=waybill, code=code, context=words)
        self._does("kuaidi100", "push", waybill=waybill)
        patient_until = time.monotonic() + 20
        while Receipt.objects.count() == seen:
            assert time.monotonic() < patient_until, "the courier's push did not come"
            time.sleep(0.05)
        self.works()

    def _does(self, name: str, command: str, **data: Any) -> Any:
        emulator = self.host.world.emulators[name]
        with emulator.lock:
            return emulator.control(command, data)


def wired(host: Host, url: str) -> Tower:
    """A seller with a shop on the emulated platform, and a group that hears of double prints."""
    sells = seller(printed_by="tower")
    shop = sells.taobao(base_url=f"{host.url}/taobao")
    channel = Channel.objects.create(
        company=sells.shop.company,
        kind="wecom",
        name="运营群机器人",
        role=Role.OPS_MANAGER,
        settings={"base_url": f"{host.url}/wecom"},
    )
    channel.set_secrets({"key": ROBOT})
    channel.save()
    courier = Connection.objects.create(
        company=sells.shop.company, adapter="kuaidi100", name="快递100", base_url=f"{host.url}/kuaidi100"
    )
    courier.set_secrets({"key": "EMULATORkey0001", "salt": "emulator-salt"})
    courier.save()
    Rule.objects.create(company=sells.shop.company, name="重复打单", hold_reason=HoldReason.DUPLICATE_PRINT)
    return Tower(url, host, sells, shop)
