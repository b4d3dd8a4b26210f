"""金蝶 K3 WISE (on premise, K3API): what the ERP knows of orders by poll, and what it must be told of parcels.

`README.md` says which file does what.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.adapter import Access, Adapter, Fetch, Field, FieldError, Message, Polled, Said, StockWord, Telling
from integrations.erp.kingdee_wise import mapping, polling, preferences, reading, telling
from integrations.erp.kingdee_wise.preferences import Preferences
from integrations.preferences import WrongSetting

__all__ = ["KingdeeWiseAdapter", "adapter"]

ORDER_STATUSES = (
    '账套里的值 → other 仅记录、accepted 由 ERP 推送仓库、shipped_part、shipped、cancelled，如 {"1": "accepted"}'
)
OUT_STATUSES = '同上，如 {"1": "shipped"}；一张订单分多张出库单、订单状态又看不出时，填 shipped_part'
TELL_FIELDS = '写到销售订单表头的字段，如 {"status": "…", "shipped": "…", "waybill": "…"}；留空则不回写'


class KingdeeWiseAdapter(Adapter):
    name = "kingdee_wise"
    title = "金蝶 K3 WISE"
    system = "erp"
    capabilities = frozenset({"poll", "fetch", "slice", "numbers", "tell"})
    fields = (
        Field("authority_code", "授权码", help="K3API 的 authorityCode", required=True, secret=True),
        Field("list_rows", "列表的位置", help="GetList 的回答里，行所在的路径，用点分隔", required=True),
        Field("order_bill", "销售订单：单据名", help="地址里 K3API/ 后面的一段，如 Bill1000019", required=True),
        Field("order_number_field", "销售订单：单据编号字段", default="FBillNo"),
        Field("order_platform_field", "销售订单：平台单号字段", required=True),
        Field("order_changed_field", "销售订单：修改时间字段", help="要含时分秒", required=True),
        Field("order_created_field", "销售订单：创建时间字段", help="留空则不能对账"),
        Field("order_status_field", "销售订单：状态字段", required=True),
        Field("order_statuses", "销售订单：状态的含义（JSON）", help=ORDER_STATUSES, required=True),
        Field("out_bill", "出库单：单据名", help="留空则不读出库单"),
        Field("out_number_field", "出库单：单据编号字段", default="FBillNo"),
        Field("out_changed_field", "出库单：修改时间字段", help="要含时分秒"),
        Field("out_status_field", "出库单：状态字段"),
        Field("out_statuses", "出库单：状态的含义（JSON）", help=OUT_STATUSES),
        Field("out_sale_order_field", "出库单：销售订单号字段"),
        Field("out_carrier_field", "出库单：承运商字段"),
        Field("out_waybill_field", "出库单：运单号字段"),
        Field("carriers", "承运商的值（JSON）", help='账套里的值 → 快递，如 {"01": "sf"}'),
        Field("tell_fields", "回写字段（JSON）", help=TELL_FIELDS),
        Field("tell_words", "回写文字（JSON）", help='如 {"shipped": "已出库", "correction": "请勿重推"}'),
        Field("update_keys", "回写时定位单据的字段", help="逗号分隔；留空用单据编号"),
        Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
        Field("window_minutes", "每次读取的时间窗（分钟）", default=1440),
        Field("overlap_seconds", "时间窗重叠（秒）", help="防止晚提交的单据漏读", default=300),
        Field("window_filter", "时间窗的筛选条件", default=preferences.WINDOW),
        Field("page_size", "每页行数（PageSize）", default=100),
        Field("most_rows", "每次最多行数（Top）", default=10000),
        Field("select_page", "SelectPage", help="含义未公布，原样发送", default="2"),
        Field("retry_codes", "稍后重试的 StatusCode", help="逗号分隔；其余的拒绝都停下等人处理"),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        wishes = Preferences(settings)
        if capability == "tell":
            try:
                return bool(wishes.order.name and wishes.tell_fields())
            except WrongSetting:
                return False
        if capability == "numbers" and not wishes.text("order_created_field"):
            return False
        return super().can(capability, settings)

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Sequence[FieldError]:
        return [FieldError(error.field, str(error)) for error in preferences.problems(settings)]

    def parse(self, message: Message) -> Sequence[Said | Fetch | StockWord]:
        """Without settings no status has a meaning; a connection's messages come by `parse_kept`."""
        return mapping.parse(message, {})

    def parse_kept(
        self, message: Message, *, settings: Mapping[str, Any], at: datetime | None
    ) -> Sequence[Said | Fetch | StockWord]:
        return mapping.parse(message, settings)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return polling.poll(access, cursor)

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        return polling.slice_of(access, start, end, cursor)

    def numbers(self, access: Access, start: datetime, end: datetime) -> Sequence[str]:
        return polling.numbers(access, start, end)

    def fetch(self, access: Access, subject: str) -> Message:
        return reading.one(access, subject)

    def tell(self, access: Access, news: Telling) -> None:
        telling.tell(access, news)


adapter = KingdeeWiseAdapter()
