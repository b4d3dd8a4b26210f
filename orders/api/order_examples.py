"""What the pages of the API show: bodies that can be sent as they are, and the noes that matter most."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample

from orders.api.schema import problem_example

LISTING = """Newest first. With `updated_after` (a time, or the `cursor` of an earlier answer) in the order in which
changes were committed, so that whoever follows the list misses none: read on by `next`, keep the last `cursor`, and
hand it in as `updated_after` the next time."""
REPORTING = """What a shop's platform says of one order now. A new order answers 201, a known one 200. The newest
`modified_at` wins whatever the order of arrival; the same content again has no effect. Without `modified_at` the time
of the request counts, and only the same content twice running is a repeat: send an `Idempotency-Key` with it, or a late
retry of an old request would be taken for a change. A sender that gives `modified_at` should always give it."""

ORDER: dict[str, Any] = {
    "shop": 1,
    "platform_order_id": "2026111100000001",
    "state": "paid",
    "placed_at": "2026-11-11T00:00:05+08:00",
    "paid_at": "2026-11-11T00:00:09+08:00",
    "amount": "128.50",
    "buyer_note": "",
    "seller_note": "",
    "ship_by": None,
    "receiver": {
        "name": "王小明",
        "phone": "13800001234",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "address": "文三路 1 号",
    },
    "lines": [
        {"platform_line_id": "1", "sku": "CREAM-50", "title": "面霜", "quantity": 1, "price": "128.50"},
    ],
}


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


_INVALID = problem_example("validation", "内容有误", errors={"lines[0].quantity": ["请确保该值大于或者等于 1。"]})
REPORT = [_request("order", ORDER), _INVALID]
BULK = [_request("orders", {"orders": [ORDER]})]
MOVE = [
    _request("release", {"move": "release", "version": 3}),
    problem_example(
        "held",
        "订单已锁单，解封后才能操作：申请退款",
        holds=[7],
        reasons=[{"code": "not_held", "text": "订单已锁单，解封后才能操作：申请退款"}],
        event=91,
        version=3,
    ),
    problem_example("role", "没有“推送仓库”的权限，请找有权限的同事处理", holds=[], reasons=[], event=92, version=3),
]
HOLD = [_request("manual", {"reason": "manual", "note": "买家来电要求晚两天发", "parcel": None})]
PRINT = [
    _request("station", {"station": "A3", "printer": "P1"}),
    problem_example(
        "duplicate_print",
        "重复打单：这张面单已经打印过，订单已锁定，请交运营主管复核",
        hold=8,
        holds=[8],
        reasons=[],
        event=93,
        version=9,
    ),
]
PACK = [_request("pack", {"move": "pack", "weight": "0.42"})]
EVENTS = [
    _request(
        "shipped",
        {
            "events": [
                {
                    "key": "wms-20261111-000017",
                    "system": "wms",
                    "kind": "shipped",
                    "order": "2026111100000001",
                    "waybill": "SF1234567890",
                    "occurred_at": "2026-11-11T09:30:00+08:00",
                    "data": {"carrier": "sf", "operator": "W017"},
                }
            ]
        },
    )
]
STALE_GRANT = _("这次放行已经用过或过期，请到打印机旁确认面单是否已出纸，不要直接补打")
