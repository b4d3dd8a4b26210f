"""Qimen's words in the tower's. Pure: an element or a stored message goes in, keys and snapshots come out."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from integrations.adapter import Fetch, Message, Said
from integrations.errors import Unreadable
from integrations.wms.qimen import xml
from orders.vocabulary import ParcelSnapshot, PrintReport, WarehouseReport, beijing

# processStatus and the confirm message's status. Inbound words (收货) are no progress of a customer's order.
STAGES = {
    "NEW": "accepted",
    "ACCEPT": "accepted",
    "PRINT": "printed",
    "PICK": "picking",
    "CHECK": "checked",
    "PACKAGE": "packed",
    "WEIGH": "weighed",
    "READY": "staged",
    "PARTDELIVERED": "shipped_part",
    "DELIVERED": "shipped",
    "SIGN": "signed",
    "REFUSE": "refused",
    "REJECT": "rejected",
    "CANCELED": "cancelled",
    "CLOSED": "cancelled",
    "CANCELEDFAIL": "cancel_failed",
    "EXCEPTION": "exception",
    "TMSCANCELED": "other",
    "TMSCANCELFAILED": "other",
    "TMSCANCELEDFAILED": "other",
    "OTHER": "other",
    "PARTFULFILLED": "other",
    "FULFILLED": "other",
}
CARRIERS = {"SF": "sf", "YTO": "yto", "ZTO": "zto", "STO": "sto", "YUNDA": "yunda", "JT": "jt", "JTSD": "jt"}

# Where a message names its document and its own id. Empty id: the body's digest takes its place.
IDENTITIES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "deliveryorder.confirm": ("confirm", "deliveryOrder/deliveryOrderCode", ("deliveryOrder/outBizCode",)),
    "stockout.confirm": ("stockout", "deliveryOrder/deliveryOrderCode", ("deliveryOrder/outBizCode",)),
    "entryorder.confirm": ("entry", "entryOrder/entryOrderCode", ("entryOrder/outBizCode",)),
    "returnorder.confirm": ("return", "returnOrder/returnOrderCode", ("returnOrder/outBizCode",)),
    "returnpackage.report": ("returnpackage", "order/orderCode", ("order/outBizCode",)),
    "itemlack.report": ("itemlack", "deliveryOrderCode", ("outBizCode",)),
    "orderexception.report": ("exception", "deliveryOrderCode", ("messageId",)),
    "inventory.report": ("inventory", "checkOrderCode", ("outBizCode", "currentPage")),
    "stockchange.report": ("stockchange", "items/item/orderCode", ("items/item/outBizCode",)),
    "wavenum.report": ("wave", "waveNum", ()),
    "sn.report": ("sn", "order/orderCode", ("order/outBizCode",)),
    "transferorder.report": ("transfer", "transferOrderCode", ()),
}
PROCESS_REPORT = "orderprocess.report"
BATCH_CONFIRM = "deliveryorder.batchconfirm"
KINDS = frozenset({*IDENTITIES, PROCESS_REPORT, BATCH_CONFIRM})
# The kind of what `client.fetch` composes of the two queries.
FETCHED = "orderprocess.query"

LONGEST_KEY = 180
LONGEST_WORD = 64
LONGEST_NOTE = 500
NUMBER = re.compile(r"^\d{1,9}(\.\d{1,6})?$")


def key_of(kind: str, root: Element, body: bytes) -> str:
    """The message's own key: the same in a repeat, another one for another print, package or page."""
    if kind == PROCESS_REPORT:
        return _process_key(required(root, "order/orderCode", "订单号"), root.find("process"))
    prefix, document_path, id_paths = IDENTITIES[kind]
    document = required(root, document_path, "单据号")
    ids = [xml.text(root, path) for path in id_paths]
    several = kind == "stockchange.report" and len(root.findall("items/item")) > 1
    if not ids or not ids[0] or several:
        return bounded(f"{prefix}:{document}:{hashlib.sha256(body).hexdigest()[:24]}")
    return bounded(":".join([prefix, document, *ids, *_part_of_document(root)]))


def _part_of_document(root: Element) -> list[str]:
    """A document with more rows than the message holds comes in parts, perhaps under one outBizCode."""
    announced = xml.text(root, "deliveryOrder/totalOrderLines")
    rows = root.findall("orderLines/orderLine")
    if rows and announced.isdecimal() and len(announced) < 9 and int(announced) > len(rows):
        return [f"line{xml.text(rows[0], 'orderLineNo')}"]
    return []


def _process_key(order: str, process: Element | None) -> str:
    named = [xml.text(process, tag) for tag in ("processStatus", "operateTime", "expressCode")]
    return bounded(":".join(["report", order, *named]))


def bounded(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[:100]}…{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def parse(message: Message) -> Sequence[Said | Fetch]:
    """The tower's facts in one stored message. Stock and inbound documents are kept and say nothing of an order."""
    root = xml.read(message.body)
    match message.kind:
        case "orderprocess.report":
            order = required(root, "order/orderCode", "订单号")
            return _from_process(order, root.find("process")) or [Fetch(subject=order)]
        case "deliveryorder.confirm":
            order = required(root, "deliveryOrder/deliveryOrderCode", "出库单号")
            return _from_confirm(message.key, order, root) or [Fetch(subject=order)]
        case "orderprocess.query":
            return _from_queries(root)
        case "itemlack.report":
            return _trouble(message.key, root, "ITEMLACK", _missing_items(root))
        case "orderexception.report":
            words = " ".join(filter(None, (xml.text(root, "messageType"), xml.text(root, "messageDesc"))))
            return _trouble(message.key, root, "EXCEPTION", words)
        case known if known in KINDS:
            return []
    raise Unreadable(f"不认识的消息：{message.kind}")


def _from_process(order: str, process: Element | None) -> list[Said]:
    """One step. Nothing where it has no time: a step without a time moves nothing, so the order is to be read again."""
    status = required(process, "processStatus", "processStatus")
    reported_at = time_of(process, "operateTime")
    if reported_at is None:
        return []
    key = _process_key(order, process)
    operator = word(process, "operatorCode") or word(process, "operatorName")
    report = WarehouseReport(
        order=order,
        stage=stage_of(status),
        platform_status=status,
        reported_at=reported_at,
        operator=operator,
        note=(xml.text(process, "operateInfo") or xml.text(process, "remark"))[:LONGEST_NOTE],
    )
    said = [Said(key=key, subject=order, snapshot=report)]
    if status.upper() == "PRINT":
        printed = PrintReport(
            order=order,
            printed_at=reported_at,
            waybill=word(process, "expressCode"),
            carrier=carrier_of(word(process, "logisticsCode")),
            operator=operator,
        )
        said.append(Said(key=f"{key}:print", subject=order, snapshot=printed))
    return said


def _from_confirm(key: str, order: str, root: Element) -> list[Said]:
    """What left. A confirmation without a status is what its name says: the goods went out."""
    head = root.find("deliveryOrder")
    reported_at = time_of(head, "orderConfirmTime") or time_of(head, "operateTime")
    if reported_at is None:
        return []
    final = xml.text(head, "confirmType") in ("", "0")
    status = word(head, "status")
    stage = stage_of(status) if status else ("shipped" if final else "shipped_part")
    parcels = tuple(_parcel(package) for package in xml.every(root, "packages/package"))
    return [
        Said(
            key=key,
            subject=order,
            snapshot=WarehouseReport(
                order=order,
                stage=stage,
                platform_status=status,
                reported_at=reported_at,
                operator=word(head, "operatorCode") or word(head, "operatorName"),
                parcels=parcels,
                final=final,
            ),
        )
    ]


def _parcel(package: Element) -> ParcelSnapshot:
    return ParcelSnapshot(
        carrier=carrier_of(word(package, "logisticsCode")),
        waybill=word(package, "expressCode"),
        package_code=word(package, "packageCode"),
        weight_grams=_grams(xml.text(package, "weight")),
        items=tuple(
            (word(item, "itemCode"), quantity(xml.text(item, "quantity"))) for item in xml.every(package, "items/item")
        ),
    )


def _from_queries(root: Element) -> list[Said]:
    """What `orderprocess.query` and `deliveryorder.query` answered: the steps with their own keys, then what left."""
    order = root.get("order") or ""
    said = [
        one
        for process in xml.every(root, "processes/response/orderProcess/processes/process")
        for one in _from_process(order, process)
    ]
    delivery = root.find("delivery/response")
    if delivery is not None and delivery.find("packages/package") is not None:
        waybills = ",".join(sorted(xml.text(one, "expressCode") for one in xml.every(delivery, "packages/package")))
        head = delivery.find("deliveryOrder")
        own_id = xml.text(head, "outBizCode")
        key = f"confirm:{order}:{own_id}" if own_id else f"delivery:{order}:{xml.text(head, 'status')}:{waybills}"
        said += _from_confirm(bounded(key), order, delivery)
    if not said:
        raise Unreadable("仓库的查询结果没有带时间的记录")
    return said


def _trouble(key: str, root: Element, status: str, note: str) -> list[Said | Fetch]:
    order = required(root, "deliveryOrderCode", "出库单号")
    reported_at = time_of(root, "createTime")
    if reported_at is None:
        return [Fetch(subject=order)]
    report = WarehouseReport(
        order=order, stage="exception", platform_status=status, reported_at=reported_at, note=note[:LONGEST_NOTE]
    )
    return [Said(key=key, subject=order, snapshot=report)]


def _missing_items(root: Element) -> str:
    return "缺货：" + "；".join(
        f"{xml.text(item, 'itemCode')} 缺 {xml.text(item, 'lackQty')} {xml.text(item, 'reason')}".strip()
        for item in xml.every(root, "items/item")
    )


def stage_of(status: str) -> str:
    return STAGES.get(status.strip().upper(), "unknown")


def carrier_of(code: str) -> str:
    return CARRIERS.get(code.upper(), code.lower())


def quantity(text: str) -> int:
    if not NUMBER.match(text) or Decimal(text) != int(Decimal(text)):
        raise Unreadable(f"数量不是整数：{text[:20]}")
    return int(Decimal(text))


def _grams(kilograms: str) -> int | None:
    """A weight that is no number is no reason to lose the waybill beside it."""
    return int((Decimal(kilograms) * 1000).quantize(Decimal(1))) if NUMBER.match(kilograms) else None


def required(element: Element | None, path: str, what: str) -> str:
    found = word(element, path)
    if not found:
        raise Unreadable(f"缺少 {what}（{path}）")
    return found


def word(element: Element | None, path: str) -> str:
    """A code or a name: short, or something is wrong with the sender."""
    found = xml.text(element, path)
    if len(found) > LONGEST_WORD:
        raise Unreadable(f"{path} 超过 {LONGEST_WORD} 个字符")
    return found


def time_of(element: Element | None, path: str) -> datetime | None:
    """The Beijing time at `path`; `None` where it was left out, `Unreadable` where it is no time."""
    written = xml.text(element, path)
    try:
        return beijing(written)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{path} 不是时间：{written[:30]}") from error
