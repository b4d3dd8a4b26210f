"""Why a code that nobody knows was not understood, as far as the code itself shows it.

Nothing here looks whether the number exists somewhere: it would tell a worker about other people's parcels.
"""

from orders.selectors import codes
from orders.selectors.access import Access
from orders.services import scan_words, waybill_numbers
from orders.services.scan_answers import Answer, plain
from orders.services.scan_rows import AskedScan
from orders.services.scan_words import WRONG


def of_unknown(asked: AskedScan, access: Access) -> Answer:
    """The answer for an unknown code. Where goods are due every other code is as strange as the next."""
    if asked.act == "check":
        return plain(WRONG, "unknown_code")
    if waybill_numbers.is_square_code(asked.code):
        return plain(WRONG, "square_code")
    if waybill_numbers.is_mistyped(asked.code):
        return plain(WRONG, "mistyped_waybill")
    if asked.act == "ship" and waybill_numbers.is_product_code(asked.code):
        return plain(WRONG, "product_code")
    if reason := _of_another_courier(asked, access):
        return plain(WRONG, "other_courier", reason=reason)
    return plain(WRONG, "unknown_code")


def _of_another_courier(asked: AskedScan, access: Access) -> str:
    """Told only against the label of the parcel that the device has open, where no range of its courier fits."""
    theirs = waybill_numbers.candidates(asked.code)
    if asked.parcel is None or not theirs:
        return ""
    own = codes.courier_of(access, asked.parcel)
    # Of a courier whose numbers nobody has described, anything may be a number.
    if own not in waybill_numbers.CURRENT or own in waybill_numbers.possible(asked.code):
        return ""
    return scan_words.of_other_courier(map(waybill_numbers.name_of, theirs), waybill_numbers.name_of(own))
