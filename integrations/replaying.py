"""A person's second chance for what failed: parked messages and failed jobs, one or many, each time on the trail."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from integrations import inbox, jobs
from integrations.inbox import REPLAYABLE
from integrations.models import Connection, Job, Receipt
from orders.models import Order
from orders.selectors.scope import company_ids, within
from orders.services.company_trail import lock_company, note_company_event
from orders.services.dossier import wake
from orders.vocabulary import Cause

# At once: a page's patience, and an event's size.
MOST = 500


class TooMany(ValueError):
    """More than `MOST` were asked for; nothing was done."""


def own_receipts(user: Any) -> QuerySet[Receipt]:
    """The messages of the person's companies, without their bodies."""
    receipts = Receipt.objects.defer("sealed")
    if company_ids(user) is None:
        return receipts
    mine = within(Connection.objects.all(), user)
    return receipts.filter(connection_id__in=mine.values("pk"))


def own_jobs(user: Any) -> QuerySet[Job]:
    """A job belongs to a company by its connection or, where it has none, by its order."""
    companies = company_ids(user)
    if companies is None:
        return Job.objects.all()
    own_order = Order.objects.filter(pk=OuterRef("order_id"), company__in=companies)
    return Job.objects.filter(Q(connection__company__in=companies) | Q(connection=None) & Exists(own_order))


def replay_receipts(receipt_ids: Sequence[int], *, user: Any, cause: Cause) -> int:
    """Have these read again, of the person's own; how many. The facts' own keys keep each from a second effect."""
    _insist_on_few(receipt_ids)
    found = own_receipts(user).filter(pk__in=receipt_ids, state__in=REPLAYABLE)
    by_connection: dict[int, list[int]] = defaultdict(list)
    for receipt_id, connection_id in found.values_list("pk", "connection_id"):
        by_connection[connection_id].append(receipt_id)
    companies = dict(Connection.objects.filter(pk__in=by_connection).values_list("pk", "company_id"))
    by_company: dict[int, list[int]] = defaultdict(list)
    for connection_id, ids in by_connection.items():
        by_company[companies[connection_id]] += ids
    return sum(_replay(company_id, sorted(ids), cause) for company_id, ids in sorted(by_company.items()))


def _replay(company_id: int, receipt_ids: list[int], cause: Cause) -> int:
    with transaction.atomic(durable=True):
        company = lock_company(company_id)
        changed = inbox.take_again(receipt_ids)
        if changed:
            facts = {"count": changed, "receipts": receipt_ids}
            note_company_event(company, "receipts_replayed", cause=cause, facts=facts)
            transaction.on_commit(partial(wake, "receipts"))
    return changed


def retry_jobs(job_ids: Sequence[int], *, user: Any, cause: Cause) -> int:
    """Have these failed jobs tried again, of the person's own; how many."""
    _insist_on_few(job_ids)
    found = own_jobs(user).filter(pk__in=job_ids, state=Job.State.FAILED)
    rows: list[Any] = list(found.values_list("pk", "connection__company_id", "order_id"))
    orders = [order_id for _pk, company_id, order_id in rows if company_id is None and order_id]
    of_orders = dict(Order.objects.filter(pk__in=orders).values_list("pk", "company_id")) if orders else {}
    by_company: dict[int, list[int]] = defaultdict(list)
    for job_id, company_id, order_id in rows:
        # One that speaks of neither a connection nor an order belongs to no company, and so to no company's trail.
        by_company[company_id or of_orders.get(order_id, 0)].append(job_id)
    return sum(_retry(company_id, sorted(ids), cause) for company_id, ids in sorted(by_company.items()))


def _retry(company_id: int, job_ids: list[int], cause: Cause) -> int:
    with transaction.atomic(durable=True):
        company = lock_company(company_id) if company_id else None
        lanes = set(Job.objects.filter(pk__in=job_ids).values_list("lane", flat=True))
        changed = jobs.retry(*job_ids)
        if changed and company is not None:
            note_company_event(company, "jobs_retried", cause=cause, facts={"count": changed, "jobs": job_ids})
        for lane in sorted(lanes):
            transaction.on_commit(partial(wake, lane))
    return changed


def _insist_on_few(ids: Sequence[int]) -> None:
    if len(ids) > MOST:
        raise TooMany(_("一次最多 %(most)d 条") % {"most": MOST})
