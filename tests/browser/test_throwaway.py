import pytest
from pathlib import Path
from orders.lifecycle import Role

pytestmark = pytest.mark.browser


def test_x(tower, office):
    order = tower.receives()
    from tests.laws.cast import person
    from orders.services.move import move_parcel
    from orders.services.labels import request_print

    p = tower.parcel(order)
    assert move_parcel(p.pk, "pack", cause=person(tower.seller.lead)).ok
    tower.works()
    a, b = tower.hires(Role.SHIPPER), tower.hires(Role.SHIPPER)
    assert request_print(p.pk, cause=person(a), station="A3", printer="P1").ok
    request_print(p.pk, cause=person(b), station="B7", printer="P2")
    desk = office(Role.OPS_MANAGER)
    desk.opens_order(order)
    desk.photographs(Path("/tmp/lock.png"))
    desk.opens("/admin/review/")
    desk.photographs(Path("/tmp/queue.png"))
    assert desk.troubles == []
    desk.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); const i = new Image(); i.src='http://example.com/a.png'; document.body.append(i); const j = new Image(); j.src='/nope.png'; document.body.append(j)}"
    )
    desk.page.wait_for_timeout(500)
    print("TROUBLES", *desk.troubles, sep="\n")
