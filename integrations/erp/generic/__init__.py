"""任意 ERP: how far an order is, as an ERP without an interface of use tells it: by export, file or push.

`README.md` says how; everything that reads is in `integrations.feeds`.
"""

from integrations.feeds.connector import FeedAdapter
from integrations.feeds.shapes import REPORT

__all__ = ["GenericErp", "adapter"]


class GenericErp(FeedAdapter):
    name = "generic_erp"
    title = "通用 ERP（字段映射）"
    system = "erp"
    shape = REPORT


adapter = GenericErp()
