"""Making and changing a connection: settings and secrets told apart by the adapter's own fields."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from integrations.adapter import check_settings
from integrations.models import Connection
from integrations.registry import adapter_named
from orders.models import Company, Shop, Warehouse


class WrongSettings(ValueError):
    """What was given does not make a working connection; the text says what is missing or unknown."""


@dataclass(frozen=True, kw_only=True)
class Where:
    company: Company
    shop: Shop | None = None
    warehouse: Warehouse | None = None


def connect(
    adapter_name: str, *, where: Where, name: str, base_url: str = "", values: Mapping[str, str]
) -> tuple[Connection, bool]:
    """Create the connection of this name, or change what is given; True where it is new. `WrongSettings` otherwise."""
    adapter = adapter_named(adapter_name)
    fields = {field.name: field for field in adapter.fields}
    if unknown := sorted(set(values) - set(fields)):
        raise WrongSettings(f"{adapter_name} has no setting {', '.join(unknown)}; it has: {', '.join(sorted(fields))}")
    with transaction.atomic():
        connection, new = Connection.objects.select_for_update().get_or_create(
            company=where.company,
            adapter=adapter_name,
            name=name,
            defaults={"shop": where.shop, "warehouse": where.warehouse, "base_url": base_url},
        )
        connection.shop, connection.warehouse = where.shop or connection.shop, where.warehouse or connection.warehouse
        connection.base_url = base_url or connection.base_url
        secrets = connection.secrets()
        for key, text in values.items():
            target = secrets if fields[key].secret else connection.settings
            target[key] = _value(text)
        if not connection.base_url:
            raise WrongSettings("--base-url is missing")
        if errors := check_settings(adapter, connection.settings, secrets):
            raise WrongSettings("; ".join(f"{error.field}: {error.text}" for error in errors))
        connection.set_secrets(secrets)
        connection.save()
    return connection, new


def example_of(adapter_name: str, *, street: str) -> dict[str, Any]:
    """`base_url`, `settings` and `secrets` of a connection to the connector's own emulator, as it is by default.

    From the `connection.json` in its folder; `street` is the address of the emulators.
    """
    folder = Path(str(sys.modules[type(adapter_named(adapter_name)).__module__].__file__)).parent
    text = (folder / "connection.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.replace("{street}", street.rstrip("/")))
    return found


def _value(text: str) -> Any:
    """Objects, lists and numbers may be given as JSON; everything else is text, and so are long numbers."""
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError as error:
            raise WrongSettings(f"not JSON: {text}") from error
    return text
