"""Numbers that are used up are a trouble until one is given again; each courier of a connection by itself."""

from typing import Any

import pytest

from integrations import jobs
from integrations.adapter import Waybill
from integrations.errors import OutOfNumbers
from integrations.issuing import job_key
from integrations.models import Job, Trouble
from integrations.platforms.douyin.refusals import old_refusal
from integrations.platforms.taobao import adapter
from orders.models import Label
from orders.services.labels import request_waybill
from tests.laws.cast import SYSTEM, Seller, seller

pytestmark = pytest.mark.django_db


def asks(shop: Seller, connection: Any) -> Label:
    """A packed parcel's request for a number, carried to the platform."""
    asked = request_waybill(shop.packed().pk, cause=SYSTEM)
    label = Label.objects.get(pk=asked.made["label"])
    payload = {"label": label.pk}
    jobs.plan("issue_waybill", job_key(label), lane="urgent", connection_id=connection.pk, payload=payload)
    jobs.run(Job.objects.get(key=job_key(label)).pk)
    return Label.objects.get(pk=label.pk)


def open_troubles() -> list[tuple[str, str]]:
    rows = Trouble.objects.filter(kind=Trouble.Kind.WAYBILLS, closed_at__isnull=True)
    return list(rows.values_list("level", "key"))


def test_a_label_without_a_number_left_fails_and_a_person_is_told_until_one_is_given(monkeypatch):
    shop = seller()
    connection = shop.taobao()

    def none_left(*_arguments: Any) -> Waybill:
        raise OutOfNumbers("电子面单库存不足", code="10701")

    monkeypatch.setattr(type(adapter), "issue_waybill", none_left)
    label = asks(shop, connection)
    assert label.state == "failed"
    assert open_troubles() == [("critical", f"connection:{connection.pk}:none:{label.carrier}")]
    given = Waybill(carrier=label.carrier, waybill="YT0000000000001")
    monkeypatch.setattr(type(adapter), "issue_waybill", lambda *_arguments: given)
    assert asks(shop, connection).state == "live"
    assert open_troubles() == []


def test_douyins_word_for_no_numbers_left_is_understood():
    assert type(old_refusal("10701", "电子面单库存不足")) is OutOfNumbers
