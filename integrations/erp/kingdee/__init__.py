"""金蝶 K3 Cloud / 云星空: what the ERP knows of orders by poll, and what it must be told of parcels.

`README.md` says which file does what.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.adapter import Access, Adapter, Fetch, Field, Message, Polled, Said, Telling
from integrations.erp.kingdee import mapping, polling, preferences, reading, telling

__all__ = ["KingdeeAdapter", "adapter"]

ORDER_HELP = "other 仅记录；由 ERP 推送仓库的商家填 accepted：订单随之变为待拣货，指挥塔不再自己推送"


class KingdeeAdapter(Adapter):
    name = "kingdee"
    title = "金蝶云星空"
    system = "erp"
    capabilities = frozenset({"poll", "fetch", "tell", "slice", "numbers"})
    fields = (
        Field("acct_id", "数据中心（账套）ID", required=True),
        Field("user_name", "集成用户", help="LoginBySimplePassport 以外必填"),
        Field(
            "login",
            "登录方式",
            help="signature 免登录；或 ValidateUser、LoginByAppSecret、LoginBySign 等",
            default="signature",
        ),
        Field("app_id", "App ID", help="第三方系统登录授权里的应用 ID"),
        Field("app_secret", "App Secret", help="更换期间可以同时填新旧两个，新的在前", secret=True),
        Field("password", "密码", help="仅 ValidateUser、ValidateUser2", secret=True),
        Field("passport", "SimplePassport", help="仅 LoginBySimplePassport", secret=True),
        Field("xor_code", "异或码", help="留空用 SDK 自带的", secret=True),
        Field("lcid", "语言", default=2052),
        Field("org_num", "组织编码", default="0"),
        Field("kick_off", "登录时踢掉同名会话", help="填 是 则踢掉"),
        Field("session_minutes", "会话闲置多久后重新登录（分钟）", default=15),
        Field("calls_at_once", "同时调用数", help="最多 4", default=2),
        Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
        Field("window_minutes", "每次读取的时间窗（分钟）", default=1440),
        Field("overlap_seconds", "时间窗重叠（秒）", help="防止晚提交的单据漏读", default=300),
        Field("bills_a_step", "每步读取的单据数", default=200),
        Field("page_size", "每次查询的行数", help="最多 2000", default=2000),
        Field("platform_order_field", "销售订单：平台单号字段", default="FNetOrderBillNo"),
        Field("tower_order_field", "销售订单：指挥塔单号字段", help="如 F_HUB_OrderNo；留空则不用"),
        Field("sale_entry", "销售订单：明细标识", default="FSaleOrderEntry"),
        Field(
            "sale_times",
            "销售订单：变更时间字段",
            help="依次为修改、审核、作废的时间；可以只写前面的",
            default=preferences.TIMES,
        ),
        Field("created_field", "销售订单：创建时间字段", default="FCreateDate"),
        Field("out_stock_entry", "出库单：明细标识", default="FEntity"),
        Field(
            "out_stock_times",
            "出库单：变更时间字段",
            help="依次为修改、审核、作废的时间；可以只写前面的",
            default=preferences.TIMES,
        ),
        Field("out_stock_sale_order", "出库单：明细的销售订单号字段", default="FSoorDerno"),
        Field("out_stock_order_field", "出库单：平台单号字段", help="没有销售订单的出库单才需要"),
        Field("out_stock_carrier", "出库单：承运商字段", default="FCarrierID.FNumber"),
        Field("out_stock_waybill", "出库单：运单号字段", default="FCarriageNO"),
        Field("carriers", "承运商编码（JSON）", help='金蝶编码 → 快递，如 {"SF01": "sf"}'),
        Field("audited_order_means", "已审核的销售订单表示", help=ORDER_HELP, default="other"),
        Field("audited_out_stock_means", "已审核的出库单表示", help="shipped 已发货，或 accepted", default="shipped"),
        Field("closed_order_means", "未出库就关闭的订单表示", help="other，或 cancelled 取消", default="other"),
        Field("tell", "回写方式", help="fields 写字段，或 none 不回写", default="fields"),
        Field("tell_form", "回写到", help="SAL_SaleOrder 或 SAL_OUTSTOCK", default="SAL_SaleOrder"),
        Field("tell_fields", "回写字段（JSON）", help='如 {"status": "F_HUB_Status", "signed": ""}；空的不写'),
        Field("tell_words", "回写状态文字（JSON）", help='如 {"shipped": "SHIPPED"}'),
        Field(
            "correction",
            "纠正“已出库，勿重推”的方式",
            help="note 写备注、close 关闭订单、audit 出库单审核",
            default="note",
        ),
        Field("note_field", "备注字段", default="FNote"),
        Field("note_text", "备注文字", default=preferences.NOTE_TEXT),
        Field("close_operation", "关闭操作编码", help="在 BOS 里查看", default="YLBillClose"),
        Field("close_scope", "关闭范围", help="bill 整单，或 rows 只关剩余行", default="bill"),
        Field("push_rule", "下推规则", help="留空用默认规则"),
        Field("stock_quantity_field", "即时库存：数量字段", default="FBaseQty"),
        Field("stock_organisation", "库存组织编码", default="100"),
        Field("owner_type", "货主类型", default="BD_OwnerOrg"),
        Field("transfer_bill_type", "直接调拨单：单据类型", default="ZJDB01_SYS"),
        Field("transfer_entry", "直接调拨单：明细标识", default="FBillEntry"),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        if capability == "tell" and settings.get("tell") == telling.NO_WAY:
            return False
        return super().can(capability, settings)

    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        return mapping.parse(message)

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


adapter = KingdeeAdapter()
