"""What couriers are called on Douyin. The seller's settings win; what is not certain has no default.

Source: codes of `/order/logisticsCompanyList` as public integrations use them.
"""

from integrations import preferences
from integrations.adapter import Access
from integrations.errors import Permanent

# The tower's word → `company_code` and `logistics_code`.
CODES = {"yto": "yuantong", "zto": "zhongtong", "sto": "shentong", "yunda": "yunda", "sf": "shunfeng"}


def code(access: Access, carrier: str) -> str:
    """The platform's code of `carrier`; `Permanent` where nobody has said it."""
    found = codes(access).get(carrier)
    if not found:
        raise Permanent(f"快递 {carrier} 没有设置抖店编码（company_codes）", code="carrier_code")
    return found


def codes(access: Access) -> dict[str, str]:
    """Every courier's code: the defaults with the seller's map on top."""
    own = preferences.table(access.settings, "company_codes")
    return CODES | {name: str(value) for name, value in own.items() if value}
