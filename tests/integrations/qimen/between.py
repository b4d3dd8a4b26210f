"""An ERP, the tower and a warehouse in a row: real emulators over HTTP on loopback, with the tower's hook between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from integrations import jobs
from integrations.emulate import Host, build_world, serving
from integrations.models import Connection, Job, Passage
from integrations.wms.qimen import emulator_wire
from integrations.wms.qimen.emulator import ErpEmulator, QimenEmulator
from ordertower import dispatch, tasks
from tests.laws.cast import Seller, seller

ERP_SECRET, WMS_SECRET = "erp-demo-secret", "qimen-demo-secret"
SLOW = 30.0


@dataclass
class Between:
    host: Host
    seller: Seller
    wms: Connection
    erp: ErpEmulator
    warehouse: QimenEmulator

    def creates(self, code: str, *orders: str, **data: Any) -> dict[str, Any]:
        """The ERP sends one delivery now; what it was answered ({} for no answer)."""
        content = self.erp.desk.content(code, {"orders": orders, **data})
        return self.sends("deliveryorder.create", content, code)

    def sends(self, method: str, content: dict[str, Any], code: str = "") -> dict[str, Any]:
        self.erp.desk.deliver(method, emulator_wire.document("request", content), code)
        last = self.erp.journal.entries()[-1]
        return last if last["kind"] == "answered" else {}

    def cancels(self, code: str) -> dict[str, Any]:
        content = {"warehouseCode": "WH01", "ownerCode": "OWN1", "orderCode": code, "orderType": "JYCK"}
        return self.sends("order.cancel", content, code)

    def received(self, method: str) -> list[dict[str, Any]]:
        """What reached the warehouse."""
        entries = self.warehouse.journal.entries("received")
        return [row for row in entries if row["method"] == f"taobao.qimen.{method}"]

    def does(self, who: str, command: str, **data: Any) -> Any:
        emulator = self.host.world.emulators[who]
        with emulator.lock:
            return emulator.control(command, data)

    def beat(self) -> None:
        tasks.process_receipts()
        dispatch.drain(budget_seconds=1)
        for lane in Job.Lane.values:
            jobs.run_lane(lane)

    def passage(self, code: str) -> Passage:
        return Passage.objects.filter(code=code).latest("generation")

    def send_due(self, name: str) -> None:
        """What an emulator wants to send is sent now, in this thread."""
        emulator = self.host.world.emulators[name]
        while emulator.outgoing:
            _, work = emulator.outgoing.popleft()
            work()


@contextmanager
def standing_between(tower_url: str, *, prints: str = "wms", **settings: Any) -> Iterator[Between]:
    """Nothing happens by itself here: the emulators tick once an hour, and a test sends what is due."""
    world = build_world(
        ("integrations.wms",),
        options={"qimen": {"prints": prints}, "erp": {"repush_every": 0, "topology": "between"}},
    )
    with serving(world, tick_seconds=3600) as host:
        sells = seller(printed_by=prints)
        wms = sells.qimen(base_url=f"{host.url}/qimen/router/qimen/service")
        wms.settings |= {"topology": "between", "erp_url": f"{host.url}/erp/router", **settings}
        wms.set_secrets({"app_secret": WMS_SECRET, "erp_secret": ERP_SECRET})
        wms.save()
        hook = f"{tower_url}/hooks/qimen/{wms.key}/"
        erp, warehouse = world.emulators["erp"], world.emulators["qimen"]
        assert isinstance(erp, ErpEmulator)
        assert isinstance(warehouse, QimenEmulator)
        erp.options |= {"tower_hook": hook, "secret": ERP_SECRET}
        warehouse.options |= {"tower_hook": hook}
        yield Between(host, sells, wms, erp, warehouse)
