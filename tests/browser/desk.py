"""Somebody at the back office, by what they see and press: words and buttons, hardly ever addresses."""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, ViewportSize, expect

from orders.lifecycle import Role
from orders.models import Order
from tests.orders.factories import PASSWORD

Size = ViewportSize
ON_A_DESK: Size = {"width": 1440, "height": 900}
ON_A_TELEPHONE: Size = {"width": 390, "height": 844}
# A machine that runs two suites at once is slow; nothing here waits this long where all is well.
PATIENCE = 20_000
# Boxes that may be pushed sideways inside the page: wide tables in frames of their own.
WIDE_ON_PURPOSE = ".tower-scroll"
# The page itself, and whatever else can be pushed sideways with a finger.
SIDEWAYS = """wide => [document.documentElement, ...document.querySelectorAll("body, body *")]
    .filter(box => box.scrollWidth > box.clientWidth + 1 && box.clientWidth && !box.closest(wide))
    .filter(box => box === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(box).overflowX))
    .map(box => `${box.tagName} ${box.id} ${box.className}: ${box.scrollWidth} in ${box.clientWidth}`)"""


class Desk:
    """One person's open page. `troubles` is what the browser complained of: errors, refused loads, strange hosts."""

    def __init__(self, page: Page, person: User) -> None:
        self.page, self.person = page, person
        self.troubles: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._hears)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("request", self._sees_request)
        page.on("response", self._sees_response)

    @property
    def name(self) -> str:
        return f"{self.person.last_name}{self.person.first_name}"

    def logs_in(self) -> None:
        self.page.goto("/admin/")
        self.page.locator("input[name=username]").fill(self.person.username)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self._submits(self.page.locator("#login-form button[type=submit]"))
        expect(self.page.locator("#login-form")).to_have_count(0)

    def opens(self, address: str) -> None:
        self.page.goto(address)

    def opens_order(self, order: Order) -> None:
        """By its number in the box of the first page, as people do."""
        self.page.goto("/admin/")
        self.page.get_by_label("查找订单").fill(order.platform_order_id)
        self._submits(self.page.get_by_role("button", name="查找", exact=True))
        expect(self.page.locator(".tower-number")).to_have_text(order.platform_order_id)

    def goes_to(self, item: str) -> None:
        """By the side bar."""
        self.page.get_by_role("link", name=item).first.click()

    def offers(self, act: str) -> bool:
        return self._button(act).count() > 0

    def presses(self, act: str, **fields: str) -> None:
        """Press an act's button, fill in its dialog, and send it."""
        self._button(act).first.click()
        dialog = self.page.locator("dialog[open]")
        for name, value in fields.items():
            dialog.locator(f"[name={name}]").fill(value)
        self._submits(dialog.locator("button[type=submit]"))

    def decides(self, order: Order, button: str, reason: str) -> None:
        """In the review queue, on the row of an order."""
        row = self.review_of(order)
        row.get_by_label("处理原因（必填）").fill(reason)
        self._submits(row.get_by_role("button", name=button, exact=True))

    def review_of(self, order: Order) -> Locator:
        return self.page.locator(".tower-review", has_text=order.platform_order_id)

    def sends(self, button: str) -> None:
        self._submits(self.page.get_by_role("button", name=button, exact=True).first)

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def timeline(self, words: str) -> Locator:
        """The entries with these words, newest first."""
        return self.page.locator(".tower-timeline > li", has_text=words)

    def pushed_sideways(self) -> list[str]:
        """What is wider than its place, so that a person must scroll to read a line to its end."""
        return [f"{self.page.url}: {box}" for box in self.page.evaluate(SIDEWAYS, WIDE_ON_PURPOSE)]

    def photographs(self, file: Path) -> None:
        self.page.screenshot(path=file, full_page=True)

    def _button(self, act: str) -> Locator:
        return self.page.locator("button[data-opens]", has_text=act)

    def _submits(self, button: Locator) -> None:
        with self.page.expect_navigation():
            button.click()

    def _hears(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{self.page.url}: {message.type}: {message.text}")

    def _sees_request(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if not request.url.startswith(("data:", "blob:")) and host not in ("localhost", "127.0.0.1"):
            self.troubles.append(f"{self.page.url}: asked {request.url}")

    def _sees_response(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{self.page.url}: {response.status} for {response.url}")


class Office(Protocol):
    def __call__(self, *roles: Role, size: Size = ...) -> Desk: ...
