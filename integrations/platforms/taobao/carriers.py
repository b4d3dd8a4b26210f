"""What couriers are called on this platform. The seller's settings win; what is not certain has no default."""

import json
from collections.abc import Mapping
from typing import Any

from integrations.adapter import Access
from integrations.errors import Permanent
from integrations.platforms.taobao.refusals import ConnectionAtFault

# The tower's word → the code of 菜鸟 waybills and of `taobao.logistics.companies.get`. 极兔 must be set by the seller.
CODES = {"sf": "SF", "yto": "YTO", "zto": "ZTO", "sto": "STO", "yunda": "YUNDA"}


def code(access: Access, setting: str, carrier: str) -> str:
    """The platform's code of `carrier`; `Permanent` where nobody has said it."""
    found = codes(access, setting).get(carrier)
    if not found:
        raise Permanent(f"快递 {carrier} 没有设置淘宝编码（{setting}）", code="carrier_code")
    return found


def codes(access: Access, setting: str) -> dict[str, str]:
    """Every courier's code: the defaults with the seller's map on top."""
    return CODES | {str(carrier): str(value) for carrier, value in json_setting(access, setting).items()}


def json_setting(access: Access, name: str) -> Mapping[str, Any]:
    """A setting that is an object, given as such or as JSON text."""
    value = access.settings.get(name) or {}
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ConnectionAtFault(f"设置 {name} 不是 JSON", code="settings") from error
    if not isinstance(found, Mapping):
        raise ConnectionAtFault(f"设置 {name} 不是 JSON 对象", code="settings")
    return found
