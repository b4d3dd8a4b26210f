"""What couriers are called on JD: numeric ids. The shop's own list wins; what is not certain has no default."""

from integrations import preferences
from integrations.adapter import Access
from integrations.errors import Permanent

# The tower's word → JD's `logiCoprId`, as seen in public integrations.
COMPANY_IDS = {
    "yto": "463",
    "ems": "465",
    "sf": "467",
    "sto": "470",
    "yunda": "1327",
    "zto": "1499",
    "jd": "2087",
    "deppon": "3046",
}
JD_COURIER = COMPANY_IDS["jd"]


def company_id(access: Access, carrier: str) -> str:
    """JD's id of `carrier`; `Permanent` where nobody has said it."""
    told = {name: str(value) for name, value in preferences.table(access.settings, "company_ids").items()}
    found = (COMPANY_IDS | told).get(carrier, "")
    if not (found.isascii() and found.isdigit()):
        raise Permanent(f"快递 {carrier} 没有设置京东物流公司编号（company_ids）", code="carrier_code")
    return found
