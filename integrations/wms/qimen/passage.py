"""Standing between ERP and warehouse: which of the two speaks, and what an ERP wants the warehouse to do.

One address serves both. The method's name says who speaks, and each side is believed only under its own secrets.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from integrations.adapter import Handing, Message, Question
from integrations.bodies import digest
from integrations.errors import Unreadable
from integrations.preferences import words
from integrations.wms.qimen import mapping, xml

# direct: the tower sends the orders. between: the ERP sends them through the tower. observe: the ERP sends them past
# the tower, which only hears the warehouse's reports.
TOPOLOGIES = ("direct", "between", "observe")
STANDARD_PREFIX = "taobao.qimen."
# The last word of what an ERP asks of a warehouse; everything else is a warehouse's report.
ERP_WORDS = frozenset({"create", "batchcreate", "cancel", "pending", "query", "synchronize", "callback"})
# The one question that a warehouse puts to an ERP: who the receiver behind an OAID is.
ASKED_BY_WAREHOUSE = frozenset({"receiverinfo.query"})
CREATE, BATCH_CREATE, CANCEL = "deliveryorder.create", "deliveryorder.batchcreate", "order.cancel"
# 一般交易. Exchanges, re-ships, transfers and the like are documents of their own.
JUDGED_TYPES = frozenset({"", "JYCK"})
FROM_ERP, TO_CARRY = "erp/", "carry/"
NOT_BETWEEN = "指挥塔没有设置为站在 ERP 与仓库之间，不接收这个请求"


def topology(settings: Mapping[str, Any]) -> str:
    named = str(settings.get("topology") or "").strip()
    return named if named in TOPOLOGIES else "direct"


def is_between(settings: Mapping[str, Any]) -> bool:
    return topology(settings) == "between"


def kind_of(settings: Mapping[str, Any], method: str) -> str:
    own = str(settings.get("method_prefix") or STANDARD_PREFIX)
    return method.removeprefix(own).removeprefix(STANDARD_PREFIX)


def comes_from_erp(kind: str) -> bool:
    return kind.rpartition(".")[2] in ERP_WORDS and kind not in ASKED_BY_WAREHOUSE


def wants_an_answer(kind: str) -> bool:
    """Whether the other side must be asked before this can be answered."""
    return comes_from_erp(kind) or kind in ASKED_BY_WAREHOUSE


def is_only_kept(message: Message) -> bool:
    """What is kept for the record, or to be carried on, and says nothing of an order by itself."""
    return message.kind.startswith((FROM_ERP, TO_CARRY))


# What an ERP wants ----------------------------------------------------------------------------------------------
def question(kind: str, body: bytes) -> Question:
    """What must be decided before the warehouse hears of it. What cannot be read is asked too, to be refused."""
    try:
        if kind in (CREATE, BATCH_CREATE):
            handings = tuple(map(_handing, _creates(kind, xml.read(body))))
            if not handings:
                raise Unreadable("批量下单里没有单据（orders/order）")
            return Question(kind="deliver", subject=handings[0].code, request_id=kind, handings=handings)
        if kind == CANCEL:
            handing = _cancelled(xml.read(body))
            return Question(kind="cancel_delivery", subject=handing.code, request_id=kind, handings=(handing,))
    except Unreadable as error:
        return Question(kind="deliver", subject="", request_id=kind, problem=str(error))
    return Question(kind="hand_on", subject="", request_id=kind)


def kept(kind: str, body: bytes, sign: str) -> list[Message]:
    """A request as it is kept; every request is one of its own. Mere questions leave nothing."""
    if kind.rpartition(".")[2] == "query":
        return []
    key = mapping.bounded(f"{FROM_ERP}{kind}:{digest(body + sign.encode(), 32)}")
    return [Message(kind=f"{FROM_ERP}{kind}", key=key, body=body)]


def to_carry(kind: str, body: bytes) -> Message:
    """A warehouse's report in its own bytes; the same bytes again are the same report."""
    key = mapping.bounded(f"{TO_CARRY}{kind}:{digest(body, 32)}")
    return Message(kind=f"{TO_CARRY}{kind}"[:80], key=key, body=body)


def codes_of_report(message: Message) -> tuple[str, ...]:
    """Every order code that a report names, so that it overtakes no other report about one of them."""
    try:
        root = xml.read(message.body)
    except Unreadable:
        return ("",)
    tags = ("orderCode", "deliveryOrderCode", "entryOrderCode", "returnOrderCode")
    found = dict.fromkeys(
        xml.text(element, ".")[:80] for tag in tags for element in root.iter(tag) if xml.text(element, ".")
    )
    return tuple(found) or ("",)


def _creates(kind: str, root: Element) -> Iterator[Element]:
    return xml.every(root, "orders/order") if kind == BATCH_CREATE else iter((root,))


def _handing(request: Element) -> Handing:
    head = request.find("deliveryOrder")
    lines = list(xml.every(request, "orderLines/orderLine"))
    order_type = mapping.word(head, "orderType")
    return Handing(
        code=mapping.required(head, "deliveryOrderCode", "出库单号"),
        judged=order_type.upper() in JUDGED_TYPES,
        lines=tuple(_sources(head, lines)),
        order_type=order_type,
        warehouse=mapping.word(head, "warehouseCode"),
        owner=mapping.word(head, "ownerCode")
        or next(filter(None, (mapping.word(one, "ownerCode") for one in lines)), ""),
    )


def _sources(head: Element | None, lines: list[Element]) -> Iterator[tuple[str, str, int]]:
    """Platform order, its line, and how many. An ERP that merged orders names several, in lines or with commas."""
    common = xml.text(head, "orderSourceCode") or xml.text(head, "sourceOrderCode")
    for line in lines:
        quantity = xml.text(line, "planQty")
        planned = mapping.quantity(quantity) if quantity else 0
        for source in _listed(xml.text(line, "sourceOrderCode") or common):
            yield source, xml.text(line, "subSourceOrderCode")[:64], planned


def _listed(codes: str) -> list[str]:
    return [code[:64] for code in words(codes, r"[,，、;；|]")]


def _cancelled(root: Element) -> Handing:
    return Handing(
        code=mapping.required(root, "orderCode", "单据号"),
        judged=mapping.word(root, "orderType").upper() in JUDGED_TYPES,
        order_type=mapping.word(root, "orderType"),
        warehouse=mapping.word(root, "warehouseCode"),
        owner=mapping.word(root, "ownerCode"),
    )
