"""The claim of a way through: one row per order code and generation, won by one caller whatever the concurrency."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from integrations import jobs
from integrations.adapter import Handing
from integrations.models import Connection, Job, Passage
from orders import clock
from orders.models import DocumentLink
from orders.services.dossier import Dossier
from orders.services.outcome import Reason

_S = Passage.State
# In one of these the warehouse has the order, or may have it.
TAKEN = (_S.CLAIMED, _S.PASSED, _S.UNKNOWN)
_TAKEN_BACK = ("cancelled", "rejected")


def reserve(
    connection: Connection,
    handings: Sequence[Handing],
    dossiers: Sequence[Dossier],
    *,
    lease: timedelta,
) -> list[Reason]:
    """Claim the way for all of them, or say why not and claim nothing. Runs in the transaction of the decision."""
    reasons = [
        reason
        for handing in handings
        for reason in (_spent(connection, handing, dossiers, lease), _sent_otherwise(connection, handing, dossiers))
        if reason
    ]
    if reasons:
        return reasons
    try:
        with transaction.atomic():
            for handing in handings:
                _claim(connection, handing, lease)
    except IntegrityError:
        # Without an order there is no lock: somebody else was quicker.
        return [Reason("in_flight", f"{handings[0].code} 正在推送，请稍后重试")]
    return []


def _last(connection: Connection, code: str) -> Passage | None:
    return Passage.objects.filter(connection=connection, code=code).order_by("-generation").first()


def _spent(connection: Connection, handing: Handing, dossiers: Sequence[Dossier], lease: timedelta) -> Reason | None:
    """Why this very code may not go (again)."""
    last = _last(connection, handing.code)
    if last is None:
        return None
    if last.state == _S.PASSED and _taken_back_at(dossiers, handing.code, last.claimed_at):
        Passage.objects.filter(pk=last.pk).update(state=_S.CANCELLED)
        return None
    if last.state == _S.PASSED:
        at = last.claimed_at.astimezone(clock.BEIJING)
        number = f"，仓库单号 {last.number}" if last.number else ""
        return Reason(
            "already_sent", f"订单已存在：{last.code} 已于 {at:%m-%d %H:%M:%S} 推送仓库{number}，不会重复推送"
        )
    if last.state == _S.CLAIMED and last.claimed_at > clock.now() - lease:
        return Reason("in_flight", f"{last.code} 正在推送，请稍后重试")
    if last.state in (_S.CLAIMED, _S.UNKNOWN):
        return Reason("unknown_outcome", f"{last.code} 上次推送结果未知，请稍后重试，指挥塔会先向仓库核实")
    return None


def _taken_back_at(dossiers: Sequence[Dossier], code: str, since: datetime) -> bool:
    """The warehouse itself said that it gave the order up."""
    claims = [claim for dossier in dossiers for claim in dossier.claims]
    return any(
        claim.system == "wms" and claim.subject == code and claim.stage in _TAKEN_BACK and claim.at >= since
        for claim in claims
    )


def _sent_otherwise(connection: Connection, handing: Handing, dossiers: Sequence[Dossier]) -> Reason | None:
    """The same goods under another code. A part of an order that was not sent before may go: an ERP splits."""
    for dossier in dossiers:
        order = dossier.order
        mine = [line for line in handing.lines if line[0] == order.platform_order_id]
        if not mine and len(dossiers) > 1:
            continue
        linked = DocumentLink.objects.filter(order=order, document__kind="order").values_list("document__number")
        through = list(Passage.objects.filter(connection__company=connection.company_id, code__in=linked))
        there = [row for row in through if row.state in TAKEN and row.code != handing.code]
        before = [row for row in there if not _taken_back_at(dossiers, row.code, row.claimed_at)]
        sold = {line.platform_line_id: line.quantity for line in dossier.lines}
        for row in before:
            if _overlap(order.platform_order_id, mine, row, before, sold):
                text = f"订单 {order.platform_order_id} 已用单号 {row.code} 推送仓库，不会重复推送"
                return Reason("already_sent", text)
        # What went through has its row; a claim without one came into the warehouse past the tower.
        known = {row.code for row in through} | {handing.code}
        for claim in dossier.claims:
            is_there = claim.system == "wms" and claim.furthest and claim.stage not in _TAKEN_BACK
            if is_there and claim.subject not in known:
                text = f"订单 {order.platform_order_id} 已在仓库（{claim.subject}），不会重复推送"
                return Reason("already_sent", text)
    return None


def _overlap(
    platform_id: str,
    mine: Sequence[tuple[str, str, int]],
    row: Passage,
    before: Sequence[Passage],
    sold: Mapping[str, int],
) -> bool:
    """Whether a line that went in `row` would go again, over what was sold. Lines without a name may be any line."""
    theirs = {line: quantity for source, line, quantity in row.lines if source == platform_id}
    if not mine or not theirs or "" in theirs or any(line == "" for _, line, _ in mine):
        return True
    for _, line, quantity in mine:
        went = sum(n for other in before for source, name, n in other.lines if (source, name) == (platform_id, line))
        if line in theirs and went + quantity > sold.get(line, 0):
            return True
    return False


def _claim(connection: Connection, handing: Handing, lease: timedelta) -> None:
    now = clock.now()
    last = _last(connection, handing.code)
    values = {
        "lines": [list(line) for line in handing.lines],
        "asked_with": {"order_type": handing.order_type, "warehouse": handing.warehouse, "owner": handing.owner},
        "claimed_at": now,
    }
    if last is not None and last.state == _S.REFUSED:
        again = Passage.objects.filter(pk=last.pk, state=_S.REFUSED)
        if not again.update(state=_S.CLAIMED, number="", answer="", ended_at=None, **values):
            raise IntegrityError("claimed by somebody else")
        Job.objects.filter(key=f"passage:{last.pk}").delete()
        passage = last
    else:
        generation = last.generation + 1 if last else 1
        passage = Passage.objects.create(connection=connection, code=handing.code, generation=generation, **values)
    jobs.plan(
        "settle_passage",
        f"passage:{passage.pk}",
        lane=Job.Lane.INGEST,
        connection_id=connection.pk,
        payload={"passage": passage.pk},
        not_before=now + lease,
    )


def give_back(connection: Connection, handings: Sequence[Handing]) -> None:
    """A claim of which nothing was sent."""
    codes = [handing.code for handing in handings]
    rows = Passage.objects.filter(connection=connection, code__in=codes, state=_S.CLAIMED)
    rows.update(state=_S.REFUSED, ended_at=clock.now(), answer="没有转出")


def resolve(connection: Connection, code: str, *, lease: timedelta) -> Passage | None:
    """The last try with this code if nobody knows its end: unknown, or lost with its process."""
    last = _last(connection, code)
    if last is None or last.state not in (_S.UNKNOWN, _S.CLAIMED):
        return None
    if last.state == _S.CLAIMED and last.claimed_at > clock.now() - lease:
        return None
    return last
