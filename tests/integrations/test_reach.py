"""What the tower cannot stop is said where it is set up, computed from where it stands and who prints."""

import pytest

from integrations.models import Connection
from integrations.reach import cannot_stop
from orders.models import Warehouse
from tests.laws.cast import Seller, seller

pytestmark = pytest.mark.django_db


def connected(topology: str, *, printed_by: str = "tower", mode: str = "guarding", **settings: str) -> Connection:
    shop: Seller = seller(printed_by=printed_by, mode=mode)
    wms = shop.qimen()
    wms.settings |= {"topology": topology, **settings}
    wms.save()
    return wms


def said(place: Connection | Warehouse) -> str:
    return "\n".join(cannot_stop(place))


def test_alone_with_the_warehouse_it_cannot_stop_what_an_erp_sends_past_it():
    text = said(connected("direct"))
    assert "其他系统直接向这个仓库推单" in text
    assert "挂起和撤单可能被仓库拒绝" in text
    assert "打印" not in text.replace("已打印或已出库", "")


def test_between_the_two_it_names_what_still_goes_past_it():
    text = said(connected("between"))
    assert "绕过指挥塔" in text
    assert "补发、换货、调拨" in text
    assert "指挥塔没有的订单" not in text
    assert "指挥塔没有的订单直接转给仓库" in said(connected("between", unknown_orders="forward"))


def test_as_a_mere_listener_it_stops_nothing():
    text = said(connected("observe"))
    assert "重复推单、锁单、取消和退款后的推单都拦不住" in text
    assert "只能打电话" in text


@pytest.mark.parametrize("topology", ["direct", "between", "observe"])
def test_where_somebody_else_prints_a_double_print_is_only_found(topology):
    wms = connected(topology, printed_by="wms")
    assert "面单由仓库系统打印：重复打印拦不住" in said(wms)
    assert "重复打印拦不住" not in said(connected(topology))


def test_a_warehouse_that_is_only_observed_says_so():
    assert "只看不拦" in said(connected("between", mode="observing"))


def test_a_warehouse_says_what_its_connections_say_and_what_it_lacks():
    wms = connected("observe", printed_by="erp")
    assert wms.warehouse is not None
    assert said(wms.warehouse) == said(wms)
    wms.enabled = False
    wms.save()
    assert "没有连接仓库系统" in said(wms.warehouse)


def test_a_shop_whose_numbers_are_told_by_others_says_so():
    shop = seller()
    assert cannot_stop(shop.taobao()) == []
    shop.shop.uploads_waybills = "erp"
    shop.shop.save()
    assert "单号由ERP回传平台" in said(Connection.objects.select_related("shop").get())


def test_the_abilities_follow_the_place_where_the_tower_stands():
    from integrations.wms.qimen import adapter

    can = {
        topology: {
            name for name in ("deliver", "pend", "between", "fetch") if adapter.can(name, {"topology": topology})
        }
        for topology in ("direct", "between", "observe")
    }
    assert can == {
        "direct": {"deliver", "pend", "fetch"},
        "between": {"pend", "between", "fetch"},
        "observe": {"fetch"},
    }


def test_what_is_missing_for_a_place_is_said_when_it_is_saved():
    from integrations.wms.qimen import adapter

    assert [error.field for error in adapter.problems({"topology": "between"}, {})] == ["erp_url", "erp_secret"]
    assert [error.field for error in adapter.problems({"topology": "beside"}, {})] == ["topology"]
    assert adapter.problems({"topology": "direct"}, {}) == []
