"""A parcel that is sent back, or elsewhere, may go on under another number, which stands in words only."""

import re

NUMBER = re.compile(r"(?<![0-9A-Z])((?:SF)?\d{12,15})(?!\d)")
# Which other number a route names where its words do not say: at the old number the new one, and the other way round.
ONWARD_CODE, FORMERLY_CODE = "648", "631"
CODES = frozenset({ONWARD_CODE, FORMERLY_CODE, "99", "660", "215"})
_NEW, _OLD = ("新单号", "新运单"), ("原单号", "原运单")


def other_number(waybill: str, code: str, remark: str) -> tuple[str, str]:
    """(the number it goes on under, the number it came under); "" where the route does not name it beyond doubt."""
    others = set(NUMBER.findall(remark.upper())) - {waybill} if code in CODES else set()
    if len(others) != 1:
        return "", ""
    other = others.pop()
    if code == FORMERLY_CODE or any(word in remark for word in _OLD):
        return ("", other) if not any(word in remark for word in _NEW) else (other, "")
    if code == ONWARD_CODE or any(word in remark for word in _NEW):
        return other, ""
    return "", ""
