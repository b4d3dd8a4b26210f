"""The packing desk of a warehouse whose labels the tower prints: it asks the tower's API before any paper comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from integrations.wms.qimen import emulator_wire as wire
from integrations.wms.qimen.emulator_orders import Package, WarehouseOrder
from orders import clock

if TYPE_CHECKING:
    from integrations.emulation import Emulator

LOGISTICS = {"sf": "SF", "yto": "YTO", "zto": "ZTO", "sto": "STO", "yunda": "YUNDA", "jt": "JT", "ems": "EMS"}


@dataclass(frozen=True)
class Verdict:
    """How a conversation ended: printed · wait · refused."""

    kind: str
    reason: str = ""


class TowerApi:
    """The tower's REST interface as a stranger sees it: a URL and a Bearer key, from the emulator's options."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    @property
    def connected(self) -> bool:
        return bool(self.options.get("tower_api") and self.options.get("api_key"))

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, idempotency_key: str = ""
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.options.get('api_key', '')}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return wire.send(
            method, f"{str(self.options.get('tower_api', '')).rstrip('/')}/{path}", json=body, headers=headers
        )

    def find(self, code: str) -> dict[str, Any] | None:
        """The tower's order that goes by this code; `None` where there is none, or more than one."""
        response = self.call("GET", f"orders/?q={quote(code)}")
        response.raise_for_status()
        results = response.json().get("results", [])
        exact = [one for one in results if code in _names(one)]
        if not exact and len(results) == 1 and code.startswith(str(results[0].get("platform_order_id") or code + "?")):
            exact = results
        return exact[0] if len(exact) == 1 else None


def _names(order: Mapping[str, Any]) -> set[str]:
    """Every name under which the tower may know an order: its own fields, and its parcels' numbers."""
    named = {str(value) for value in order.values() if isinstance(value, str | int)}
    return named | {str(parcel.get("number")) for parcel in order.get("parcels") or []}


class PackingDesk:
    """Prints every live parcel of an order through the tower. A refusal stops the order until a later look."""

    def __init__(self, emulator: "Emulator") -> None:
        self.emulator = emulator
        self.tower = TowerApi(emulator.options)

    def ask(self, order: WarehouseOrder) -> None:
        """Called under the lock; the conversation itself is held outside."""
        self.emulator.send_later(lambda: self.converse(order))

    def converse(self, order: WarehouseOrder) -> None:
        try:
            verdict = self._print(order) if self.tower.connected else Verdict("wait", "没有设置 tower_api 与 api_key")
        except (requests.RequestException, LookupError, TypeError, AttributeError) as error:
            # No answer, or one in words this warehouse cannot read: the worker tries again later.
            verdict = Verdict("wait", f"{type(error).__name__}：{str(error)[:120]}")
        with self.emulator.lock:
            self._settle(order, verdict)

    def _settle(self, order: WarehouseOrder, verdict: Verdict) -> None:
        options = self.emulator.options
        order.asking = False
        if verdict.kind == "printed":
            order.packages, order.stopped = list(order.printed_parcels.values()), ""
            seconds = options.get("step_seconds", 4)
        elif verdict.kind == "wait":
            seconds = options.get("ask_seconds", 2)
        else:
            seconds = options.get("look_again_seconds", 20)
        if verdict.kind != "printed" and verdict.reason != order.stopped:
            kind = "print_refused" if verdict.kind == "refused" else "print_waits"
            self.emulator.journal.write(kind, order=order.code, reason=verdict.reason)
            order.stopped = verdict.reason
        order.next_at = clock.now() + timedelta(seconds=float(seconds))

    def _print(self, order: WarehouseOrder) -> Verdict:
        found = self.tower.find(order.code)
        parcels = [one for one in (found or {}).get("parcels", []) if one.get("state") not in ("voided", "returned")]
        if found is None or not parcels:
            return Verdict("wait", "指挥塔里没有这个订单的包裹")
        for parcel in parcels:
            if str(parcel["id"]) in order.printed_parcels:
                continue
            ended = self._print_parcel(order, parcel, held=bool(found.get("held")))
            if ended:
                return ended
        return Verdict("printed")

    def _print_parcel(self, order: WarehouseOrder, parcel: Mapping[str, Any], *, held: bool) -> Verdict | None:
        """`None` where this parcel has its label on."""
        handle = str(parcel["id"])
        if handle not in order.granted:
            state = (parcel.get("label") or {}).get("state")
            if held:
                return Verdict("refused", "held：订单已锁单")
            if state not in ("live", "printed"):
                return Verdict("wait", f"面单未就绪（{state or '无'}）")
            with self.emulator.lock:
                if order.pended or order.cancelled or order.paused:
                    return Verdict("wait", "仓库已挂起")
            if state == "live" and (refusal := self._request(order, handle)):
                return refusal
        if handle in order.granted:
            result = self.tower.call("POST", f"print-requests/{order.granted[handle]}/result/", {"outcome": "printed"})
            self._note("print_result", order, handle, result)
            if result.status_code in (429,) or result.status_code >= 500:
                return Verdict("wait", f"打印结果未送达（HTTP {result.status_code}）")
        with self.emulator.lock:
            carrier = str(parcel.get("carrier") or "")
            package = Package(
                LOGISTICS.get(carrier, carrier.upper() or order.carrier), str(parcel.get("waybill") or "")
            )
            order.printed_parcels[handle] = package
            order.printed_at = clock.now()
            # Paper from another desk counts as printed too, but not as printed here.
            order.prints += handle in order.granted
        return None

    def _request(self, order: WarehouseOrder, parcel: str) -> Verdict | None:
        """Ask for one print; a lost answer is asked for again under the same key."""
        response = self.tower.call(
            "POST",
            f"parcels/{parcel}/print-requests/",
            {"station": "WMS-1", "printer": "P1"},
            idempotency_key=f"wms-{order.code}-{parcel}-{order.attempts}",
        )
        self._note("print_request", order, parcel, response)
        if response.status_code == 429 or response.status_code >= 500:
            return Verdict("wait", f"HTTP {response.status_code}")
        with self.emulator.lock:
            order.attempts += 1
        if response.status_code == 201:
            with self.emulator.lock:
                order.granted[parcel] = str(response.json()["id"])
            return None
        return Verdict("refused", refusal_words(response))

    def _note(self, kind: str, order: WarehouseOrder, parcel: str, response: requests.Response) -> None:
        self.emulator.journal.write(
            kind, order=order.code, parcel=parcel, status=response.status_code, answer=response.text[:500]
        )


def refusal_words(response: requests.Response) -> str:
    try:
        found = response.json()
        return f"{found.get('code', response.status_code)}：{found.get('detail', '')}"
    except (requests.JSONDecodeError, AttributeError):
        return f"HTTP {response.status_code}"
