"""Invented buyers, goods and live rooms, and how Douyin hides receivers. Nobody here exists."""

import base64
import hashlib
import json
import random
from dataclasses import dataclass, fields
from typing import Any

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = ("雨桐", "子轩", "欣怡", "浩然", "诗涵", "宇航", "梦琪", "俊杰", "佳宁", "思远", "晓雯", "明辉", "丽娟", "建国")
# Province, city, district, street with their numbers.
PLACES = (
    (("浙江省", "33"), ("杭州市", "330100"), ("余杭区", "330110"), ("仓前街道", "330110012")),
    (("江苏省", "32"), ("苏州市", "320500"), ("姑苏区", "320508"), ("平江街道", "320508016")),
    (("广东省", "44"), ("深圳市", "440300"), ("南山区", "440305"), ("粤海街道", "440305007")),
    (("四川省", "51"), ("成都市", "510100"), ("武侯区", "510107"), ("桂溪街道", "510107069")),
    (("北京市", "11"), ("北京市", "110100"), ("朝阳区", "110105"), ("望京街道", "110105026")),
    (("福建省", "35"), ("厦门市", "350200"), ("思明区", "350203"), ("莲前街道", "350203010")),
)
STREETS = ("文一西路", "人民路", "中山路", "解放大道", "科技园路", "学院路", "滨江大道", "新华街")
NOTES = ("", "", "", "", "请发顺丰", "工作日送货", "麻烦放快递柜")
# Live room, talent (达人) and campaign of a sale; some come from the shop's own page.
ORIGINS: tuple[dict[str, Any], ...] = (
    {
        "room_id": 7100000000000000001,
        "room_id_str": "7100000000000000001",
        "author_id": 62540001,
        "author_name": "小美测评",
    },
    {
        "room_id": 7100000000000000002,
        "room_id_str": "7100000000000000002",
        "author_id": 62540002,
        "author_name": "美妆阿杰",
    },
    {"video_id": "v0300fg10000test", "author_id": 62540003, "author_name": "护肤日记"},
    {},
)


@dataclass(frozen=True)
class Article:
    sku: str
    sku_id: int
    title: str
    # In fen.
    price: int


CATALOGUE = {
    article.sku: article
    for article in (
        Article("CREAM-50", 1_700_000_000_000_001, "面霜 50g", 12_850),
        Article("SERUM-30", 1_700_000_000_000_002, "精华 30ml", 19_900),
        Article("MASK-10", 1_700_000_000_000_003, "面膜礼盒", 8_990),
        Article("LIP-01", 1_700_000_000_000_004, "口红 01", 15_900),
    )
}


def article_named(sku: str) -> Article:
    """A known article, or one of which only the shop's own code is known."""
    number = int(hashlib.sha256(sku.encode()).hexdigest()[:8], 16)
    return CATALOGUE.get(sku) or Article(sku, 1_710_000_000_000_000 + number, sku, 10_000)


@dataclass(frozen=True)
class Receiver:
    """A receiver in plain words, known to the platform alone. `ids`: the numbers of the four regions."""

    name: str
    mobile: str
    province: str
    city: str
    district: str
    town: str
    address: str
    ids: tuple[str, ...]

    def changed(self, data: dict[str, Any]) -> "Receiver":
        """Another receiver, with what `data` names and the rest as it was."""
        given = {{"phone": "mobile"}.get(name, name): str(value) for name, value in data.items()}
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        return Receiver(**kept | {name: value for name, value in given.items() if name in kept and name != "ids"})

    def places(self) -> dict[str, dict[str, str]]:
        names = (self.province, self.city, self.district, self.town)
        levels = ("province", "city", "town", "street")
        return {level: {"name": n, "id": i} for level, n, i in zip(levels, names, self.ids, strict=True)}

    @property
    def masked_name(self) -> str:
        return self.name[:1] + "**"

    @property
    def masked_mobile(self) -> str:
        return f"{self.mobile[:3]}****{self.mobile[-4:]}"

    @property
    def masked_address(self) -> str:
        return f"{self.address[:2]}***"


class Vault:
    """The platform's encryption: every ciphertext is another, but its index part is the text's own."""

    def __init__(self, chance: random.Random, *, searchable: bool = True) -> None:
        self.chance = chance
        self.searchable = searchable
        self._plain: dict[str, str] = {}

    def hide(self, text: str, marker: str = "#") -> str:
        index = base64.b64encode(hashlib.sha256(f"emulator {text}".encode()).digest()[:18]).decode()
        noise = base64.b64encode(self.chance.randbytes(24)).decode()
        cipher = f"{marker}{index if self.searchable else ''}{marker}{noise}*CgYIASAH={marker}1{marker}{marker}"
        self._plain[cipher] = text
        return cipher

    def plain(self, cipher: str) -> str | None:
        return self._plain.get(cipher)

    def order_fields(self, receiver: Receiver) -> dict[str, Any]:
        """The receiver as an order shows it."""
        return {
            "encrypt_post_receiver": self.hide(receiver.name),
            "encrypt_post_tel": self.hide(receiver.mobile, "$"),
            "post_receiver": "",
            "post_tel": "",
            "post_addr": {**receiver.places(), "detail": "", "encrypt_detail": self.hide(receiver.address)},
            "mask_post_receiver": receiver.masked_name,
            "mask_post_tel": receiver.masked_mobile,
            "mask_post_addr": {**receiver.places(), "detail": receiver.masked_address},
        }

    def push_fields(self, receiver: Receiver) -> dict[str, Any]:
        """The receiver as a push shows it: the address as a text that holds JSON."""
        place = {**receiver.places(), "detail": receiver.masked_address, "encrypt_detail": self.hide(receiver.address)}
        return {
            "name": receiver.masked_name,
            "encrypt_name": self.hide(receiver.name),
            "tel": receiver.masked_mobile,
            "encrypt_tel": self.hide(receiver.mobile, "$"),
            "addr": json.dumps(place, ensure_ascii=False),
        }


def invent_receiver(chance: random.Random) -> Receiver:
    places = chance.choice(PLACES)
    province, city, district, town = (name for name, _ in places)
    street = f"{chance.choice(STREETS)}{chance.randrange(1, 999)}号"
    return Receiver(
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        # 1990000 is no range in use.
        mobile=f"1990000{chance.randrange(10_000):04d}",
        province=province,
        city=city,
        district=district,
        town=town,
        address=f"{street}{chance.randrange(1, 30)}幢{chance.randrange(101, 2999)}室",
        ids=tuple(number for _, number in places),
    )


def invent_lines(chance: random.Random) -> list[dict[str, Any]]:
    articles = chance.sample(sorted(CATALOGUE), k=chance.choice((1, 1, 1, 2, 2, 3)))
    return [{"sku": sku, "quantity": chance.choice((1, 1, 1, 2))} for sku in articles]
