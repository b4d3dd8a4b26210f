"""The contract over every connector: half a connector fails here, and a new folder is tested by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client

from integrations.emulation import Emulator
from integrations.inbox import process_due
from integrations.models import Connection, Receipt
from orders import clock
from orders.models import Event, Order
from tests.contract import checks, strain
from tests.contract.candidate import TOYS, Candidate, candidates
from tests.contract.hostile import BODIES
from tests.orders import factories

EVERY = candidates()


def those(*capabilities: str) -> list[Candidate]:
    return [one for one in EVERY if any(one.can(word) for word in capabilities)]


def named(one: Candidate) -> str:
    return one.adapter.name


def calls() -> list[tuple[Candidate, str]]:
    with clock.running_on(clock.FixedClock(datetime(2026, 11, 11, tzinfo=UTC))):
        return [(one, name) for one in EVERY for name in strain.calls(one)]


CALLS = calls()
CALL_NAMES = [f"{one.adapter.name}-{name}" for one, name in CALLS]


@pytest.fixture
def emulator(one: Candidate) -> Iterator[Emulator]:
    with one.emulated() as emulator:
        yield emulator


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_it_is_whole(one: Candidate) -> None:
    checks.it_is_whole(one)


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_its_fields_are_known_and_labelled(one: Candidate) -> None:
    checks.its_fields_are_known_and_labelled(one)


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_it_promises_what_it_has(one: Candidate) -> None:
    checks.it_promises_what_it_has(one)


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_its_samples_mean_what_their_twins_say(one: Candidate) -> None:
    checks.its_samples_mean_what_their_twins_say(one)


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_its_emulator_knows_nothing_of_it(one: Candidate) -> None:
    checks.its_emulator_knows_nothing_of_it(one)


@pytest.mark.parametrize("one", those("poll"), ids=named)
def test_what_happens_is_polled(one: Candidate, emulator: Emulator) -> None:
    checks.what_happens_is_polled(one, emulator)


@pytest.mark.parametrize("one", those("fetch"), ids=named)
def test_one_subject_is_read_again(one: Candidate, emulator: Emulator) -> None:
    checks.it_is_fetched(one, emulator)


@pytest.mark.parametrize("one", those("slice", "numbers"), ids=named)
def test_back_fill_and_ledger_see_everything(one: Candidate, emulator: Emulator) -> None:
    checks.its_slices_and_numbers_are_complete(one, emulator)


@pytest.mark.parametrize("one", those("deliver"), ids=named)
def test_a_delivery_is_sent_once(one: Candidate, emulator: Emulator) -> None:
    checks.a_delivery_is_sent_once(one)


@pytest.mark.parametrize("one", those("waybill"), ids=named)
def test_a_waybill_is_issued_once(one: Candidate, emulator: Emulator) -> None:
    checks.a_waybill_is_issued_once(one, emulator)


@pytest.mark.parametrize("one", those("ship"), ids=named)
def test_shipping_is_told_once(one: Candidate, emulator: Emulator) -> None:
    checks.shipping_is_told_once(one, emulator)


@pytest.mark.parametrize("one", those("query"), ids=named)
def test_a_parcel_is_followed(one: Candidate, emulator: Emulator) -> None:
    checks.a_parcel_is_followed(one, emulator)


@pytest.mark.parametrize("one", those("token"), ids=named)
def test_a_token_is_renewed(one: Candidate, emulator: Emulator) -> None:
    checks.a_token_is_renewed(one)


@pytest.mark.parametrize(("one", "name"), CALLS, ids=CALL_NAMES)
def test_nonsense_is_never_a_success(one: Candidate, name: str) -> None:
    strain.nonsense_is_never_a_success(one, name)


@pytest.mark.parametrize(("one", "name"), CALLS, ids=CALL_NAMES)
def test_a_dead_line_is_temporary(one: Candidate, name: str) -> None:
    strain.a_dead_line_is_temporary(one, name)


@pytest.mark.parametrize("one", those("webhook"), ids=named)
def test_who_has_no_signature_is_refused(one: Candidate) -> None:
    strain.who_has_no_signature_is_refused(one)


@pytest.mark.parametrize("one", those("webhook"), ids=named)
def test_a_changed_body_is_refused(one: Candidate, emulator: Emulator) -> None:
    strain.a_changed_body_is_refused(one, emulator)


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_hostile_messages_are_read_or_refused(one: Candidate) -> None:
    strain.hostile_messages_are_read_or_refused(one)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("one", [one for one in those("webhook") if not one.package.startswith(TOYS)], ids=named)
def test_a_hundred_hostile_bodies_with_a_right_signature_disturb_nothing(
    one: Candidate, emulator: Emulator, client: Client
) -> None:
    """Each is answered in the protocol and held, or refused; none becomes an order, none is a mistake of ours."""
    company = factories.company()
    shop = factories.shop(company, platform=one.adapter.name)
    connection = Connection.objects.create(
        company=company,
        shop=shop if one.adapter.system == "platform" else None,
        adapter=one.adapter.name,
        name="测试",
        base_url=one.example["base_url"],
        settings={**one.defaults, **one.example["settings"]},
    )
    connection.set_secrets(one.example["secrets"])
    connection.save()
    for title, body in BODIES.items():
        request = emulator.signed(body)
        address = f"/hooks/{one.adapter.name}/{connection.key}/"
        answer = client.generic(
            request.method,
            f"{address}?{request.query_string}" if request.query_string else address,
            data=request.body,
            content_type=request.headers.get("Content-Type", "application/json"),
            headers={name: value for name, value in request.headers.items() if name.lower() != "content-type"},
        )
        assert answer.status_code in (200, 400, 401, 413), f"{title}: {answer.status_code}"
    while process_due():
        pass
    assert not Order.objects.exists()
    assert not Event.objects.exists()
    states = set(Receipt.objects.values_list("state", flat=True))
    assert states <= {Receipt.State.PARKED, Receipt.State.DONE, Receipt.State.WAITING}, states
    assert all(Receipt.objects.filter(state=Receipt.State.PARKED).values_list("reason", flat=True))
