"""A small seller for the back office's tests: two companies, a cast of roles, and orders that came as facts come."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from orders import clock
from orders.lifecycle import CauseKind, Role
from orders.models import Company, Goods, Order, Parcel, Shop, Warehouse
from orders.services.goods import map_sku
from orders.services.labels import print_result, request_print, request_waybill, waybill_issued
from orders.services.move import move, move_parcel
from orders.services.outcome import Outcome
from orders.services.record import record
from orders.services.roles import grant
from orders.vocabulary import AddressSnapshot, Cause, Fact, LineSnapshot, OrderSnapshot, WarehouseReport

PASSWORD = "beidou-2026-tower"
NAMES = {
    Role.ADMIN: "管理员",
    Role.OPS_MANAGER: "主管",
    Role.CS: "客服",
    Role.WAREHOUSE_LEAD: "组长",
    Role.SHIPPER: "发货员",
    Role.FINANCE: "财务",
    Role.AUDITOR: "审计",
}
SYSTEM = Cause(kind=CauseKind.SYSTEM, source="系统")


class Seller:
    """One company with a shop, a warehouse, one kind of goods and one person of each role of the back office."""

    def __init__(self, code: str = "beidou", *, name: str = "北斗美妆") -> None:
        self.company = Company.objects.create(name=name, code=code)
        self.warehouse = Warehouse.objects.create(company=self.company, name=f"{name}杭州仓", code="HZ")
        self.shop = Shop.objects.create(
            company=self.company, platform="taobao", name=f"{name}旗舰店", code=f"{code}-shop", warehouse=self.warehouse
        )
        self.goods = Goods.objects.create(company=self.company, code=f"{code}-50", name="面霜 50g")
        map_sku(company_id=self.company.pk, sku="CREAM-50", goods=self.goods)
        self.people = {role: self.hire(role, f"{code}_{role}") for role in NAMES}

    def hire(self, role: Role, username: str) -> User:
        person = User.objects.create_user(username, password=PASSWORD, last_name="王", first_name=NAMES.get(role, ""))
        grant(person, self.company, role)
        return User.objects.get(pk=person.pk)

    def cause(self, role: Role, **more: Any) -> Cause:
        person = self.people[role]
        return Cause(kind=CauseKind.PERSON, user_id=person.pk, source=f"后台 王{NAMES[role]}", **more)

    def sells(self, number: str, *, phone: str = "13800138000", lines: int = 1, unpaid: bool = False) -> Order:
        """An order as the platform tells it, paid an hour ago."""
        now = clock.now()
        snapshot = OrderSnapshot(
            platform_order_id=number,
            status="unpaid" if unpaid else "paid",
            platform_status="WAIT_SELLER_SEND_GOODS",
            modified_at=now - timedelta(minutes=5),
            placed_at=now - timedelta(hours=1),
            paid_at=None if unpaid else now - timedelta(minutes=55),
            amount=Decimal("128.50"),
            lines=tuple(
                LineSnapshot(
                    platform_line_id=f"{number}-{index}", sku="CREAM-50", title="修护面霜", quantity=1,
                    price=Decimal("128.50"),
                )
                for index in range(lines)
            ),
            receiver=AddressSnapshot(
                name="李雷", phone=phone, province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
            ),
            ship_by=now + timedelta(hours=20),
            buyer=f"buyer-{number}",
        )  # fmt: skip
        self.hears(f"order:{number}", number, snapshot, CauseKind.PLATFORM)
        return Order.objects.get(shop=self.shop, platform_order_id=number)

    def warehouse_says(self, order: Order, stage: str) -> None:
        report = WarehouseReport(
            order=order.number, stage=stage, platform_status=stage.upper(), reported_at=clock.now()
        )
        self.hears(f"wms:{order.number}:{stage}", order.number, report, CauseKind.WMS)

    def hears(self, key: str, subject: str, snapshot: Any, system: CauseKind) -> Outcome:
        fact = Fact(
            source=f"test:{self.company.pk}", key=key, body_hash=key[:32], subject=subject, snapshot=snapshot,
            system=system, company_id=self.company.pk, shop_id=self.shop.pk, warehouse_id=self.warehouse.pk,
        )  # fmt: skip
        return record(fact, cause=Cause(kind=system, source=self.shop.name))

    def releases(self, order: Order) -> Parcel:
        outcome = move(order.pk, "release", cause=SYSTEM)
        assert outcome.ok, outcome.detail
        return Parcel.objects.distinct().get(lines__order_line__order=order)

    def packs(self, order: Order) -> Parcel:
        parcel = self.releases(order)
        outcome = move_parcel(parcel.pk, "pack", cause=self.cause(Role.WAREHOUSE_LEAD))
        assert outcome.ok, outcome.detail
        return parcel

    def labels(self, order: Order, waybill: str) -> Parcel:
        parcel = self.packs(order)
        asked = request_waybill(parcel.pk, cause=self.cause(Role.SHIPPER))
        assert asked.ok, asked.detail
        waybill_issued(asked.made["label"], carrier="yto", waybill=waybill, cause=SYSTEM)
        return parcel

    def prints(self, order: Order, waybill: str) -> Parcel:
        parcel = self.labels(order, waybill)
        granted = request_print(parcel.pk, cause=self.cause(Role.SHIPPER), station="A3", printer="P1")
        assert granted.ok, granted.detail
        print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM)
        return parcel

    def prints_twice(self, order: Order, waybill: str, *, by: Role = Role.SHIPPER) -> int:
        """The second attempt is refused and opens the hold; its id."""
        parcel = self.prints(order, waybill)
        refused = request_print(parcel.pk, cause=self.cause(by), station="B1", printer="P2")
        assert refused.code == "duplicate_print"
        return int(refused.made["hold"])
