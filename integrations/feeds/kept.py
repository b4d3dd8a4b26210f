"""What is kept of one record: `{"record": …}` with its keys in order, so that the same content is the same message."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import Message
from integrations.bodies import canonical_ascii, digest, once
from integrations.errors import Unreadable
from integrations.feeds import paths, reading, values
from integrations.feeds.plan import Plan, WrongMapping, understand
from integrations.feeds.shapes import Shape

# A file or a pushed body that could not be taken apart: kept whole, and tried again under a corrected mapping.
WHOLE = "unreadable"
# One that is too large even for that: only its name and the reason.
REFUSED = "refused"
LARGEST_WHOLE = 2 * 1024 * 1024
NO_MAPPING = "还没有设置字段映射；报文已保存，设置后可以重新处理"


def plan_of(mapping: Any, shape: Shape) -> Plan:
    """The plan of a connection; `Unreadable` where nobody has made one, or it cannot be used."""
    if not mapping:
        raise Unreadable(NO_MAPPING)
    try:
        return understand(mapping, shape)
    except WrongMapping as error:
        raise Unreadable(f"字段映射不能用：{error}"[:400]) from error


def messages(records: Sequence[Any], plan: Plan) -> list[Message]:
    """One message a record. The same content twice in one delivery is one."""
    return once(one(record, plan) for record in records)


def whole(name: str, body: bytes, reason: str, plan: Plan) -> Message:
    """A file that cannot be taken apart, for a person to see."""
    mark = digest(body, 32)
    if len(body) <= LARGEST_WHOLE:
        return Message(kind=WHOLE, key=f"{WHOLE}:{mark}:r{plan.revision}", body=body)
    note = json.dumps({"file": name, "reason": reason}).encode()
    return Message(kind=REFUSED, key=f"{REFUSED}:{mark}", body=note)


def reason_in(body: bytes) -> str:
    """Why a file was refused, as `whole` noted it."""
    content = reading.read(body, format="json", encoding="utf-8").content
    return str(content.get("reason")) if isinstance(content, Mapping) else ""


def one(record: Any, plan: Plan) -> Message:
    try:
        body = canonical_ascii({"record": record})
    except RecursionError as error:
        raise Unreadable("数据嵌套太深") from error
    return Message(kind=plan.shape.name, key=key_of(record, body, plan), body=body)


def key_of(record: Any, body: bytes, plan: Plan) -> str:
    """Its subject, its content, and by which mapping it was read: a corrected mapping reads the same once more."""
    return f"{plan.shape.name}:{subject_of(record, plan) or '?'}:{digest(body, 24)}:r{plan.revision}"


def subject_of(record: Any, plan: Plan) -> str:
    """What the record calls its order, as far as it can be seen before it is read; empty where it cannot."""
    found = paths.find(record, plan.identity.steps) if plan.identity.steps else paths.MISSING
    try:
        text = values.written(found) if found is not paths.MISSING else ""
    except Unreadable:
        return ""
    return text[:80] if text.isprintable() else ""


def opened(body: bytes) -> Mapping[str, Any]:
    """A kept message, numbers as they were written; `Unreadable` where it is none."""
    content = reading.read(body, format="json", encoding="utf-8").content
    if not isinstance(content, Mapping) or "record" not in content:
        raise Unreadable("报文里没有 record")
    return content
