"""Where a label's waybill number comes from, and where it goes back: decided here and nowhere else."""

from integrations.models import Connection, Job
from integrations.registry import adapter_named
from integrations.telling import connections_for, shop_connection
from orders.lifecycle import CauseKind
from orders.models import AddressVersion, Label, Order
from orders.sealing import CannotOpen
from orders.services.address import open_address


def job_key(label: Label) -> str:
    """The one job that asks a number for this label."""
    return f"waybill:{label.pk}"


def object_id(label_id: int) -> str:
    """The tower's own handle of a label at whoever issues its number: asked twice, one number."""
    return f"L{label_id}"


def issuer_for(order: Order, label: Label) -> Connection | None:
    """The courier's own connection where the seller lets it issue and it can know the receiver, else the platform's."""
    own = _own_courier(order, label)
    platform = shop_connection(order, "waybill")
    if own and not (platform and _is_masked(order, label)):
        return own
    return platform


def issuer_of(order: Order, label: Label) -> Connection | None:
    """Where this label's number was asked for, whatever the settings say by now."""
    asked = Job.objects.select_related("connection").filter(kind="issue_waybill", key=job_key(label)).first()
    return asked.connection if asked and asked.connection else issuer_for(order, label)


def _own_courier(order: Order, label: Label) -> Connection | None:
    """A connection of this courier alone; the one for this warehouse or shop goes before one for the company."""
    rows = connections_for(order, label.parcel, "waybill", (CauseKind.COURIER,))
    own = [row for row in rows if label.carrier in adapter_named(row.adapter).carriers]
    return min(own, key=lambda row: (row.warehouse_id is None, row.shop_id is None, row.pk), default=None)


def _is_masked(order: Order, label: Label) -> bool:
    """Whether only the platform knows the receiver, under a key of its own: a courier would get stars for a name."""
    row = AddressVersion.objects.filter(order=order, version=label.address_version).first()
    if row is None or row.receiver_key:
        return row is not None
    try:
        receiver = open_address(order, row)
    except CannotOpen:
        return True
    return "*" in receiver.name + receiver.phone + receiver.address
