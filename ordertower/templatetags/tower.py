"""The back office's words in templates."""

from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from types import ModuleType
from typing import Any

from django.template import Library
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = Library()


def _words() -> ModuleType:
    """The theme renders a widget while it is imported, and loads every tag library for it: too early for our pages."""
    return import_module("orders.admin.words")


@register.filter
def ago(moment: datetime | str | None) -> SafeString | str:
    """Also of a time that evidence keeps as text; what is no time is shown as it is."""
    if isinstance(moment, str):
        return _words().ago(parse_datetime(moment)) if parse_datetime(moment) else moment
    return _words().ago(moment)


@register.filter
def exact(moment: datetime | None) -> str:
    return _words().exact(moment)


@register.filter
def span(value: timedelta) -> str:
    return _words().duration(value)


@register.filter
def seconds(milliseconds: int) -> str:
    return _("%(seconds).1f 秒") % {"seconds": milliseconds / 1000}


@register.filter
def deadline(moment: datetime | None) -> SafeString | str:
    return _words().deadline(moment)


@register.filter
def yuan(amount: Decimal | None) -> str:
    return _words().yuan(amount)


@register.filter
def state_badge(instance: Any) -> SafeString:
    return _words().state_badge(instance)


@register.filter
def tone(state: str) -> str:
    return _words().TONES.get(state, "grey")


@register.filter
def claim_word(status: str) -> str:
    return str(_words().CLAIMS.get(status, status))


@register.filter
def carrier_word(code: str) -> str:
    return str(_words().CARRIERS.get(code, code))


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key, "")
