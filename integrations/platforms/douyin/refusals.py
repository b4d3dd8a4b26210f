"""Douyin's ways to say no, in the tower's two kinds of no. Pure.

Sources: the table of return codes and the numbers of business errors in the generated official SDKs. What stands in no
table is final (`Permanent`) with its code kept, so that a person can see it.
"""

import re
from collections.abc import Mapping
from typing import Any

from integrations.errors import (
    AlreadyDone,
    ConnectionAtFault,
    OutOfNumbers,
    OutsideError,
    Permanent,
    Temporary,
    Throttled,
    Unauthorised,
)

SUCCESS, PARTLY_FAILED = "10000", "10001"
THROTTLE_SECONDS = 30.0
# Return code → what it means where the sub code says nothing of its own.
CODES: dict[str, type[OutsideError]] = {
    "20000": Temporary,
    "20001": Temporary,
    "30001": ConnectionAtFault,
    "30002": ConnectionAtFault,
    "40001": ConnectionAtFault,
    "40002": Permanent,
    "40003": Permanent,
    "40004": Permanent,
    "50001": Unauthorised,
    "50002": Permanent,
    "60000": Throttled,
    "70000": ConnectionAtFault,
    "80000": ConnectionAtFault,
    "90000": Temporary,
}
# The beginning of a sub code → what it means, before the return code is asked.
SUB_CODES: tuple[tuple[str, type[OutsideError]], ...] = (
    ("isv.access-token", Unauthorised),
    ("dop.authorization", Unauthorised),
    ("dop.token-generate-failed:app-secret", ConnectionAtFault),
    ("dop.token-generate-failed:grant-type", ConnectionAtFault),
    ("dop.token-generate-failed", Unauthorised),
    ("isv.app-permissions", ConnectionAtFault),
    ("dop.app-forbidden", ConnectionAtFault),
    ("isv.invalid_ip", ConnectionAtFault),
    ("isv.signature-invalid", ConnectionAtFault),
    ("isv.timestamp-invalid", ConnectionAtFault),
    ("isv.app-id-invalid", ConnectionAtFault),
    # The same request was sent before: read again what became of it.
    ("isv.idempotent-id-existed", AlreadyDone),
    ("isp.", Temporary),
    ("dop.service-error", Temporary),
)
_NUMBERED = re.compile(r"^(?:isv\.business-failed|isv\.parameter-invalid|isp\.service-error):(\d+)$")

# Business number → what it means. `AlreadyDone`: read the order again and judge by what it says.
BUSINESS: dict[str, tuple[type[OutsideError], str]] = {
    "60110": (AlreadyDone, "订单已经发货，不能重复发货"),
    "70023": (AlreadyDone, "订单没有可发货的商品"),
    "60113": (Permanent, "订单已完成，不能发货"),
    "60021": (Permanent, "订单已取消，不能发货"),
    "60068": (Permanent, "订单发货前已退款，不能发货"),
    "60040": (Permanent, "买家申请了退款，请先处理售后"),
    "60109": (Temporary, "平台正在风控审核，暂不能发货"),
    "70011": (Temporary, "平台正在处理同一请求"),
    "70002": (Temporary, "平台暂时不可用"),
    "70014": (Temporary, "平台暂时不可用"),
    "70009": (Temporary, "平台暂时不可用"),
    "60118": (Temporary, "平台暂时不可用"),
    "60124": (Temporary, "平台暂时不可用"),
    "8888": (Temporary, "平台暂时不可用"),
    "20003": (Temporary, "平台暂时不可用"),
    "20004": (Temporary, "平台暂时不可用"),
    "20005": (Temporary, "平台暂时不可用"),
    "60033": (Permanent, "订单不存在"),
    "60101": (Permanent, "订单不属于本店铺"),
    "60018": (Permanent, "快递公司编码不对"),
    "60083": (Permanent, "没有填写快递公司"),
    "60017": (Permanent, "运单号不符合该快递公司的规则"),
    "70018": (Permanent, "运单号已取消或已回收，请重新取号"),
    "70019": (Permanent, "物流轨迹早于付款时间，运单号可能被重复使用"),
    "70020": (Permanent, "收件人与面单不一致，买家可能已改地址，请换面单"),
    "70021": (Permanent, "合并发货的订单收件人不一致"),
    "70022": (Permanent, "运单号已被收件人不同的订单使用"),
    "60027": (Permanent, "没有设置默认发货地址"),
    "60072": (Permanent, "没有设置默认发货地址"),
    "70016": (Permanent, "没有设置默认发货地址"),
    "700029": (Permanent, "需要填写退货地址"),
    "60116": (Permanent, "平台仓订单，不由商家发货"),
    "60123": (Permanent, "供应链订单，不由商家发货"),
    "60138": (Permanent, "该订单要求送货上门，请使用支持的快递"),
    "60046": (Permanent, "需要填写商品序列号"),
    "60047": (Permanent, "商品序列号不对"),
    "60056": (Permanent, "商品序列号不对"),
    "60062": (Permanent, "商品序列号不对"),
    # Answers to an address change.
    "50042": (AlreadyDone, "改址申请已因售后撤回"),
    "50041": (Permanent, "改址申请已被拒绝（订单已在发货）"),
    "50040": (AlreadyDone, "改址申请已同意过"),
    "50039": (Permanent, "没有待处理的改址申请"),
    "50038": (ConnectionAtFault, "店铺没有开启买家改址"),
    "50036": (ConnectionAtFault, "应用没有审核改址的权限"),
    # Reading.
    "20022": (Permanent, "只能查询最近 90 天的订单"),
    "20013": (Permanent, "一次查询超过 50000 条"),
    "31009": (Unauthorised, "授权不存在，请重新授权"),
    # Waybills.
    "10701": (OutOfNumbers, "电子面单库存不足，请充值"),
}
# Seconds to wait where trying again at once is pointless.
WAITS = {"60109": 300.0, "70011": 5.0}
THROTTLED_WORDS = ("限流", "频繁", "too many", "rate limit", "qps")
TOKEN_WORDS = ("access_token", "token", "授权")
LATER_WORDS = ("稍后", "超时", "系统异常", "系统繁忙", "timeout")


def refusal(answer: Mapping[str, Any]) -> OutsideError:
    """The error for an answer whose `code` is no success. Its `code` is the business number or the sub code."""
    code, sub_code = str(answer.get("code", "")), str(answer.get("sub_code") or "")
    said = str(answer.get("sub_msg") or answer.get("msg") or "")
    if numbered := _NUMBERED.match(sub_code):
        known = BUSINESS.get(numbered[1])
        is_ours = sub_code.startswith("isp.")
        kind, meaning = known or (Temporary if is_ours else CODES.get(code, Permanent), "")
        return _made(kind, said or meaning, numbered[1])
    for beginning, kind in SUB_CODES:
        if sub_code.startswith(beginning):
            return _made(kind, said, sub_code)
    return _made(CODES.get(code, Permanent), said, sub_code or code)


def old_refusal(number: str, said: str) -> OutsideError:
    """The error for the old envelope (`err_no`), or for one item of many: by its number, else by its words."""
    if number in BUSINESS:
        kind, meaning = BUSINESS[number]
        return _made(kind, said or meaning, number)
    if number in CODES:
        return _made(CODES[number], said, number)
    low = said.casefold()
    for words, kind in ((THROTTLED_WORDS, Throttled), (TOKEN_WORDS, Unauthorised), (LATER_WORDS, Temporary)):
        if any(word in low for word in words):
            return _made(kind, said, number)
    return _made(Permanent, said, number)


def _made(kind: type[OutsideError], text: str, code: str) -> OutsideError:
    wait = THROTTLE_SECONDS if kind is Throttled else WAITS.get(code)
    return kind(text or "平台拒绝了请求", code=code, retry_after=wait)
