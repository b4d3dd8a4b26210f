"""What the order page shows of the systems' contradictions: the page's template is the project's, its rows are not."""

from importlib import import_module
from typing import Any

from django.template import Library

register = Library()


@register.simple_tag
def contradictions_of(order_id: int) -> list[tuple[str, Any]]:
    """Title and row of each that stands. Imported late: the theme loads every tag library while it is imported."""
    page = import_module("integrations.admin.contradictions")
    return [(page.title_of(row), row) for row in page.standing_of(order_id)]
