"""任意店铺: a shop on a system that has no connector of its own, described in the back office.

`README.md` says how; everything that reads is in `integrations.feeds`.
"""

from integrations.feeds.connector import FeedAdapter
from integrations.feeds.shapes import ORDER

__all__ = ["GenericShop", "adapter"]


class GenericShop(FeedAdapter):
    name = "generic"
    title = "通用店铺（字段映射）"
    system = "platform"
    shape = ORDER


adapter = GenericShop()
