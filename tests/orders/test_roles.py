"""A role is a membership for the moves and a group for the pages; both come and go together."""

import pytest
from django.contrib.auth.models import Group

from orders.lifecycle import Role
from orders.models import Membership
from orders.services.roles import WrongWarehouse, grant, revoke
from tests.orders import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", Role)
def test_every_role_has_its_group(role):
    assert Group.objects.filter(name=role.value).exists()


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.ADMIN, "orders.add_shop integrations.change_connection orders.view_event", "orders.change_order"),
        (
            Role.OPS_MANAGER,
            "orders.change_transitionpolicy orders.reveal_receiver orders.change_hold",
            "orders.add_shop",
        ),
        (Role.CS, "orders.view_order orders.reveal_receiver", "orders.change_order orders.see_raw_messages"),
        (Role.WAREHOUSE_LEAD, "orders.view_parcel orders.view_label", "orders.reveal_receiver orders.view_event"),
        (Role.PICKER, "orders.view_scan", "orders.view_anchor"),
        (Role.SHIPPER, "orders.view_hold", "orders.change_hold"),
        (Role.FINANCE, "orders.view_order", "orders.view_parcel"),
        (Role.AUDITOR, "orders.view_event orders.view_anchor orders.view_historicalorder", "orders.change_hold"),
        (Role.INTEGRATOR, "", "orders.view_order"),
    ],
)
def test_a_role_opens_its_pages_and_no_others(role, may, may_not):
    person = factories.user(role)
    assert person.has_perms(may.split())
    assert not any(person.has_perm(permission) for permission in may_not.split())


def test_nobody_may_touch_the_trail():
    acts = (
        "orders.add_event",
        "orders.change_event",
        "orders.delete_event",
        "orders.delete_anchor",
        "orders.add_order",
    )
    for role in Role:
        assert not any(factories.user(role).has_perm(act) for act in acts)


def test_the_same_grant_again_changes_nothing():
    company = factories.company()
    person = factories.user(Role.CS, company)
    assert grant(person, company, Role.CS) == Membership.objects.get(user=person)
    assert Membership.history.filter(user=person).count() == 1


def test_office_staff_may_enter_the_back_office_and_pickers_may_not():
    assert factories.user(Role.WAREHOUSE_LEAD).is_staff
    assert not factories.user(Role.PICKER).is_staff


def test_the_group_stays_until_the_last_membership_of_the_role_is_gone():
    company, warehouse = factories.company(), factories.warehouse()
    person = factories.user(Role.WAREHOUSE_LEAD, company)
    grant(person, warehouse.company, Role.WAREHOUSE_LEAD, warehouse=warehouse)
    assert revoke(person, company, Role.WAREHOUSE_LEAD)
    assert person.groups.filter(name="warehouse_lead").exists()
    assert revoke(person, warehouse.company, Role.WAREHOUSE_LEAD, warehouse=warehouse)
    assert not person.groups.exists()
    assert not person.is_staff
    assert not revoke(person, company, Role.WAREHOUSE_LEAD)


def test_a_role_in_another_company_s_warehouse_is_refused():
    person, warehouse = factories.user(), factories.warehouse()
    with pytest.raises(WrongWarehouse):
        grant(person, factories.company(), Role.PICKER, warehouse=warehouse)
    assert not Membership.objects.filter(user=person).exists()


def test_who_granted_it_is_in_the_history():
    boss, person, company = factories.user(Role.ADMIN), factories.user(), factories.company()
    grant(person, company, Role.CS, by=boss)
    assert Membership.history.get(user=person).history_user == boss
