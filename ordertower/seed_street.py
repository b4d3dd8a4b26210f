"""The demo's connections to the emulated outside world, and what the emulators are told so that both sides agree.

How a connection to an emulator looks is said once, in the `connection.json` of each connector's folder.
"""

import json
from typing import Any

from integrations.connecting import example_of
from integrations.models import Connection
from orders import clock
from orders.models import Company, Shop, Warehouse

SESSIONS = {"测试旗舰店": "6100emulator", "测试体验店": "6100bench"}
SF_PUSH_TOKEN = "demo-routes"


class Street:
    """Makes and refreshes one company's connections; what people changed beside the given settings stays."""

    def __init__(self, company: Company, url: str) -> None:
        self.company = company
        self.url = url

    def connect(
        self,
        adapter: str,
        name: str,
        *,
        shop: Shop | None = None,
        warehouse: Warehouse | None = None,
        settings: dict[str, Any] | None = None,
        secrets: dict[str, Any] | None = None,
    ) -> Connection:
        example = example_of(adapter, street=self.url)
        row, _ = Connection.objects.get_or_create(
            company=self.company,
            adapter=adapter,
            shop=shop,
            warehouse=warehouse,
            defaults={"name": name, "poll_seconds": 5},
        )
        start = row.settings.get("start") or clock.now().isoformat()
        row.base_url = example["base_url"]
        row.settings = {**row.settings, **example["settings"], **(settings or {}), "start": start}
        row.set_secrets({**row.secrets(), **example["secrets"], **(secrets or {})})
        row.save()
        return row


def connect_street(
    company: Company, shops: dict[str, Shop], warehouses: dict[str, Warehouse], emulators_url: str
) -> dict[str, str]:
    """Every system of the demo; the paths of the webhooks that emulators must know, by adapter."""
    street = Street(company, emulators_url)
    for code, session in SESSIONS.items():
        street.connect(
            "taobao",
            f"淘宝 {shops[code].name}",
            shop=shops[code],
            settings={"seller_nick": code},
            secrets={"session": session},
        )
    jd, douyin, own = shops["802001"], shops["4463798"], shops["camellia-mini"]
    street.connect("jd", f"京东 {jd.name}", shop=jd)
    street.connect("kingdee", "金蝶云星空")
    street.connect("kuaidi100", "快递100")
    qimen = [street.connect("qimen", f"奇门 {warehouses[code]}", warehouse=warehouses[code]) for code in WITH_A_SYSTEM]
    hooks = {
        "qimen": qimen[0],
        "douyin": street.connect("douyin", f"抖店 {douyin.name}", shop=douyin),
        "generic": street.connect("generic", f"自建商城 {own.name}", shop=own),
        # Platforms hide receivers from couriers. The seller's own shop does not, so it ships with its own contract.
        "sf": street.connect("sf", "顺丰 丰桥", warehouse=warehouses["WH03"], secrets={"push_token": SF_PUSH_TOKEN}),
    }
    return {adapter: f"/hooks/{adapter}/{row.key}/" for adapter, row in hooks.items()}


# WH02 has none: there people scan with a phone. WH04 is somebody else's and prints by itself.
WITH_A_SYSTEM = ("WH01", "WH03", "WH04")


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
        "generic.sell_every=30",
        f"generic.tower_hook={tower_url}{hooks['generic']}",
        "kingdee.download_seconds=10",
        "qimen.prints=tower",
        "qimen.own_printers=WH04",
        "qimen.step_seconds=3",
        "qimen.ask_seconds=1",
        f"qimen.tower_hook={tower_url}{hooks['qimen']}",
        f"qimen.tower_api={api}",
        "kuaidi100.auto=true",
        # Longer than the emulated bench needs from print to hand-over: nobody picks up what is not there.
        "kuaidi100.pick_up_seconds=60",
        "kuaidi100.step_seconds=20",
        "sf.auto=true",
        "sf.pick_up_seconds=60",
        "sf.step_seconds=20",
        f"sf.push_url={tower_url}{hooks['sf']}?token={SF_PUSH_TOKEN}",
        "erp.repush_every=45",
        f"erp.tower_api={api}",
    ]
