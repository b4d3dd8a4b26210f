"""The emulated warehouse and ERP: what they tell, how they misbehave, and how the second print comes about."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from integrations.adapter import Said
from integrations.emulate import build_world, route
from integrations.emulation import Request
from integrations.wms.qimen import adapter
from orders.clock import FixedClock
from orders.vocabulary import PrintReport, WarehouseReport
from tests.integrations.qimen.street import API, GATEWAY, HOOK, SECRET, Street, access, built, wish

LINE = ["ACCEPT", "PICK", "CHECK", "PACKAGE", "WEIGH", "PRINT", "DELIVERED"]


def prints(street: Street) -> list[PrintReport]:
    """Each print once, however often it was told."""
    said = {one.key: one for kept in street.tower.kept for one in adapter.parse(kept) if isinstance(one, Said)}
    return [one.snapshot for one in said.values() if isinstance(one.snapshot, PrintReport)]


def test_an_order_walks_the_line_and_every_step_is_believed(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(60)
    assert street.tower.statuses("SO001") == LINE
    assert not street.tower.refused
    (printed,) = prints(street)
    assert printed.waybill == street.order()["waybills"][0]
    assert printed.waybill.startswith("YT")
    assert len(printed.waybill) == 15
    confirmed = adapter.parse(street.tower.kept[-1])[0].snapshot  # type: ignore[union-attr]
    assert isinstance(confirmed, WarehouseReport)
    assert (confirmed.parcels[0].waybill, confirmed.parcels[0].items) == (printed.waybill, (("CREAM-50", 2),))


def test_the_line_is_as_fast_as_its_option(street: Street) -> None:
    street.qimen.control("connect", {"step_seconds": 1, "weigh": False})
    adapter.deliver(street.access(), wish())
    street.live(10)
    assert street.tower.statuses("SO001") == [status for status in LINE if status != "WEIGH"]


def test_a_report_is_repeated_until_the_tower_says_success(street: Street) -> None:
    street.tower.broken = [(500, b"oops"), (502, b"oops"), (200, b"oops")]
    street.qimen.control("report", {"order": "SO009", "processStatus": "PICK"})
    street.live(30)
    attempts = street.qimen.journal.entries("sent")
    assert [entry["done"] for entry in attempts] == [False, False, False, True]
    assert len(street.tower.kept) == 1
    assert street.qimen.messenger.undelivered == 0


def test_what_is_told_before_the_tower_is_known_waits_for_it(clock: FixedClock) -> None:
    with built(clock, tower_hook="") as street:
        street.qimen.control("report", {"order": "SO009", "processStatus": "PICK"})
        street.live(5)
        assert not street.qimen.journal.entries("sent")
        street.qimen.control("connect", {"tower_hook": HOOK})
        street.live(5)
        assert street.tower.statuses("SO009") == ["PICK"]


def test_a_reprint_is_a_second_print_with_a_time_of_its_own(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(30)
    street.qimen.control("reprint", {"order": "SO001"})
    street.qimen.control("reprint", {"order": "SO001"})
    street.live(3)
    found = prints(street)
    assert len({one.printed_at for one in found}) == 3
    assert len({one.waybill for one in found}) == 1


def test_the_erp_pushes_a_printed_order_again_and_the_warehouse_prints_twice(street: Street) -> None:
    street.erp.control("connect", {"repush_every": 45})
    adapter.deliver(street.access(), wish())
    street.live(200)
    assert street.order()["prints"] == 2
    assert len(prints(street)) == 2
    assert [entry["order"] for entry in street.erp.journal.entries("repushed")] == ["SO001"]


def test_an_erp_that_is_switched_off_makes_no_mistakes(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.live(200)
    assert len(prints(street)) == 1
    street.erp.control("repush", {"order": "SO001"})
    street.live(2)
    assert len(prints(street)) == 2


def test_a_wrongly_signed_message_is_refused_once_and_not_repeated(street: Street) -> None:
    street.qimen.control("bad_signature", {"order": "SO001"})
    street.live(120)
    assert street.tower.refused == ["signature differs"]
    assert not street.tower.kept
    (entry,) = street.qimen.journal.entries("sent")
    assert entry["outcome"] == "failure"


def test_any_body_can_be_sent_with_an_honest_signature(street: Street) -> None:
    street.qimen.control("raw", {"body": "<!DOCTYPE x><request/>"})
    street.live(2)
    assert "不允许的声明" in street.tower.refused[0]


def test_a_report_can_be_chosen_and_repeated(street: Street) -> None:
    wanted = {
        "order": "SO009",
        "processStatus": "PRINT",
        "operateTime": "2026-11-11 00:00:30",
        "expressCode": "YT9",
        "repeat": 3,
    }
    street.qimen.control("report", wanted)
    street.live(2)
    keys = [message.key for message in street.tower.kept]
    assert keys == [keys[0]] * 3
    assert keys[0].startswith("report:SO009:PRINT:2026-11-11 00:00:30:YT9:")


def test_a_confirmation_can_be_partial_repeated_and_of_several_packages(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    package = {
        "logisticsCode": "SF",
        "expressCode": "SF1",
        "items": {"item": [{"itemCode": "CREAM-50", "quantity": 1}]},
    }
    second = package | {"expressCode": "SF2"}
    street.qimen.control("pause", {})
    street.qimen.control("confirm", {"order": "SO001", "confirmType": 1, "packages": [package], "repeat": 2})
    street.qimen.control("confirm", {"order": "SO001", "packages": [package, second]})
    street.live(2)
    reports = [adapter.parse(message)[0].snapshot for message in street.tower.kept]  # type: ignore[union-attr]
    assert [(one.stage, one.final, len(one.parcels)) for one in reports] == [  # type: ignore[union-attr]
        ("shipped_part", False, 1),
        ("shipped_part", False, 1),
        ("shipped", True, 2),
    ]
    first, again, last = street.tower.kept
    assert first == again
    assert last.key != first.key


def test_missing_goods_are_reported(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.qimen.control("itemlack", {"order": "SO001"})
    street.live(1)
    said, short = adapter.parse(street.tower.kept[0])
    assert short.snapshot.missing == (("CREAM-50", 1),)  # type: ignore[union-attr]
    assert said.snapshot.note == "缺货：CREAM-50 缺 1 实物报缺"  # type: ignore[union-attr]


def test_a_paused_order_and_a_paused_warehouse_stand_still(street: Street) -> None:
    for code in ("SO001", "SO002"):
        adapter.deliver(street.access(), wish(code))
    street.qimen.control("pause", {"order": "SO001"})
    street.live(10)
    assert street.order("SO001")["steps"] == []
    assert street.order("SO002")["steps"] == ["ACCEPT", "PICK"]
    street.qimen.control("resume", {"order": "SO001"})
    street.qimen.control("pause", {})
    street.live(10)
    assert street.order("SO001")["steps"] == []
    street.qimen.control("resume", {})
    street.live(60)
    assert street.tower.statuses("SO001") == LINE


def test_repeats_delays_and_overtaking_change_the_arrival_and_lose_nothing(street: Street) -> None:
    street.qimen.control("faults", {"repeat": 0.5, "delay": 0.3, "delay_seconds": 20, "reorder": 0.5, "seed": 3})
    for number in range(10):
        adapter.deliver(street.access(), wish(f"SO{number:03}"))
    street.live(200)
    for number in range(10):
        assert set(street.tower.statuses(f"SO{number:03}")) == set(LINE)
    assert any(street.tower.statuses(f"SO{number:03}") != LINE for number in range(10))
    assert len(street.tower.kept) > 70
    assert len({message.key for message in street.tower.kept}) == 70


def test_a_dropped_message_never_comes_but_a_query_still_tells(street: Street) -> None:
    street.qimen.control("faults", {"drop": 1})
    adapter.deliver(street.access(), wish())
    street.live(60)
    assert not street.tower.kept
    assert len(street.qimen.journal.entries("dropped")) == 7
    said = adapter.parse(adapter.fetch(street.access(), "SO001"))
    assert {one.snapshot.platform_status for one in said if isinstance(one.snapshot, WarehouseReport)} == set(LINE)  # type: ignore[union-attr]


def test_an_unknown_command_or_order_is_said(street: Street) -> None:
    with pytest.raises(KeyError):
        street.qimen.control("dance", {})
    with pytest.raises(ValueError, match="不存在"):
        street.qimen.control("confirm", {"order": "SO404"})
    with pytest.raises(ValueError, match="没有订单"):
        street.erp.control("repush", {"order": "SO404"})


def test_the_page_shows_the_orders_and_escapes_what_strangers_wrote(street: Street) -> None:
    adapter.deliver(street.access(), wish("<script>alert(1)</script>"))
    street.live(30)
    page = street.qimen.page()
    assert "<script>" not in page
    assert "PRINT" in page
    assert "作业中" in page
    assert "推去打印" in street.erp.page()


def test_the_erp_has_no_doors(street: Street) -> None:
    request = Request(method="GET", path="/", query_string="", headers={}, body=b"")
    assert street.erp.handle(request).status == 404


# Where the tower prints -----------------------------------------------------------------------------------------
class PrintingTower:
    """The tower's REST interface, as the public surface describes it: one print for a label, then 409."""

    def __init__(self) -> None:
        self.state, self.held, self.printed = "requested", False, 0
        self.keys: dict[str, tuple[int, dict[str, str], str]] = {}
        self.lose_grant = False
        self.authorised: set[str | None] = set()

    def order(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.authorised.add(request.headers.get("Authorization"))
        code = parse_qs(urlsplit(str(request.url)).query)["q"][0]
        parcel = {
            "id": 31,
            "state": "packed",
            "waybill": "YT0000000000031",
            "carrier": "yto",
            "label": {"state": self.state},
        }
        other = {"id": 8, "platform_order_id": code + "9", "held": False, "parcels": [parcel | {"id": 99}]}
        mine = {
            "id": 7,
            "platform_order_id": code,
            "held": self.held,
            "parcels": [parcel | {"state": "voided", "id": 30}, parcel],
        }
        return 200, {}, json.dumps({"results": [other, mine]})

    def ask(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        key = str(request.headers["Idempotency-Key"])
        if key not in self.keys:
            self.keys[key] = self.decide()
        if self.lose_grant:
            self.lose_grant = False
            raise requests.ReadTimeout
        return self.keys[key]

    def decide(self) -> tuple[int, dict[str, str], str]:
        if self.held or self.state != "live":
            self.held = True
            return 409, {}, json.dumps({"code": "duplicate_print", "detail": "已打印过", "hold": 1})
        self.state = "claimed"
        return 201, {}, json.dumps({"id": 55, "granted": True, "copy": 1})

    def result(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert json.loads(request.body or "{}") == {"outcome": "printed"}
        self.state = "printed"
        self.printed += 1
        return 200, {}, "{}"


@pytest.fixture
def printing(clock: FixedClock) -> Iterator[tuple[Street, PrintingTower]]:
    tower = PrintingTower()
    with built(clock, prints="tower", tower_api=API, api_key="k-1") as street:
        street.mock.add_callback(responses.GET, f"{API}/orders/", callback=tower.order)
        street.mock.add_callback(responses.POST, f"{API}/parcels/31/print-requests/", callback=tower.ask)
        street.mock.add_callback(responses.POST, f"{API}/print-requests/55/result/", callback=tower.result)
        adapter.deliver(street.access(), wish())
        yield street, tower


def test_a_warehouse_waits_for_the_towers_label_then_asks_then_ships(printing: tuple[Street, PrintingTower]) -> None:
    street, tower = printing
    street.live(60)
    assert street.order()["steps"] == LINE[:5]
    assert "面单未就绪" in street.order()["stopped"]
    tower.state = "live"
    street.live(20)
    assert street.tower.statuses("SO001") == [*LINE[:5], "DELIVERED"]
    assert street.order()["waybills"] == ["YT0000000000031"]
    assert tower.printed == 1
    assert not prints(street)
    assert tower.authorised == {"Bearer k-1"}


def test_a_lost_grant_is_asked_for_again_under_the_same_key(printing: tuple[Street, PrintingTower]) -> None:
    street, tower = printing
    tower.state = "live"
    tower.lose_grant = True
    # The label reads "claimed" after the lost answer: nothing is printed until a person has looked.
    street.live(60)
    assert street.order()["stopped"] == "面单未就绪（claimed）"
    assert tower.printed == 0
    tower.state = "live"
    street.live(20)
    assert len(tower.keys) == 1
    assert tower.printed == 1


def test_a_refused_print_stops_the_order_until_the_hold_is_lifted(printing: tuple[Street, PrintingTower]) -> None:
    street, tower = printing
    tower.state, tower.held = "live", True
    street.live(120)
    assert street.order()["stopped"] == "held：订单已锁单"
    assert len(street.qimen.journal.entries("print_refused")) == 1
    assert not tower.keys
    tower.held = False
    street.live(60)
    assert tower.printed == 1
    assert street.order()["status"] == "DELIVERED"


def test_a_pended_order_asks_for_no_print(printing: tuple[Street, PrintingTower]) -> None:
    street, tower = printing
    street.live(24)
    adapter.pend(street.access(), "SO001", "main", "锁单")
    tower.state = "live"
    street.live(60)
    assert not tower.keys
    adapter.restore(street.access(), "SO001", "main", "解封")
    street.live(30)
    assert tower.printed == 1


def test_the_erps_second_print_is_refused_by_the_tower(printing: tuple[Street, PrintingTower]) -> None:
    street, tower = printing
    tower.state = "live"
    street.live(60)
    street.erp.control("connect", {"repush_every": 30})
    street.live(120)
    (entry,) = street.erp.journal.entries("repush_refused")
    assert (entry["order"], entry["status"]) == ("SO001", 409)
    assert "duplicate_print" in entry["reason"]
    assert tower.printed == 1
    assert not street.erp.journal.entries("repush_granted")


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_tower_that_refuses_its_doors_stops_the_label_only(
    printing: tuple[Street, PrintingTower], status: int
) -> None:
    street, _ = printing
    answer: Any = responses.Response(responses.GET, f"{API}/orders/", status=status)
    street.mock.remove(responses.GET, f"{API}/orders/")
    street.mock.add(answer)
    street.live(60)
    assert street.order()["steps"] == LINE[:5]
    assert "HTTPError" in street.order()["stopped"]


@pytest.mark.parametrize("body", ["[]", '{"results": [{"platform_order_id": "SO001", "parcels": [{}]}]}', "<html>"])
def test_an_answer_in_strange_words_is_asked_for_again(printing: tuple[Street, PrintingTower], body: str) -> None:
    street, tower = printing
    tower.state = "live"
    street.mock.remove(responses.GET, f"{API}/orders/")
    street.mock.add(responses.GET, f"{API}/orders/", body=body)
    street.live(60)
    assert tower.printed == 0
    street.mock.remove(responses.GET, f"{API}/orders/")
    street.mock.add_callback(responses.GET, f"{API}/orders/", callback=tower.order)
    street.live(20)
    assert tower.printed == 1


def test_the_host_of_all_emulators_finds_both_and_routes_to_them(clock: FixedClock) -> None:
    world = build_world(["integrations.wms"], options={"qimen": {"app_secret": SECRET}})

    def ask(path: str, body: bytes = b"", method: str = "POST", query: str = "") -> str:
        request = Request(method=method, path=path, query_string=query, headers={}, body=body)
        return route(world, request).body.decode()

    def through_the_host(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        url = urlsplit(str(request.url))
        assert isinstance(request.body, bytes)
        return 200, {}, ask(url.path, request.body, query=url.query)

    with responses.RequestsMock() as mock:
        mock.add_callback(responses.POST, GATEWAY, callback=through_the_host)
        adapter.deliver(access(), wish())
        adapter.pend(access(), "SO001", "main", "锁单")
    assert json.loads(ask("/qimen/_control/orders", b"{}"))[0]["pended"] is True
    assert "已挂起" in ask("/qimen/_page", method="GET")
    assert "没有订单" in ask("/erp/_control/repush", b'{"order": "SO404"}')
