"""The facts of the room. Only `orders.services` writes them; everybody may read through `orders.selectors`."""

from orders.models.access import ApiKey, IdempotencyKey
from orders.models.address import AddressChange, AddressVersion, InterceptRequest
from orders.models.aftersale import AfterSale
from orders.models.base import (
    CommitCounter,
    CommitMark,
    commit_mark,
    raise_commit_counter,
    settled_mark,
    take_ids,
)
from orders.models.check import OBSERVED, Check
from orders.models.event import Anchor, Event, EventTask, FactKey
from orders.models.goods import Barcode, BundlePart, GiftRule, Goods, SkuMap
from orders.models.hold import Hold
from orders.models.label import Label, PrintAttempt, ReprintPermit, WaybillAccount
from orders.models.order import Claim, DocumentLink, ExternalDocument, Order, OrderLine
from orders.models.parcel import PackLine, Parcel, ParcelLine
from orders.models.policy import TransitionPolicy
from orders.models.scan import Device, Scan
from orders.models.stock import Reservation, Stock, Transfer, TransferLine, TransferState
from orders.models.tenancy import Company, Membership, Preference, Shop, Warehouse, WarehouseOperator

__all__ = [
    "OBSERVED",
    "AddressChange",
    "AddressVersion",
    "AfterSale",
    "Anchor",
    "ApiKey",
    "Barcode",
    "BundlePart",
    "Check",
    "Claim",
    "CommitCounter",
    "CommitMark",
    "Company",
    "Device",
    "DocumentLink",
    "Event",
    "EventTask",
    "ExternalDocument",
    "FactKey",
    "GiftRule",
    "Goods",
    "Hold",
    "IdempotencyKey",
    "InterceptRequest",
    "Label",
    "Membership",
    "Order",
    "OrderLine",
    "PackLine",
    "Parcel",
    "ParcelLine",
    "Preference",
    "PrintAttempt",
    "ReprintPermit",
    "Reservation",
    "Scan",
    "Shop",
    "SkuMap",
    "Stock",
    "Transfer",
    "TransferLine",
    "TransferState",
    "TransitionPolicy",
    "Warehouse",
    "WarehouseOperator",
    "WaybillAccount",
    "commit_mark",
    "raise_commit_counter",
    "settled_mark",
    "take_ids",
]
