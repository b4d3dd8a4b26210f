"""A contract that nothing breaks is none: each rule is shown a connector that breaks it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Access, Incoming, Message, Polled, Reply, Said, ShipWish
from integrations.emulation import Emulator
from integrations.errors import Permanent, Unreadable
from tests.contract import checks, strain
from tests.contract.candidate import Candidate
from tests.contract.street import toyshop
from tests.contract.street.toyshop import ToyShop, client, mapping

PACKAGE = "tests.contract.street.toyshop"
Rule = Callable[[Candidate, Emulator], None]


class WithoutAMethod(ToyShop):
    capabilities = ToyShop.capabilities | {"answer"}


class WithoutAWord(ToyShop):
    capabilities = ToyShop.capabilities - {"ship"}


class WithAWordThatIsNone(ToyShop):
    capabilities = ToyShop.capabilities | {"teleport"}


class WithAnEnglishTitle(ToyShop):
    title = "Toy shop"


class WithoutAField(ToyShop):
    fields = ToyShop.fields[1:]


class WithAnOpenSecret(ToyShop):
    fields = tuple(replace(field, secret=False) for field in ToyShop.fields)


class Overlooking(ToyShop):
    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        polled = client.poll(access, cursor)
        return Polled(messages=polled.messages[1:], cursor=polled.cursor)


class Endless(ToyShop):
    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return Polled(messages=[], cursor=cursor, more=True)


class WithAKeyForEveryReading(ToyShop):
    readings = 0

    def fetch(self, access: Access, subject: str) -> Message:
        self.readings += 1
        message = client.fetch(access, subject)
        return Message(kind=message.kind, key=f"{message.key}:{self.readings}", body=message.body)


class WithAShortList(ToyShop):
    def numbers(self, access: Access, start: datetime, end: datetime) -> list[str]:
        return client.placed(access, start, end)[:-1]


class WithAnotherWordForAlready(ToyShop):
    shipped: set[str] = set()

    def ship(self, access: Access, wish: ShipWish) -> None:
        if wish.platform_order_id in self.shipped:
            raise Permanent("不能重复发货", code="shipped")
        self.shipped.add(wish.platform_order_id)


class Credulous(ToyShop):
    """Believes that whatever answers has done what it was asked."""

    def ship(self, access: Access, wish: ShipWish) -> None:
        client.call("POST", f"{access.base_url}/ship", data=b"{}")


class Breaking(ToyShop):
    def fetch(self, access: Access, subject: str) -> Message:
        answer = client.call("POST", f"{access.base_url}/one", data=b"{}").json()
        return client.message(answer["row"])


class Patient(ToyShop):
    """A dead line is taken for an empty shop."""

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        try:
            return client.poll(access, cursor)
        # Just this is the fault that is shown: a connector must not swallow what it does not know.
        except Exception:
            return Polled(messages=[], cursor=cursor)


class Trusting(ToyShop):
    def verify(self, access: Access, incoming: Incoming) -> None: ...


class Echoing(ToyShop):
    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        return Reply(body=incoming.body, status=401)


class Mute(ToyShop):
    """Breaks where a body makes no sense."""

    def parse(self, message: Message) -> list[Said]:
        return [mapping._order(client.json.loads(message.body), message.key)]


class English(ToyShop):
    def parse(self, message: Message) -> Any:
        try:
            return super().parse(message)
        except Unreadable as error:
            raise Unreadable("unreadable") from error


class Misreading(ToyShop):
    """Takes whoever bought for somebody else."""

    def parse(self, message: Message) -> Any:
        return [replace(said, subject="T000002") for said in super().parse(message)]


def alone(rule: Callable[[Candidate], None]) -> Rule:
    return lambda one, emulator: rule(one)


HALVES: list[tuple[type[ToyShop], Rule, str]] = [
    (WithoutAMethod, alone(checks.it_promises_what_it_has), "answer is promised"),
    (WithoutAWord, alone(checks.it_promises_what_it_has), "ship is not promised"),
    (WithAWordThatIsNone, alone(checks.it_promises_what_it_has), "no such capability"),
    (WithAnEnglishTitle, alone(checks.it_is_whole), "Chinese"),
    (WithoutAField, alone(checks.its_fields_are_known_and_labelled), "is no field"),
    (WithAnOpenSecret, alone(checks.its_fields_are_known_and_labelled), "wrong half"),
    (Misreading, alone(checks.its_samples_mean_what_their_twins_say), "is read otherwise"),
    (Overlooking, checks.what_happens_is_polled, "the poll brought"),
    (Endless, checks.what_happens_is_polled, "never ends"),
    (WithAKeyForEveryReading, checks.it_is_fetched, "two keys"),
    (WithAShortList, checks.its_slices_and_numbers_are_complete, "missing in the platform's own list"),
    (WithAnotherWordForAlready, checks.shipping_is_told_once, "不能重复发货"),
    (Credulous, alone(partial(strain.nonsense_is_never_a_success, name="ship")), "taken for a success"),
    (Breaking, alone(partial(strain.nonsense_is_never_a_success, name="fetch")), "instead of one of"),
    (Patient, alone(partial(strain.a_dead_line_is_temporary, name="poll")), "a dead line ended in"),
    (Trusting, alone(strain.who_has_no_signature_is_refused), "believed without a signature"),
    (Echoing, alone(strain.who_has_no_signature_is_refused), "repeats what came"),
    (Trusting, strain.a_changed_body_is_refused, "one byte was changed"),
    (Mute, alone(strain.hostile_messages_are_read_or_refused), "instead of Unreadable"),
    (English, alone(strain.hostile_messages_are_read_or_refused), "unreadable"),
]


@pytest.mark.parametrize(("kind", "rule", "words"), HALVES, ids=lambda value: getattr(value, "__name__", ""))
def test_what_half_a_connector_lacks_is_named(kind: type[ToyShop], rule: Rule, words: str) -> None:
    one = Candidate(kind(), PACKAGE)
    with one.emulated() as emulator, pytest.raises(Exception, match=words):
        rule(one, emulator)


@pytest.mark.parametrize(("kind", "rule", "words"), HALVES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_whole_one_passes_the_same_rule(kind: type[ToyShop], rule: Rule, words: str) -> None:
    one = Candidate(toyshop.adapter, PACKAGE)
    with one.emulated() as emulator:
        rule(one, emulator)


def test_a_folder_without_its_papers_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Candidate, "folder", tmp_path)
    with pytest.raises(AssertionError, match=r"README\.md is missing"):
        checks.it_is_whole(Candidate(toyshop.adapter, PACKAGE))


@pytest.mark.parametrize("name", ["order_paid.json", "order_paid.expected.json"])
def test_neither_a_sample_nor_a_twin_stands_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    one = Candidate(toyshop.adapter, PACKAGE)
    shutil.copytree(one.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "samples" / name).unlink()
    monkeypatch.setattr(Candidate, "folder", tmp_path)
    with pytest.raises(AssertionError, match="without a twin"):
        checks.it_is_whole(one)


@pytest.mark.parametrize(
    "code",
    [
        f"from {PACKAGE} import client",
        f"from {PACKAGE}.mapping import STATUSES",
        f"import {PACKAGE}.client",
        "from . import client",
        "from .client import call",
        "from integrations.adapter import Said",
    ],
)
def test_an_emulator_that_knows_its_connector_is_no_other_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(Candidate, "folder", tmp_path)
    (tmp_path / "emulator_orders.py").write_text(f"import json\nfrom integrations.emulation import World\n{code}\n")
    with pytest.raises(AssertionError, match=r"emulator_orders\.py imports"):
        checks.its_emulator_knows_nothing_of_it(Candidate(toyshop.adapter, PACKAGE))
