"""淘宝/天猫: trades and refunds by poll and message queue, 菜鸟 waybills, shipping notices, the platform's questions.

`README.md` says which file does what.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    AnswerWish,
    Decision,
    Field,
    Incoming,
    Message,
    Polled,
    Question,
    Reply,
    Says,
    ShipWish,
    Token,
    Waybill,
    WaybillStock,
    WaybillWish,
)
from integrations.platforms.taobao import (
    answers,
    authorising,
    client,
    mapping,
    polling,
    refunds,
    shipping,
    slices,
    topics,
    trades,
    webhook,
)
from integrations.platforms.taobao.waybill import cancel, issue, stock

__all__ = ["TaobaoAdapter", "adapter"]


class TaobaoAdapter(Adapter):
    name = "taobao"
    title = "淘宝/天猫"
    system = "platform"
    answers_now = True
    capabilities = frozenset(
        {
            "webhook",
            "poll",
            "fetch",
            "slice",
            "numbers",
            "waybill",
            "waybill_stock",
            "ship",
            "answer",
            "token",
            "authorise",
        }
    )
    topics = topics.WANTED
    # A service market session may be as short as a day.
    token_lead = timedelta(hours=6)
    fields = (
        Field("app_key", "App Key", required=True),
        Field("seller_nick", "店铺卖家昵称", help="一个应用授权了多个店铺时必填：队列里其他店铺的消息留给其他连接"),
        Field("app_secret", "App Secret", help="更换期间可以同时填新旧两个，新的在前", required=True, secret=True),
        Field("session", "店铺授权 session", help="点“去授权”取得，或从平台复制", secret=True),
        Field("refresh_token", "续期令牌 refresh_token", help="只有服务市场订购类应用才有", secret=True),
        Field("renewable", "授权可以自动续期", help="服务市场订购类应用填 是；商家自用应用到期后须重新授权"),
        Field("oauth_url", "授权服务地址", default=authorising.OAUTH_URL),
        Field("oauth_view", "授权页面", help="web、tmall 或 wap", default="web"),
        Field("sign_method", "签名方式", help="hmac-sha256、hmac 或 md5", default="hmac-sha256"),
        Field("tmc_group", "消息服务分组", help="留空则不读消息服务", default="default"),
        Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
        Field("window_minutes", "每次读取的时间窗（分钟）", default=30),
        Field("overlap_seconds", "时间窗重叠（秒）", help="防止平台晚入库的订单漏读", default=180),
        Field("page_size", "每页订单数", help="平台建议 40 到 50，最多 100", default=50),
        Field("refund_seconds", "退款单读取间隔（秒）", default=60),
        Field("origin_fields", "订单来源字段（JSON）", help='如 {"键": "room_id"}：trade_attr 里的键 → 来源名称'),
        Field("sender", "发件人（JSON）", help="name、mobile、address：province、city、district、detail"),
        Field("template_url", "面单模板地址", help="一个地址，或 JSON：每家快递一个"),
        Field("user_id", "菜鸟 user_id"),
        Field("waybill_low", "面单余量提醒（张）", help="少于这个数时提醒；0 为不提醒", default=100),
        Field("order_channel", "菜鸟订单渠道", default="TB"),
        Field("cp_codes", "菜鸟快递编码（JSON）", help='如 {"jt": "…"}；顺丰、圆通、中通、申通、韵达已内置'),
        Field("company_codes", "发货快递编码（JSON）", help="taobao.logistics.companies.get 里的编码"),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        """Only a service market app's session can be refreshed; who takes no waybills here has no balance of them."""
        wanted = {"token": "renewable", "waybill_stock": "sender"}.get(capability)
        if wanted and not settings.get(wanted):
            return False
        return super().can(capability, settings)

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

    def parse(self, message: Message) -> Sequence[Says]:
        return mapping.parse(message)

    def parse_kept(self, message: Message, *, settings: Mapping[str, Any], at: datetime | None) -> Sequence[Says]:
        return mapping.parse(message, settings)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return polling.poll(access, cursor)

    def confirm(self, access: Access, polled: Polled) -> None:
        polling.confirm(access, polled)

    def fetch(self, access: Access, subject: str) -> Message:
        """A trade, or a refund where a message named one."""
        if subject.startswith(topics.REFUND):
            return refunds.fetch(access, subject.removeprefix(topics.REFUND))
        return trades.trade_message(client.read_trade(access, subject))

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        return slices.slice_of(access, start, end, cursor)

    def numbers(self, access: Access, start: datetime, end: datetime) -> Sequence[str]:
        return slices.numbers(access, start, end)

    def refresh(self, access: Access) -> Token:
        return authorising.refresh(access)

    def authorise_url(self, access: Access, state: str) -> str:
        return authorising.authorise_url(access, state)

    def authorise(self, access: Access, code: str) -> Token:
        return authorising.authorise(access, code)

    def issue_waybill(self, access: Access, wish: WaybillWish) -> Waybill:
        return issue(access, wish)

    def cancel_waybill(self, access: Access, carrier: str, waybill: str, object_id: str = "") -> None:
        cancel(access, carrier, waybill)

    def waybill_stock(self, access: Access) -> Sequence[WaybillStock]:
        return stock(access)

    def answer(self, access: Access, wish: AnswerWish) -> None:
        answers.answer(access, wish)

    def ship(self, access: Access, wish: ShipWish) -> None:
        shipping.ship(access, wish)


adapter = TaobaoAdapter()
