"""A hundred bodies that somebody might push, to each receiver: all are kept, none breaks anything, good ones arrive."""

import json
import random
from typing import Any

import pytest
from django.test import Client

from integrations.erp import generic as generic_erp
from integrations.feeds.connector import FeedAdapter
from integrations.inbox import process_due
from integrations.models import Connection, Receipt
from integrations.platforms import generic
from orders.models import Order
from tests.integrations.generic.conftest import ERP_MAPPING, SHOP_MAPPING
from tests.integrations.generic.test_mapping import bill, row
from tests.integrations.generic.test_reading import packed, table, xlsx
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)

STRANGE: list[Any] = [
    None,
    [],
    {},
    True,
    -1,
    10**30,
    1e308,
    "\x00",
    "\ud800",
    "9" * 100,
    [[]],
    {"#text": []},
    "=cmd|' /C'!A0",
]


def hostile_bodies(good: dict[str, Any]) -> list[bytes]:
    chance = random.Random(11)
    whole = json.dumps({"list": [good]}, ensure_ascii=False)
    names = [str(name) for name in good]
    bodies = [
        b"", b"null", b"[]", b"0", b"{", b"\xff\xfe\x00", b"\x00" * 5000, whole.encode("utf-16"),
        whole.encode("gb18030"),
        b"<html><body>502</body></html>", b"[" * 100_000, b'{"list":' * 50_000, b"[" * 900 + b"]" * 900,
        b'{"list":[' + b"9" * 5_000 + b"]}", b'{"list":[[[1]]]}', b'{"list":{"list":{}}}', b'{"list":[null,1,"x"]}',
        b'{"list":3}', b'{"list":"x"}', b'{"list":[{"tid":NaN}]}', b'{"list":[{"tid":"\\ud800\\u0000"}]}',
        b'{"list":[' + b"{}," * 30_000 + b"{}]}", b'{"list":[{"x":"' + b"x" * 1_500_000 + b'"}]}',
        b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', b"<r>" + b"<a>" * 5000, b"<r><list><tid>1</tid></list></r>",
        b"a,b\n1", b'"', b",,,,\n,,,,", b"a\n" * 60_000, b"PK\x03\x04", b"PK\x03\x04" + bytes(5000),
        b"\xd0\xcf\x11\xe0", packed(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"<a>" * 10_000)),
        packed(("[Content_Types].xml", b"<T/>"), ("x", bytes(30_000_000))), xlsx([["x"], ["=1+1"]]), xlsx([]),
        table([names, ["x"] * len(names)], "gb18030"), b"tid=1&state=paid",
    ]  # fmt: skip
    while len(bodies) < 75:
        twisted = json.loads(whole)["list"][0]
        twisted[chance.choice(sorted(twisted))] = chance.choice(STRANGE)
        items = twisted.get("items")
        if isinstance(items, list) and items and chance.random() < 0.6:
            items[0][chance.choice(sorted(items[0]))] = chance.choice(STRANGE)
        bodies.append(json.dumps({"list": [twisted]}).encode())
    while len(bodies) < 100:
        cut = bytearray(whole.encode()[: chance.randrange(1, len(whole))])
        cut[chance.randrange(len(cut))] = chance.randrange(256)
        bodies.append(bytes(cut))
    return bodies


CASES = {
    "order": (generic.adapter, {**SHOP_MAPPING}, row()),
    "report": (generic_erp.adapter, {**ERP_MAPPING, "records": "$.list"}, bill()),
}


@pytest.mark.parametrize("case", CASES)
def test_a_hundred_hostile_bodies_are_held_and_stop_nothing(case: str, clock: Any) -> None:
    adapter, mapping, good = CASES[case]
    assert isinstance(adapter, FeedAdapter)
    company = factories.company()
    shop = factories.shop(company, platform="generic")
    connection = Connection(
        company=company, shop=shop, adapter=adapter.name, name="来源", base_url="http://shop.test",
        settings={"mapping": mapping, "signature": "token"},
    )  # fmt: skip
    connection.save()
    connection.set_secrets({"push_secret": "push"})
    connection.save()
    client, address = Client(raise_request_exception=False), f"/hooks/{adapter.name}/{connection.key}/"
    bodies = hostile_bodies(good)
    assert len(bodies) == 100
    for body in bodies:
        answer = client.post(address, data=body, content_type="application/octet-stream", headers={"X-Token": "push"})
        assert answer.status_code == 200, body[:80]
    assert client.post(address, data=b"{}", content_type="application/json").status_code == 401
    while process_due(limit=500):
        pass
    assert not Receipt.objects.filter(reason__contains="出错").exists(), list(
        Receipt.objects.filter(reason__contains="出错").values_list("reason", flat=True)[:5]
    )
    assert Receipt.objects.filter(state=Receipt.State.PARKED).count() >= 40
    assert not Receipt.objects.filter(state=Receipt.State.RECEIVED).exists()
    good_order = json.dumps({"list": [row(tid="777000777000777")]}).encode()
    if case == "order":
        client.post(address, data=good_order, content_type="application/json", headers={"X-Token": "push"})
        process_due()
        assert Order.objects.get(platform_order_id="777000777000777").state == "paid"
