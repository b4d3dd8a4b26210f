"""Waves and returns: numbers that a warehouse gives to orders, and goods that come back to it. Pure."""

from collections.abc import Sequence
from copy import deepcopy
from xml.etree.ElementTree import Element, SubElement

from integrations.adapter import Said, Unannounced
from integrations.wms.qimen import xml
from integrations.wms.qimen.mapping_words import bounded, required, time_of, word
from orders.vocabulary import DocumentReport, WarehouseReport

# What is listed per order: where the list stands. The rest of the message is the same for each.
LISTS = {"wavenum.report": "orders", "returnpackage.report": "packages"}


def split(kind: str, root: Element) -> list[Element]:
    """One message for each order of a wave and each parcel that came back, so that one unknown order keeps only itself
    waiting. Empty where there is nothing to cut."""
    name = LISTS.get(kind)
    rows = list(root.find(name) or ()) if name and root.find(name) is not None else []
    if len(rows) < 2:
        return []
    parts = []
    for row in rows:
        one = Element(root.tag)
        one.extend(deepcopy(child) for child in root if child.tag != name)
        SubElement(one, str(name)).append(deepcopy(row))
        parts.append(one)
    return parts


def part(kind: str, one: Element) -> str:
    """What tells a part from its sisters where the document's own key does not."""
    return f":{word(one, 'packages/package/expressCode')}" if kind == "returnpackage.report" else ""


def from_wave(key: str, root: Element) -> list[Said]:
    wave = required(root, "waveNum", "波次号")
    said = []
    for row in xml.every(root, "orders/order"):
        order = required(row, "deliveryOrderCode", "出库单号")
        report = DocumentReport(order=order, documents=(("wave", wave),))
        said.append(Said(key=bounded(f"{key}:{order}"), subject=order, snapshot=report))
    return said


def from_return_package(key: str, root: Element) -> list[Said]:
    """The warehouse signed for parcels that came back; their orders are known by the number they left with, or not."""
    code = required(root, "order/orderCode", "单号")
    said: list[Said] = []
    for package in xml.every(root, "packages/package"):
        said.append(_came_back(key, root, code, code, package, "signTime", word(package, "status")))
    return said or [_came_back(key, root, code, code, None, "signTime", "")]


def from_return_order(key: str, root: Element) -> list[Said]:
    """A return was received and booked. It names the delivery that it undoes."""
    head = root.find("returnOrder")
    code = required(head, "returnOrderCode", "退货单号")
    order = word(head, "preDeliveryOrderCode") or code
    return [_came_back(key, root, order, code, head, "orderConfirmTime", word(head, "status"))]


def _came_back(
    key: str, root: Element, order: str, code: str, parcel: Element | None, time_path: str, status: str
) -> Said:
    """A claim where it has a time; without one only the numbers, for a word without a time moves nothing."""
    waybill = word(parcel, "expressCode")
    documents: Sequence[tuple[str, str]] = [("return", code), *([("return_waybill", waybill)] if waybill else [])]
    returned_at = time_of(parcel, time_path)
    report: WarehouseReport | DocumentReport
    if returned_at is None:
        report = DocumentReport(order=order, documents=tuple(documents))
    else:
        report = WarehouseReport(
            order=order,
            stage="returned",
            platform_status=(status or "RETURNED").upper(),
            reported_at=returned_at,
            documents=tuple(documents),
        )
    return Unannounced(
        key=bounded(f"{key}:{waybill}"),
        subject=order,
        snapshot=report,
        number=waybill or code,
        text=f"仓库收到退货 {waybill}（单号 {code}），找不到它是哪个订单的",
    )
