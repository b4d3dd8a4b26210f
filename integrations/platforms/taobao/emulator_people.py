"""Invented buyers and goods, and how the platform masks them. Nobody here exists."""

import hashlib
import random
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

# From this day the platform masks the whole address (announcement 25845).
FULL_MASK_FROM = date(2026, 8, 31)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = ("雨桐", "子轩", "欣怡", "浩然", "诗涵", "宇航", "梦琪", "俊杰", "佳宁", "思远", "晓雯", "明辉", "丽娟", "建国")
PLACES = (
    ("浙江省", "杭州市", "余杭区", "仓前街道"),
    ("江苏省", "苏州市", "姑苏区", "平江街道"),
    ("广东省", "深圳市", "南山区", "粤海街道"),
    ("四川省", "成都市", "武侯区", "桂溪街道"),
    ("湖北省", "武汉市", "洪山区", "关山街道"),
    ("山东省", "青岛市", "市南区", "香港中路街道"),
    ("上海", "上海市", "浦东新区", "陆家嘴街道"),
    ("北京", "北京市", "朝阳区", "望京街道"),
)
STREETS = ("文一西路", "人民路", "中山路", "解放大道", "科技园路", "学院路", "滨江大道", "新华街")
NOTES = ("", "", "", "", "请发顺丰", "工作日送货", "麻烦放快递柜")


@dataclass(frozen=True)
class Article:
    sku: str
    title: str
    price: Decimal


CATALOGUE = {
    article.sku: article
    for article in (
        Article("CREAM-50", "面霜", Decimal("128.50")),
        Article("SERUM-30", "精华", Decimal("199.00")),
        Article("MASK-10", "面膜礼盒", Decimal("89.90")),
        Article("LIP-01", "口红", Decimal("159.00")),
    )
}


@dataclass(frozen=True)
class Receiver:
    """A receiver in plain words, known to the platform alone."""

    name: str
    mobile: str
    state: str
    city: str
    district: str
    town: str
    address: str

    def changed(self, data: dict[str, Any]) -> "Receiver":
        """Another receiver, with what `data` names and the rest as it was."""
        known = {"phone": "mobile", "province": "state"}
        given = {known.get(name, name): str(value) for name, value in data.items()}
        return Receiver(**{field.name: given.get(field.name, getattr(self, field.name)) for field in fields(self)})

    def oaid(self, seller: str) -> str:
        """The platform's stable name of this receiver at this seller; another address is another name."""
        plain = "|".join((seller, *(getattr(self, field.name) for field in fields(self))))
        return "2" + hashlib.sha256(plain.encode()).hexdigest()[:40]

    def masked(self, today: date) -> dict[str, str]:
        """The receiver as orders show it."""
        address = "*" * 8 if today >= FULL_MASK_FROM else self.address[:4] + "*" * 5
        return {
            "receiver_name": self.name[:1] + "**",
            "receiver_mobile": "*" * 7 + self.mobile[-4:],
            "receiver_state": self.state,
            "receiver_city": self.city,
            "receiver_district": self.district,
            "receiver_town": self.town,
            "receiver_address": address,
        }


def invent_receiver(chance: random.Random) -> Receiver:
    state, city, district, town = chance.choice(PLACES)
    place = f"{chance.choice(STREETS)}{chance.randrange(1, 999)}号"
    return Receiver(
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        # 1990000 is no range in use.
        mobile=f"1990000{chance.randrange(10_000):04d}",
        state=state,
        city=city,
        district=district,
        town=town,
        address=f"{place}{chance.randrange(1, 30)}幢{chance.randrange(101, 2999)}室",
    )


def invent_lines(chance: random.Random) -> list[dict[str, Any]]:
    articles = chance.sample(sorted(CATALOGUE), k=chance.choice((1, 1, 1, 2, 2, 3)))
    return [{"sku": sku, "quantity": chance.choice((1, 1, 1, 2))} for sku in articles]
