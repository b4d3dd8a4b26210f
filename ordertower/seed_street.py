"""The demo's connections to the emulated outside world, and what the emulators are told so that both sides agree."""

import json
from typing import Any

from integrations.models import Connection
from orders import clock
from orders.models import Company, Shop, Warehouse

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
DOUYIN_SENDER = {
    "address": {
        "country_code": "CHN",
        "province_name": "浙江省",
        "city_name": "杭州市",
        "district_name": "余杭区",
        "street_name": "良渚街道",
        "detail_address": "良渚路 1 号",
    },
    "contact": {"name": SENDER["name"], "mobile": SENDER["mobile"]},
}
# Secrets that both sides know. They guard nothing but the emulators.
TAOBAO = {"app_key": "21000001", "app_secret": "emulator-secret"}
SESSIONS = {"测试旗舰店": "6100emulator", "测试体验店": "6100bench"}
JD_APP_KEY, DOUYIN_APP_KEY = "JDEMULATOR0001", "3409400000000000001"
TOKENS = {"app_secret": "emulator-secret", "access_token": "emulator-token", "refresh_token": "emulator-refresh"}
QIMEN = {"app_key": "12345678", "app_secret": "qimen-demo-secret", "customer_id": "WMS001"}
KINGDEE = {
    "acct_id": "60a1b2c3d4e5f6",
    "user_name": "administrator",
    "app_id": "200001_U19bQBRcVRoXWUVWRh5TXQ9fFAgETkkC",
    "app_secret": "0123456789abcdef0123456789abcdef",
}
KUAIDI100 = {"key": "EMULATORkey0001", "customer": "EMULATORCUSTOMER0001"}


class Street:
    """Makes and refreshes one company's connections; what people changed beside the given settings stays."""

    def __init__(self, company: Company, url: str) -> None:
        self.company = company
        self.url = url

    def connect(
        self,
        adapter: str,
        name: str,
        path: str,
        *,
        shop: Shop | None = None,
        warehouse: Warehouse | None = None,
        settings: dict[str, Any],
        secrets: dict[str, Any],
    ) -> Connection:
        row, _ = Connection.objects.get_or_create(
            company=self.company,
            adapter=adapter,
            shop=shop,
            warehouse=warehouse,
            defaults={"name": name, "poll_seconds": 5},
        )
        row.base_url = f"{self.url}/{path}"
        start = row.settings.get("start") or clock.now().isoformat()
        row.settings = {**row.settings, **settings, "start": start}
        row.set_secrets({**row.secrets(), **secrets})
        row.save()
        return row


def connect_street(
    company: Company, shops: dict[str, Shop], warehouses: dict[str, Warehouse], emulators_url: str
) -> dict[str, str]:
    """Every system of the demo; the paths of the webhooks that emulators must know, by adapter."""
    street = Street(company, emulators_url)
    for shop in shops.values():
        if shop.platform == "taobao":
            _taobao(street, shop)
    douyin = _douyin(street, shops["4463798"])
    _jd(street, shops["802001"])
    _kingdee(street)
    qimen = [_qimen(street, warehouses[code]) for code in ("WH01", "WH03")]
    street.connect(
        "kuaidi100",
        "快递100",
        "kuaidi100",
        settings={"customer": KUAIDI100["customer"]},
        secrets={"key": KUAIDI100["key"], "salt": "demo-salt"},
    )
    return {"qimen": f"/hooks/qimen/{qimen[0].key}/", "douyin": f"/hooks/douyin/{douyin.key}/"}


def _taobao(street: Street, shop: Shop) -> Connection:
    return street.connect(
        "taobao",
        f"淘宝 {shop.name}",
        "taobao",
        shop=shop,
        settings={
            "app_key": TAOBAO["app_key"],
            "seller_nick": shop.code,
            "sender": CAINIAO_SENDER,
            "template_url": "http://cloudprint.cainiao.com/template/standard/401",
            "user_id": "2200000000001",
        },
        secrets={"app_secret": TAOBAO["app_secret"], "session": SESSIONS[shop.code]},
    )


def _douyin(street: Street, shop: Shop) -> Connection:
    return street.connect(
        "douyin",
        f"抖店 {shop.name}",
        "douyin",
        shop=shop,
        settings={
            "app_key": DOUYIN_APP_KEY,
            "shop_id": shop.code,
            "sender": DOUYIN_SENDER,
            "template_url": "https://sf6-ecom.example/template/standard",
            "user_id": "-1",
        },
        secrets=TOKENS,
    )


def _jd(street: Street, shop: Shop) -> Connection:
    return street.connect(
        "jd",
        f"京东 {shop.name}",
        "jd",
        shop=shop,
        settings={"app_key": JD_APP_KEY, "oauth_url": f"{street.url}/jd/oauth2"},
        secrets=TOKENS,
    )


def _kingdee(street: Street) -> Connection:
    return street.connect(
        "kingdee",
        "金蝶云星空",
        "kingdee/k3cloud/",
        settings={name: KINGDEE[name] for name in ("acct_id", "user_name", "app_id")},
        secrets={"app_secret": KINGDEE["app_secret"]},
    )


def _qimen(street: Street, warehouse: Warehouse) -> Connection:
    return street.connect(
        "qimen",
        f"奇门 {warehouse.name}",
        "qimen/router/qimen/service",
        warehouse=warehouse,
        settings={
            "app_key": QIMEN["app_key"],
            "customer_id": QIMEN["customer_id"],
            "owner_code": "OWN1",
            "sender": SENDER,
            "pickup_method": "orderprocess.report",
        },
        secrets={"app_secret": QIMEN["app_secret"]},
    )


def told_to_emulators(hooks: dict[str, str], *, tower_url: str) -> list[str]:
    """`emulate --set`: how the emulated shops sell, and where the tower is."""
    api = f"{tower_url}/api/v1"
    others = {SESSIONS["测试体验店"]: "测试体验店"}
    return [
        "taobao.sell_every=8",
        f"taobao.more_sessions={json.dumps(others)}",
        "taobao.others_sell_every=60",
        "douyin.sell_every=15",
        f"douyin.push_url={tower_url}{hooks['douyin']}",
        "jd.sell_every=20",
        "kingdee.download_seconds=10",
        "qimen.prints=tower",
        "qimen.step_seconds=3",
        "qimen.ask_seconds=1",
        f"qimen.tower_hook={tower_url}{hooks['qimen']}",
        *(f"qimen.{name}={value}" for name, value in QIMEN.items()),
        f"qimen.tower_api={api}",
        "kuaidi100.auto=true",
        # Longer than the emulated bench needs from print to hand-over: nobody picks up what is not there.
        "kuaidi100.pick_up_seconds=60",
        "kuaidi100.step_seconds=20",
        *(f"kuaidi100.{name}={value}" for name, value in KUAIDI100.items()),
        "erp.repush_every=45",
        f"erp.tower_api={api}",
    ]
