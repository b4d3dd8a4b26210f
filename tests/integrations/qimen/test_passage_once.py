"""An order goes to the warehouse once, under any concurrency, and what took too long is a no."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from integrations import decisions, passages
from integrations.models import Passage
from integrations.wms.qimen import emulator_wire
from tests.integrations.qimen.between import SLOW, Between, standing_between
from tests.laws.cast import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def on(live_server, clock, monkeypatch) -> Iterator[Between]:
    monkeypatch.setattr(decisions, "SECONDS", SLOW)
    with standing_between(live_server.url) as between:
        yield between


def test_twenty_creates_at_once_are_one_for_the_warehouse(on):
    order = on.seller.sells()
    content = on.erp.desk.content("ERP1", {"orders": [order.platform_order_id]})

    def create() -> Any:
        return on.erp.desk.deliver("deliveryorder.create", emulator_wire.document("request", content), "ERP1")

    flags = at_once([create] * 20)
    assert sorted(flags) == ["failure"] * 19 + ["success"]
    assert len(on.received("deliveryorder.create")) == 1
    assert Passage.objects.get().state == "passed"


def test_twenty_creates_of_one_order_under_different_codes_are_one_for_the_warehouse(on):
    order = on.seller.sells()

    def create(code: str) -> str:
        content = on.erp.desk.content(code, {"orders": [order.platform_order_id]})
        return on.erp.desk.deliver("deliveryorder.create", emulator_wire.document("request", content), code)

    flags = at_once([partial(create, f"ERP{number}") for number in range(20)])
    assert sorted(flags) == ["failure"] * 19 + ["success"]
    assert len(on.received("deliveryorder.create")) == 1


def test_a_decision_that_took_too_long_is_a_no_and_the_next_try_goes(on, monkeypatch):
    order = on.seller.sells()
    monkeypatch.setattr(decisions, "SECONDS", -1)
    answered = on.creates("ERP1", order.platform_order_id)
    assert (answered["flag"], answered["message"]) == ("failure", passages.BUSY)
    assert on.received("deliveryorder.create") == []
    monkeypatch.setattr(decisions, "SECONDS", SLOW)
    assert on.creates("ERP1", order.platform_order_id)["flag"] == "success"


def test_what_the_warehouse_refused_may_be_tried_again(on):
    order = on.seller.sells()
    lines = [{"order": order.platform_order_id, "oid": "1", "sku": "", "quantity": 1}]
    answered = on.creates("ERP1", lines=lines)
    assert (answered["flag"], answered["message"]) == ("failure", "缺少必填字段 orderLine/itemCode")
    assert on.passage("ERP1").state == "refused"
    assert on.creates("ERP1", order.platform_order_id)["flag"] == "success"
    assert on.passage("ERP1").generation == 1
