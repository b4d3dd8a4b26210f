"""The same street twice: the tower sends the orders itself, or stands between an erring ERP and the warehouse."""

from collections.abc import Iterator

import pytest

from integrations import decisions
from integrations.models import Passage, WaitingReport
from orders.models import Event, Order
from tests.flow.street import Street, street


@pytest.fixture(params=["direct", "between"])
def on(request, live_server, monkeypatch) -> Iterator[Street]:
    # Time runs fast here, and the machine is shared.
    monkeypatch.setattr(decisions, "SECONDS", 30)
    with street(live_server.url, printed_by="wms") as found:
        warehouse = found.seller.warehouse
        warehouse.accepts_wms_pack, warehouse.accepts_wms_pack_by = True, found.seller.lead
        warehouse.save()
        if request.param == "between":
            stand_between(found, live_server.url)
        yield found


def stand_between(on: Street, tower_url: str) -> None:
    on.wms.settings |= {"topology": "between", "erp_url": f"{on.host.url}/erp/router"}
    on.wms.set_secrets(on.wms.secrets() | {"erp_secret": "erp-demo-secret"})
    on.wms.save()
    hook = f"{tower_url}/hooks/qimen/{on.wms.key}/"
    # Every order is sent twice: the classic mistake.
    on.does("erp", "connect", topology="between", tower_hook=hook, takes_orders=True, repeat=1)


def test_each_order_is_made_once_in_the_warehouse_and_its_number_comes_back(on):
    between = bool(on.emulator("erp").options.get("takes_orders"))
    tids = [on.sells() for _ in range(3)]
    on.live(lambda: all(on.platform(tid)["status"] == "WAIT_BUYER_CONFIRM_GOODS" for tid in tids))
    on.settle()
    assert len(on.does("qimen", "orders")) == 3
    assert all(row["prints"] == 1 for row in on.does("qimen", "orders"))
    received = [row for row in on.journal("qimen", "received") if row["method"].endswith("deliveryorder.create")]
    assert len(received) == 3
    assert [path for path, in_transaction in on.sent if in_transaction] == []
    if not between:
        assert not Passage.objects.exists()
        return
    answers = [row["flag"] for row in on.journal("erp", "answered") if row["method"] == "deliveryorder.create"]
    assert answers.count("success") == 3
    assert "failure" in answers
    assert set(Passage.objects.values_list("state", flat=True)) == {"passed"}
    on.live(lambda: not WaitingReport.objects.exists())
    told = [row["body"] for row in on.journal("qimen", "sent") if row["outcome"] == "success"]
    assert sorted(row["body"] for row in on.journal("erp", "heard")) == sorted(set(told))


def test_a_refund_stops_the_order_wherever_the_tower_stands(on):
    between = bool(on.emulator("erp").options.get("takes_orders"))
    on.does("qimen", "pause")
    on.does("erp", "connect", takes_orders=False)
    tid = on.sells()
    if between:
        on.live(lambda: Order.objects.filter(platform_order_id=tid, state__in=["paid", "to_pick"]).exists())
        on.does("taobao", "refund", tid=tid)
        on.live(lambda: Order.objects.filter(platform_order_id=tid, held=True).exists())
        on.does("erp", "connect", takes_orders=True)
        on.live(lambda: Event.objects.filter(verb="delivery_refused").exists())
        assert on.does("qimen", "orders") == []
        return
    on.live(lambda: bool(on.does("qimen", "orders")))
    on.does("taobao", "refund", tid=tid)
    on.live(lambda: on.does("qimen", "orders")[0]["pended"])
