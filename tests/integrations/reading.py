"""What the messages of a connector say, in the tower's words."""

from collections.abc import Iterable
from typing import Any

from integrations.adapter import Adapter, Message, Said
from orders.vocabulary import CustomerRequest, OrderSnapshot, RefundSnapshot


def ids(messages: Iterable[Message], kind: str = "order") -> list[str]:
    """The numbers in the keys of one kind of message."""
    return [message.key.split(":")[1] for message in messages if message.kind == kind]


class Reading:
    """`points`: some of its messages only say what is to be fetched. Without it, each must say something itself."""

    def __init__(self, adapter: Adapter, *, points: bool) -> None:
        self.adapter = adapter
        self.points = points

    def said(self, messages: Iterable[Message]) -> list[Any]:
        found = [one for message in messages for one in self.adapter.parse(message)]
        assert self.points or all(isinstance(one, Said) for one in found)
        return [one.snapshot for one in found if isinstance(one, Said)]

    def orders(self, messages: Iterable[Message]) -> list[OrderSnapshot]:
        return [one for one in self.said(messages) if isinstance(one, OrderSnapshot)]

    def refunds(self, messages: Iterable[Message]) -> list[RefundSnapshot]:
        return [one for one in self.said(messages) if isinstance(one, RefundSnapshot)]

    def requests(self, messages: Iterable[Message]) -> list[CustomerRequest]:
        return [one for one in self.said(messages) if isinstance(one, CustomerRequest)]
