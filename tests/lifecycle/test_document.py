"""docs/lifecycle.md draws and names what the code does, whoever reads it."""

from django.utils import translation

from orders.lifecycle import DEFAULT_POLICIES, Need
from ordertower import lifecycle_document
from ordertower.lifecycle_document import document
from tests.lifecycle.table import ORDER, PARCEL


def test_it_draws_every_legal_step_and_no_other() -> None:
    drawn = {tuple(line.split(":")[0].split()) for line in document().splitlines() if " --> " in line}
    steps = {
        (source, "-->", target) for row in (*ORDER.values(), *PARCEL.values()) for source, target in row.path.items()
    }
    # What a void of the only parcel does to its order.
    voids = {("to_pick", "-->", "paid"), ("packed", "-->", "paid")}
    assert drawn - {("[*]", "-->", "pending_payment"), ("[*]", "-->", "to_pick")} == steps | voids


def test_it_names_every_act_and_every_need() -> None:
    text = document()
    assert [move for _, move in DEFAULT_POLICIES if f"`{move}` |" not in text] == []
    assert [need for need in Need if f"| `{need}` | {need.label} |" not in text] == []


def test_it_is_the_same_in_any_language() -> None:
    with translation.override("en"):
        english = document()
    assert english == document()
    assert lifecycle_document.PATH.name == "lifecycle.md"
