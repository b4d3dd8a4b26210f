"""The scan page's door: who comes in, what they are offered, in which language, and what the browser may do there."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from orders.lifecycle import LabelState, Role
from orders.models import TransitionPolicy
from orders.scan.acts import ACTS
from orders.scan.words import words
from tests.orders import factories
from tests.orders.factories import PASSWORD

STATIC = settings.BASE_DIR / "orders" / "static" / "scan"
SCRIPTS = sorted(STATIC.glob("*.js"))


def signs_in(person: User, *, password: str = PASSWORD, client: Client | None = None, **headers: str) -> Any:
    form = {"username": person.get_username(), "password": password}
    return (client or Client()).post("/scan/sign-in/", form, headers=headers)


def page_of(person: User) -> str:
    client = Client()
    client.force_login(person)
    return str(client.get("/scan/").content.decode())


def setup_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="setup" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    said: dict[str, Any] = json.loads(found[1])
    return said


# Signing in and out -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_who_is_not_signed_in_is_led_to_the_form_in_chinese() -> None:
    answer = Client().get("/scan/", follow=True, headers={"Accept-Language": "en"})
    assert answer.redirect_chain == [("/scan/sign-in/", 302)]
    assert answer["Content-Language"] == "zh-hans"
    assert "仓库扫描" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.PICKER, Role.SHIPPER, Role.WAREHOUSE_LEAD, Role.CS])
def test_anybody_who_works_somewhere_comes_in_without_a_right_to_the_back_office(role: Role) -> None:
    person, client = factories.user(role), Client()
    assert not person.is_superuser
    answer = signs_in(person, client=client)
    assert (answer.status_code, answer["Location"]) == (302, "/scan/")
    assert client.get("/scan/").status_code == 200
    # Who is in already does not have to sign in again.
    assert client.get("/scan/sign-in/")["Location"] == "/scan/"


@pytest.mark.django_db
def test_who_works_nowhere_is_told_so_and_not_let_in() -> None:
    client = Client()
    answer = signs_in(factories.user(), client=client)
    assert "没有在任何公司任职" in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_who_lost_their_last_role_is_sent_back_from_the_page_and_told_why() -> None:
    client = Client()
    client.force_login(factories.user())
    answer = client.get("/scan/", follow=True)
    assert answer.redirect_chain == [("/scan/sign-in/", 302)]
    assert "没有在任何公司任职" in answer.content.decode()


@pytest.mark.django_db
def test_a_left_employee_does_not_come_in() -> None:
    person = factories.user(Role.PICKER)
    person.is_active = False
    person.save()
    answer = signs_in(person)
    assert answer.status_code == 200
    assert "用户名或密码不对" in answer.content.decode()


@pytest.mark.django_db
def test_the_page_signs_the_same_person_in_again_without_being_left() -> None:
    person, client = factories.user(Role.PICKER), Client()
    refused = signs_in(person, password="不对", client=client, Accept="application/json")
    assert (refused.status_code, refused.json()) == (400, {"detail": "用户名或密码不对"})
    answer = signs_in(person, client=client, Accept="application/json")
    assert (answer.status_code, answer.json()) == (200, {"username": person.username})
    assert client.get("/scan/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_too_many_wrong_passwords_are_answered_in_words(accept: str) -> None:
    person, client = factories.user(Role.PICKER), Client()
    for _try in range(settings.AXES_FAILURE_LIMIT):
        answer = signs_in(person, password="不对", client=client, Accept=accept)
    assert answer.status_code == 429
    said = answer.json()["detail"] if accept.endswith("json") else answer.content.decode()
    assert "密码错了太多次，请等几分钟再试" in said
    # The right one does not help before the time is over.
    assert signs_in(person, client=client, Accept=accept).status_code == 429
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_signing_out_is_a_deed_and_not_a_link() -> None:
    client = Client()
    client.force_login(factories.user(Role.PICKER))
    assert client.get("/scan/sign-out/").status_code == 405
    assert client.post("/scan/sign-out/")["Location"] == "/scan/sign-in/"
    assert client.get("/scan/").status_code == 302


@pytest.mark.django_db
def test_a_forged_form_of_another_site_signs_nobody_in_or_out() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.user(Role.PICKER))
    assert client.post("/scan/sign-out/").status_code == 403
    assert signs_in(factories.user(Role.PICKER), client=client).status_code == 403


# What is offered ----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.WAREHOUSE_LEAD, ["look", "check", "pack"]),
        (Role.PICKER, ["look", "check", "print"]),
        (Role.SHIPPER, ["look", "check", "print", "ship"]),
        (Role.CS, ["look"]),
        (Role.AUDITOR, ["look"]),
    ],
)
def test_only_the_jobs_of_the_role_are_offered(role: Role, acts: list[str]) -> None:
    assert setup_in(page_of(factories.user(role)))["acts"] == acts


@pytest.mark.django_db
def test_a_changed_policy_changes_what_is_offered_where_it_holds() -> None:
    here, elsewhere = factories.warehouse(), factories.warehouse()
    rule = {"company": here.company, "act": "parcel.pack", "needs": [], "causes": [], "version": 1}
    TransitionPolicy.objects.create(**rule, warehouse=here, roles=[Role.SHIPPER])
    assert "pack" in setup_in(page_of(factories.user(Role.SHIPPER, warehouse=here)))["acts"]
    assert "pack" in setup_in(page_of(factories.user(Role.SHIPPER, here.company)))["acts"]
    assert "pack" not in setup_in(page_of(factories.user(Role.WAREHOUSE_LEAD, warehouse=here)))["acts"]
    assert "pack" not in setup_in(page_of(factories.user(Role.SHIPPER, warehouse=elsewhere)))["acts"]


@pytest.mark.django_db
def test_the_page_names_the_person_and_gives_no_data_of_anybody_else() -> None:
    person = factories.user(Role.PICKER)
    page = page_of(person)
    assert "张三" in page
    assert setup_in(page) == {"username": person.username, "acts": ["look", "check", "print"]}


@pytest.mark.django_db
def test_the_language_of_the_person_is_the_language_of_the_page() -> None:
    client = Client()
    client.force_login(factories.user(Role.PICKER))
    assert '<html lang="zh-hans">' in client.get("/scan/").content.decode()
    client.post("/language/", {"language": "en", "next": "/scan/"})
    assert '<html lang="en">' in client.get("/scan/").content.decode()


# What the browser may do --------------------------------------------------------------------------------------------
class Inline(HTMLParser):
    """Collects what a strict policy forbids, and what is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.forbidden += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.forbidden.append(tag)
        if tag == "script" and given.get("src"):
            self.loaded.append(str(given["src"]))
        if tag == "link":
            self.loaded.append(str(given["href"]))


@pytest.mark.django_db
def test_the_policy_is_strict_and_the_pages_keep_to_it() -> None:
    client = Client()
    pages = [client.get("/scan/sign-in/")]
    client.force_login(factories.user(Role.PICKER))
    pages.append(client.get("/scan/"))
    for answer in pages:
        policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
        assert set(policy["script-src"].split()) == {"'self'", "'wasm-unsafe-eval'"}
        assert policy["style-src"] == "'self'"
        assert policy["default-src"] == "'self'"
        found = Inline()
        found.feed(answer.content.decode())
        assert found.forbidden == []
        assert all(address.startswith("/static/") for address in found.loaded)
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_the_back_office_and_the_api_keep_their_own_policies() -> None:
    assert "'unsafe-eval'" in Client().get("/admin/login/")["Content-Security-Policy"]
    assert "unsafe-eval" not in Client().get("/healthz")["Content-Security-Policy"]


def test_the_scripts_are_small_plain_and_write_no_html() -> None:
    assert len(SCRIPTS) > 5
    assert sum(path.stat().st_size for path in SCRIPTS) < 150_000
    for path in SCRIPTS:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", source)


def test_every_word_that_a_script_says_is_there_and_no_other() -> None:
    code = "".join(re.sub(r"//.*", "", path.read_text(encoding="utf-8")) for path in SCRIPTS)
    known = set(words())
    assert set(re.findall(r'\bsay\("(\w+)"', code)) <= known
    put_together = {*ACTS, *(f"label_{state}" for state in LabelState), "pass", "stop", "wrong", "same"}
    assert put_together <= known
    assert {key for key in known - put_together if f'"{key}"' not in code} == set()
    # What stands in a script cannot be said in English.
    assert re.findall(r"[\u3400-\u9fff]+", code) == []
