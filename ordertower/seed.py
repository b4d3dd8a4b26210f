"""The demo seller: a company, its people, a shop, a warehouse and its connections to the emulated outside world.

Idempotent: running it again makes nothing twice, keeps what people changed, and gives the users new passwords, which
are shown once and kept nowhere but in `var/demo.json`.
"""

import json
import secrets
from typing import Any

from django.contrib.auth import get_user_model

from alerts.models import Channel, Rule
from integrations.models import Connection
from orders import clock
from orders.lifecycle import CauseKind, HoldReason, Role
from orders.models import ApiKey, Barcode, Company, Goods, Shop, SkuMap, Warehouse, WarehouseOperator
from orders.services.goods import map_sku
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.roles import grant

GOODS = [
    ("CREAM-50", "CR50", "面霜 50g", 120, "6901234567892"),
    ("SERUM-30", "SE30", "精华液 30ml", 90, "6901234567908"),
    ("MASK-10", "MK10", "面膜礼盒 10 片", 350, "6901234567915"),
    ("LIP-01", "LP01", "口红 正红", 40, "6901234567922"),
]
SENDER = {
    "name": "山茶仓库",
    "mobile": "13500000000",
    "province": "浙江省",
    "city": "杭州市",
    "area": "余杭区",
    "detailAddress": "良渚路 1 号",
}
CAINIAO_SENDER = {
    "name": SENDER["name"],
    "mobile": SENDER["mobile"],
    "address": {"province": "浙江省", "city": "杭州市", "district": "余杭区", "detail": "良渚路 1 号"},
}
# What the emulators are told, so that both sides know the same secrets. They guard nothing but the emulators.
TAOBAO = {"app_key": "21000001", "app_secret": "emulator-secret", "session": "6100emulator"}
QIMEN = {"app_key": "12345678", "app_secret": "qimen-demo-secret", "customer_id": "WMS001"}
KUAIDI100 = {"key": "EMULATORkey0001", "customer": "EMULATORCUSTOMER0001"}
# A second shop, whose warehouse has no system: its parcels wait for people with a phone at /scan/.
BENCH = {"session": "6100bench", "nick": "测试体验店"}
ROBOT_KEY = "5ea80000-0000-4000-8000-0000000000e1"


def seed_demo(*, tower_url: str, emulators_url: str) -> dict[str, Any]:
    """Make or refresh the demo; what `var/demo.json` holds beside the addresses."""
    company, _ = Company.objects.get_or_create(code="demo", defaults={"name": "山茶美妆（演示）"})
    users = _people(company)
    warehouse = _warehouse(company)
    shop, _ = Shop.objects.get_or_create(
        platform="taobao",
        code="测试旗舰店",
        defaults={"company": company, "name": "山茶旗舰店", "warehouse": warehouse},
    )
    bench = _bench(company)
    _goods(company)
    hook = _connections(company, shop, warehouse, emulators_url)
    _taobao(company, bench, BENCH["session"], emulators_url)
    _courier(company, emulators_url)
    _alerts(company, emulators_url)
    keys = {
        name: _key(company, name, acts_as)
        for name, acts_as in (("演示", CauseKind.SYSTEM), ("仓库系统", CauseKind.WMS), ("ERP", CauseKind.ERP))
    }
    api = f"{tower_url}/api/v1"
    return {
        "users": users,
        "api_key": keys["演示"],
        "emulator_settings": [
            "taobao.sell_every=5",
            f"taobao.more_sessions={json.dumps({BENCH['session']: BENCH['nick']})}",
            "taobao.others_sell_every=60",
            "qimen.prints=tower",
            "qimen.step_seconds=3",
            "qimen.ask_seconds=1",
            f"qimen.tower_hook={tower_url}{hook}",
            *(f"qimen.{name}={value}" for name, value in QIMEN.items()),
            f"qimen.tower_api={api}",
            "kuaidi100.auto=true",
            # Longer than the emulated bench needs from print to hand-over: nobody picks up what is not there.
            "kuaidi100.pick_up_seconds=60",
            "kuaidi100.step_seconds=20",
            *(f"kuaidi100.{name}={value}" for name, value in KUAIDI100.items()),
            f"qimen.api_key={keys['仓库系统']}",
            "erp.repush_every=45",
            f"erp.tower_api={api}",
            f"erp.api_key={keys['ERP']}",
            f"wecom.keys={ROBOT_KEY}",
        ],
    }


def _people(company: Company) -> dict[str, dict[str, str]]:
    """One person per role; the integration account has no password to log in with."""
    users = {}
    for role in Role:
        person, _ = get_user_model().objects.get_or_create(
            username=f"demo-{role}", defaults={"first_name": str(role.label), "is_staff": True}
        )
        password = secrets.token_urlsafe(9)
        person.is_staff = True
        person.set_password(password)
        person.save()
        grant(person, company, role)
        users[str(role)] = {"username": person.username, "password": password}
    return users


def _warehouse(company: Company) -> Warehouse:
    warehouse, _ = Warehouse.objects.get_or_create(
        company=company, code="WH01", defaults={"name": "杭州一号仓", "printed_by": Warehouse.Printer.TOWER}
    )
    # The packer at the emulated bench is 仓管组长: the warehouse system's 打包 counts as the confirmation.
    lead = get_user_model().objects.get(username=f"demo-{Role.WAREHOUSE_LEAD}")
    WarehouseOperator.objects.get_or_create(warehouse=warehouse, code="W-PACKAGE", defaults={"user": lead})
    return warehouse


def _bench(company: Company) -> Shop:
    warehouse, _ = Warehouse.objects.get_or_create(
        company=company,
        code="WH02",
        defaults={"name": "杭州扫码仓", "printed_by": Warehouse.Printer.TOWER, "checks_lines": True},
    )
    shop, _ = Shop.objects.get_or_create(
        platform="taobao",
        code=BENCH["nick"],
        defaults={"company": company, "name": "山茶体验店", "warehouse": warehouse},
    )
    return shop


def _goods(company: Company) -> None:
    for sku, code, name, weight, barcode in GOODS:
        goods, _ = Goods.objects.get_or_create(
            company=company, code=code, defaults={"name": name, "weight_grams": weight}
        )
        Barcode.objects.get_or_create(goods=goods, code=barcode)
        if not SkuMap.objects.filter(company=company, sku=sku, valid_to__isnull=True).exists():
            map_sku(company_id=company.pk, sku=sku, goods=goods)


def _connections(company: Company, shop: Shop, warehouse: Warehouse, emulators_url: str) -> str:
    """The shop's and the warehouse's connections; the path of the warehouse's webhook."""
    _taobao(company, shop, TAOBAO["session"], emulators_url)
    wms, _ = Connection.objects.get_or_create(
        company=company, adapter="qimen", warehouse=warehouse, defaults={"name": "奇门 杭州一号仓"}
    )
    wms.base_url = f"{emulators_url}/qimen/router/qimen/service"
    wms.settings = {
        **wms.settings,
        "app_key": QIMEN["app_key"],
        "customer_id": QIMEN["customer_id"],
        "owner_code": "OWN1",
        "sender": SENDER,
        "pickup_method": "orderprocess.report",
    }
    wms.set_secrets({"app_secret": QIMEN["app_secret"]})
    wms.save()
    return f"/hooks/qimen/{wms.key}/"


def _taobao(company: Company, shop: Shop, session: str, emulators_url: str) -> None:
    platform, _ = Connection.objects.get_or_create(
        company=company, adapter="taobao", shop=shop, defaults={"name": f"淘宝 {shop.name}", "poll_seconds": 5}
    )
    platform.base_url = f"{emulators_url}/taobao"
    platform.settings = {
        **platform.settings,
        "app_key": TAOBAO["app_key"],
        "seller_nick": shop.code,
        "sender": CAINIAO_SENDER,
        "template_url": "http://cloudprint.cainiao.com/template/standard/401",
        "user_id": "2200000000001",
        "start": platform.settings.get("start") or clock.now().isoformat(),
    }
    platform.set_secrets({"app_secret": TAOBAO["app_secret"], "session": session})
    platform.save()


def _courier(company: Company, emulators_url: str) -> None:
    courier, _ = Connection.objects.get_or_create(company=company, adapter="kuaidi100", defaults={"name": "快递100"})
    courier.base_url = f"{emulators_url}/kuaidi100"
    courier.settings = {**courier.settings, "customer": KUAIDI100["customer"]}
    courier.set_secrets({"key": KUAIDI100["key"], "salt": "demo-salt"})
    courier.save()


def _alerts(company: Company, emulators_url: str) -> None:
    channel, _ = Channel.objects.get_or_create(
        company=company, kind="wecom", defaults={"name": "运营群机器人", "role": Role.OPS_MANAGER}
    )
    channel.settings = {**channel.settings, "base_url": f"{emulators_url}/wecom"}
    channel.set_secrets({"key": ROBOT_KEY})
    channel.save()
    for reason in (HoldReason.DUPLICATE_PRINT, HoldReason.PRINT_UNKNOWN, HoldReason.SHIPPED_WHILE_HELD):
        Rule.objects.get_or_create(company=company, hold_reason=reason, defaults={"name": str(reason.label)})


def _key(company: Company, name: str, acts_as: CauseKind) -> str:
    """A key can be shown only once, so each run makes new ones and revokes the old."""
    ApiKey.objects.filter(company=company, name=name, revoked_at__isnull=True).update(revoked_at=clock.now())
    _, text = create_key(company, name, scopes=list(ALL_SCOPES), acts_as=acts_as)
    return text
