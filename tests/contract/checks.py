"""The contract of a connector, rule by rule. Each rule raises AssertionError with a sentence for its writer."""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from difflib import unified_diff
from pathlib import Path
from typing import Any

from integrations.adapter import (
    Adapter,
    DeliveryWish,
    Fetch,
    Goods,
    Message,
    Polled,
    Said,
    ShipWish,
    TrackWish,
    WaybillWish,
    check_settings,
)
from integrations.emulate import tick
from integrations.emulation import Emulator
from integrations.errors import AlreadyDone
from orders import clock
from orders.vocabulary import AddressSnapshot, OrderSnapshot
from tests.contract.candidate import Candidate
from tests.contract.samples import TWIN, as_json, payloads, reader, without_a_twin
from tests.integrations.wire import to_the_end

SYSTEMS = {"platform", "erp", "wms", "courier"}
# Capability → the methods that belong to it.
METHODS: Mapping[str, tuple[str, ...]] = {
    "webhook": ("verify", "unpack"),
    "poll": ("poll",),
    "fetch": ("fetch",),
    "slice": ("slice",),
    "numbers": ("numbers",),
    "ship": ("ship",),
    "answer": ("answer",),
    "tell": ("tell",),
    "waybill": ("issue_waybill", "cancel_waybill"),
    "waybill_stock": ("waybill_stock",),
    "deliver": ("deliver", "cancel_delivery"),
    "pend": ("pend", "restore"),
    "subscribe": ("subscribe",),
    "query": ("query",),
    "intercept": ("intercept",),
    "token": ("refresh",),
    "authorise": ("authorise_url", "authorise"),
    "between": ("hand_on", "knows", "carried", "carry"),
}
# Modules of the house that an emulator may use.
FOR_EMULATORS = {"emulation", "errors", "http"}
# Words that only describe how a webhook answers.
WORDS_ALONE = {"decide"}
RECEIVER = AddressSnapshot(
    name="王小明", phone="13800001111", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
)
GOODS = (Goods(code="CR50", name="面霜 50g", quantity=1, price="20.00", line="1"),)


# What it says of itself -----------------------------------------------------------------------------------------
def it_is_whole(one: Candidate) -> None:
    adapter, folder = one.adapter, one.folder
    assert adapter.name.isidentifier(), "the name stands in addresses: letters, digits, underscores"
    assert adapter.name.islower(), "the name stands in addresses: lower case"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in adapter.title), "the title is read by people: Chinese"
    assert adapter.system in SYSTEMS, f"system is one of {sorted(SYSTEMS)}"
    assert (folder / "README.md").is_file(), "README.md is missing"
    assert (folder / "connection.json").is_file(), "connection.json is missing"
    assert list((folder / "samples").glob(f"*{TWIN}")), "no sample with its expected twin"
    assert without_a_twin(folder) == set(), "a sample without a twin, or a twin without a sample"
    problems = check_settings(adapter, one.example["settings"], one.example["secrets"])
    assert problems == [], f"connection.json does not make a connection: {problems}"


def its_fields_are_known_and_labelled(one: Candidate) -> None:
    fields = {field.name: field for field in one.adapter.fields}
    assert len(fields) == len(one.adapter.fields), "two fields of one name"
    for kind, secret in (("settings", False), ("secrets", True)):
        for name in one.example[kind]:
            assert name in fields, f"{name} in connection.json is no field"
            assert fields[name].secret is secret, f"{name} is in the wrong half of connection.json"


def it_promises_what_it_has(one: Candidate) -> None:
    adapter = one.adapter
    if unknown := adapter.capabilities - METHODS.keys() - WORDS_ALONE:
        raise AssertionError(f"no such capability: {sorted(unknown)}")
    for capability, methods in METHODS.items():
        own = {name for name in methods if getattr(type(adapter), name) is not getattr(Adapter, name)}
        if capability in adapter.capabilities:
            assert own == set(methods), f"{capability} is promised and {sorted(set(methods) - own)} is missing"
        else:
            assert not own, f"{sorted(own)} is there and {capability} is not promised"
    assert type(adapter).parse is not Adapter.parse or type(adapter).parse_kept is not Adapter.parse_kept, "no parse"
    if adapter.answers_now:
        assert type(adapter).asked is not Adapter.asked, "answers_now, and nothing is ever asked"
        assert type(adapter).decided is not Adapter.decided, "answers_now, and no words for the decision"


def its_samples_mean_what_their_twins_say(one: Candidate) -> None:
    read, otherwise = reader(one), []
    for path in payloads(one.folder):
        found, expected = as_json(read(path)), json.loads(path.with_suffix(TWIN).read_text())
        if found != expected:
            wanted, came = (json.dumps(text, ensure_ascii=False, indent=1).split("\n") for text in (expected, found))
            otherwise += [f"{path.name} is read otherwise", *unified_diff(wanted, came, n=0, lineterm="")]
    assert not otherwise, "\n".join(otherwise)


def its_emulator_knows_nothing_of_it(one: Candidate) -> None:
    """An emulator that shares code with its connector would share its mistakes."""
    for path in one.folder.glob("emulator*.py"):
        for name in imported(path, one.package):
            last = name.rpartition(".")[2]
            assert last.startswith("emulator") or last in FOR_EMULATORS, f"{path.name} imports {name}"


def imported(path: Path, package: str) -> Iterator[str]:
    """The modules of `integrations`, and of the connector itself, that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}".strip(".") if node.level else node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module == package else [module]
        else:
            continue
        yield from (name for name in names if name.startswith(("integrations.", package)))


# What it does with a world that works ---------------------------------------------------------------------------
def said_of(one: Candidate, messages: Any) -> set[str]:
    """The subjects of what was read; pointers count, because they are read again."""
    found = set()
    for message in messages:
        for said in one.adapter.parse_kept(message, settings=one.access().settings, at=clock.now()):
            if isinstance(said, Said | Fetch):
                found.add(said.subject)
    return found


def polled(one: Candidate) -> tuple[set[str], list[Message]]:
    def step(kept: dict[str, Any]) -> Polled:
        polled = one.adapter.poll(one.access(), kept)
        one.adapter.confirm(one.access(), polled)
        return polled

    messages, _ = to_the_end(step, at_most=60)
    return said_of(one, messages), messages


def what_happens_is_polled(one: Candidate, emulator: Emulator) -> None:
    subject = happens(emulator)
    found, messages = polled(one)
    assert subject in found, f"{subject} happened, and the poll brought {sorted(found)}"
    keys = [message.key for message in messages]
    assert len(keys) == len(set(keys)), "two messages of one poll have one key"
    assert all(0 < len(key) <= 160 for key in keys), "a key is 1 to 160 characters long"
    again, _ = polled(one)
    assert subject in again, "a second reading from the beginning does not find it"


def happens(emulator: Emulator) -> str:
    with emulator.lock:
        subject = emulator.happen()
    pass_time(seconds=3)
    return subject


def pass_time(*, seconds: float) -> None:
    clock._clock.advance(seconds=seconds)  # type: ignore[attr-defined]


def it_is_fetched(one: Candidate, emulator: Emulator) -> None:
    subject = prepared(one, emulator)
    message = one.adapter.fetch(one.access(), subject)
    assert subject in said_of(one, [message]), f"{subject} was fetched, and something else came"
    same = one.adapter.fetch(one.access(), subject)
    assert same.key == message.key, "the same order read twice has two keys: the second would be another fact"


def prepared(one: Candidate, emulator: Emulator) -> str:
    """Something that is there: what happened by itself or, for a warehouse, what was sent to it."""
    if one.can("deliver"):
        one.adapter.deliver(one.access(), delivery("P1"))
        for _ in range(10):
            pass_time(seconds=3)
            tick(emulator)
        return "P1"
    return happens(emulator)


def its_slices_and_numbers_are_complete(one: Candidate, emulator: Emulator) -> None:
    start = clock.now() - timedelta(minutes=5)
    subjects = {happens(emulator) for _ in range(3)}
    end = clock.now() + timedelta(seconds=1)
    pass_time(seconds=5)
    if one.can("numbers"):
        numbers = one.adapter.numbers(one.access(), start, end)
        assert subjects <= set(map(str, numbers)), f"{subjects - set(numbers)} is missing in the platform's own list"
        assert len(numbers) == len(set(numbers)), "a number stands twice in the list"
    if one.can("slice"):
        shares: list[float | None] = []

        def step(kept: dict[str, Any]) -> Polled:
            polled = one.adapter.slice(one.access(), start, end, kept)
            shares.append(polled.share)
            return polled

        messages, _ = to_the_end(step, at_most=60)
        assert subjects <= said_of(one, messages), "a back-fill would miss orders"
        told = [share for share in shares if share is not None]
        assert told == sorted(told), f"its progress goes back: {told}"
        assert told[-1:] in ([], [1.0]), f"it ends at {told[-1]:.0%}"


def done_or_done_before(act: Callable[[], Any]) -> None:
    """An act may be repeated: nothing happens twice, and `AlreadyDone` is the only way to say so."""
    with suppress(AlreadyDone):
        act()


def a_delivery_is_sent_once(one: Candidate) -> None:
    one.adapter.deliver(one.access(), delivery("P1"))
    done_or_done_before(lambda: one.adapter.deliver(one.access(), delivery("P1")))
    if one.can("pend"):
        one.adapter.pend(one.access(), "P1", "WH01", "锁单")
        one.adapter.restore(one.access(), "P1", "WH01", "解封")
    one.adapter.cancel_delivery(one.access(), "P1", "WH01", "订单已取消")


def a_waybill_is_issued_once(one: Candidate, emulator: Emulator) -> None:
    wish = waybill_wish(one, emulator)
    first = one.adapter.issue_waybill(one.access(), wish)
    assert first.waybill, "no number"
    assert one.adapter.issue_waybill(one.access(), wish).waybill == first.waybill, "asked twice, two numbers"
    for _ in range(2):
        done_or_done_before(
            lambda: one.adapter.cancel_waybill(one.access(), first.carrier, first.waybill, wish.object_id)
        )


def waybill_wish(one: Candidate, emulator: Emulator) -> WaybillWish:
    """For an order of the platform with its own receiver; for a courier with any."""
    carrier = min(one.adapter.carriers, default="yto")
    if not one.can("fetch"):
        return WaybillWish(
            object_id="L1", carrier=carrier, platform_order_ids=("1",), receiver=RECEIVER, goods=GOODS, weight_grams=500
        )
    subject = happens(emulator)
    [said] = one.adapter.parse(one.adapter.fetch(one.access(), subject))[:1]
    assert isinstance(said, Said)
    assert isinstance(said.snapshot, OrderSnapshot)
    lines = said.snapshot.lines
    goods = tuple(Goods(code=x.sku, name=x.title, quantity=x.quantity, line=x.platform_line_id) for x in lines)
    return WaybillWish(
        object_id="L1",
        carrier=carrier,
        platform_order_ids=(subject,),
        receiver=said.snapshot.receiver,
        goods=goods,
        weight_grams=500,
    )


def shipping_is_told_once(one: Candidate, emulator: Emulator) -> None:
    subject = happens(emulator)
    wish = ShipWish(platform_order_id=subject, carrier="yto", waybill="YT9693083639795")
    one.adapter.ship(one.access(), wish)
    done_or_done_before(lambda: one.adapter.ship(one.access(), wish))


def a_parcel_is_followed(one: Candidate, emulator: Emulator) -> None:
    waybill = happens(emulator)
    wish = TrackWish(carrier=min(one.adapter.carriers, default="yto"), waybill=waybill, phone_last4="1111")
    if one.can("subscribe"):
        for _ in range(2):
            one.adapter.subscribe(one.access(), wish)
    message = one.adapter.query(one.access(), wish)
    assert waybill in said_of(one, [message]), "asked for a parcel, and something else came"


def a_token_is_renewed(one: Candidate) -> None:
    token = one.adapter.refresh(one.access())
    secret = {field.name for field in one.adapter.fields if field.secret}
    assert set(token.secrets) <= secret, "a token that is no secret field would be lost"
    assert token.secrets, "nothing new"
    assert token.expires_at > clock.now(), "it has ended already"


def delivery(number: str) -> DeliveryWish:
    return DeliveryWish(
        order=number,
        platform="taobao",
        platform_order_id="6937000000000000001",
        shop="测试店",
        warehouse="WH01",
        carrier="sf",
        placed_at=clock.now() - timedelta(minutes=2),
        paid_at=clock.now() - timedelta(minutes=1),
        amount="20.00",
        receiver=RECEIVER,
        goods=GOODS,
    )
