"""What a system without a connector can report: the complete table of kinds, and the shapes of both sides."""

from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from orders.api.fields import Moment, Money, Number, Shape, Strict, Text, Word, optional_text
from orders.lifecycle import CauseKind
from orders.models import AfterSale

MOST_EVENTS = 1000


@dataclass(frozen=True)
class Kind:
    """What a kind becomes: `report`, `print`, `track`, `word` or `refund`, and its stage in the tower's own words."""

    becomes: str
    stage: str
    means: str


_WAREHOUSE = {
    "accepted": Kind("report", "accepted", "took the order over"),
    "printed": Kind("print", "printed", "printed the label by itself; another time or waybill is another print"),
    "picking": Kind("report", "picking", "picks"),
    "checked": Kind("report", "checked", "checked the goods"),
    "packed": Kind("report", "packed", "packed"),
    "weighed": Kind("report", "weighed", "weighed"),
    "staged": Kind("report", "staged", "put aside for the courier"),
    "shipped_part": Kind("report", "shipped_part", "handed a part to the courier"),
    "shipped": Kind("report", "shipped", "handed to the courier"),
    "signed": Kind("report", "signed", "was told that the receiver signed"),
    "refused": Kind("report", "refused", "was told that the receiver refused"),
    "rejected": Kind("report", "rejected", "did not take the order"),
    "cancelled": Kind("report", "cancelled", "cancelled there; a contradiction as long as the platform did not"),
    "cancel_failed": Kind("report", "cancel_failed", "could not cancel there"),
    "exception": Kind("report", "exception", "has a problem with it"),
    "other": Kind("report", "other", "said something that is none of these; only shown"),
}
# System → kind → what becomes of it. What is not here is refused as `invalid`.
KINDS: dict[str, dict[str, Kind]] = {
    str(CauseKind.WMS): _WAREHOUSE,
    str(CauseKind.ERP): _WAREHOUSE,
    str(CauseKind.COURIER): {
        "label_created": Kind("track", "label_created", "knows the waybill; nothing has moved"),
        "picked_up": Kind("track", "picked_up", "has the parcel"),
        "shipped": Kind("track", "picked_up", "the same as `picked_up`"),
        "in_transit": Kind("track", "in_transit", "carries it"),
        "out_for_delivery": Kind("track", "out_for_delivery", "is on the way to the door"),
        "at_pickup_point": Kind("track", "at_pickup_point", "left it at a pick-up point"),
        "signed": Kind("track", "signed", "delivered it"),
        "exception": Kind("track", "exception", "has a problem with it"),
        "refused": Kind("track", "refused", "the receiver refused it"),
        "returning": Kind("track", "returning", "brings it back"),
        "returned": Kind("track", "returned", "brought it back"),
        "cancelled": Kind("track", "cancelled", "cancelled the waybill"),
    },
    str(CauseKind.PLATFORM): {
        "shipped": Kind("word", "shipped", "shows it as shipped: a claim, no parcel moves by it"),
        "signed": Kind("word", "signed", "shows it as signed: a claim"),
        "finished": Kind("word", "finished", "closed the sale as done: a claim"),
        "refund_requested": Kind("refund", AfterSale.State.OPEN, "the buyer asks for a refund: stops goods not gone"),
        "refund_withdrawn": Kind("refund", AfterSale.State.WITHDRAWN, "the buyer withdrew it; wins whenever it comes"),
        "refund_refused": Kind("refund", AfterSale.State.REFUSED, "the refund was refused"),
        "refund_done": Kind("refund", AfterSale.State.DONE, "the money went back"),
    },
}
SYSTEMS = tuple(KINDS)
EVERY_KIND = tuple(dict.fromkeys(kind for kinds in KINDS.values() for kind in kinds))

# What the tower reads of `data`; the rest is not kept, and the answer says so.
_DATA_HELP = {
    "carrier": "The courier's code, such as `sf`.",
    "operator": "Who did it there; a WMS operator who is mapped to 仓管组长 confirms 已打包.",
    "status": "The system's own word, shown to people.",
    "text": "The courier's own sentence, shown to people.",
    "refund_id": "The platform's number of the refund; needed for every `refund_…`.",
    "refund_kind": "For a `refund_…`.",
    "line": "The `platform_line_id` a refund is for; empty: the whole order.",
    "amount": "Of a refund.",
}


class EventData(serializers.Serializer):
    """Words that some kinds read."""

    carrier = optional_text(20)
    operator = optional_text(50)
    status = optional_text(60)
    text = optional_text(200)
    refund_id = optional_text(64)
    refund_kind = Word(
        "RefundKind", AfterSale.Kind, required=False, default=AfterSale.Kind.REFUND_ONLY, help_text="For a `refund_…`."
    )
    line = optional_text(64)
    amount = Money(required=False, allow_null=True, default=None)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name, text in _DATA_HELP.items():
            fields[name].help_text = text
        return fields


class EventBody(Strict):
    """One thing that happened elsewhere."""

    key = Text(max_length=100, help_text="The sender's own name for this event: sent twice, it has one effect.")
    system = Word("ReportingSystem", SYSTEMS)
    kind = Word("EventKind", EVERY_KIND, help_text="Which kinds a system has is in the table above.")
    order = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=90,
        help_text=(
            "The tower's order number, a parcel's number, the platform's order id, or the reporting system's own "
            "document number. Not needed where `waybill` says it."
        ),
    )
    waybill = optional_text(60)
    occurred_at = Moment(help_text="By the clock of the system where it happened; not the time of the report.")
    data = EventData(required=False)  # type: ignore[assignment]


class EventsBody(Strict):
    events = serializers.ListField(child=EventBody(), min_length=1, max_length=MOST_EVENTS)


class EventsEnvelope(Strict):
    """The same as taken: a wrong event is that event's matter alone."""

    events = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST_EVENTS)


CODES = {
    "done": "recorded; it moved something or was news",
    "repeat": "known already under this key; no effect",
    "stale_fact": "recorded; something newer or further was known, nothing moved",
    "unknown_subject": "no such order here (yet): nothing is kept, send it again later",
    "conflicting_body": "the key was used for other content: nothing is applied, the order's timeline shows it",
    "invalid": "cannot be taken as it is; `detail` and `errors` say why. Nothing is kept",
    "role": "the caller may not speak for this system or this shop. Nothing is kept",
    "busy": "the database did not answer in time: send it again",
    "internal": "our fault: send it again",
}


class EventTold(Shape):
    key = Text(allow_null=True)
    code = Word("EventCode", CODES)
    order = Number(allow_null=True)
    event = Number(allow_null=True, help_text="The event on the order's timeline; null where nothing was new.")
    detail = Text()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=Text()), required=False
    )


class EventsAnswer(Shape):
    results = EventTold(many=True, help_text="In the order of the request.")


def _table() -> str:
    rows = ["| system | kind | it says that the system |", "|---|---|---|"]
    shared = [name for name, kinds in KINDS.items() if kinds is _WAREHOUSE]
    for system, kinds in KINDS.items():
        if system in shared[1:]:
            continue
        named = " or ".join(f"`{name}`" for name in (shared if system in shared else [system]))
        rows += [f"| {named} | `{kind}` | {row.means} |" for kind, row in kinds.items()]
    return "\n".join(rows)


REPORTING = f"""For a system without a connector. Up to {MOST_EVENTS:,} events, each taken or refused by itself, in a
transaction of its own.

{_table()}

**What is acknowledged is held, and only that:** an event with the code `done`, `repeat` or `stale_fact` is committed.
Every other code keeps nothing; correct the event or send it again, with the same `key` and without the old
`Idempotency-Key` (which would repeat the old answer).

| code | means |
|---|---|
{chr(10).join(f"| `{code}` | {text} |" for code, text in CODES.items())}

**Time.** The newest by `occurred_at` wins, whatever the order of arrival. A time more than five minutes ahead of the
tower's clock is `invalid`: it would win over everything true that comes later. Set the clock right and send it again.

**Whom it is about.** `order` or `waybill`; a courier's event needs `waybill`, and is `invalid` where that contradicts
its `order`. A number that means several orders is `invalid` too: report each by its own number.

**Who may say it.** A key that acts as a system speaks for that system alone; a key of the tower's own (`system`)
carries the word of any. A person needs to be 运营主管, 集成账号 or 系统管理员 of the whole company.

A payment, a change or a cancellation on the platform is told by `POST orders/`. A print that the tower granted is told
at `print-requests/{{id}}/result/`: here it would be a second print. 已打包 moves the parcel only where the warehouse's
settings accept the WMS's word or its `operator` is mapped to a 仓管组长; an ERP's word never does."""
