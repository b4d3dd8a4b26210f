"""Orders through the API: reported, observed again, shown, moved, held."""

import pytest

from orders.lifecycle import CauseKind, Role
from orders.models import Event, Order
from tests.api.conftest import World, person, program


def test_a_new_order_answers_201_and_comes_out_in_the_words_it_came_in_with(world: World) -> None:
    body = world.body(buyer_note="请包好", ship_by="2026-11-13T00:00:00+08:00")
    answer = world.program.post("orders/", body)
    assert answer.status_code == 201
    out = answer.json()
    same = {name: out[name] for name in body if name not in ("receiver", "lines")}
    assert same == {name: body[name] for name in same}
    assert {name: out["lines"][0][name] for name in body["lines"][0]} == body["lines"][0]
    assert out["event"] == Event.objects.filter(order_id=out["id"]).latest("seq").pk


def test_the_receiver_is_masked(world: World) -> None:
    order = world.order()
    text = world.program.get(f"orders/{order.pk}/").content.decode()
    assert "王**" in text
    assert "***1234" in text
    assert "西湖区" in text
    for secret in ("王小明", "13800001234", "文三路"):
        assert secret not in text


def test_the_same_body_again_answers_200_and_has_no_effect(world: World) -> None:
    body = world.body()
    first = world.program.post("orders/", body)
    again = world.program.post("orders/", body)
    assert again.status_code == 200
    assert again.json()["version"] == first.json()["version"]
    assert Order.objects.count() == 1


def test_the_same_content_in_other_writing_is_the_same_fact(world: World) -> None:
    body = world.body()
    first = world.program.post("orders/", body)
    again = world.program.post("orders/", {**body, "amount": "128.5", "placed_at": "2026-11-10T16:00:05Z"})
    assert again.json()["version"] == first.json()["version"]


def test_a_changed_body_is_an_observation(world: World) -> None:
    body = world.body()
    world.program.post("orders/", body)
    answer = world.program.post("orders/", {**body, "buyer_note": "晚两天发"})
    assert answer.status_code == 200
    assert answer.json()["buyer_note"] == "晚两天发"
    assert answer.json()["version"] > 1


def test_the_newest_by_the_platforms_own_time_wins_whatever_comes_last(world: World) -> None:
    body = world.body()
    late = {**body, "buyer_note": "新", "modified_at": "2026-11-11T03:00:00+08:00"}
    early = {**body, "buyer_note": "旧", "modified_at": "2026-11-11T02:00:00+08:00"}
    world.program.post("orders/", late)
    assert world.program.post("orders/", early).json()["buyer_note"] == "新"


def test_a_cancelled_order_is_reported_as_such(world: World) -> None:
    body = world.body()
    world.program.post("orders/", body)
    answer = world.program.post("orders/", {**body, "state": "cancelled"})
    assert answer.json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": 128.5}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"placed_at": "2026-11-11T00:00:05"}, "placed_at"),
        ({"placed_at": "0001-01-01T00:00:00+08:00"}, "placed_at"),
        ({"platform_order_id": 20261111}, "platform_order_id"),
        ({"platform_order_id": "1" * 65}, "platform_order_id"),
        ({"platform_order_id": "\ud800"}, "platform_order_id"),
        ({"platform_order_id": "\x00"}, "platform_order_id"),
        ({"state": "lost"}, "state"),
        ({"state": "\ud800"}, "state"),
        ({"state": ["paid"]}, "state"),
        ({"shop": "1"}, "shop"),
        ({"shop": 2**70}, "shop"),
        ({"shop": 987654321}, "shop"),
        ({"receiver": "王小明"}, "receiver"),
        ({"receiver": {"name": "王", "id_card": "1"}}, "receiver.id_card"),
        ({"paid_at": None}, "paid_at"),
        ({"state": "pending_payment"}, "paid_at"),
        ({"held": False}, "held"),
        ({"version": 7, "company": 1}, "company"),
        ({"\ud800": 1}, "?"),
    ],
)
def test_a_wrong_body_is_422_with_the_field_and_changes_nothing(world: World, change: dict, field: str) -> None:
    answer = world.program.post("orders/", world.body(**change))
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"] == "validation"
    assert field in answer.json()["errors"]
    assert not Order.objects.exists()
    assert not Event.objects.exclude(order_id=None).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "lines[0].quantity"),
        ({"quantity": True}, "lines[0].quantity"),
        ({"quantity": "1"}, "lines[0].quantity"),
        ({"price": "1.005"}, "lines[0].price"),
        ({"colour": "red"}, "lines[0].colour"),
    ],
)
def test_a_wrong_line_is_named_by_its_place(world: World, change: dict, field: str) -> None:
    body = world.body()
    body["lines"][0].update(change)
    answer = world.program.post("orders/", body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def test_two_lines_of_one_number_are_refused(world: World) -> None:
    body = world.body()
    body["lines"] *= 2
    assert world.program.post("orders/", body).json()["errors"].keys() == {"lines"}


def test_extra_fields_of_an_act_change_nothing(world: World, state_of) -> None:
    order = world.order()
    before = state_of(order)
    for path, body in [
        (f"orders/{order.pk}/moves/", {"move": "release", "state": "shipped"}),
        (f"orders/{order.pk}/moves/", {"move": "release", "cause": {"kind": "person"}}),
        (f"orders/{order.pk}/holds/", {"note": "x", "caused_by": 1}),
    ]:
        assert world.program.post(path, body).status_code == 422
    assert state_of(order) == before


def test_bulk_answers_each_and_a_bad_one_does_not_stop_the_others(world: World) -> None:
    good, known, bad = world.body(), world.body(), world.body(amount="free")
    world.program.post("orders/", known)
    answer = world.program.post("orders/bulk/", {"orders": [good, bad, known, {"nothing": 1}, world.body(shop=999)]})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(result["status"], result["code"]) for result in results] == [
        (201, "created"), (422, "validation"), (200, "known"), (422, "validation"), (422, "validation"),
    ]  # fmt: skip
    assert results[1]["errors"].keys() == {"amount"}
    assert Order.objects.count() == 2


def test_bulk_takes_a_thousand_and_no_more(world: World) -> None:
    assert world.program.post("orders/bulk/", {"orders": [{}] * 1001}).status_code == 422
    assert len(world.program.post("orders/bulk/", {"orders": [{}] * 1000}).json()["results"]) == 1000


def test_a_move_answers_the_order_and_its_event(world: World) -> None:
    order = world.order()
    answer = world.program.post(f"orders/{order.pk}/moves/", {"move": "release", "version": order.version})
    assert answer.status_code == 200
    out = answer.json()
    assert out["state"] == "to_pick"
    assert out["version"] == order.version + 1
    assert out["event"] == Event.objects.get(order_id=order.pk, verb="release").pk
    assert [parcel["state"] for parcel in out["parcels"]] == ["to_pick"]


def test_allowed_moves_are_those_of_role_and_state(world: World) -> None:
    order = world.order()
    allowed = {
        role: world.as_a(role).get(f"orders/{order.pk}/").json()["allowed_moves"]
        for role in (Role.CS, Role.PICKER, Role.WAREHOUSE_LEAD)
    }
    assert allowed == {Role.CS: ["release", "cancel"], Role.PICKER: [], Role.WAREHOUSE_LEAD: []}
    parcel = world.parcel()
    lead = world.as_a(Role.WAREHOUSE_LEAD)
    assert lead.get(f"parcels/{parcel.pk}/").json()["allowed_moves"] == ["pack", "void"]


def test_a_held_order_allows_only_what_law_6_names(world: World) -> None:
    order = world.order()
    world.program.post(f"orders/{order.pk}/holds/", {"reason": "manual", "note": "等一等"})
    assert world.as_a(Role.CS).get(f"orders/{order.pk}/").json()["allowed_moves"] == ["cancel"]


def test_every_allowed_move_is_not_refused_for_its_role_or_its_state(world: World) -> None:
    for role in (Role.CS, Role.OPS_MANAGER):
        caller = world.as_a(role)
        order = world.order()
        for move in caller.get(f"orders/{order.pk}/").json()["allowed_moves"]:
            fresh = world.order()
            answer = caller.post(f"orders/{fresh.pk}/moves/", {"move": move, "reason": "买家要求"})
            assert answer.status_code == 200, (role, move, answer.content)


def test_a_hold_answers_201_and_stands_on_the_order(world: World) -> None:
    order = world.order()
    answer = world.program.post(f"orders/{order.pk}/holds/", {"reason": "manual", "note": "等一等", "parcel": None})
    assert answer.status_code == 201
    out = world.program.get(f"orders/{order.pk}/").json()
    assert out["held"] is True
    assert [hold["id"] for hold in out["holds"]] == [answer.json()["id"]]


def test_the_timeline_tells_who_did_what_oldest_first(world: World) -> None:
    order = world.order()
    world.as_a(Role.PICKER).post(f"orders/{order.pk}/moves/", {"move": "release", "reason": "我想"})
    world.program.post(f"orders/{order.pk}/moves/", {"move": "release"})
    first = world.program.get(f"orders/{order.pk}/timeline/", page_size=2).json()
    rest = world.program.get(first["next"].removeprefix("http://testserver")).json()
    events = first["results"] + rest["results"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    refused = next(event for event in events if event["result"] == "refused")
    assert (refused["verb"], refused["reason"], refused["actor_name"]) == ("release", "我想", "API ERP")
    done = next(event for event in events if event["verb"] == "release" and event["result"] == "ok")
    assert (done["from"], done["to"]) == ("paid", "to_pick")


def test_a_person_reports_orders_only_with_the_standing_to(world: World) -> None:
    refused = person(world.member(Role.PICKER)).post("orders/", world.body())
    assert (refused.status_code, refused.json()["code"]) == (403, "role")
    assert person(world.member(Role.OPS_MANAGER)).post("orders/", world.body()).status_code == 201


def test_the_trail_names_the_key_and_whose_word_it_is(world: World) -> None:
    platform = program(world.company, acts_as=CauseKind.PLATFORM)
    order_id = platform.post("orders/", world.body()).json()["id"]
    assert Event.objects.filter(order_id=order_id, actor__startswith="api_key:").count() >= 1
    lead = world.as_a(Role.WAREHOUSE_LEAD)
    lead.post(f"orders/{order_id}/moves/", {"move": "release"})
    last = Event.objects.filter(order_id=order_id).latest("seq")
    assert last.actor.startswith("person:")
    assert last.role == "warehouse_lead"
