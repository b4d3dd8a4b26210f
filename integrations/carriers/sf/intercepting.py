"""截单转寄 (EXP_RECE_WANTED_INTERCEPT): send a parcel on its way back, or to another address.

Valid between pick-up and delivery, once for a number. What they answer is that the wish was taken; whether it came true
is told by later routes alone (99, 648, 631).
"""

from collections.abc import Mapping
from typing import Any

from integrations import preferences, records
from integrations.adapter import Access, InterceptWish
from integrations.carriers.sf import client, ordering
from integrations.carriers.sf.preferences import known_words
from integrations.carriers.sf.words import CARRIER, INTERCEPT
from integrations.errors import AlreadyDone, Permanent

# Kind of wish → (their serviceCode, its name).
SERVICES = {"redirect": ("1", "转寄"), "stop": ("2", "退回")}
# Payment by a monthly card, which then has to be named.
BY_CARD = frozenset({"3", "4"})
# How they say in words that a wish was taken before: the code for it is not published.
_BEFORE = ("重复", "已申请", "已存在", "已受理")


def intercept(access: Access, wish: InterceptWish) -> Mapping[str, Any]:
    if wish.carrier != CARRIER:
        raise Permanent(f"快递 {wish.carrier or '（未填）'} 的包裹不能请顺丰拦截", code="carrier")
    if wish.kind not in SERVICES:
        raise Permanent(f"顺丰没有这种拦截：{wish.kind}", code="kind")
    service, name = SERVICES[wish.kind]
    message: dict[str, Any] = {
        "waybillNo": client.number(wish.waybill),
        "serviceCode": service,
        "role": preferences.text(access.settings, "intercept_role", "1"),
        "payMode": preferences.text(access.settings, "intercept_pay", "4"),
        "newDestAddress": _destination(access, wish),
    }
    if message["payMode"] in BY_CARD:
        message["monthlyCardNo"] = _card(access)
    try:
        answer = client.call(access, INTERCEPT, message)
    except client.RefusedInside as error:
        if error.code in known_words(access.settings, "already_intercepted") or any(
            word in str(error) for word in _BEFORE
        ):
            raise AlreadyDone(str(error), code=error.code) from error
        raise
    told = {name: records.word(answer, name) for name in ("cusId", "amount") if records.word(answer, name)}
    return {"accepted": True, "service": name, **told}


def _destination(access: Access, wish: InterceptWish) -> dict[str, Any]:
    """Where it shall go: needed for both, also for the way back."""
    if wish.kind == "redirect":
        if wish.receiver is None:
            raise Permanent("转寄没有新的收件人", code="receiver")
        person = ordering.contact(wish.receiver)
    else:
        person = preferences.table(access.settings, "return_address") or preferences.table(access.settings, "sender")
        if not person:
            raise Permanent("请在连接里设置退回地址（return_address）或寄件人（sender）", code="settings")
    wanted = {name: str(person.get(name) or "") for name in ("province", "city", "county", "address", "contact")}
    return wanted | {"phone": str(person.get("mobile") or person.get("tel") or person.get("phone") or "")}


def _card(access: Access) -> str:
    card = preferences.text(access.settings, "monthly_card")
    if not card:
        raise Permanent("按月结付款的拦截要在连接里填写月结卡号", code="settings")
    return card
