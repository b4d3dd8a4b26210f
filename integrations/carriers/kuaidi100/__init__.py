"""快递100 (Kuaidi100), one contract that follows the parcels of nearly every Chinese courier.

The tower subscribes each waybill, is pushed the parcel's whole way at every step, and asks where they fall silent. With
the seller's accounts at the couriers it also asks for a parcel to be stopped.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    Fetch,
    Field,
    Incoming,
    InterceptWish,
    Message,
    Reply,
    Said,
    TrackWish,
)
from integrations.carriers.kuaidi100 import client, intercepting, mapping, webhook
from integrations.preferences import is_yes

__all__ = ["Kuaidi100Adapter", "adapter"]


class Kuaidi100Adapter(Adapter):
    name = "kuaidi100"
    title = "快递100"
    system = "courier"
    capabilities = frozenset({"webhook", "subscribe", "query", "intercept"})
    fields = (
        Field("key", "授权 key", "快递100 企业管理后台里的授权 key", required=True, secret=True),
        Field("customer", "customer", "实时查询用的公司编号；留空则只收推送，不主动查询"),
        Field(
            "salt",
            "签名用随机串（salt）",
            "订阅时交给快递100，推送带它的签名；更换时可同时填写新旧两个，新的在前。留空则推送没有签名",
            secret=True,
        ),
        Field("accept_unsigned", "接收没有签名的推送", "填 是 则接收；知道回调地址的人都能伪造，不建议"),
        Field("company_codes", "快递编码对照", '例如 {"zjs": "zhaijisong"}，补充或覆盖内置对照', default={}),
        Field("resultv2", "resultv2", "4 返回高级物流状态；6、8 更多", default="4"),
        Field("subscribe_path", "订阅接口路径", default=client.SUBSCRIBE_PATH),
        Field("query_path", "查询接口路径", default=client.QUERY_PATH),
        Field("intercepts", "通过快递100 拦截", "填 是：用下面的客户编号请快递拦截", default="否"),
        Field("secret", "授权 secret", "拦截的签名用，在快递100 企业管理后台", secret=True),
        Field(
            "partners",
            "各快递的客户编号（JSON）",
            '例如 {"yto": {"partnerId": "…", "partnerKey": "…"}}；中通还要 appKey 和 appSecret',
            secret=True,
        ),
        Field(
            "stop_means",
            "拦回到哪里",
            "RETURN_SEND_ADDR 寄件地址，RETURN_SEND_STATION 寄件网点",
            default="RETURN_SEND_ADDR",
        ),
        Field("intercept_role", "拦截申请人 orderRole", "1 寄方，2 收方，3 第三方", default="1"),
        Field("intercept_pay", "拦截付款", "SHIPPER、CONSIGNEE、THIRDPARTY 或 MONTHLY", default="MONTHLY"),
        Field("order_url", "拦截接口地址", default=intercepting.ORDER_URL),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        if capability == "query" and not settings.get("customer"):
            return False
        if capability == "intercept" and not is_yes(settings.get("intercepts")):
            return False
        return super().can(capability, settings)

    def verify(self, access: Access, incoming: Incoming) -> None:
        webhook.verify(access, incoming)

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        return webhook.unpack(access, incoming)

    def accepted(self, incoming: Incoming) -> Reply:
        return webhook.accepted()

    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        return webhook.refused()

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

    def subscribe(self, access: Access, wish: TrackWish) -> None:
        client.subscribe(access, wish)

    def query(self, access: Access, wish: TrackWish) -> Message:
        return client.query(access, wish)

    def intercept(self, access: Access, wish: InterceptWish) -> Mapping[str, Any]:
        return intercepting.intercept(access, wish)


adapter = Kuaidi100Adapter()
