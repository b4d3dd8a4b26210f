"""The published examples decide whether we sign as the platform does; the emulator's own code is held to them too."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.platforms import taobao
from integrations.platforms.taobao import signing
from integrations.platforms.taobao.emulator_gateway import Gate

VECTORS = json.loads((Path(taobao.__file__).parent / "samples" / "signing.json").read_text())
CALLS = [
    pytest.param(vector, method, sign, id=f"{vector['name']} {method}")
    for vector in VECTORS["calls"]
    for method, sign in vector["signs"].items()
]


@pytest.mark.parametrize(("vector", "method", "sign"), CALLS)
def test_a_call_is_signed_as_the_published_example(vector: dict[str, Any], method: str, sign: str) -> None:
    parameters = {**vector["parameters"], "sign_method": method}
    assert signing.sign(parameters, vector["secret"], method) == sign


@pytest.mark.parametrize(("vector", "method", "sign"), CALLS)
def test_the_emulator_agrees_with_the_published_example_by_code_of_its_own(
    vector: dict[str, Any], method: str, sign: str
) -> None:
    form = {**vector["parameters"], "sign_method": method}
    text = "".join(name + form[name] for name in sorted(form))
    assert Gate("12345678", vector["secret"]).digest(text.encode(), method) == sign


@pytest.mark.parametrize("vector", VECTORS["questions"], ids=lambda vector: vector["name"])
def test_a_question_is_signed_as_the_published_example(vector: dict[str, Any]) -> None:
    given = signing.sign_question(vector["query"].items(), vector["body"].encode(), vector["secret"], "md5")
    assert given == vector["sign"]


def test_empty_parameters_are_neither_sent_nor_signed() -> None:
    filled = {"app_key": "1", "method": "m"}
    assert signing.without_empties({**filled, "session": ""}) == filled
    assert signing.sign({**filled, "session": ""}, "s", "md5") == signing.sign(filled, "s", "md5")


def test_an_unknown_method_is_refused_rather_than_guessed() -> None:
    with pytest.raises(ValueError, match="sha1"):
        signing.sign({"a": "1"}, "s", "sha1")
