"""One signed call to TOP, and the reads that the adapter makes with it. Raises only `integrations.errors`.

TOP answers errors inside HTTP 200; `refusals.py` turns them into the two kinds of no. Source: TOP doc 101617.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from integrations import bodies, preferences, records
from integrations.adapter import Access
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.taobao import refusals, signing
from integrations.windows import beijing_text
from orders import clock

ROUTER = "/router/rest"
# `oaid` comes only when the names after it in this list are asked for as well (TOP, taobao.trade.fullinfo.get).
DETAIL_FIELDS = ",".join(
    (
        "oaid,receiver_name,receiver_address,created,receiver_mobile,receiver_phone,receiver_state,receiver_city",
        "receiver_district,receiver_town,receiver_zip,tid,tid_str,status,type,pay_time,modified,consign_time,end_time",
        "timeout_action_time,payment,total_fee,discount_fee,adjust_fee,post_fee,received_payment,num,buyer_nick",
        "buyer_open_uid,seller_nick,buyer_message,seller_memo,seller_flag,buyer_memo,shipping_type,is_part_consign",
        "step_trade_status,step_paid_fee,cod_status,lm,top_hold,team_buy_hold,est_con_time,delivery_time,collect_time",
        "trade_attr,service_tags,promotion_details,orders",
    )
)
LIST_FIELDS = "tid,tid_str,modified,status"
REFUND_LIST_FIELDS = (
    "refund_id,tid,oid,status,refund_fee,payment,total_fee,created,modified,order_status,good_status,has_good_return,"
    "reason,sid,refund_phase"
)
REFUND_FIELDS = f"{REFUND_LIST_FIELDS},dispute_type,refund_version,cs_status,operation_contraint,refund_remind_timeout"


def gateway(access: Access) -> str:
    """Where the calls go: a base URL may be given with or without the router's path."""
    base = access.base_url.rstrip("/")
    return base if base.endswith(ROUTER) else base + ROUTER


def call(access: Access, method: str, parameters: Mapping[str, Any], *, as_seller: bool = True) -> dict[str, Any]:
    """Call `method` and give the inside of its `…_response`. `as_seller` sends the seller's session along."""
    form = urlencode(signed(access, method, parameters, as_seller=as_seller))
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
    try:
        response = http_call("POST", gateway(access), data=form, headers=headers)
    except Permanent as error:
        raise ConnectionAtFault(str(error), code=error.code) from error
    return opened(response.content)


def signed(access: Access, method: str, parameters: Mapping[str, Any], *, as_seller: bool = True) -> dict[str, str]:
    """The form to send: system and business parameters without empties, and their signature.

    The time is read at each call and not from `access`: a long poll would outlive the ten minutes that TOP tolerates.
    """
    secret = preferences.first(access.secrets, "app_secret")
    session = preferences.first(access.secrets, "session")
    if not secret:
        raise Unauthorised("没有配置 app secret", code="no_app_secret")
    if as_seller and not session:
        raise Unauthorised("没有店铺授权（session）", code="no_session")
    sign_method = str(access.settings.get("sign_method") or signing.HMAC_SHA256)
    if sign_method not in signing.METHODS:
        raise ConnectionAtFault(f"签名方式不支持：{sign_method}", code="sign_method")
    form = {name: _as_text(value) for name, value in parameters.items()} | {
        "method": method,
        "app_key": str(access.settings.get("app_key") or ""),
        "session": session if as_seller else "",
        "timestamp": beijing_text(clock.now()),
        "format": "json",
        "v": "2.0",
        "sign_method": sign_method,
    }
    form = signing.without_empties(form)
    return form | {"sign": signing.sign(form, secret, sign_method)}


def opened(body: bytes) -> dict[str, Any]:
    """The inside of an answer; raises what its error envelope means."""
    answer = bodies.answer_object(body, "平台的回答")
    if isinstance(answer.get("error_response"), dict):
        raise refusals.refusal(answer["error_response"])
    inside = next((value for name, value in answer.items() if name.endswith("_response")), None)
    if not isinstance(inside, dict):
        raise Temporary("平台的回答里没有结果", code="unreadable_answer")
    return inside


def rows(container: Mapping[str, Any], plural: str, singular: str) -> list[dict[str, Any]]:
    """The list in `{"plural": {"singular": […]}}`, which is absent when it is empty."""
    inside = container.get(plural)
    return records.rows(inside, singular) if isinstance(inside, Mapping) else records.rows(container, plural)


def read_trade(access: Access, tid: str) -> dict[str, Any]:
    """One trade with everything the tower asks for, the receiver key included."""
    if not (tid.isascii() and tid.isdigit()):
        raise Permanent(f"不是淘宝订单号：{tid!r}", code="tid")
    parameters = {"fields": DETAIL_FIELDS, "tid": tid, "include_oaid": "true"}
    trade = call(access, "taobao.trade.fullinfo.get", parameters).get("trade")
    if not isinstance(trade, dict):
        raise Permanent("平台没有返回该订单", code="no_trade")
    return trade


def number(access: Access, name: str, default: int, *, least: int = 1, most: int) -> int:
    """A setting that is a whole number; here a 0 means the default."""
    settings = {name: access.settings.get(name) or default}
    return preferences.number(settings, name, default, least=least, most=most)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
