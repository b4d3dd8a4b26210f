"""淘宝/天猫: orders by poll and message queue, 菜鸟 waybills, shipping notices, and the platform's questions.

`README.md` says which file does what.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    Decision,
    Fetch,
    Field,
    Incoming,
    Message,
    Polled,
    Question,
    Reply,
    Said,
    ShipWish,
    Waybill,
    WaybillWish,
)
from integrations.platforms.taobao import client, mapping, polling, shipping, webhook
from integrations.platforms.taobao.waybill import cancel, issue

__all__ = ["TaobaoAdapter", "adapter"]


class TaobaoAdapter(Adapter):
    name = "taobao"
    title = "淘宝/天猫"
    system = "platform"
    answers_now = True
    capabilities = frozenset({"webhook", "poll", "fetch", "waybill", "ship"})
    fields = (
        Field("app_key", "App Key", required=True),
        Field("seller_nick", "店铺卖家昵称", help="一个应用授权了多个店铺时必填：队列里其他店铺的消息留给其他连接"),
        Field("app_secret", "App Secret", help="更换期间可以同时填新旧两个，新的在前", required=True, secret=True),
        Field("session", "店铺授权 session", required=True, secret=True),
        Field("sign_method", "签名方式", help="hmac-sha256、hmac 或 md5", default="hmac-sha256"),
        Field("tmc_group", "消息服务分组", help="留空则不读消息服务", default="default"),
        Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
        Field("window_minutes", "每次读取的时间窗（分钟）", default=30),
        Field("overlap_seconds", "时间窗重叠（秒）", help="防止平台晚入库的订单漏读", default=180),
        Field("page_size", "每页订单数", help="平台建议 40 到 50，最多 100", default=50),
        Field("sender", "发件人（JSON）", help="name、mobile、address：province、city、district、detail"),
        Field("template_url", "面单模板地址", help="一个地址，或 JSON：每家快递一个"),
        Field("user_id", "菜鸟 user_id"),
        Field("order_channel", "菜鸟订单渠道", default="TB"),
        Field("cp_codes", "菜鸟快递编码（JSON）", help='如 {"jt": "…"}；顺丰、圆通、中通、申通、韵达已内置'),
        Field("company_codes", "发货快递编码（JSON）", help="taobao.logistics.companies.get 里的编码"),
    )

    def verify(self, access: Access, incoming: Incoming) -> None:
        webhook.verify(access, incoming)

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        return webhook.unpack(incoming)

    def accepted(self, incoming: Incoming) -> Reply:
        return webhook.to_a_person()

    def asked(self, access: Access, incoming: Incoming) -> Question | None:
        return webhook.asked(incoming)

    def decided(self, access: Access, incoming: Incoming, question: Question, decision: Decision) -> Reply:
        return webhook.decided(decision)

    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        return webhook.refused()

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return polling.poll(access, cursor)

    def confirm(self, access: Access, polled: Polled) -> None:
        polling.confirm(access, polled)

    def fetch(self, access: Access, subject: str) -> Message:
        return polling.trade_message(client.read_trade(access, subject))

    def issue_waybill(self, access: Access, wish: WaybillWish) -> Waybill:
        return issue(access, wish)

    def cancel_waybill(self, access: Access, carrier: str, waybill: str) -> None:
        cancel(access, carrier, waybill)

    def ship(self, access: Access, wish: ShipWish) -> None:
        shipping.ship(access, wish)


adapter = TaobaoAdapter()
