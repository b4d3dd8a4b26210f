"""What one source said before, by the keys of its facts."""

from dataclasses import dataclass

from orders.models import FactKey
from orders.selectors.search import starts_with


@dataclass(frozen=True)
class Said:
    place: int
    key: str
    body_hash: str


def last_said(source: str, beginning: str) -> Said | None:
    """The newest fact of a source whose key begins so. One query, over the index that makes keys unique."""
    rows = FactKey.objects.filter(starts_with("key", beginning), connection=source).order_by("-pk")
    found = rows.values_list("pk", "key", "body_hash").first()
    return Said(*found) if found else None
