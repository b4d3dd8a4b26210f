"""What a scanner's screen says: one word for the verdict, one sentence why, one what to do with the parcel."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.lifecycle import HoldReason, Need, Role

PASS, ATTENTION, WRONG, STOP, SAME = "pass", "attention", "wrong", "stop", "same"
VERDICTS = (PASS, ATTENTION, WRONG, STOP, SAME)
_WORDS: dict[str, Any] = {
    PASS: gettext_lazy("通过"),
    ATTENTION: gettext_lazy("注意"),
    WRONG: gettext_lazy("扫错"),
    STOP: gettext_lazy("停发"),
    SAME: gettext_lazy("重复"),
}
# Where the verdict alone does not say what is wrong.
_WORDS_BY_CODE: dict[str, Any] = {
    "unknown_code": gettext_lazy("不认识"),
    "incomplete_code": gettext_lazy("不完整"),
    "not_in_parcel": gettext_lazy("错货"),
    "too_many": gettext_lazy("错货"),
    "ambiguous": gettext_lazy("错货"),
}

# Code → (why, what to do). "" where the reason comes from elsewhere.
_SENTENCES: dict[str, tuple[Any, Any]] = {
    "unknown_code": (gettext_lazy("不认识这个条码"), gettext_lazy("再扫一次；还不行就把包裹放一边，找组长")),
    "incomplete_code": (gettext_lazy("条码不完整，请重扫"), gettext_lazy("对准整条条码，不要遮住两头")),
    "product_code": (gettext_lazy("这是商品条码（69 码），不是运单号"), gettext_lazy("请扫面单上的运单号")),
    "mistyped_waybill": (gettext_lazy("运单号有误：校验位不对"), gettext_lazy("核对面单上的号码，再扫一次，不要手输")),
    "square_code": (gettext_lazy("这是面单上的二维码"), gettext_lazy("请扫运单号的一维条码")),
    "other_courier": ("", gettext_lazy("核对面单：贴错了就放一边，找组长")),
    "invalid": (gettext_lazy("系统没有看懂这次扫描，什么也没有做"), gettext_lazy("再扫一次；还不行就找组长")),
    "nonce_reused": (
        gettext_lazy("这个扫描编号已经用过，什么也没有做"),
        gettext_lazy("重新扫一次；反复出现就换一台设备，找组长"),
    ),
    "not_waybill": (gettext_lazy("请扫面单上的运单号"), gettext_lazy("交接只认面单，不认包裹号、订单号和货品")),
    "not_parcel": (gettext_lazy("这不是包裹的条码"), gettext_lazy("请扫面单、拣货单上的包裹号或订单号")),
    "not_goods": (gettext_lazy("这不是货品条码"), gettext_lazy("先验完手上的包裹，再扫下一个包裹")),
    "own_code": (gettext_lazy("这是包裹自己的条码"), gettext_lazy("请扫货品上的条码")),
    "no_parcel": (gettext_lazy("还没有打开包裹"), gettext_lazy("先扫包裹，再扫货品")),
    "other_parcel": (gettext_lazy("条码不是所选包裹的"), gettext_lazy("重新扫要操作的包裹")),
    "not_in_parcel": (gettext_lazy("这个货品不在这个包裹里"), gettext_lazy("把它放回货架，按清单拣货")),
    "too_many": (gettext_lazy("这个货品已经够了，多了一件"), gettext_lazy("把多出的一件放回货架")),
    "ambiguous": (gettext_lazy("包裹里有两种货品用同一个条码"), gettext_lazy("请改扫货品编码，并告诉组长")),
    "role": (gettext_lazy("没有验货的权限"), ""),
    "returned": (gettext_lazy("包裹已退回"), gettext_lazy("交给退货组清点，不要再发")),
    "left": (gettext_lazy("包裹已经交接，不能再验"), gettext_lazy("包裹还在手上就扣下，找组长")),
    "already_packed": (gettext_lazy("已经确认打包"), ""),
    "already_shipped": (gettext_lazy("已经交接过"), ""),
    "no_pack_lines": (gettext_lazy("这个包裹没有装箱明细，不用逐件验"), ""),
    "old_label": (gettext_lazy("旧面单：这张面单已经作废"), gettext_lazy("撕下旧面单，贴上新面单再扫")),
    "voided": (gettext_lazy("包裹已作废"), gettext_lazy("不要发出，拆包返架，撕掉面单")),
    "no_parcel_yet": (gettext_lazy("订单还没有推送仓库，没有包裹"), gettext_lazy("不要发货，问客服")),
    "which_parcel": (gettext_lazy("有多个包裹，请选择"), ""),
    "stale_grant": (
        gettext_lazy("这次打印的结果不明，不能再打"),
        gettext_lazy("到打印机旁找面单，找不到就交运营主管复核"),
    ),
    "wave_too_large": (gettext_lazy("波次超过 500 个包裹"), gettext_lazy("请分批确认")),
    "wave_empty": (gettext_lazy("没有要打包的包裹"), ""),
    "wave_in_part": (gettext_lazy("有包裹没有打包，原因见清单"), gettext_lazy("把没打包的挑出来放一边")),
    "wave_refused": (gettext_lazy("一个也没有打包，原因见清单"), gettext_lazy("把包裹放一边，按原因处理")),
    "device_time": (gettext_lazy("设备时间不对"), gettext_lazy("请校对设备的日期和时间")),
}

# What becomes of a parcel that a hold stops.
_HELD: dict[str, Any] = {
    HoldReason.DUPLICATE_PRINT: gettext_lazy("两张面单都留下，不要贴，不要再打"),
    HoldReason.DUPLICATE_ORDER: gettext_lazy("放到异常区，等核实是不是重复下单"),
    HoldReason.ADDRESS_CONFLICT: gettext_lazy("不要发出，放到异常区等换面单"),
    HoldReason.ADDRESS_UNVERIFIED: gettext_lazy("放到异常区，等地址核实"),
    HoldReason.REFUND_REQUESTED: gettext_lazy("不要发出，放到退款区"),
    HoldReason.CANCEL_REQUESTED: gettext_lazy("不要发出，放到异常区等答复买家"),
    HoldReason.SKU_MISMATCH: gettext_lazy("不要封箱，连同货品放到异常区"),
    HoldReason.SYSTEM_CONFLICT: gettext_lazy("放到异常区，等核对各系统状态"),
    HoldReason.FOREIGN_WAYBILL: gettext_lazy("不要发出，把贴着的面单留在包裹上等核对"),
    HoldReason.SHIPPED_WHILE_HELD: gettext_lazy("包裹还在手上就扣下，不要装车"),
    HoldReason.PRESALE_LOCK: gettext_lazy("放回待发区，到发货期再扫"),
    HoldReason.STOCK_SHORT: gettext_lazy("放到缺货区，等补货"),
    HoldReason.SKU_UNMAPPED: gettext_lazy("先不要拣，等维护商品对应"),
    HoldReason.NOTE_UNREAD: gettext_lazy("先不要拣，等客服看完留言"),
    HoldReason.STUCK: gettext_lazy("放到异常区，等查明卡在哪里"),
    HoldReason.RULE: gettext_lazy("放到异常区，等复核"),
    HoldReason.MANUAL: gettext_lazy("放到异常区，等锁单的人处理"),
    HoldReason.PRINT_UNKNOWN: gettext_lazy("到打印机旁找面单，不要再打"),
}

# What to do where a need of the act is not met.
_UNMET: dict[str, Any] = {
    Need.LINES_CHECKED: gettext_lazy("先到“验货”把剩下的扫完"),
    Need.NO_OPEN_REFUND: gettext_lazy("不要发出，放到退款区"),
    Need.LABEL_PRINTED: gettext_lazy("不要发出，先打面单"),
    Need.ADDRESS_CURRENT: gettext_lazy("不要发出，放到异常区等换面单"),
}
_ASIDE = gettext_lazy("把包裹放一边，找组长")


def word(verdict: str, code: str = "") -> str:
    return str(_WORDS_BY_CODE.get(code) or _WORDS[verdict])


def sentences(code: str) -> tuple[str, str]:
    """Why, and what to do."""
    why, what = _SENTENCES[code]
    return str(why), str(what)


def help_for_hold(reason: str, *, four_eyes: bool, lifters: Iterable[str]) -> str:
    """What to do with the parcel, and who can release it."""
    who = names(lifters)
    if not who:
        return str(_HELD[reason])
    text = _("{what}；由另一位{who}解封") if four_eyes else _("{what}；由{who}解封")
    return text.format(what=_HELD[reason], who=who)


def help_for_needs(needs: Iterable[str]) -> str:
    """What to do about the first of them; somebody who knows more must look where that is not enough."""
    return next((str(_UNMET[need]) for need in needs if need in _UNMET), str(_ASIDE))


def help_for_role(roles: Iterable[str]) -> str:
    who = names(roles)
    return _("请{who}来扫").format(who=who) if who else _("请找组长")


def of_wave(code: str, parcels: int) -> str:
    return _("波次 {code}，{n} 个包裹").format(code=code, n=parcels)


def of_goods(goods: Iterable[tuple[str, str]]) -> str:
    return _("货品：{names}").format(names="；".join(f"{code} {name}" for code, name in goods))


def of_other_courier(theirs: Iterable[str], own: str) -> str:
    return _("这像{couriers}的单号，这个包裹的面单是{own}").format(couriers=_("或").join(theirs), own=own)


def names(roles: Iterable[str]) -> str:
    """The roles in the seller's words, in the order in which they are always named."""
    known = set(roles)
    return "、".join(str(role.label) for role in Role if str(role) in known)
