"""`manage.py flush`, which also empties the database after each test: the roles' groups keep their rights."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from orders.models import Company
from ordertower.management.commands.flush import Command, in_groups
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_is_gone_but_the_rights_of_the_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Command, "rights", {})
    before = in_groups()
    assert ("integrations", "view_ledgerbucket") in before["admin"]
    assert ("integrations", "view_passage") in before["ops_manager"]
    factories.company()
    call_command("flush", interactive=False)
    assert not Company.objects.exists()
    assert in_groups() == before


def test_what_a_test_did_to_a_group_is_gone_with_it() -> None:
    before = in_groups()
    Group.objects.get(name="picker").permissions.add(Permission.objects.get(codename="view_trouble"))
    Group.objects.create(name="visitors")
    assert in_groups() != before
    call_command("flush", interactive=False)
    assert in_groups() == before


def test_in_production_the_trail_is_not_emptied(settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not in production"):
        call_command("flush", interactive=False)
    settings.PRODUCTION = False


def test_a_person_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.company()
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="nothing was deleted"):
        call_command("flush", interactive=True)
    assert Company.objects.exists()
