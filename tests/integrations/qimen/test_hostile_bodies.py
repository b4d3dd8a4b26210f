"""Bodies with a right signature and bad intentions: each is refused with a reason, none is expanded."""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from integrations.adapter import Message
from integrations.errors import Unreadable
from integrations.wms.qimen import adapter, xml
from tests.integrations.hostile import damaged, is_a_sentence
from tests.integrations.qimen.street import access, messages, process_report, signed
from tests.integrations.qimen.test_samples import ASKED, SAMPLES, kind_of

LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><request>&j;</request>"
)
GBK = (
    '<?xml version="1.0" encoding="{}"?>'
    + process_report("REJECT", extra="<operateInfo>缺货，退回</operateInfo>").decode()
)

COUNT = (
    "<request><checkOrderCode>PD1</checkOrderCode><checkTime>2026-11-11 00:00:00</checkTime><items><item>"
    "<itemCode>A</itemCode><quantity>{quantity}</quantity><totalQty>{total}</totalQty></item></items></request>"
)
SHORT = (
    "<request><deliveryOrderCode>SO1</deliveryOrderCode><createTime>2026-11-11 00:00:00</createTime><items><item>"
    "<itemCode>A</itemCode><lackQty>{lack}</lackQty></item></items></request>"
)

HOSTILE = {
    "billion laughs": LAUGHS.encode(),
    "quadratic": ('<!DOCTYPE x [<!ENTITY a "' + "x" * 50_000 + '">]><request>' + "&a;" * 5_000 + "</request>").encode(),
    "external entity": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><request>&f;</request>',
    "external dtd": b'<!DOCTYPE request SYSTEM "http://localhost/evil.dtd"><request/>',
    "parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://localhost/p">%p;]><request/>',
    "plain dtd": b"<!DOCTYPE request><request/>",
    "dtd behind a declaration": b'<?xml version="1.0"?>\n<!DOCTYPE request><request/>',
    "undeclared entity": b"<request>&nbsp;</request>",
    "deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "deep and never closed": b"<a>" * 100_000,
    "just too deep": b"<a>" * 33 + b"</a>" * 33,
    "crowded": b"<request>" + b"<a/>" * 60_000 + b"</request>",
    "too large": b"<request>" + b" " * (1024 * 1024) + b"</request>",
    "too large and nothing else": b"A" * (1024 * 1024 + 1),
    "empty": b"",
    "spaces": b"  \r\n\t ",
    "mark only": b"\xef\xbb\xbf",
    "html": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "html without a doctype": b"<html><body><p>502</body></html>",
    "json": b'{"request":{"order":{"orderCode":"SO001"}}}',
    "form": b"orderCode=SO001",
    "utf-16": process_report("PRINT").decode().encode("utf-16"),
    "utf-16 declared": b'<?xml version="1.0" encoding="UTF-16"?>' + process_report("PRINT"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-request/+AD4-',
    "unheard-of encoding": b'<?xml version="1.0" encoding="x-evil"?><request/>',
    "GBK declared as utf-8": GBK.format("utf-8").encode("gbk"),
    "utf-8 declared as ascii": GBK.format("us-ascii").encode(),
    "broken GBK": GBK.format("GBK").encode("gbk")[:-40] + b"\x81\xff</request>",
    "cut in the middle": process_report("PRINT")[:60],
    "two roots": b"<request/><request/>",
    "text behind": b"<request/>x",
    "null byte": b"<request>\x00</request>",
    "control character": b"<request>\x08</request>",
    "character reference to nothing": b"<request>&#0;</request>",
    "wrong root": b"<response><flag>success</flag></response>",
    "namespaced root": b'<x:request xmlns:x="urn:x"/>',
    "undeclared prefix": b"<x:request/>",
    "doubled attribute": b'<request a="1" a="2"/>',
    "no order": b"<request/>",
    "empty order code": b"<request><order><orderCode> </orderCode></order></request>",
    "endless order code": b"<request><order><orderCode>" + b"9" * 500_000 + b"</orderCode></order></request>",
    "unclosed CDATA": b"<request><![CDATA[",
    "processing instruction only": b"<?php echo 1; ?>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_body_is_refused_with_a_chinese_reason(body: bytes) -> None:
    request = signed(body)
    adapter.verify(access(), request)
    with pytest.raises(Unreadable) as refusal:
        adapter.unpack(access(), request)
    assert is_a_sentence(str(refusal.value), longest=300)


@pytest.mark.parametrize("seed", range(100))
def test_a_report_damaged_at_random_is_read_or_refused_and_never_breaks_anything_else(seed: int) -> None:
    chance = random.Random(seed)
    good = process_report("PRINT", waybill="YT9693083639795", extra="<operatorName>李四</operatorName>")
    body = damaged(
        good, chance, blows=12, put_in=(b"<a>", b"</a>", b"<![CDATA[", b"&x;", b"<!DOCTYPE a>", b"\x00", b"\xff")
    )
    read = None
    with suppress(Unreadable):
        read = [adapter.parse(message) for message in messages(body)]
    assert read is None or len(read) == 1


def read(kind: str, body: bytes) -> list[object]:
    """What each message of this body says."""
    kept = [Message(kind=kind, key="k", body=body)] if kind in ASKED else messages(body, kind)
    return [adapter.parse(message) for message in kept]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_every_message_damaged_at_random_is_read_or_refused(sample: Path) -> None:
    kind, chance = kind_of(sample), random.Random(sample.stem)
    put_in = (b"-", b"9" * 30, b"1e9", b"<a/>", b"NaN", b"\x00", "，".encode())
    for _ in range(40):
        body = damaged(sample.read_bytes(), chance, blows=6, put_in=put_in, cut=40)
        with suppress(Unreadable):
            assert all(isinstance(said, list) for said in read(kind, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("inventory.report", COUNT.format(quantity="NaN", total="")),
        ("inventory.report", COUNT.format(quantity="1.5", total="")),
        ("inventory.report", COUNT.format(quantity="0", total="-3")),
        ("inventory.report", COUNT.format(quantity="9" * 400, total="")),
        ("inventory.query", "<stock asked='tomorrow'><item><itemCode>A</itemCode></item></stock>"),
        ("inventory.query", "<stock><item><itemCode>A</itemCode></item></stock>"),
        ("wavenum.report", "<request><orders><order/></orders></request>"),
        ("wavenum.report", "<request><waveNum>W</waveNum><orders><order/><order/></orders></request>"),
        ("returnpackage.report", "<request><order/></request>"),
        ("itemlack.report", SHORT.format(lack="-1")),
        ("itemlack.report", SHORT.format(lack="all")),
    ],
)
def test_a_document_that_makes_no_sense_is_parked_with_a_chinese_reason(kind: str, body: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(kind, body.encode())
    assert is_a_sentence(str(refusal.value), longest=300)


def test_gbk_is_read_as_gbk() -> None:
    for name in ("GBK", "gb2312", "GB18030"):
        (message,) = messages(GBK.format(name).encode("gb18030"))
        (said,) = adapter.parse(message)
        assert said.snapshot.note == "缺货，退回"  # type: ignore[union-attr]


def test_a_byte_order_mark_and_a_declaration_do_no_harm() -> None:
    (message,) = messages(b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n' + process_report("PICK"))
    assert message.key == "report:SO001:PICK:2026-11-11 00:00:00:"


def test_what_stays_within_the_limits_is_read() -> None:
    assert xml.read(b"<a>" * 32 + b"</a>" * 32).tag == "a"


def test_writing_drops_what_xml_cannot_carry_and_escapes_the_rest() -> None:
    written = xml.write(
        "request", {"note": "<大>箱 & \x00\x0b\ud800轻放", "empty": "", "none": None, "rows": {"row": [1, 2]}}
    )
    root = xml.read(written)
    assert xml.text(root, "note") == "<大>箱 & 轻放"
    assert [row.text for row in xml.every(root, "rows/row")] == ["1", "2"]
    assert root.find("empty") is None
    assert root.find("none") is None
