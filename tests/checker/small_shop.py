"""Small trails with their journals and anchors, as the documents describe them: the ground for planted faults."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .chain import chained, hash_of

Line = dict[str, Any]
START = datetime(2026, 11, 11, tzinfo=UTC)
LONG_AGO = "2026-11-10T00:00:00.000000+00:00"
CHINA = timezone(timedelta(hours=8))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw().hex()
Change = Callable[[list[Line]], None]


def unchanged(lines: list[Line]) -> None:
    """What happens to a file when nobody tampers with it."""


@dataclass
class Files:
    trail: Path
    anchors: Path
    journals: Path


@dataclass
class SmallShop:
    """Orders 1, 2, 3 … with parcels, labels, print attempts and holds of the same numbers."""

    streams: dict[str, list[Line]] = field(default_factory=dict)
    journals: dict[str, list[Line]] = field(default_factory=dict)
    now: datetime = START
    acts: int = 0
    jobs: int = 0

    def __post_init__(self) -> None:
        for number, acts_as in ((1, "system"), (2, "wms"), (3, "erp")):
            facts = {"api_key": number, "acts_as": acts_as}
            self.event("company:1", "api_key_created", "system", facts, key=f"api_key:{number}", version=0)

    def tick(self, seconds: float = 1) -> str:
        self.now += timedelta(seconds=seconds)
        return self.now.isoformat(timespec="microseconds")

    def local(self) -> str:
        return self.now.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")

    def event(self, stream: str, verb: str, actor: str, facts: Line | None = None, **told: Any) -> Line:
        """One event of an act of its own, or of the last act with `same_act=True`."""
        events = self.streams.setdefault(stream, [])
        if not told.pop("same_act", False):
            self.acts += 1
        order = int(stream[6:]) if stream.startswith("order:") else None
        result = told.get("result", "ok")
        step = 0 if result == "refused" else 1
        event = {
            "order": order,
            "parcel": None,
            "verb": verb,
            "from": "",
            "to": "",
            "version": (events[-1]["version"] if events else 0) + step,
            "actor": actor,
            "role": "",
            "cause": "",
            "key": "",
            "result": result,
            "facts": facts or {},
            "at": self.tick(0.01),
            "stream": stream,
            "company": 1,
            "reason": "",
            "act_id": f"act-{self.acts}",
            "source_at": None,
        }
        edge = told.pop("edge", "")
        if edge:
            event["from"], _, event["to"] = edge.partition(">")
        event.update(told)
        events.append(event)
        return event

    def entry(self, journal: str, kind: str, **told: Any) -> Line:
        entries = self.journals.setdefault(journal, [])
        entry = {"seq": len(entries) + 1, "at": self.tick(0.01), "kind": kind, **told}
        entries.append(entry)
        return entry

    def job(self) -> str:
        self.jobs += 1
        return f"job:{self.jobs}"

    # An order's life, step by step

    def sold(self, n: int) -> None:
        self.tick()
        self.entry("taobao", "sold", tid=f"90000{n}", status="WAIT_SELLER_SEND_GOODS", modified=self.local())
        self.platform_told(n, "order_seen", "paid")
        self.event(
            f"order:{n}", "pay", "platform", edge="pending_payment>paid", result="observed", same_act=True,
            cause=f"receipt:{n}1",
        )  # fmt: skip

    def platform_told(self, n: int, verb: str, status: str, address_version: int = 1) -> None:
        modified = self.local()
        told = {"tid_str": f"90000{n}", "status": status, "modified": modified}
        method = "taobao.trade.fullinfo.get"
        self.entry("taobao", "call", method=method, outcome="ok", answer=told)
        facts = {"system": "platform", "status": status, "address_version": address_version}
        key = f"trade:90000{n}:{modified}:{len(self.journals['taobao']):012x}"
        self.event(f"order:{n}", verb, "platform", facts, key=key, result="observed", source_at=self.tick(0))

    def released(self, n: int) -> None:
        facts = {"parcel": f"T-{n}-1", "warehouse": "WH01"}
        self.event(f"order:{n}", "release", "system", facts, edge="paid>to_pick", parcel=n, cause=self.job())
        body = f"<deliveryOrderCode>T-{n}-1</deliveryOrderCode><warehouseCode>WH01</warehouseCode>"
        answer = f"<flag>success</flag><deliveryOrderId>W{n}</deliveryOrderId>"
        self.entry("qimen", "received", method="taobao.qimen.deliveryorder.create", body=body, answer=answer)

    def packed(self, n: int) -> None:
        self.tick()
        operated = self.local()
        body = (
            f"<orderCode>T-{n}-1</orderCode><processStatus>PACKAGE</processStatus><operateTime>{operated}</operateTime>"
        )
        self.entry("qimen", "sent", method="orderprocess.report", outcome="success", body=body)
        facts = {"system": "wms", "status": "PACKAGE", "stage": "packed"}
        key = f"report:T-{n}-1:PACKAGE:{operated}:"
        stream, cause = f"order:{n}", f"receipt:{n}2"
        self.event(stream, "fact", "wms", facts, key=key, result="observed", source_at=self.tick(0), cause=cause)
        self.moved(n, "pack", "to_pick>packed", "wms", cause, same_act=True)

    def moved(self, n: int, verb: str, edge: str, actor: str, cause: str, **told: Any) -> Line:
        stream = f"order:{n}"
        facts = told.pop("facts", {})
        told = {"parcel": n, "result": "observed", "source_at": self.tick(0), **told}
        event = self.event(stream, verb, actor, facts, edge=edge, cause=cause, **told)
        self.event(stream, "follow_parcels", actor, edge=edge, cause=cause, same_act=True)
        return event

    def labelled(self, n: int, label: int = 0, generation: int = 1, address_version: int = 1) -> None:
        label = label or n
        stream, facts = f"order:{n}", {"label": label, "carrier": "yto", "address_version": address_version}
        self.event(stream, "waybill_requested", "system", facts, parcel=n, cause=self.job())
        self.entry("taobao", "waybill_issued", waybill=f"YT{label}", object_id=f"L{label}", cp_code="YTO")
        facts = {"label": label, "waybill": f"YT{label}", "carrier": "yto", "generation": generation}
        self.event(stream, "waybill_issued", "courier", facts, parcel=n, cause=self.job())

    def label_facts(self, n: int) -> Line:
        facts = {"label": n, "waybill": f"YT{n}", "generation": 1, "copy": 1, "address_version": 1, "attempt": n}
        return {**facts, "station": "A3", "printer": "P1"}

    def printed(self, n: int) -> None:
        stream, facts = f"order:{n}", self.label_facts(n)
        granted = self.event(stream, "print", "api_key:2", facts, parcel=n, key=f"attempt:{n}")
        answer = {"id": n, "granted": True, "label": n, "copy": 1, "version": granted["version"]}
        self.entry("qimen", "print_request", order=f"T-{n}-1", parcel=str(n), status=201, answer=json.dumps(answer))
        told = {"id": n, "outcome": "printed", "label": {"id": n, "copy": 1, "waybill": f"YT{n}"}}
        self.entry("qimen", "print_result", order=f"T-{n}-1", parcel=str(n), status=200, answer=json.dumps(told))
        facts = {**facts, "outcome": "printed"}
        self.event(stream, "print_result", "api_key:2", facts, parcel=n, key=f"attempt:{n}")

    def shipped(self, n: int) -> None:
        self.tick()
        body = (
            f"<deliveryOrderCode>T-{n}-1</deliveryOrderCode><status>DELIVERED</status>"
            f"<outBizCode>M-{n}</outBizCode><expressCode>YT{n}</expressCode>"
        )
        self.entry("qimen", "sent", method="deliveryorder.confirm", outcome="success", body=body)
        facts = {"system": "wms", "status": "DELIVERED", "stage": "shipped", "code": f"T-{n}-1"}
        cause = f"receipt:{n}3"
        key = f"confirm:T-{n}-1:M-{n}"
        stream = f"order:{n}"
        self.event(stream, "fact", "wms", facts, key=key, result="observed", source_at=self.tick(0), cause=cause)
        told = {"waybill": f"YT{n}", "address_version": 1, "order_address_version": 1}
        self.moved(n, "ship", "packed>shipped", "wms", cause, facts=told, same_act=True)
        self.written_back(n)

    def written_back(self, n: int) -> None:
        self.entry("taobao", "shipped", tid=f"90000{n}", waybill=f"YT{n}")
        form = {"tid": f"90000{n}", "out_sid": f"YT{n}"}
        self.entry("taobao", "call", method="taobao.logistics.offline.send", outcome="ok", form=form, answer={})
        self.tick()
        self.platform_told(n, "fact", "shipped")

    def signed(self, n: int) -> None:
        self.tick()
        self.entry("kuaidi100", "signed", waybill=f"YT{n}")
        facts, cause = {"system": "courier", "stage": "signed"}, f"receipt:{n}4"
        key = f"track:YT{n}:{self.local()}"
        stream = f"order:{n}"
        self.event(stream, "fact", "courier", facts, key=key, result="observed", source_at=self.tick(0), cause=cause)
        self.moved(n, "sign", "shipped>signed", "courier", cause, same_act=True)

    def print_refused(self, n: int) -> None:
        facts = {**self.label_facts(n), "attempt": 100 + n, "code": "duplicate_print"}
        stream, key = f"order:{n}", "duplicate_print"
        self.event(stream, "print", "api_key:3", facts, parcel=n, result="refused", key=key)
        self.held(n, "duplicate_print", "api_key:3", same_act=True)
        answer = json.dumps({"code": "duplicate_print", "hold": n, "version": self.version(n)})
        self.entry("erp", "repush_refused", order=f"T-{n}-1", parcel=str(n), status=409, answer=answer)
        self.entry("wecom", "message", robot="r", content=f"duplicate print YT{n}")

    def held(self, n: int, reason: str, actor: str = "system", **told: Any) -> Line:
        facts = {"hold": n, "reason": reason, "ground": told.pop("ground", f"label:{n}")}
        stream, key = f"order:{n}", f"hold:{n}"
        return self.event(stream, "hold_opened", actor, facts, parcel=n, key=key, **{"reason": reason, **told})

    def lifted(self, n: int, actor: str = "person:1", role: str = "ops_manager") -> Line:
        facts, key = {"hold": n}, f"hold:{n}"
        return self.event(
            f"order:{n}", "hold_lifted", actor, facts, parcel=n, key=key, role=role, reason="looked at it"
        )

    def version(self, n: int) -> int:
        version: int = self.streams[f"order:{n}"][-1]["version"]
        return version

    def until(self, n: int, last: str) -> None:
        """An order's life up to and with this step."""
        for step in ("sold", "released", "packed", "labelled", "printed", "shipped", "signed"):
            getattr(self, step)(n)
            if step == last:
                return

    # Files

    def write(self, folder: Path, trail: Change = unchanged, anchors: Change = unchanged, cut: int = 0) -> Files:
        """Seals the chain, anchors it twice, and lets `trail` and `anchors` tamper with the lines afterwards.

        `cut` events are taken from the end of order 1 after the anchors."""
        lines: list[Line] = []
        places: list[list[Any]] = []
        for stream, events in self.streams.items():
            head = ""
            for seq, event in enumerate(events, 1):
                line = {**event, "seq": seq, "prev_hash": head, "hash": ""}
                head = line["hash"] = hash_of(line)
                lines.append(line)
            places.append([stream, len(events), head])
        signed = anchored([places[:2], places[2:]])
        trail(lines)
        anchors(signed)
        if cut:
            last = [line for line in lines if line["stream"] == "order:1"][-cut:]
            lines = [line for line in lines if line not in last]
        files = Files(folder / "trail.jsonl", folder / "anchors.jsonl", folder / "journals")
        files.journals.mkdir()
        written(files.trail, lines)
        written(files.anchors, signed)
        for name, entries in self.journals.items():
            written(files.journals / f"{name}.jsonl", entries)
        return files


def anchored(parts: list[list[Any]]) -> list[Line]:
    signed: list[Line] = []
    head = ""
    for seq, streams in enumerate(parts, 1):
        covered = {"at": START.isoformat(timespec="microseconds"), "mark": seq, "seq": seq, "streams": streams}
        told = chained(head, covered)
        signature = KEY.sign(told.encode()).hex()
        signed.append({**covered, "prev_hash": head, "hash": told, "signature": signature, "public_key": PUBLIC_KEY})
        head = told
    return signed


def written(path: Path, lines: list[Line]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def clean_shop(orders: int = 3) -> SmallShop:
    """Order 1 is signed, 2 shipped and then locked by a second print that was refused, the others are packed."""
    shop = SmallShop()
    for number in range(1, orders + 1):
        shop.until(number, {1: "signed", 2: "shipped"}.get(number, "printed"))
    shop.print_refused(2)
    return shop
