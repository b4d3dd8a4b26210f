"""`manage.py connect` and `manage.py sync`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from integrations.models import Connection
from tests.orders import factories

pytestmark = pytest.mark.django_db
VALUES = ["app_key=12345678", "app_secret=topsecret", "session=6100"]


def connect(shop: object, *values: str, url: str = "http://127.0.0.1:9/taobao") -> str:
    output = StringIO()
    call_command(
        "connect",
        "taobao",
        company=shop.company.code,  # type: ignore[attr-defined]
        shop=shop.code,  # type: ignore[attr-defined]
        name="淘宝",
        base_url=url,
        set=list(values),
        stdout=output,
    )
    return output.getvalue()


def test_a_connection_is_made_once_and_then_changed() -> None:
    shop = factories.shop()
    assert "created connection" in connect(shop, *VALUES)
    assert "updated connection" in connect(shop, "app_key=87654321", url="")
    row = Connection.objects.get(shop=shop)
    assert row.settings["app_key"] == "87654321"
    assert row.secrets() == {"app_secret": "topsecret", "session": "6100"}


def test_secrets_are_not_readable_in_the_row() -> None:
    shop = factories.shop()
    connect(shop, *VALUES)
    row = Connection.objects.get(shop=shop)
    assert b"topsecret" not in bytes(row.sealed_secrets)
    assert "app_secret" not in row.settings


def test_an_unknown_setting_is_refused_and_nothing_is_kept() -> None:
    with pytest.raises(CommandError, match="no setting colour"):
        connect(factories.shop(), *VALUES, "colour=red")
    assert not Connection.objects.exists()


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(CommandError, match="app_secret"):
        connect(factories.shop(), "app_key=1", "session=2")
    assert not Connection.objects.exists()


def test_syncing_a_connection_that_does_not_answer_says_so_and_goes_on() -> None:
    shop = factories.shop()
    connect(shop, *VALUES)
    output = StringIO()
    call_command("sync", stdout=output)
    assert "[network]" in output.getvalue()
    assert "receipts processed" in output.getvalue()


def test_syncing_an_unknown_connection_is_an_error() -> None:
    with pytest.raises(CommandError, match="no enabled connection"):
        call_command("sync", "777")


def test_an_empty_value_is_text_like_any_other() -> None:
    shop = factories.shop()
    connect(shop, *VALUES, "tmc_group=")
    assert Connection.objects.get().settings["tmc_group"] == ""
