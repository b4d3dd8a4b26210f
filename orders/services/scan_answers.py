"""What a scan answers: the parcel as a worker must see it, without the person it goes to (law 13)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django_fsm import can_proceed

from orders.lifecycle import LabelState, Move, Need, ParcelState
from orders.models import OBSERVED, Hold, PackLine, Parcel
from orders.sealing import CannotOpen
from orders.selectors.codes import spellings
from orders.services import scan_words
from orders.services.address import open_address
from orders.services.conditions import Asked, unmet
from orders.services.decide import METHODS
from orders.services.dossier import Dossier
from orders.services.packing import CHECKERS, is_complete, pack_lines
from orders.services.policies import Standing, is_allowed, required_needs

# Act of a scan → subject and move of the policies.
MOVES: dict[str, tuple[str, Move]] = {
    "pack": ("parcel", Move.PACK),
    "print": ("label", Move.PRINT),
    "ship": ("parcel", Move.SHIP),
}
ACTS = ("look", "check", *MOVES)
# What a parcel that nothing holds may still lack when somebody looks at it.
WATCHED_NEEDS = (str(Need.NO_OPEN_REFUND), str(Need.ADDRESS_CURRENT))
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Everything but the scan's own nonce and act. `code` is empty where nothing was refused."""

    verdict: str
    code: str = ""
    word: str = ""
    reason: str = ""
    help: str = ""
    allowed: list[str] = field(default_factory=lambda: ["look"])
    parcel: dict[str, Any] | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    print: dict[str, Any] | None = None
    wave: dict[str, Any] | None = None

    def said(self) -> dict[str, Any]:
        return {**asdict(self), "word": self.word or scan_words.word(self.verdict, self.code)}


def plain(verdict: str, code: str, **more: Any) -> Answer:
    """An answer whose sentences belong to its code."""
    why, what = scan_words.sentences(code)
    return Answer(**{"verdict": verdict, "code": code, "reason": why, "help": what, **more})


@dataclass(frozen=True)
class Picture:
    """One parcel with the dossiers of every order that travels in it, and the standing of who asks."""

    dossiers: Sequence[Dossier]
    parcel: Parcel
    lines: list[PackLine]
    standing: Standing

    @property
    def holds(self) -> list[Hold]:
        return [hold for dossier in self.dossiers for hold in dossier.open_holds]

    @property
    def warehouse_id(self) -> int | None:
        order = self.dossiers[0].order
        return self.parcel.warehouse_id or order.warehouse_id or order.shop.warehouse_id

    @property
    def may_check(self) -> bool:
        by_person = self.dossiers[0].cause.user_id is not None
        return by_person and bool(self.standing.roles(self.warehouse_id) & CHECKERS)

    def roles_for(self, subject: str, move: str) -> frozenset[str]:
        return self.standing.policy(subject, move, self.warehouse_id).roles

    def shown(self) -> dict[str, Any]:
        """`allowed` and `parcel` of an answer about it."""
        return {"allowed": self.allowed(), "parcel": self.as_json()}

    def allowed(self) -> list[str]:
        """What this person may do with it now: an offer, the act itself is judged again under the lock."""
        to_check = self.parcel.state == ParcelState.TO_PICK and not is_complete(self.lines)
        found = ["look"]
        if to_check and self.may_check and not self.holds:
            found.append("check")
        return found + [act for act, (subject, move) in MOVES.items() if self._may(subject, move)]

    def _may(self, subject: str, move: Move) -> bool:
        parcel = self.parcel
        if subject == "parcel":
            parcel.check_of_move = OBSERVED  # type: ignore[misc]
            if not can_proceed(getattr(parcel, METHODS.get(move, str(move)))):
                return False
        else:
            label = self.dossiers[0].living_label(parcel)
            if label is None or label.state != LabelState.LIVE or not parcel.is_live:
                return False
        policy = self.standing.policy(subject, move, self.warehouse_id)
        roles, state = self.standing.roles(self.warehouse_id), str(parcel.state)
        cause = self.dossiers[0].cause
        allowed = is_allowed(cause, roles, policy, subject, move, state)
        return bool(allowed) and not self.unmet(required_needs(policy, move))

    def unmet(self, needs: Sequence[str]) -> dict[str, str]:
        """Of any of its orders; the forms that ask for a reason are no matter of a scanner."""
        checks = self.parcel.warehouse is not None and self.parcel.warehouse.checks_lines
        left = [line.goods.name for line in self.lines if line.checked_quantity < line.quantity] if checks else []
        found: dict[str, str] = {}
        for dossier in self.dossiers:
            by_person = dossier.cause.user_id is not None
            asked = Asked(dossier=dossier, parcel=self.parcel, reason="…", by_person=by_person, unchecked=tuple(left))
            found |= unmet(asked, needs)
        return found

    def as_json(self) -> dict[str, Any]:
        parcel, first = self.parcel, self.dossiers[0]
        label = first.living_label(parcel)
        return {
            "id": parcel.pk,
            "number": parcel.number,
            "state": str(parcel.state),
            "state_word": str(parcel.get_state_display()),
            "order": "、".join(dossier.order.platform_order_id for dossier in self.dossiers),
            "order_id": first.order.pk,
            "held": bool(self.holds),
            "carrier": (label.carrier if label else "") or parcel.carrier,
            "waybill": label.waybill if label else "",
            "label": {"state": str(label.state), "generation": label.generation, "copy": label.copy} if label else None,
            "version": first.order.version,
            "holds": [
                {"reason": str(hold.reason), "word": str(hold.get_reason_display()), "note": self.note_of(hold)}
                for hold in self.holds
            ],
            "lines": [
                {
                    "id": line.pk,
                    "code": line.goods.code,
                    "name": line.goods.name,
                    "quantity": line.quantity,
                    "checked": line.checked_quantity,
                    "barcodes": [barcode.code for barcode in line.goods.barcodes.all()],
                }
                for line in self.lines
            ],
            "complete": is_complete(self.lines),
        }

    def note_of(self, hold: Hold) -> str:
        """What a hold says. A colleague's own words may name the receiver, whom a device must not know."""
        if hold.rule or not hold.note:
            return hold.note
        dossier = next(dossier for dossier in self.dossiers if dossier.order.pk == hold.order_id)
        return _PHONE.sub("***", without_receiver(dossier, hold.note))

    def granted(self, attempt: int) -> dict[str, Any]:
        """The print that was allowed just now."""
        label = self.dossiers[0].living_label(self.parcel)
        waybill, carrier, copy = (label.waybill, label.carrier, label.copy) if label else ("", "", 0)
        return {"id": attempt, "granted": True, "waybill": waybill, "carrier": carrier, "copy": copy}

    def held(self, code: str = "held") -> Answer:
        """The stop for a held order: every hold by name, the words of the first, and who can lift it."""
        first = next((hold for hold in self.holds if hold.reason == code), self.holds[0])
        words = "、".join(dict.fromkeys(str(hold.get_reason_display()) for hold in self.holds))
        note = self.note_of(first)
        what = scan_words.help_for_hold(
            first.reason, four_eyes=first.four_eyes, lifters=self.roles_for("hold", Move.LIFT)
        )
        reason = f"{words}：{note}" if note else words
        return Answer(verdict=scan_words.STOP, code=code, reason=reason, help=what, **self.shown())


def picture_of(dossiers: Sequence[Dossier], parcel_id: int, standing: Callable[[int], Standing]) -> Picture:
    parcel = dossiers[0].parcel(parcel_id)
    return Picture(dossiers, parcel, pack_lines(parcel), standing(parcel.company_id))


def without_receiver(dossier: Dossier, text: str) -> str:
    for address in dossier.addresses:
        try:
            clear = open_address(dossier.order, address)
        except CannotOpen:
            # Shredded: nobody is behind this order any more.
            continue
        for part in (clear.address, clear.phone, clear.name):
            text = text.replace(part, "***") if len(part) > 1 else text
    return text


def label_match(picture: Picture, code: str) -> str:
    """Whether the code is the waybill of the parcel's label now ("living"), of an earlier one ("dead"), or neither."""
    names, parcel = spellings(code), picture.parcel
    mine = [row for row in picture.dossiers[0].labels if row.parcel_id == parcel.pk and row.waybill in names]
    if not mine:
        return ""
    return "living" if any(label.is_living for label in mine) else "dead"
