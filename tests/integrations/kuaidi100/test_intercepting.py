"""Interception through 快递100: what is asked, when it is refused, and that the track tells what became of it."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses

from integrations.adapter import Access, InterceptWish
from integrations.carriers.kuaidi100 import adapter, signing
from integrations.carriers.kuaidi100.emulator import DEFAULTS
from integrations.errors import AlreadyDone, Permanent, Temporary, Unauthorised
from orders.vocabulary import AddressSnapshot
from tests.integrations.kuaidi100.street import BASE, HOOK, SALT, WAYBILL, Street, access, reason, wish

ORDER = BASE + "/label/order"
SETTINGS = {"intercepts": "是", "order_url": ORDER}
PARTNERS = {"yto": {"partnerId": "K1", "partnerKey": "k"}, "sf": {"partnerId": "755"}}
MOVED = AddressSnapshot(
    name="王小明", phone="19900001111", province="江苏省", city="南京市", district="玄武区", address="中山路 2 号"
)


def opened(given: Access, **secrets: Any) -> Access:
    found = dict(given.secrets) | {"secret": DEFAULTS["secret"], "partners": PARTNERS} | secrets
    return Access(
        connection_id=given.connection_id,
        base_url=given.base_url,
        settings={**SETTINGS, **given.settings},
        secrets=found,
        now=given.now,
        hook_url=given.hook_url,
    )


def stop(**changes: Any) -> InterceptWish:
    values: dict[str, Any] = {
        "carrier": "yto",
        "waybill": WAYBILL,
        "kind": "stop",
        "reason": "买家退款",
        "order": "T1",
    }
    return InterceptWish(**values | changes)


def on_the_way(street: Street, carrier: str = "yto", waybill: str = WAYBILL) -> None:
    street.subscribe(wish(carrier, waybill))
    street.emulator.control("pick_up", {"waybill": waybill})
    street.live(8)


def ask(street: Street, wanted: InterceptWish, **changes: Any) -> dict[str, Any]:
    return dict(adapter.intercept(opened(street.access(**changes)), wanted))


def asked(street: Street) -> tuple[dict[str, str], dict[str, Any]]:
    bodies = [str(call.request.body) for call in street.mock.calls if call.request.url == ORDER]
    form = {name: values[0] for name, values in parse_qs(bodies[-1]).items()}
    return form, json.loads(form["param"])


def test_a_connection_intercepts_only_where_the_seller_says_so() -> None:
    assert not adapter.can("intercept", {})
    assert adapter.can("intercept", {"intercepts": "是"})


def test_a_stop_is_signed_and_says_what_the_protocol_wants(street: Street) -> None:
    on_the_way(street)
    assert ask(street, stop()) == {"accepted": True, "kind": "RETURN_SEND_ADDR"}
    form, param = asked(street)
    assert form["method"] == "interceptOrder"
    assert form["sign"] == signing.sign(form["param"], form["t"], DEFAULTS["key"], DEFAULTS["secret"])
    assert param == {
        "orderId": "T1",
        "kuaidicom": "yuantong",
        "kuaidinum": WAYBILL,
        "reason": "买家退款",
        "interceptType": "RETURN_SEND_ADDR",
        "orderRole": "1",
        "interceptPayType": "MONTHLY",
        "partnerId": "K1",
        "partnerKey": "k",
        "callbackUrl": HOOK,
        "salt": SALT,
    }


def test_the_outcome_of_a_stop_is_told_by_the_track(street: Street) -> None:
    on_the_way(street)
    ask(street, stop())
    street.live(60)
    assert street.tower.stages()[-3:] == ["returning", "in_transit", "returned"]
    assert street.journal("intercepted")[0]["outcome"] == "returning"


def test_a_redirected_parcel_is_signed_for_elsewhere(street: Street) -> None:
    on_the_way(street)
    assert ask(street, stop(kind="redirect", receiver=MOVED))["kind"] == "MODIFY_ADDR"
    _, param = asked(street)
    assert param["recManInfo"] == {
        "name": "王小明",
        "mobile": "19900001111",
        "printAddr": "江苏省南京市玄武区中山路 2 号",
    }
    street.live(60)
    assert street.tower.stages()[-1] == "signed"
    assert any("转寄新地址" in said.snapshot.text for said in street.tower.said().values())  # type: ignore[union-attr]


def test_an_accepted_wish_may_come_too_late(street: Street) -> None:
    street.emulator.control("connect", {"intercept_fails": 1})
    on_the_way(street)
    assert ask(street, stop())["accepted"]
    street.live(60)
    assert street.tower.stages()[-1] == "signed"


def test_a_verdict_that_is_called_back_is_shown_and_moves_nothing(street: Street) -> None:
    on_the_way(street)
    before = street.tower.stages()
    ask(street, stop())
    street.live(1)
    [notice] = [message for message in street.tower.kept if message.kind == "notice"]
    assert reason(notice) == f"快递100 回复了 {WAYBILL} 的拦截：拦截成功。以物流轨迹为准"
    assert street.tower.stages() == before


def test_a_second_wish_for_the_same_parcel_counts_as_done(street: Street) -> None:
    on_the_way(street)
    street.emulator.control("faults", {"lose_answer": 1})
    with pytest.raises(Temporary):
        ask(street, stop())
    street.emulator.control("faults", {})
    with pytest.raises(AlreadyDone):
        ask(street, stop())
    assert len(street.journal("intercepted")) == 1


def test_what_was_not_picked_up_or_is_signed_for_is_refused(street: Street) -> None:
    street.subscribe()
    street.emulator.control("ship", {"waybill": WAYBILL})
    with pytest.raises(Permanent, match="不在运输途中"):
        ask(street, stop())
    street.live(60)
    with pytest.raises(Permanent, match="不在运输途中"):
        ask(street, stop())
    with pytest.raises(Permanent, match="不存在"):
        ask(street, stop(waybill="YT0000000000009"))


@pytest.mark.parametrize(
    ("wanted", "settings", "secrets", "why"),
    [
        (stop(carrier="zjs"), {}, {}, "没有快递100 编码"),
        (stop(carrier="zto"), {}, {}, "客户编号"),
        (stop(), {}, {"partners": "{"}, "不是 JSON"),
        (stop(), {}, {"partners": "[]"}, "客户编号"),
        (stop(), {}, {"secret": ""}, "secret"),
        (stop(), {"stop_means": "BURN"}, {}, "stop_means"),
        (stop(kind="burn"), {}, {}, "没有这种拦截"),
        (stop(waybill="x"), {}, {}, "不是快递100"),
        (stop(kind="redirect"), {}, {}, "没有新的收件人"),
        (stop(kind="redirect", receiver=AddressSnapshot(name="王**", phone="1", address="x")), {}, {}, "脱敏"),
        (stop(kind="redirect", receiver=AddressSnapshot(name="王小明")), {}, {}, "不完整"),
    ],
)
def test_what_cannot_work_is_not_sent(
    wanted: InterceptWish, settings: dict[str, Any], secrets: dict[str, Any], why: str
) -> None:
    with pytest.raises(Permanent, match=why):
        adapter.intercept(opened(access(**settings), **secrets), wanted)


def test_partners_may_be_json_text(street: Street) -> None:
    on_the_way(street, "sf", "SF7444407670710")
    given = opened(street.access(), partners=json.dumps(PARTNERS))
    assert adapter.intercept(given, stop(carrier="sf", waybill="SF7444407670710"))["accepted"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"success": False, "code": 500, "message": "忙"}, Temporary),
        ({"result": False, "returnCode": "503", "message": "验证签名失败"}, Unauthorised),
        ({"success": False, "code": 600}, Unauthorised),
        ({"success": False, "code": 601}, Unauthorised),
        ({"success": False, "code": 30001, "message": "其他"}, Permanent),
        ({"success": True, "code": 30001}, Permanent),
        ({"success": "true", "code": 200}, Permanent),
        ({}, Permanent),
        ({"success": False, "code": 1, "message": "该单已拦截"}, AlreadyDone),
    ],
)
def test_each_no_is_the_right_kind(answer: dict[str, Any], kind: type[Exception]) -> None:
    with responses.RequestsMock() as mock:
        mock.post(ORDER, json=answer)
        with pytest.raises(kind) as error:
            adapter.intercept(opened(access()), stop())
    assert type(error.value) is kind


def test_a_wrong_secret_is_a_matter_for_a_person(street: Street) -> None:
    on_the_way(street)
    with pytest.raises(Unauthorised, match="secret"):
        adapter.intercept(opened(street.access(), secret="wrong"), stop())
