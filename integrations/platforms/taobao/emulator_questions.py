"""The emulated questions of TOP to the seller's system (SPI): may the buyer change the address, or stop the order?

Asked outside the emulator's lock. A yes changes the address; whatever the answer, the platform tells the result by
message (`taobao_modifyaddress_ResultNotify`).
"""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integrations.errors import OutsideError
from integrations.http import call as http_call
from integrations.platforms.taobao.emulator_gateway import written
from integrations.platforms.taobao.emulator_trades import Trade
from orders import clock

if TYPE_CHECKING:
    from integrations.platforms.taobao.emulator import TaobaoEmulator

METHODS = {
    "address": "qimen.taobao.qianniu.cloudkefu.address.self.modify",
    "intercept": "qimen.taobao.qianniu.cloudkefu.order.self.intercept",
}


class Questions:
    """Asks the tower, and does what it answered."""

    def __init__(self, side: "TaobaoEmulator") -> None:
        self.side = side

    def ask(self, data: dict[str, Any]) -> dict[str, Any]:
        """`{"tid", "url", "kind": address|intercept, "receiver": {…}, "sign_method", "bad_sign"}`"""
        side = self.side
        trade = side.trades.find(str(data["tid"]))
        kind = str(data.get("kind") or "address")
        wanted = dict(data.get("receiver") or {"address": "新华街88号"})
        body = json.dumps(self._content(trade, kind, wanted), ensure_ascii=False).encode()
        query = self.signed_query(
            kind, body, sign_method=str(data.get("sign_method") or "md5"), wrong=bool(data.get("bad_sign"))
        )
        url = f"{data['url']}?{query}"
        side.journal.write("question", tid=str(trade.tid), asked=kind, oaid=trade.oaid)
        side.send_later(lambda: self._send(trade, kind, wanted, url, body))
        return {"ok": True, "tid": str(trade.tid)}

    def signed_query(self, kind: str, body: bytes, *, sign_method: str = "md5", wrong: bool = False) -> str:
        query = {
            "app_key": self.side.app_key,
            "format": "json",
            "method": METHODS[kind],
            "sign_method": sign_method,
            "timestamp": written(clock.now()),
            "v": "2.0",
        }
        signed = "".join(name + query[name] for name in sorted(query)).encode() + body
        sign = "0" * 32 if wrong else self.side.gate.digest(signed, sign_method)
        return urlencode({**query, "sign": sign})

    def _content(self, trade: Trade, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = {
            "bizOrderId": str(trade.tid),
            "buyerNick": trade.receiver.name[:1] + "**",
            "sellerNick": trade.seller,
            "oaid": trade.oaid,
        }
        if kind == "address":
            today = clock.now().astimezone(clock.BEIJING).date()
            changed = trade.receiver.changed(wanted)
            content |= {
                "oaid": changed.oaid(trade.seller),
                "originalAddress": trade.receiver.masked(today),
                "modifiedAddress": changed.masked(today),
            }
        return content

    def _send(self, trade: Trade, kind: str, wanted: dict[str, Any], url: str, body: bytes) -> None:
        said, verdict = "", "timeout"
        try:
            response = http_call("POST", url, data=body, headers={"Content-Type": "application/json;charset=utf-8"})
            said = response.text[:2000]
            result = json.loads(said).get("result")
            verdict = str(result.get("success")).lower() if isinstance(result, dict) else "error"
        except (OutsideError, ValueError, AttributeError) as error:
            said = said or f"{type(error).__name__}: {error}"
        side = self.side
        with side.lock:
            side.journal.write("question_answered", tid=str(trade.tid), asked=kind, verdict=verdict, said=said)
            if kind == "address":
                self._conclude(trade, wanted, verdict)

    def _conclude(self, trade: Trade, wanted: dict[str, Any], verdict: str) -> None:
        side, applied = self.side, verdict == "true"
        content = {
            "api_result": verdict,
            "biz_order_id": str(trade.tid),
            "result": applied,
            "seller_nick": trade.seller,
        }
        side.queue.put(
            group=side.group,
            topic="taobao_modifyaddress_ResultNotify",
            content=content,
            seller=trade.seller,
            faults=side.faults,
        )
        if applied:
            side.trades.change_address(trade, wanted)
