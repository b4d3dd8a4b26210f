"""奇门 (Qimen), Taobao's standard between an ERP and a warehouse, spoken by most Chinese WMS.

The tower is the caller for orders going in (create, cancel, pend) and the receiver for reports coming out. Private
copies of the standard differ in gateway, prefix, root tag and codes: all of them are settings of the connection.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import Access, Adapter, DeliveryWish, Fetch, Field, Incoming, Message, Reply, Said, Telling
from integrations.wms.qimen import client, mapping, webhook

__all__ = ["QimenAdapter", "adapter"]


class QimenAdapter(Adapter):
    name = "qimen"
    title = "奇门仓库 (WMS)"
    system = "wms"
    capabilities = frozenset({"webhook", "fetch", "deliver", "pend", "tell"})
    fields = (
        Field("app_key", "AppKey", required=True),
        Field("app_secret", "AppSecret", "更换时可同时填写新旧两个", required=True, secret=True),
        Field("customer_id", "customerId", "平台分配或双方约定的编码", required=True),
        Field("owner_code", "货主编码", required=True),
        Field("warehouse_code", "仓库编码", "留空则用指挥塔的仓库编码，仍为空则为 OTHER"),
        Field("sign_method", "签名方式", "md5、hmac 或 hmac-sha256", default="md5"),
        Field("method_prefix", "接口名前缀", "私有网关可能不同", default="taobao.qimen."),
        Field("root_tag", "报文根元素", "私有网关可能不同", default="request"),
        Field("order_type", "出库单类型", "JYCK 一般交易", default="JYCK"),
        Field("logistics_codes", "快递编码对照", '例如 {"jt": "JTSD"}，补充或覆盖内置对照', default={}),
        Field("platform_codes", "来源平台编码对照", '例如 {"douyin": "DY"}，补充或覆盖内置对照', default={}),
        Field(
            "sender",
            "发件人",
            '{"name","mobile","province","city","area","detailAddress"}',
            default={},
            required=True,
        ),
        Field("shop_nick", "店铺名称", "留空则用指挥塔的店铺名"),
        Field("already_texts", "“已存在”的说法", "仓库拒绝重复推单时的用语，逗号分隔，补充内置用语"),
        Field("signature_code", "签名错误时答复的 code", default=webhook.SIGNATURE_CODE),
        Field(
            "pickup_method",
            "揽收通知接口",
            "奇门没有标准接口，按与仓库的约定填写，例如 orderprocess.report；留空则不通知",
        ),
        Field("pickup_status", "揽收通知状态", "与仓库约定的状态", default="OTHER"),
        Field("clock_minutes", "允许的时间偏差（分钟）", default=10),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        return super().can(capability, settings) and (capability != "tell" or bool(settings.get("pickup_method")))

    def verify(self, access: Access, incoming: Incoming) -> None:
        webhook.verify(access, incoming)

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        return webhook.unpack(access, incoming)

    def accepted(self, incoming: Incoming) -> Reply:
        return webhook.accepted()

    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        return webhook.refused(error)

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

    def fetch(self, access: Access, subject: str) -> Message:
        return client.fetch(access, subject)

    def deliver(self, access: Access, wish: DeliveryWish) -> Mapping[str, Any]:
        return client.create_delivery(access, wish)

    def cancel_delivery(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        client.cancel(access, order, warehouse, reason)

    def tell(self, access: Access, news: Telling) -> None:
        client.tell(access, news)

    def pend(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        client.set_pending(access, order, warehouse, reason, action="pend")

    def restore(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        client.set_pending(access, order, warehouse, reason, action="restore")


adapter = QimenAdapter()
