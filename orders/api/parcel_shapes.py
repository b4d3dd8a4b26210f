"""Parcels, labels and prints as they go in and come out."""

from decimal import Decimal

from rest_framework import serializers

from orders.api.fields import Moment, Money, Number, Shape, Strict, Text, Word, optional_text
from orders.api.hold_shapes import HoldBrief
from orders.lifecycle import PARCEL_MOVES, LabelState, ParcelState
from orders.models import Parcel as ParcelRow


class Kilograms(Money):
    """A weight as a string, such as "0.42"."""

    def __init__(self, **options: object) -> None:
        super().__init__(**{"max_digits": 7, "decimal_places": 3, "min_value": Decimal(0), **options})


class ParcelMoveBody(Strict):
    move = Word("ParcelMove", PARCEL_MOVES)
    weight = Kilograms(required=False, allow_null=True, default=None, help_text="Kilograms.")
    version = Number(
        required=False, allow_null=True, default=None, min_value=0, help_text="Of the parcel's (first) order."
    )
    reason = optional_text(500)


class WaybillBody(Strict):
    carrier = optional_text(20)
    version = Number(required=False, allow_null=True, default=None, min_value=0)
    reason = optional_text(500)


class PrintBody(Strict):
    station = optional_text(60)
    printer = optional_text(60)
    version = Number(required=False, allow_null=True, default=None, min_value=0)
    reason = optional_text(500)


class PrintResultBody(Strict):
    outcome = Word("PrintOutcome", ("printed", "failed", "unknown"))
    reason = optional_text(500)


class LabelBrief(Shape):
    id = Number()
    state = Word("LabelState", LabelState)
    generation = Number()
    copy = Number()


class Label(LabelBrief):
    carrier = Text()
    waybill = Text()
    error = Text()


class ParcelBrief(Shape):
    id = Number()
    number = Text()
    state = Word("ParcelState", ParcelState)
    waybill = Text(help_text="Empty until the courier gave one.")
    carrier = Text()
    label = LabelBrief(allow_null=True)  # type: ignore[assignment]


class ParcelLine(Shape):
    line = Number()
    order = Number()
    sku = Text()
    title = Text()
    quantity = Number()


class Parcel(ParcelBrief):
    label = Label(allow_null=True)
    version = Number(help_text="Of the parcel's (first) order.")
    orders = serializers.ListField(child=Number())
    warehouse = Number(allow_null=True)
    kind = Word("ParcelKind", ParcelRow.Kind)
    weight = Kilograms(allow_null=True)
    held = serializers.BooleanField()
    holds = HoldBrief(many=True)
    lines = ParcelLine(many=True)
    packed_at = Moment(allow_null=True)
    shipped_at = Moment(allow_null=True)
    signed_at = Moment(allow_null=True)
    allowed_moves = serializers.ListField(child=Word("ParcelMove", PARCEL_MOVES))


class ParcelActed(Parcel):
    event = Number(allow_null=True)


class WaybillAnswer(Label):
    label = Label(help_text="The same once more.")  # type: ignore[assignment]
    event = Number(allow_null=True)
    version = Number()


class PrintGranted(Shape):
    id = Number(help_text="Report the result under this id.")
    granted = serializers.BooleanField()
    label = Number()  # type: ignore[assignment]
    copy = Number()
    event = Number(allow_null=True)
    version = Number()


class PrintResultAnswer(Shape):
    id = Number()
    outcome = Word("PrintOutcome", ("printed", "failed", "unknown"))
    label = Label()  # type: ignore[assignment]
    code = Text(help_text="`done`, `repeat`, or `stale_fact` where the label had moved on.")
    event = Number(allow_null=True)
    version = Number()
