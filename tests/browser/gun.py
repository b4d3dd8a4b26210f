"""Somebody in the warehouse with a scanner in the hand, and a tower that answers as the test says."""

import json
from collections.abc import Callable
from typing import Any, Protocol

from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, Route, expect

from orders.lifecycle import Role
from tests.browser.desk import Desk, Size
from tests.orders.factories import PASSWORD

ON_A_PDA: Size = {"width": 360, "height": 640}
SIZES: list[Size] = [
    {"width": 320, "height": 480},
    ON_A_PDA,
    {"width": 480, "height": 800},
    {"width": 1280, "height": 800},
]
# What a wedge does: keys without a pause, on whatever has the focus. `key` is what an input method leaves of them.
TYPES = """([keys, end]) => {
    const press = (key, more) => (document.activeElement || document.body).dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
    for (const key of keys) press(...key);
    if (end) press(end, { code: end });
}"""
INJECTS = """text => {
    const sink = document.querySelector("#sink");
    sink.value = text;
    sink.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: text }));
}"""
PASTES = """text => {
    const data = new DataTransfer();
    data.setData("text", text);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
Scan = dict[str, Any]
Said = dict[str, Any]
Answer = Callable[[Scan], Said | int | None]


class Gun(Desk):
    """`scans` presses the trigger; what was sent is in `sent`, in order, each try."""

    def __init__(self, page: Page, person: User) -> None:
        super().__init__(page, person)
        self.sent: list[Scan] = []

    def signs_in(self, station: str = "A3") -> None:
        self.page.goto("/scan/sign-in/")
        self.page.locator("input[name=username]").fill(self.person.username)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self._submits(self.page.get_by_role("button", name="登录"))
        if station:
            self.page.locator("#station-code").fill(station)
            self.page.locator("#station-form button").click()

    def takes_up(self, job: str) -> None:
        self.page.locator(f"#jobs [data-job={job}]").click()

    def scans(self, code: str, end: str = "Enter") -> None:
        self.page.evaluate(TYPES, [[[sign, {}] for sign in code], end])

    def scans_at_once(self, *codes: str) -> None:
        """So fast that no answer comes in between."""
        signs = [key for code in codes for key in (*([sign, {}] for sign in code), ["Enter", {"code": "Enter"}])]
        self.page.evaluate(TYPES, [signs, ""])

    def scans_with_input_method(self, code: str) -> None:
        keys = [["Process", {"keyCode": 229, "isComposing": True, "code": key_of(sign)}] for sign in code]
        self.page.evaluate(TYPES, [keys, "Enter"])

    def injects(self, text: str) -> None:
        self.page.evaluate(INJECTS, text)

    def pastes(self, text: str) -> None:
        self.page.evaluate(PASTES, text)

    def answered_by(self, answer: Answer) -> None:
        """Every scan is answered by `answer(scan)`: an answer, an HTTP status, or None for a network that is down."""

        def fulfil(route: Route) -> None:
            [scan] = json.loads(route.request.post_data or "{}")["scans"]
            self.sent.append(scan)
            said = answer(scan)
            if said is None:
                route.abort("connectionfailed")
            elif isinstance(said, int):
                route.fulfill(status=said, json={"code": "x", "detail": "说明"})
            else:
                route.fulfill(json={"results": [{**reply(scan), **said}]})

        self.page.unroute_all()
        self.page.route("**/api/v1/scans/", fulfil)

    def codes(self) -> list[str]:
        return [scan["code"] for scan in self.sent]

    @property
    def stop_screen(self) -> Locator:
        return self.page.locator("#stop[open]")

    @property
    def flash(self) -> Locator:
        return self.page.locator("#verdict:not([hidden])")

    def handles_it(self) -> None:
        # A press within the first moments does not count.
        self.page.wait_for_timeout(450)
        self.stop_screen.get_by_role("button", name="我知道了，已处理").click()
        expect(self.stop_screen).to_have_count(0)

    def waits_for(self, number: int) -> None:
        expect(self.page.locator("#waiting")).to_have_attribute("data-count", str(number))


class Hall(Protocol):
    def __call__(self, *roles: Role, size: Size = ..., station: str = ..., **context: Any) -> Gun: ...


def key_of(sign: str) -> str:
    return f"Digit{sign}" if sign.isdigit() else f"Key{sign}" if sign.isalpha() else "Minus"


def reply(scan: Scan) -> Said:
    """An answer of which a test says only what matters to it."""
    return {
        "nonce": scan["nonce"],
        "verdict": "pass",
        "word": "通过",
        "code": "",
        "reason": "",
        "help": "",
        "allowed": [],
        "act": scan["act"],
        "repeat": False,
        "seen": {"kind": "waybill", "code": scan["code"]},
        "parcel": None,
        "choices": [],
        "print": None,
        "wave": None,
    }


def parcel(**fields: Any) -> Said:
    return {
        "id": 7,
        "number": "P2026111100000001",
        "state": "to_pick",
        "state_word": "待拣货",
        "order": "20261111000000000101",
        "order_id": 5,
        "held": False,
        "carrier": "圆通",
        "waybill": "",
        "label": None,
        "version": 1,
        "holds": [],
        "lines": [],
        "complete": False,
        **fields,
    }


def line(number: int, name: str, quantity: int, checked: int) -> Said:
    code = f"69012345678{number:02}"
    return {
        "id": number, "code": f"CREAM-{number}", "name": name, "quantity": quantity, "checked": checked,
        "barcodes": [code],
    }  # fmt: skip


# What a tower says, as far as the page cares. -----------------------------------------------------------------------
STOP: Said = {
    "verdict": "stop", "word": "停发", "reason": "订单已锁单：申请退款",
    "help": "把包裹放到异常台；由运营主管解封", "parcel": parcel(held=True),
}  # fmt: skip
WRONG: Said = {"verdict": "wrong", "word": "错货", "reason": "这件不在这个包裹里", "help": "放回货架，按下一件取货"}
UNKNOWN: Said = {"verdict": "wrong", "word": "不认识", "reason": "没有找到这个条码", "help": "请重扫，或找组长"}
ATTENTION: Said = {"verdict": "attention", "word": "注意", "reason": "设备时间不对"}
SAME: Said = {"verdict": "same", "word": "重复", "reason": "这个包裹已经交接过"}


def passes(_scan: Scan) -> Said:
    return {"parcel": parcel()}
