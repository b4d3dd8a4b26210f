"""The language of an answer: the user's setting, else the cookie, else Chinese; Accept-Language only for the API."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.translation import gettext

from ordertower.language import ChosenLanguage, set_language

COOKIE = settings.LANGUAGE_COOKIE_NAME


def asked(
    path: str = "/admin/", *, user: Any = None, cookies: dict[str, str] | None = None, **headers: str
) -> HttpRequest:
    request = RequestFactory().get(path, headers=headers)
    request.COOKIES.update(cookies or {})
    if user is not None:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "s"
        request.user = user
    return request


def answered(request: HttpRequest) -> HttpResponse:
    return ChosenLanguage(lambda _request: HttpResponse(gettext("待支付")))(request)


def wants(language: str) -> SimpleNamespace:
    return SimpleNamespace(preference=SimpleNamespace(language=language))


@pytest.mark.parametrize(
    ("request_", "language"),
    [
        (asked(), "zh-hans"),
        (asked(accept_language="en"), "zh-hans"),
        (asked(cookies={COOKIE: "en"}), "en"),
        (asked(cookies={COOKIE: "fr"}), "zh-hans"),
        (asked(user=wants("en"), cookies={COOKIE: "zh-hans"}), "en"),
        (asked(user=wants(""), cookies={COOKIE: "en"}), "en"),
        (asked(user=SimpleNamespace(), cookies={COOKIE: "en"}), "en"),
        (asked("/api/v1/orders/"), "zh-hans"),
        (asked("/api/v1/orders/", accept_language="en-GB,en;q=0.8"), "en"),
        (asked("/api/v1/orders/", accept_language="fr,zh-CN;q=0.5,en;q=0.1"), "zh-hans"),
        (asked("/api/v1/orders/", accept_language="fr"), "zh-hans"),
        (asked("/api/v1/orders/", cookies={COOKIE: "en"}, user=wants("en")), "zh-hans"),
    ],
)
def test_the_language_is_chosen_by_setting_cookie_or_default(request_: HttpRequest, language: str) -> None:
    response = answered(request_)
    assert response.headers["Content-Language"] == language
    assert response.content.decode() == {"en": "Pending payment", "zh-hans": "待支付"}[language]


def test_what_the_answer_varies_on_is_said() -> None:
    assert answered(asked()).headers["Vary"] == "Cookie"
    assert answered(asked("/api/")).headers["Vary"] == "Accept-Language"


def test_without_a_session_no_user_is_asked() -> None:
    class Costly:
        @property
        def preference(self) -> None:
            raise AssertionError("a query that a webhook need not pay for")

    request = asked()
    request.user = Costly()  # type: ignore[assignment]
    assert answered(request).headers["Content-Language"] == "zh-hans"


def switched(**posted: str) -> HttpResponse:
    return set_language(RequestFactory().post("/language/", posted))


def test_the_switch_keeps_the_choice_in_a_cookie_and_goes_back() -> None:
    response = switched(language="en", next="/admin/orders/?q=1")
    assert response.status_code == 302
    assert response.headers["Location"] == "/admin/orders/?q=1"
    assert response.cookies[COOKIE].value == "en"
    assert response.cookies[COOKIE]["samesite"] == "Lax"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_switch_leads_to_no_strange_place(back: str) -> None:
    assert switched(language="en", next=back).headers["Location"] == "/"


def test_an_unknown_language_is_refused_and_nothing_is_kept() -> None:
    response = switched(language="fr")
    assert response.status_code == 400
    assert not response.cookies


def test_the_switch_needs_post() -> None:
    assert set_language(RequestFactory().get("/language/")).status_code == 405


def test_the_switch_also_changes_what_the_user_had_set() -> None:
    saved: list[list[str]] = []
    preference = SimpleNamespace(language="zh-hans", save=lambda *, update_fields: saved.append(update_fields))
    request = RequestFactory().post("/language/", {"language": "en"})
    request.user = SimpleNamespace(preference=preference)  # type: ignore[assignment]
    set_language(request)
    assert preference.language == "en"
    assert saved == [["language"]]
