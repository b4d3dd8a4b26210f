"""The digest: proved by worked vectors of the official one, and by another implementation of Java's encoder."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from integrations.carriers import sf
from integrations.carriers.sf import emulator_wire, signing

VECTORS: dict[str, Any] = json.loads((Path(sf.__file__).parent / "samples" / "signing.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["digest"], ids=lambda vector: vector["digest"])
def test_a_call_is_signed_as_the_official_class_signs_it(vector: dict[str, str]) -> None:
    found = signing.message_digest(vector["message"], vector["timestamp"], vector["check_word"])
    assert found == vector["digest"]


def test_python_s_own_encoding_gives_another_digest_for_masked_phones() -> None:
    vector = VECTORS["digest"][1]
    text = vector["message"] + vector["timestamp"] + vector["check_word"]
    assert signing.plain_digest(quote_plus(text)) == vector["as_python_would"] != vector["digest"]


@pytest.mark.parametrize("vector", VECTORS["plain"], ids=lambda vector: vector["digest"])
def test_the_published_example_of_the_old_interface(vector: dict[str, str]) -> None:
    assert signing.plain_digest(vector["text"]) == vector["digest"]


def test_java_s_encoding_keeps_four_signs_and_writes_a_blank_as_a_plus() -> None:
    assert signing.java_encoded("aZ9.-*_ ~+&=/%") == "aZ9.-*_+%7E%2B%26%3D%2F%25"
    assert signing.java_encoded("王😀") == "%E7%8E%8B%F0%9F%98%80"


def test_the_emulator_s_own_encoder_agrees_for_every_printable_sign() -> None:
    text = "".join(map(chr, range(32, 127))) + "仓库路 1 号，（收）😀"
    assert signing.java_encoded(text) == emulator_wire.url_encoded(text)
