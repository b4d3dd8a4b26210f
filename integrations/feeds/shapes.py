"""What a mapping may fill: the tower's own fields, by part, with the words for people and the values that are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# Kinds of fields: id, words, time, money, count, yes, choice, choices, carrier.
ID, WORDS, TIME, MONEY, COUNT, YES, CHOICE, CHOICES, CARRIER = (
    "id", "words", "time", "money", "count", "yes", "choice", "choices", "carrier",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """One field of the tower's. `choices`: the tower's word → what staff call it."""

    name: str
    label: str
    kind: str = WORDS
    required: bool = False
    longest: int = 200
    choices: Mapping[str, str] = field(default_factory=dict)
    # What an unlisted value becomes.
    otherwise: str = ""
    help: str = ""


@dataclass(frozen=True)
class Part:
    """A group of fields. `many`: it has a path of its own to a list, and the fields stand within its entries."""

    name: str
    label: str
    fields: tuple[Wanted, ...]
    many: bool = False
    optional: bool = False

    def field(self, name: str) -> Wanted | None:
        return next((wanted for wanted in self.fields if wanted.name == name), None)


@dataclass(frozen=True)
class Shape:
    """What a record becomes. `identities`: the parts and fields that name its subject; the first that is filled."""

    name: str
    label: str
    parts: tuple[Part, ...]
    identities: tuple[tuple[str, str], ...]
    # In a table, rows that differ in these are records of their own, though their subject is one.
    grouping: tuple[tuple[str, str], ...] = ()

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name), None)


STATUSES = MappingProxyType(
    {
        "unpaid": "待付款",
        "paid": "已付款",
        "shipped_part": "部分发货",
        "shipped": "已发货",
        "signed": "已签收",
        "finished": "交易完成",
        "closed": "已关闭",
        "unknown": "未知",
    }
)
FLAGS = MappingProxyType(
    {
        "platform_warehouse": "平台仓发货",
        "dropship": "代发",
        "virtual": "无需物流",
        "cod": "货到付款",
        "group_buy_open": "拼团未成",
        "risk": "风控",
        "required_carrier": "指定快递",
        "invoice": "要发票",
    }
)
REFUND_KINDS = MappingProxyType(
    {
        "refund_only": "仅退款",
        "return_refund": "退货退款",
        "exchange": "换货",
        "reship": "补发",
        "price_protect": "保价",
    }
)
REFUND_STATUSES = MappingProxyType({"open": "处理中", "withdrawn": "已撤销", "done": "已完成", "refused": "已拒绝"})
STAGES = MappingProxyType(
    {
        "accepted": "已接单",
        "printed": "已打印",
        "picking": "拣货中",
        "checked": "已验货",
        "packed": "已打包",
        "weighed": "已称重",
        "staged": "待交接",
        "shipped_part": "部分发货",
        "shipped": "已发货",
        "signed": "已签收",
        "refused": "拒收",
        "rejected": "拒单",
        "cancelled": "已取消",
        "cancel_failed": "取消失败",
        "exception": "异常",
        "other": "其他",
        "unknown": "未知",
    }
)
CARRIERS = MappingProxyType(
    {
        "sf": "顺丰",
        "yto": "圆通",
        "zto": "中通",
        "sto": "申通",
        "yunda": "韵达",
        "jt": "极兔",
        "ems": "邮政",
        "jd": "京东",
        "deppon": "德邦",
    }
)

ORDER = Shape(
    name="order",
    label="订单",
    identities=(("order", "platform_order_id"),),
    parts=(
        Part(
            "order",
            "订单",
            (
                Wanted("platform_order_id", "平台订单号", ID, required=True, longest=60),
                Wanted("status", "状态", CHOICE, required=True, choices=STATUSES, otherwise="unknown"),
                Wanted("modified_at", "修改时间", TIME, help="没有则按收到的先后"),
                Wanted("placed_at", "下单时间", TIME),
                Wanted("paid_at", "付款时间", TIME),
                Wanted("closed_at", "关闭时间", TIME),
                Wanted("finished_at", "完成时间", TIME),
                Wanted("amount", "订单金额", MONEY, help="没有则用商品单价合计"),
                Wanted("buyer", "买家", longest=120),
                Wanted("buyer_note", "买家留言", longest=2000),
                Wanted("seller_note", "卖家备注", longest=2000),
                Wanted("seller_flag", "旗标", longest=10),
                Wanted("ship_by", "最晚发货时间", TIME),
                Wanted("presale_until", "预售发货时间", TIME),
                Wanted("flags", "标记", CHOICES, choices=FLAGS, help="一个值、列表，或用逗号分隔"),
            ),
        ),
        Part(
            "receiver",
            "收件人",
            (
                Wanted("name", "姓名"),
                Wanted("phone", "电话", longest=60),
                Wanted("province", "省", longest=60),
                Wanted("city", "市", longest=60),
                Wanted("district", "区县", longest=60),
                Wanted("town", "街道", longest=60),
                Wanted("address", "详细地址", longest=500),
                Wanted("key", "收件人密文编号", ID, help="对方给出的稳定编号，如 OAID"),
            ),
        ),
        Part(
            "lines",
            "商品",
            (
                Wanted("sku", "商家编码", ID, required=True, longest=100),
                Wanted("title", "商品名称", longest=300),
                Wanted("quantity", "数量", COUNT, help="没有则为 1"),
                Wanted("price", "单价", MONEY),
                Wanted("platform_line_id", "子订单号", ID, longest=60, help="没有则用商家编码"),
                Wanted("gift", "是赠品", YES),
                Wanted("closed", "已关闭", YES),
            ),
            many=True,
        ),
        Part(
            "refunds",
            "退款",
            (
                Wanted("refund_id", "退款编号", ID, required=True, longest=64),
                Wanted("status", "退款状态", CHOICE, required=True, choices=REFUND_STATUSES, otherwise="open"),
                Wanted("kind", "退款类型", CHOICE, choices=REFUND_KINDS, otherwise="refund_only"),
                Wanted("platform_line_id", "子订单号", ID, longest=60, help="没有则为整单"),
                Wanted("amount", "退款金额", MONEY),
                Wanted("requested_at", "申请时间", TIME),
                Wanted("updated_at", "更新时间", TIME),
            ),
            many=True,
            optional=True,
        ),
    ),
)

REPORT = Shape(
    name="report",
    label="单据进度",
    identities=(("report", "platform_order_id"), ("report", "order")),
    grouping=(("report", "out_stock"), ("report", "stage")),
    parts=(
        Part(
            "report",
            "进度",
            (
                Wanted("platform_order_id", "平台订单号", ID, longest=64),
                Wanted("order", "指挥塔单号", ID, longest=80, help="平台订单号与指挥塔单号至少有一个"),
                Wanted("stage", "状态", CHOICE, required=True, choices=STAGES, otherwise="unknown"),
                Wanted("reported_at", "时间", TIME, help="没有则按收到的先后"),
                Wanted("sale_order", "销售订单号", ID, longest=80),
                Wanted("out_stock", "出库单号", ID, longest=80),
                Wanted("operator", "操作人", longest=60),
                Wanted("note", "说明", longest=500),
            ),
        ),
        Part(
            "parcels",
            "包裹",
            (
                Wanted("waybill", "运单号", ID, required=True, longest=60),
                Wanted("carrier", "快递公司", CARRIER, choices=CARRIERS),
                Wanted("package_code", "包裹号", ID, longest=60),
            ),
            many=True,
            optional=True,
        ),
    ),
)
SHAPES = MappingProxyType({shape.name: shape for shape in (ORDER, REPORT)})
