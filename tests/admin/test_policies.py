"""操作权限: 运营主管 changes who may do what, without code; every version is kept, traced, and can be undone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.lifecycle import Role
from orders.models import Event, TransitionPolicy
from orders.services.policy_changes import change_policy, default_values, undo_policy
from orders.services.trail import hash_of
from tests.admin.pages import act, said, text_of
from tests.admin.world import Seller

ADD = "/admin/orders/transitionpolicy/add/"


def page_of(policy: TransitionPolicy) -> str:
    return reverse("admin:orders_transitionpolicy_change", args=[policy.pk])


def boxes(**changes: Any) -> dict[str, Any]:
    """The form for 推送仓库 as it stands, with changes."""
    values = default_values("order.release")
    return {
        "roles": values.roles, "causes": values.causes, "needs": values.needs, "enabled": "on",
        "reason": "客服不再推单", "version": 0, **changes,
    }  # fmt: skip


def save(client: Client, seller: Seller, **changes: Any) -> Any:
    query = f"?company={seller.company.pk}&act=order.release"
    return client.post(ADD + query, boxes(**changes), follow=True)


def test_a_change_takes_effect_at_the_next_move(seller: Seller, browser: Callable[..., Client]) -> None:
    response = save(browser(Role.OPS_MANAGER), seller, roles=["ops_manager"])
    assert said(response) == ["已保存为第 1 版"]
    assert "没有“推送仓库”的权限" in said(act(browser(Role.CS), seller.sells("1"), "order", "release"))[0]


def test_a_change_is_chained_on_the_companys_stream_with_before_and_after(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    save(browser(Role.OPS_MANAGER), seller, roles=["ops_manager"])
    policy = TransitionPolicy.objects.get()
    event = Event.objects.get(verb="policy_changed")
    assert (event.stream, event.order_id) == (seller.company.stream, None)
    assert event.actor == f"person:{seller.people[Role.OPS_MANAGER].pk}"
    assert event.facts["before"] is None
    assert event.facts["after"]["roles"] == ["ops_manager"]
    assert event.reason == "客服不再推单"
    seller.company.refresh_from_db()
    assert seller.company.event_head == event.hash == hash_of(Event.objects.get(pk=event.pk), event.prev_hash)
    assert (policy.version, policy.changed_by) == (1, seller.people[Role.OPS_MANAGER])


def test_a_change_can_be_undone_and_an_older_version_restored(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.OPS_MANAGER)
    save(client, seller, roles=["ops_manager"])
    policy = TransitionPolicy.objects.get()
    client.post(page_of(policy), boxes(roles=["warehouse_lead"], version=1))
    text = text_of(client.get(page_of(policy)))
    assert "撤销此修改" in text
    assert "恢复到此版本" in text
    undo = reverse("admin:orders_transitionpolicy_undo", args=[policy.pk])
    client.post(undo, {"version": 2})
    policy.refresh_from_db()
    assert (policy.version, policy.roles) == (3, ["ops_manager"])
    client.post(undo, {"version": 3, "to_version": 2})
    policy.refresh_from_db()
    assert (policy.version, policy.roles) == (4, ["warehouse_lead"])
    assert Event.objects.filter(verb="policy_changed").count() == 4
    assert policy.history.count() == 4


def test_to_undo_the_first_version_is_to_go_back_to_the_default(seller: Seller) -> None:
    manager = seller.cause(Role.OPS_MANAGER)
    made = change_policy(
        company_id=seller.company.pk, act="order.release", values=default_values("order.cancel"), cause=manager
    )
    assert undo_policy(made.made["policy"], cause=manager).ok
    policy = TransitionPolicy.objects.get()
    assert (policy.enabled, policy.version) == (False, 2)


def test_a_version_that_somebody_else_has_replaced_is_not_overwritten(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    client = browser(Role.OPS_MANAGER)
    save(client, seller, roles=["ops_manager"])
    policy = TransitionPolicy.objects.get()
    response = client.post(page_of(policy), boxes(roles=["cs"], version=0), follow=True)
    assert "已被他人修改" in said(response)[0]
    policy.refresh_from_db()
    assert policy.roles == ["ops_manager"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_nobody_but_the_manager_changes_a_policy(seller: Seller, browser: Callable[..., Client], role: Role) -> None:
    manager = seller.cause(Role.OPS_MANAGER)
    values = default_values("order.cancel")
    change_policy(company_id=seller.company.pk, act="order.release", values=values, cause=manager)
    policy = TransitionPolicy.objects.get()
    client = browser(role)
    text = text_of(client.get(page_of(policy)))
    assert "只有本公司的运营主管可以修改操作权限" in text
    client.post(page_of(policy), boxes(roles=["picker"], version=1))
    client.post(reverse("admin:orders_transitionpolicy_undo", args=[policy.pk]), {"version": 1})
    policy.refresh_from_db()
    assert policy.version == 1
    assert Event.objects.filter(verb="policy_changed", result="refused").count() == 2


def test_even_a_superuser_is_no_manager(seller: Seller, root: Client) -> None:
    assert "只有本公司的运营主管" in said(save(root, seller, roles=["cs"]))[0]
    assert not TransitionPolicy.objects.exists()


def test_another_companys_manager_neither_sees_nor_changes_it(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    values = default_values("order.cancel")
    manager = seller.cause(Role.OPS_MANAGER)
    change_policy(company_id=seller.company.pk, act="order.release", values=values, cause=manager)
    policy = TransitionPolicy.objects.get()
    client = browser(neighbour.people[Role.OPS_MANAGER])
    assert client.get(page_of(policy)).status_code == 302
    assert save(client, seller, roles=["picker"]).status_code == 200
    policy.refresh_from_db()
    assert policy.version == 1


def test_a_policy_is_never_deleted(seller: Seller, root: Client) -> None:
    manager = seller.cause(Role.OPS_MANAGER)
    values = default_values("order.cancel")
    made = change_policy(company_id=seller.company.pk, act="order.release", values=values, cause=manager)
    page = reverse("admin:orders_transitionpolicy_delete", args=[made.made["policy"]])
    assert root.post(page, {"post": "yes"}).status_code == 403
    assert TransitionPolicy.objects.count() == 1


def test_the_list_shows_what_counts_by_default(seller: Seller, browser: Callable[..., Client]) -> None:
    text = text_of(browser(Role.OPS_MANAGER).get("/admin/orders/transitionpolicy/"))
    assert "订单 · 推送仓库 运营主管、客服" in text
