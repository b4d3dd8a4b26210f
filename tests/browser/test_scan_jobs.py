"""Whose page it is, and the jobs on it: what is offered, what a scan means in each, what a person must decide."""

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from orders.lifecycle import Role
from tests.browser.gun import ATTENTION, SAME, STOP, WRONG, Gun, Hall, Said, Scan, line, parcel, passes

pytestmark = pytest.mark.browser


# Signing in and out -------------------------------------------------------------------------------------------------
def test_the_station_is_asked_once_and_forgotten_at_sign_out_with_everything_else(hall: Hall) -> None:
    gun = hall(Role.PICKER, station="")
    gun.page.locator("#station-code").fill("YT1234567890123")
    gun.page.locator("#station-form button").click()
    expect(gun.page.locator("#station[open]")).to_be_visible()
    gun.page.locator("#station-code").fill("B7")
    gun.page.locator("#station-form button").click()
    expect(gun.page.locator("#station-name")).to_have_text("B7")
    gun.page.reload()
    expect(gun.page.locator("#station-name")).to_have_text("B7")
    expect(gun.page.locator("#station[open]")).to_have_count(0)
    kept = gun.page.evaluate("Object.keys(localStorage)")
    assert set(kept) <= {"tower.scan.station", "tower.scan.printer", "tower.scan.device", "tower.scan.job"}
    gun.page.locator("#open-menu").click()
    gun.sends("退出登录")
    assert gun.page.evaluate("localStorage.length") == 0


def test_the_switch_turns_the_page_english(gun: Gun) -> None:
    gun.page.locator("#open-menu").click()
    gun.sends("English")
    expect(gun.page.locator("html")).to_have_attribute("lang", "en")
    asked: list[str] = []
    gun.answered_by(passes)
    gun.page.on("request", lambda request: asked.append(f"{request.headers.get('accept-language')} {request.url}"))
    gun.scans("YT0000000000001")
    gun.waits_for(0)
    assert [each for each in asked if "/api/" in each] == [f"en {gun.page.url.partition('/scan')[0]}/api/v1/scans/"]


def test_a_person_sees_only_their_jobs(hall: Hall) -> None:
    gun = hall(Role.PICKER)
    expect(gun.page.locator("#jobs button")).to_have_text(["查件", "验货", "打面单"])


# Jobs ---------------------------------------------------------------------------------------------------------------
def test_a_parcel_is_checked_piece_by_piece_and_offered_for_packing(gun: Gun) -> None:
    lines = [line(1, "山茶花面霜", 2, 0), line(2, "旅行装洁面", 1, 0)]

    def answers(scan: Scan) -> Said:
        if scan["act"] == "check":
            wanted = next((each for each in lines if scan["code"] in each["barcodes"]), None)
            if wanted is None:
                return WRONG
            wanted["checked"] += 1
        complete = all(each["checked"] == each["quantity"] for each in lines)
        allowed = ["check", *(["pack"] if complete else [])]
        state = {"state": "packed", "state_word": "已打包"} if scan["act"] == "pack" else {}
        return {"parcel": parcel(lines=lines, complete=complete, **state), "allowed": allowed}

    gun.answered_by(answers)
    gun.takes_up("check")
    gun.scans("P2026111100000001")
    expect(gun.page.locator(".next-name")).to_have_text("山茶花面霜")
    expect(gun.page.locator(".next-count")).to_contain_text("应装 2，已验 0")
    gun.scans("6901234567801")
    expect(gun.page.locator(".next-count")).to_contain_text("应装 2，已验 1")
    gun.scans("6901234567899")
    gun.handles_it()
    gun.page.wait_for_timeout(1500)
    gun.scans("6901234567801")
    gun.scans("6901234567802")
    expect(gun.page.locator(".all-done")).to_have_text("全部验完")
    gun.page.locator("#verdict").evaluate("each => each.click()")
    gun.page.locator("#acts").get_by_role("button", name="确认打包").click()
    expect(gun.page.locator(".prompt-word")).to_have_text("扫包裹，开始验货")
    assert [(scan["act"], scan["parcel"]) for scan in gun.sent] == [
        ("look", None), *[("check", 7)] * 4, ("pack", 7)
    ]  # fmt: skip


def test_a_batch_is_collected_and_confirmed_in_one_act(gun: Gun) -> None:
    def answers(scan: Scan) -> Said:
        if scan["act"] == "pack":
            left = [{"parcel": 3, "number": "P3000003", "reason": "订单已锁单"}]
            packed = [{"parcel": 1, "number": "P1000001"}, {"parcel": 2, "number": "P2000002"}]
            return {**ATTENTION, "reason": "1 件没有打包", "wave": {"packed": packed, "left_out": left}}
        if scan["code"] == "P4000004":
            return STOP
        return {"parcel": parcel(id=int(scan["code"][1]), number=scan["code"])}

    gun.answered_by(answers)
    gun.takes_up("pack")
    gun.page.get_by_role("button", name="收集一批").click()
    for code in ("P1000001", "P2000002", "P3000003"):
        gun.scans(code)
    gun.scans("P4000004")
    gun.handles_it()
    gun.page.wait_for_timeout(1500)
    gun.scans("P1000001")
    gun.waits_for(0)
    expect(gun.page.locator(".rows .row")).to_have_count(3)
    gun.page.locator("#verdict").evaluate("each => each.click()")
    gun.page.get_by_role("button", name="确认打包 3 件").click()
    # The scanner's Enter does not confirm.
    gun.page.keyboard.press("Enter")
    gun.scans("P5000005")
    gun.sees("请先回答，再继续扫")
    gun.page.locator("#question").get_by_role("button", name="确认打包 3 件").click()
    gun.waits_for(0)
    expect(gun.page.locator(".wave-left")).to_have_text("没打包 1 件")
    expect(gun.page.locator(".card .row")).to_contain_text(["P3000003"])
    [act] = [scan for scan in gun.sent if scan["act"] == "pack"]
    assert sorted(act["codes"]) == ["P1000001", "P2000002", "P3000003"]


@pytest.mark.parametrize(
    ("pressed", "outcome", "word"),
    [("已打印", "printed", "已打印"), ("打印失败", "failed", "打印失败"), ("不清楚", "unknown", "不清楚")],
)
def test_a_person_says_what_became_of_a_print(gun: Gun, pressed: str, outcome: str, word: str) -> None:
    grant = {"id": 41, "granted": True, "waybill": "YT1234567890123", "carrier": "圆通", "copy": 1}
    gun.answered_by(lambda _scan: {"parcel": parcel(), "print": grant})
    told: list[Any] = []

    def hears(route: Route) -> None:
        told.append(route.request.post_data_json)
        route.fulfill(json={"outcome": outcome})

    gun.page.route("**/api/v1/print-requests/41/result/", hears)
    gun.takes_up("print")
    gun.scans("P2026111100000001")
    gun.page.locator("#question").get_by_role("button", name=pressed).click()
    expect(gun.flash.locator(".verdict-word")).to_have_text(word)
    assert told == [{"outcome": outcome}]
    assert [scan["act"] for scan in gun.sent] == ["print"]


def test_each_waybill_handed_over_is_counted_once(gun: Gun) -> None:
    def answers(scan: Scan) -> Said:
        if scan["code"].startswith("P"):
            return {**WRONG, "word": "不认识", "reason": "请扫面单上的运单号"}
        if scan["code"].endswith("2"):
            return SAME
        return {"parcel": parcel(state="shipped", waybill=scan["code"])}

    gun.answered_by(answers)
    gun.takes_up("ship")
    for code in ("YT0000000000001", "YT0000000000002", "YT0000000000003"):
        gun.scans(code)
    gun.waits_for(0)
    expect(gun.page.locator(".tally b")).to_have_text("2件")
    expect(gun.page.locator(".rows .row b")).to_have_text(["YT0000000000003", "YT0000000000001"])
    gun.scans("P2026111100000001")
    expect(gun.stop_screen).to_contain_text("请扫面单上的运单号")
    gun.handles_it()
    expect(gun.page.locator(".tally b")).to_have_text("2件")


def test_the_person_chooses_where_a_code_fits_several_parcels(gun: Gun) -> None:
    choices = [{"parcel": 1, "label": "包裹 1：面霜"}, {"parcel": 2, "label": "包裹 2：洁面"}]
    gun.answered_by(lambda scan: {"parcel": parcel(id=2)} if scan["parcel"] else {**ATTENTION, "choices": choices})
    gun.scans("20261111000000000101")
    gun.page.get_by_role("button", name="包裹 2：洁面").click()
    gun.waits_for(0)
    expect(gun.flash).to_be_visible()
    assert [scan["parcel"] for scan in gun.sent] == [None, 2]
    assert gun.sent[0]["nonce"] != gun.sent[1]["nonce"]
