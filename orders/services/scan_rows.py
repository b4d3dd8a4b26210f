"""The row of a scan: what the device asked, and the answer that a repeat of it gets again."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from orders import clock
from orders.models import Scan
from orders.selectors import codes
from orders.selectors.access import Access
from orders.selectors.codes import Found
from orders.services import scan_words
from orders.services.dossier import actor_of
from orders.services.policies import Standing
from orders.services.scan_answers import Answer, Picture
from orders.vocabulary import Cause

# A device's clock may run ahead so far, and a device may have been without a network so long.
AHEAD, BEHIND = timedelta(minutes=5), timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class AskedScan:
    nonce: str
    act: str
    scanned_at: datetime
    code: str = ""
    # Many parcels for one `pack`.
    codes: tuple[str, ...] = ()
    # The parcel that the device has open, or that a person chose among several.
    parcel: int | None = None
    station: str = ""
    device: str = ""
    printer: str = ""

    def digest(self, cause: Cause) -> str:
        """Tells a repeat from another scan under the same nonce, and from somebody else's."""
        said = [actor_of(cause), self.act, self.code, self.codes, self.parcel, self.station, self.printer]
        text = json.dumps([*said, self.scanned_at.isoformat()], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def came_before(access: Access, asked: AskedScan) -> Scan | None:
    rows = Scan.objects.filter(company__in=access.all_companies, device=asked.device, nonce=asked.nonce)
    return rows.order_by("pk").first()


@dataclass
class Taking:
    """One scan while it is decided: who asks, what the code turned out to be."""

    access: Access
    cause: Cause
    asked: AskedScan
    found: Found = field(init=False)

    def __post_init__(self) -> None:
        asked = self.asked
        self.digest = asked.digest(self.cause)
        self.cause = replace(self.cause, station=asked.station, device=asked.device, reference=f"scan:{asked.nonce}")
        self.found = Found("unknown", codes.cleaned(asked.code))

    def standing(self, company_id: int) -> Standing:
        """Read anew for each scan, in its transaction: roles and policies may have changed since the last."""
        return Standing.of(self.cause.user_id, company_id)

    def keep(self, told: Answer, picture: Picture | None = None, *, company_id: int | None = None) -> dict[str, Any]:
        """Write the scan's row, in the open transaction where there is one, so that no crash comes between the two.

        `IntegrityError` where the same scan was kept meanwhile: then everything that this one did is undone.
        """
        asked, now = self.asked, clock.now()
        if not now - BEHIND <= asked.scanned_at <= now + AHEAD:
            told = _with_wrong_time(told)
        seen = {"kind": self.found.kind, "code": self.found.code}
        said = {"nonce": asked.nonce, "act": asked.act, "repeat": False, "seen": seen, **told.said()}
        company = picture.parcel.company_id if picture else company_id or min(self.access.all_companies)
        with transaction.atomic(savepoint=False):
            Scan.objects.create(
                company_id=company,
                nonce=asked.nonce,
                code=asked.code,
                act=asked.act,
                verdict=told.verdict,
                reason=told.reason[:300],
                answer={"asked": self.digest, "said": said},
                user_id=self.cause.user_id,
                station=asked.station,
                device=asked.device,
                order=picture.dossiers[0].order if picture else None,
                parcel=picture.parcel if picture else None,
                scanned_at=asked.scanned_at,
                received_at=now,
            )
        return said


def _with_wrong_time(told: Answer) -> Answer:
    """The act stands, by the tower's clock; the device's has to be set right."""
    why, what = scan_words.sentences("device_time")
    if told.verdict == scan_words.PASS:
        return replace(
            told, verdict=scan_words.ATTENTION, reason="；".join(filter(None, (told.reason, why))), help=what
        )
    return replace(told, reason=f"{told.reason}（{why}）")
