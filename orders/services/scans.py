"""扫描: a scan is decided once and answered as often as it is sent.

The nonce is the device's own name for a scan: sent again, it gets the answer that is kept, and nothing happens twice.
"""

import logging
from typing import Any

from django.db import IntegrityError

from orders import clock
from orders.models import Scan
from orders.selectors import codes
from orders.selectors.access import Access
from orders.selectors.parcels import claim_is_fresh
from orders.services.labels import CLAIM_SECONDS
from orders.services.scan_acts import take
from orders.services.scan_answers import plain
from orders.services.scan_rows import AskedScan, Taking, came_before
from orders.services.scan_words import STOP, WRONG
from orders.vocabulary import Cause

__all__ = ["AskedScan", "take_scan"]

log = logging.getLogger(__name__)

_RETRIES = 3


def take_scan(asked: AskedScan, *, access: Access, cause: Cause) -> dict[str, Any]:
    """Decide one scan in a transaction of its own, or repeat the answer that is kept."""
    for attempt in range(_RETRIES):
        if (row := came_before(access, asked)) is not None:
            return _again(row, asked, cause)
        try:
            return take(Taking(access, cause, asked))
        except IntegrityError:
            # The same scan was kept at the same moment by another process, and this one is undone: look again.
            if attempt == _RETRIES - 1:
                raise
    raise AssertionError("unreachable")


def _again(row: Scan, asked: AskedScan, cause: Cause) -> dict[str, Any]:
    if row.answer["asked"] != asked.digest(cause):
        log.info("device %r used a nonce for two scans", asked.device)
        seen = {"kind": "unknown", "code": codes.cleaned(asked.code)}
        told = plain(WRONG, "nonce_reused").said()
        return {"nonce": asked.nonce, "act": asked.act, "repeat": False, "seen": seen, **told}
    said: dict[str, Any] = {**row.answer["said"], "repeat": True}
    granted = said["print"]
    if granted and not claim_is_fresh(granted["id"], now=clock.now(), seconds=CLAIM_SECONDS):
        # A grant is for one print then: who repeats it now may have printed already (law 5).
        told = plain(STOP, "stale_grant").said()
        said |= {name: told[name] for name in ("verdict", "word", "code", "reason", "help", "print")}
    return said
