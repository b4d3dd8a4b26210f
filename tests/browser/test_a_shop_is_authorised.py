"""From the set-up page to the platform's own page and back: the shop is authorised, and the first step is done."""

import pytest

from integrations.models import Connection
from orders.lifecycle import Role
from tests.browser.desk import ON_A_DESK, ON_A_TELEPHONE, Office, Size
from tests.browser.tower import Tower

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(tower: Tower) -> Connection:
    shop = tower.shop
    shop.settings = {**shop.settings, "oauth_url": f"{tower.host.url}/taobao/oauth"}
    shop.save(update_fields=["settings"])
    return shop


@pytest.mark.parametrize("size", [ON_A_DESK, ON_A_TELEPHONE], ids=lambda size: f"{size['width']}x{size['height']}")
def test_the_seller_says_yes_on_the_platforms_page_and_comes_back(
    office: Office, tower: Tower, shop: Connection, size: Size
) -> None:
    desk = office(Role.ADMIN, size=size)
    before = shop.secrets()["session"]
    desk.opens(f"/admin/integrations/connection/{shop.pk}/setup/")
    desk.page.get_by_role("link", name="去授权").click()
    desk.page.wait_for_url("**/taobao/oauth/**")
    desk.page.get_by_role("button", name="登录并授权").first.click()
    desk.sees("授权成功，有效期到")
    assert "code=" not in desk.page.url
    desk.page.locator("#step-authorise.is-done").wait_for()
    shop.refresh_from_db()
    assert shop.secrets()["session"] not in (before, "")
    # The platform takes the new session: the first order comes in by it, and is shown.
    order = tower.receives()
    desk.opens(f"/admin/integrations/connection/{shop.pk}/setup/")
    desk.page.locator("#step-order.is-done", has_text=order.platform_order_id).wait_for()
    # The platform's own page may lack what it likes.
    assert [trouble for trouble in desk.troubles if trouble.startswith(tower.url)] == []
