"""Scans as they go in and come out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from orders.api.fields import Moment, Number, Shape, Strict, Text, Word, identity, optional_text
from orders.lifecycle import HoldReason, LabelState, ParcelState
from orders.services.packing import LARGEST_WAVE
from orders.services.scan_answers import ACTS
from orders.services.scan_words import VERDICTS

MOST_SCANS = 100
LONGEST_CODE = 300


class ScanBody(Strict):
    """One pull of the trigger."""

    nonce = Text(max_length=64, help_text="The device's own name for this scan: sent again, nothing happens twice.")
    code = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=LONGEST_CODE,
        trim_whitespace=False,
        help_text="As the scanner gave it.",
    )
    codes = serializers.ListField(
        child=Text(max_length=LONGEST_CODE, trim_whitespace=False),
        required=False,
        default=list,
        max_length=LARGEST_WAVE,
        help_text="Instead of `code`: the parcels of a wave, for `pack`.",
    )
    act = Word("ScanAct", ACTS)
    station = optional_text(60)
    device = optional_text(60)
    printer = optional_text(60)
    scanned_at = Moment(help_text="By the device's clock.")
    parcel = identity(
        required=False,
        allow_null=True,
        default=None,
        help_text="The parcel that is open on the device, or that was chosen among several.",
    )

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["codes"] and said["act"] != "pack":
            raise serializers.ValidationError({"codes": [_("只有 pack 可以一次说明多个包裹")]})
        if bool(said["codes"]) == bool(said["code"].strip()):
            raise serializers.ValidationError({"code": [_("请写明 code，或者只写明 codes")]})
        return said


class ScansBody(Strict):
    scans = ScanBody(many=True, min_length=1, max_length=MOST_SCANS)  # type: ignore[call-arg]


class ScansEnvelope(Strict):
    """The same as taken: a wrong scan is that scan's matter alone."""

    scans = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST_SCANS)


class SeenCode(Shape):
    kind = Word("CodeKind", ("waybill", "parcel", "order", "goods", "wave", "unknown"))
    code = Text(help_text="Without what the scanner added.")


class ScannedLabel(Shape):
    state = Word("LabelState", LabelState)
    generation = Number()
    copy = Number()


class ScannedHold(Shape):
    reason = Word("HoldReason", HoldReason)
    word = Text()
    note = Text()


class ScannedLine(Shape):
    id = Number()
    code = Text()
    name = Text()
    quantity = Number()
    checked = Number()
    barcodes = serializers.ListField(child=Text())


class ScannedParcel(Shape):
    """A parcel without the person it goes to."""

    id = Number()
    number = Text()
    state = Word("ParcelState", ParcelState)
    state_word = Text()
    order = Text(help_text="The platform's order id; several where orders were merged.")
    order_id = Number()
    held = serializers.BooleanField()
    carrier = Text()
    waybill = Text()
    label = ScannedLabel(allow_null=True)  # type: ignore[assignment]
    version = Number()
    holds = ScannedHold(many=True)
    lines = ScannedLine(many=True)
    complete = serializers.BooleanField(help_text="Every piece was checked.")


class ScanChoice(Shape):
    parcel = Number()
    label = Text()  # type: ignore[assignment]


class ScanPrint(Shape):
    id = Number(help_text="Report the result at `print-requests/{id}/result/`.")
    granted = serializers.BooleanField()
    waybill = Text()
    carrier = Text()
    copy = Number()


class WavePacked(Shape):
    parcel = Number()
    number = Text()


class WaveLeftOut(Shape):
    parcel = Number(allow_null=True)
    number = Text()
    reason = Text()


class ScanWave(Shape):
    packed = WavePacked(many=True)
    left_out = WaveLeftOut(many=True)


class ScanAnswer(Shape):
    nonce = Text(allow_null=True)
    verdict = Word("ScanVerdict", VERDICTS)
    word = Text()
    code = Text(help_text="Why not, for programs; empty where nothing was refused.")
    reason = Text()
    help = Text(help_text="What to do with the parcel, and who can release it.")
    allowed = serializers.ListField(child=Word("ScanAct", ACTS))
    act = Text(allow_null=True)
    repeat = serializers.BooleanField(help_text="Kept from the first time; nothing was done now.")
    seen = SeenCode()
    parcel = ScannedParcel(allow_null=True)
    choices = ScanChoice(many=True)
    print = ScanPrint(allow_null=True)
    wave = ScanWave(allow_null=True)
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=Text()), required=False, help_text="Of a scan that could not be read."
    )


class ScansAnswer(Shape):
    results = ScanAnswer(many=True, help_text="In the order of the request.")


SCANNING = f"""Up to {MOST_SCANS} scans in the order in which they were made, each decided by itself, in a
transaction of its own.

| act | code | does |
|---|---|---|
| `look` | any | nothing; says what it is |
| `check` | goods, with the open `parcel` | counts one piece |
| `pack` | a parcel's, a wave's, or `codes` with up to {LARGEST_WAVE} parcels | 仓管组长 confirms 已打包 |
| `print` | a parcel's | asks to print its label, once |
| `ship` | the waybill on the label, nothing else | hands over to the courier |

A code counts whole or not at all. Held orders answer `stop` to every act. The same `device`, `nonce` and content get
the answer that was kept, with `repeat`; the same nonce with other content is `nonce_reused` and does nothing. A scan
that cannot be read is `invalid`, with `errors`, and is not kept."""
