"""The emulated shop and the emulated ERP keep their own rules, and agree with the tower over a real socket."""

import json
from typing import Any
from urllib.parse import urlencode

import requests

from integrations.adapter import Incoming
from integrations.emulate import serving, tick
from integrations.emulation import Request
from integrations.erp.generic.emulator import OldErpEmulator
from integrations.platforms import generic
from integrations.platforms.generic.emulator import ShopEmulator
from orders.clock import FixedClock
from tests.integrations.generic.conftest import SHOP_SETTINGS, access


def ask(shop: Any, path: str, *, token: str = "Bearer emulator-token", **query: Any) -> tuple[int, Any]:
    answer = shop.handle(
        Request(method="GET", path=path, query_string=urlencode(query), headers={"Authorization": token}, body=b"")
    )
    return answer.status, json.loads(answer.body)


def test_the_shop_answers_only_with_its_token(shop: ShopEmulator) -> None:
    assert ask(shop, "/orders", token="x")[0] == 401
    assert ask(shop, "/orders")[0] == 200
    assert ask(shop, "/orders/1")[0] == 404
    assert ask(shop, "/orders", page="x")[0] == 400


def test_the_shop_never_gives_more_than_its_own_limit(shop: ShopEmulator) -> None:
    for _one in range(60):
        shop.control("sell", {})
    assert len(ask(shop, "/orders", page_size=100)[1]["list"]) == 50
    assert len(ask(shop, "/orders", page_size=100, page=2)[1]["list"]) == 10


def test_a_push_is_believed_by_the_tower_and_a_forged_one_is_not(
    shop: ShopEmulator, time: FixedClock, monkeypatch: Any
) -> None:
    sent: list[tuple[bytes, dict[str, str]]] = []

    def post(_url: str, *, data: bytes, headers: dict[str, str], timeout: float) -> Any:
        sent.append((data, headers))
        return type("Answer", (), {"status_code": 200})

    monkeypatch.setattr(requests, "post", post)
    shop.control("connect", {"tower_hook": "http://tower.test/hooks/generic/x/"})
    shop.control("faults", {"repeat": 1.0})
    sold = shop.control("sell", {})
    for work in tick(shop):
        work()
    assert len(sent) == 2
    body, headers = sent[0]
    incoming = Incoming(method="POST", query_string="", headers=headers, body=body)
    generic.adapter.verify(access(), incoming)
    [first], [second] = (
        generic.adapter.unpack(access(), Incoming(method="POST", query_string="", headers=headers, body=body))
        for body, headers in sent
    )
    assert first == second
    [said] = generic.adapter.parse_kept(first, settings=SHOP_SETTINGS, at=None)
    assert said.subject == sold["tid"]
    assert [entry["status"] for entry in shop.journal.entries("pushed")] == [200, 200]


def test_the_tower_reads_the_shop_over_a_real_socket(shop: ShopEmulator, time: FixedClock) -> None:
    sold = [shop.control("sell", {})["tid"] for _one in range(3)]
    time.advance(seconds=1)
    with serving(shop.world) as host:
        polled = generic.adapter.poll(access(f"{host.url}/generic/orders"), {})
    assert sorted(message.key.split(":")[1] for message in polled.messages) == sold


def test_the_old_erp_exports_gbk_with_numbers_that_excel_leaves_alone(erp: OldErpEmulator) -> None:
    erp.control("audit", {"order": "320260311000000017", "goods": [["A", 1], ["B", 2]]})
    head, *rows = erp.export().decode("gb18030").splitlines()
    assert head.startswith("平台单号,")
    assert len(rows) == 2
    assert '=""320260311000000017""' in rows[0]
