"""Qimen's words in the tower's. Pure: an element or a stored message goes in, keys and snapshots come out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

from integrations.adapter import Doubtful, Fetch, Message, Said, Says
from integrations.bodies import digest
from integrations.errors import Unreadable
from integrations.wms.qimen import mapping_documents, mapping_stock, xml
from integrations.wms.qimen.mapping_words import (
    LONGEST_KEY,
    LONGEST_NOTE,
    bounded,
    carrier_of,
    grams,
    quantity,
    required,
    time_of,
    word,
)
from orders.vocabulary import ParcelSnapshot, PrintReport, ShortageReport, WarehouseReport

__all__ = [
    "BATCH_CONFIRM",
    "FETCHED",
    "KINDS",
    "LONGEST_KEY",
    "LONGEST_NOTE",
    "bounded",
    "key_of",
    "parse",
    "parts_of",
    "quantity",
    "required",
    "word",
]

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


def key_of(kind: str, root: Element, body: bytes) -> str:
    """The message's own key: the same in a repeat, another one for another print, package or page."""
    if kind == PROCESS_REPORT:
        return _process_key(required(root, "order/orderCode", "订单号"), root.find("process"))
    prefix, document_path, id_paths = IDENTITIES[kind]
    document = required(root, document_path, "单据号")
    ids = [xml.text(root, path) for path in id_paths]
    several = kind == "stockchange.report" and len(root.findall("items/item")) > 1
    if not ids or not ids[0] or several:
        return bounded(f"{prefix}:{document}:{digest(body, 24)}")
    return bounded(":".join([prefix, document, *ids, *_part_of_document(root)]))


def _part_of_document(root: Element) -> list[str]:
    """A document with more rows than the message holds comes in parts, perhaps under one outBizCode."""
    announced = xml.text(root, "deliveryOrder/totalOrderLines")
    rows = root.findall("orderLines/orderLine")
    if rows and announced.isdecimal() and len(announced) < 9 and int(announced) > len(rows):
        return [f"line{xml.text(rows[0], 'orderLineNo')}"]
    return []


def parts_of(kind: str, root: Element) -> list[Message]:
    """A message about several orders as one message each; empty where it is about one, or no part can be cut out."""
    parts = []
    for one in mapping_documents.split(kind, root):
        body = xml.to_bytes(one)
        parts.append(Message(kind=kind, key=f"{key_of(kind, one, body)}{mapping_documents.part(kind, one)}", body=body))
    return parts


def _process_key(order: str, process: Element | None) -> str:
    """Order, status, time and waybill say which step it is; who and why may be told in other words the next time."""
    named = [xml.text(process, tag) for tag in ("processStatus", "operateTime", "expressCode")]
    words = [
        xml.text(process, tag) for tag in ("operatorCode", "operatorName", "operateInfo", "remark", "logisticsCode")
    ]
    told = digest("\n".join(words).encode(), 8) if any(words) else ""
    return bounded(":".join(["report", order, *named, *([told] if told else [])]))


def parse(message: Message) -> Sequence[Says]:
    """The tower's facts in one stored message. Inbound documents but returns are kept and say nothing to us."""
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
            return _shortage(message.key, root)
        case "orderexception.report":
            words = " ".join(filter(None, (xml.text(root, "messageType"), xml.text(root, "messageDesc"))))
            return _trouble(message.key, root, "EXCEPTION", words)
        case "wavenum.report":
            return mapping_documents.from_wave(message.key, root)
        case "returnpackage.report":
            return mapping_documents.from_return_package(message.key, root)
        case "returnorder.confirm":
            return mapping_documents.from_return_order(message.key, root)
        case "inventory.report":
            return mapping_stock.from_count(message.key, root)
        case "stockchange.report":
            return mapping_stock.from_change(message.key, root)
        case mapping_stock.ANSWER:
            return mapping_stock.from_answer(message.key, root)
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
    said = [_said(key, order, report)]
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


def _from_confirm(key: str, order: str, root: Element, otherwise: datetime | None = None) -> list[Said]:
    """What left. A confirmation without a status is what its name says: the goods went out.

    `otherwise` is its time where it has none of its own.
    """
    head = root.find("deliveryOrder")
    reported_at = time_of(head, "orderConfirmTime") or time_of(head, "operateTime") or otherwise
    if reported_at is None:
        return []
    final = xml.text(head, "confirmType") in ("", "0")
    status = word(head, "status")
    stage = stage_of(status) if status else ("shipped" if final else "shipped_part")
    parcels = tuple(_parcel(package) for package in xml.every(root, "packages/package"))
    report = WarehouseReport(
        order=order,
        stage=stage,
        platform_status=status,
        reported_at=reported_at,
        operator=word(head, "operatorCode") or word(head, "operatorName"),
        parcels=parcels,
        final=final,
    )
    return [_said(key, order, report)]


def _said(key: str, order: str, report: WarehouseReport) -> Said:
    """A status that stands in no table is kept as it is, and a person is told to list it."""
    if report.stage != "unknown":
        return Said(key=key, subject=order, snapshot=report)
    return Doubtful(key=key, subject=order, snapshot=report, unlisted=(f"状态 {report.platform_status}",))


def _parcel(package: Element) -> ParcelSnapshot:
    return ParcelSnapshot(
        carrier=carrier_of(word(package, "logisticsCode")),
        waybill=word(package, "expressCode"),
        package_code=word(package, "packageCode"),
        weight_grams=grams(xml.text(package, "weight")),
        items=tuple(
            (word(item, "itemCode"), quantity(xml.text(item, "quantity"))) for item in xml.every(package, "items/item")
        ),
    )


def _from_queries(root: Element) -> list[Said]:
    """What `orderprocess.query` and `deliveryorder.query` answered: the steps with their own keys, then what left."""
    order = root.get("order") or ""
    steps = list(xml.every(root, "processes/response/orderProcess/processes/process"))
    said = [one for process in steps for one in _from_process(order, process)]
    delivery = root.find("delivery/response")
    if delivery is not None and delivery.find("packages/package") is not None:
        waybills = ",".join(sorted(xml.text(one, "expressCode") for one in xml.every(delivery, "packages/package")))
        head = delivery.find("deliveryOrder")
        # Never the key of the confirmation that may have been reported: the answer tells the same in other words.
        told = digest(xml.to_bytes(delivery), 12)
        key = bounded(f"delivery:{order}:{xml.text(head, 'status')}:{waybills}:{told}")
        times = [time for process in steps if (time := time_of(process, "operateTime"))]
        said += _from_confirm(key, order, delivery, max(times, default=None))
    if steps and not said:
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


def _shortage(key: str, root: Element) -> list[Said | Fetch]:
    """It stands still there (a word), and these goods are missing (a hold)."""
    said = _trouble(key, root, "ITEMLACK", _missing_items(root))
    order, reported_at = required(root, "deliveryOrderCode", "出库单号"), time_of(root, "createTime")
    missing = tuple(
        (required(item, "itemCode", "货品"), quantity(xml.text(item, "lackQty")))
        for item in xml.every(root, "items/item")
    )
    if reported_at is not None and missing:
        report = ShortageReport(order=order, reported_at=reported_at, missing=missing)
        said.append(Said(key=f"{key}:goods", subject=order, snapshot=report))
    return said


def _missing_items(root: Element) -> str:
    return "缺货：" + "；".join(
        f"{xml.text(item, 'itemCode')} 缺 {xml.text(item, 'lackQty')} {xml.text(item, 'reason')}".strip()
        for item in xml.every(root, "items/item")
    )


def stage_of(status: str) -> str:
    return STAGES.get(status.strip().upper(), "unknown")
