"""A warehouse's reports on their way to the ERP, where the tower stands between the two.

Planned in the transaction that keeps the report (law 1), carried in the order in which they came for each order code,
byte for byte, until the ERP says success. The waiting rows are the queue: what was carried leaves none.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations import jobs
from integrations.adapter import Adapter, Message
from integrations.errors import OutsideError, Permanent, Temporary
from integrations.inbox import open_receipt
from integrations.jobs import Again, Task, handles
from integrations.models import Connection, Job, Receipt, Trouble, WaitingReport
from integrations.registry import adapter_named
from integrations.troubles import end_trouble, raise_trouble
from orders import clock
from orders.services.dossier import wake

# An ERP that does not answer is tried again after 1, 2, 4 … seconds, then every five minutes, for as long as it takes.
LONGEST_WAIT = 300
# A person is told when an ERP did not take a report this many times.
TOLD_AFTER = 5
# One that it answers with "no" all day is given up, so that what comes behind it is not kept for ever.
REFUSED_FOR = timedelta(hours=24)


def planner(adapter: Adapter, connection: Connection) -> Callable[[Message, int], None] | None:
    """What `inbox.keep` must do besides keeping; `None` where nothing is carried on."""
    if not adapter.can("between", connection.settings):
        return None

    def plan(message: Message, receipt_id: int) -> None:
        codes = adapter.carried(message)
        if codes is None:
            return
        WaitingReport.objects.bulk_create(
            WaitingReport(connection=connection, code=code[:80], receipt_id=receipt_id) for code in codes
        )
        jobs.plan(
            "pass_report", f"pass_report:{receipt_id}", connection_id=connection.pk, payload={"receipt": receipt_id}
        )

    return plan


@handles("pass_report")
def pass_report(task: Task) -> Mapping[str, Any] | Again:
    connection = task.through
    receipt_id = int(task.payload["receipt"])
    mine = WaitingReport.objects.filter(receipt_id=receipt_id)
    codes = list(mine.values_list("code", flat=True))
    if not codes:
        return {"code": "already_done"}
    # What names no order has no order to keep, and what the ERP will not have keeps nobody.
    earlier = WaitingReport.objects.filter(connection=connection, code__in=codes, receipt_id__lt=receipt_id)
    if earlier.filter(refused__lt=TOLD_AFTER).exclude(code="").exists():
        return Again(clock.now() + timedelta(seconds=min(2**task.turn, LONGEST_WAIT)))
    receipt = Receipt.objects.get(pk=receipt_id)
    message = Message(kind=receipt.kind, key=receipt.key, body=open_receipt(receipt))
    try:
        adapter_named(connection.adapter).carry(connection.open(), message)
    except OutsideError as error:
        return _not_taken(task, connection, receipt, error)
    _carried(connection, receipt_id, codes)
    return {"code": "done", "codes": codes[:20]}


def _not_taken(task: Task, connection: Connection, receipt: Receipt, error: OutsideError) -> Again:
    again = Again(clock.now() + timedelta(seconds=min(2**task.turn, LONGEST_WAIT)))
    if not isinstance(error, Temporary):
        _refused(connection, receipt, error)
    elif task.turn + 1 >= TOLD_AFTER:
        text = f"{connection.name}：ERP 收不到仓库的回传（{error}），恢复后会按顺序补送"
        raise_trouble(
            connection.company_id, Trouble.Kind.UNTOLD, _trouble(connection), text,
            level=Trouble.Level.CRITICAL, connection=connection,
        )  # fmt: skip
    return again


def _refused(connection: Connection, receipt: Receipt, error: OutsideError) -> None:
    """The ERP answered, and said no: it may have to learn of the order first, so it is asked again all day."""
    waiting = WaitingReport.objects.filter(receipt_id=receipt.pk)
    if receipt.at < clock.now() - REFUSED_FOR:
        waiting.delete()
        raise Permanent(f"ERP 一直拒收：{error}", code=error.code)
    waiting.update(refused=F("refused") + 1)
    if waiting.filter(refused__gte=TOLD_AFTER).exists():
        text = f"{connection.name}：ERP 拒收仓库的回传（{error}），编号 {receipt.key[:60]}"
        key = f"{_trouble(connection)}:{receipt.pk}"
        raise_trouble(connection.company_id, Trouble.Kind.UNTOLD, key, text, connection=connection)


def _carried(connection: Connection, receipt_id: int, codes: list[str]) -> None:
    """It is there: the next of the same orders may go, and after an outage everything that waits."""
    with transaction.atomic():
        WaitingReport.objects.filter(receipt_id=receipt_id).delete()
        Receipt.objects.filter(pk=receipt_id, state=Receipt.State.IGNORED).update(state=Receipt.State.DONE)
        waiting = Job.objects.filter(kind="pass_report", connection=connection, state=Job.State.READY)
        end_trouble(connection.company_id, Trouble.Kind.UNTOLD, f"{_trouble(connection)}:{receipt_id}")
        if not end_trouble(connection.company_id, Trouble.Kind.UNTOLD, _trouble(connection)):
            behind = WaitingReport.objects.filter(connection=connection, code__in=codes)
            keys = [f"pass_report:{number}" for number in behind.values_list("receipt_id", flat=True)]
            waiting = waiting.filter(key__in=keys) if keys else waiting.none()
        if waiting.update(not_before=clock.now()):
            transaction.on_commit(lambda: wake(Job.Lane.SYNC))


def _trouble(connection: Connection) -> str:
    return f"carry:{connection.pk}"
