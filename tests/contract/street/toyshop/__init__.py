"""玩具店 (toy shop): the smallest whole connector, for the contract tests and for who writes the next one.

It pushes `{"no","status","paid","at","goods":[…],"to":{…}}`, signed by HMAC, and lists what changed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.adapter import Access, Adapter, Fetch, Field, Incoming, Message, Polled, Reply, Said, ShipWish
from tests.contract.street.toyshop import client, mapping, webhook


class ToyShop(Adapter):
    name = "toyshop"
    title = "玩具店"
    system = "platform"
    capabilities = frozenset({"webhook", "poll", "fetch", "slice", "numbers", "ship"})
    fields: tuple[Field, ...] = (
        Field("shop_no", "店铺编号", required=True),
        Field("key", "密钥", required=True, secret=True),
        Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
    )

    def verify(self, access: Access, incoming: Incoming) -> None:
        webhook.verify(access, incoming)

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        return webhook.unpack(incoming)

    def accepted(self, incoming: Incoming) -> Reply:
        return Reply(body=b'{"ok":true}')

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return client.poll(access, cursor)

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        return Polled(messages=client.changed(access, start, end), cursor={})

    def numbers(self, access: Access, start: datetime, end: datetime) -> Sequence[str]:
        return client.placed(access, start, end)

    def fetch(self, access: Access, subject: str) -> Message:
        return client.fetch(access, subject)

    def ship(self, access: Access, wish: ShipWish) -> None:
        client.ship(access, wish)


adapter = ToyShop()
