"""A mapping turns strange records into the tower's words; its mistakes are sentences, unlisted values are noted."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import Unreadable
from integrations.feeds import orders, reading, reports
from integrations.feeds.filling import Doubts
from integrations.feeds.plan import WrongMapping, understand
from integrations.feeds.shapes import ORDER, REPORT
from orders.vocabulary import OrderSnapshot, PrintReport, WarehouseReport
from tests.integrations.generic.conftest import ERP_MAPPING, SHOP_MAPPING

SEEN = datetime(2026, 11, 10, 16, 30, tzinfo=UTC)


def row(**changes: Any) -> dict[str, Any]:
    found = {
        "tid": "320260311000000017", "state": "已付款", "created": "2026-11-11 00:00:05",
        "payTime": "2026-11-11 00:00:09", "updated": "2026-11-11 00:00:09", "payment": "12850", "remark": "请快发",
        "to": {"name": "李雷", "mobile": "13800138000", "province": "浙江省", "city": "杭州市", "area": "西湖区",
               "detail": "文三路 1 号"},
        "items": [{"code": "CREAM-50", "title": "面霜", "num": "1", "price": "12850"}], "refunds": [],
    }  # fmt: skip
    return {**found, **changes}


def mapping(**changes: Any) -> dict[str, Any]:
    """The shop's mapping with some rules changed: `order__status={…}`; `None` takes one away."""
    found = copy.deepcopy(SHOP_MAPPING)
    for name, value in changes.items():
        part, _, field = name.partition("__")
        target, key = (found.setdefault(part, {}), field) if field else (found, part)
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value
    return found


def read(record: Any, written: dict[str, Any] | None = None, *, at: datetime | None = SEEN) -> OrderSnapshot:
    return orders.read(record, understand(written or SHOP_MAPPING, ORDER), Doubts(), seen_at=at)


def doubts_of(record: Any, written: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    doubts = Doubts()
    orders.read(record, understand(written or SHOP_MAPPING, ORDER), doubts, seen_at=SEEN)
    return doubts.found


def test_an_order_is_read_with_fen_and_beijing_time() -> None:
    order = read(row())
    assert (order.platform_order_id, order.status, order.platform_status) == ("320260311000000017", "paid", "已付款")
    assert order.placed_at == datetime(2026, 11, 10, 16, 0, 5, tzinfo=UTC)
    assert order.amount == Decimal("128.50")
    [line] = order.lines
    assert (line.sku, line.quantity, line.price, line.platform_line_id) == (
        "CREAM-50",
        1,
        Decimal("128.50"),
        "CREAM-50",
    )
    assert (order.receiver.name, order.receiver.city, order.receiver.masked) == ("李雷", "杭州市", False)


def test_an_unlisted_status_is_unknown_and_noted_and_the_order_is_read_all_the_same() -> None:
    assert read(row(state="待拼团")).status == "unknown"
    assert doubts_of(row(state="待拼团")) == [("订单·状态", "待拼团")]
    assert doubts_of(row()) == []


def test_an_unlisted_refund_status_is_an_open_refund() -> None:
    [refund] = read(row(refunds=[{"id": "R1", "state": "平台介入"}])).refunds
    assert (refund.status, refund.kind) == ("open", "refund_only")


def test_a_later_mapping_of_the_same_record_is_newer() -> None:
    first, later = read(row()), read(row(), mapping(revision=2))
    assert later.modified_at - first.modified_at == timedelta(microseconds=1)


def test_without_a_time_of_change_the_first_sight_of_the_content_counts_and_without_that_the_latest_time() -> None:
    plain = mapping(order__modified_at=None, revision=0)
    assert read(row(), plain).modified_at == SEEN
    assert read(row(), plain, at=None).modified_at == datetime(2026, 11, 10, 16, 0, 9, tzinfo=UTC)


def test_what_the_source_lacks_is_filled_by_what_follows_from_the_rest() -> None:
    poor = {
        "order": {"platform_order_id": "单号", "status": {"default": "已付款"}},
        "lines": {"sku": "编码", "quantity": "数量", "price": "单价"},
    }
    table = reading.Document([{"单号": "1", "编码": "A", "数量": "2.00", "单价": "¥1,234.50"}] * 2, table=True)
    plan = understand(poor, ORDER)
    [record] = reading.records(table, plan.records, plan.grouping)
    order = read(record, poor)
    assert (order.status, order.amount, order.placed_at, order.paid_at) == ("paid", Decimal(4938), SEEN, SEEN)
    assert [line.platform_line_id for line in order.lines] == ["A", "A-2"]


@pytest.mark.parametrize(
    ("text", "format", "expected"),
    [
        ("2026-11-11T00:00:05+08:00", "auto", "2026-11-10T16:00:05+00:00"),
        ("2026-11-10T16:00:05Z", "auto", "2026-11-10T16:00:05+00:00"),
        ("2026/11/11 0:00:05", "auto", "2026-11-10T16:00:05+00:00"),
        ("20261111000005", "auto", "2026-11-10T16:00:05+00:00"),
        ("2026年11月11日", "auto", "2026-11-10T16:00:00+00:00"),
        ("1794326405", "auto", "2026-11-10T16:00:05+00:00"),
        ("1794326405000", "auto", "2026-11-10T16:00:05+00:00"),
        ("1794326405000", "unix_ms", "2026-11-10T16:00:05+00:00"),
        ("11.11.2026 00:00", "%d.%m.%Y %H:%M", "2026-11-10T16:00:00+00:00"),
        # A real date cell of a sheet, whatever format was set for the text beside it.
        ("2026-11-11 00:00:05", "%d.%m.%Y %H:%M", "2026-11-10T16:00:05+00:00"),
    ],
)
def test_a_time_is_read_in_its_format_and_zone(text: str, format: str, expected: str) -> None:
    written = mapping(order__placed_at={"path": "$.created", "format": format})
    assert read(row(created=text), written).placed_at.isoformat() == expected


def test_another_zone_is_believed() -> None:
    written = mapping(time={"zone": "America/New_York"})
    assert read(row(), written).placed_at.isoformat() == "2026-11-11T05:00:05+00:00"


@pytest.mark.parametrize("text", ["", "0", "0000-00-00 00:00:00", "1970-01-01 08:00:00", None, "-"])
def test_not_yet_is_no_time(text: str | None) -> None:
    assert read(row(state="待付款", payTime=text)).paid_at is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tid": ""}, "没有平台订单号"),
        ({"tid": "3.2026031100000001E+17"}, "科学计数法"),
        ({"tid": "9" * 61}, "编号超过"),
        ({"tid": "1\u202e2"}, "不可见"),
        ({"tid": ["1"]}, "“订单·平台订单号”不是文字或数字"),
        ({"state": ""}, "没有状态"),
        ({"created": "昨天"}, "“订单·下单时间”不是时间"),
        ({"created": "1899-12-30 00:00:00"}, "年之间"),
        ({"payment": "12.5"}, "不是整数分"),
        ({"payment": "-1"}, "不在范围内"),
        ({"payment": "1e5"}, "不是金额"),
        ({"payment": "NaN"}, "不是金额"),
        ({"items": []}, "没有商品"),
        ({"items": "A"}, "不是对象"),
        ({"items": [{"code": ""}]}, "没有商家编码"),
        ({"items": [{"code": "A", "num": "0"}]}, "数量为 0"),
        ({"items": [{"code": "A", "num": "1.5"}]}, "不是数量"),
        ({"items": [{"code": "A"}] * 1001}, "超过 1000 条"),
    ],
)
def test_a_record_that_makes_no_sense_says_which_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(row(**changes))


def test_half_characters_and_nuls_never_reach_the_database() -> None:
    order = read(row(remark="a\x00b\ud800c"))
    assert order.buyer_note == "ab?c"


def test_flags_and_yes_and_no_are_read_by_their_tables() -> None:
    written = mapping(
        order__flags={"path": "$.tags", "values": {"到付": "货到付款", "普通": ""}},
        lines__gift={"path": "$.kind", "values": {"赠": "是", "售": "否"}},
    )
    record = row(tags="到付，普通,新", items=[{"code": "A", "kind": "赠"}, {"code": "B", "kind": "售"}])
    order = read(record, written)
    assert order.flags == {"cod"}
    assert [line.gift for line in order.lines] == [True, False]
    assert doubts_of(record, written) == [("订单·标记", "新")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"order__status": None}, "缺少“订单·状态”从哪里读"),
        ({"order__platform_order_id": None}, "缺少“订单·平台订单号”从哪里读"),
        ({"order__platform_order_id": {"default": "1"}}, "不能只有默认值"),
        ({"lines": {"path": "$.items"}}, "缺少“商品·商家编码”从哪里读"),
        ({"refunds": {"path": "$.refunds"}}, "缺少“退款·退款编号”从哪里读"),
        ({"order__stat": "$.x"}, "“订单”里没有字段“stat”"),
        ({"orders": {}}, "没有“orders”这一部分"),
        ({"order__status": {"path": "$.state", "values": {"好了": "fertig"}}}, "“fertig”不是指挥塔的值"),
        ({"order__status": {"path": "$.state", "default": "fertig"}}, "默认值“fertig”不是指挥塔的值"),
        ({"order__amount": {"path": "$.p", "default": "viel"}}, "默认值不是金额"),
        ({"order__status": {"path": "$.state", "map": {}}}, "不认识“map”"),
        ({"order__amount": "$.a["}, "“订单·订单金额”：路径写法不对"),
        ({"order__amount": 3}, "要写成路径"),
        ({"order": "x"}, "“订单”要写成 JSON 对象"),
        ({"time": {"format": "%Y"}}, "“时间格式”的时间格式“%Y”不对"),
        ({"time": {"format": "%Y %Y"}}, "不对"),
        ({"time": {"zone": "Mars/Base"}}, "没有时区“Mars/Base”"),
        ({"money": "dollar"}, "金额单位只能是 yuan、fen"),
        ({"header_row": "0"}, "表头所在行要是 1 到 100 的整数"),
        ({"records": ["x"]}, "路径要写成文字"),
    ],
)
def test_a_mistake_in_a_mapping_is_told_in_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongMapping) as error:
        understand(mapping(**changes), ORDER)
    assert any(sentence in mistake for mistake in error.value.mistakes), error.value.mistakes


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(WrongMapping) as error:
        understand({"money": "dollar", "order": {"status": "$.["}}, ORDER)
    assert len(error.value.mistakes) >= 4


# Reports of an ERP --------------------------------------------------------------------------------------------------
def bill(**changes: Any) -> dict[str, Any]:
    found = {"平台单号": "88001", "销售订单号": "XSDD1", "单据编号": "XOUT1", "单据状态": "已审核",
             "审核日期": "2026/11/11 09:00:00", "物流公司": "圆通速递", "运单号": "YT1"}  # fmt: skip
    return {**found, **changes}


def report_of(*rows: dict[str, Any], **rules: Any) -> list[Any]:
    written = {**ERP_MAPPING, "report": {**ERP_MAPPING["report"], **rules}}
    plan = understand(written, REPORT)
    found: list[Any] = []
    for record in reading.records(reading.Document(list(rows), table=True), (), plan.grouping):
        found += reports.read(record, plan, Doubts(), seen_at=SEEN)
    return found


def test_an_out_stock_bill_is_a_report_with_its_parcels_once_each() -> None:
    [report] = report_of(bill(), bill(物料编码="B"), bill(运单号="YT2", 物流公司="顺丰"))
    assert isinstance(report, WarehouseReport)
    assert (report.order, report.platform_order_id, report.stage) == ("88001", "88001", "shipped")
    assert [(parcel.carrier, parcel.waybill) for parcel in report.parcels] == [("yto", "YT1"), ("sf", "YT2")]
    assert ("out_stock", "XOUT1") in report.documents


def test_two_bills_of_one_order_are_two_reports() -> None:
    assert len(report_of(bill(), bill(单据编号="XOUT2", 单据状态="创建"))) == 2


def test_a_printed_label_is_told_as_a_print() -> None:
    table = {"path": "单据状态", "values": {"已打单": "printed"}}
    report, printed = report_of(bill(单据状态="已打单"), stage=table)
    assert isinstance(printed, PrintReport)
    assert (printed.order, printed.waybill, printed.printed_at) == (report.order, "YT1", report.reported_at)


def test_a_report_without_any_number_is_refused() -> None:
    with pytest.raises(Unreadable, match="没有平台订单号"):
        report_of(bill(平台单号=""))
