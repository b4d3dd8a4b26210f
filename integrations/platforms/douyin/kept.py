"""What is kept of Douyin's rows. The rest (pictures, discounts, identity papers, coordinates) is not needed here, and
nothing that is kept can be decrypted. Pure.
"""

from typing import Any

from integrations.platforms.douyin.receivers import without_ciphers

ORDER = frozenset(
    {
        "order_id",
        "shop_id",
        "order_status",
        "order_status_desc",
        "main_status",
        "main_status_desc",
        "order_type",
        "trade_type",
        "biz",
        "b_type",
        "create_time",
        "pay_time",
        "update_time",
        "finish_time",
        "exp_ship_time",
        "ship_time",
        "appointment_ship_time",
        "order_expire_time",
        "cancel_reason",
        "buyer_words",
        "seller_words",
        "seller_remark_stars",
        "pay_type",
        "order_amount",
        "pay_amount",
        "post_amount",
        "promotion_amount",
        "modify_amount",
        "doudian_open_id",
        "open_address_id",
        "encrypt_post_receiver",
        "encrypt_post_tel",
        "post_receiver",
        "post_tel",
        "post_addr",
        "mask_post_receiver",
        "mask_post_tel",
        "mask_post_addr",
        "logistics_info",
        "order_phase_list",
        "shop_order_tag_ui",
        "address_tag_ui",
        "promise_info",
        "sku_order_list",
    }
)
LINE = frozenset(
    {
        "order_id",
        "parent_order_id",
        "order_status",
        "main_status",
        "product_id",
        "product_id_str",
        "sku_id",
        "code",
        "out_sku_id",
        "out_product_id",
        "item_num",
        "origin_amount",
        "sum_amount",
        "pay_amount",
        "product_name",
        "spec",
        "after_sale_info",
        "given_product_type",
        "master_sku_order_id_list",
        "bundle_sku_info",
        "inventory_list",
        "sku_yun_warehouse_info",
        "need_serial_number",
        "exp_ship_time",
        "ship_time",
        "appointment_ship_time",
        "pre_sale_type",
        "trade_type",
        "receive_type",
        "author_id",
        "author_name",
        "room_id",
        "room_id_str",
        "video_id",
        "c_biz",
        "c_biz_desc",
        "campaign_info",
        "sku_order_tag_ui",
        "supplier_id",
    }
)
AFTER_SALE = frozenset(
    {
        "aftersale_id",
        "aftersale_type",
        "aftersale_status",
        "related_id",
        "apply_time",
        "update_time",
        "status_deadline",
        "refund_amount",
        "refund_post_amount",
        "refund_status",
        "refund_type",
        "reason_code",
        "part_type",
        "aftersale_num",
    }
)
AFTER_SALE_LINE = frozenset({"sku_order_id", "aftersale_item_num", "item_num", "product_id", "shop_sku_code"})

Row = dict[str, Any]


def order(row: Row) -> Row:
    """An order as it is kept, whatever else its row holds."""
    found = _only(row, ORDER)
    lines = row.get("sku_order_list")
    if isinstance(lines, list):
        found["sku_order_list"] = [_only(line, LINE) if isinstance(line, dict) else line for line in lines]
    whole: Row = without_ciphers(found)
    return whole


def after_sale(item: Row) -> Row:
    """An item of the list of after-sales."""
    sale, sold = (
        found if isinstance(found := item.get(name), dict) else {} for name in ("aftersale_info", "order_info")
    )
    lines = sold.get("related_order_info")
    lines = (
        [_only(line, AFTER_SALE_LINE) for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    )
    return {
        "aftersale_info": _only(sale, AFTER_SALE),
        "order_info": {"shop_order_id": sold.get("shop_order_id"), "related_order_info": lines},
    }


def _only(row: Row, names: frozenset[str]) -> Row:
    return {name: value for name, value in row.items() if name in names}
