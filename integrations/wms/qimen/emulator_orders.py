"""What the emulated warehouse knows of an order, and how it is written for the protocol, for tests and for people."""

from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from integrations.wms.qimen.emulator_wire import local
from orders import clock


@dataclass
class Step:
    status: str
    at: datetime
    operator: str
    waybill: str = ""


@dataclass
class OrderLine:
    number: str
    item: str
    quantity: int
    owner: str


@dataclass
class Package:
    carrier: str
    waybill: str


@dataclass
class WarehouseOrder:
    code: str
    order_id: str
    warehouse: str
    owner: str
    order_type: str
    carrier: str
    receiver: str
    lines: list[OrderLine]
    next_at: datetime
    steps: list[Step] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    # Where the tower prints: its granted requests by parcel, and the parcels whose paper came out.
    granted: dict[str, str] = field(default_factory=dict)
    printed_parcels: dict[str, Package] = field(default_factory=dict)
    prints: int = 0
    printed_at: datetime | None = None
    pended: bool = False
    paused: bool = False
    cancelled: bool = False
    delivered: bool = False
    # Why the order stands still although nobody pended it: the tower's refusal.
    stopped: str = ""
    # A conversation with the tower about this order is under way.
    asking: bool = False
    attempts: int = 0
    # Goods were missing once; a first part was confirmed.
    lacked: bool = False
    partly: bool = False

    @property
    def status(self) -> str:
        if self.cancelled:
            return "CANCELED"
        return "DELIVERED" if self.delivered else (self.steps[-1].status if self.steps else "NEW")

    @property
    def stands(self) -> bool:
        return self.pended or self.paused or self.cancelled or self.delivered or self.asking


def process_words(step: Step) -> dict[str, Any]:
    return {
        "processStatus": step.status,
        "operatorCode": f"W-{step.status}",
        "operatorName": step.operator,
        "operateTime": local(step.at),
        "expressCode": step.waybill or None,
    }


def line_words(order: WarehouseOrder) -> list[dict[str, Any]]:
    return [
        {
            "orderLineNo": line.number,
            "itemCode": line.item,
            "ownerCode": line.owner,
            "planQty": line.quantity,
            "actualQty": line.quantity,
        }
        for line in order.lines
    ]


def row(order: WarehouseOrder) -> str:
    steps = "<br>".join(
        escape(f"{step.at.astimezone(clock.BEIJING):%H:%M:%S} {step.status} {step.operator} {step.waybill}")
        for step in order.steps
    )
    cells = [
        order.code,
        order.order_id,
        order.receiver,
        "、".join(f"{line.item} x {line.quantity}" for line in order.lines),
        None,
        str(order.prints),
        "、".join(f"{package.carrier} {package.waybill}" for package in order.packages),
        state_words(order),
    ]
    return "<tr>" + "".join(f"<td>{steps if cell is None else escape(cell)}</td>" for cell in cells) + "</tr>"


def state_words(order: WarehouseOrder) -> str:
    if order.cancelled:
        return "已取消"
    if order.delivered:
        return "已发货"
    if order.pended:
        return "已挂起"
    if order.stopped:
        return f"停：{order.stopped}"
    return "已暂停" if order.paused else "作业中"


def summary(order: WarehouseOrder) -> dict[str, Any]:
    return {
        "order": order.code,
        "order_id": order.order_id,
        "status": order.status,
        "steps": [step.status for step in order.steps],
        "prints": order.prints,
        "pended": order.pended,
        "stopped": order.stopped,
        "waybills": [package.waybill for package in order.packages],
    }
