"""What a number may be: whose waybill, a product's code, or one that was mistyped. Pure; patterns first.

Couriers change their ranges often: the patterns guess, and tell obvious mis-scans apart. They never prove anything, and
nothing is refused because of them. Sources: courier-validation (current patterns), the Hive UDF in the style of
Taobao's `reg_mail_no` (older and wider ones), UPU S10, GS1.
"""

import re

from orders.selectors.codes import cleaned

# Courier → its name on the scanner's screen.
COURIERS = {
    "sf": "顺丰",
    "zto": "中通",
    "yto": "圆通",
    "sto": "申通",
    "yunda": "韵达",
    "jt": "极兔",
    "jd": "京东",
    "deppon": "德邦",
    "ems": "邮政",
    "cainiao": "菜鸟",
    "best": "百世",
    "ane": "安能",
    "yimidida": "壹米滴答",
}
# As the couriers number today.
CURRENT = {
    "sf": r"SF[A-Z0-9]\d{12}",
    "zto": r"7[3-68]\d{12}",
    "yto": r"YT\d{13}",
    "sto": r"(77|43)\d{12,15}",
    "yunda": r"[34]\d{14}|5\d{12}",
    "jt": r"JT\d{13}",
    "jd": r"JD[A-Z0-9]{2}\d{11}",
    "deppon": r"DPK\d{12}",
    "ems": r"[981]\d{12}|P[A-Z]\d{11}",
    "cainiao": r"621\d{12}",
    # 百世 numbers begin like those of 极兔, who bought it.
    "best": r"JT\d{13}",
}
# As they numbered before, or as others have seen their numbers. Two patterns of the source are left out, which take in
# nearly everything, the tower's own numbers too: 顺丰 any 4 to 35 signs, 圆通 any two signs and 8 to 13 digits.
OLDER = {
    "sf": r"\d{12}",
    "zto": r"\d{14}|\d{12}",
    "yto": r"YT\d{8,13}|\d{12}|[6-9]\d{17}|DD[89]\d{15}|Y\d{12}",
    "sto": r"(2|3|4|5|6|7|8|9)68\d{9,10}|STO\d{10}|(88|99)\d{13}",
    "yunda": r"\d{13}|\d{15}",
    "jt": r"JT\d{12,13}",
    "jd": r"JD[XK]\d{12}|JDV[A-Z]\d{11}",
    "deppon": r"DPK\d{11,}[-\d]+|\d{8,10}",
    "ems": r"[A-Z]{2}\d{9}[A-Z]{2}|(10|11|12|50|51|52|95|97|98|99)\d{11}",
    "ane": r"\d{12}",
    "yimidida": r"\d{12}",
}
_CURRENT = {courier: re.compile(pattern) for courier, pattern in CURRENT.items()}
_OLDER = {courier: re.compile(pattern) for courier, pattern in OLDER.items()}
_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_EAN13 = re.compile(r"\d{13}")
_CHINESE_GOODS = "69"
# The composite text in the square code of an SF label; what stands in it is not published.
_SQUARE_CODE = "MMM="


def normalise(text: str) -> str:
    """As numbers are written: capitals, half-width, without what scanners add."""
    return cleaned(text).upper()


def candidates(text: str) -> tuple[str, ...]:
    """The couriers that number like this today. None where it is a product's code."""
    return _matching(text, _CURRENT)


def possible(text: str) -> frozenset[str]:
    """The couriers whose number it may be, older ranges and wider guesses included."""
    return frozenset(_matching(text, _CURRENT)) | frozenset(_matching(text, _OLDER))


def is_ean13(text: str) -> bool:
    """Thirteen digits of which the last checks the others (GS1)."""
    code = normalise(text)
    if not _EAN13.fullmatch(code) or not code.isascii():
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code[:12]))
    return (10 - weighted % 10) % 10 == int(code[12])


def is_product_code(text: str) -> bool:
    """A 69 code: the barcode on goods made in China, and no courier's number."""
    return normalise(text).startswith(_CHINESE_GOODS) and is_ean13(text)


def upu_check_digit(serial: str) -> int:
    """The ninth digit of an S10 number for its eight serial digits."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def is_mistyped(text: str) -> bool:
    """Written like an S10 number with a check digit that does not fit: the one check that any courier has published."""
    found = _S10.fullmatch(normalise(text))
    return found is not None and found[0].isascii() and upu_check_digit(found[1]) != int(found[2])


def is_square_code(text: str) -> bool:
    """The square code on an SF label, scanned instead of the number's bars."""
    return normalise(text).startswith(_SQUARE_CODE)


def name_of(courier: str) -> str:
    return COURIERS.get(courier, courier)


def _matching(text: str, patterns: dict[str, re.Pattern[str]]) -> tuple[str, ...]:
    code = normalise(text)
    if not code.isascii() or is_product_code(code):
        return ()
    return tuple(courier for courier, pattern in patterns.items() if pattern.fullmatch(code))
