"""The inbox: keep the raw message, commit, answer, then work.

`keep` is the only thing between a webhook and its 2xx (law 1). `process` maps a receipt and records its facts; it may
run twice at once and be killed at any line, because each fact has its own key (law 2).
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db import connection as database

from integrations import jobs
from integrations.adapter import Adapter, Doubtful, Fetch, Message, Said, Says, StockWord, Unannounced, Unlisted
from integrations.errors import Unreadable
from integrations.models import Connection, DayKey, Job, Receipt, Trouble
from integrations.registry import adapter_named
from integrations.stock import take_stock
from integrations.troubles import end_trouble, raise_trouble
from orders import clock, sealing
from orders.lifecycle import CauseKind
from orders.models import FactKey
from orders.selectors.search import starts_with
from orders.services.dossier import wake
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.vocabulary import Cause, Fact, wording

log = logging.getLogger(__name__)


LARGEST_BODY = 2 * 1024 * 1024
# A receipt that we ourselves fail on is tried again this often, then parked.
OUR_TRIES = 5
# Who reads receipts takes a few of them for itself; what it took and did not end is due again after this.
CLAIMED_AT_ONCE = 10
CLAIM = timedelta(seconds=30)
# A receipt that waits for its order is shown as parked after this.
WAIT_FOR_ORDER = timedelta(hours=24)
# What a person may have read again.
REPLAYABLE = (Receipt.State.PARKED, Receipt.State.WAITING, Receipt.State.IGNORED)


def short_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def keep(
    connection: Connection,
    messages: Sequence[Message],
    *,
    via: str = "",
    also: Callable[[Message, int], None] | None = None,
) -> list[int]:
    """Store messages as receipts in one transaction; ids of the new ones. A repeat leaves nothing new.

    Same key with another body is stored as a parked receipt, so that a person sees it. `also` is called with each new
    message and its receipt's id, inside the transaction.
    """
    ids = []
    with transaction.atomic(durable=True):
        for message in messages:
            new = _keep_one(connection, message, via)
            ids += new
            for receipt_id in new if also else ():
                also(message, receipt_id)  # type: ignore[misc]
        now = clock.now()
        pushed = {"last_push_at": now} if via == "webhook" else {}
        if messages or pushed:
            # A poll that finds nothing is no sign of life.
            Connection.objects.filter(pk=connection.pk).update(last_message_at=now, **pushed)
        if ids:
            transaction.on_commit(lambda: wake("receipts"))
    return ids


def _keep_one(connection: Connection, message: Message, via: str) -> list[int]:
    source, key, digest = f"inbox:{connection.pk}", _text(message.key, 160), short_hash(message.body)
    try:
        with transaction.atomic():
            FactKey.objects.create(connection=source, key=key, body_hash=digest)
    except IntegrityError:
        known = FactKey.objects.filter(connection=source, key=key).values_list("body_hash", flat=True).get()
        if known == digest:
            return []
        # Once more under a key of its own: a third body is another case, a repeat of this one is not.
        return park(connection, message, "同一编号收到内容不同的报文", key=f"{key[:120]}#{digest[:12]}")
    return [_store(connection, message, via=via).pk]


def park(connection: Connection, message: Message, reason: str, *, key: str | None = None) -> list[int]:
    """Keep a message that cannot be used, with its reason; nothing twice."""
    key = _text(key or message.key, 160)
    try:
        with transaction.atomic():
            FactKey.objects.create(connection=f"parked:{connection.pk}", key=key, body_hash=short_hash(message.body))
    except IntegrityError:
        return []
    _store(connection, message, state=Receipt.State.PARKED, reason=reason)
    return []


def _store(
    connection: Connection, message: Message, *, state: str = "received", reason: str = "", via: str = ""
) -> Receipt:
    now = clock.now()
    return Receipt.objects.create(
        connection_id=connection.pk,
        kind=_text(message.kind, 80),
        key=_text(message.key, 160),
        via=via,
        sealed=sealing.seal(_day_key(connection.pk, now), message.body, context=f"receipt:{connection.pk}"),
        size=len(message.body),
        state=state,
        reason=_text(reason, 500),
        at=now,
        not_before=now,
    )


def _text(strange: str, length: int) -> str:
    """Somebody's words as every database takes them: no NUL, no half characters, not too long."""
    return strange.replace("\x00", "\ufffd").encode(errors="replace").decode()[:length]


def _day_key(connection_id: int, at: datetime) -> bytes:
    """The key of a receipt's own day (UTC): what was sealed a moment before midnight opens after it."""
    today = at.astimezone(UTC).date()
    context = f"connection:{connection_id}:{today}"
    row = DayKey.objects.filter(connection=connection_id, day=today).first()
    if row is None:
        fresh = sealing.new_key()
        DayKey.objects.bulk_create(
            [DayKey(connection_id=connection_id, day=today, wrapped=sealing.wrap(fresh, context=context))],
            ignore_conflicts=True,
        )
        row = DayKey.objects.get(connection=connection_id, day=today)
    return sealing.unwrap(bytes(row.wrapped), context=context)


def open_receipt(receipt: Receipt) -> bytes:
    """The raw body; `sealing.CannotOpen` once the day's key was shredded."""
    key = _day_key(receipt.connection_id, receipt.at)
    return sealing.unseal(key, bytes(receipt.sealed), context=f"receipt:{receipt.connection_id}")


def process_due(*, limit: int = 200) -> int:
    """Process receipts whose time has come; how many."""
    done = 0
    while done < limit and (taken := _claim(Receipt.State.RECEIVED, min(CLAIMED_AT_ONCE, limit - done))):
        for receipt_id, _ in taken:
            process(receipt_id)
        done += len(taken)
    return done


def _claim(state: str, count: int) -> list[tuple[int, datetime]]:
    """The oldest that are due, for this worker alone: two that read the same would only wait for each other's locks.

    A worker that dies leaves them to the others when its claim runs out; reading twice has one effect all the same.
    """
    now = clock.now()
    # In the order of the index of what is to be done, so that a claim of a few reads no more of a long line.
    due = Receipt.objects.filter(state=state, not_before__lte=now).order_by("not_before", "id")
    # An empty look opens no transaction: on SQLite that would wait for the writer.
    if not due.exists():
        return []
    with transaction.atomic(durable=True):
        free = due.select_for_update(skip_locked=database.features.has_select_for_update)
        taken = list(free.values_list("pk", "at")[:count])
        Receipt.objects.filter(pk__in=[receipt_id for receipt_id, _ in taken]).update(not_before=now + CLAIM)
    return taken


def process(receipt_id: int) -> str:
    """Map one receipt and record what it says; its state afterwards. One bad receipt never stops the others."""
    receipt = Receipt.objects.filter(pk=receipt_id).first()
    if receipt is None or receipt.state not in (Receipt.State.RECEIVED, Receipt.State.WAITING):
        return receipt.state if receipt else ""
    connection = Connection.objects.select_related("shop", "warehouse").get(pk=receipt.connection_id)
    adapter = adapter_named(connection.adapter)
    try:
        message = Message(kind=receipt.kind, key=receipt.key, body=open_receipt(receipt))
        says = list(adapter.parse_kept(message, settings=connection.settings, at=receipt.at))
    except (Unreadable, sealing.CannotOpen) as error:
        return _end(receipt, Receipt.State.PARKED, str(error) or type(error).__name__)
    except Exception as error:
        # A mapping's own mistake: the message is kept and shown, and the line moves on.
        log.exception("receipt %s could not be mapped", receipt.pk)
        return _end(receipt, Receipt.State.PARKED, f"映射出错 {type(error).__name__}")
    return _record_all(receipt, connection, adapter, says)


def _record_all(receipt: Receipt, connection: Connection, adapter: Adapter, says: Iterable[Says]) -> str:
    state, reason, order_id, subject = Receipt.State.IGNORED, "", receipt.order_id, ""
    for said in says:
        if isinstance(said, Fetch):
            plan_fetch(connection, said.subject, hint=receipt.key, via=receipt.via)
            state, subject = Receipt.State.DONE, said.subject
            continue
        if isinstance(said, Unlisted):
            _tell_unlisted(connection, said.words)
            continue
        try:
            if isinstance(said, StockWord):
                take_stock(connection, said)
                state = Receipt.State.DONE
                continue
            outcome = _record(connection, adapter, said, receipt)
        except Exception as error:
            log.exception("receipt %s could not be recorded", receipt.pk)
            return _try_again(receipt, f"记录出错 {type(error).__name__}")
        order_id, subject = outcome.order_id or order_id, said.subject
        if isinstance(said, Unannounced):
            _tell_unannounced(connection, said, known=outcome.code != "unknown_subject")
        if outcome.code == "unknown_subject":
            return _end(receipt, Receipt.State.WAITING, outcome.detail, subject=subject)
        if outcome.code == "conflicting_body":
            return _end(receipt, Receipt.State.PARKED, outcome.detail, order_id, subject)
        state = Receipt.State.DONE
        if outcome.code == "done":
            _measure_lag(connection, said)
        if isinstance(said, Doubtful):
            _tell_unlisted(connection, *said.unlisted)
    return _end(receipt, state, reason, order_id, subject)


def _record(connection: Connection, adapter: Adapter, said: Said, receipt: Receipt) -> Outcome:
    fact = Fact(
        source=connection.source,
        key=said.key[:160],
        body_hash=short_hash(wording(said.snapshot).encode()),
        subject=said.subject,
        snapshot=said.snapshot,
        system=CauseKind(adapter.system),
        via=receipt.via,
        company_id=connection.company_id,
        shop_id=connection.shop_id,
        warehouse_id=connection.warehouse_id,
    )
    cause = Cause(
        kind=CauseKind(adapter.system),
        source=connection.name,
        reference=f"receipt:{receipt.pk}",
        connection_id=connection.pk,
    )
    outcome = record(fact, cause=cause)
    if outcome.ok and said.subject:
        wake_waiting(said.subject)
    return outcome


def wake_waiting(subject: str) -> None:
    """The order is here now: what waited for it is processed again."""
    Receipt.objects.filter(state=Receipt.State.WAITING, subject=subject).update(
        state=Receipt.State.RECEIVED, not_before=clock.now()
    )


def retry_waiting(*, limit: int = 200) -> int:
    """Beat's second look at what waits for an order that came under another name; how many were taken up again."""
    oldest = clock.now() - WAIT_FOR_ORDER
    done = 0
    while done < limit and (taken := _claim(Receipt.State.WAITING, min(CLAIMED_AT_ONCE, limit - done))):
        for receipt_id, at in taken:
            if at < oldest:
                Receipt.objects.filter(pk=receipt_id, state=Receipt.State.WAITING).update(state=Receipt.State.PARKED)
            else:
                process(receipt_id)
        done += len(taken)
    return done


def _measure_lag(connection: Connection, said: Said) -> None:
    at = getattr(said.snapshot, "modified_at", None) or getattr(said.snapshot, "reported_at", None)
    if at is not None:
        lag = int((clock.now() - at).total_seconds() * 1000)
        Connection.objects.filter(pk=connection.pk).update(lag_milliseconds=lag)


def _tell_unlisted(connection: Connection, *doubts: str) -> None:
    """A word that no table lists was taken as unknown; a person should list it."""
    for words in doubts:
        key = f"connection:{connection.pk}:{words}"
        text = f"{connection.name}：{words}"
        raise_trouble(connection.company_id, Trouble.Kind.UNLISTED, key, text, connection=connection)


def _tell_unannounced(connection: Connection, said: Unannounced, *, known: bool) -> None:
    """A person looks for whom it is; what is found later ends the trouble."""
    key = f"unannounced:{said.number}"
    if known:
        end_trouble(connection.company_id, Trouble.Kind.RETURN, key)
    else:
        text = f"{connection.name}：{said.text}"
        raise_trouble(connection.company_id, Trouble.Kind.RETURN, key, text, connection=connection)


def _end(receipt: Receipt, state: str, reason: str, order_id: int | None = None, subject: str = "") -> str:
    values = {"state": state, "reason": _text(reason, 500), "attempts": receipt.attempts + 1}
    if order_id:
        values["order_id"] = order_id
    if subject:
        values["subject"] = _text(subject, 80)
    if state == Receipt.State.WAITING:
        values["not_before"] = clock.now() + timedelta(seconds=min(5 * 2**receipt.attempts, 600))
    Receipt.objects.filter(pk=receipt.pk).update(**values)
    return state


def _try_again(receipt: Receipt, reason: str) -> str:
    if receipt.attempts + 1 >= OUR_TRIES:
        return _end(receipt, Receipt.State.PARKED, reason)
    Receipt.objects.filter(pk=receipt.pk).update(
        attempts=receipt.attempts + 1, reason=reason, not_before=clock.now() + timedelta(seconds=2**receipt.attempts)
    )
    return Receipt.State.RECEIVED


def replay(receipt_id: int) -> str:
    """Read a parked receipt again, at once; its state afterwards, "" where there was nothing to replay."""
    return process(receipt_id) if take_again([receipt_id]) else ""


def take_again(receipt_ids: Sequence[int]) -> int:
    """Back to the line with what waits for a person; how many. A second effect is kept away by the facts' own keys."""
    rows = Receipt.objects.filter(pk__in=receipt_ids, state__in=REPLAYABLE)
    return rows.update(state=Receipt.State.RECEIVED, attempts=0, reason="", not_before=clock.now())


def plan_fetch(connection: Connection, subject: str, *, hint: str, via: str = "fetch") -> None:
    """Read one order again, because something pointed to it; `hint` makes one job per pointer.

    A job that is still waiting will read after this pointer came, so it serves for both.
    """
    prefix = f"fetch:{connection.pk}:{subject}:"
    if Job.objects.filter(starts_with("key", prefix), state=Job.State.READY, attempts=0).exists():
        return
    with transaction.atomic():
        jobs.plan(
            "fetch_order",
            f"{prefix}{hint}"[:200],
            lane=Job.Lane.INGEST,
            connection_id=connection.pk,
            payload={"subject": subject, **({"via": via} if via else {})},
        )
