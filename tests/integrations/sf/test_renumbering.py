"""The other number of a parcel that is sent back or elsewhere, read from a courier's sentence."""

import pytest

from integrations.carriers.sf.renumbering import other_number

OLD, NEW = "SF7444407670710", "SF7000000000001"


@pytest.mark.parametrize(
    ("waybill", "code", "remark", "found"),
    [
        (OLD, "648", f"快件已退回，新单号为：{NEW}", (NEW, "")),
        (OLD, "648", f"已转寄，新运单号 {NEW.lower()}", (NEW, "")),
        (OLD, "648", f"已退回 {NEW}", (NEW, "")),
        (OLD, "99", f"应客户要求，快件正在退回，新单号：{NEW}", (NEW, "")),
        (OLD, "648", f"原单号：{OLD}，新单号：{NEW}", (NEW, "")),
        (NEW, "631", f"新单退回，原单号：{OLD}", ("", OLD)),
        (NEW, "631", "新单退回，原单号：444407670710", ("", "444407670710")),
        # What names no number, or is not about numbers, or leaves a choice.
        (OLD, "648", "快件已退回", ("", "")),
        (OLD, "648", f"快件已退回，单号 {OLD}", ("", "")),
        (OLD, "44", f"新单号为：{NEW}", ("", "")),
        (OLD, "99", f"快件正在退回 {NEW}", ("", "")),
        (OLD, "648", f"新单号 {NEW} 或 SF7000000000002", ("", "")),
        (OLD, "648", "请致电 19900001234 查询", ("", "")),
    ],
)
def test_what_a_route_says_of_the_other_number(waybill: str, code: str, remark: str, found: tuple[str, str]) -> None:
    assert other_number(waybill, code, remark) == found
