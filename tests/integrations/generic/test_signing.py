"""Who may push: proved by published vectors, never by an emulator that might share our mistake."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.errors import BadSignature
from integrations.feeds import signing
from integrations.feeds.signing import Scheme, hmac_of, verify
from integrations.platforms import generic

VECTORS = json.loads((Path(generic.__file__).parent / "samples" / "signing.json").read_text())
STANDARD = VECTORS["standard_webhooks"]
THEN = datetime.fromtimestamp(int(STANDARD["timestamp"]), UTC)
BODY = STANDARD["body"].encode()


def standard(**changes: str) -> dict[str, str]:
    return {
        "Webhook-Id": STANDARD["id"], "Webhook-Timestamp": STANDARD["timestamp"],
        "Webhook-Signature": STANDARD["signature"], **changes,
    }  # fmt: skip


def holds(
    scheme: Scheme, secrets: list[str], headers: dict[str, str], *, query: str = "", now: datetime = THEN
) -> bool:
    try:
        verify(scheme, secrets, headers=headers, query=query, body=BODY, now=now)
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS["hmac"], ids=lambda vector: vector["source"])
def test_an_hmac_is_what_its_standard_says(vector: dict[str, Any]) -> None:
    key, data = bytes.fromhex(vector["key_hex"]), bytes.fromhex(vector["data_hex"])
    assert hmac_of(key, data, digest=vector["digest"]) == vector["hex"]


def test_the_published_example_of_standard_webhooks_holds_and_nothing_near_it_does() -> None:
    scheme, secret = Scheme(kind="standard_webhooks"), STANDARD["secret"]
    assert holds(scheme, [secret], standard())
    assert holds(scheme, ["whsec_b3RoZXI=", secret], standard())
    assert holds(scheme, [secret], standard(**{"Webhook-Signature": "v1,AAAA v1a,xyz " + STANDARD["signature"]}))
    assert not holds(scheme, [secret], standard(**{"Webhook-Id": "msg_other"}))
    assert not holds(scheme, [secret], standard(**{"Webhook-Id": ""}))
    assert not holds(scheme, [secret], standard(**{"Webhook-Signature": STANDARD["signature"].removeprefix("v1,")}))
    assert not holds(scheme, ["whsec_b3RoZXI="], standard())
    assert not holds(scheme, ["not base64!"], standard())


@pytest.mark.parametrize("stamp", ["", "x", "-1", "9" * 20, "1614265631", "1614265029"])
def test_an_overheard_message_cannot_be_sent_again_later(stamp: str) -> None:
    assert not holds(Scheme(kind="standard_webhooks"), [STANDARD["secret"]], standard(**{"Webhook-Timestamp": stamp}))


def test_a_token_stands_in_its_header_or_in_the_address() -> None:
    scheme = Scheme(kind="token")
    assert holds(scheme, ["neu", "alt"], {"x-token": "alt"})
    assert holds(scheme, ["neu"], {}, query="a=1&token=neu")
    assert holds(Scheme(kind="token", header="Authorization"), ["neu"], {"Authorization": "Bearer neu"})
    assert not holds(scheme, ["neu"], {"X-Token": "neu "[:2]})
    assert not holds(scheme, ["neu"], {})
    assert not holds(scheme, [], {"X-Token": ""})


@pytest.mark.parametrize("digest", signing.DIGESTS)
@pytest.mark.parametrize("form", signing.FORMS)
def test_an_hmac_over_the_body_in_every_writing(digest: str, form: str) -> None:
    scheme = Scheme(kind="hmac", digest=digest, form=form, header="X-Hub-Signature")
    made = hmac_of(b"key", BODY, digest=digest, form=form)
    assert holds(scheme, ["key"], {"X-Hub-Signature": made})
    assert holds(scheme, ["key"], {"x-hub-signature": f"{digest}={made}"})
    assert not holds(scheme, ["key"], {"X-Hub-Signature": made[:-2]})
    assert not holds(scheme, ["other"], {"X-Hub-Signature": made})


def test_an_hmac_with_a_timestamp_is_good_for_five_minutes() -> None:
    scheme, stamp = Scheme(kind="hmac", stamp_header="X-Time"), STANDARD["timestamp"]
    headers = {"X-Signature": hmac_of(b"key", stamp.encode() + b"." + BODY), "X-Time": stamp}
    assert holds(scheme, ["key"], headers)
    assert not holds(scheme, ["key"], {**headers, "X-Time": "1614265331"})
    assert not holds(scheme, ["key"], headers, now=datetime(2026, 11, 11, tzinfo=UTC))


def test_without_a_secret_nothing_is_believed_unless_that_was_asked_for() -> None:
    assert holds(Scheme(kind="none"), [], {})
    assert not any(holds(Scheme(kind=kind), [], standard()) for kind in ("token", "hmac", "standard_webhooks", "x"))
