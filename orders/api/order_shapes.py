"""An order as it goes in and as it comes out (DESIGN's words, which scripts of others rely on)."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from orders.api.fields import LARGEST_ID, Moment, Money, Number, Shape, Strict, Text, Word, identity, optional_text
from orders.api.hold_shapes import HoldBrief
from orders.api.parcel_shapes import ParcelBrief
from orders.lifecycle import ORDER_MOVES, PARCEL_MOVES, CauseKind, HoldReason, OrderState
from orders.models import Event

# The word of the body → what a platform says of the order. Packing and picking are the tower's own matter.
STATUS = {
    "pending_payment": "unpaid",
    "paid": "paid",
    "to_pick": "paid",
    "packed": "paid",
    "shipped": "shipped",
    "signed": "signed",
    "cancelled": "closed",
}
MOVES = tuple(dict.fromkeys(str(move) for move in (*ORDER_MOVES, *PARCEL_MOVES)))
MOST_LINES = 500
MOST_ORDERS = 1000


class ReceiverBody(Strict):
    name = optional_text(60)
    phone = optional_text(40)
    province = optional_text(60)
    city = optional_text(60)
    district = optional_text(60)
    town = optional_text(60)
    address = optional_text(300)


class LineBody(Strict):
    platform_line_id = Text(max_length=64)
    sku = optional_text(100)
    title = Text(max_length=300)
    quantity = Number(min_value=1, max_value=1_000_000)
    price = Money()
    gift = serializers.BooleanField(default=False)
    closed = serializers.BooleanField(default=False)


class OrderBody(Strict):
    """One order as its platform shows it now."""

    shop = identity()
    platform_order_id = Text(max_length=64)
    state = Word("ReportedState", STATUS)
    placed_at = Moment()
    paid_at = Moment(required=False, allow_null=True, default=None)
    amount = Money()
    buyer_note = optional_text(2000)
    seller_note = optional_text(2000)
    ship_by = Moment(required=False, allow_null=True, default=None)
    modified_at = Moment(
        required=False,
        default=None,
        allow_null=True,
        help_text=(
            "When the platform last changed the order. The newest wins, whatever the order of arrival. "
            "Without it the time of the request counts, and an old body that comes late is taken for the newest."
        ),
    )
    receiver = ReceiverBody()
    lines = serializers.ListField(child=LineBody(), min_length=1, max_length=MOST_LINES)

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({line["platform_line_id"] for line in lines}) < len(lines):
            raise serializers.ValidationError(_("同一订单里子订单号不能重复"))
        return lines

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        paid = order["paid_at"] is not None
        if order["state"] == "pending_payment" and paid:
            raise serializers.ValidationError({"paid_at": [_("待支付的订单不能有付款时间")]})
        if order["state"] not in ("pending_payment", "cancelled") and not paid:
            raise serializers.ValidationError({"paid_at": [_("已付款的订单必须有付款时间")]})
        return order


class BulkBody(Strict):
    orders = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_ORDERS, help_text="Each as in `POST orders/`."
    )


class MoveBody(Strict):
    move = Word("Move", MOVES)
    version = Number(required=False, allow_null=True, default=None, min_value=0, help_text="The version you saw.")
    reason = optional_text(500)


class OrderQuery(Strict):
    """What a list of orders can be asked."""

    state = serializers.CharField(required=False, default="", help_text="One state, or several with commas.")
    shop = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=1, max_value=LARGEST_ID)
    held = serializers.BooleanField(required=False, allow_null=True, default=None)
    q = serializers.CharField(
        required=False,
        default="",
        max_length=200,
        help_text="A platform order id (or its beginning), order number, waybill, phone or its last four digits.",
    )
    updated_after = serializers.CharField(
        required=False,
        default="",
        max_length=300,
        help_text="A time, or the `cursor` of an earlier answer: orders in the order of their changes, none skipped.",
    )
    cursor = serializers.CharField(required=False, default="", max_length=300)
    page_size = serializers.IntegerField(required=False, default=50, min_value=1, max_value=200)

    def validate_state(self, text: str) -> tuple[str, ...]:
        states = tuple(part for part in text.split(",") if part)
        if set(states) - set(OrderState.values):
            raise serializers.ValidationError(_("没有这个状态"))
        return states


class PageQuery(Strict):
    cursor = serializers.CharField(required=False, default="", max_length=300)
    page_size = serializers.IntegerField(required=False, default=50, min_value=1, max_value=200)


class Receiver(Shape):
    name = Text(help_text="Masked: 王**")
    phone = Text(help_text="Masked: ***1234")
    province = Text()
    city = Text()
    district = Text()
    address = Text(help_text="Masked: ***")


class Line(Shape):
    id = Number()
    platform_line_id = Text()
    sku = Text()
    title = Text()
    quantity = Number()
    price = Money()
    gift = serializers.BooleanField()
    closed = serializers.BooleanField()


class Claim(Shape):
    system = Word("System", CauseKind)
    subject = Text(help_text="What it speaks of: the order, a parcel, a waybill.")
    status = Text()
    at = Moment()


class Order(Shape):
    id = Number()
    version = Number(help_text="Send it with an act; 409 `stale` where somebody was faster.")
    shop = Number()
    warehouse = Number(allow_null=True)
    platform_order_id = Text()
    number = Text(help_text="Under which warehouses know it.")
    state = Word("OrderState", OrderState)
    held = serializers.BooleanField()
    placed_at = Moment()
    paid_at = Moment(allow_null=True)
    ship_by = Moment(allow_null=True)
    amount = Money()
    buyer_note = Text()
    seller_note = Text()
    receiver = Receiver(allow_null=True)
    lines = Line(many=True)
    holds = HoldBrief(many=True)
    parcels = ParcelBrief(many=True)
    claims = Claim(many=True)
    allowed_moves = serializers.ListField(
        child=Word("Move", MOVES),
        help_text="By the caller's right, the state and the holds; goods and stock are asked when the move is made.",
    )
    created_at = Moment()
    updated_at = Moment()


class OrderActed(Order):
    event = Number(allow_null=True, help_text="The event on the timeline; null where nothing was new.")


class OrderList(Shape):
    results = Order(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    cursor = Text(
        required=False, allow_null=True, help_text="With `updated_after`: hand it in there to go on from here, later."
    )


class TimelineEvent(Shape):
    id = Number()
    seq = Number()
    verb = Text()
    result = Word("EventResult", Event.Result)
    actor = Text()
    actor_name = Text()
    role = Text()
    reason = Text()
    parcel = Number(allow_null=True)
    version = Number()
    facts = serializers.DictField()
    at = Moment()
    source_at = Moment(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's own.
        return {**super().get_fields(), "from": Text(), "to": Text()}


class Timeline(Shape):
    results = TimelineEvent(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class BulkResult(Shape):
    """`status` is what `POST orders/` would have answered to this one."""

    platform_order_id = Text(allow_null=True)
    status = Number()
    code = Text(help_text="`created`, `known`, or the code of the problem.")
    id = Number(required=False)
    version = Number(required=False)
    event = Number(required=False, allow_null=True)
    detail = Text(required=False)
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=Text()), required=False
    )


class BulkAnswer(Shape):
    results = BulkResult(many=True, help_text="In the order of the request.")


class HoldBody(Strict):
    reason = Word("HoldReason", HoldReason, default=HoldReason.MANUAL)
    note = optional_text(500)
    parcel = identity(required=False, allow_null=True, default=None)
    version = Number(required=False, allow_null=True, default=None, min_value=0)
