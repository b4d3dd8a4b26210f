"""抖音小店 (抖店): orders and after-sales by push and poll, address changes, electronic waybills, shipping notices.

`README.md` says which file does what.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    AnswerWish,
    Field,
    Incoming,
    Message,
    Polled,
    Reply,
    Says,
    ShipWish,
    Token,
    Waybill,
    WaybillWish,
)
from integrations.platforms.douyin import (
    answers,
    authorising,
    mapping,
    polling,
    pushes,
    reading,
    shipping,
    slices,
    webhook,
)
from integrations.platforms.douyin.waybill import cancel, issue

__all__ = ["DouyinAdapter", "adapter"]


class DouyinAdapter(Adapter):
    name = "douyin"
    title = "抖音小店"
    system = "platform"
    capabilities = frozenset(
        {"webhook", "poll", "fetch", "waybill", "ship", "token", "authorise", "answer", "slice", "numbers"}
    )
    topics = pushes.WANTED
    # Only within its last hour does the platform give a new token for an old one.
    token_lead = timedelta(minutes=50)
    fields = (
        Field("app_key", "App Key", required=True),
        Field("app_secret", "App Secret", help="更换期间可以同时填新旧两个，新的在前", required=True, secret=True),
        Field("access_token", "店铺授权 access_token", help="点“去授权”取得，或从平台复制", secret=True),
        Field("refresh_token", "续期令牌 refresh_token", help="留空则不能自动续期（自用型应用除外）", secret=True),
        Field("service_id", "服务市场服务 ID", help="工具型应用授权时用；自用型应用不需要"),
        Field("authorise_page", "授权页面地址", default=authorising.AUTHORISE_URL),
        Field("shop_id", "店铺 ID", help="一个应用授权了多个店铺时必填；自用型应用续期也要用"),
        Field("own_use", "自用型应用", help="填 是：授权过期后可以自动重新授权"),
        Field("other_shops", "忽略推送的店铺 ID", help="同一应用授权的其他店铺，英文逗号分隔；不填则放入待处理报文"),
        Field("sign_method", "签名方式", help="hmac-sha256 或 md5", default="hmac-sha256"),
        Field("push_sign_method", "推送签名方式", help="md5 或 hmac-sha256；留空则以请求头为准"),
        Field("start", "首次读取的起点", help="ISO 时间，最多 90 天前；留空则从一天前开始"),
        Field("overlap_seconds", "每次读取的重叠（秒）", help="防止平台晚入库的订单漏读", default=120),
        Field("page_size", "每页订单数", help="最多 100", default=100),
        Field("refund_seconds", "售后单读取间隔（秒）", default=60),
        Field("sweep_minutes", "未发货订单复查间隔（分钟）", help="0 为不复查", default=30),
        Field("flag_fields", "订单标记（JSON）", help='如 {"biz": {"21": "platform_warehouse"}}：字段 → 值 → 标记'),
        Field("flag_tags", "订单标签（JSON）", help='如 {"标签 key": "dropship"}：抖店订单标签 → 标记'),
        Field("address_answer_minutes", "改址申请答复时限（分钟）", help="平台没有公布；0 为不提示", default=60),
        Field(
            "address_refusal", "拒绝改址的理由", help="1001 拣货 1002 配货 1003 在仓 1004 出仓 1005 发货", default=1003
        ),
        Field(
            "refund_operations", "售后操作码（JSON）", help='如 {"2:6:agree": 201}：类型:状态:agree 或 refuse → 操作码'
        ),
        Field("reject_reason_code", "拒绝售后的理由编号", help="留空则取平台允许的第一个"),
        Field("return_address_id", "退货地址编号", help="同意退货、换货时用，见抖店地址库"),
        Field("company_codes", "快递编码（JSON）", help='如 {"jt": "…"}；顺丰、圆通、中通、申通、韵达已内置'),
        Field(
            "sender", "发件人（JSON）", help="address：province_name、city_name…detail_address；contact：name、mobile"
        ),
        Field("template_url", "面单模板地址", help="一个地址，或 JSON：每家快递一个"),
        Field("user_id", "电子面单账号", help="共享面单账号时填，不知道填 -1"),
        Field("waybill_extra", "取号附加参数（JSON）", help='每家快递一个对象，如 {"sf": {"product_type": "1"}}'),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        """An app for the seller's own use is authorised without a page."""
        if capability == "authorise" and not settings.get("service_id"):
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

    def parse(self, message: Message) -> Sequence[Says]:
        return mapping.parse(message)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return polling.poll(access, cursor)

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        return slices.slice_of(access, start, end, cursor)

    def numbers(self, access: Access, start: datetime, end: datetime) -> Sequence[str]:
        return slices.numbers(access, start, end)

    def fetch(self, access: Access, subject: str) -> Message:
        return reading.fetch(access, subject)

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

    def ship(self, access: Access, wish: ShipWish) -> None:
        shipping.ship(access, wish)

    def answer(self, access: Access, wish: AnswerWish) -> None:
        answers.answer(access, wish)


adapter = DouyinAdapter()
