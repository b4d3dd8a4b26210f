"""The tower between an ERP and a warehouse: an order goes through once, or not at all.

Claim, commit, send, record (law 10). A claim without a known end is never sent again before the warehouse was asked;
the job that was planned with the claim asks where nobody comes back. Reports go the other way in `carrying`.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import decisions, jobs
from integrations.adapter import Access, Adapter, Decision, HandedOn, Handing, Incoming, Question, Reply
from integrations.errors import OutsideError, Temporary
from integrations.inbox import short_hash, wake_waiting
from integrations.jobs import Task, handles
from integrations.models import Connection, Job, Passage, Trouble
from integrations.registry import adapter_named
from integrations.reserving import give_back, reserve, resolve
from integrations.troubles import end_trouble, raise_trouble
from orders import clock
from orders.lifecycle import CauseKind
from orders.models import DocumentLink, Order, Parcel
from orders.services.deliveries import let_through
from orders.services.dossier import wake
from orders.services.record import record
from orders.vocabulary import Cause, Fact, WarehouseReport

log = logging.getLogger(__name__)

_S = Passage.State
# A claim as old as this was lost with its process; a "not there" of the warehouse is believed no sooner.
LEASE = timedelta(seconds=60)
UNKNOWN_ORDER = "指挥塔还没有这个订单，请稍后重试"
BUSY = "指挥塔暂时无法判断，请稍后重试"


def answer(
    adapter: Adapter, connection: Connection, access: Access, incoming: Incoming, question: Question, *, started: float
) -> Reply:
    """The reply to a request that goes through the tower, or does not."""
    if question.problem:
        return _no(adapter, access, incoming, question, question.problem)
    judged = tuple(handing for handing in question.handings if handing.judged)
    if question.kind != "deliver" or not judged:
        return _straight(adapter, connection, access, incoming, question)
    question = replace(question, handings=judged)
    try:
        asked, known = _known_by_now(adapter, connection, access, question)
        if known is not None:
            return adapter.decided(access, incoming, question, known)
        if asked:
            # The warehouse took its time; the decision itself is still to be quick.
            started = time.monotonic()
        decision = _decide(connection, question)
    except OutsideError as error:
        reason = f"上次推送结果未知，向仓库核实时没有得到答复（{error}），请稍后重试"
        return _no(adapter, access, incoming, question, reason)
    except Exception:
        # The ERP must be answered, and "not now" is always right.
        log.exception("connection %s: could not decide about a delivery", connection.pk)
        return _no(adapter, access, incoming, question, BUSY)
    if not decision.accepted:
        return adapter.decided(access, incoming, question, decision)
    if time.monotonic() - started > decisions.SECONDS:
        log.warning("connection %s: decided too late", connection.pk)
        give_back(connection, question.handings)
        return _no(adapter, access, incoming, question, BUSY)
    handed = _send(adapter, access, incoming)
    _finish(connection, question.handings, handed)
    return handed.reply


def _no(adapter: Adapter, access: Access, incoming: Incoming, question: Question, reason: str) -> Reply:
    return adapter.decided(access, incoming, question, Decision(accepted=False, code="refused", reason=reason))


def _send(adapter: Adapter, access: Access, incoming: Incoming) -> HandedOn:
    jobs.assert_no_transaction()
    return adapter.hand_on(access, incoming)


# Deciding -------------------------------------------------------------------------------------------------------
def _decide(connection: Connection, question: Question) -> Decision:
    """One service decision in the database: judged under the orders' locks, and claimed in the same transaction."""
    codes: dict[int, list[str]] = {}
    unknown = []
    for handing in question.handings:
        found, complete = orders_of(connection, handing)
        for order_id in found:
            codes.setdefault(order_id, []).append(handing.code)
        if not complete:
            unknown.append(handing)
    if unknown and connection.settings.get("unknown_orders") != "forward":
        return _unknown(connection, unknown)
    for handing in question.handings if not unknown else ():
        end_trouble(connection.company_id, Trouble.Kind.PASSAGE, f"unknown:{connection.pk}:{handing.code}")
    cause = Cause(kind=CauseKind.ERP, source=f"ERP（经 {connection.name}）", connection_id=connection.pk)

    def claim(dossiers: Sequence[Any]) -> Sequence[Any]:
        return reserve(connection, question.handings, dossiers, lease=LEASE)

    if codes:
        outcome = let_through(codes, cause=cause, reserve=claim)
        return Decision(accepted=outcome.ok, code=outcome.code, reason=outcome.detail)
    with transaction.atomic(durable=True):
        against = claim(())
    return Decision(accepted=not against, code="", reason="；".join(reason.text for reason in against))


def orders_of(connection: Connection, handing: Handing) -> tuple[list[int], bool]:
    """The tower's orders that an ERP's delivery carries, and whether these are all that it names."""
    mine = Order.objects.filter(company=connection.company_id)
    sources = {source for source, _, _ in handing.lines if source}
    if sources:
        rows = list(mine.filter(platform_order_id__in=sources).values_list("pk", "platform_order_id"))
        return sorted(pk for pk, _ in rows), sources == {platform_id for _, platform_id in rows}
    by_number = mine.filter(number=handing.code).values_list("pk", flat=True)
    by_parcel = mine.filter(lines__parcel_lines__parcel__number=handing.code).distinct().values_list("pk", flat=True)
    linked = DocumentLink.objects.filter(
        document__company=connection.company_id, document__kind="order", document__number=handing.code
    ).values_list("order_id", flat=True)
    found = list(by_number) or list(by_parcel) or sorted(set(linked))
    return found, bool(found)


def _unknown(connection: Connection, handings: Sequence[Handing]) -> Decision:
    for handing in handings:
        raise_trouble(
            connection.company_id,
            Trouble.Kind.PASSAGE,
            f"unknown:{connection.pk}:{handing.code}",
            f"{connection.name}：ERP 推来的 {handing.code} 指挥塔还没有，已请 ERP 稍后重试",
            connection=connection,
            facts={"code": handing.code, "orders": sorted({source for source, _, _ in handing.lines})},
        )
    return Decision(accepted=False, code="unknown_order", reason=UNKNOWN_ORDER)


# What had no answer before ----------------------------------------------------------------------------------------
def _known_by_now(
    adapter: Adapter, connection: Connection, access: Access, question: Question
) -> tuple[bool, Decision | None]:
    """Ask the warehouse about earlier tries without a known end: whether it was asked, and a yes for the ERP where it
    has the order by now."""
    asked = False
    for handing in question.handings:
        passage = resolve(connection, handing.code, lease=LEASE)
        if passage is None:
            continue
        jobs.assert_no_transaction()
        number, asked = adapter.knows(access, handing), True
        if number is None and passage.claimed_at > clock.now() - LEASE:
            raise Temporary("仓库还没有这个订单，也许还在路上")
        _settle(passage, number)
        if number is not None and len(question.handings) == 1:
            word = f"订单已存在：{handing.code} 已推送到仓库，没有再次推送"
            return asked, Decision(accepted=True, code=number, reason=word)
    return asked, None


def _settle(passage: Passage, number: str | None) -> None:
    """What the warehouse said when it was asked."""
    state = _S.REFUSED if number is None else _S.PASSED
    values = {"state": state, "number": (number or "")[:80], "ended_at": clock.now()}
    if number is None:
        values["answer"] = "仓库没有这个订单"
    with transaction.atomic(durable=True):
        Passage.objects.filter(pk=passage.pk, state__in=[_S.UNKNOWN, _S.CLAIMED]).update(**values)
        _record_soon([passage.pk])
    end_trouble(passage.connection.company_id, Trouble.Kind.PASSAGE, f"passage:{passage.pk}")


def _finish(connection: Connection, handings: Sequence[Handing], handed: HandedOn) -> None:
    state = {"done": _S.PASSED, "refused": _S.REFUSED}.get(handed.outcome, _S.UNKNOWN)
    codes = [handing.code for handing in handings]
    rows = Passage.objects.filter(connection=connection, code__in=codes, state=_S.CLAIMED)
    claimed = list(rows.values_list("pk", "code"))
    values: dict[str, Any] = {"state": state, "answer": handed.detail[:500]}
    if state != _S.UNKNOWN:
        values["ended_at"] = clock.now()
    if len(codes) == 1:
        values["number"] = handed.number[:80]
    with transaction.atomic(durable=True):
        rows.update(**values)
        if state != _S.UNKNOWN:
            _record_soon([pk for pk, _ in claimed])
    for pk, code in claimed if state == _S.UNKNOWN else ():
        text = f"{connection.name}：{code} 推送仓库没有答复，结果未知，正在核实"
        raise_trouble(connection.company_id, Trouble.Kind.PASSAGE, f"passage:{pk}", text, connection=connection)


def _record_soon(passage_ids: Sequence[int]) -> None:
    keys = [f"passage:{pk}" for pk in passage_ids]
    Job.objects.filter(key__in=keys, state=Job.State.READY).update(not_before=clock.now())
    transaction.on_commit(lambda: wake(Job.Lane.INGEST))


@handles("settle_passage")
def settle_passage(task: Task) -> Mapping[str, Any]:
    """Record what came of a claim; where nobody knows, ask the warehouse. It was planned with the claim."""
    passage = Passage.objects.select_related("connection").get(pk=task.payload["passage"])
    connection = passage.connection
    if passage.state in (_S.CLAIMED, _S.UNKNOWN):
        handing = Handing(code=passage.code, judged=True, **passage.asked_with)
        _settle(passage, adapter_named(connection.adapter).knows(connection.open(), handing))
        passage.refresh_from_db()
    if passage.state == _S.PASSED:
        _record(connection, passage)
    return {"code": str(passage.state)}


def _record(connection: Connection, passage: Passage) -> None:
    """The ERP has sent it and the warehouse has it: a word of each. Held meanwhile: the warehouse is told to stop."""
    name = f"passed:{passage.code}:{passage.generation}"
    _hear(connection, CauseKind.ERP, name, passage.code, "accepted", "deliveryorder.create", passage.claimed_at)
    documents = (("wms_order", passage.number),) if passage.number else ()
    at = passage.ended_at or passage.claimed_at
    _hear(connection, CauseKind.WMS, name, passage.code, "accepted", "deliveryorder.create", at, documents=documents)
    wake_waiting(passage.code)
    rows = Parcel.objects.filter(
        lines__order_line__order__held=True, lines__order_line__order__documents__number=passage.code
    )
    for parcel_id, order_id in set(rows.values_list("pk", "lines__order_line__order")):
        with transaction.atomic():
            jobs.plan(
                "pend_parcel",
                f"pend_parcel:{parcel_id}:passage:{passage.pk}",
                lane=Job.Lane.URGENT,
                connection_id=connection.pk,
                order_id=order_id,
                payload={"parcel": parcel_id, "reason": ""},
            )


def _hear(
    connection: Connection,
    system: CauseKind,
    name: str,
    code: str,
    stage: str,
    status: str,
    at: Any,
    *,
    documents: tuple[tuple[str, str], ...] = (),
    note: str = "",
) -> None:
    report = WarehouseReport(
        order=code, stage=stage, platform_status=status, reported_at=at, documents=documents, note=note
    )
    fact = Fact(
        source=connection.source,
        key=f"{system}:{name}"[:160],
        body_hash=short_hash(f"{stage}:{note}".encode()),
        subject=code,
        snapshot=report,
        system=system,
        company_id=connection.company_id,
        shop_id=connection.shop_id,
        warehouse_id=connection.warehouse_id,
    )
    record(fact, cause=Cause(kind=system, source=connection.name, reference=name[:120], connection_id=connection.pk))


# What goes straight through ---------------------------------------------------------------------------------------
def _straight(
    adapter: Adapter, connection: Connection, access: Access, incoming: Incoming, question: Question
) -> Reply:
    handed = _send(adapter, access, incoming)
    if question.kind == "cancel_delivery" and handed.outcome in ("done", "refused"):
        _note_cancel(connection, question.handings[0].code, handed)
    return handed.reply


def _note_cancel(connection: Connection, code: str, handed: HandedOn) -> None:
    """At once, and as a job: the warehouse has answered and the ERP hears it, so what fails here is tried again."""
    last = Passage.objects.filter(connection=connection, code=code).order_by("-generation").first()
    generation = last.generation if last else 0
    key = f"note_cancel:{connection.pk}:{code[:80]}:{generation}:{handed.outcome}"
    with transaction.atomic():
        jobs.plan(
            "note_cancel",
            key,
            lane=Job.Lane.INGEST,
            connection_id=connection.pk,
            payload={
                "code": code,
                "generation": generation,
                "outcome": handed.outcome,
                "note": handed.detail[:200],
                "at": clock.now().isoformat(),
            },
        )
    jobs.run(Job.objects.get(key=key).pk)


@handles("note_cancel")
def note_cancel(task: Task) -> Mapping[str, Any]:
    """The ERP took an order back: its word; or the warehouse would not give it up: the warehouse's word."""
    connection, code, generation = task.through, str(task.payload["code"]), int(task.payload["generation"])
    at, note = datetime.fromisoformat(task.payload["at"]), str(task.payload["note"])
    if task.payload["outcome"] == "done":
        note_cancelled(connection, code, up_to=generation)
        _hear(connection, CauseKind.ERP, f"cancelled:{code}:{generation}", code, "cancelled", "order.cancel", at)
    else:
        name = f"cancel-refused:{code}:{generation}"
        _hear(connection, CauseKind.WMS, name, code, "cancel_failed", "order.cancel", at, note=note)
    return {"code": str(task.payload["outcome"])}


def note_cancelled(connection: Connection, code: str, *, up_to: int | None = None) -> None:
    """The warehouse gave the order up: the ERP may hand it over again, as a new generation."""
    rows = Passage.objects.filter(connection=connection, code=code, state__in=[_S.PASSED, _S.UNKNOWN])
    if up_to is not None:
        rows = rows.filter(generation__lte=up_to)
    rows.update(state=_S.CANCELLED, ended_at=clock.now())


def codes_in_warehouse(connection: Connection, parcel: Parcel) -> list[str]:
    """Under which codes a warehouse knows a parcel: the ERP's where the ERP sent it, else the parcel's own number."""
    if not adapter_named(connection.adapter).can("between", connection.settings):
        return [parcel.number]
    orders = parcel.lines.values("order_line__order")
    links = DocumentLink.objects.filter(order__in=orders, document__system="erp", document__kind="order")
    sent = Passage.objects.filter(
        connection=connection,
        code__in=list(links.values_list("document__number", flat=True)),
        state__in=[_S.CLAIMED, _S.PASSED, _S.UNKNOWN],
    )
    return list(sent.order_by("pk").values_list("code", flat=True))


def carries_others(connection: Connection, code: str, parcel: Parcel) -> bool:
    """Whether an ERP merged other orders into this delivery that are still to be sent."""
    if not adapter_named(connection.adapter).can("between", connection.settings):
        return False
    mine = parcel.lines.values("order_line__order")
    links = DocumentLink.objects.filter(
        document__company=connection.company_id, document__system="erp", document__kind="order", document__number=code
    )
    return links.exclude(order__in=mine).exclude(order__state="cancelled").exists()
