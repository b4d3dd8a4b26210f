"""接入: six steps told from facts; a shop is authorised only by who set out, once, and its secrets are never shown."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from integrations import inbox, jobs, registry, setting_up
from integrations.adapter import Access, Adapter, Field, Message, Polled, Token
from integrations.errors import Permanent
from integrations.models import Connection, Trouble
from integrations.troubles import raise_trouble
from orders import clock
from orders.lifecycle import Role
from orders.models import Event
from tests.admin.pages import said, text_of
from tests.admin.world import SYSTEM, Seller

ENDS = datetime(2030, 1, 1, tzinfo=UTC)


class Mall(Adapter):
    name, title, system = "mall", "商城", "platform"
    capabilities = frozenset({"webhook", "poll", "token", "authorise"})
    fields = (Field("app_key", "App Key", required=True), Field("app_secret", "App Secret", required=True, secret=True))
    topics = (("trade_created", "新订单"), ("refund_created", "退款申请"))

    def authorise_url(self, access: Access, state: str) -> str:
        return f"https://mall.example/authorise?state={state}&redirect_uri={access.return_url}"

    def authorise(self, access: Access, code: str) -> Token:
        jobs.assert_no_transaction()
        if code != "good":
            raise Permanent("授权码已用过", code="used")
        return Token(secrets={"session": "streng-geheim"}, expires_at=ENDS)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return Polled(messages=(), cursor={})


class Depot(Adapter):
    """Only told of things: it asks for a secret, and for nothing else."""

    name, title, system = "depot", "仓储系统", "wms"
    fields = (Field("token", "令牌", required=True, secret=True),)


@pytest.fixture(autouse=True)
def systems(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**registry.adapters(), "mall": Mall(), "depot": Depot()}
    monkeypatch.setattr(registry, "adapters", lambda: known)


def connect(seller: Seller, adapter: str = "mall", **values: Any) -> Connection:
    shop = seller.shop if adapter == "mall" else None
    return Connection.objects.create(
        company=seller.company, shop=shop, adapter=adapter, name="商城旗舰店", base_url="http://127.0.0.1:9", **values
    )


@pytest.fixture
def mall(seller: Seller) -> Connection:
    made = connect(seller, settings={"app_key": "1"})
    made.set_secrets({"app_secret": "s"})
    made.save()
    return made


def address(connection: Connection, name: str = "setup") -> str:
    return reverse(f"admin:integrations_connection_{name}", args=[connection.pk])


def states(connection: Connection) -> dict[str, str]:
    connection.refresh_from_db()
    return {step.name: step.state for step in setting_up.steps_of(connection, now=clock.now())}


def sets_out(client: Client, connection: Connection) -> dict[str, str]:
    """To the platform's page: what it is told, to be sent back."""
    page = client.get(address(connection, "authorise"))["Location"]
    assert page.startswith("https://mall.example/authorise?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    assert asked["redirect_uri"].endswith(reverse("admin:integrations_connection_authorised"))
    return {"state": asked["state"], "code": "good"}


def comes_back(client: Client, told: dict[str, str]) -> Any:
    return client.get(reverse("admin:integrations_connection_authorised"), told, follow=True)


def test_every_step_is_to_do_before_anything_happened(mall: Connection) -> None:
    assert states(mall) == dict.fromkeys(("authorise", "callback", "topics", "interval", "message", "order"), "todo")


def test_what_a_system_cannot_do_is_not_asked_for(seller: Seller) -> None:
    depot = connect(seller, "depot")
    assert states(depot) == {
        "authorise": "todo", "callback": "not_needed", "topics": "not_needed", "interval": "not_needed",
        "message": "todo", "order": "not_needed",
    }  # fmt: skip
    depot.set_secrets({"token": "x"})
    depot.save()
    assert states(depot)["authorise"] == "done"


def test_the_missing_secret_is_named(seller: Seller, browser: Callable[..., Client]) -> None:
    text = text_of(browser(Role.ADMIN).get(address(connect(seller, "depot"))))
    assert "令牌: 必填" in text
    assert "不用网页授权" in text


def test_a_shop_is_authorised_by_its_page_and_the_event_tells_no_value(
    mall: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.ADMIN)
    answer = comes_back(client, sets_out(client, mall))
    assert said(answer)[0].startswith("授权成功，有效期到 2030-01-01")
    mall.refresh_from_db()
    assert (mall.secrets(), mall.token_expires_at) == ({"app_secret": "s", "session": "streng-geheim"}, ENDS)
    assert states(mall)["authorise"] == "done"
    event = Event.objects.get(verb="connection_authorised")
    assert (event.facts["fields"], event.stream) == (["session"], mall.company.stream)
    assert "geheim" not in str(event.facts) + answer.content.decode() + str(mall.settings)


def test_a_code_is_traded_once_for_whoever_set_out(mall: Connection, browser: Callable[..., Client]) -> None:
    client = browser(Role.ADMIN)
    told = sets_out(client, mall)
    comes_back(client, told)
    Connection.objects.update(token_expires_at=None)
    assert "已失效" in said(comes_back(client, told))[0]
    assert Connection.objects.get().token_expires_at is None


def test_another_browser_and_a_forged_state_are_turned_away(
    seller: Seller, mall: Connection, browser: Callable[..., Client]
) -> None:
    told = sets_out(browser(Role.ADMIN), mall)
    # The same person elsewhere: a link that somebody sent them.
    assert "已失效" in said(comes_back(browser(Role.ADMIN), told))[0]
    assert "已失效" in said(comes_back(browser(Role.ADMIN), {"state": "x", "code": "good"}))[0]
    assert not Event.objects.filter(verb="connection_authorised").exists()


def test_a_refusal_of_the_platform_is_told_in_its_words(mall: Connection, browser: Callable[..., Client]) -> None:
    client = browser(Role.ADMIN)
    assert "授权码已用过" in said(comes_back(client, {**sets_out(client, mall), "code": "used"}))[0]
    refused = {**sets_out(client, mall), "code": "", "error": "access_denied"}
    assert "access_denied" in said(comes_back(client, refused))[0]
    assert states(mall)["authorise"] == "todo"


def test_an_authorisation_that_ended_or_cannot_be_renewed_has_failed(mall: Connection) -> None:
    mall.token_expires_at = clock.now() - timedelta(hours=1)
    mall.save()
    assert states(mall)["authorise"] == "failed"
    mall.token_expires_at = ENDS
    mall.save()
    key = f"connection:{mall.pk}"
    raise_trouble(mall.company_id, Trouble.Kind.TOKEN, key, "授权续期失败", connection=mall)
    assert states(mall)["authorise"] == "failed"
    setting_up.authorise(mall, "good", cause=SYSTEM)
    assert states(mall)["authorise"] == "done"
    assert not Trouble.objects.filter(closed_at__isnull=True).exists()


def test_a_push_ticks_off_the_address_and_a_forged_one_says_why(
    mall: Connection, browser: Callable[..., Client]
) -> None:
    mall.refused_count, mall.last_refused_at, mall.last_refusal = 1, clock.now(), "another app key"
    mall.save()
    assert states(mall)["callback"] == states(mall)["message"] == "failed"
    text = text_of(browser(Role.ADMIN).get(address(mall)))
    assert mall.hook_url in text
    assert "对方用的是另一个应用的 App Key" in text
    inbox.keep(mall, [Message(kind="trade", key="1", body=b"{}")], via="webhook")
    assert states(mall)["callback"] == states(mall)["message"] == "done"


def test_what_was_only_polled_does_not_tick_off_the_address(mall: Connection) -> None:
    inbox.keep(mall, [Message(kind="trade", key="1", body=b"{}")], via="poll")
    assert (states(mall)["callback"], states(mall)["message"]) == ("todo", "done")


def test_topics_are_ticked_one_by_one_and_remembered(mall: Connection, browser: Callable[..., Client]) -> None:
    client = browser(Role.ADMIN)
    client.post(address(mall, "topics"), {"topic": ["trade_created", "made_up"]})
    mall.refresh_from_db()
    assert mall.settings["setup"]["topics"] == ["trade_created"]
    assert (mall.settings["app_key"], states(mall)["topics"]) == ("1", "todo")
    client.post(address(mall, "topics"), {"topic": ["trade_created", "refund_created"]})
    assert states(mall)["topics"] == "done"
    assert Event.objects.filter(verb="connection_changed").last().facts["fields"] == ["setup.topics"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("typed", "kept"), [("5", 5), ("300", 300), ("4", 60), ("301", 60), ("x", 60), ("", 60)])
def test_the_interval_stays_within_its_limits(
    mall: Connection, browser: Callable[..., Client], typed: str, kept: int
) -> None:
    Connection.objects.update(poll_seconds=60)
    browser(Role.ADMIN).post(address(mall, "interval"), {"poll_seconds": typed})
    mall.refresh_from_db()
    assert mall.poll_seconds == kept


def test_poll_now_gives_the_next_tick_to_it_and_says_what_is_against_it(
    mall: Connection, browser: Callable[..., Client]
) -> None:
    later = clock.now() + timedelta(minutes=5)
    Connection.objects.update(next_poll_at=later)
    client = browser(Role.ADMIN)
    assert said(client.post(address(mall, "poll_soon"), follow=True))[0].startswith("已安排立即轮询")
    mall.refresh_from_db()
    assert mall.next_poll_at < later
    Connection.objects.update(next_poll_at=later, paused_until=later)
    assert "暂停" in said(client.post(address(mall, "poll_soon"), follow=True))[0]
    mall.refresh_from_db()
    assert mall.next_poll_at == later


def test_the_first_order_is_shown_with_its_page(
    seller: Seller, mall: Connection, browser: Callable[..., Client]
) -> None:
    first = seller.sells("1001")
    seller.sells("1002")
    html = browser(Role.ADMIN).get(address(mall)).content.decode()
    assert reverse("admin:orders_order_change", args=[first.pk]) in html
    assert "1002" not in html


def test_who_may_only_look_sees_the_steps_and_no_button(mall: Connection, browser: Callable[..., Client]) -> None:
    auditor = browser(Role.AUDITOR)
    html = auditor.get(address(mall)).content.decode()
    assert "去授权" not in html
    assert "保存勾选" not in html
    assert auditor.get(address(mall, "authorise")).status_code == 403
    for name in ("topics", "interval", "poll_soon"):
        assert auditor.post(address(mall, name)).status_code == 403
    assert browser(Role.CS).get(address(mall)).status_code == 403


def test_another_companys_connection_is_not_found(
    mall: Connection, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    client = browser(neighbour.people[Role.ADMIN])
    for name in ("setup", "authorise"):
        assert client.get(address(mall, name)).status_code == 404
    assert client.post(address(mall, "topics")).status_code == 404


def test_a_new_connection_leads_to_its_steps(seller: Seller, browser: Callable[..., Client]) -> None:
    form = {
        "name": "商城", "company": seller.company.pk, "shop": seller.shop.pk, "base_url": "http://127.0.0.1:9",
        "poll_seconds": 60, "enabled": "on", "setting_app_key": "1", "secret_app_secret": "s",
    }  # fmt: skip
    answer = browser(Role.ADMIN).post("/admin/integrations/connection/add/?adapter=mall", form, follow=True)
    assert answer.redirect_chain[-1][0] == address(Connection.objects.get())
    assert "已完成 0 / 6 步" in text_of(answer)
