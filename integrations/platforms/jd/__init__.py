"""京东 POP: orders and refund applications by poll over routerjson, shipping notices, answers to refunds.

`README.md` says which file does what.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    AnswerWish,
    Fetch,
    Field,
    Message,
    Polled,
    Said,
    ShipWish,
    Token,
)
from integrations.platforms.jd import authorising, mapping, polling, reading, refunds, shipping, slices

__all__ = ["JdAdapter", "adapter"]


class JdAdapter(Adapter):
    name = "jd"
    title = "京东 POP"
    system = "platform"
    capabilities = frozenset({"poll", "fetch", "ship", "token", "authorise", "slice", "numbers", "answer"})
    fields = (
        Field("app_key", "App Key", required=True),
        Field("app_secret", "App Secret", help="更换期间可以同时填新旧两个，新的在前", required=True, secret=True),
        Field("access_token", "店铺授权 access_token", help="点“去授权”取得，或从平台复制", secret=True),
        Field("refresh_token", "续期令牌 refresh_token", help="留空则不能自动续期", secret=True),
        Field("oauth_url", "授权服务地址", default=authorising.OAUTH_URL),
        Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
        Field("window_minutes", "每次读取的时间窗（分钟）", help="订单多时自动缩短", default=360),
        Field("overlap_seconds", "时间窗重叠（秒）", help="防止平台晚入库的订单漏读", default=120),
        Field("page_size", "每页订单数", help="最多 100", default=50),
        Field("order_states", "读取的订单状态", help="英文逗号分隔；留空则全部"),
        Field("extra_fields", "另外读取的订单字段", help="英文逗号分隔，如 orderMarkDesc"),
        Field("flag_fields", "订单标记（JSON）", help='如 {"orderType": {"108": "dropship"}}：字段 → 值 → 标记'),
        Field("refund_seconds", "退款单读取间隔（秒）", default=60),
        Field("refund_unit", "退款金额单位", help="fen 或 yuan", default="fen"),
        Field("sweep_minutes", "未发货订单复查间隔（分钟）", help="0 为不复查", default=30),
        Field("read_unpaid", "读取未付款订单", help="填 是 则读取"),
        Field("company_ids", "物流公司编号（JSON）", help='如 {"jt": "…"}；以店铺后台的列表为准'),
        Field("refund_checker", "退款审核人", default="订单指挥塔"),
        Field("reject_type", "未发货时拒绝退款的理由编号", help="1 至 5", default=5),
    )

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return polling.poll(access, cursor)

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        return slices.slice_of(access, start, end, cursor)

    def numbers(self, access: Access, start: datetime, end: datetime) -> Sequence[str]:
        return slices.numbers(access, start, end)

    def fetch(self, access: Access, subject: str) -> Message:
        row = reading.read(access, subject)
        return reading.order_message(row, flags=reading.flags_of(access, row))

    def refresh(self, access: Access) -> Token:
        return authorising.refresh(access)

    def authorise_url(self, access: Access, state: str) -> str:
        return authorising.authorise_url(access, state)

    def authorise(self, access: Access, code: str) -> Token:
        return authorising.authorise(access, code)

    def ship(self, access: Access, wish: ShipWish) -> None:
        shipping.ship(access, wish)

    def answer(self, access: Access, wish: AnswerWish) -> None:
        refunds.answer(access, wish)


adapter = JdAdapter()
