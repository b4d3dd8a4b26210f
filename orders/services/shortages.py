"""What a warehouse did not find, and whether the order has gone on since: derived from its claims alone (law 3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orders.lifecycle import STAGE_RANK, OrderState, ParcelState
from orders.models import Claim, OrderLine, PackLine, Parcel
from orders.services.claims import claims_about, first_time
from orders.services.dossier import Dossier

_STILL_HERE = (OrderState.PENDING_PAYMENT, OrderState.PAID, OrderState.TO_PICK, OrderState.PACKED)


@dataclass(frozen=True)
class Lack:
    """So many pieces of one goods code are missing, as a warehouse said at that time."""

    code: str
    quantity: int
    at: datetime
    parcel: Parcel | None
    line: OrderLine | None

    @property
    def key(self) -> str:
        """Another time is another shortage: who lifted the first has not decided on the second."""
        return f"lack:{self.at.isoformat()}:{self.code}"[:100]


def open_lacks(dossier: Dossier) -> Iterator[Lack]:
    """Shortages after which the warehouse has neither packed nor sent the order."""
    if dossier.order.state not in _STILL_HERE:
        return
    for claim in dossier.claims:
        names = [name for name in claim.seen if name.startswith("lack:")]
        if not names:
            continue
        parcel = next((row for row in dossier.parcels if claim in claims_about(dossier, row)), None)
        if parcel is not None and not parcel.is_live:
            continue
        for name in sorted(names):
            at = first_time(claim, name)
            quantity, _, code = name.removeprefix(f"lack:{claim.seen[name]}:").partition(":")
            if at is not None and not _went_on(dossier, claim, parcel, at):
                yield Lack(code, int(quantity), at, parcel, _line_of(dossier, parcel, code))


def _went_on(dossier: Dossier, claim: Claim, parcel: Parcel | None, since: datetime) -> bool:
    claims = claims_about(dossier, parcel) if parcel else [claim]
    enough = STAGE_RANK[ParcelState.PACKED]
    stages = [
        time
        for one in claims
        for name in one.seen
        if name.startswith("stage:") and int(name[6:]) >= enough
        for time in [first_time(one, name)]
    ]
    times = [*stages, parcel.packed_at, parcel.shipped_at] if parcel else stages
    return any(time is not None and time > since for time in times)


def _line_of(dossier: Dossier, parcel: Parcel | None, code: str) -> OrderLine | None:
    """The line that these goods were sold as; `None` where the code says nothing to us, or several lines hold it."""
    packed = PackLine.objects.filter(parcel=parcel, goods__code=code) if parcel else PackLine.objects.none()
    ids = set(packed.values_list("order_line_id", flat=True))
    lines = [line for line in dossier.lines if line.pk in ids or (not ids and line.sku == code)]
    return lines[0] if len(lines) == 1 else None
