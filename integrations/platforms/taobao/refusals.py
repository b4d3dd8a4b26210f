"""TOP's ways to say no, in the tower's two kinds of no. Pure.

Sources: the TOP table of error codes; the sub codes of `isv.logistics-offline-service-error` as public ERP code
treats them. A code that stands in no table is final (`Permanent`) with its name kept, so that a person can see it.
"""

import re
from collections.abc import Mapping
from typing import Any

from integrations.errors import (
    AlreadyDone,
    ConnectionAtFault,
    OutsideError,
    Permanent,
    Temporary,
    Throttled,
    Unauthorised,
)

# 4, 5, 6 user, session, partner limited · 7 app limited (banned) · 8 too frequent
THROTTLE_CODES = frozenset({"4", "5", "6", "7", "8"})
THROTTLE_SUB_CODES = ("accesscontrol.limited-by-", "isp.call-limited")
UNAVAILABLE = "10"
# 26 no session · 27 session expired or withdrawn
SESSION_CODES = frozenset({"26", "27"})
SESSION_SUB_CODES = frozenset({"session-expired", "invalid-sessionkey", "isv.invalid-sessionkey"})
# About the caller and not about the data of the call.
CALLER_CODES = frozenset({"9", "11", "12", "13", *(str(code) for code in range(21, 35)), "42"})

BAN = re.compile(r"ban will last for (\d+) more second")

_SHIPPING = re.compile(r"^is[vp]\.logistics-(?:offline|online|dummy)-service-error:(\w+)$")
_RESEND = re.compile(r"^isv\.logistics-update-company-or-mailno-error:(\w+)$")
_CONFIRM = re.compile(r"^isv\.logistics-confirm-service-error:(\w+)$")

# What a letter means when the order ships. `AlreadyDone`: read the order again and judge by what it says.
SHIPPING_CODES: dict[str, tuple[type[OutsideError], str]] = {
    "B01": (Permanent, "订单不存在，请重新同步订单"),
    "P02": (Permanent, "订单不存在，请重新同步订单"),
    "B02": (AlreadyDone, "订单状态不对"),
    "B04": (AlreadyDone, "订单已经发货或者已关闭，不能重复发货"),
    "B55": (AlreadyDone, "订单状态不对"),
    "B27": (AlreadyDone, "已经生成发货单的订单不能发货"),
    "B56": (Permanent, "没有填写物流公司"),
    "B57": (Permanent, "该物流公司不能用于自己联系物流"),
    "B58": (Permanent, "物流公司名称超过 20 个字"),
    "B59": (Permanent, "运单号为空"),
    "B60": (Permanent, "运单号不符合规则或已经被使用"),
    "F": (Permanent, "请使用正确的运单号"),
    "F01": (Permanent, "运单号已过期"),
    "F02": (Permanent, "付款时间晚于揽收时间，运单号可能被重复使用"),
    "F03": (Permanent, "收货地址与快递公司记录的地址不一致"),
    "F04": (Permanent, "运单号已被使用"),
    "F05": (Permanent, "运单号已被使用"),
    "F06": (Permanent, "收件人与发件人信息相同"),
    "B98": (Permanent, "物流方式不匹配，需要用别的发货接口"),
    "B101": (Permanent, "发货地址编号不对"),
    "B150": (Temporary, "发货异常，请稍等后重试"),
    "S01": (Temporary, "数据异常，请稍后重试"),
    "P01": (Permanent, "数据为空或格式不对"),
    "P22": (Permanent, "数据为空或格式不对"),
    "P03": (Unauthorised, "授权已过期，请重新授权"),
    "P25": (Permanent, "该接口不支持拆单发货"),
    "P38": (Permanent, "拆单校验失败"),
    "CD22": (Permanent, "订单已拆单，需要带子订单号发货"),
    "CD23": (Permanent, "订单已拆单，需要带子订单号发货"),
    "CD24": (Permanent, "订单已拆单，需要带子订单号发货"),
    "CD27": (Permanent, "订单已拆单，需要带子订单号发货"),
    "CD25": (Permanent, "拆单标记与子订单号必须同时给出"),
    "CD26": (Permanent, "缺少子订单号"),
    "CD29": (Permanent, "订单没有拆单，不能带子订单号"),
    "CD31": (Permanent, "物流订单不止一个"),
    "CD28": (Temporary, "平台拆单出错，请重试"),
    "CD30": (Permanent, "用户或订单号不对"),
    "CD01": (Permanent, "发货方式不匹配"),
    "CD86": (Permanent, "该订单不能用此接口发货"),
}
RESEND_CODES: dict[str, tuple[type[OutsideError], str]] = {
    "CD19": (Permanent, "订单还没有发货"),
    "P02": (Permanent, "订单不是部分发货"),
    "P03": (Permanent, "物流公司不对"),
    "P06": (Permanent, "订单状态不允许修改运单"),
    "P07": (AlreadyDone, "运单没有变化"),
    "P08": (Permanent, "不支持修改运单"),
    "P10": (Permanent, "运单号不对或已被使用"),
}
CONFIRM_CODES: dict[str, tuple[type[OutsideError], str]] = {"HD06": (AlreadyDone, "已经确认过发货")}


def refusal(envelope: Mapping[str, Any]) -> OutsideError:
    """The error to raise for the inside of an `error_response`. Its `code` is the sub code where there is one."""
    code, sub_code = str(envelope.get("code", "")), str(envelope.get("sub_code") or "")
    said = str(envelope.get("sub_msg") or envelope.get("msg") or "")
    kind, meaning = _judged(code, sub_code)
    ban = BAN.search(said)
    wait = float(ban[1]) if ban and issubclass(kind, Temporary) else None
    return kind(said or meaning or "平台拒绝了请求", code=sub_code or code, retry_after=wait)


def _judged(code: str, sub_code: str) -> tuple[type[OutsideError], str]:
    if code in SESSION_CODES or sub_code in SESSION_SUB_CODES:
        return Unauthorised, "授权已过期，请重新授权"
    if code in THROTTLE_CODES or sub_code.startswith(THROTTLE_SUB_CODES):
        return Throttled, "平台限流，请稍后"
    if code == UNAVAILABLE:
        return Temporary, "平台暂时不可用"
    if code in CALLER_CODES or "permission" in sub_code:
        return ConnectionAtFault, ""
    for pattern, table in ((_SHIPPING, SHIPPING_CODES), (_RESEND, RESEND_CODES), (_CONFIRM, CONFIRM_CODES)):
        if (match := pattern.match(sub_code)) and match[1] in table:
            return table[match[1]]
    if sub_code.startswith("isp."):
        return Temporary, "平台暂时不可用"
    return Permanent, ""
