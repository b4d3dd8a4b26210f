"""The settings of a connection: their forms, and how they are read."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import Field, FieldError
from integrations.preferences import COMMAS_AND_BLANKS, WrongSetting, is_yes, table, words

SERVICE_PATH = "/std/service"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SENDER = "JSON 对象：contact、mobile、province、city、county、address"

FIELDS = (
    Field("partner_id", "顾客编码 partnerID", "丰桥开发者后台里的顾客编码", required=True),
    Field("check_word", "校验码 checkWord", "生产环境与沙箱的校验码不同", required=True, secret=True),
    Field("monthly_card", "月结卡号", "下单和拦截的付款账号"),
    Field("issues_waybills", "由顺丰直接取号", "填 是：本连接范围内的顺丰面单在这里取号；否则由平台取号", default="否"),
    Field("order_prefix", "客户订单号前缀", "几套系统共用一个顾客编码时各填一个：客户订单号永远不能重复"),
    Field("sender", "寄件人", _SENDER, default={}),
    Field("return_address", "退回地址", "格式同寄件人；留空则退回寄件人", default={}),
    Field("cargo_name", "托寄物名称", "留空则逐项填写货品名称"),
    Field("pay_method", "付款方式 payMethod", "1 寄方付，2 收方付，3 第三方付", default="1"),
    Field("express_type", "产品类型 expressTypeId", "以合同为准", default="1"),
    Field("extra", "下单附加字段", "原样并入下单报文的 JSON 对象", default={}),
    Field("intercept_role", "拦截申请人 role", "1 寄方，2 收方，3 第三方", default="1"),
    Field("intercept_pay", "拦截付款 payMode", "1 寄付现结，2 到付，3 寄方第三方月结，4 寄付月结", default="4"),
    Field("cancelled_status", "表示取消成功的 resStatus", "逗号分隔；顺丰没有公布，请用真实账号核对", default="2"),
    Field("not_served", "表示不在收派范围的 filterResult", "逗号分隔；顺丰没有公布，请用真实账号核对", default="3"),
    Field("search_type", "查询订单的 searchType", "顺丰没有公布，请用真实账号核对", default="1"),
    Field("already_cancelled", "表示已取消的错误码", "逗号分隔；顺丰没有公布完整的错误码表", default="8037"),
    Field("already_intercepted", "表示已拦截的错误码", "逗号分隔；顺丰没有公布完整的错误码表"),
    Field(
        "push_token",
        "推送口令",
        "填写后，登记给顺丰的推送地址要在末尾加上 ?token=口令；更换时可同时填写新旧两个",
        secret=True,
    ),
    Field("allowed_addresses", "允许的推送来源 IP", "逗号分隔的 IP 或网段；留空不限制"),
    Field("address_header", "来源 IP 所在的请求头", "前面有反向代理时填写，例如 X-Real-IP；代理必须覆盖这个请求头"),
    Field(
        "push_signature",
        "推送签名",
        "none：没有签名（标准推送）；form：表单 msgData、timestamp、msgDigest（个别网关）",
        default="none",
    ),
    Field("service_path", "接口路径", default=SERVICE_PATH),
)


def problems(settings: Mapping[str, Any]) -> Sequence[FieldError]:
    found = []
    checks = {
        "sender": lambda: table(settings, "sender"),
        "return_address": lambda: table(settings, "return_address"),
        "extra": lambda: table(settings, "extra"),
        "allowed_addresses": lambda: networks(settings),
        "push_signature": lambda: push_signature(settings),
    }
    for name, check in checks.items():
        try:
            check()
        except WrongSetting as error:
            found.append(FieldError(name, str(error)))
    if is_yes(settings.get("issues_waybills")) and not settings.get("sender"):
        found.append(FieldError("sender", "寄件人: 由顺丰直接取号时必填"))
    return found


def known_words(settings: Mapping[str, Any], name: str) -> list[str]:
    """What 顺丰 answers for one thing, as the seller has it; the field's default where nothing is set."""
    default = next(field.default for field in FIELDS if field.name == name)
    return words(settings.get(name) or default, COMMAS_AND_BLANKS)


def networks(settings: Mapping[str, Any]) -> list[Network]:
    """From where pushes may come; empty: from anywhere."""
    found = words(settings.get("allowed_addresses"), COMMAS_AND_BLANKS)
    try:
        return [ipaddress.ip_network(word, strict=False) for word in found]
    except ValueError as error:
        raise WrongSetting("allowed_addresses", "里有不是 IP 或网段的内容") from error


def push_signature(settings: Mapping[str, Any]) -> str:
    found = str(settings.get("push_signature") or "none")
    if found not in ("none", "form"):
        raise WrongSetting("push_signature", "只能是 none 或 form")
    return found
