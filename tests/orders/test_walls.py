"""Laws 5 and 11 as the database itself keeps them: by raw SQL, past every service."""

from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from orders import clock
from orders.lifecycle import HoldReason, LabelState, Role
from orders.models import (
    CommitCounter,
    DocumentLink,
    Event,
    ExternalDocument,
    FactKey,
    Hold,
    Label,
    Order,
    ReprintPermit,
)
from tests.orders import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    return factories.order()


@pytest.fixture
def label(order) -> Label:
    return Label.objects.create(parcel=factories.parcel(order), state=LabelState.LIVE, waybill="YT0001")


def sql(text: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return int(cursor.rowcount)


def refused(wall: str, text: str, *values: Any) -> None:
    with pytest.raises(IntegrityError, match=wall), transaction.atomic():
        sql(text, *values)


# Law 5: no second label without a person ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in LabelState if state not in (LabelState.VOID, LabelState.FAILED)])
def test_a_second_living_label_is_refused(label, state):
    with (
        pytest.raises(IntegrityError, match=r"one_living_label_per_parcel|orders_label.parcel_id"),
        transaction.atomic(),
    ):
        Label.objects.create(parcel=label.parcel, state=state, generation=2)
    assert Label.objects.count() == 1


def test_a_label_after_a_void_one_is_let_in(label):
    sql("UPDATE orders_label SET state = 'void' WHERE id = %s", label.pk)
    Label.objects.create(parcel=label.parcel, state=LabelState.LIVE, copy=2)
    assert Label.objects.count() == 2


LEGAL = {
    ("requested", "live"), ("requested", "failed"), ("requested", "void"),
    ("live", "claimed"), ("live", "printed"), ("live", "void"),
    ("claimed", "printed"), ("claimed", "unknown"), ("claimed", "failed"), ("claimed", "void"),
    ("unknown", "printed"), ("unknown", "failed"), ("unknown", "void"),
    ("printed", "void"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(LabelState.values, repeat=2)))
def test_a_label_goes_forward_only(order, before, after):
    label = Label.objects.create(parcel=factories.parcel(order), state=before)
    step = ("UPDATE orders_label SET state = %s, error = 'x' WHERE id = %s", after, label.pk)
    if before == after or (before, after) in LEGAL:
        assert sql(*step) == 1
    else:
        refused("a label never goes back", *step)
        assert Label.objects.get().state == before


def test_of_two_claims_of_one_label_the_second_finds_nothing(label):
    claim = ("UPDATE orders_label SET state = 'claimed' WHERE id = %s AND state = 'live'", label.pk)
    assert [sql(*claim), sql(*claim)] == [1, 0]


# Law 11: nobody lifts what they themselves caused -------------------------------------------------------------------


@pytest.fixture
def two_people() -> list[User]:
    return [factories.user(), factories.user()]


@pytest.mark.parametrize("part", ["first_by_id", "caused_by_id"])
def test_a_hold_is_not_decided_by_one_of_those_who_caused_it(order, two_people, part):
    first, other = two_people
    hold = Hold.objects.create(order=order, reason=HoldReason.DUPLICATE_PRINT, four_eyes=True, **{part: first.pk})
    lift = "UPDATE orders_hold SET state = 'lifted', decided_at = %s, decided_by_id = %s WHERE id = %s"
    refused("nobody_lifts_what_they_caused", lift, clock.now(), first.pk, hold.pk)
    assert Hold.objects.get().state == Hold.State.OPEN
    assert sql(lift, clock.now(), other.pk, hold.pk) == 1


def test_a_permit_is_not_decided_by_its_operator_or_by_who_caused_it(order, two_people):
    operator, other = two_people
    third = factories.user()
    permit = ReprintPermit.objects.create(
        company=order.company, operator=operator, caused_by=other, reason="卡纸", valid_until=clock.now()
    )
    decide = "UPDATE orders_reprintpermit SET decided_by_id = %s WHERE id = %s"
    refused("nobody_permits_their_own_reprint", decide, operator.pk, permit.pk)
    refused("nobody_permits_their_own_reprint", decide, other.pk, permit.pk)
    assert sql(decide, third.pk, permit.pk) == 1


# One fact, one effect; and what one engine alone would let pass -----------------------------------------------------


def test_a_fact_key_is_never_changed():
    FactKey.objects.create(connection="connection:1", key="trade:1", body_hash="a")
    refused("never changed", "UPDATE orders_factkey SET body_hash = 'b'")
    FactKey.objects.bulk_create(
        [FactKey(connection="connection:1", key="trade:1", body_hash="b")], ignore_conflicts=True
    )
    assert FactKey.objects.get().body_hash == "a"


def test_the_same_role_for_all_of_a_company_is_one_membership(order):
    person = factories.user(Role.CS, order.company)
    membership = person.membership_set.get()
    membership.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        membership.save(force_insert=True)


def test_the_same_link_without_a_parcel_is_one_link(order):
    document = ExternalDocument.objects.create(company=order.company, system="erp", kind="order", number="XSDD1")
    DocumentLink.objects.create(document=document, order=order)
    with pytest.raises(IntegrityError), transaction.atomic():
        DocumentLink.objects.create(document=document, order=order)


def test_the_counter_of_commits_is_there():
    assert CommitCounter.objects.filter(pk=1).exists()


# Emptying a database that is no evidence ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_flush_goes_past_the_walls_and_leaves_them_standing():
    factories.happens(factories.order(), "order_seen")
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()
    assert CommitCounter.objects.filter(pk=1).exists()
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)
    factories.happens(factories.order(), "order_seen")
    refused("append-only", "DELETE FROM orders_event")


def test_flush_is_refused_in_production(settings):
    settings.PRODUCTION = True
    factories.happens(factories.order(), "order_seen")
    with pytest.raises(CommandError, match="not in production"):
        call_command("flush", interactive=False, verbosity=0)
    assert Event.objects.exists()
