"""What the tower cannot stop at a connection or in a warehouse, in sentences for people. Computed, never typed in.

It follows from where the tower stands, what the other system can be asked for, and who prints the labels.
"""

from django.utils.translation import gettext as _

from integrations.models import Connection
from integrations.registry import UnknownAdapter, adapter_named
from orders.lifecycle import CauseKind
from orders.models import Warehouse


def cannot_stop(place: Connection | Warehouse) -> list[str]:
    """Every act that can do harm there and that the tower only hears of."""
    if isinstance(place, Warehouse):
        return _of_warehouse(place)
    try:
        adapter = adapter_named(place.adapter)
    except UnknownAdapter:
        return []
    warehouse = place.warehouse
    if adapter.system == CauseKind.WMS:
        printing = _printing(warehouse) if warehouse else [_("没有填写仓库：不知道面单由谁打印，按拦不住对待")]
        return [*_of_wms(place), *printing]
    if adapter.system == CauseKind.ERP:
        return [_("ERP 里的审核、合并、拆分和改单：指挥塔只读取结果")]
    if adapter.system == CauseKind.PLATFORM and place.shop and place.shop.uploads_waybills != "tower":
        who = place.shop.get_uploads_waybills_display()
        return [_("单号由%(who)s回传平台：锁单期间的回传拦不住，只能事后发现") % {"who": who}]
    return []


def _of_warehouse(warehouse: Warehouse) -> list[str]:
    connections = Connection.objects.filter(warehouse=warehouse, enabled=True).order_by("pk")
    found = [text for row in connections if _is_wms(row) for text in _of_wms(row)]
    if not any(map(_is_wms, connections)):
        found = [_("没有连接仓库系统：已推送的订单不能挂起或撤回，只能打电话")]
    return list(dict.fromkeys([*found, *_printing(warehouse)]))


def _is_wms(connection: Connection) -> bool:
    try:
        return adapter_named(connection.adapter).system == CauseKind.WMS
    except UnknownAdapter:
        return False


def _of_wms(connection: Connection) -> list[str]:
    adapter, settings = adapter_named(connection.adapter), connection.settings
    found = []
    if adapter.can("between", settings):
        found.append(_("仓库接单之后的重复推单已拦住；仓库内部改单、加单指挥塔看不到"))
        found.append(_("补发、换货、调拨等其他类型的出库单不判断，直接转给仓库"))
        if settings.get("unknown_orders") == "forward":
            found.append(_("指挥塔没有的订单直接转给仓库，锁单和退款都拦不住"))
        found.append(_("绕过指挥塔、直接发到仓库的单据拦不住：请让仓库只接受指挥塔的地址"))
    elif adapter.can("deliver", settings):
        found.append(_("ERP 或其他系统直接向这个仓库推单：指挥塔看不到，也拦不住"))
    else:
        found.append(_("ERP 直接向这个仓库推单：重复推单、锁单、取消和退款后的推单都拦不住，只能事后发现"))
    if not adapter.can("pend", settings):
        found.append(_("锁单时不能让仓库挂起，取消时不能让仓库撤单，只能打电话"))
    else:
        found.append(_("仓库已打印或已出库的包裹：挂起和撤单可能被仓库拒绝，之后只能请快递拦截"))
    return found


def _printing(warehouse: Warehouse) -> list[str]:
    found = []
    if warehouse.printed_by != Warehouse.Printer.TOWER:
        who = warehouse.get_printed_by_display()
        found.append(_("面单由%(who)s打印：重复打印拦不住，只能在打印之后发现并锁单") % {"who": who})
    if warehouse.mode == Warehouse.Mode.OBSERVING:
        found.append(_("仓库设为“只看不拦”：仓库不问指挥塔就打印、打包和出库，这里只记录"))
    return found
