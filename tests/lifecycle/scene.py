"""A shop whose warehouse prints through the tower, a person per role, and one order brought to where it is wanted.

Everything is reached by the same services that people and systems use; nothing here writes a state.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models, transaction

from orders.lifecycle import CauseKind, HoldReason, OrderState, ParcelState, Role
from orders.models import (
    AddressVersion,
    AfterSale,
    Event,
    Goods,
    Hold,
    Label,
    Order,
    OrderLine,
    PackLine,
    Parcel,
    ParcelLine,
    PrintAttempt,
    ReprintPermit,
    Reservation,
    SkuMap,
    Stock,
)
from orders.services import holds, labels
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from orders.vocabulary import Cause
from tests.orders import factories
from tests.properties.cast import Stage

# Everything that a refused command must leave as it was.
WATCHED: tuple[type[models.Model], ...] = (
    Order, OrderLine, Parcel, ParcelLine, PackLine, Label, PrintAttempt, ReprintPermit, Hold, AfterSale,
    AddressVersion, Reservation, Stock, Order.history.model,
)  # fmt: skip
WHO: tuple[str, ...] = (*map(str, Role), *map(str, CauseKind))


@dataclass
class Scene:
    stage: Stage
    people: dict[str, User]

    # Who asks -----------------------------------------------------------------------------------------------------
    def cause(self, who: str) -> Cause:
        """A person of that role, or an outside system; the kind `person` alone is somebody without a name."""
        if who in CauseKind.values:
            return Cause(kind=CauseKind(who), source=who)
        return Cause(kind=CauseKind.PERSON, user_id=self.people[who].pk, source=f"后台 {who}")

    # What is there ------------------------------------------------------------------------------------------------
    @property
    def order(self) -> Order:
        return Order.objects.get(shop=self.stage.shop, platform_order_id=self.stage.order_id)

    @property
    def parcels(self) -> list[Parcel]:
        return list(Parcel.objects.filter(lines__order_line__order=self.order).distinct().order_by("pk"))

    @property
    def parcel(self) -> Parcel:
        """The newest."""
        return self.parcels[-1]

    @property
    def label(self) -> Label:
        return Label.objects.filter(parcel=self.parcel).latest("pk")

    def events(self, *, after: int = 0) -> list[Event]:
        return list(Event.objects.filter(stream=self.order.stream, seq__gt=after).order_by("seq"))

    def verbs(self, *, after: int = 0) -> list[str]:
        return [event.verb for event in self.events(after=after)]

    def open_reasons(self) -> list[str]:
        return sorted(Hold.objects.filter(order=self.order, state="open").values_list("reason", flat=True))

    # What people do -----------------------------------------------------------------------------------------------
    def moves(self, name: str, who: str, **more: Any) -> Outcome:
        return move(self.order.pk, name, cause=self.cause(who), **{"reason": "客户要求", **more})

    def moves_parcel(self, name: str, who: str, **more: Any) -> Outcome:
        return move_parcel(self.parcel.pk, name, cause=self.cause(who), **{"reason": "现场要求", **more})

    def asks_waybill(self, who: str = Role.SHIPPER, **more: Any) -> Outcome:
        return labels.request_waybill(self.parcel.pk, cause=self.cause(who), **more)

    def gets_label(self) -> None:
        """Asked for, issued, printed: the parcel may leave."""
        label = done(self.asks_waybill()).made["label"]
        done(labels.waybill_issued(label, carrier="yto", waybill=f"YT{label:010}", cause=self.cause(CauseKind.COURIER)))
        asked = labels.request_print(self.parcel.pk, cause=self.cause(Role.PICKER), station="A3", printer="P1")
        done(labels.print_result(done(asked).made["attempt"], outcome="printed", cause=self.cause(CauseKind.SYSTEM)))

    def holds_it(self, reason: str = HoldReason.MANUAL) -> int:
        outcome = holds.place_hold(self.order.pk, reason=reason, note="先别发", cause=self.cause(Role.CS))
        return int(done(outcome).made["hold"])

    def lifts_all(self) -> None:
        for hold in Hold.objects.filter(order=self.order, state="open"):
            done(holds.lift(hold.pk, reason="已核实", cause=self.cause(Role.OPS_MANAGER)))

    def hears(self, name: str, minutes: float, **picture: Any) -> None:
        """The platform shows the order again, changed."""
        done(self.stage.hears(self.stage.picture(name, minutes, "paid", **picture)))

    # The way there ------------------------------------------------------------------------------------------------
    def reach(self, state: str, **picture: Any) -> None:
        """Bring the new order to this state; its only parcel is then where the order is."""
        unpaid = state == OrderState.PENDING_PAYMENT
        done(self.stage.hears(self.stage.picture("first", 1, "unpaid" if unpaid else "paid", **picture)))
        if state in (OrderState.PENDING_PAYMENT, OrderState.PAID):
            return
        if state == OrderState.CANCELLED:
            done(self.moves("cancel", Role.CS))
            return
        self.reach_parcel_state(ParcelState(state))

    def reach_parcel(self, state: str) -> None:
        """A new order, paid and released, whose parcel is brought to this state."""
        done(self.stage.hears(self.stage.picture("first", 1, "paid")))
        self.reach_parcel_state(state)

    def reach_parcel_state(self, state: str) -> None:
        done(self.moves("release", Role.CS))
        if state == ParcelState.VOIDED:
            done(self.moves_parcel("void", Role.WAREHOUSE_LEAD))
        if state in (ParcelState.TO_PICK, ParcelState.VOIDED):
            return
        done(self.moves_parcel("pack", Role.WAREHOUSE_LEAD))
        self.gets_label()
        if state == ParcelState.PACKED:
            return
        done(self.moves_parcel("ship", Role.SHIPPER))
        if state == ParcelState.SIGNED:
            done(self.moves_parcel("sign", CauseKind.COURIER))
        if state == ParcelState.RETURNED:
            done(self.moves_parcel("return", Role.CS))


def scene(**warehouse_fields: Any) -> Scene:
    """A shop without any order yet; its warehouse prints through the tower and believes nobody's "packed"."""
    company = factories.company()
    warehouse = factories.warehouse(company, **warehouse_fields)
    shop = factories.shop(company, warehouse=warehouse)
    goods = Goods.objects.create(company=company, code="G1", name="面霜 50g")
    SkuMap.objects.create(company=company, sku="CREAM-50", goods=goods)
    people = {str(role): factories.user(role, company) for role in Role}
    return Scene(Stage(shop), people)


def done(outcome: Outcome) -> Outcome:
    """The act that leads to what a test is about must go through."""
    assert outcome.ok, (outcome.code, outcome.detail)
    return outcome


def everything() -> dict[str, list[Any]]:
    """Every watched row as it lies in the database, but for the head of the order's chain, which a refusal moves on."""
    return {table: _rows(sql) for table, sql in _SELECTS.items()}


def _select(model: type[models.Model]) -> str:
    columns = [f.column for f in model._meta.concrete_fields if f.column not in ("event_seq", "event_head")]
    names = ", ".join(f'"{column}"' for column in columns)
    return f'SELECT {names} FROM "{model._meta.db_table}" ORDER BY 1'


# Plain SQL: it is asked for each of some thousand cells.
_SELECTS = {model.__name__: _select(model) for model in WATCHED}


def _rows(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@contextmanager
def undone() -> Iterator[None]:
    """Take back what happens inside, so that one order serves many cells; not an `atomic`, which services refuse."""
    mark = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(mark)
