"""What couriers are called on this platform. The seller's settings win; what is not certain has no default."""

from integrations import preferences
from integrations.adapter import Access
from integrations.errors import Permanent

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
    return CODES | {carrier: str(value) for carrier, value in preferences.table(access.settings, setting).items()}
