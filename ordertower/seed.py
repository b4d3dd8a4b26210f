"""The demo seller: a company, its people, goods, shops and warehouses; `seed_street` connects them to the world.

Idempotent: running it again makes nothing twice, keeps what people changed, and gives the users new passwords, which
are shown once and kept nowhere but in `var/demo.json`.
"""

import secrets
from typing import Any

from django.contrib.auth import get_user_model

from alerts.models import Channel, Rule
from orders import clock
from orders.lifecycle import CauseKind, HoldReason, Role
from orders.models import ApiKey, Barcode, Company, Goods, Shop, SkuMap, Warehouse, WarehouseOperator
from orders.services.goods import map_sku
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.roles import grant
from ordertower.seed_street import WITH_A_SYSTEM, connect_street, told_to_emulators

GOODS = [
    ("CREAM-50", "CR50", "面霜 50g", 120, "6901234567892"),
    ("SERUM-30", "SE30", "精华液 30ml", 90, "6901234567908"),
    ("MASK-5", "MK05", "补水面膜 5 片", 180, "6901234567939"),
    ("MASK-10", "MK10", "面膜礼盒 10 片", 350, "6901234567915"),
    ("LIP-01", "LP01", "口红 正红", 40, "6901234567922"),
]
WAREHOUSES: list[tuple[str, str, dict[str, Any]]] = [
    ("WH01", "杭州一号仓", {}),
    ("WH02", "杭州扫码仓", {"checks_lines": True}),
    ("WH03", "北京顺丰仓", {"default_carrier": "sf"}),
    ("WH04", "天津三方仓", {"printed_by": Warehouse.Printer.WMS}),
]
SHOPS = [
    ("taobao", "测试旗舰店", "山茶旗舰店", "WH01"),
    # Its warehouse has no system: its parcels wait for people with a phone at /scan/.
    ("taobao", "测试体验店", "山茶体验店", "WH02"),
    ("douyin", "4463798", "山茶抖音小店", "WH01"),
    # 京东 gives no waybill numbers to others: somebody else's warehouse prints there, and the tower watches.
    ("jd", "802001", "山茶京东旗舰店", "WH04"),
    ("generic", "camellia-mini", "山茶小程序", "WH03"),
]
ALERTED = (
    HoldReason.DUPLICATE_PRINT,
    HoldReason.DUPLICATE_ORDER,
    HoldReason.PRINT_UNKNOWN,
    HoldReason.SHIPPED_WHILE_HELD,
)
ROBOT_KEY = "5ea80000-0000-4000-8000-0000000000e1"


def seed_demo(*, tower_url: str, emulators_url: str) -> dict[str, Any]:
    """Make or refresh the demo; what `var/demo.json` holds beside the addresses."""
    company, _ = Company.objects.get_or_create(code="demo", defaults={"name": "山茶美妆（演示）"})
    users = _people(company)
    warehouses = _warehouses(company)
    _goods(company)
    hooks = connect_street(company, _shops(company, warehouses), warehouses, emulators_url)
    _alerts(company, emulators_url)
    keys = {
        name: _key(company, name, acts_as)
        for name, acts_as in (("演示", CauseKind.SYSTEM), ("仓库系统", CauseKind.WMS), ("ERP", CauseKind.ERP))
    }
    return {
        "users": users,
        "api_key": keys["演示"],
        "emulator_settings": [
            *told_to_emulators(hooks, tower_url=tower_url),
            f"qimen.api_key={keys['仓库系统']}",
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


def _warehouses(company: Company) -> dict[str, Warehouse]:
    """With a system, with people who scan by phone, with 顺丰's own numbers, and somebody else's that prints itself."""
    warehouses = {}
    for code, name, more in WAREHOUSES:
        values = {"name": name, "printed_by": Warehouse.Printer.TOWER, **more}
        warehouses[code], _ = Warehouse.objects.get_or_create(company=company, code=code, defaults=values)
    # The packer at the emulated bench is 仓管组长: the warehouse system's 打包 counts as the confirmation.
    lead = get_user_model().objects.get(username=f"demo-{Role.WAREHOUSE_LEAD}")
    for code in WITH_A_SYSTEM:
        WarehouseOperator.objects.get_or_create(warehouse=warehouses[code], code="W-PACKAGE", defaults={"user": lead})
    return warehouses


def _shops(company: Company, warehouses: dict[str, Warehouse]) -> dict[str, Shop]:
    shops = {}
    for platform, code, name, warehouse in SHOPS:
        values = {"company": company, "name": name, "warehouse": warehouses[warehouse]}
        shops[code], _ = Shop.objects.get_or_create(platform=platform, code=code, defaults=values)
    return shops


def _goods(company: Company) -> None:
    for sku, code, name, weight, barcode in GOODS:
        goods, _ = Goods.objects.get_or_create(
            company=company, code=code, defaults={"name": name, "weight_grams": weight}
        )
        Barcode.objects.get_or_create(goods=goods, code=barcode)
        if not SkuMap.objects.filter(company=company, sku=sku, valid_to__isnull=True).exists():
            map_sku(company_id=company.pk, sku=sku, goods=goods)


def _alerts(company: Company, emulators_url: str) -> None:
    channel, _ = Channel.objects.get_or_create(
        company=company, kind="wecom", defaults={"name": "运营群机器人", "role": Role.OPS_MANAGER}
    )
    channel.settings = {**channel.settings, "base_url": f"{emulators_url}/wecom"}
    channel.set_secrets({"key": ROBOT_KEY})
    channel.save()
    for reason in ALERTED:
        Rule.objects.get_or_create(company=company, hold_reason=reason, defaults={"name": str(reason.label)})


def _key(company: Company, name: str, acts_as: CauseKind) -> str:
    """A key can be shown only once, so each run makes new ones and revokes the old."""
    ApiKey.objects.filter(company=company, name=name, revoked_at__isnull=True).update(revoked_at=clock.now())
    _, text = create_key(company, name, scopes=list(ALL_SCOPES), acts_as=acts_as)
    return text
