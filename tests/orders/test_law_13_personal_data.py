"""Law 13: personal data is encrypted at rest, and masked wherever it is seen."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.db import connection

from orders import sealing
from orders.models import AddressVersion, Order
from orders.services.address import open_address
from tests.properties.cast import OLD, Stage, stage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

CANARY = replace(OLD, name="金丝雀鸣", phone="13912345678", address="金丝雀路 77 号 6 单元")


def lives(address: object = CANARY) -> tuple[Stage, Order]:
    on = stage()
    on.hears(on.picture("paid", 1, "paid", receiver=address))
    on.hears(on.report("accepted", 2))
    return on, Order.objects.get(shop=on.shop)


def everything_in_the_database() -> str:
    """Every row of every table of our own as text; binary columns as far as they can be read as text."""
    texts = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                texts += [
                    bytes(v).decode("utf-8", "replace") if isinstance(v, bytes | memoryview) else str(v) for v in row
                ]
    return "\n".join(texts)


def test_law_13_no_table_holds_a_person_in_the_clear() -> None:
    lives()
    stored = everything_in_the_database()
    assert "CREAM-50" in stored
    for secret in (CANARY.name, CANARY.phone, CANARY.address):
        assert secret not in stored


def test_law_13_the_order_s_own_key_opens_its_address() -> None:
    _, order = lives()
    assert open_address(order, AddressVersion.objects.get(order=order)).phone == CANARY.phone


def test_law_13_a_cipher_text_moved_to_another_order_does_not_open() -> None:
    _, order = lives()
    _, other = lives()
    row = AddressVersion.objects.get(order=order)
    row.sealed = AddressVersion.objects.get(order=other).sealed
    with pytest.raises(sealing.CannotOpen):
        open_address(order, row)


def test_law_13_shredding_the_key_shreds_the_person() -> None:
    _, order = lives()
    Order.objects.filter(pk=order.pk).update(wrapped_key=None)
    order.refresh_from_db()
    with pytest.raises(sealing.CannotOpen):
        open_address(order, AddressVersion.objects.get(order=order))


def test_law_13_a_phone_is_found_by_its_blind_index_alone() -> None:
    _, order = lives()
    assert Order.objects.get(phone_index=sealing.blind("phone", CANARY.phone)) == order
    assert Order.objects.get(last_four_index=sealing.blind("last4", "5678")) == order


def test_law_13_a_new_master_key_still_opens_what_the_old_one_wrapped(settings: object) -> None:
    _, order = lives()
    settings.TOWER_MASTER_KEYS = ["a newer key", *settings.TOWER_MASTER_KEYS]  # type: ignore[attr-defined]
    assert open_address(order, AddressVersion.objects.get(order=order)).name == CANARY.name
