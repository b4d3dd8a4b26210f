"""The words of the state machine: states, roles, causes, moves, and who may make them. No database here.

What is not said in `DEFAULT_POLICIES` nobody may do. A seller changes these defaults with `TransitionPolicy` rows;
the graph itself is code, on `Order` and `Parcel`.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class OrderState(TextChoices):
    PENDING_PAYMENT = "pending_payment", _("待支付")
    PAID = "paid", _("已付款")
    TO_PICK = "to_pick", _("待拣货")
    PACKED = "packed", _("已打包")
    SHIPPED = "shipped", _("已发货")
    SIGNED = "signed", _("已签收")
    CANCELLED = "cancelled", _("已取消")
    RETURNED = "returned", _("已退回")


class ParcelState(TextChoices):
    TO_PICK = "to_pick", _("待拣货")
    PACKED = "packed", _("已打包")
    SHIPPED = "shipped", _("已发货")
    SIGNED = "signed", _("已签收")
    VOIDED = "voided", _("已作废")
    RETURNED = "returned", _("已退回")


class LabelState(TextChoices):
    REQUESTED = "requested", _("取号中")
    LIVE = "live", _("已取号")
    CLAIMED = "claimed", _("打印中")
    PRINTED = "printed", _("已打印")
    UNKNOWN = "unknown", _("结果不明")
    FAILED = "failed", _("失败")
    VOID = "void", _("已作废")


class Role(TextChoices):
    """Who a person is. In code by name, on screen in the seller's words."""

    ADMIN = "admin", _("系统管理员")
    OPS_MANAGER = "ops_manager", _("运营主管")
    CS = "cs", _("客服")
    WAREHOUSE_LEAD = "warehouse_lead", _("仓管组长")
    PICKER = "picker", _("仓管员")
    SHIPPER = "shipper", _("发货员")
    FINANCE = "finance", _("财务")
    AUDITOR = "auditor", _("审计")
    INTEGRATOR = "integrator", _("集成账号")


class CauseKind(TextChoices):
    """What made something happen when it was not a person."""

    PERSON = "person", _("人员")
    SYSTEM = "system", _("系统")
    PLATFORM = "platform", _("平台")
    ERP = "erp", _("ERP")
    WMS = "wms", _("仓库系统")
    COURIER = "courier", _("快递")
    RULE = "rule", _("规则")


class HoldReason(TextChoices):
    DUPLICATE_PRINT = "duplicate_print", _("重复打单")
    DUPLICATE_ORDER = "duplicate_order", _("疑似重复订单")
    ADDRESS_CONFLICT = "address_conflict", _("地址不一致")
    ADDRESS_UNVERIFIED = "address_unverified", _("地址待核实")
    REFUND_REQUESTED = "refund_requested", _("申请退款")
    CANCEL_REQUESTED = "cancel_requested", _("申请取消")
    SKU_MISMATCH = "sku_mismatch", _("货品不符")
    SYSTEM_CONFLICT = "system_conflict", _("状态不一致")
    FOREIGN_WAYBILL = "foreign_waybill", _("外来单号")
    SHIPPED_WHILE_HELD = "shipped_while_held", _("锁单期间发货")
    PRESALE_LOCK = "presale_lock", _("预售未到发货期")
    STOCK_SHORT = "stock_short", _("库存不足")
    SKU_UNMAPPED = "sku_unmapped", _("商品未对应")
    NOTE_UNREAD = "note_unread", _("留言未读")
    STUCK = "stuck", _("卡单")
    RULE = "rule", _("规则锁单")
    MANUAL = "manual", _("人工锁单")
    PRINT_UNKNOWN = "print_unknown", _("打印结果不明")


class Move(StrEnum):
    """Every act that a policy speaks of. Order and parcel moves, then the acts around a label and a hold."""

    PAY = "pay"
    RELEASE = "release"
    CANCEL = "cancel"
    RETURN = "return"
    PACK = "pack"
    UNPACK = "unpack"
    SHIP = "ship"
    SIGN = "sign"
    VOID = "void"
    WAYBILL = "waybill"
    PRINT = "print"
    HOLD = "hold"
    LIFT = "lift"
    CONFIRM = "confirm"
    ANSWER = "answer"


MOVE_LABELS = {
    Move.PAY: _("确认付款"),
    Move.RELEASE: _("推送仓库"),
    Move.CANCEL: _("取消订单"),
    Move.RETURN: _("退回"),
    Move.PACK: _("确认打包"),
    Move.UNPACK: _("退回拣货"),
    Move.SHIP: _("发货"),
    Move.SIGN: _("签收"),
    Move.VOID: _("作废包裹"),
    Move.WAYBILL: _("取单号"),
    Move.PRINT: _("打印面单"),
    Move.HOLD: _("锁单"),
    Move.LIFT: _("解封"),
    Move.CONFIRM: _("确认异常"),
    Move.ANSWER: _("答复买家申请"),
}

ORDER_MOVES = (Move.PAY, Move.RELEASE, Move.CANCEL, Move.RETURN)
PARCEL_MOVES = (Move.PACK, Move.UNPACK, Move.SHIP, Move.SIGN, Move.VOID, Move.RETURN)
# Law 6: what stays possible while an order is held.
ALLOWED_WHILE_HELD = frozenset({Move.CANCEL, Move.VOID, Move.HOLD, Move.LIFT, Move.CONFIRM, Move.ANSWER})


class Need(TextChoices):
    """A condition of a move, by name, with the sentence a worker reads when it is not met."""

    NOT_HELD = "not_held", _("订单已锁单，解封后才能操作")
    PAID = "paid", _("没有付款记录")
    NO_PRESALE_LOCK = "no_presale_lock", _("预售未到发货期")
    ADDRESS_VALID = "address_valid", _("收货地址不完整")
    GOODS_MAPPED = "goods_mapped", _("有商品未对应到货品，请先维护商品对应关系")
    WAREHOUSE_SET = "warehouse_set", _("未分配仓库")
    STOCK_RESERVED = "stock_reserved", _("库存不足，未能预留")
    NOT_EXCLUDED = "not_excluded", _("平台仓、代发、虚拟、拼团未成或风控订单不走本仓发货")
    LINES_CHECKED = "lines_checked", _("还有货品未验货")
    NO_OPEN_REFUND = "no_open_refund", _("有商品正在退款")
    LABEL_PRINTED = "label_printed", _("没有有效的面单")
    ADDRESS_CURRENT = "address_current", _("面单地址不是最新地址，请换面单")
    NOTHING_SHIPPED = "nothing_shipped", _("已有包裹发出，只能逐行关闭")
    PACKED = "packed", _("仓管组长还没有确认打包")
    NO_LABEL = "no_label", _("该包裹已有有效面单")
    REASON_GIVEN = "reason_given", _("请填写原因")


@dataclass(frozen=True)
class MovePolicy:
    """Who may make a move and what it needs; `second_person` asks for another person's agreement."""

    roles: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    second_person: bool = False


def _policy(
    roles: tuple[Role, ...] = (), causes: tuple[CauseKind, ...] = (), needs: tuple[Need, ...] = ()
) -> MovePolicy:
    return MovePolicy(frozenset(map(str, roles)), frozenset(map(str, causes)), tuple(map(str, needs)))


_HELD, _REASON = Need.NOT_HELD, Need.REASON_GIVEN

# Subject and move → who may, and what it needs (DESIGN 4). `cancel` from packed is narrowed in `ROLES_FROM_STATE`.
DEFAULT_POLICIES: dict[tuple[str, str], MovePolicy] = {
    ("order", Move.PAY): _policy((Role.OPS_MANAGER,), (CauseKind.PLATFORM,), (_HELD, _REASON)),
    ("order", Move.RELEASE): _policy(
        (Role.CS, Role.OPS_MANAGER),
        (CauseKind.SYSTEM,),
        (
            _HELD,
            Need.PAID,
            Need.NO_PRESALE_LOCK,
            Need.ADDRESS_VALID,
            Need.GOODS_MAPPED,
            Need.NOT_EXCLUDED,
            Need.WAREHOUSE_SET,
            Need.STOCK_RESERVED,
            Need.NO_OPEN_REFUND,
        ),
    ),
    ("order", Move.CANCEL): _policy(
        (Role.CS, Role.OPS_MANAGER), (CauseKind.PLATFORM,), (Need.NOTHING_SHIPPED, _REASON)
    ),
    ("order", Move.RETURN): _policy((Role.CS,), (CauseKind.COURIER,), (_HELD, _REASON)),
    ("parcel", Move.PACK): _policy((Role.WAREHOUSE_LEAD,), (), (_HELD, Need.LINES_CHECKED, Need.NO_OPEN_REFUND)),
    ("parcel", Move.UNPACK): _policy((Role.WAREHOUSE_LEAD,), (), (_REASON,)),
    ("parcel", Move.VOID): _policy((Role.WAREHOUSE_LEAD,), (), (_REASON,)),
    ("parcel", Move.SHIP): _policy(
        (Role.SHIPPER,),
        (),
        (_HELD, Need.NO_OPEN_REFUND, Need.LABEL_PRINTED, Need.ADDRESS_CURRENT),
    ),
    ("parcel", Move.SIGN): _policy((), (CauseKind.COURIER, CauseKind.PLATFORM), ()),
    ("parcel", Move.RETURN): _policy((Role.CS,), (CauseKind.COURIER,), (_HELD, _REASON)),
    ("label", Move.WAYBILL): _policy(
        (Role.SHIPPER,),
        (CauseKind.SYSTEM,),
        (_HELD, Need.PACKED, Need.NO_OPEN_REFUND, Need.NO_LABEL, Need.ADDRESS_VALID),
    ),
    ("label", Move.PRINT): _policy(
        (Role.PICKER, Role.SHIPPER),
        (CauseKind.WMS, CauseKind.ERP, CauseKind.SYSTEM),
        (_HELD, Need.NO_OPEN_REFUND, Need.ADDRESS_CURRENT),
    ),
    ("hold", Move.HOLD): _policy(
        (Role.CS, Role.OPS_MANAGER, Role.WAREHOUSE_LEAD, Role.PICKER, Role.SHIPPER),
        (CauseKind.SYSTEM, CauseKind.RULE, CauseKind.PLATFORM, CauseKind.ERP, CauseKind.WMS),
        (_REASON,),
    ),
    ("hold", Move.LIFT): _policy((Role.OPS_MANAGER,), (), (_REASON,)),
    ("hold", Move.CONFIRM): _policy((Role.OPS_MANAGER,), (), (_REASON,)),
    # 改址 and 拦截 that the buyer asked for through the platform.
    ("case", Move.ANSWER): _policy((Role.CS, Role.OPS_MANAGER), (CauseKind.SYSTEM,), ()),
}

# A move that needs more standing from some states than from others.
ROLES_FROM_STATE: dict[tuple[str, str, str], frozenset[str]] = {
    ("order", Move.CANCEL, OrderState.PACKED): frozenset({str(Role.OPS_MANAGER)}),
}

# Holds that two people must handle: the one who caused it may not lift it.
FOUR_EYES_REASONS = frozenset({HoldReason.DUPLICATE_PRINT, HoldReason.PRINT_UNKNOWN, HoldReason.SHIPPED_WHILE_HELD})

# Such a parcel is not in the warehouse any more, or was away and came back.
LEFT = (ParcelState.SHIPPED, ParcelState.SIGNED, ParcelState.RETURNED)
# What an outside system's word means for the parcel. The number is the status rank that breaks ties of time (law 3).
STAGE_RANK: dict[str, int] = {
    ParcelState.TO_PICK: 10,
    ParcelState.PACKED: 20,
    ParcelState.SHIPPED: 30,
    ParcelState.SIGNED: 40,
    ParcelState.RETURNED: 50,
}
