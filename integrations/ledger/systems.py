"""Which systems a shop's orders must pass, how far they can be read, and how long each hop may take."""

from collections.abc import Iterable
from datetime import timedelta

from integrations.ledger.hops import USUAL_MINUTES, Graces, Reach, Surroundings
from integrations.models import Connection, Hop, LedgerGrace
from integrations.registry import adapter_named
from orders.lifecycle import CauseKind
from orders.models import Shop, Warehouse


class Systems:
    """One company's connections, warehouses and settings, read once for a whole run: three queries."""

    def __init__(self, company_id: int) -> None:
        rows = Connection.objects.filter(company=company_id, enabled=True).exclude(adapter="").order_by("pk")
        self.connections = [(row, adapter_named(row.adapter)) for row in rows]
        self.warehouses = {row.pk: row for row in Warehouse.objects.filter(company=company_id)}
        self.graces = list(LedgerGrace.objects.filter(company=company_id))
        self._around: dict[int, Surroundings] = {}
        self._graces: dict[tuple[int, int | None], Graces] = {}

    def of_system(self, system: str) -> Iterable[Connection]:
        return (row for row, adapter in self.connections if adapter.system == system)

    def platform(self, shop_id: int) -> Connection | None:
        """The shop's own connection which can list its orders."""
        for row, adapter in self.connections:
            if row.shop_id == shop_id and adapter.system == CauseKind.PLATFORM and adapter.can("numbers", row.settings):
                return row
        return None

    def around(self, shop: Shop) -> Surroundings:
        if shop.pk not in self._around:
            self._around[shop.pk] = self._read_around(shop)
        return self._around[shop.pk]

    def _read_around(self, shop: Shop) -> Surroundings:
        erp = [row for row in self.of_system(CauseKind.ERP) if row.shop_id in (None, shop.pk) and _speaks(row)]
        wms = {
            warehouse_id: reach_of(row)
            for row in self.of_system(CauseKind.WMS)
            for warehouse_id in ([row.warehouse_id] if row.warehouse_id else self.warehouses)
        }
        couriers = {
            code: reach_of(row)
            for row in self.of_system(CauseKind.COURIER)
            if _can(row, "subscribe") or _can(row, "query")
            for code in (adapter_named(row.adapter).carriers or {""})
        }
        # Where another system prints and is not connected, nobody tells of it.
        unseen = frozenset(pk for pk, row in self.warehouses.items() if not self._printing_is_seen(row, wms))
        return Surroundings(erp=reach_of(erp[0]) if erp else None, wms=wms, unseen_printing=unseen, couriers=couriers)

    def _printing_is_seen(self, warehouse: Warehouse, wms: dict[int, Reach]) -> bool:
        if warehouse.printed_by == Warehouse.Printer.TOWER:
            return True
        return warehouse.printed_by == Warehouse.Printer.WMS and warehouse.pk in wms

    def graces_for(self, shop: Shop, warehouse_id: int | None) -> Graces:
        key = (shop.pk, warehouse_id)
        if key not in self._graces:
            self._graces[key] = self._read_graces(shop, warehouse_id)
        return self._graces[key]

    def _read_graces(self, shop: Shop, warehouse_id: int | None) -> Graces:
        """The narrowest setting that says something: the shop's, else the warehouse's, else the company's."""
        found = {hop: timedelta(minutes=minutes) for hop, minutes in USUAL_MINUTES.items()}
        found[Hop.PICKED_UP] = timedelta(hours=shop.pickup_hours)
        mine = [row for row in self.graces if row.shop_id in (None, shop.pk)]
        mine = [row for row in mine if row.warehouse_id in (None, warehouse_id)]
        for row in sorted(mine, key=lambda row: (row.shop_id is not None, row.warehouse_id is not None)):
            for hop in found:
                minutes = getattr(row, hop.value)
                if minutes is not None:
                    found[hop] = timedelta(minutes=minutes)
        return found


class SystemsByCompany(dict[int, Systems]):
    """For one run: each company's are read when they are first asked for."""

    def __missing__(self, company_id: int) -> Systems:
        found = self[company_id] = Systems(company_id)
        return found


def _can(connection: Connection, capability: str) -> bool:
    return adapter_named(connection.adapter).can(capability, connection.settings)


def _speaks(connection: Connection) -> bool:
    """An ERP that is only told, and never says anything, proves nothing by its silence."""
    return _can(connection, "poll") or _can(connection, "webhook")


def reach_of(connection: Connection) -> Reach:
    """A system that is polled is known up to its last poll; one that tells by itself unless its calls fail now."""
    if _can(connection, "poll"):
        return Reach(until=connection.last_poll_at, reachable=connection.last_poll_at is not None)
    failed_at, heard_at = connection.last_error_at, connection.last_message_at
    return Reach(reachable=failed_at is None or (heard_at is not None and heard_at > failed_at))
