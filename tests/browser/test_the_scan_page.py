"""The warehouse's page in a browser: every scan is heard once and sent once, and what must stop stops."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from orders.lifecycle import Role
from tests.browser.desk import Size
from tests.browser.gun import (
    ATTENTION,
    SAME,
    SIZES,
    STOP,
    UNKNOWN,
    WRONG,
    Answer,
    Gun,
    Hall,
    Said,
    parcel,
    passes,
)
from tests.orders.factories import PASSWORD

pytestmark = pytest.mark.browser


# Three ways in ------------------------------------------------------------------------------------------------------
def test_keys_injected_text_and_paste_mean_the_same_wherever_the_focus_is(gun: Gun) -> None:
    gun.answered_by(passes)
    gun.scans("YT0000000000001")
    gun.scans("YT0000000000002", end="Tab")
    gun.scans("YT0000000000003", end="")
    gun.page.wait_for_timeout(300)
    gun.waits_for(0)
    expect(gun.page.locator("#last-code")).to_have_text("P2026111100000001")
    gun.page.locator("#open-menu").focus()
    gun.scans("YT0000000000004")
    gun.page.mouse.click(180, 300)
    gun.injects("YT0000000000005\r\n")
    gun.injects("YT0000000000006")
    gun.page.wait_for_timeout(300)
    gun.injects("\uff39\uff34\uff10\uff10\uff10\uff10\uff17")
    gun.page.wait_for_timeout(300)
    gun.pastes("YT0000000000008\tYT0000000000009\n")
    gun.scans_with_input_method("YT0000000000010")
    gun.page.locator("#open-manual").click()
    gun.page.locator("#manual-code").fill("yt-11")
    gun.page.keyboard.press("Enter")
    wanted = [f"YT000000000000{n}" for n in range(1, 7)]
    wanted += ["YT00007", "YT0000000000008", "YT0000000000009", "yt0000000000010", "yt-11"]
    gun.waits_for(0)
    assert [code if code in wanted else code.lower() for code in gun.codes()] == wanted
    assert len({scan["nonce"] for scan in gun.sent}) == len(wanted)
    assert {(scan["act"], scan["station"], scan["parcel"]) for scan in gun.sent} == {("look", "A3", None)}
    assert gun.troubles == []


def test_no_scan_is_lost_between_touches_and_none_twice(gun: Gun) -> None:
    gun.answered_by(passes)
    places = itertools.cycle([(180, 280), (60, 30), (340, 100), (180, 400)])
    opened = 0
    for turn in range(40):
        gun.scans(f"YT20261111{turn:04}")
        gun.page.mouse.click(*next(places))
        opened += gun.page.locator("#menu[open]").count()
    # Also out of the menu, which a touch had opened.
    gun.waits_for(0)
    assert opened
    assert gun.codes() == [f"YT20261111{turn:04}" for turn in range(40)]


def test_twenty_scans_in_a_moment_are_all_sent_in_order(gun: Gun) -> None:
    gun.answered_by(passes)
    codes = [f"SF20261111{turn:04}" for turn in range(20)]
    gun.scans_at_once(*codes)
    gun.waits_for(0)
    assert gun.codes() == codes


def test_a_double_shot_is_one_scan_and_a_later_one_is_another(gun: Gun) -> None:
    gun.answered_by(passes)
    gun.scans_at_once("YT0000000000001", "yt0000000000001")
    gun.waits_for(0)
    gun.page.wait_for_timeout(1600)
    gun.scans("YT0000000000001")
    gun.waits_for(0)
    assert gun.codes() == ["YT0000000000001", "YT0000000000001"]


def test_what_was_typed_long_before_is_not_glued_to_a_scan(gun: Gun) -> None:
    gun.answered_by(passes)
    gun.scans("77", end="")
    gun.page.wait_for_timeout(400)
    gun.scans("YT0000000000001")
    # A person's Enter, or a few letters by hand, are no scan.
    gun.page.keyboard.press("Enter")
    gun.page.wait_for_timeout(300)
    gun.waits_for(0)
    assert gun.codes() == ["YT0000000000001"]


def test_no_soft_keyboard_and_no_request_for_a_tap(gun: Gun) -> None:
    expect(gun.page.locator("#sink")).to_be_focused()
    assert gun.page.locator("#sink").get_attribute("inputmode") == "none"
    gun.takes_up("check")
    expect(gun.page.locator("#sink")).to_be_focused()


# Verdicts -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size['width']}x{size['height']}")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_verdict_fills_the_screen_with_a_sign_and_a_large_word(
    hall: Hall, size: Size, scheme: Any, tmp_path: Path
) -> None:
    gun = hall(Role.WAREHOUSE_LEAD, Role.PICKER, Role.SHIPPER, size=size, color_scheme=scheme)
    verdicts: list[Said] = [{}, ATTENTION, SAME, WRONG, UNKNOWN, STOP]
    for turn, answer in enumerate(verdicts):
        gun.answered_by(always(answer))
        gun.scans(f"YT000000000{turn}")
        stops = answer.get("verdict") in ("wrong", "stop")
        shown = gun.stop_screen if stops else gun.flash
        expect(shown.locator(".verdict-word")).to_have_text(answer.get("word", "通过"))
        expect(shown.locator(".verdict-icon .icon")).to_be_visible()
        assert fills(gun, "#stop" if stops else "#verdict")
        assert shown.locator("h1").evaluate("word => parseFloat(getComputedStyle(word).fontSize)") >= 48
        assert gun.pushed_sideways() == []
        assert too_small(gun) == []
        gun.photographs(tmp_path / f"{turn}.png")
        if stops:
            assert "。" not in str(answer["help"])
            gun.sees(str(answer["reason"]), str(answer["help"]))
            gun.handles_it()
        else:
            gun.flash.click()
    assert gun.troubles == []


def always(answer: Said) -> Answer:
    return lambda _scan: answer


def fills(gun: Gun, selector: str) -> bool:
    box, size = gun.page.locator(selector).bounding_box(), gun.page.viewport_size
    return bool(box and size and (box["width"], box["height"]) == (size["width"], size["height"]))


def too_small(gun: Gun) -> list[str]:
    """Buttons that a glove does not hit: under 56 px, or cut off by the edge of the screen."""
    found: list[str] = gun.page.evaluate(
        """() => [...document.querySelectorAll("button")]
            .map(each => [each.textContent.trim(), each.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 55.9 || box.height < 55.9
                || box.left < -.5 || box.right > innerWidth + .5 || box.bottom > innerHeight + .5))
            .map(([name, box]) => `${name}: ${box.width} × ${box.height} at ${box.left}, ${box.top}`)"""
    )
    return found


def test_the_first_sign_comes_before_the_answer(gun: Gun) -> None:
    gun.answered_by(passes)
    word = gun.page.evaluate(
        """() => {
            const begun = performance.now();
            for (const key of [..."YT0000000000001", "Enter"])
                window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            return [document.querySelector("#last-word").textContent, performance.now() - begun];
        }"""
    )
    assert word[0] == "已扫，等待"
    assert word[1] < 100


def test_each_verdict_has_its_own_sound_and_a_silent_page_says_so(gun: Gun) -> None:
    played = []
    answers: dict[str, Said] = {"pass": {}, "attention": ATTENTION, "same": SAME, "wrong": WRONG, "stop": STOP}
    for turn, answer in enumerate(answers.values()):
        gun.answered_by(always(answer))
        gun.scans(f"YT000000000{turn}")
        gun.waits_for(0)
        played.append(gun.page.locator("html").get_attribute("data-played"))
        if gun.stop_screen.count():
            gun.handles_it()
    assert played == list(answers)
    expect(gun.page.locator("#banner-blocked")).to_have_count(0)
    gun.page.locator("#open-menu").click()
    gun.page.locator("#mute").click()
    gun.page.keyboard.press("Escape")
    gun.sees("声音已关")
    gun.page.reload()
    gun.sees("声音已关")
    gun.page.get_by_role("button", name="打开声音").click()
    expect(gun.page.locator("#banner-muted")).to_have_count(0)


def test_a_stop_screen_takes_no_scan_and_no_key_until_a_person_has_handled_it(gun: Gun) -> None:
    gun.answered_by(lambda _scan: STOP)
    gun.scans("YT0000000000001")
    expect(gun.stop_screen).to_be_visible()
    gun.answered_by(passes)
    for turn in range(50):
        gun.scans(f"YT999999{turn:04}")
    gun.sees("这期间扫的 50 次没有算")
    # Whatever a scanner or the back key sends, also with the button in focus.
    gun.stop_screen.get_by_role("button").focus()
    for key in ("Enter", "Space", "Escape", "Escape", "Tab", "Enter"):
        gun.page.keyboard.press(key)
    gun.page.evaluate("document.querySelector('#stop').close()")
    expect(gun.stop_screen).to_be_visible()
    assert gun.codes() == ["YT0000000000001"]
    gun.handles_it()
    gun.scans("YT0000000000002")
    gun.waits_for(0)
    assert gun.codes() == ["YT0000000000001", "YT0000000000002"]


def test_a_held_key_handles_the_stop_screen_for_who_cannot_touch(gun: Gun) -> None:
    gun.answered_by(lambda _scan: STOP)
    gun.scans("YT0000000000001")
    expect(gun.stop_screen).to_be_visible()
    gun.page.keyboard.down("Enter")
    for _repeat in range(60):
        gun.page.keyboard.down("Enter")
        gun.page.wait_for_timeout(25)
        if not gun.stop_screen.count():
            break
    gun.page.keyboard.up("Enter")
    expect(gun.stop_screen).to_have_count(0)


def test_scans_made_before_the_stop_wait_behind_it_and_are_not_lost(gun: Gun) -> None:
    gun.answered_by(lambda scan: STOP if scan["code"].endswith("1") else {"parcel": parcel()})
    gun.scans_at_once("YT0000000000001", "YT0000000000002", "YT0000000000003")
    expect(gun.stop_screen).to_be_visible()
    gun.sees("前面还有 2 次等待上传")
    assert gun.codes() == ["YT0000000000001"]
    gun.handles_it()
    gun.waits_for(0)
    assert gun.codes() == ["YT0000000000001", "YT0000000000002", "YT0000000000003"]


# A bad network ------------------------------------------------------------------------------------------------------
def test_a_scan_is_sent_again_with_the_same_nonce_until_it_is_answered(gun: Gun) -> None:
    down = iter([None, 503, None])
    gun.answered_by(lambda scan: next(down, passes(scan)))
    gun.scans("YT0000000000001")
    gun.scans("YT0000000000002")
    gun.sees("网络不通", "待上传 2")
    expect(gun.page.locator("#waiting")).to_have_class("waiting is-some is-failing")
    gun.waits_for(0)
    expect(gun.page.locator("#banner-offline")).to_have_count(0)
    assert gun.codes() == ["YT0000000000001"] * 4 + ["YT0000000000002"]
    first = gun.sent[:4]
    assert all(again == first[0] for again in first)


def test_the_answer_of_a_stranger_is_no_answer(gun: Gun) -> None:
    """A guest network's own page says 200 to everything."""
    gun.answered_by(lambda scan: {"nonce": "another"} if len(gun.sent) == 1 else passes(scan))
    gun.scans("YT0000000000001")
    gun.waits_for(0)
    assert gun.codes() == ["YT0000000000001", "YT0000000000001"]


def test_who_is_signed_out_signs_in_again_and_no_scan_is_lost(gun: Gun) -> None:
    gun.page.route("**/api/v1/scans/", lambda route: route.fulfill(status=401, json={"detail": "x"}))
    Session.objects.all().delete()
    gun.scans("YT0000000000001")
    again = gun.page.locator("#sign-in-again[open]")
    expect(again).to_be_visible()
    # A scan into the password is neither a password nor a wrong try.
    gun.page.evaluate(
        """() => {
            const field = document.querySelector("#again-password");
            field.value = "YT0000000000009";
            for (const key of [..."YT0000000000009", "Enter"])
                field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        }"""
    )
    gun.sees("请用手输入密码")
    gun.page.locator("#again-password").fill("不对的密码")
    again.get_by_role("button", name="登录，继续上传").click()
    gun.sees("用户名或密码不对")
    gun.answered_by(passes)
    gun.page.locator("#again-password").fill(PASSWORD)
    again.get_by_role("button", name="登录，继续上传").click()
    gun.waits_for(0)
    expect(again).to_have_count(0)
    assert gun.codes() == ["YT0000000000001"]
    # The page's own forms know the new token.
    gun.page.locator("#open-menu").click()
    gun.sends("退出登录")
    expect(gun.page).to_have_url(f"{gun.page.url.partition('/scan')[0]}/scan/sign-in/")


def test_a_scan_that_the_tower_does_not_accept_stops_and_is_not_repeated(gun: Gun) -> None:
    gun.answered_by(lambda _scan: 400)
    gun.scans("YT0000000000001")
    expect(gun.stop_screen).to_contain_text("系统没有接受这次扫描")
    gun.handles_it()
    gun.waits_for(0)
    assert gun.codes() == ["YT0000000000001"]
