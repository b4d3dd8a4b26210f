"""The side bar of the back office: what a person may open, in the order of their day."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.selectors import review

# Title → (words, icon, admin page, right).
GROUPS: list[tuple[Any, list[tuple[Any, str, str, str]]]] = [
    (
        None,
        [
            (_("首页"), "home", "index", ""),
            (_("订单"), "receipt_long", "orders_order_changelist", "orders.view_order"),
            (_("复核队列"), "fact_check", "review", "orders.view_hold"),
            (_("改址"), "edit_location", "orders_addresschange_changelist", "orders.view_addresschange"),
            (_("拦截申请"), "front_hand", "orders_interceptrequest_changelist", "orders.view_interceptrequest"),
            (_("售后单"), "assignment_return", "orders_aftersale_changelist", "orders.view_aftersale"),
        ],
    ),
    (
        _("仓储"),
        [
            (_("包裹"), "package_2", "orders_parcel_changelist", "orders.view_parcel"),
            (_("面单"), "label", "orders_label_changelist", "orders.view_label"),
            (_("打印记录"), "print", "orders_printattempt_changelist", "orders.view_printattempt"),
            (_("锁单记录"), "lock", "orders_hold_changelist", "orders.view_hold"),
            (_("扫码记录"), "barcode_scanner", "orders_scan_changelist", "orders.view_scan"),
        ],
    ),
    (
        _("系统连接"),
        [
            (_("系统连接"), "hub", "integrations_connection_changelist", "integrations.view_connection"),
            (_("对接健康"), "monitor_heart", "health", "integrations.view_connection"),
            (
                _("状态不一致"),
                "sync_problem",
                "integrations_contradiction_changelist",
                "integrations.view_contradiction",
            ),
            (_("对接问题"), "report", "integrations_trouble_changelist", "integrations.view_trouble"),
            (_("待处理报文"), "move_to_inbox", "integrations_receipt_changelist", "integrations.view_receipt"),
            (_("对外任务"), "outbox", "integrations_job_changelist", "integrations.view_job"),
            (_("转单"), "swap_horiz", "integrations_passage_changelist", "integrations.view_passage"),
            (_("仓库库存"), "shelves", "integrations_stockclaim_changelist", "integrations.view_stockclaim"),
            (_("补读"), "history_toggle_off", "integrations_backfill_changelist", "integrations.view_backfill"),
            (_("订单对账"), "balance", "integrations_ledgerbucket_changelist", "integrations.view_ledgerbucket"),
            (_("对账时限"), "timer", "integrations_ledgergrace_changelist", "integrations.view_ledgergrace"),
            (_("静默监测"), "hearing", "integrations_edge_changelist", "integrations.view_edge"),
            (_("大促日历"), "event", "integrations_promotion_changelist", "integrations.view_promotion"),
        ],
    ),
    (
        _("告警"),
        [
            (_("告警"), "notifications_active", "alerts_alert_changelist", "alerts.view_alert"),
            (_("告警规则"), "rule", "alerts_rule_changelist", "alerts.view_rule"),
            (_("通知渠道"), "forum", "alerts_channel_changelist", "alerts.view_channel"),
        ],
    ),
    (
        _("货品"),
        [
            (_("货品"), "inventory_2", "orders_goods_changelist", "orders.view_goods"),
            (_("商品对应"), "join", "orders_skumap_changelist", "orders.view_skumap"),
            (_("赠品规则"), "redeem", "orders_giftrule_changelist", "orders.view_giftrule"),
        ],
    ),
    (
        _("公司与权限"),
        [
            (_("操作权限"), "policy", "orders_transitionpolicy_changelist", "orders.view_transitionpolicy"),
            (_("公司"), "domain", "orders_company_changelist", "orders.view_company"),
            (_("店铺"), "storefront", "orders_shop_changelist", "orders.view_shop"),
            (_("仓库"), "warehouse", "orders_warehouse_changelist", "orders.view_warehouse"),
            (_("任职"), "badge", "orders_membership_changelist", "orders.view_membership"),
            (_("人员"), "group", "auth_user_changelist", "auth.view_user"),
            (_("仓库系统工号"), "id_card", "orders_warehouseoperator_changelist", "orders.view_warehouseoperator"),
            (_("API 密钥"), "key", "orders_apikey_changelist", "orders.view_apikey"),
            (_("设备"), "devices", "orders_device_changelist", "orders.view_device"),
        ],
    ),
    (
        _("留痕"),
        [
            (_("事件"), "history", "orders_event_changelist", "orders.view_event"),
            (_("存证锚点"), "anchor", "orders_anchor_changelist", "orders.view_anchor"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups without anything to open are left out; the review queue carries how much waits there."""
    groups = []
    for title, pages in GROUPS:
        items = [_item(request, *page) for page in pages if not page[3] or request.user.has_perm(page[3])]
        if items:
            groups.append({"title": title, "separator": title is not None, "items": items})
    return groups


def _item(request: HttpRequest, title: Any, icon: str, page: str, right: str) -> dict[str, Any]:
    link = reverse(f"admin:{page}")
    item: dict[str, Any] = {"title": title, "icon": icon, "link": link, "active": _is_here(link)}
    if page == "review" and (waiting := review.how_many_open(request.user)):
        item["badge"] = str(waiting)
    return item


def _is_here(link: str) -> Callable[[HttpRequest], bool]:
    home = reverse("admin:index")
    return lambda request: request.path == link if link == home else request.path.startswith(link)
