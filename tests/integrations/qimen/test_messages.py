"""What a warehouse says, in the tower's words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.adapter import Fetch, Message, Said
from integrations.errors import Unreadable
from integrations.wms.qimen import adapter, mapping
from orders.vocabulary import PrintReport, WarehouseReport
from tests.integrations.qimen.street import access, messages, process_report, signed
from tests.integrations.qimen.test_samples import SAMPLES, read_sample


def test_a_status_is_read_however_it_is_spelt_and_shown_as_it_came() -> None:
    (message,) = messages(process_report("delivered"))
    (said,) = adapter.parse(message)
    report = said.snapshot  # type: ignore[union-attr]
    assert isinstance(report, WarehouseReport)
    assert (report.stage, report.platform_status) == ("shipped", "delivered")
    assert report.reported_at == datetime(2026, 11, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize("status", ["PARTFULFILLED", "FULFILLED"])
def test_an_inbound_status_is_never_shipped(status: str) -> None:
    (message,) = messages(confirm(f"<status>{status}</status>"), "deliveryorder.confirm")
    (said,) = adapter.parse(message)
    assert said.snapshot.stage == "other"  # type: ignore[union-attr]


def test_a_print_is_a_report_and_a_print() -> None:
    (message,) = messages(process_report("PRINT", waybill="YT9693083639795"))
    report, printed = adapter.parse(message)
    assert isinstance(printed, Said)
    assert printed.key == message.key + ":print"
    assert isinstance(printed.snapshot, PrintReport)
    assert printed.snapshot.waybill == "YT9693083639795"
    assert report.subject == printed.subject == "SO001"


def test_a_repeat_has_the_same_keys() -> None:
    body = process_report("PRINT", waybill="YT1")
    first, again = messages(body), messages(body)
    assert [one.key for one in first] == [one.key for one in again]
    assert adapter.parse(first[0]) == adapter.parse(again[0])


@pytest.mark.parametrize(
    "changed",
    [
        {"at": "2026-11-11 00:00:01", "waybill": "YT1"},
        {"waybill": "YT2"},
        {"waybill": "YT1", "order": "SO002"},
    ],
    ids=["another time", "another waybill", "another order"],
)
def test_another_print_has_another_key(changed: dict[str, Any]) -> None:
    (first,) = messages(process_report("PRINT", waybill="YT1"))
    (second,) = messages(process_report("PRINT", **changed))
    assert {said.key for said in adapter.parse(first)}.isdisjoint(said.key for said in adapter.parse(second))  # type: ignore[union-attr]


def test_a_fetched_print_is_the_same_fact_as_the_reported_one() -> None:
    by_name = {sample.stem: read_sample(sample)[0] for sample in SAMPLES}
    reported = adapter.parse(by_name["orderprocess.report--print"])
    fetched = adapter.parse(by_name["orderprocess.query"])
    assert set(reported) <= set(fetched)


def test_a_step_without_a_time_asks_to_be_read_again() -> None:
    (message,) = messages(process_report("PRINT", at=""))
    assert adapter.parse(message) == [Fetch(subject="SO001")]


@pytest.mark.parametrize("time", ["tomorrow", "2026-13-01 00:00:00", "0001-01-01 00:00:00", "2026/11/11 00:00:00"])
def test_an_unreadable_time_is_parked(time: str) -> None:
    (message,) = messages(process_report("PRINT", at=time))
    with pytest.raises(Unreadable, match="不是时间"):
        adapter.parse(message)


def confirm(
    head: str = "<status>DELIVERED</status>", *, biz: str = "M-1", packages: str = "", lines: str = ""
) -> bytes:
    out_biz_code = f"<outBizCode>{biz}</outBizCode>" if biz else ""
    return (
        f"<request><deliveryOrder><deliveryOrderCode>SO001</deliveryOrderCode>{head}{out_biz_code}"
        f"<orderConfirmTime>2026-11-11 01:00:00</orderConfirmTime></deliveryOrder>"
        f"<packages>{packages}</packages><orderLines>{lines}</orderLines></request>"
    ).encode()


def report_of(body: bytes) -> WarehouseReport:
    (message,) = messages(body, "deliveryorder.confirm")
    (said,) = adapter.parse(message)
    assert isinstance(said, Said)
    assert isinstance(said.snapshot, WarehouseReport)
    return said.snapshot


@pytest.mark.parametrize(
    ("head", "stage", "final"),
    [
        ("<status>DELIVERED</status><confirmType>0</confirmType>", "shipped", True),
        ("<status>PARTDELIVERED</status><confirmType>1</confirmType>", "shipped_part", False),
        ("<status>DELIVERED</status>", "shipped", True),
        ("", "shipped", True),
        ("<confirmType>1</confirmType>", "shipped_part", False),
        ("<status>CANCELED</status>", "cancelled", True),
        ("<status>EXCEPTION</status>", "exception", True),
    ],
)
def test_a_confirmation_says_how_far_and_whether_it_is_the_last(head: str, stage: str, final: bool) -> None:
    report = report_of(confirm(head))
    assert (report.stage, report.final) == (stage, final)


@pytest.mark.parametrize(
    ("weight", "grams"),
    [("0.52", 520), ("1", 1000), ("0.0005", 0), ("", None), ("-1", None), ("1e9", None), ("NaN", None)],
)
def test_weights_are_grams_or_unknown(weight: str, grams: int | None) -> None:
    package = f"<package><expressCode>YT1</expressCode><weight>{weight}</weight></package>"
    assert report_of(confirm(packages=package)).parcels[0].weight_grams == grams


@pytest.mark.parametrize(
    ("code", "carrier"),
    [("SF", "sf"), ("YTO", "yto"), ("JTSD", "jt"), ("JT", "jt"), ("DBL", "dbl"), ("yunda", "yunda")],
)
def test_couriers_are_named_in_the_towers_words(code: str, carrier: str) -> None:
    package = f"<package><logisticsCode>{code}</logisticsCode><expressCode>1</expressCode></package>"
    assert report_of(confirm(packages=package)).parcels[0].carrier == carrier


@pytest.mark.parametrize("quantity", ["", "two", "1.5", "-1", "1e999999", "9" * 40, "Infinity"])
def test_a_quantity_that_is_no_whole_number_is_parked(quantity: str) -> None:
    package = f"<package><items><item><itemCode>A</itemCode><quantity>{quantity}</quantity></item></items></package>"
    with pytest.raises(Unreadable, match="数量"):
        report_of(confirm(packages=package))


def test_a_confirmation_without_its_own_id_is_known_by_its_body() -> None:
    (first,) = messages(confirm(biz=""), "deliveryorder.confirm")
    (again,) = messages(confirm(biz=""), "deliveryorder.confirm")
    (other,) = messages(confirm("<status>PARTDELIVERED</status>", biz=""), "deliveryorder.confirm")
    assert first.key == again.key != other.key


def test_the_parts_of_a_long_document_have_keys_of_their_own() -> None:
    head = "<status>DELIVERED</status><totalOrderLines>2</totalOrderLines>"
    keys = {
        messages(
            confirm(head, lines=f"<orderLine><orderLineNo>{n}</orderLineNo></orderLine>"), "deliveryorder.confirm"
        )[0].key
        for n in (1, 2)
    }
    assert keys == {"confirm:SO001:M-1:line1", "confirm:SO001:M-1:line2"}


def test_a_batch_with_nothing_in_it_is_parked() -> None:
    with pytest.raises(Unreadable, match="批量"):
        messages(b"<request><orders/></request>", "deliveryorder.batchconfirm")


@pytest.mark.parametrize(
    "method", ["receiverinfo.query", "orderprocess.query", "", "taobao.trade.get", "no.such.thing"]
)
def test_an_unknown_method_is_parked(method: str) -> None:
    with pytest.raises(Unreadable, match="不认识"):
        adapter.unpack(access(), signed(process_report("ACCEPT"), method))


def test_the_prefix_may_be_there_or_not() -> None:
    keys = {
        messages(process_report("ACCEPT"), method, method_prefix="WDT_WMS_")[0].key
        for method in ("orderprocess.report", "taobao.qimen.orderprocess.report", "WDT_WMS_orderprocess.report")
    }
    assert len(keys) == 1


def test_another_customers_message_is_parked() -> None:
    with pytest.raises(Unreadable, match="customerId"):
        adapter.unpack(access(), signed(process_report("ACCEPT"), customerId="SOMEBODY"))


def test_a_private_root_tag_is_a_setting() -> None:
    body = process_report("ACCEPT").replace(b"request>", b"wms>")
    assert messages(body, root_tag="wms")[0].kind == "orderprocess.report"


def test_long_words_are_parked_and_long_notes_are_cut() -> None:
    (message,) = messages(process_report("EXCEPTION", extra=f"<operateInfo>{'长' * 5000}</operateInfo>"))
    (said,) = adapter.parse(message)
    assert len(said.snapshot.note) == mapping.LONGEST_NOTE  # type: ignore[union-attr]
    (message,) = messages(process_report("PRINT", waybill="9" * 5000))
    assert len(message.key) <= mapping.LONGEST_KEY
    with pytest.raises(Unreadable, match="expressCode"):
        adapter.parse(message)


def test_an_unknown_kind_is_parked() -> None:
    with pytest.raises(Unreadable, match="不认识"):
        adapter.parse(Message(kind="trade", key="1", body=b"<request/>"))
