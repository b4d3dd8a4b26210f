"""The cast: a connection, routes as 顺丰 pushes them, and the emulated 丰桥 wired to the connector."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import responses

from integrations.adapter import Access, Goods, Incoming, InterceptWish, Message, Said, TrackWish, WaybillWish
from integrations.carriers.sf import adapter
from integrations.carriers.sf.emulator import DEFAULTS, SfEmulator
from orders.clock import BEIJING, FixedClock
from orders.vocabulary import AddressSnapshot, TrackPoint
from tests.integrations import street
from tests.integrations.street import reason_of
from tests.integrations.wire import alone, answer_by, bytes_of

NOW = datetime(2026, 11, 11, 12, 0, 0, tzinfo=BEIJING)
BASE = "http://localhost:9000/sf"
SERVICE = BASE + "/std/service"
HOOK = "http://localhost:8000/hooks/sf/k3y/"
WAYBILL = "SF7444407670710"
SENDER = {
    "contact": "发货组",
    "mobile": "19900000000",
    "province": "浙江省",
    "city": "杭州市",
    "county": "余杭区",
    "address": "仓库路 1 号",
}
RECEIVER = AddressSnapshot(
    name="王小明", phone="19900001111", province="广东省", city="深圳市", district="南山区", address="科苑路 1 号"
)
SETTINGS = {"partner_id": DEFAULTS["partner_id"], "monthly_card": DEFAULTS["monthly_card"], "sender": SENDER}
SECRETS = {"check_word": DEFAULTS["check_word"]}


def access(*, now: datetime = NOW, secrets: dict[str, Any] | None = None, **settings: Any) -> Access:
    return Access(
        connection_id=1,
        base_url=BASE,
        settings=SETTINGS | settings,
        secrets=SECRETS | (secrets or {}),
        now=now,
        hook_url=HOOK,
    )


def track(waybill: str = WAYBILL, phone: str = "1111", carrier: str = "sf") -> TrackWish:
    return TrackWish(carrier=carrier, waybill=waybill, phone_last4=phone)


def wanted(object_id: str = "L1", **changes: Any) -> WaybillWish:
    values: dict[str, Any] = {
        "object_id": object_id,
        "carrier": "sf",
        "platform_order_ids": ("2026111100000001",),
        "receiver": RECEIVER,
        "goods": (Goods(code="CR50", name="面霜 50g", quantity=2),),
        "weight_grams": 420,
    }
    return WaybillWish(**values | changes)


def stop(waybill: str = WAYBILL, **changes: Any) -> InterceptWish:
    values: dict[str, Any] = {"carrier": "sf", "waybill": waybill, "kind": "stop", "reason": "买家退款"}
    return InterceptWish(**values | changes)


def row(code: str = "50", at: datetime = NOW, remark: str = "顺丰速运 已收取快件", **more: Any) -> dict[str, Any]:
    return {
        "id": "158918741444476",
        "mailno": WAYBILL,
        "orderid": "L1",
        "acceptTime": at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "acceptAddress": "深圳市",
        "remark": remark,
        "opCode": code,
        "reasonCode": "",
        "reasonName": "",
    } | more


def pushed(*rows: Any) -> dict[str, Any]:
    return {"Body": {"WaybillRoute": list(rows)}}


def body_of(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def incoming(body: bytes, query: str = "", address: str = "", **headers: str) -> Incoming:
    return Incoming(method="POST", query_string=query, headers=headers, body=body, address=address)


def messages(content: Any, *, now: datetime = NOW, **settings: Any) -> list[Message]:
    """What the tower keeps of a push."""
    request = incoming(content if isinstance(content, bytes) else body_of(content))
    adapter.verify(access(now=now, **settings), request)
    return list(adapter.unpack(access(now=now, **settings), request))


def facts(content: Any, *, now: datetime = NOW) -> list[Said]:
    """Every fact of a push; notices left aside."""
    kept = [message for message in messages(content, now=now) if message.kind == "push"]
    return [said for message in kept for said in adapter.parse(message) if isinstance(said, Said)]


def point(said: Any) -> TrackPoint:
    assert isinstance(said.snapshot, TrackPoint)
    return said.snapshot


def stages(said: list[Any]) -> list[str]:
    return [point(one).stage for one in said]


def reason(message: Message) -> str:
    return reason_of(adapter, message)


class Tower(street.Tower):
    def said(self, waybill: str = "") -> list[Said]:
        """Every fact, once, by its own time."""
        pushes = [message for message in self.kept if message.kind == "push"]
        found = {one.key: one for message in pushes for one in adapter.parse(message) if isinstance(one, Said)}
        mine = [one for one in found.values() if waybill in ("", one.subject)]
        return sorted(mine, key=lambda one: point(one).at)


class Street(street.Street[SfEmulator, Tower]):
    def order(self, object_id: str = "L1", **changes: Any) -> str:
        return adapter.issue_waybill(self.access(), wanted(object_id, **changes)).waybill

    def query(self, waybill: str, **changes: Any) -> list[Said]:
        message = adapter.query(self.access(**changes), track(waybill))
        return [said for said in adapter.parse(message) if isinstance(said, Said)]

    def asked(self, service: str) -> list[dict[str, Any]]:
        """The messages that were sent to one service."""
        forms = [dict(parse_qsl(bytes_of(call.request).decode())) for call in self.mock.calls]
        return [json.loads(form["msgData"]) for form in forms if form.get("serviceCode") == service]


@contextmanager
def built(clock: FixedClock, *, seed: int = 7, **options: Any) -> Iterator[Street]:
    emulator = alone(SfEmulator, seed=seed, **({"push_url": HOOK} | options))
    tower = Tower(clock, adapter, access)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, SERVICE, callback=answer_by(emulator))
        mock.add_callback(responses.POST, HOOK, callback=tower.hook)
        yield Street(clock, emulator, tower, mock)


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[responses.RequestsMock]:
    """The gateway answers everything with this."""
    with responses.RequestsMock() as mock:
        mock.post(SERVICE, body=body, status=status)
        yield mock


def envelope(content: Any = None, code: str = "A1000", error: str = "", inside: str = "S0000") -> bytes:
    """An answer of the gateway; `inside` other than S0000 is the service's own no."""
    fine = inside == "S0000"
    told = {"success": fine, "errorCode": inside, "errorMsg": None if fine else error, "msgData": content}
    reached = code == "A1000"
    return body_of(
        {
            "apiErrorMsg": "" if reached else error,
            "apiResponseID": "x",
            "apiResultCode": code,
            "apiResultData": json.dumps(told, ensure_ascii=False) if reached else None,
        }
    )
