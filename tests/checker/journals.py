"""What the other systems wrote down themselves, gathered by what it is about.

Every journal is optional and kinds that are not known are counted and otherwise ignored.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .findings import Findings
from .kuaidi100 import SIGNED, speaks_of_signing, tracks_in
from .reading import Entry, UnreadableError, entries_in


@dataclass(slots=True)
class Trade:
    """One platform order, as the platform knows it."""

    sold_at: str = ""
    newest: str = ""
    newest_told_at: str = ""
    shipped: Counter[str] = field(default_factory=Counter)
    written_back: dict[str, str] = field(default_factory=dict)
    met: bool = False


@dataclass(slots=True)
class Delivery:
    """One delivery order, as the warehouse knows it."""

    pushed_at: list[str] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    delivered_at: str = ""
    acknowledged: bool = False
    waybills: set[str] = field(default_factory=set)
    met: bool = False


@dataclass(slots=True)
class Waybill:
    objects: Counter[str] = field(default_factory=Counter)
    issued_at: str = ""
    signed_at: str = ""
    signed_told_at: str = ""
    orphaned: bool = False
    met: bool = False


@dataclass(slots=True)
class Grant:
    label: int
    version: int
    parcel: str
    at: str
    journal: str


@dataclass(slots=True)
class Journals:
    present: dict[str, str] = field(default_factory=dict)
    trades: dict[str, Trade] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    warehouses: set[str] = field(default_factory=set)
    waybills: dict[str, Waybill] = field(default_factory=dict)
    carriers: set[str] = field(default_factory=set)
    reports: dict[str, str] = field(default_factory=dict)
    grants: dict[int, Grant] = field(default_factory=dict)
    printed: dict[int, tuple[int, str]] = field(default_factory=dict)
    holds_answered: dict[int, str] = field(default_factory=dict)
    printed_copies: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    courier_unclear: bool = False


Reader = Callable[[Journals, Entry, Findings], bool]


def _tag(name: str) -> re.Pattern[str]:
    return re.compile(f"<{name}>([^<]*)</{name}>")


CODE, ORDER_CODE = _tag("deliveryOrderCode"), _tag("orderCode")
NUMBER, WAREHOUSE, FLAG = _tag("deliveryOrderId"), _tag("warehouseCode"), _tag("flag")
STATUS, PROCESS, OPERATED = _tag("status"), _tag("processStatus"), _tag("operateTime")
BUSINESS, EXPRESS = _tag("outBizCode"), _tag("expressCode")


def _first(pattern: re.Pattern[str], text: object) -> str:
    found = pattern.search(str(text))
    return found.group(1) if found else ""


def _answer(entry: Entry) -> dict[str, Any]:
    answer = entry.get("answer")
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            return {}
    return answer if isinstance(answer, dict) else {}


def _platform(journals: Journals, entry: Entry, findings: Findings) -> bool:
    kind, at = entry.get("kind"), str(entry.get("at", ""))
    if kind == "sold":
        journals.trades.setdefault(str(entry["tid"]), Trade()).sold_at = at
    elif kind == "shipped":
        journals.trades.setdefault(str(entry["tid"]), Trade()).shipped[str(entry["waybill"])] += 1
    elif kind == "waybill_issued":
        waybill = journals.waybills.setdefault(str(entry["waybill"]), Waybill())
        waybill.issued_at = waybill.issued_at or at
        waybill.objects[str(entry.get("object_id"))] += 1
        journals.carriers.add(str(entry.get("cp_code")).lower())
    elif kind == "call":
        _platform_call(journals, entry, at)
    else:
        return False
    return True


def _platform_call(journals: Journals, entry: Entry, at: str) -> None:
    if entry.get("outcome") != "ok":
        return
    method, answer, form = str(entry.get("method")), _answer(entry), entry.get("form") or {}
    if method.endswith("trade.fullinfo.get") and "tid_str" in answer:
        trade = journals.trades.setdefault(str(answer["tid_str"]), Trade())
        modified = str(answer.get("modified", ""))
        if modified > trade.newest:
            trade.newest, trade.newest_told_at = modified, at
    elif ".logistics." in method and method.endswith(".send") and form.get("tid"):
        trade = journals.trades.setdefault(str(form["tid"]), Trade())
        trade.written_back[str(form.get("out_sid"))] = at


def _warehouse(journals: Journals, entry: Entry, findings: Findings) -> bool:
    kind, at, body = entry.get("kind"), str(entry.get("at", "")), entry.get("body")
    method = str(entry.get("method"))
    if kind == "received":
        code = _first(CODE, body)
        if method.endswith("deliveryorder.create") and _first(FLAG, entry.get("answer")) == "success":
            delivery = journals.deliveries.setdefault(code, Delivery())
            delivery.pushed_at.append(at)
            delivery.numbers.add(_first(NUMBER, entry.get("answer")))
            journals.warehouses.add(_first(WAREHOUSE, body))
        return True
    if kind == "sent":
        acknowledged = entry.get("outcome") == "success"
        if method == "deliveryorder.confirm":
            code = _first(CODE, body)
            key = f"confirm:{code}:{_first(BUSINESS, body)}"
            if _first(STATUS, body) == "DELIVERED":
                delivery = journals.deliveries.setdefault(code, Delivery())
                delivery.delivered_at = delivery.delivered_at or at
                delivery.acknowledged = delivery.acknowledged or acknowledged
                delivery.waybills.update(EXPRESS.findall(str(body)))
        elif method == "orderprocess.report":
            key = f"report:{_first(ORDER_CODE, body)}:{_first(PROCESS, body)}:{_first(OPERATED, body)}"
        else:
            return True
        if acknowledged:
            journals.reports.setdefault(key, at)
        return True
    return _printer(journals, entry, findings)


def _printer(journals: Journals, entry: Entry, findings: Findings) -> bool:
    """Whoever asks for prints: what was granted or refused, and what really came out of the printer."""
    kind, at, answer = str(entry.get("kind")), str(entry.get("at", "")), _answer(entry)
    number, order = answer.get("id"), str(entry.get("order"))
    if answer.get("granted") is True and isinstance(number, int):
        grant = Grant(int(answer["label"]), int(answer["version"]), str(entry.get("parcel")), at, order)
        earlier = journals.grants.setdefault(number, grant)
        if earlier.label != grant.label:
            findings.violated("I10", order, 0, f"grant {number} was answered for two labels")
        return True
    if kind == "print_result":
        if answer.get("outcome") == "printed" and isinstance(number, int):
            label = answer.get("label") or {}
            if number not in journals.printed:
                journals.printed[number] = (int(label.get("id") or 0), at)
                for copy in {f"label {label.get('id')}", f"waybill {label.get('waybill')}"}:
                    _printed(journals, order, f"{copy} copy {label.get('copy')}", findings)
            if number not in journals.grants:
                findings.violated("I10", order, 0, f"label {label.get('id')} was printed without a granted request")
        return True
    if isinstance(answer.get("hold"), int):
        journals.holds_answered.setdefault(answer["hold"], at)
    return kind == "print_request" or kind.startswith("repush")


def _printed(journals: Journals, order: str, copy: str, findings: Findings) -> None:
    findings.checked["I10"] += 1
    journals.printed_copies[copy] += 1
    if journals.printed_copies[copy] > 1:
        findings.violated("I10", order, 0, f"{copy} came out of a printer twice")


def _courier(journals: Journals, entry: Entry, findings: Findings) -> bool:
    """What the courier tried to tell and nobody answered counts as its word, but nobody needs to know it."""
    at, told = str(entry.get("at", "")), entry.get("outcome", "ok") in ("ok", "success")
    tracks = list(tracks_in(entry))
    for waybill, state in tracks:
        if state in SIGNED:
            known = journals.waybills.setdefault(waybill, Waybill())
            known.signed_at = known.signed_at or at
            known.signed_told_at = known.signed_told_at or (at if told else "")
    journals.courier_unclear |= not tracks and speaks_of_signing(entry)
    return bool(tracks)


def _chat(journals: Journals, entry: Entry, findings: Findings) -> bool:
    if entry.get("kind") == "message":
        journals.messages[f"{entry.get('robot')} {entry.get('content')}"] += 1
        return True
    return False


READERS: dict[str, Reader] = {
    "taobao": _platform,
    "qimen": _warehouse,
    "erp": _printer,
    "wecom": _chat,
    "kuaidi100": _courier,
}


def read_journals(folder: Path, findings: Findings) -> Journals:
    """All journals of a folder. `present` says until when each of them was written."""
    if not folder.is_dir():
        raise UnreadableError(f"{folder} is not a folder")
    journals = Journals()
    for path in sorted(folder.glob("*.jsonl")):
        reader = READERS.get(path.stem)
        if reader is None:
            findings.note(f"journal {path.name} is not understood")
            continue
        journals.present[path.stem] = ""
        for number, entry in enumerate(entries_in(path), 1):
            try:
                known = reader(journals, entry, findings)
            except (KeyError, TypeError, ValueError) as error:
                raise UnreadableError(f"{path.name} line {number}: {error!r}") from error
            if not known:
                findings.note(f"{path.name}: kind {entry.get('kind')} is not judged")
            journals.present[path.stem] = max(journals.present[path.stem], str(entry.get("at", "")))
    return journals
