"""The cast: a connection, a request as the warehouse signs it, and an emulated warehouse wired to the connector."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import responses

from integrations.adapter import Access, DeliveryWish, Goods, Incoming, Message
from integrations.emulation import World
from integrations.errors import Unreadable
from integrations.wms.qimen import adapter
from integrations.wms.qimen.emulator import EMULATORS, ErpEmulator, QimenEmulator
from orders.clock import BEIJING, FixedClock
from orders.vocabulary import AddressSnapshot
from tests.integrations import street
from tests.integrations.wire import answer_by

SECRET = "topsecret"
NOW = datetime(2026, 11, 11, 0, 0, 0, tzinfo=BEIJING)
GATEWAY = "http://localhost:9000/qimen/router/qimen/service"
HOOK = "http://localhost:8000/hooks/qimen/k3y/"
API = "http://localhost:8000/api/v1"
SENDER = {
    "name": "仓库",
    "mobile": "02100000000",
    "province": "浙江省",
    "city": "杭州市",
    "detailAddress": "仓前街道 1 号",
}


def access(*, now: datetime = NOW, secrets: Any = SECRET, base_url: str = GATEWAY, **settings: Any) -> Access:
    defaults = {
        "app_key": "12345678",
        "customer_id": "WMS001",
        "owner_code": "OWN1",
        "warehouse_code": "WH01",
        "sender": SENDER,
    }
    return Access(
        connection_id=1,
        base_url=base_url,
        settings=defaults | settings,
        secrets={"app_secret": secrets},
        now=now,
    )


def wish(order: str = "SO001", **changes: Any) -> DeliveryWish:
    values: dict[str, Any] = {
        "order": order,
        "platform": "taobao",
        "platform_order_id": f"TB{order}",
        "shop": "旗舰店",
        "warehouse": "main",
        "carrier": "yto",
        "placed_at": NOW,
        "paid_at": NOW,
        "amount": "128.50",
        "receiver": AddressSnapshot(
            name="张三", phone="13800000000", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
        ),
        "goods": (Goods(code="CREAM-50", name="面霜", quantity=2, price="64.25", line="1"),),
        "buyer_note": "请用<大>箱 & 轻放\x00",
    }
    return DeliveryWish(**(values | changes))


def process_report(
    status: str, *, order: str = "SO001", at: str = "2026-11-11 00:00:00", waybill: str = "", extra: str = ""
) -> bytes:
    time = f"<operateTime>{at}</operateTime>" if at else ""
    express = f"<expressCode>{waybill}</expressCode>" if waybill else ""
    return (
        f"<request><order><orderCode>{order}</orderCode></order><process><processStatus>{status}</processStatus>"
        f"{time}{express}{extra}</process></request>"
    ).encode()


def signed(
    body: bytes, method: str = "orderprocess.report", *, secret: str = SECRET, at: datetime = NOW, **more: str
) -> Incoming:
    """A request as the gateway forwards it, written from the protocol's text and not with the connector's code."""
    query = {
        "app_key": "12345678",
        "customerId": "WMS001",
        "format": "xml",
        "method": method,
        "sign_method": "md5",
        "timestamp": at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "v": "2.0",
        **more,
    }
    joined = "".join(name + query[name] for name in sorted(query)).encode()
    query["sign"] = hashlib.md5(secret.encode() + joined + body + secret.encode()).hexdigest().upper()
    return incoming(urlencode(query), body)


def incoming(query_string: str, body: bytes, headers: Mapping[str, str] | None = None) -> Incoming:
    return Incoming(
        method="POST",
        query_string=query_string,
        headers={"Content-Type": "text/xml;charset=utf-8", **(headers or {})},
        body=body,
    )


def messages(body: bytes, method: str = "orderprocess.report", **settings: Any) -> list[Message]:
    request = signed(body, method)
    opened = access(**settings)
    adapter.verify(opened, request)
    return list(adapter.unpack(opened, request))


class Tower(street.Tower):
    def takes(self, opened: Access, came: Incoming) -> None:
        """What cannot be read is acknowledged too, as by the hook, which parks it."""
        try:
            super().takes(opened, came)
        except Unreadable as error:
            self.refused.append(str(error))

    def statuses(self, order: str) -> list[str]:
        """What a warehouse said of an order, in the order of arrival."""
        said = [one for message in self.kept for one in adapter.parse(message)]
        return [one.snapshot.platform_status for one in said if hasattr(one.snapshot, "stage") and one.subject == order]  # type: ignore[union-attr]


@dataclass
class Street:
    world: World
    clock: FixedClock
    qimen: QimenEmulator
    erp: ErpEmulator
    tower: Tower
    mock: responses.RequestsMock

    def access(self, **settings: Any) -> Access:
        return access(now=self.clock.now(), **settings)

    def live(self, seconds: float, *, step: float = 1) -> None:
        """Let time pass: the workers work, and what is due is sent."""
        for _ in range(int(seconds / step)):
            self.clock.advance(seconds=step)
            self.world.tick()
            self.send_what_is_due()

    def send_what_is_due(self) -> None:
        for emulator in self.world.emulators.values():
            now = self.clock.now()
            due = [entry for entry in emulator.outgoing if entry[0] <= now]
            for entry in due:
                emulator.outgoing.remove(entry)
            for _, work in sorted(due, key=lambda entry: entry[0]):
                work()

    def order(self, code: str = "SO001") -> dict[str, Any]:
        return next(one for one in self.qimen.control("orders", {}) if one["order"] == code)


@contextmanager
def built(clock: FixedClock, **options: Any) -> Iterator[Street]:
    world = World(seed=7)
    qimen, erp = (world.add(kind) for kind in EMULATORS)
    assert isinstance(qimen, QimenEmulator)
    assert isinstance(erp, ErpEmulator)
    qimen.options.update({"app_secret": SECRET, "tower_hook": HOOK} | options)
    erp.options["repush_every"] = 0
    tower = Tower(clock, adapter, access)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, GATEWAY, callback=answer_by(qimen))
        mock.add_callback(responses.POST, HOOK, callback=tower.hook)
        yield Street(world, clock, qimen, erp, tower, mock)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
