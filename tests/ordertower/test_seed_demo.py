"""The demo has every system of the chain, each connection complete, and may be seeded again at any time."""

from typing import Any

import pytest

from integrations.adapter import check_settings
from integrations.models import Connection
from integrations.registry import adapter_named
from orders.models import Shop, Warehouse
from ordertower.seed import seed_demo

pytestmark = pytest.mark.django_db


def seeded() -> dict[str, Any]:
    return seed_demo(tower_url="http://tower.test", emulators_url="http://street.test")


def test_every_platform_the_erp_the_warehouses_and_the_couriers_are_connected() -> None:
    seeded()
    assert {"taobao", "jd", "douyin", "generic", "kingdee", "qimen", "kuaidi100", "sf"} <= set(
        Connection.objects.values_list("adapter", flat=True)
    )
    for row in Connection.objects.all():
        assert check_settings(adapter_named(row.adapter), row.settings, row.secrets()) == [], row.name


def test_seeding_again_makes_nothing_twice_and_keeps_what_people_changed() -> None:
    seeded()
    jd = Connection.objects.get(adapter="jd")
    jd.settings["page_size"] = 20
    jd.poll_seconds = 60
    jd.save()
    before = (Connection.objects.count(), Shop.objects.count(), Warehouse.objects.count(), jd.key)
    seeded()
    jd = Connection.objects.get(adapter="jd")
    assert (Connection.objects.count(), Shop.objects.count(), Warehouse.objects.count(), jd.key) == before
    assert (jd.settings["page_size"], jd.poll_seconds) == (20, 60)


def test_the_emulators_are_told_where_the_towers_webhooks_are() -> None:
    told = seeded()["emulator_settings"]
    hooks = {row.adapter: row.key for row in Connection.objects.filter(warehouse__isnull=True)}
    assert f"douyin.push_url=http://tower.test/hooks/douyin/{hooks['douyin']}/" in told
    assert any(line.startswith("qimen.tower_hook=http://tower.test/hooks/qimen/") for line in told)
