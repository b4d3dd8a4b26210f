"""The tower in a real browser: a served tower, the emulated shop and chat beside it, and people who log in by form."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from integrations.emulate import build_world, serving
from orders.lifecycle import Role
from tests.browser.desk import ON_A_DESK, PATIENCE, Desk, Office, Size
from tests.browser.gun import ON_A_PDA, Gun, Hall
from tests.browser.tower import PACKAGES, Tower, wired

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests of this package, and for them alone.

    Playwright leaves its event loop marked as running in this thread, where Django then refuses its database. Here
    that is no danger: the loop sleeps while a test is at work, so nothing else uses the test's connection meanwhile.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def tower(browser: Browser, live_server: Any, settings: Any) -> Iterator[Tower]:
    """A tower that is served, of a seller whose warehouse prints through it. Nothing moves until `tower.works()`."""
    settings.TOWER_URL = live_server.url
    with serving(build_world(PACKAGES), tick_seconds=0.05) as host:
        yield wired(host, live_server.url)


@pytest.fixture
def office(browser: Browser, tower: Tower) -> Iterator[Office]:
    """`office(role)` hires somebody of that role, lets them log in, and gives their desk: a browser of their own."""
    contexts: list[BrowserContext] = []

    def log_in(*roles: Role, size: Size = ON_A_DESK) -> Desk:
        # An English browser: the tower speaks Chinese all the same.
        context = browser.new_context(base_url=tower.url, viewport=size, locale="en-US", timezone_id="Asia/Shanghai")
        contexts.append(context)
        desk = Desk(context.new_page(), tower.hires(*roles))
        desk.logs_in()
        return desk

    yield log_in
    for context in contexts:
        context.close()


@pytest.fixture
def hall(browser: Browser, tower: Tower) -> Iterator[Hall]:
    """`hall(role)` hires somebody of that role, who signs in at the scan page and says where they stand."""
    contexts: list[BrowserContext] = []

    def sign_in(*roles: Role, size: Size = ON_A_PDA, station: str = "A3", **context: Any) -> Gun:
        opened = browser.new_context(base_url=tower.url, viewport=size, timezone_id="Asia/Shanghai", **context)
        contexts.append(opened)
        gun = Gun(opened.new_page(), tower.hires(*roles))
        gun.signs_in(station)
        return gun

    yield sign_in
    for context in contexts:
        context.close()


@pytest.fixture
def gun(hall: Hall) -> Gun:
    """Somebody who may do everything that the page knows."""
    return hall(Role.WAREHOUSE_LEAD, Role.SHIPPER)
