"""Holds as they go in and come out."""

from rest_framework import serializers

from orders.api.fields import Moment, Money, Number, Shape, Strict, Text, Word
from orders.lifecycle import HoldReason
from orders.models import Hold as HoldRow


class HoldQuery(Strict):
    reason = Word("HoldReason", HoldReason, required=False, default="")
    state = Word("HoldState", HoldRow.State, required=False, default="")
    cursor = serializers.CharField(required=False, default="", max_length=300)
    page_size = serializers.IntegerField(required=False, default=50, min_value=1, max_value=200)


class LiftBody(Strict):
    reason = Text(max_length=500)
    outcome = Word("HoldOutcome", HoldRow.Outcome, required=False, default=HoldRow.Outcome.FALSE_ALARM)


class ConfirmBody(Strict):
    reason = Text(max_length=500)
    outcome = Word("Confirmed", (HoldRow.Outcome.CONFIRMED,), required=False, default=HoldRow.Outcome.CONFIRMED)


class HoldBrief(Shape):
    id = Number()
    reason = Word("HoldReason", HoldReason)
    note = Text()
    state = Word("HoldState", HoldRow.State)


class Hold(HoldBrief):
    order = Number()
    platform_order_id = Text()
    parcel = Number(allow_null=True)
    line = Number(allow_null=True)
    evidence = serializers.DictField()
    opened_at = Moment()
    opened_by = Text()
    due_at = Moment(allow_null=True)
    estimated_loss = Money(allow_null=True)
    four_eyes = serializers.BooleanField()
    outcome = Text(help_text="`confirmed` or `false_alarm` once a person has decided; empty before.")
    decision = Text()
    decided_by = Number(allow_null=True)
    decided_at = Moment(allow_null=True)


class HoldActed(Hold):
    event = Number(allow_null=True)
    version = Number()


class HoldList(Shape):
    results = Hold(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
