"""Invented buyers and goods, and how JD masks them. Nobody here exists."""

import hashlib
import random
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = ("雨桐", "子轩", "欣怡", "浩然", "诗涵", "宇航", "梦琪", "俊杰", "佳宁", "思远", "晓雯", "明辉", "丽娟", "建国")
# Province, city, county, town with JD's numbers for them.
PLACES = (
    (("北京", "1"), ("朝阳区", "72"), ("三环到四环之间", "2819"), ("", "0")),
    (("上海", "2"), ("浦东新区", "2830"), ("城区", "51800"), ("", "0")),
    (("浙江", "15"), ("杭州市", "1213"), ("余杭区", "3408"), ("仓前街道", "46342")),
    (("江苏", "12"), ("苏州市", "988"), ("姑苏区", "47821"), ("平江街道", "52511")),
    (("广东", "19"), ("深圳市", "1607"), ("南山区", "3155"), ("粤海街道", "62165")),
    (("四川", "22"), ("成都市", "1930"), ("武侯区", "49324"), ("桂溪街道", "53611")),
)
STREETS = ("文一西路", "人民路", "中山路", "解放大道", "科技园路", "学院路", "滨江大道", "新华街")
NOTES = ("", "", "", "", "请发顺丰", "工作日送货", "麻烦放快递柜")


@dataclass(frozen=True)
class Article:
    sku: str
    sku_id: int
    title: str
    price: Decimal


CATALOGUE = {
    article.sku: article
    for article in (
        Article("CREAM-50", 10_020_030_041, "面霜 50g", Decimal("128.50")),
        Article("SERUM-30", 10_020_030_042, "精华 30ml", Decimal("199.00")),
        Article("MASK-10", 10_020_030_043, "面膜礼盒", Decimal("89.90")),
        Article("LIP-01", 10_020_030_044, "口红 01", Decimal("159.00")),
    )
}


def article_named(sku: str) -> Article:
    """A known article, or one of which only the shop's own code is known."""
    number = int(hashlib.sha256(sku.encode()).hexdigest()[:8], 16)
    return CATALOGUE.get(sku) or Article(sku, 10_100_000_000 + number, sku, Decimal("100.00"))


@dataclass(frozen=True)
class Receiver:
    """A receiver in plain words, known to the platform alone. `ids`: JD's numbers of the four regions."""

    name: str
    mobile: str
    province: str
    city: str
    county: str
    town: str
    address: str
    ids: tuple[str, ...]

    def changed(self, data: dict[str, Any]) -> "Receiver":
        """Another receiver, with what `data` names and the rest as it was."""
        known = {"phone": "mobile", "district": "county"}
        given = {known.get(name, name): str(value) for name, value in data.items()}
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        return Receiver(**kept | {name: value for name, value in given.items() if name in kept and name != "ids"})

    def oaid(self, vender_id: str) -> str:
        """The platform's stable name of this receiver at this shop; another address is another name."""
        plain = "|".join((vender_id, self.name, self.mobile, self.province, self.city, self.county, self.address))
        return "JDOAID" + hashlib.sha256(plain.encode()).hexdigest()[:32]

    def masked(self, vender_id: str, *, with_oaid: bool) -> dict[str, str]:
        """The receiver as orders show it."""
        shown = {
            "fullname": self.name[:1] + "**",
            "mobile": f"{self.mobile[:3]}****{self.mobile[-4:]}",
            "telephone": "",
            "fullAddress": f"{self.province}{self.city}{self.county}{self.town}{self.address[:2]}***",
            "province": self.province,
            "city": self.city,
            "county": self.county,
            "town": self.town,
            **dict(zip(("provinceId", "cityId", "countyId", "townId"), self.ids, strict=True)),
        }
        return shown | ({"oaid": self.oaid(vender_id)} if with_oaid else {})


def invent_receiver(chance: random.Random) -> Receiver:
    places = chance.choice(PLACES)
    province, city, county, town = (name for name, _ in places)
    street = f"{chance.choice(STREETS)}{chance.randrange(1, 999)}号"
    return Receiver(
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        # 1990000 is no range in use.
        mobile=f"1990000{chance.randrange(10_000):04d}",
        province=province,
        city=city,
        county=county,
        town=town,
        address=f"{street}{chance.randrange(1, 30)}幢{chance.randrange(101, 2999)}室",
        ids=tuple(number for _, number in places),
    )


def invent_lines(chance: random.Random) -> list[dict[str, Any]]:
    articles = chance.sample(sorted(CATALOGUE), k=chance.choice((1, 1, 1, 2, 2, 3)))
    return [{"sku": sku, "quantity": chance.choice((1, 1, 1, 2))} for sku in articles]
