"""What a warehouse sends us (and an ERP, where the tower stands between the two): believe it, take it apart, answer it.

Nothing is parsed before the signature is right.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from integrations.adapter import Access, Incoming, Message, Question, Reply
from integrations.bodies import digest
from integrations.errors import BadSignature, Unreadable
from integrations.preferences import listed
from integrations.wms.qimen import mapping, passage, signing, xml
from orders.clock import BEIJING

CONTENT_TYPE = "text/xml;charset=utf-8"
# One public receiver answers 10004 to a wrong signature; the standard leaves the codes to each warehouse.
SIGNATURE_CODE = "10004"


class WrongSignature(BadSignature):
    """A refused request, with the code which this connection answers."""

    def __init__(self, text: str, *, code: str) -> None:
        super().__init__(text)
        self.code = code


def verify(access: Access, incoming: Incoming) -> None:
    """The receiver's algorithm over raw bytes, then our own replay guard: neither too old nor from the future."""
    code = str(access.settings.get("signature_code") or SIGNATURE_CODE)
    try:
        pairs = _pairs(incoming)
    except ValueError as error:
        raise WrongSignature(str(error), code=code) from error
    if not pairs.get("method") or not pairs.get("sign"):
        raise WrongSignature("method or sign is missing", code=code)
    kind = passage.kind_of(access.settings, pairs["method"])
    erp = passage.is_between(access.settings) and passage.comes_from_erp(kind)
    secrets = listed(access.secrets, "erp_secret" if erp else "app_secret")
    if not secrets or not signing.is_signed(pairs, incoming.body, secrets):
        raise WrongSignature("signature differs", code=code)
    allowed = timedelta(minutes=float(access.settings.get("clock_minutes") or 10))
    if abs(access.now - _timestamp(pairs.get("timestamp", ""), code)) > allowed:
        raise WrongSignature("timestamp is outside the window", code=code)


def _pairs(incoming: Incoming) -> dict[str, str]:
    return signing.signed_headers(incoming.headers) | signing.query_pairs(incoming.query_string)


def _timestamp(text: str, code: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError as error:
        raise WrongSignature("timestamp is missing or unreadable", code=code) from error


def unpack(access: Access, incoming: Incoming) -> Sequence[Message]:
    """The messages of a verified request; a batch becomes one message for each order."""
    pairs = _pairs(incoming)
    method = pairs.get("method", "")
    kind = passage.kind_of(access.settings, method)
    between = passage.is_between(access.settings)
    erp = between and passage.comes_from_erp(kind)
    customer, agreed = pairs.get("customerId", ""), _agreed_customer(access, erp)
    if customer and agreed and customer != agreed:
        raise Unreadable(f"customerId 不符：{customer[:40]}")
    if between and passage.wants_an_answer(kind):
        return passage.kept(kind, incoming.body, pairs.get("sign", ""))
    if not between:
        return _told(access, kind, method, incoming.body)
    # Whatever the tower makes of a report, the ERP gets it.
    carried = passage.to_carry(kind, incoming.body)
    try:
        return [*_told(access, kind, method, incoming.body), carried]
    except Unreadable:
        unread = f"unread:{digest(incoming.body, 32)}"
        return [Message(kind=(kind or "?")[:80], key=unread, body=incoming.body), carried]


def _agreed_customer(access: Access, erp: bool) -> str:
    return str(access.settings.get("erp_customer_id" if erp else "customer_id") or "")


def _told(access: Access, kind: str, method: str, body: bytes) -> list[Message]:
    if kind not in mapping.KINDS:
        raise Unreadable(f"不认识的接口：{method[:60]}")
    root = xml.read(body)
    root_tag = str(access.settings.get("root_tag") or "request")
    if root.tag != root_tag:
        raise Unreadable(f"根元素应为 {root_tag}：{root.tag[:40]}")
    if kind == mapping.BATCH_CONFIRM:
        return _batch(root)
    whole = Message(kind=kind, key=mapping.key_of(kind, root, body), body=body)
    return mapping.parts_of(kind, root) or [whole]


def asked(access: Access, incoming: Incoming) -> Question | None:
    """What must be decided, or asked of the other side, before there is an answer; `None` for a report."""
    pairs = _pairs(incoming)
    kind = passage.kind_of(access.settings, pairs.get("method", ""))
    if not passage.wants_an_answer(kind):
        return None
    if not passage.is_between(access.settings):
        return Question(kind="deliver", subject="", request_id=kind, problem=passage.NOT_BETWEEN)
    customer, agreed = pairs.get("customerId", ""), _agreed_customer(access, passage.comes_from_erp(kind))
    if customer and agreed and customer != agreed:
        return Question(kind="deliver", subject="", request_id=kind, problem=f"customerId 不符：{customer[:40]}")
    return passage.question(kind, incoming.body)


def _batch(root: Element) -> list[Message]:
    messages = []
    for order in xml.every(root, "orders/order"):
        order.tag, order.tail = "request", None
        body = xml.to_bytes(order)
        messages.append(
            Message(
                kind="deliveryorder.confirm",
                key=mapping.key_of("deliveryorder.confirm", order, body),
                body=body,
            )
        )
    if not messages:
        raise Unreadable("批量确认里没有单据（orders/order）")
    return messages


def answer(*, flag: str, code: str, message: str) -> Reply:
    return Reply(
        body=xml.write("response", {"flag": flag, "code": code, "message": message}), content_type=CONTENT_TYPE
    )


def accepted() -> Reply:
    return answer(flag="success", code="0", message="ok")


def refused(error: Exception) -> Reply:
    """HTTP 200 as the protocol wants it; what exactly was wrong stays with us."""
    code = error.code if isinstance(error, WrongSignature) else SIGNATURE_CODE
    return answer(flag="failure", code=code, message="签名错误")
