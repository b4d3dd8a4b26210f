"""截单转寄: what is asked, when it is refused, and that the routes alone tell what became of it."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.adapter import InterceptWish
from integrations.carriers.sf import adapter
from integrations.errors import AlreadyDone, Permanent, Temporary
from tests.integrations.sf.street import RECEIVER, Street, access, stages, stop

WANTED = "EXP_RECE_WANTED_INTERCEPT"


def on_the_way(street: Street, seconds: float = 8, **changes: Any) -> str:
    number = street.order(**changes)
    street.emulator.control("ship", {"waybill": number})
    street.live(seconds)
    return number


def ask(street: Street, wish: InterceptWish, **settings: Any) -> dict[str, Any]:
    return dict(adapter.intercept(street.access(**settings), wish))


def redirect(number: str, **changes: Any) -> InterceptWish:
    receiver = replace(RECEIVER, city="南京市", province="江苏省", district="玄武区", address="中山路 2 号")
    return stop(number, kind="redirect", receiver=receiver, **changes)


def test_a_stop_is_accepted_and_its_verdict_comes_with_the_routes(street: Street) -> None:
    number = on_the_way(street)
    assert ask(street, stop(number)) == {"accepted": True, "service": "退回"}
    [asked] = street.asked(WANTED)
    place = {"province": "浙江省", "city": "杭州市", "county": "余杭区", "address": "仓库路 1 号"}
    assert asked == {
        "waybillNo": number,
        "serviceCode": "2",
        "role": "1",
        "payMode": "4",
        "monthlyCardNo": "7551234567",
        "newDestAddress": {**place, "contact": "发货组", "phone": "19900000000"},
    }
    street.live(40)
    assert stages(street.tower.said(number))[-2:] == ["returning", "returning"]
    assert stages(street.query(number))[-2:] == ["returning", "returning"]
    [back] = {said.subject for said in street.tower.said()} - {number}
    assert stages(street.tower.said(back)) == ["returning", "in_transit", "returned"]


def test_a_redirected_parcel_arrives_elsewhere(street: Street) -> None:
    number = on_the_way(street)
    assert ask(street, redirect(number))["service"] == "转寄"
    assert street.asked(WANTED)[0]["newDestAddress"]["city"] == "南京市"
    street.live(40)
    way = street.tower.said(number)
    assert stages(way)[-3:] == ["in_transit", "out_for_delivery", "signed"]
    assert any("南京市" in said.snapshot.text for said in way)  # type: ignore[union-attr]


def test_an_accepted_wish_may_still_come_too_late(street: Street) -> None:
    street.emulator.control("connect", {"intercept_fails": 1})
    number = on_the_way(street)
    assert ask(street, stop(number))["accepted"]
    street.live(60)
    assert stages(street.tower.said(number))[-1] == "signed"
    assert street.journal("intercepted")[0]["outcome"] == "too_late"


def test_a_second_wish_for_the_same_parcel_counts_as_done(street: Street) -> None:
    number = on_the_way(street)
    street.emulator.control("faults", {"lose_answer": 1})
    with pytest.raises(Temporary):
        ask(street, stop(number))
    street.emulator.control("faults", {})
    with pytest.raises(AlreadyDone):
        ask(street, stop(number))
    assert len(street.journal("intercepted")) == 1


def test_before_the_pick_up_and_after_the_signature_it_is_refused(street: Street) -> None:
    number = street.order()
    with pytest.raises(Permanent, match="未收取"):
        ask(street, stop(number))
    street.emulator.control("ship", {"waybill": number})
    street.live(60)
    with pytest.raises(Permanent, match="已签收"):
        ask(street, stop(number))
    with pytest.raises(Permanent, match="不存在"):
        ask(street, stop("SF7999999999999"))
    assert not street.journal("intercepted")


def test_the_way_back_may_have_an_address_of_its_own(street: Street) -> None:
    number = on_the_way(street)
    place = {
        "contact": "退货组",
        "tel": "0571-88880000",
        "province": "浙江省",
        "city": "嘉兴市",
        "address": "退货路 1 号",
    }
    ask(street, stop(number), return_address=place)
    told = street.asked(WANTED)[0]["newDestAddress"]
    assert (told["contact"], told["phone"], told["city"]) == ("退货组", "0571-88880000", "嘉兴市")


def test_who_pays_is_set_by_the_seller(street: Street) -> None:
    number = on_the_way(street)
    ask(street, stop(number), intercept_pay="2", intercept_role="1", monthly_card="")
    assert street.asked(WANTED)[0]["payMode"] == "2"
    assert "monthlyCardNo" not in street.asked(WANTED)[0]


@pytest.mark.parametrize(
    ("wish", "settings", "why"),
    [
        (stop(carrier="yto"), {}, "不能请顺丰拦截"),
        (stop(kind="burn"), {}, "没有这种拦截"),
        (stop(waybill="x"), {}, "不是顺丰单号"),
        (stop(kind="redirect"), {}, "没有新的收件人"),
        (stop(kind="redirect", receiver=replace(RECEIVER, masked=True)), {}, "脱敏"),
        (stop(), {"sender": {}}, "退回地址"),
        (stop(), {"monthly_card": ""}, "月结卡号"),
    ],
)
def test_what_cannot_work_is_not_sent(wish: InterceptWish, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(Permanent, match=why):
        adapter.intercept(access(**settings), wish)
